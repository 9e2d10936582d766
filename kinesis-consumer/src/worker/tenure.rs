//! [`Tenure`]: one lease while this process has it. Nobody else writes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{RunId, Settings, changes, table::holder, throughput::Throughput};
use crate::{
    Checkpoint, Shard, ShardId,
    lease::{Change, Edit, Lease, Mark, Switches},
};

/// One lease while this process has it.
///
/// ```text
///             runs            drain            too long
///  taken ▶ Idle ──▶ Running ──────▶ Draining ────────▶ Aborting
///           ▲ │        │ └────────────┤ └──────┐          │
///           │ │        └─ ended ──────┼──────┐ └─ stopped ┤
///           │ │                       ▼      ▼            │
///           │ │                     Ending ──▶ (over)     │
///           └─┼────────────────────────────────────────── ┘
///             └─ somebody wants it to go ──▶ (over: released, or handed over)
/// ```
///
/// From each: another has it, or it was not renewed in time ──▶ (lost).
#[derive(Debug)]
pub(super) struct Tenure {
    /// As the last answer has it.
    pub(super) lease: Lease,
    pub(super) phase: Phase,
    /// When the last write that succeeded was asked for.
    pub(super) renewed: Duration,
    /// Whether that was after its parents had ended: then it has all that they left.
    pub(super) confirmed: bool,
    /// The row was deleted: it is to be made anew.
    pub(super) deleted: bool,
    /// It is given up, though nobody asked for it.
    pub(super) declined: bool,
    /// Up to where all is finished.
    reached: Checkpoint,
    /// Diverted, but not yet durable.
    to_divert: BTreeSet<String>,
    /// What the run knows to be diverted.
    told: BTreeSet<String>,
    /// Since when records wait and the place has not moved.
    stalled_since: Option<Duration>,
    throughput: Throughput,
    /// No write before this.
    pause_until: Duration,
    /// The first write comes so much earlier, so that the writes of many leases are spread.
    early: Duration,
}

/// What becomes of the shard at present.
#[derive(Debug)]
pub(super) enum Phase {
    /// It is not processed: it waits for its parents, or has stopped and is to go.
    Idle,
    /// It is processed.
    Running(RunId),
    /// It finishes what is under way.
    Draining {
        /// Which tenure of it.
        run: RunId,
        /// For how long at most.
        until: Duration,
    },
    /// It took too long to drain, and stops at once. What it had finished is written, and nothing after.
    Aborting(RunId),
    /// It is closed, and all of it is processed: its children's leases are made, then its end is written.
    Ending {
        /// What it became.
        children: Vec<Shard>,
        /// What is to be done about those whose leases are not known to be there, with all that they inherit.
        missing: BTreeMap<ShardId, ToDo>,
    },
}

/// What is to be done about a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToDo {
    /// Its lease is to be made.
    Make,
    /// Its lease is there, and lacks what its parent leaves it.
    Leave,
}

/// A write of a tenure.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) change: Change,
    /// Whether the tenure is over when it is made.
    pub(super) last: bool,
    /// Where the row is gone: what is to be made in place of the change.
    pub(super) made_anew: Option<Lease>,
}

/// What an answer makes of a tenure.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    Kept,
    /// It is over as it should be: released, handed over, or ended.
    Over,
    /// Another has it.
    Lost,
}

impl Tenure {
    /// Begins with a lease as it was taken, by a request of this time.
    pub(super) fn new(lease: Lease, asked: Duration, confirmed: bool, early: Duration) -> Self {
        Self {
            phase: Phase::Idle,
            renewed: asked,
            confirmed,
            deleted: false,
            declined: false,
            reached: lease.checkpoint,
            to_divert: BTreeSet::new(),
            told: lease.diverted.clone(),
            stalled_since: None,
            throughput: Throughput::new(lease.throughput, asked),
            pause_until: asked,
            early,
            lease,
        }
    }

    /// Which run is at work, if one is.
    pub(super) fn run(&self) -> Option<RunId> {
        match self.phase {
            Phase::Running(run) | Phase::Draining { run, .. } | Phase::Aborting(run) => Some(run),
            Phase::Idle | Phase::Ending { .. } => None,
        }
    }

    /// Whether its run was told to stop at once.
    pub(super) fn is_aborting(&self) -> bool {
        matches!(self.phase, Phase::Aborting(_))
    }

