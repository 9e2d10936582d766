//! The resources of Route 53.

use std::{borrow::Cow, fmt::Write as _};

use serde::{Deserialize, Serialize};

use super::Tags;

/// A Route 53 hosted zone. It has an NS and an SOA record without being told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostedZone {
    /// Such as `Z0123456789ABCDEFGHIJ`. Required.
    pub id: String,
    /// Such as `example.com.`, with the dot. Required.
    pub name: String,
    /// Whether it is a private one.
    pub private: bool,
    /// Beside NS and SOA.
    pub records: Vec<RecordSet>,
    /// Tags.
    pub tags: Tags,
}

/// A record set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordSet {
    /// Such as `www.example.com.`, with the dot. Required.
    pub name: String,
    /// `A`, `CNAME`, … Required.
    pub kind: String,
    /// Tells record sets of one name and type apart.
    pub set_identifier: Option<String>,
    /// In seconds. Default: 300, but an alias has none.
    pub ttl: Option<u32>,
    /// Values.
    pub values: Vec<String>,
    /// What it stands for, instead of values.
    pub alias: Option<Alias>,
}

/// The target of an alias record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alias {
    /// The DNS name of a load balancer, or of a record set of the zone. Required.
    pub dns_name: String,
    /// The zone of that name. Default: `Z35SXDOTRQ7X7K`, that of load balancers in us-east-1.
    pub hosted_zone_id: Option<String>,
}

impl HostedZone {
    /// The servers that answer for it. Private zones all have the same ones.
    pub(crate) fn name_servers(&self) -> [String; 4] {
        // Each server's domain has 512 of the numbers.
        let sum = self.id.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let (server, domain) = if self.private { (0, 0) } else { (sum % 512, sum / 512 % 64) };
        [("com", 0), ("net", 512), ("org", 1_024), ("co.uk", 1_536)]
            .map(|(top, first)| format!("ns-{}.awsdns-{domain:02}.{top}", first + server))
    }

    /// Its record sets, NS and SOA among them, in no order.
    pub(crate) fn record_sets(&self) -> impl Iterator<Item = Cow<'_, RecordSet>> {
        let own = |kind: &str| {
            let apex = dns_name(&self.name);
            self.records.iter().any(|set| set.kind == kind && dns_name(&set.name) == apex)
        };
        let told = [self.ns(), self.soa()].into_iter().filter(move |set| !own(&set.kind)).map(Cow::Owned);
        told.chain(self.records.iter().map(Cow::Borrowed))
    }

    fn ns(&self) -> RecordSet {
        let values = self.name_servers().map(|server| format!("{server}.")).into();
        let (name, kind, ttl) = (self.name.clone(), "NS".to_owned(), Some(172_800));
        RecordSet { name, kind, ttl, values, ..RecordSet::default() }
    }

    fn soa(&self) -> RecordSet {
        let [server, ..] = self.name_servers();
        let values = vec![format!("{server}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400")];
        let (name, kind, ttl) = (self.name.clone(), "SOA".to_owned(), Some(900));
        RecordSet { name, kind, ttl, values, ..RecordSet::default() }
    }
}

/// A name as Route 53 keeps it: in lower case, with a dot at its end, and all but letters, digits, hyphens and
/// underscores in octal.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html>.
pub(crate) fn dns_name(name: &str) -> String {
    let mut kept = String::with_capacity(name.len() + 1);
    let mut rest = name.as_bytes();
    while let [first, behind @ ..] = rest {
        let (byte, left) = escaped(rest).unwrap_or((*first, behind));
        rest = left;
        match byte.to_ascii_lowercase() {
            byte @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.') => kept.push(char::from(byte)),
            // Writing to a text cannot fail.
            byte => drop(write!(kept, "\\{byte:03o}")),
        }
    }
    if !kept.ends_with('.') {
        kept.push('.');
    }
    kept
}

/// The byte that `\052` stands for, and what is behind it.
fn escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', behind @ ..] = text else { return None };
    Some(((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_they_are_kept() {
        for (name, kept) in [
            ("WWW.Example.com", "www.example.com."),
            ("*.example.com.", "\\052.example.com."),
            ("\\052.example.com.", "\\052.example.com."),
            ("\\101\\344_-.x", "a\\344_-.x."),
            ("a\\9.x", "a\\1349.x."),
        ] {
            assert_eq!(dns_name(name), kept, "{name}");
        }
    }

    #[test]
    fn an_ns_record_of_ones_own_stands_instead() {
        let own =
            RecordSet { name: "Example.com.".to_owned(), kind: "NS".to_owned(), ..RecordSet::default() };
        let zone =
            HostedZone { name: "example.com.".to_owned(), records: vec![own], ..HostedZone::default() };
        let kinds: Vec<_> = zone.record_sets().map(|set| (set.kind.clone(), set.values.len())).collect();
        assert_eq!(kinds, [("SOA".to_owned(), 1), ("NS".to_owned(), 0)]);
    }
}
