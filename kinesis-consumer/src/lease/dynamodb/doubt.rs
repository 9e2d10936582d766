//! [`Fate`]: whether a write was made whose answer was lost, as the row shows it.

use super::item::Read;
use crate::lease::{Change, Edit, Expect, Lease, Mark, Switches};

/// Whether a write was made whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was, or the row is as if it were.
    Made,
    /// It was not, and never will be.
    NotMade,
    /// Others have written since, over what would tell.
    Unknown,
}

/// Whether a change may be sent again while it is unknown whether it was made: made twice it is as if made once,
/// or the second is refused.
pub(super) fn is_repeatable(change: &Change) -> bool {
    excludes_itself(change) || !(change.count || change.switches == Switches::Count)
}

/// Whether what a change expects does not hold once it is made.
fn excludes_itself(change: &Change) -> bool {
    let becomes_another = |edit: &Edit<_>, was: &Option<_>| match edit {
        Edit::Keep => false,
        Edit::Set(new) => was.as_ref() != Some(new),
        Edit::Remove => was.is_some(),
    };
    match &change.expect {
        Expect::Counter(_) | Expect::CounterAndNoHandover(_) => change.count,
        Expect::Owners { owner, checkpoint_owner } => {
            becomes_another(&change.owner, owner)
                || becomes_another(&change.checkpoint_owner, checkpoint_owner)
        }
        Expect::Exists => false,
    }
}

/// What became of a change that was sent more than once, and the last time refused because of this row.
///
/// A marked change is known by the number of its write: the KCL leaves the mark alone, and whoever of us
/// writes one counts. One that neither counts nor marks is known by its effect, which is all there is to it,
/// whoever made it.
pub(super) fn of_change(change: &Change, write: u32, row: &Read) -> Fate {
    if is_marked(row, change.mark.as_ref(), write) {
        return Fate::Made;
    }
    if !change.count {
        // One that does not exclude itself would have been made again, if nobody else had written.
        let made = excludes_itself(change) && has_effect(change, &row.lease);
        return if made { Fate::Made } else { Fate::Unknown };
    }
    let (Expect::Counter(expected) | Expect::CounterAndNoHandover(expected)) = change.expect else {
        return Fate::Unknown;
    };
    match row.lease.counter.checked_sub(expected) {
        // It would have counted, and counters never fall.
        Some(0) => Fate::NotMade,
        // Another write has counted in its stead: had it been this one, its mark would still be there.
        Some(1) if change.mark.is_some() => Fate::NotMade,
        _ => Fate::Unknown,
    }
}

/// What became of a lease that was to be created, where this row is now.
pub(super) fn of_creation(lease: &Lease, write: u32, row: &Read) -> Fate {
    match &lease.mark {
        Some(_) if is_marked(row, lease.mark.as_ref(), write) => Fate::Made,
        // Any change of a lease that we have counts, and leaves a mark.
        Some(_) if row.lease.counter == lease.counter => Fate::NotMade,
        None if row.lease == *lease => Fate::Made,
        _ => Fate::Unknown,
    }
}

fn is_marked(row: &Read, mark: Option<&Mark>, write: u32) -> bool {
    mark.is_some() && row.lease.mark.as_ref() == mark && row.write == Some(write)
}

/// Whether the lease is as the change makes it.
fn has_effect(change: &Change, lease: &Lease) -> bool {
    let mut changed = lease.clone();
    change.apply(&mut changed);
    changed.owner_switches = match change.switches {
        // How many there were is not known.
        Switches::Count => lease.owner_switches,
        _ => changed.owner_switches,
    };
    changed == *lease
}
