//! The hosted zones.

use super::{Asked, invalid, no_such_zone, records::reversed};
use crate::{
    resources::{HostedZone, dns_name},
    services::query::Failure,
    wire::document::Document,
};

/// The most zones on a page.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZones.html>.
const PAGE: usize = 100;

pub(super) fn get(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let id = &*asked.path[0];
    asked.accounts.global(asked.account, |known| {
        let zone = known.hosted_zones.iter().find(|zone| zone.id == id).ok_or_else(|| no_such_zone(id))?;
        xml.node("HostedZone", |xml| write(xml, zone));
        if !zone.private {
            xml.node("DelegationSet", |xml| xml.texts("NameServers", "NameServer", zone.name_servers()));
        }
        Ok(())
    })
}

pub(super) fn list(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let most = asked.max_items(PAGE)?;
    let marker = asked.query.get("marker");
    let only_private = match asked.query.get("hostedzonetype") {
        None => false,
        Some("PrivateHostedZone") => true,
        Some(other) => return Err(invalid(format!("'{other}' is not a type of hosted zones."))),
    };
    if let Some(set) = asked.query.get("delegationsetid") {
        return Err(Failure::new("NoSuchDelegationSet", format!("No delegation set found with ID: {set}")));
    }
    asked.accounts.global(asked.account, |known| {
        let zones = || known.hosted_zones.iter().filter(|zone| zone.private || !only_private);
        // A marker is the id of the page's first zone.
        let first = match marker {
            None => 0,
            Some(id) => zones()
                .position(|zone| zone.id == id)
                .ok_or_else(|| invalid(format!("The marker '{id}' is not valid.")))?,
        };
        let next = zones().nth(first + most);
        xml.list("HostedZones", "HostedZone", zones().skip(first).take(most), write);
        xml.maybe("Marker", marker);
        xml.text("IsTruncated", next.is_some());
        xml.maybe("NextMarker", next.map(|zone| &zone.id));
        xml.text("MaxItems", most);
        Ok(())
    })
}

pub(super) fn by_name(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let most = asked.max_items(PAGE)?;
    let (name, id) = (asked.query.get("dnsname"), asked.query.get("hostedzoneid"));
    if name.is_none() && id.is_some() {
        return Err(invalid("hostedzoneid wants a dnsname beside it."));
    }
    let from = (name.map(reversed).unwrap_or_default(), id.unwrap_or_default());
    asked.accounts.global(asked.account, |known| {
        let mut zones: Vec<_> =
            known.hosted_zones.iter().map(|zone| ((reversed(&zone.name), &*zone.id), zone)).collect();
        zones.retain(|(key, _)| (&*key.0, key.1) >= (&*from.0, from.1));
        zones.sort_by(|a, b| a.0.cmp(&b.0));
        let next = zones.get(most).map(|(_, zone)| *zone);
        xml.list("HostedZones", "HostedZone", zones.iter().take(most), |xml, (_, zone)| write(xml, zone));
        xml.maybe("DNSName", name);
        xml.maybe("HostedZoneId", id);
        xml.text("IsTruncated", next.is_some());
        xml.maybe("NextDNSName", next.map(|zone| dns_name(&zone.name)));
        xml.maybe("NextHostedZoneId", next.map(|zone| &zone.id));
        xml.text("MaxItems", most);
        Ok(())
    })
}

fn write(xml: &mut Document, zone: &HostedZone) {
    xml.text("Id", format_args!("/hostedzone/{}", zone.id));
    xml.text("Name", dns_name(&zone.name));
    // Whoever creates a zone chooses it.
    xml.text("CallerReference", &zone.id);
    xml.node("Config", |xml| xml.text("PrivateZone", zone.private));
    xml.text("ResourceRecordSetCount", zone.record_sets().count());
}
