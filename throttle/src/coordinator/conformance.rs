//! The tests that every [`Coordinator`] must pass: the contract of the trait, executable.

use std::time::Duration;

use super::{Coordinator, Share};
use crate::Limit;

/// Runs every test on members that `make` makes, which share one store; an entry counts for `lease`.
///
/// It sleeps for longer than the lease once: use a paused clock, or a short lease.
///
/// # Panics
///
/// If an implementation breaks the contract of [`Coordinator`].
///
/// # Cancel safety
///
/// Dropping it ends the test in progress.
pub async fn all<C: Coordinator>(make: impl Fn() -> C, lease: Duration) {
    let [one, other] = [make(), make()];
    let limit = |name: &str| Limit::new("conformance", name).with_resource("a/b c");
    let share = |rate, more, pause| {
        let mut share = Share::new(rate);
        (share.wants_more, share.pause) = (more, Duration::from_secs(pause));
        share
    };
    // Nobody is there yet, and nobody hears of himself.
    for _ in 0..2 {
        assert_eq!(exchange(&one, &limit("first"), share(7, true, 0)).await, []);
    }
    // The newest word counts, once.
    exchange(&one, &limit("first"), share(u64::MAX / 2, false, 0)).await;
    let heard = exchange(&other, &limit("first"), share(8, true, 0)).await;
    assert_eq!(heard, [share(u64::MAX / 2, false, 0)], "one member, its last word");
    assert_eq!(exchange(&one, &limit("first"), share(9, true, 0)).await, [share(8, true, 0)]);
    // Limits are kept apart.
    assert_eq!(exchange(&one, &limit("second"), share(1, true, 0)).await, []);
    assert_eq!(exchange(&one, &limit("first").with_region("eu-west-1"), share(1, true, 0)).await, []);
    // A pause is what is left of it.
    exchange(&one, &limit("paused"), share(1, true, 60)).await;
    let heard = exchange(&other, &limit("paused"), share(1, true, 0)).await;
    let [paused] = heard.as_slice() else { panic!("one other, not {heard:?}") };
    assert!(paused.pause <= Duration::from_mins(1) && paused.pause > Duration::from_secs(50), "{paused:?}");
    // Whoever is not heard of within the lease does not count any more, and does again.
    tokio::time::sleep(lease + Duration::from_secs(1)).await;
    assert_eq!(exchange(&one, &limit("first"), share(3, true, 0)).await, [], "the lease is over");
    assert_eq!(exchange(&other, &limit("first"), share(4, true, 0)).await, [share(3, true, 0)]);
    // Many members count each.
    let members: Vec<_> = (0..20).map(|_| make()).collect();
    for member in &members {
        exchange(member, &limit("many"), share(2, false, 0)).await;
    }
    assert_eq!(exchange(&one, &limit("many"), share(1, true, 0)).await, vec![share(2, false, 0); 20]);
}

async fn exchange(member: &impl Coordinator, limit: &Limit, own: Share) -> Vec<Share> {
    match member.exchange(limit, own).await {
        Ok(others) => others,
        Err(error) => panic!("{limit} cannot be exchanged about: {error}"),
    }
}