    /// When it counts as lost, if no further write succeeds: well before anybody else takes it, even if clocks
    /// run by 2 % too fast or too slow.
    pub(super) fn expires_at(&self, failover: Duration) -> Duration {
        self.renewed + failover * 19 / 20
    }

    /// Whether another has asked for it.
    pub(super) fn is_asked_for(&self) -> bool {
        self.lease.checkpoint_owner.is_some()
    }

    /// Whether it is to go: because the process ends, or another wants it, or its run has given it up.
    pub(super) fn is_to_go(&self, shutdown: bool) -> bool {
        shutdown || self.declined || self.is_asked_for()
    }

    /// Whether something is finished, or diverted, that is not durable.
    pub(super) fn has_news(&self) -> bool {
        self.reached > self.lease.checkpoint || !self.to_divert.is_empty()
    }

    /// Takes over keys that are diverted before it: at its beginning, where nothing of them was handled.
    pub(super) fn inherit<'a>(&mut self, diverted: impl Iterator<Item = &'a String>) {
        if self.reached.is_beginning() {
            let lacking = diverted.filter(|key| !self.lease.diverted.contains(*key)).cloned();
            self.to_divert.extend(lacking.collect::<Vec<_>>());
        }
    }

    /// Whether nothing runs, and what was finished is still to be written. That can be done however late, if the row is there: the
    /// write changes nothing that another has.
    pub(super) fn is_to_hand_in(&self) -> bool {
        let is_left = match &self.phase {
            Phase::Idle => self.has_news(),
            Phase::Ending { missing, .. } => missing.is_empty(),
            _ => false,
        };
        is_left && !self.deleted
    }

    /// Up to where all is finished.
    pub(super) fn reached(&self) -> Checkpoint {
        self.reached
    }

    /// Since when records wait and nothing is finished.
    pub(super) fn stalled_since(&self) -> Option<Duration> {
        self.stalled_since
    }

    /// When what is finished should be written.
    pub(super) fn checkpoint_at(&self, settings: &Settings) -> Duration {
        self.renewed + settings.checkpoint
    }

    /// Begins to run: the lease as the run is to know it.
    pub(super) fn start(&mut self, run: RunId) -> Lease {
        debug_assert!(matches!(self.phase, Phase::Idle), "runs once at a time");
        debug_assert!(self.lease.checkpoint != Checkpoint::ShardEnd, "an end is an end");
        self.phase = Phase::Running(run);
        let mut lease = self.lease.clone();
        lease.checkpoint = self.reached;
        lease.diverted.extend(self.to_divert.iter().cloned());
        self.told.clone_from(&lease.diverted);
        lease
    }

    /// Takes note of what the run has finished.
    pub(super) fn progress(
        &mut self,
        reached: Checkpoint,
        diverted: BTreeSet<String>,
        bytes: u64,
        waiting: bool,
        now: Duration,
    ) {
        if self.is_aborting() {
            return;
        }
        let moved = reached > self.reached;
        self.reached = self.reached.max(reached);
        self.told.extend(diverted.iter().cloned());
        self.to_divert.extend(diverted);
        self.throughput.read(bytes);
        self.stalled_since = match waiting {
            true if moved => Some(now),
            true => self.stalled_since.or(Some(now)),
            false => None,
        };
    }

    /// The run has come to the end of its shard.
    pub(super) fn end(&mut self, children: Vec<Shard>, diverted: BTreeSet<String>) {
        self.to_divert.extend(diverted);
        self.stalled_since = None;
        let missing = children.iter().map(|child| (child.id.clone(), ToDo::Make)).collect();
        self.phase = Phase::Ending { children, missing };
    }

    /// The run has stopped. Unless that was asked for, the lease is given up.
    pub(super) fn stop(&mut self) {
        self.declined |= matches!(self.phase, Phase::Running(_));
        self.stalled_since = None;
        self.phase = Phase::Idle;
    }

    /// The run has to stop at once. Nothing that it still says is written.
    pub(super) fn abort(&mut self, run: RunId) {
        self.reached = self.lease.checkpoint;
        self.to_divert.clear();
        self.phase = Phase::Aborting(run);
    }

    /// All keys that are diverted here, durable or not.
    pub(super) fn diverted(&self) -> BTreeSet<String> {
        self.lease.diverted.union(&self.to_divert).cloned().collect()
    }

    /// When the next write is due, and `None` if none may be made.
    pub(super) fn write_at(&self, settings: &Settings, shutdown: bool, unblocked: bool) -> Option<Duration> {
        let renewal = self.renewed + settings.failover / 3;
        let regular = if self.has_news() { renewal.min(self.checkpoint_at(settings)) } else { renewal };
        let at_once = match &self.phase {
            Phase::Aborting(_) => return None,
            Phase::Idle => self.is_to_go(shutdown) || unblocked && !self.confirmed,
            Phase::Ending { missing, .. } => missing.is_empty(),
            Phase::Draining { until, .. } if self.has_news() => {
                return Some(regular.min(*until).max(self.pause_until));
            }
            Phase::Running(_) | Phase::Draining { .. } => false,
        };
        let due = if at_once || self.deleted { self.renewed } else { regular.saturating_sub(self.early) };
        Some(due.max(self.pause_until))
    }

    /// The write that is due: a sign of life with all that is new, and with the end of the tenure if it is over.
    pub(super) fn write(&mut self, mark: &Mark, shutdown: bool, now: Duration) -> Write {
        debug_assert!(!self.is_aborting(), "nothing is written any more");
        if self.deleted {
            // The row is made anew, and by us: nobody has asked for that one.
            self.lease.owner = Some(mark.worker.clone());
            self.lease.checkpoint_owner = None;
        }
        let mut change = changes::renew(&self.lease, mark, self.is_asked_for());
        if self.reached > self.lease.checkpoint {
            change.checkpoint = Some(self.reached);
            change.switches = Switches::Reset;
        }
        change.divert.clone_from(&self.to_divert);
        change.throughput = self.throughput.measure(now);
        self.early = Duration::ZERO;
        let last = match &self.phase {
            // The children are there: their parent may end.
            Phase::Ending { children, missing } if missing.is_empty() => {
                change.checkpoint = Some(Checkpoint::ShardEnd);
                change.switches = Switches::Reset;
                change.children = Some(children.iter().map(|child| child.id.clone()).collect());
                change.owner = Edit::Remove;
                change.checkpoint_owner = Edit::Remove;
                true
            }
            // Its owner is the new one since the handover began, or this one if it was called off since.
            Phase::Idle if self.is_asked_for() => {
                change.checkpoint_owner = Edit::Remove;
                true
            }
            Phase::Idle if self.is_to_go(shutdown) => {
                change.owner = Edit::Remove;
                true
            }
            _ => false,
        };
        let made_anew = self.deleted.then(|| {
            let mut lease = self.lease.clone();
            change.apply(&mut lease);
            lease
        });
        Write { change, last, made_anew }
    }

    /// A write was made, with these keys diverted.
    pub(super) fn done(
        &mut self,
        row: Lease,
        diverted: &BTreeSet<String>,
        last: bool,
        asked: Duration,
        confirmed: bool,
        me: &Mark,
    ) -> Verdict {
        debug_assert!(row.checkpoint >= self.lease.checkpoint, "a checkpoint never falls");
        self.to_divert.retain(|key| !diverted.contains(key));
        if last && row.owner.as_ref() != Some(&me.worker) {
            return Verdict::Over;
        }
        self.renewed = self.renewed.max(asked);
        self.confirmed |= confirmed;
        self.deleted = false;
        self.lease = row;
        Verdict::Kept
    }

    /// A write was refused, and this is the row.
    pub(super) fn refused(&mut self, row: Option<Lease>, last: bool, me: &Mark) -> Verdict {
        let Some(row) = row else {
            self.deleted = true;
            return Verdict::Kept;
        };
        let written_by_us = row.mark.as_ref() == Some(me);
        let next = row.counter == self.lease.counter || row.counter == self.lease.counter + 1;
        let held = row.owner.is_some() && holder(&row) == Some(&me.worker);
        if written_by_us && next && held && row.checkpoint >= self.lease.checkpoint {
            // A handover has begun, or an earlier write was made whose answer was lost. When it was made is not
            // known, so that it renews nothing.
            self.deleted = false;
            self.lease = row;
            return Verdict::Kept;
        }
        let ended = row.checkpoint == Checkpoint::ShardEnd;
        if last && (written_by_us && next || ended) { Verdict::Over } else { Verdict::Lost }
    }

    /// Nobody knows what became of a write.
    pub(super) fn unknown(&mut self, until: Duration) {
        self.pause_until = until;
    }

    /// Takes over a row that somebody else's request has brought. Says whether the tenure can still be.
    pub(super) fn saw(&mut self, row: &Lease, me: &Mark) -> Verdict {
        if row.counter < self.lease.counter {
            return Verdict::Kept;
        }
        let held = row.owner.is_some() && holder(row) == Some(&me.worker);
        if row.mark.as_ref() != Some(me) || !held {
            return Verdict::Lost;
        }
        if row.counter == self.lease.counter && row.checkpoint_owner.is_some() {
            self.lease.owner.clone_from(&row.owner);
            self.lease.checkpoint_owner.clone_from(&row.checkpoint_owner);
        }
        Verdict::Kept
    }

    /// The keys that are diverted now, if the run does not know it.
    pub(super) fn diversions(&mut self) -> Option<Lease> {
        self.run()?;
        let diverted = self.diverted();
        if diverted == self.told {
            return None;
        }
        self.told.clone_from(&diverted);
        Some(Lease { diverted, ..self.lease.clone() })
    }

    /// A child's lease is there, with all that it inherits.
    pub(super) fn child_is_there(&mut self, child: &ShardId) {
        if let Phase::Ending { missing, .. } = &mut self.phase {
            missing.remove(child);
        }
    }

    /// A child's lease lacks something.
    pub(super) fn child_lacks(&mut self, child: &ShardId, what: ToDo) {
        if let Phase::Ending { missing, .. } = &mut self.phase {
            missing.insert(child.clone(), what);
        }
    }

    /// What is to be done before the end can be written.
    pub(super) fn to_do(&self) -> impl Iterator<Item = (&Shard, ToDo)> {
        let (children, missing) = match &self.phase {
            Phase::Ending { children, missing } => (children.as_slice(), Some(missing)),
            _ => (&[][..], None),
        };
        children.iter().filter_map(move |child| Some((child, *missing?.get(&child.id)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        HashRange, Position,
        lease::{Incarnation, Timestamp, WorkerId},
    };

    const RUN: RunId = RunId(1);
    const START: Duration = Duration::from_secs(100);

    fn mark(incarnation: u64) -> Mark {
        Mark { worker: WorkerId::from("me"), incarnation: Incarnation(incarnation), weight: 1 }
    }

    fn settings() -> Settings {
        Settings::new(WorkerId::from("me"), Incarnation(1), Timestamp(0))
    }

    fn at(number: u64) -> Checkpoint {
        Checkpoint::At(Position { sub_sequence: number, ..Position::default() })
    }

    fn running() -> Tenure {
        let mut lease = Lease::unowned(ShardId::from("shardId-000000000000"), Checkpoint::TrimHorizon);
        lease.owner = Some(WorkerId::from("me"));
        lease.mark = Some(mark(1));
        lease.counter = 7;
        let mut tenure = Tenure::new(lease, START, true, Duration::ZERO);
        tenure.start(RUN);
        tenure
    }

    fn progress(tenure: &mut Tenure, number: u64) {
        tenure.progress(at(number), BTreeSet::new(), 0, false, START);
    }

    /// The row as a change makes it.
    fn changed(tenure: &Tenure, write: &Write) -> Lease {
        let mut row = tenure.lease.clone();
        write.change.apply(&mut row);
        row
    }

    #[test]
    fn a_checkpoint_is_a_renewal_too() {
        let mut tenure = running();
        let settings = settings();
        assert_eq!(tenure.write_at(&settings, false, true), Some(START + settings.failover / 3));
        progress(&mut tenure, 5);
        assert_eq!(tenure.write_at(&settings, false, true), Some(START + settings.checkpoint));
        let write = tenure.write(&mark(1), false, START);
        assert_eq!((write.change.checkpoint, write.change.count), (Some(at(5)), true));
        let row = changed(&tenure, &write);
        let later = START + settings.checkpoint;
        assert_eq!(tenure.done(row, &BTreeSet::new(), false, later, true, &mark(1)), Verdict::Kept);
        assert_eq!(tenure.write_at(&settings, false, true), Some(later + settings.failover / 3));
    }

    #[test]
    fn a_write_whose_answer_was_lost_is_found_again_and_renews_nothing() {
        let mut tenure = running();
        progress(&mut tenure, 5);
        let write = tenure.write(&mark(1), false, START);
        let row = changed(&tenure, &write);
        tenure.unknown(START);
        assert_eq!(tenure.refused(Some(row), false, &mark(1)), Verdict::Kept);
        assert_eq!((tenure.lease.counter, tenure.lease.checkpoint, tenure.renewed), (8, at(5), START));
    }

    #[test]
    fn another_incarnation_another_owner_or_a_skipped_counter_is_a_loss() {
        let row = |edit: fn(&mut Lease)| {
            let mut row = Lease { counter: 8, ..running().lease };
            edit(&mut row);
            running().refused(Some(row), false, &mark(1))
        };
        assert_eq!(row(|_| {}), Verdict::Kept);
        assert_eq!(row(|row| row.mark = Some(mark(2))), Verdict::Lost);
        assert_eq!(row(|row| row.owner = Some(WorkerId::from("java"))), Verdict::Lost);
        assert_eq!(row(|row| row.counter = 9), Verdict::Lost);
        assert_eq!(row(|row| row.owner = None), Verdict::Lost);
    }

    #[test]
    fn a_handover_is_noticed_at_the_next_write_and_ends_with_the_last_checkpoint() {
        let mut tenure = running();
        progress(&mut tenure, 5);
        let write = tenure.write(&mark(1), false, START);
        let mut row = tenure.lease.clone();
        row.checkpoint_owner = row.owner.replace(WorkerId::from("new"));
        assert!(!write.change.permits(&row));
        assert_eq!(tenure.refused(Some(row), false, &mark(1)), Verdict::Kept);
        assert!(tenure.is_to_go(false));

        // It renews while it drains.
        tenure.phase = Phase::Draining { run: RUN, until: START + Duration::from_secs(30) };
        let write = tenure.write(&mark(1), false, START);
        assert!(!write.last && write.change.permits(&tenure.lease));
        tenure.stop();
        let write = tenure.write(&mark(1), false, START);
        let row = changed(&tenure, &write);
        assert_eq!((&row.checkpoint, &row.checkpoint_owner, row.counter), (&at(5), &None, 8));
        assert_eq!(row.owner, Some(WorkerId::from("new")));
        assert_eq!(tenure.done(row, &BTreeSet::new(), write.last, START, true, &mark(1)), Verdict::Over);
    }

    #[test]
    fn a_row_that_is_made_anew_has_a_counter_that_no_write_in_flight_expects() {
        let mut tenure = running();
        progress(&mut tenure, 5);
        assert_eq!(tenure.refused(None, false, &mark(1)), Verdict::Kept);
        let lease = tenure.write(&mark(1), false, START).made_anew.unwrap();
        assert_eq!((lease.counter, lease.checkpoint), (8, at(5)));
    }

    #[test]
    fn the_end_is_written_after_the_children() {
        let mut tenure = running();
        let child = Shard {
            id: ShardId::from("shardId-000000000001"),
            parents: BTreeSet::new(),
            hash_range: HashRange::ALL,
            closed: false,
            first_sequence: None,
        };
        progress(&mut tenure, 5);
        tenure.end(vec![child.clone()], BTreeSet::new());
        assert!(tenure.write_at(&settings(), false, true) > Some(START), "not before its time");
        assert_eq!(tenure.write(&mark(1), false, START).change.checkpoint, Some(at(5)));
        tenure.child_is_there(&child.id);
        assert_eq!(tenure.write_at(&settings(), false, true), Some(START));
        let write = tenure.write(&mark(1), false, START);
        let row = changed(&tenure, &write);
        assert_eq!((row.checkpoint, row.owner), (Checkpoint::ShardEnd, None));
        assert_eq!(row.children, BTreeSet::from([child.id]));
    }

    #[test]
    fn what_an_aborted_run_says_counts_no_more() {
        let mut tenure = running();
        progress(&mut tenure, 5);
        tenure.abort(RUN);
        progress(&mut tenure, 6);
        assert_eq!(tenure.write_at(&settings(), true, true), None);
        tenure.stop();
        let write = tenure.write(&mark(1), true, START);
        assert_eq!((write.last, write.change.checkpoint), (true, None), "it is given back as it was");
    }
}
