//! [`RecordSets`]: the mirror of record sets.

use std::{borrow::Cow, net::IpAddr};

use aws_sdk_route53::{
    Client,
    types::{ResourceRecordSet, RrType},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{HostedZones, dns_name, hosted_zone::is_zone_id};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Index, Mirror, Plan, Refs, Term,
    aws::{Clients, code, failure},
};

const LIST: Api = Api::new("route53", "ListResourceRecordSets");

/// Record sets on a page.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html>.
const PAGE: i32 = 300;

/// What the SDK takes a type to be that is missing.
const NO_TYPE: &str = "no value was set";

/// Mirrors record sets: `route53:record-set`, by `ZONE/NAME/TYPE`. In no region.
///
/// The name is in lower case and without the dot at its end. Where several record sets have the same name and type,
/// the set identifier follows: `ZONE/NAME/TYPE/SET`. They are listed zone by zone, by `ListResourceRecordSets`.
#[derive(Clone, Debug)]
pub struct RecordSets {
    clients: Clients<Client>,
}

/// A record set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordSet {
    /// The zone's id, without `/hostedzone/`.
    pub hosted_zone_id: String,
    /// In lower case, without the dot at its end.
    pub name: String,
    /// `A`, `CNAME`, …
    #[serde(rename = "Type")]
    pub kind: String,
    /// Tells record sets of one name and type apart.
    pub set_identifier: Option<String>,
    /// In seconds; an alias has none.
    #[serde(rename = "TTL")]
    pub ttl: Option<i64>,
    /// The values, as AWS has them.
    pub resource_records: Vec<String>,
    /// What it stands for, instead of values.
    pub alias_target: Option<AliasTarget>,
    /// Of a weighted one.
    pub weight: Option<i64>,
    /// Of one that is chosen by latency.
    pub region: Option<String>,
    /// `PRIMARY` or `SECONDARY`.
    pub failover: Option<String>,
    /// The health check's id.
    pub health_check_id: Option<String>,
}

/// What an alias stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasTarget {
    /// The id of the zone that the name is in: of this account, or of a service of AWS's.
    pub hosted_zone_id: String,
    /// In lower case, without the dot at its end.
    #[serde(rename = "DNSName")]
    pub dns_name: String,
    /// Whether it is as healthy as its target.
    pub evaluate_target_health: bool,
}

impl RecordSet {
    /// The names of its alias, or its `CNAME`: in lower case, without the dot at their end, and without `dualstack.`.
    pub fn target_names(&self) -> impl Iterator<Item = String> {
        let values = if self.kind == "CNAME" { &*self.resource_records } else { &[] };
        let names = self.alias_target.iter().map(|alias| &alias.dns_name).chain(values);
        names.map(|name| dns_name::without_stack(&dns_name::normal(name)).to_owned())
    }

    /// `ZONE/NAME/TYPE` of what it is an alias of, if that is in its own zone.
    fn alias_within_zone(&self) -> Option<String> {
        let alias = self.alias_target.as_ref().filter(|it| it.hosted_zone_id == self.hosted_zone_id)?;
        Some(format!("{}/{}/{}", self.hosted_zone_id, alias.dns_name, self.kind))
    }
}

impl RecordSets {
    /// The record sets whose alias or `CNAME` is a DNS name, in lower case and without a dot at its end.
    pub const OF_DNS_NAME: Index<Self> = Index::over_list("dns-name", |record: &RecordSet, add| {
        record.target_names().for_each(|name| add(&name));
    });

    /// The record sets of a zone, a name and a type, as `ZONE/NAME/TYPE`: one, or those that set identifiers tell
    /// apart.
    pub const OF_NAME: Index<Self> = Index::over_list("name", |record: &RecordSet, add| {
        add(&format!("{}/{}/{}", record.hosted_zone_id, record.name, record.kind));
    });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for RecordSets {
    const TYPE: &'static str = "route53:record-set";

    const GLOBAL: bool = true;

    type Model = RecordSet;

    fn key(model: &RecordSet) -> Cow<'_, str> {
        let RecordSet { hosted_zone_id, name, kind, .. } = model;
        Cow::Owned(match &model.set_identifier {
            Some(set) => format!("{hosted_zone_id}/{name}/{kind}/{set}"),
            None => format!("{hosted_zone_id}/{name}/{kind}"),
        })
    }

