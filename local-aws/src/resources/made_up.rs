//! What AWS makes up for a resource, such as ids and dates: made of its name, so that every run has the same.

use std::fmt::Write as _;

use super::{Resources, Subnet};

/// When everything was created that does not say when.
pub(crate) const CREATED: &str = "2026-01-01T00:00:00.000Z";

/// Ten digits, as in the DNS name of a load balancer.
pub(crate) fn digits(parts: &[&str]) -> String {
    format!("{:010}", sum(parts, 0) % 10_000_000_000)
}

/// Sixteen hexadecimal digits, as in the ARN of a target group.
pub(crate) fn hex(parts: &[&str]) -> String {
    format!("{:016x}", sum(parts, 0))
}

/// A UUID, as in the ARN of an Auto Scaling group.
pub(crate) fn uuid(parts: &[&str]) -> String {
    let mut uuid = String::new();
    for (index, byte) in
        sum(parts, 0).to_be_bytes().into_iter().chain(sum(parts, 1).to_be_bytes()).enumerate()
    {
        if matches!(index, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        let _ = write!(uuid, "{byte:02x}");
    }
    uuid
}

/// The zone of what does not say in which it is.
pub(crate) fn first_zone(region: &str) -> String {
    format!("{region}a")
}

/// The zones of these subnets, each once; the first of the region for subnets that do not say, or are not there.
pub(crate) fn zones(resources: &Resources, subnets: &[String], region: &str) -> Vec<String> {
    let mut zones: Vec<_> = subnets.iter().map(|id| zone(resources, id, region)).collect();
    zones.sort();
    zones.dedup();
    if zones.is_empty() { vec![first_zone(region)] } else { zones }
}

/// The zone of a subnet.
pub(crate) fn zone(resources: &Resources, subnet: &str, region: &str) -> String {
    let known: Option<&Subnet> = resources.subnets.iter().find(|known| known.id == subnet);
    known.and_then(|subnet| subnet.availability_zone.clone()).unwrap_or_else(|| first_zone(region))
}

/// FNV-1a, and then stirred: names that differ in their last letter differ in every digit.
fn sum(parts: &[&str], salt: u8) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0])).chain([salt]);
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let sum = (sum ^ (sum >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    sum ^ (sum >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_for_the_same_and_no_other() {
        assert_eq!(digits(&["a", "b"]), digits(&["a", "b"]));
        assert_ne!(digits(&["a", "b"]), digits(&["ab"]));
        assert_eq!((digits(&["a"]).len(), hex(&["a"]).len()), (10, 16));
        let uuid = uuid(&["a"]);
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_ne!(uuid[..8], uuid[24..32], "both halves are made");
    }

    #[test]
    fn zones_of_subnets() {
        let subnet = |id: &str, zone: Option<&str>| Subnet {
            id: id.to_owned(),
            availability_zone: zone.map(str::to_owned),
            ..Subnet::default()
        };
        let resources = Resources {
            subnets: vec![subnet("1", Some("r-1b")), subnet("2", None), subnet("3", Some("r-1b"))],
            ..Resources::default()
        };
        let zones = |ids: &[&str]| {
            zones(&resources, &ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>(), "r-1")
        };
        assert_eq!(zones(&["1", "2", "3", "gone"]), ["r-1a", "r-1b"]);
        assert_eq!(zones(&["1", "3"]), ["r-1b"]);
        assert_eq!(zones(&[]), ["r-1a"]);
    }
}
