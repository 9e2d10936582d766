//! The changes of leases that a worker makes, by name.

use crate::{
    Checkpoint, ShardId,
    lease::{Change, Edit, Expect, Lease, Mark, Switches, Timestamp, WorkerId},
};

/// Takes a lease that nobody has, or that a KCL in Java has: who had it finds out at its next write.
pub(super) fn take(lease: &Lease, mark: &Mark, now: Timestamp) -> Change {
    let mut change = Change::new(lease.key.clone(), Expect::Counter(lease.counter));
    change.count = true;
    change.owner = Edit::Set(mark.worker.clone());
    change.checkpoint_owner = Edit::Remove;
    if lease.owner.as_ref() != Some(&mark.worker) {
        change.switches = Switches::Count;
    }
    change.mark = Some(mark.clone());
    // "The newest record" is another one after each restart: the time at which it is first taken stays.
    if lease.checkpoint == Checkpoint::Latest && lease.started_at.is_none() {
        change.started_at = Edit::Set(now);
    }
    change
}

/// Asks the owner of a lease to hand it over. It keeps the counter: its owner goes on renewing.
pub(super) fn ask(key: &ShardId, owner: &WorkerId, me: &WorkerId) -> Change {
    let expect = Expect::Owners { owner: Some(owner.clone()), checkpoint_owner: None };
    let mut change = Change::new(key.clone(), expect);
    change.owner = Edit::Set(me.clone());
    change.checkpoint_owner = Edit::Set(owner.clone());
    change
}

/// Takes back what [`ask`] asked for.
pub(super) fn cancel(key: &ShardId, me: &WorkerId, old: &WorkerId) -> Change {
    let expect = Expect::Owners { owner: Some(me.clone()), checkpoint_owner: Some(old.clone()) };
    let mut change = Change::new(key.clone(), expect);
    change.owner = Edit::Set(old.clone());
    change.checkpoint_owner = Edit::Remove;
    change
}

/// A write of the one who processes the shard: a sign of life, and all that is new.
///
/// Unless a handover is known, it must be that none has begun, so that the refusal tells of it.
pub(super) fn renew(lease: &Lease, mark: &Mark, known_handover: bool) -> Change {
    let expect = if known_handover {
        Expect::Counter(lease.counter)
    } else {
        Expect::CounterAndNoHandover(lease.counter)
    };
    let mut change = Change::new(lease.key.clone(), expect);
    change.count = true;
    change.mark = Some(mark.clone());
    change
}

/// Gives a lease back that is no longer wanted and was never run.
pub(super) fn release(lease: &Lease, mark: &Mark) -> Change {
    let mut change = renew(lease, mark, false);
    change.owner = Edit::Remove;
    change
}

/// Adds keys to the diverted ones of a child.
pub(super) fn inherit(child: &ShardId, diverted: impl IntoIterator<Item = String>) -> Change {
    let mut change = Change::new(child.clone(), Expect::Exists);
    change.divert = diverted.into_iter().collect();
    change
}
