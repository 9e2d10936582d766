//! A batch that fails gives its poison to the policy and all else to the handler, in order.

#![allow(clippy::future_not_send, reason = "a test runs on one thread")]
#![cfg(not(tidegate_loom))]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod support;

use std::{
    future::{pending, ready},
    iter::{empty, repeat_n},
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_lanes::{
    Batch, BatchFailure, BatchHandler, Batches, Failure, Finished, Outcome, Policy, dead_letter::Memory,
};
use tokio::time::{Instant, sleep, timeout};

use self::support::Numbered;

const SECOND: Duration = Duration::from_secs(1);

/// Two keys, the even and the odd numbers.
fn numbers(range: std::ops::Range<u32>) -> impl Iterator<Item = (u32, Numbered, u32)> {
    range.map(|number| (number % 2, Numbered(number), number))
}

async fn drain<H: BatchHandler<Numbered>>(
    mut batch: Batch<'_, u32, Numbered, u32, H>,
) -> Vec<Finished<u32, Numbered, u32>> {
    let mut finished = Vec::new();
    while let Some(next) = batch.next().await {
        finished.push(next.unwrap());
    }
    finished
}

fn fails_with(items: &[Numbered], poison: &[u32]) -> Result<(), BatchFailure> {
    match items.iter().find(|it| poison.contains(&it.0)) {
        Some(it) => Err(BatchFailure::retry(format!("poisoned by {}", it.0))),
        None => Ok(()),
    }
}

/// The poison is found, tried as often as the policy says, and written down; everything else is done in order.
#[tokio::test(start_paused = true)]
async fn poison_is_isolated() {
    let (letters, runs, began) = (Arc::new(Memory::new()), Mutex::new(0), Instant::now());
    let policy =
        Policy::default().retries(|| repeat_n(SECOND, 2)).dead_letter_to(Arc::<Memory>::clone(&letters));
    let mut batches = Batches::new(policy, |items: Vec<Numbered>| {
        *runs.lock().unwrap() += 1;
        ready(fails_with(&items, &[13, 77]))
    });
    let finished = drain(batches.begin(numbers(0..100))).await;
    assert_eq!(finished.iter().map(|it| it.claim).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
    let lettered: Vec<_> = finished.iter().filter(|it| it.outcome == Outcome::DeadLettered).collect();
    assert_eq!(lettered.iter().map(|it| (it.item.0, it.attempts)).collect::<Vec<_>>(), [(13, 3), (77, 3)]);
    assert_eq!(letters.letters()[1].error, "poisoned by 77");
    assert_eq!(began.elapsed(), SECOND * 4);
    assert!(*runs.lock().unwrap() <= 2 * 2 * 8 + 1 + 4, "{runs:?}");
}

/// What is diverted takes the later ones of its key along, in this batch and the next.
#[tokio::test(start_paused = true)]
async fn keys_are_diverted() {
    let letters = Arc::new(Memory::new());
    let policy = Policy::default().retries(empty).divert_to(Arc::<Memory>::clone(&letters));
    let mut batches = Batches::new(policy, |items: Vec<Numbered>| ready(fails_with(&items, &[2])));
    let mut finished = drain(batches.begin(numbers(0..6))).await;
    finished.sort_by_key(|it| it.claim);
    let outcomes: Vec<_> = finished.iter().map(|it| (it.outcome, it.diverts)).collect();
    let (done, diverted) = ((Outcome::Done, None), (Outcome::Diverted, None));
    assert_eq!(outcomes, [done, done, (Outcome::DeadLettered, Some(0)), done, diverted, done]);
    let finished = drain(batches.begin(numbers(6..8))).await;
    assert_eq!(finished.iter().map(|it| it.outcome).collect::<Vec<_>>(), [Outcome::Diverted, Outcome::Done]);
    assert!(batches.diverted().eq([&0]) && batches.restore(&0));
    assert_eq!(drain(batches.begin(numbers(8..9))).await[0].outcome, Outcome::Done);
    batches.divert([0]);
    assert_eq!(drain(batches.begin(numbers(8..9))).await[0].outcome, Outcome::Diverted);
    assert_eq!(letters.letters().len(), 4);
}

/// A handler that names who failed is asked again for those alone.
#[tokio::test(start_paused = true)]
async fn partial_failures_are_believed() {
    let seen = Mutex::new(Vec::new());
    let mut batches = Batches::new(Policy::default().retries(|| [SECOND; 3]), |items: Vec<Numbered>| {
        let items: Vec<_> = items.iter().map(|it| it.0).collect();
        let is_first = seen.lock().unwrap().is_empty();
        seen.lock().unwrap().push(items);
        let named =
            || vec![(4, Failure::drop("lost")), (1, Failure::retry("later")), (1, Failure::retry("again"))];
        ready(if is_first { Err(BatchFailure::only(named())) } else { Ok(()) })
    });
    let finished = drain(batches.begin(numbers(10..16))).await;
    let ends: Vec<_> = finished.iter().map(|it| (it.item.0, it.outcome, it.attempts)).collect();
    let done = |number| (number, Outcome::Done, 1);
    let dropped = (14, Outcome::Dropped, 1);
    assert_eq!(ends, [done(10), done(12), done(13), done(15), dropped, (11, Outcome::Done, 2)]);
    assert_eq!(*seen.lock().unwrap(), [vec![10, 11, 12, 13, 14, 15], vec![11]]);

    let mut batches = Batches::new(Policy::default(), |items: Vec<Numbered>| {
        ready(if items.len() > 1 {
            Err(BatchFailure::only(vec![(9, Failure::drop("who?"))]))
        } else {
            Ok(())
        })
    });
    let finished = drain(batches.begin(numbers(0..4))).await;
    assert!(finished.iter().all(|it| it.outcome == Outcome::Done), "whoever names nobody is not believed");
}

/// Panics and runs that take too long are failures.
#[tokio::test(start_paused = true)]
async fn panics_and_delays_are_failures() {
    let letters = Arc::new(Memory::new());
    let policy =
        Policy::default().retries(empty).timeout(SECOND).dead_letter_to(Arc::<Memory>::clone(&letters));
    let mut batches = Batches::new(policy, |items: Vec<Numbered>| {
        assert!(items.iter().all(|it| it.0 != 1), "one");
        async move {
            match items.iter().find(|it| (2..4).contains(&it.0)) {
                Some(Numbered(2)) => panic!("two"),
                Some(_) => pending().await,
                None => Ok(()),
            }
        }
    });
    let finished = drain(batches.begin(numbers(0..5))).await;
    assert_eq!(finished.len(), 5);
    let errors: Vec<_> = letters.letters().into_iter().map(|it| it.error).collect();
    assert_eq!(errors, ["panicked: one", "panicked: two", "took longer than 1s"]);
}

/// The source stops, and what was not finished is not.
#[tokio::test(start_paused = true)]
async fn it_stops() {
    let policy = Policy::default().retries(empty).stop();
    let mut batches = Batches::new(policy, |items: Vec<Numbered>| ready(fails_with(&items, &[2])));
    let mut batch = batches.begin(numbers(0..4));
    assert_eq!(batch.next().await.unwrap().unwrap().claim, 0);
    assert_eq!(batch.next().await.unwrap().unwrap().claim, 1);
    assert_eq!(batch.next().await.unwrap().unwrap_err().claim, 2);
    assert!(batch.next().await.is_none());
}

/// A run that is given up is made again; what is finished stays so.
#[tokio::test(start_paused = true)]
async fn giving_up_loses_nothing() {
    let mut batches = Batches::new(Policy::default(), async |items: Vec<Numbered>| {
        sleep(SECOND * 2).await;
        fails_with(&items, &[9])
    });
    let mut batch = batches.begin(numbers(0..3));
    assert!(timeout(SECOND, batch.next()).await.is_err());
    let mut claims = Vec::new();
    while let Some(next) = batch.next().await {
        claims.push(next.unwrap().claim);
    }
    assert_eq!(claims, [0, 1, 2]);
}

/// Dead letters that cannot be written are tried until they can.
#[tokio::test(start_paused = true)]
async fn letters_are_tried_until_they_are_written() {
    let letters = Arc::new(support::Broken::even(6));
    let policy = Policy::default().retries(empty).dead_letter_to(Arc::<support::Broken>::clone(&letters));
    let mut batches = Batches::new(policy, |items: Vec<Numbered>| ready(fails_with(&items, &[1])));
    assert_eq!(drain(batches.begin(numbers(0..3))).await.len(), 3);
    assert_eq!(letters.written(), 1);
}

/// Step by step, an owner knows when nothing runs, and may let a batch be; what it has finished stays finished.
#[tokio::test(start_paused = true)]
async fn an_owner_that_makes_the_steps_knows_what_waits() {
    let policy = Policy::default().retries(|| [SECOND, Duration::MAX].into_iter());
    let mut batches = Batches::new(policy, |items: Vec<Numbered>| ready(fails_with(&items, &[2])));
    let mut batch = batches.begin(numbers(0..4));
    let mut finished = Vec::new();
    while batch.due().is_some_and(|due| due <= Instant::now()) {
        batch.step().await.unwrap();
        finished.extend(std::iter::from_fn(|| batch.take_finished()).map(|it| it.claim));
    }
    assert_eq!((finished, batch.due()), (vec![0, 1], Some(Instant::now() + SECOND)));
    batch.step().await.unwrap();
    // Not before the sun has burnt out.
    assert!(batch.due().unwrap() > Instant::now() + SECOND * 1_000_000, "{:?}", batch.due());
    assert!(batch.take_finished().is_none());
}

/// While an item waits for its retry, an operator's word takes its key out of the way, at once.
#[tokio::test(start_paused = true)]
async fn a_key_is_diverted_while_its_item_waits() {
    let letters = Arc::new(Memory::new());
    let policy =
        Policy::default().retries(|| repeat_n(SECOND * 3600, 9)).divert_to(Arc::<Memory>::clone(&letters));
    let mut batches = Batches::new(policy, |items: Vec<Numbered>| ready(fails_with(&items, &[0])));
    let (mut batch, began) = (batches.begin(numbers(0..4)), Instant::now());
    while batch.due().is_some_and(|due| due <= Instant::now()) {
        batch.step().await.unwrap();
    }
    batch.divert([0]);
    let outcomes: Vec<_> = drain(batch).await.into_iter().map(|it| (it.claim, it.outcome)).collect();
    let expected = [(0, Outcome::Diverted), (1, Outcome::Done), (2, Outcome::Diverted), (3, Outcome::Done)];
    assert_eq!((outcomes, letters.letters().len(), Instant::now()), (expected.to_vec(), 2, began));
}

/// A batch can be worked on by any thread, if its handler can.
#[tokio::test]
async fn a_batch_can_be_spawned() {
    let policy = Policy::default().retries(empty);
    let worker = tokio::spawn(async move {
        let mut batches = Batches::new(policy, |_: Vec<Numbered>| ready(Ok(())));
        drain(batches.begin(numbers(0..4))).await.len()
    });
    assert_eq!(worker.await.unwrap(), 4);
}
