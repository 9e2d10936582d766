//! [`HostedZones`]: the mirror of hosted zones.

use std::borrow::Cow;

use aws_sdk_route53::{
    Client,
    types::{HostedZone as Described, HostedZoneConfig},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::dns_name;
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, ec2_id::is_ec2_id, failure},
};

const GET: Api = Api::new("route53", "GetHostedZone");
const LIST: Api = Api::new("route53", "ListHostedZones");

/// Zones on a page.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZones.html>.
const PAGE: i32 = 100;

/// The most characters of a zone's id.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html>.
const LONGEST_ID: usize = 32;

/// Mirrors hosted zones: `route53:hosted-zone`, by id without `/hostedzone/`. In no region.
///
/// One by `GetHostedZone`, more by `ListHostedZones`. Tags are not asked for.
#[derive(Clone, Debug)]
pub struct HostedZones {
    clients: Clients<Client>,
}

/// A hosted zone, as both the list and the call for one tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HostedZone {
    /// Without `/hostedzone/`.
    pub id: String,
    /// In lower case, without the dot at its end.
    pub name: Option<String>,
    /// Whether only VPCs see it.
    pub private_zone: Option<bool>,
    /// What somebody noted.
    pub comment: Option<String>,
    /// How many record sets it has.
    pub resource_record_set_count: Option<i64>,
}

impl HostedZones {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for HostedZones {
    const TYPE: &'static str = "route53:hosted-zone";

    const GLOBAL: bool = true;

    type Model = HostedZone;

    fn key(model: &HostedZone) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    /// None: a zone does not lead to what is in it.
    fn refs(_: &HostedZone, _: &mut Refs<'_>) {}

    fn plan(&self) -> Plan {
        Plan::by_id(GET, 1).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let operation = client.get_hosted_zone().id(*key);
            match send(cx, &cx.call(GET), || operation.clone().send()).await {
                Ok(output) => answer(output.hosted_zone.as_slice(), answers),
                Err(error) if code(&error) == Some("NoSuchHostedZone") => answers.absent(key),
                Err(error) => return Err(failure(error)),
            }
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .list_hosted_zones()
            .set_marker(page.map(str::to_owned))
            .max_items(PAGE);
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        answer(output.hosted_zones(), answers);
        Ok(output.next_marker.filter(|_| output.is_truncated))
    }

    fn find(term: &Term) -> Find<'_> {
        if let Some(arn) = term.arn() {
            let id = arn.resource.strip_prefix("hostedzone/").filter(|_| arn.service == "route53");
            return id.map_or(Find::No, |id| Find::Key(Cow::Borrowed(id)));
        }
        let id = bare(term.text());
        match id {
            _ if is_zone_id(id) => Find::Key(Cow::Borrowed(id)),
            _ if term.tag().is_some() || term.address().is_some() || is_ec2_id(id) => Find::No,
            _ => Find::List,
        }
    }

    fn answers_to(model: &HostedZone, term: &Term) -> bool {
        model.id == bare(term.text()) || model.name.as_deref() == Some(&*dns_name::normal(term.text()))
    }
}

/// Whether a text is the id of a zone, and no name.
pub(super) fn is_zone_id(text: &str) -> bool {
    let is_id = text.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
    text.starts_with('Z') && is_id && (2..=LONGEST_ID).contains(&text.len())
}

fn bare(id: &str) -> &str {
    id.strip_prefix("/hostedzone/").unwrap_or(id)
}

fn answer(zones: &[Described], answers: &mut Answers<HostedZones>) {
    for zone in zones {
        let id = bare(zone.id());
        if id.is_empty() {
            answers.unreadable(None, "Id");
            continue;
        }
        let config = zone.config();
        answers.found(HostedZone {
            id: id.to_owned(),
            name: Some(dns_name::normal(zone.name())).filter(|name| !name.is_empty()),
            private_zone: config.map(HostedZoneConfig::private_zone),
            comment: config.and_then(|config| config.comment()).map(str::to_owned),
            resource_record_set_count: zone.resource_record_set_count(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::said::{answers_to, find, told};

    fn described(id: &str) -> Described {
        let zone = Described::builder().id(id).name("Shop.example.").caller_reference("");
        zone.build().expect("a whole zone")
    }

    #[test]
    fn a_zone_without_an_id_does_not_cost_the_others() {
        let zones = [described(""), described("/hostedzone/Z1")];
        let (models, unreadable) = told(|answers| answer(&zones, answers));
        let name = Some("shop.example".to_owned());
        assert_eq!(models, [HostedZone { id: "Z1".to_owned(), name, ..HostedZone::default() }]);
        assert_eq!(unreadable, [(None, "Id".to_owned())]);
    }

    #[test]
    fn what_the_configuration_says_is_read() {
        let mut zone = described("Z1");
        zone.config = Some(HostedZoneConfig::builder().private_zone(true).comment("inside").build());
        let (models, _) = told(|answers| answer(&[zone], answers));
        assert_eq!((models[0].private_zone, models[0].comment.as_deref()), (Some(true), Some("inside")));
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("Z0SHOP1EXAMPLE", "Z0SHOP1EXAMPLE"),
            ("/hostedzone/Z1", "Z1"),
            ("arn:aws:route53:::hostedzone/Z1", "Z1"),
            ("arn:aws:route53:::healthcheck/Z1", "No"),
            ("arn:aws:ecs:eu-west-1:123456789012:cluster/a", "No"),
            ("Name=web", "No"),
            ("10.0.0.1", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("Shop.example.", "List"),
            ("internal", "List"),
        ] {
            assert_eq!(find::<HostedZones>(term), how, "{term}");
        }
    }

    #[test]
    fn a_zone_answers_to_its_id_and_its_name() {
        let name = Some("shop.example".to_owned());
        let zone = HostedZone { id: "Z1".to_owned(), name, ..HostedZone::default() };
        for term in ["Z1", "/hostedzone/Z1", "shop.example", "Shop.Example."] {
            assert!(answers_to::<HostedZones>(&zone, term), "{term}");
        }
        for term in ["z1", "www.shop.example", "shop", ""] {
            assert!(!answers_to::<HostedZones>(&zone, term), "{term}");
        }
    }
}
