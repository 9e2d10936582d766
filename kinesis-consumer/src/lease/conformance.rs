//! The tests that every [`LeaseStore`] must pass: the contract of the trait, executable.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
//! use tidegate_kinesis_consumer::lease::{InMemory, conformance};
//!
//! conformance::all(InMemory::default).await;
//! conformance::with_losses(InMemory::default).await;
//! # });
//! # Ok::<_, std::io::Error>(())
//! ```

mod sample;

use fastrand::Rng;
use futures_util::future::join_all;

use self::sample::{any_change, bare, changes, full, renewal};
use super::{Answer, Change, Expect, Lease, LeaseStore, Unavailable};
use crate::ShardId;

/// Runs every test on stores that `make` makes, one for each test, each empty. The stores have to answer.
///
/// # Panics
///
/// If an implementation breaks the contract of [`LeaseStore`].
///
/// # Cancel safety
///
/// Dropping it ends the test in progress.
pub async fn all<S: LeaseStore>(make: impl Fn() -> S + Send + Sync) {
    can_be_prepared_twice(make()).await;
    creates_once(make()).await;
    knows_nothing_of_what_is_not_there(make()).await;
    deletes_what_is_as_expected(make()).await;
    changes_as_the_model_says(make()).await;
    follows_the_model(make()).await;
    lets_one_of_many_through(make()).await;
    loses_no_change(make()).await;
    merges_diverted_keys(make()).await;
    scans_all(make()).await;
}

/// Runs the tests of a store that may be [`Unavailable`] at any time, as often as `make` makes one that loses
/// requests and answers: what it says must be true nevertheless.
///
/// # Panics
///
/// If an implementation breaks the contract of [`LeaseStore`].
///
/// # Cancel safety
///
/// Dropping it ends the test in progress.
pub async fn with_losses<S: LeaseStore>(make: impl Fn() -> S + Send + Sync) {
    says_what_is_true(make()).await;
    counts_what_it_says(make()).await;
}

async fn can_be_prepared_twice(store: impl LeaseStore) {
    answered(store.prepare().await);
    done(store.create(&bare("shard")).await);
    answered(store.prepare().await);
    assert_eq!(get(&store, "shard").await, Some(bare("shard")), "prepared again, it forgot a lease");
}

async fn creates_once(store: impl LeaseStore) {
    answered(store.prepare().await);
    for lease in [bare("bare"), full("full")] {
        let other = Lease { owner: Some("other".into()), ..bare(lease.key.as_str()) };
        assert_eq!(done(store.create(&lease).await), lease);
        assert_eq!(answered(store.create(&other).await), Answer::Refused(Some(lease.clone())));
        assert_eq!(answered(store.get(&lease.key).await), Some(lease));
    }
}

async fn knows_nothing_of_what_is_not_there(store: impl LeaseStore) {
    answered(store.prepare().await);
    let absent = bare("absent");
    assert_eq!(get(&store, "absent").await, None);
    assert_eq!(answered(store.scan().await), []);
    let nobody = Expect::Owners { owner: None, checkpoint_owner: None };
    for expect in [Expect::Counter(0), Expect::CounterAndNoHandover(0), nobody, Expect::Exists] {
        for change in changes(&absent, &expect) {
            assert_eq!(answered(store.change(&change).await), Answer::Refused(None), "{change:?}");
        }
    }
    assert_eq!(answered(store.delete(&absent.key, 0).await), Answer::Refused(None));
    assert_eq!(answered(store.scan().await), [], "what was refused left a lease");
}

async fn deletes_what_is_as_expected(store: impl LeaseStore) {
    answered(store.prepare().await);
    let lease = full("shard");
    done(store.create(&lease).await);
    let refused = Answer::Refused(Some(lease.clone()));
    assert_eq!(answered(store.delete(&lease.key, lease.counter - 1).await), refused);
    assert_eq!(answered(store.delete(&lease.key, lease.counter + 1).await), refused);
    assert_eq!(done(store.delete(&lease.key, lease.counter).await), lease);
    assert_eq!(get(&store, "shard").await, None);
    assert_eq!(answered(store.delete(&lease.key, lease.counter).await), Answer::Refused(None));
    assert_eq!(done(store.create(&lease).await), lease);
}

