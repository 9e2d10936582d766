//! The record sets of a hosted zone.

use super::{Asked, invalid, no_such_zone};
use crate::{
    resources::{RecordSet, dns_name},
    services::query::Failure,
    wire::document::Document,
};

/// The most record sets on a page.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html>.
const PAGE: usize = 300;

/// A record set's place: name, type, identifier.
type Place = (String, String, String);

pub(super) fn list(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let (id, most, from) = (&*asked.path[0], asked.max_items(PAGE)?, start(asked)?);
    asked.accounts.global(asked.account, |known| {
        let zone = known.hosted_zones.iter().find(|zone| zone.id == id).ok_or_else(|| no_such_zone(id))?;
        let mut sets: Vec<_> = zone.record_sets().map(|set| (place(&set), set)).collect();
        sets.retain(|(place, _)| *place >= from);
        sets.sort_by(|a, b| a.0.cmp(&b.0));
        xml.list("ResourceRecordSets", "ResourceRecordSet", sets.iter().take(most), |xml, (_, set)| {
            write(xml, set);
        });
        let next = sets.get(most).map(|(_, set)| set);
        xml.text("IsTruncated", next.is_some());
        xml.maybe("NextRecordName", next.map(|set| dns_name(&set.name)));
        xml.maybe("NextRecordType", next.map(|set| &set.kind));
        xml.maybe("NextRecordIdentifier", next.and_then(|set| set.set_identifier.as_ref()));
        xml.text("MaxItems", most);
        Ok(())
    })
}

/// The place of the page's first record set, or before it.
fn start(asked: &Asked<'_>) -> Result<Place, Failure> {
    let [name, kind, identifier] = ["name", "type", "identifier"].map(|name| asked.query.get(name));
    match (name, kind, identifier) {
        (None, Some(_), _) => Err(invalid("A type wants a name beside it.")),
        (_, None, Some(_)) => Err(invalid("An identifier wants a name and a type beside it.")),
        _ => Ok((
            name.map(reversed).unwrap_or_default(),
            kind.unwrap_or_default().to_owned(),
            identifier.unwrap_or_default().to_owned(),
        )),
    }
}

fn place(set: &RecordSet) -> Place {
    (reversed(&set.name), set.kind.clone(), set.set_identifier.clone().unwrap_or_default())
}

/// What names are ordered by: their labels from behind, with a dot at the end, so that `a-b` stands before `a`.
pub(super) fn reversed(name: &str) -> String {
    let name = dns_name(name);
    let mut labels: Vec<_> = name.trim_end_matches('.').rsplit('.').collect();
    labels.push("");
    labels.join(".")
}

fn write(xml: &mut Document, set: &RecordSet) {
    xml.text("Name", dns_name(&set.name));
    xml.text("Type", &set.kind);
    xml.maybe("SetIdentifier", set.set_identifier.as_ref());
    if let Some(alias) = &set.alias {
        xml.node("AliasTarget", |xml| {
            xml.text("HostedZoneId", alias.hosted_zone_id.as_deref().unwrap_or("Z35SXDOTRQ7X7K"));
            xml.text("DNSName", dns_name(&alias.dns_name));
            xml.text("EvaluateTargetHealth", false);
        });
        return;
    }
    xml.text("TTL", set.ttl.unwrap_or(300));
    xml.list("ResourceRecords", "ResourceRecord", &set.values, |xml, value| xml.text("Value", value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyphen_stands_before_the_dot() {
        let mut names =
            ["b.x.", "a.x.", "x.", "a-b.x.", "*.x.", "z.a.x.", "y."].map(|name| (reversed(name), name));
        names.sort();
        assert_eq!(names.map(|(_, name)| name), ["x.", "*.x.", "a-b.x.", "a.x.", "z.a.x.", "b.x.", "y."]);
    }
}