    fn refs(model: &RecordSet, refs: &mut Refs<'_>) {
        refs.to::<HostedZones>("HostedZoneId", &model.hosted_zone_id);
        if let Some(name) = model.alias_within_zone() {
            let scope = refs.scope().clone();
            refs.to_holders_in("AliasTarget", &Self::OF_NAME, &scope, name);
        }
        #[cfg(any(feature = "elb", feature = "elbv2", feature = "elasticbeanstalk"))]
        let via = if model.alias_target.is_some() { "AliasTarget" } else { "ResourceRecords" };
        #[cfg(any(feature = "elb", feature = "elbv2", feature = "elasticbeanstalk"))]
        for name in model.target_names() {
            lead_to(via, &name, refs);
        }
    }

    fn plan(&self) -> Plan {
        Plan::list_only(LIST, usize::try_from(PAGE).unwrap_or(1)).within::<HostedZones>()
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let start = page.map(Start::parse).unwrap_or_default();
        let operation = self
            .clients
            .of(cx.scope())?
            .list_resource_record_sets()
            .hosted_zone_id(cx.group())
            .set_start_record_name(start.name)
            .set_start_record_type(start.kind)
            .set_start_record_identifier(start.set)
            .max_items(PAGE);
        let output = match send(cx, &cx.call(LIST), || operation.clone().send()).await {
            Ok(output) => output,
            // The zone is gone, and its records with it.
            Err(error) if code(&error) == Some("NoSuchHostedZone") => return Ok(None),
            Err(error) => return Err(failure(error)),
        };
        answer(cx.group(), output.resource_record_sets(), answers);
        let next = Start {
            name: output.next_record_name,
            kind: output.next_record_type,
            set: output.next_record_identifier,
        };
        Ok(output.is_truncated.then(|| next.page()))
    }

    fn group(key: &str) -> Option<Cow<'_, str>> {
        key.split_once('/').map(|(zone, _)| Cow::Borrowed(zone))
    }

    fn find(term: &Term) -> Find<'_> {
        if term.arn().is_some() {
            return Find::No;
        }
        match key_of(term.text()) {
            Some(key) => Find::Key(Cow::Owned(key)),
            None if term.tag().is_some() => Find::No,
            None if term.address().is_some() || term.dns_name().is_some() => Find::List,
            None => Find::No,
        }
    }

    /// By its key, its name, the name of its alias or `CNAME`, or an address of it.
    fn answers_to(model: &RecordSet, term: &Term) -> bool {
        if let Some(address) = term.address() {
            let mut addresses = model.resource_records.iter().filter_map(|it| it.parse::<IpAddr>().ok());
            return addresses.any(|it| it == address);
        }
        let name = term.dns_name().map(|name| dns_name::normal(&name));
        let is_name = name.is_some_and(|name| {
            model.name == name || model.target_names().any(|target| target == dns_name::without_stack(&name))
        });
        is_name || key_of(term.text()).is_some_and(|key| key == Self::key(model))
    }
}

/// Load balancers and environments of a DNS name, in the region that it tells.
#[cfg(any(feature = "elb", feature = "elbv2", feature = "elasticbeanstalk"))]
fn lead_to(via: &'static str, name: &str, refs: &mut Refs<'_>) {
    let Some(region) = dns_name::region_of(name) else { return };
    let there = crate::Scope::new(refs.scope().account(), region);
    #[cfg(feature = "elasticbeanstalk")]
    refs.to_holders_in(via, &crate::aws::elasticbeanstalk::Environments::OF_DNS_NAME, &there, name);
    #[cfg(feature = "elb")]
    refs.to_holders_in(via, &crate::aws::elb::LoadBalancers::OF_DNS_NAME, &there, name);
    #[cfg(feature = "elbv2")]
    refs.to_holders_in(via, &crate::aws::elbv2::LoadBalancers::OF_DNS_NAME, &there, name);
}

/// The key that a text is, if it is one.
fn key_of(text: &str) -> Option<String> {
    let (zone, rest) = text.split_once('/').filter(|(zone, _)| is_zone_id(zone))?;
    let (name, rest) = rest.split_once('/')?;
    Some(format!("{zone}/{}/{rest}", dns_name::normal(name)))
}

/// Where a page starts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Start {
    name: Option<String>,
    kind: Option<RrType>,
    set: Option<String>,
}