/// Each kind of change, under each kind of expectation, met or not, on a lease that has all and on one that has
/// nothing.
async fn changes_as_the_model_says(store: impl LeaseStore) {
    answered(store.prepare().await);
    for lease in [bare("bare"), full("full"), Lease { checkpoint_owner: None, ..full("owned") }] {
        let Lease { counter, owner, checkpoint_owner, .. } = lease.clone();
        let owners = |owner, checkpoint_owner| Expect::Owners { owner, checkpoint_owner };
        let expectations = [
            Expect::Counter(counter),
            Expect::Counter(counter + 1),
            Expect::CounterAndNoHandover(counter),
            Expect::CounterAndNoHandover(counter + 1),
            owners(owner.clone(), checkpoint_owner.clone()),
            owners(owner, Some("other".into())),
            owners(Some("other".into()), checkpoint_owner),
            owners(None, None),
            Expect::Exists,
        ];
        done(store.create(&lease).await);
        for expect in expectations {
            for change in changes(&lease, &expect) {
                let mut row = lease.clone();
                compare(&store, &mut row, &change).await;
                if row != lease {
                    done(store.delete(&row.key, row.counter).await);
                    done(store.create(&lease).await);
                }
            }
        }
    }
}

/// Some hundred changes of any kind, one after the other.
async fn follows_the_model(store: impl LeaseStore) {
    answered(store.prepare().await);
    let mut rng = Rng::with_seed(1);
    let mut row = full("shard");
    done(store.create(&row).await);
    for _ in 0..400 {
        let change = any_change(&mut rng, &row);
        compare(&store, &mut row, &change).await;
    }
}

async fn lets_one_of_many_through(store: impl LeaseStore) {
    answered(store.prepare().await);
    let mut lease = bare("shard");
    done(store.create(&lease).await);
    for _ in 0..10 {
        let names: Vec<_> = (0..10).map(|worker| format!("worker {worker}")).collect();
        let renewals: Vec<_> = names.iter().map(|name| renewal(&lease, name)).collect();
        let answers = join_all(renewals.iter().map(|renewal| store.change(renewal))).await;
        let answers = answers.into_iter().map(answered);
        let won: Vec<_> = answers.filter(|answer| matches!(answer, Answer::Done(_))).collect();
        let now = get(&store, "shard").await.unwrap_or_else(|| bare("none"));
        assert_eq!(won, [Answer::Done(now.clone())], "one of ten that expect the same gets it");
        lease = now;
    }
    assert_eq!(lease.counter, 10);
}

async fn loses_no_change(store: impl LeaseStore) {
    answered(store.prepare().await);
    done(store.create(&bare("shard")).await);
    let mut count = Change::new("shard".into(), Expect::Exists);
    count.count = true;
    join_all((0..100).map(|_| store.change(&count))).await.into_iter().for_each(|it| drop(done(it)));
    assert_eq!(get(&store, "shard").await.map(|lease| lease.counter), Some(100));
}

/// What one writer adds, another does not undo.
async fn merges_diverted_keys(store: impl LeaseStore) {
    answered(store.prepare().await);
    done(store.create(&bare("shard")).await);
    let change = |divert: Option<u8>, restore: Option<u8>| {
        let mut change = Change::new("shard".into(), Expect::Exists);
        change.divert = divert.iter().map(ToString::to_string).collect();
        change.restore = restore.iter().map(ToString::to_string).collect();
        change
    };
    let diverted: Vec<_> = (0..20).map(|key| change(Some(key), None)).collect();
    join_all(diverted.iter().map(|it| store.change(it))).await.into_iter().for_each(|it| drop(done(it)));
    let restored: Vec<_> = (0..20).filter(|key| *key != 7).map(|key| change(None, Some(key))).collect();
    join_all(restored.iter().map(|it| store.change(it))).await.into_iter().for_each(|it| drop(done(it)));
    let left = get(&store, "shard").await.unwrap_or_else(|| bare("none")).diverted;
    assert!(left.iter().eq(["7"]), "{left:?}");
}

async fn scans_all(store: impl LeaseStore) {
    answered(store.prepare().await);
    let mut leases: Vec<_> = (0..200).map(|shard| full(&format!("shardId-{shard:012}"))).collect();
    for answer in join_all(leases.iter().map(|lease| store.create(lease))).await {
        done(answer);
    }
    let gone = leases.swap_remove(100);
    done(store.delete(&gone.key, gone.counter).await);
    leases.sort_by(|a, b| a.key.cmp(&b.key));
    let mut scanned = answered(store.scan().await);
    scanned.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(scanned, leases);
}

