//! [`Place`]: where reading goes on.

use tidegate_kinesis_consumer::{
    Checkpoint, Position, SequenceNumber,
    lease::{Change, Edit, Expect, Lease, Timestamp},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Where reading goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    TrimHorizon,
    Latest,
    At(Timestamp),
    After(SequenceNumber),
}

impl Place {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            "it is trim-horizon, latest, a time such as 2026-01-31T12:00:00Z, or a sequence number".to_owned()
        };
        match text {
            "trim-horizon" => Ok(Self::TrimHorizon),
            "latest" => Ok(Self::Latest),
            number if number.bytes().all(|digit| digit.is_ascii_digit()) => {
                number.parse().map(Self::After).map_err(|_| wrong())
            }
            time => {
                let time = OffsetDateTime::parse(time, &Rfc3339).map_err(|_| wrong())?;
                let millis = u64::try_from(time.unix_timestamp_nanos() / 1_000_000);
                millis
                    .map(|millis| Self::At(Timestamp(millis)))
                    .map_err(|_| "it is a time before 1970".to_owned())
            }
        }
    }

    /// What becomes of a lease; `None` where nothing need be done.
    pub(crate) fn change(self, lease: &Lease) -> Option<Change> {
        let (checkpoint, started_at) = match self {
            Self::Latest if lease.checkpoint == Checkpoint::ShardEnd => return None,
            Self::TrimHorizon => (Checkpoint::TrimHorizon, Edit::Remove),
            Self::Latest => (Checkpoint::Latest, Edit::Remove),
            Self::At(time) => (Checkpoint::AtTimestamp, Edit::Set(time)),
            // A record that the KPL aggregated counts as a whole.
            Self::After(sequence) => {
                (Checkpoint::At(Position { sequence, sub_sequence: u64::MAX }), Edit::Remove)
            }
        };
        // Nobody has written since it was read, and whoever has it loses it.
        let mut change = Change::new(lease.key.clone(), Expect::Counter(lease.counter));
        change.count = true;
        (change.owner, change.checkpoint_owner) = (Edit::Remove, Edit::Remove);
        (change.checkpoint, change.started_at) = (Some(checkpoint), started_at);
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert_eq!(Place::parse("latest"), Ok(Place::Latest));
        assert_eq!(Place::parse("1970-01-01T00:00:01Z"), Ok(Place::At(Timestamp(1_000))));
        assert!(matches!(Place::parse("4961"), Ok(Place::After(_))));
        assert!(["", "now", "1969-01-01T00:00:00Z", "-1"].iter().all(|text| Place::parse(text).is_err()));
    }

    #[test]
    fn an_ended_shard_is_not_set_to_its_end() {
        let ended = Lease::unowned("a".into(), Checkpoint::ShardEnd);
        assert_eq!(Place::Latest.change(&ended), None);
        let change = Place::TrimHorizon.change(&ended);
        assert_eq!(change.and_then(|change| change.checkpoint), Some(Checkpoint::TrimHorizon));
    }
}
