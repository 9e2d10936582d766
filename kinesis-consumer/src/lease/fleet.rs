//! [`Fleet`]: which KCL in Java shares the leases.

use std::{error, fmt, time::Duration};

use async_trait::async_trait;

use super::{Lease, Timestamp, Unavailable, WorkerId};

/// Which KCL in Java shares the leases, and so how a worker has to behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fleet {
    /// None that shows.
    #[default]
    Alone,
    /// One of 1.x or 2.x, or a 3.x that behaves as they do: every worker takes leases. Nothing but leases may be
    /// written to their table, since a row of another kind makes each scan of a 2.x worker fail.
    Kcl2,
    /// One of 3.x: its leader assigns the leases, to workers that report metrics. Nobody else takes any.
    Kcl3,
}

/// Tells which KCL in Java shares the leases, and keeps a worker known to its leader.
///
/// # Contract
///
/// - [`look`](Self::look) never takes what it could not read for absent.
/// - [`report`](Self::report) writes nothing unless the last look found [`Fleet::Kcl3`].
#[async_trait]
pub trait Fleets: fmt::Debug + Send + Sync {
    /// Looks which KCL is there. To be asked at the start and every 30 seconds: it can change at any time.
    ///
    /// # Errors
    /// [`Unavailable`] if that could not be read, or says what is not known ([`UnknownState`] is its source).
    async fn look(&self) -> Result<Fleet, Unavailable>;

    /// Tells a 3.x leader that this worker lives, so that leases are assigned to it. To be told every 30 seconds;
    /// the leader forgets a worker after 60.
    ///
    /// # Errors
    /// [`Unavailable`] if it could not be written, or if the name is that of a worker in Java.
    async fn report(&self, worker: &WorkerId) -> Result<(), Unavailable>;
}

/// What was read of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// All leases.
    pub leases: Vec<Lease>,
    /// What `Migration3.0` says, in its attribute `cv`, if it is there.
    pub client_version: Option<String>,
    /// What `TableMigration3.5` says, in its attribute `tm`, if it is there.
    pub table_migration: Option<String>,
    /// What the workers reported.
    pub metrics: Vec<Metrics>,
}

/// What a worker reported of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Who.
    pub worker: WorkerId,
    /// When, by his own clock.
    pub at: Timestamp,
    /// Whether it is one of us.
    pub ours: bool,
}

/// The state of a fleet is none that is known: a newer KCL is there, and what it expects of others nobody here
/// knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownState {
    row: &'static str,
    value: String,
}

/// A worker that has not reported for so long is not of the fleet: twice what the KCL allows, because clocks
/// differ.
///
/// Source: `LeaseAssignmentManager.java` of the KCL 3.x, 60 s.
const FORGOTTEN: Duration = Duration::from_mins(2);

impl Fleet {
    /// Decides from what was read, at this time of day.
    ///
    /// A KCL 3.x that assigns leases is there if its state says so and a worker in Java has reported in the last
    /// two minutes. Otherwise, whoever has a lease and is none of us may be a worker in Java, until his leases
    /// have expired and are taken.
    ///
    /// Source: `coordinator/migration/ClientVersion.java` and `TableMigrationStatus.java` of the KCL 3.5.
    ///
    /// # Errors
    /// [`UnknownState`] if the state has a value that is not known.
    pub fn of(seen: &Seen, now: Timestamp) -> Result<Self, UnknownState> {
        let assigns = match seen.client_version.as_deref() {
            // INIT is gone within moments, and says nothing yet.
            None | Some("CLIENT_VERSION_INIT" | "CLIENT_VERSION_2X" | "CLIENT_VERSION_UPGRADE_FROM_2X") => {
                false
            }
            Some("CLIENT_VERSION_3X_WITH_ROLLBACK" | "CLIENT_VERSION_3X") => true,
            Some(value) => return Err(UnknownState { row: "Migration3.0", value: value.to_owned() }),
        };
        if let Some(value) = seen.table_migration.as_deref()
            && !matches!(
                value.strip_prefix("TABLE_MIGRATION_STATUS_"),
                Some("INIT" | "DEPLOYED" | "PENDING" | "COMPLETE")
            )
        {
            return Err(UnknownState { row: "TableMigration3.5", value: value.to_owned() });
        }
        let forgotten = u64::try_from(FORGOTTEN.as_millis()).unwrap_or(u64::MAX);
        let reports = seen.metrics.iter().any(|it| !it.ours && now.0.saturating_sub(it.at.0) <= forgotten);
        let owns = seen.leases.iter().any(|lease| lease.owner.is_some() && !lease.is_ours());
        Ok(match (assigns, reports, owns) {
            (true, true, _) => Self::Kcl3,
            (false, true, _) | (_, false, true) => Self::Kcl2,
            (_, false, false) => Self::Alone,
        })
    }
}