/// One writer, whose every answer can be checked; where there is none, the lease is as before or as after.
async fn says_what_is_true(store: impl LeaseStore) {
    until_answered(async || store.prepare().await).await;
    let mut rng = Rng::with_seed(2);
    let mut row = full("shard");
    until_answered(async || store.create(&row).await).await;
    for _ in 0..250 {
        let change = any_change(&mut rng, &row);
        let permits = change.permits(&row);
        let mut changed = row.clone();
        change.apply(&mut changed);
        row = match store.change(&change).await {
            // One that leaves nothing but its effect may be said to be made where that is there already.
            Ok(Answer::Done(lease)) if !permits && !change.count && lease == row => {
                changed.owner_switches = row.owner_switches;
                assert_eq!(lease, changed, "{change:?} was not made");
                lease
            }
            Ok(Answer::Done(lease)) => {
                assert!(permits, "{change:?} of {row:?} was made");
                assert_eq!(lease, changed, "after {change:?}");
                lease
            }
            Ok(Answer::Refused(lease)) => {
                assert!(!permits, "{change:?} of {row:?} was refused");
                assert_eq!(lease, Some(row.clone()), "after {change:?}");
                row
            }
            Err(_) => {
                let lease = until_answered(async || store.get(&row.key).await).await;
                let possible = lease == Some(row.clone()) || permits && lease == Some(changed.clone());
                assert!(possible, "{change:?} made {lease:?} of {row:?}");
                lease.unwrap_or(row)
            }
        };
    }
}

/// Several writers on one lease, each of whom counts what he was told was made.
async fn counts_what_it_says(store: impl LeaseStore) {
    until_answered(async || store.prepare().await).await;
    until_answered(async || store.create(&bare("shard")).await).await;
    let writer = async |worker: String| {
        let (mut made, mut unknown) = (0, 0);
        for _ in 0..30 {
            let lease = until_answered(async || store.get(&"shard".into()).await).await;
            let lease = lease.unwrap_or_else(|| bare("none"));
            match store.change(&renewal(&lease, &worker)).await {
                Ok(Answer::Done(_)) => made += 1,
                Ok(Answer::Refused(row)) => {
                    assert!(row.is_some_and(|row| row.counter != lease.counter), "refused without a reason");
                }
                Err(_) => unknown += 1,
            }
        }
        (made, unknown)
    };
    let counts = join_all((0..4).map(|worker| writer(format!("worker {worker}")))).await;
    let made: u64 = counts.iter().map(|(made, _)| made).sum();
    let unknown: u64 = counts.iter().map(|(_, unknown)| unknown).sum();
    let lease = until_answered(async || store.get(&"shard".into()).await).await;
    let counter = lease.map_or(0, |lease| lease.counter);
    let possible = made..=made + unknown;
    assert!(
        possible.contains(&counter),
        "{counter} were made; {made} were said to be, {unknown} nobody knows"
    );
}

/// Makes a change of the store and of the model.
async fn compare(store: &impl LeaseStore, row: &mut Lease, change: &Change) {
    let expected = if change.permits(row) {
        change.apply(row);
        Answer::Done(row.clone())
    } else {
        Answer::Refused(Some(row.clone()))
    };
    assert_eq!(answered(store.change(change).await), expected, "{change:?}");
    assert_eq!(answered(store.get(&row.key).await).as_ref(), Some(&*row), "{change:?}");
}

async fn get(store: &impl LeaseStore, key: &str) -> Option<Lease> {
    answered(store.get(&ShardId::from(key)).await)
}

async fn until_answered<T>(ask: impl AsyncFn() -> Result<T, Unavailable>) -> T {
    for _ in 0..100 {
        if let Ok(answer) = ask().await {
            return answer;
        }
    }
    panic!("the store did not answer in a hundred tries");
}

fn answered<T>(answer: Result<T, Unavailable>) -> T {
    answer.unwrap_or_else(|unavailable| panic!("the store did not answer: {unavailable:?}"))
}

fn done(answer: Result<Answer, Unavailable>) -> Lease {
    match answered(answer) {
        Answer::Done(lease) => lease,
        refused @ Answer::Refused(_) => panic!("what was permitted was refused: {refused:?}"),
    }
}