impl Start {
    /// As one text. Set identifiers may hold anything but control characters, so they come last.
    fn page(&self) -> String {
        let kind = self.kind.as_ref().map_or("", RrType::as_str);
        let name = self.name.as_deref().unwrap_or_default();
        format!("{name}\n{kind}\n{}", self.set.as_deref().unwrap_or_default())
    }

    fn parse(page: &str) -> Self {
        let mut parts = page.splitn(3, '\n').map(|part| Some(part).filter(|part| !part.is_empty()));
        let mut next = || parts.next().flatten();
        Self {
            name: next().map(str::to_owned),
            kind: next().map(RrType::from),
            set: next().map(str::to_owned),
        }
    }
}

fn answer(zone: &str, records: &[ResourceRecordSet], answers: &mut Answers<RecordSets>) {
    for record in records {
        let name = dns_name::normal(record.name());
        if name.is_empty() {
            answers.unreadable(None, "Name");
            continue;
        }
        let kind = record.r#type().as_str();
        if kind == NO_TYPE {
            answers.unreadable(Some(&format!("{zone}/{name}")), "Type");
            continue;
        }
        let values = record.resource_records().iter().map(|it| it.value().to_owned());
        answers.found(RecordSet {
            hosted_zone_id: zone.to_owned(),
            name,
            kind: kind.to_owned(),
            set_identifier: record.set_identifier().map(str::to_owned),
            ttl: record.ttl(),
            resource_records: values.collect(),
            alias_target: record.alias_target().map(|alias| AliasTarget {
                hosted_zone_id: alias.hosted_zone_id().to_owned(),
                dns_name: dns_name::normal(alias.dns_name()),
                evaluate_target_health: alias.evaluate_target_health(),
            }),
            weight: record.weight(),
            region: record.region().map(|region| region.as_str().to_owned()),
            failover: record.failover().map(|failover| failover.as_str().to_owned()),
            health_check_id: record.health_check_id().map(str::to_owned),
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::{AliasTarget as Alias, ResourceRecord};

    use super::*;
    use crate::aws::said::{Said, answers_to, find, here, holders_in, keys, one_in, refs_in, told};

    const BALANCER: &str = "Web-1234567890.eu-west-1.elb.amazonaws.com";

    fn described(name: &str, kind: RrType) -> ResourceRecordSet {
        ResourceRecordSet::builder().name(name).r#type(kind).build().expect("a whole record set")
    }

    fn alias(zone: &str, name: &str) -> RecordSet {
        let mut record = described("www.Shop.example.", RrType::A);
        let alias = Alias::builder().hosted_zone_id(zone).dns_name(name).evaluate_target_health(true);
        record.alias_target = Some(alias.build().expect("a whole alias"));
        only(&record)
    }

    fn with_values(kind: RrType, values: &[&str]) -> RecordSet {
        let mut record = described("www.shop.example.", kind);
        let value = |value: &&str| ResourceRecord::builder().value(*value).build().expect("a whole value");
        record.resource_records = Some(values.iter().map(value).collect());
        only(&record)
    }

    fn only(record: &ResourceRecordSet) -> RecordSet {
        let (models, unreadable) = told(|answers| answer("Z1", std::slice::from_ref(record), answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("a record set")
    }

    fn refs(record: &RecordSet) -> Vec<Said> {
        refs_in::<RecordSets>(record, &here().global(), false)
    }

    #[test]
    fn the_key_is_zone_name_and_type() {
        let mut record = alias("Z2", BALANCER);
        assert_eq!(RecordSets::key(&record), "Z1/www.shop.example/A");
        assert_eq!(RecordSets::group("Z1/www.shop.example/A").as_deref(), Some("Z1"));
        assert_eq!(RecordSets::group("www.shop.example"), None);
        record.set_identifier = Some("blue/green".to_owned());
        assert_eq!(RecordSets::key(&record), "Z1/www.shop.example/A/blue/green");
        assert_eq!(
            RecordSets::key(&only(&described("\\052.shop.example.", RrType::A))),
            "Z1/*.shop.example/A"
        );
    }

    #[test]
    fn what_cannot_be_read_does_not_cost_the_others() {
        let records = [
            described("", RrType::A),
            described("a.example.", RrType::from(NO_TYPE)),
            described("b.example.", RrType::A),
        ];
        let (models, unreadable) = told(|answers| answer("Z1", &records, answers));
        assert_eq!(models.iter().map(RecordSets::key).collect::<Vec<_>>(), ["Z1/b.example/A"]);
        assert_eq!(
            unreadable,
            [(None, "Name".to_owned()), (Some("Z1/a.example".to_owned()), "Type".to_owned())]
        );
    }

    #[test]
    fn an_alias_leads_to_what_has_its_name_in_the_region_of_the_name() {
        let record = alias("Z2", &format!("dualstack.{BALANCER}."));
        let name = BALANCER.to_ascii_lowercase();
        assert_eq!(keys(RecordSets::OF_DNS_NAME, &record), [&*name]);
        let all = [
            one_in::<HostedZones>("HostedZoneId", &here().global(), "Z1"),
            #[cfg(feature = "elasticbeanstalk")]
            holders_in(crate::aws::elasticbeanstalk::Environments::OF_DNS_NAME, &here(), &name),
            #[cfg(feature = "elb")]
            holders_in(crate::aws::elb::LoadBalancers::OF_DNS_NAME, &here(), &name),
            #[cfg(feature = "elbv2")]
            holders_in(crate::aws::elbv2::LoadBalancers::OF_DNS_NAME, &here(), &name),
        ];
        assert_eq!(refs(&record), all);
    }

    #[test]
    fn a_cname_leads_there_too_and_other_values_do_not() {
        let record = with_values(RrType::Cname, &[BALANCER]);
        assert_eq!(keys(RecordSets::OF_DNS_NAME, &record), [BALANCER.to_ascii_lowercase()]);
        let features = [cfg!(feature = "elasticbeanstalk"), cfg!(feature = "elb"), cfg!(feature = "elbv2")];
        let others = features.into_iter().filter(|is_on| *is_on).count();
        assert_eq!(refs(&record).len(), 1 + others);
        let text = with_values(RrType::Txt, &[BALANCER]);
        assert!(keys(RecordSets::OF_DNS_NAME, &text).is_empty());
        assert_eq!(refs(&text).len(), 1);
    }

    #[test]
    fn an_alias_of_its_own_zone_leads_to_the_record_sets_of_the_name() {
        let record = alias("Z1", "Lb.shop.example.");
        let global = here().global();
        assert_eq!(
            refs(&record),
            [
                one_in::<HostedZones>("HostedZoneId", &global, "Z1"),
                holders_in(RecordSets::OF_NAME, &global, "Z1/lb.shop.example/A"),
            ]
        );
        let mut weighted = only(&described("lb.shop.example.", RrType::A));
        weighted.set_identifier = Some("one".to_owned());
        assert_eq!(keys(RecordSets::OF_NAME, &weighted), ["Z1/lb.shop.example/A"]);
    }

    #[test]
    fn the_next_page_starts_where_the_last_one_ended() {
        for start in [
            Start { name: Some("a.example.".to_owned()), kind: Some(RrType::A), set: None },
            Start {
                name: Some("a.example.".to_owned()),
                kind: Some(RrType::Cname),
                set: Some("blue / green".to_owned()),
            },
        ] {
            assert_eq!(Start::parse(&start.page()), start);
        }
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("Z1/www.shop.example/A", "Z1/www.shop.example/A"),
            ("Z1/WWW.shop.example./A/blue", "Z1/www.shop.example/A/blue"),
            ("WWW.shop.example.", "List"),
            ("203.0.113.10", "List"),
            ("2001:db8::1", "List"),
            ("shop", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("Name=web", "No"),
            ("arn:aws:route53:::hostedzone/Z1", "No"),
            ("app/www.shop.example/A", "No"),
        ] {
            assert_eq!(find::<RecordSets>(term), how, "{term}");
        }
    }

    #[test]
    fn a_record_set_answers_to_its_name_its_target_and_its_addresses() {
        let record = alias("Z2", &format!("dualstack.{BALANCER}."));
        let dual = format!("dualstack.{BALANCER}");
        for term in ["www.shop.example.", "WWW.shop.example", BALANCER, &dual, "Z1/www.shop.example/A"] {
            assert!(answers_to::<RecordSets>(&record, term), "{term}");
        }
        for term in ["shop.example", "Z1/www.shop.example/AAAA", "Z1", "elb.amazonaws.com"] {
            assert!(!answers_to::<RecordSets>(&record, term), "{term}");
        }
        let record = with_values(RrType::Aaaa, &["2001:db8:0::1"]);
        assert!(answers_to::<RecordSets>(&record, "2001:db8::1"));
        assert!(!answers_to::<RecordSets>(&record, "2001:db8::2"));
    }
}