impl fmt::Display for UnknownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, value } = self;
        write!(
            f,
            "{row} says {value:?}, which no KCL up to 3.5 does: it is not known what that one expects of others"
        )
    }
}

impl error::Error for UnknownState {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Checkpoint,
        lease::{Incarnation, Mark},
    };

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn of(
        version: Option<&str>,
        owner: Option<&str>,
        reported: &[(bool, u64)],
    ) -> Result<Fleet, UnknownState> {
        let mut lease = Lease::unowned("shardId-000000000000".into(), Checkpoint::TrimHorizon);
        lease.owner = owner.map(Into::into);
        let mark = Mark { worker: "ours".into(), incarnation: Incarnation(1), weight: 1 };
        lease.mark = Some(mark);
        let metrics = |&(ours, ago)| Metrics { worker: "w".into(), at: Timestamp(NOW.0 - ago * 1000), ours };
        let seen = Seen {
            leases: vec![lease],
            client_version: version.map(|version| format!("CLIENT_VERSION_{version}")),
            table_migration: None,
            metrics: reported.iter().map(metrics).collect(),
        };
        Fleet::of(&seen, NOW)
    }

    #[test]
    fn who_lives_shows_by_what_he_has_and_reports() {
        let (java, java_gone, ours) = ((false, 30), (false, 121), (true, 0));
        for (version, owner, reported, fleet) in [
            (None, None, [].as_slice(), Fleet::Alone),
            (None, Some("ours"), &[], Fleet::Alone),
            (None, Some("theirs"), &[], Fleet::Kcl2),
            (Some("2X"), Some("theirs"), &[], Fleet::Kcl2),
            (Some("2X"), Some("ours"), &[], Fleet::Alone),
            (Some("UPGRADE_FROM_2X"), Some("ours"), &[java], Fleet::Kcl2),
            (Some("INIT"), None, &[java], Fleet::Kcl2),
            (Some("3X"), Some("theirs"), &[java], Fleet::Kcl3),
            (Some("3X"), Some("ours"), &[java, ours], Fleet::Kcl3),
            (Some("3X_WITH_ROLLBACK"), None, &[java], Fleet::Kcl3),
            // The fleet is gone; what it had expires.
            (Some("3X"), Some("theirs"), &[java_gone], Fleet::Kcl2),
            (Some("3X"), Some("ours"), &[java_gone, ours], Fleet::Alone),
        ] {
            assert_eq!(of(version, owner, reported), Ok(fleet), "{version:?} {owner:?} {reported:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let error = of(Some("4X"), None, &[]).unwrap_err();
        assert!(error.to_string().starts_with(r#"Migration3.0 says "CLIENT_VERSION_4X""#), "{error}");
        let table_migration = Some("TABLE_MIGRATION_STATUS_REVERTED".to_owned());
        let error = Fleet::of(&Seen { table_migration, ..Seen::default() }, NOW).unwrap_err();
        assert!(error.to_string().starts_with("TableMigration3.5"), "{error}");
    }
}
