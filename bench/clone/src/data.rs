//! [`Data`]: the buckets that are cloned.

use clap::ValueEnum;
use tidegate_local_aws::S3Handle;

pub(crate) const SOURCE: &str = "src";
pub(crate) const DESTINATION: &str = "dst";
/// Where journals are kept.
pub(crate) const JOBS: &str = "jobs";

/// The buckets that are cloned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Data {
    /// The bucket that a team had to clone while production was down: 7,500 objects of 8,000 MB in all, under 195
    /// prefixes.
    Story,
    /// 20,000 objects under no prefix.
    Flat,
    /// 10,000 objects under 195 prefixes.
    TenThousand,
    /// 200,000 objects that the destination has.
    Equal,
    /// A million objects that the destination has.
    EqualMillion,
    /// A million objects of 100 KB: the outage itself.
    Outage,
    /// 400 objects, half of them under no prefix.
    Half,
    /// A million objects under one prefix.
    FlatMillion,
    /// A million objects, nine tenths of them deep under one of 200 prefixes.
    HotMillion,
    /// A million objects under 200,000 prefixes.
    PrefixesMillion,
    /// 200,000 objects, each under a prefix of its own.
    Prefixes,
    /// 50,000 objects under 195 prefixes.
    Torture,
}

impl Data {
    /// As the command line names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Flat => "flat",
            Self::TenThousand => "ten-thousand",
            Self::Equal => "equal",
            Self::EqualMillion => "equal-million",
            Self::Outage => "outage",
            Self::Half => "half",
            Self::FlatMillion => "flat-million",
            Self::HotMillion => "hot-million",
            Self::PrefixesMillion => "prefixes-million",
            Self::Prefixes => "prefixes",
            Self::Torture => "torture",
        }
    }

    /// How many objects the source has.
    pub(crate) fn objects(self) -> u64 {
        match self {
            Self::Story => 7_500,
            Self::Flat => 20_000,
            Self::TenThousand => 10_000,
            Self::Torture => 50_000,
            Self::Equal | Self::Prefixes => 200_000,
            Self::EqualMillion
            | Self::Outage
            | Self::FlatMillion
            | Self::HotMillion
            | Self::PrefixesMillion => 1_000_000,
            Self::Half => 400,
        }
    }

    /// Whether the destination has them before.
    pub(crate) fn is_equal(self) -> bool {
        matches!(self, Self::Equal | Self::EqualMillion)
    }

    fn object(self, number: u64) -> (String, u64) {
        match self {
            Self::Story => {
                (format!("group-{:03}/object-{number:05}", number % 195), 8_000_000_000 / self.objects())
            }
            Self::TenThousand | Self::Torture => {
                (format!("group-{:03}/object-{number:05}", number % 195), 1_000)
            }
            Self::Flat => (format!("object-{:08x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff), 1_000),
            Self::Equal | Self::EqualMillion | Self::Outage => {
                (format!("group-{:05}/object-{number:07}", number % 20_000), 100_000)
            }
            Self::Half if number.is_multiple_of(2) => (format!("object-{number:05}"), 1_000),
            Self::Half => (format!("group-{:03}/object-{number:05}", number % 100), 1_000),
            Self::FlatMillion => (format!("data/{}", scattered(number)), 1_000),
            Self::HotMillion if number.is_multiple_of(10) => {
                (format!("p{:03}/object-{number:07}", number / 10 % 200), 1_000)
            }
            Self::HotMillion => {
                let (day, host) = (1 + number % 3, number % 97);
                let part = scattered(number);
                (format!("p117/year=2026/month=09/day={day:02}/host-{host:04}/part-{part}"), 1_000)
            }
            Self::Prefixes => (format!("tenant-{}/object", scattered(number)), 1_000),
            Self::PrefixesMillion => {
                (format!("tenant-{}/object-{}", scattered(number / 5), number % 5), 1_000)
            }
        }
    }

    /// Makes both buckets, and fills them.
    pub(crate) fn plant(self, s3: &S3Handle) -> crate::Result<()> {
        s3.create_bucket(SOURCE);
        s3.create_bucket(DESTINATION);
        s3.create_bucket(JOBS);
        for bucket in [SOURCE, DESTINATION].iter().take(1 + usize::from(self.is_equal())) {
            s3.seed(bucket, (0..self.objects()).map(|number| self.object(number)))?;
        }
        Ok(())
    }
}

/// A number as 16 hexadecimal digits that look like chance: another for each.
fn scattered(number: u64) -> String {
    format!("{:016x}", (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// How many objects of the source the destination has with the same content.
pub(crate) fn arrived(s3: &S3Handle) -> crate::Result<u64> {
    let (source, destination) = (s3.objects(SOURCE)?, s3.objects(DESTINATION)?);
    let mut there = destination.iter().peekable();
    let mut arrived = 0;
    // Both are in the order of their keys.
    for object in &source {
        while there.next_if(|it| it.key < object.key).is_some() {}
        arrived += u64::from(
            there
                .next_if(|it| it.key == object.key)
                .is_some_and(|copy| copy.digest == object.digest && copy.size == object.size),
        );
    }
    Ok(arrived)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_are_distinct_and_names_are_known() {
        for data in Data::value_variants().iter().filter(|data| data.objects() <= 20_000) {
            let keys: HashSet<String> = (0..data.objects()).map(|number| data.object(number).0).collect();
            assert_eq!(keys.len() as u64, data.objects(), "{data:?}");
        }
        for data in Data::value_variants() {
            assert_eq!(Data::from_str(data.name(), false).as_ref(), Ok(data));
        }
    }
}
