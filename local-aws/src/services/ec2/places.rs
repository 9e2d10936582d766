//! Regions and zones.

use super::super::query::{Asked, Failure};
use crate::wire::document::Document;

/// Regions that accounts have without asking.
const REGIONS: [&str; 5] = ["eu-central-1", "eu-west-1", "us-east-1", "us-east-2", "us-west-2"];

#[expect(clippy::unnecessary_wraps, reason = "an operation may fail")]
pub(super) fn regions(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let names = asked.form.list("RegionName");
    let own = &*asked.scope.region;
    let mut regions: Vec<&str> =
        REGIONS.into_iter().chain((!REGIONS.contains(&own)).then_some(own)).collect();
    regions.retain(|region| names.is_empty() || names.contains(region));
    xml.list("regionInfo", "item", regions, |xml, region| {
        xml.text("regionName", region);
        xml.text("regionEndpoint", format!("ec2.{region}.amazonaws.com"));
        xml.text("optInStatus", "opt-in-not-required");
    });
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "an operation may fail")]
pub(super) fn zones(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let region = &asked.scope.region;
    xml.list("availabilityZoneInfo", "item", ["a", "b", "c"], |xml, zone| {
        xml.text("zoneName", format!("{region}{zone}"));
        xml.text("zoneState", "available");
        xml.text("regionName", region);
    });
    Ok(())
}
