//! Order, concurrency, retries, panics, timeouts, dead letters: what the lanes promise, with a paused clock.

#![allow(clippy::while_immutable_condition, reason = "a loop that returns")]
#![cfg(not(tidegate_loom))]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod support;

use std::{
    future::{pending, ready},
    iter::repeat_n,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_lanes::{Attempt, Budget, Concurrency, Failure, Lanes, Outcome, Policy, dead_letter::Memory};
use tokio::time::{Instant, sleep, timeout};

use self::support::{Numbered, drain};

const SECOND: Duration = Duration::from_secs(1);

/// A handler that is ready at once finishes in the order of the pushes.
#[tokio::test(start_paused = true)]
async fn it_runs_what_is_pushed() {
    let mut lanes = Lanes::new(Concurrency::per_key(3), Policy::default(), |_, _| ready(Ok(())));
    assert!(lanes.next().await.is_none());
    for number in 0..10 {
        lanes.push(number % 4, Numbered(number), number);
    }
    assert_eq!((lanes.len(), lanes.running()), (10, 0));
    let finished = drain(&mut lanes).await;
    assert!(
        finished.iter().all(|it| it.outcome == Outcome::Done && it.attempts == 1 && it.diverts.is_none())
    );
    assert_eq!(finished.iter().map(|it| it.claim).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(lanes.is_empty() && lanes.counts().done == 10);
}

/// Three of four keys run at once, and each key's items one after the other.
#[tokio::test(start_paused = true)]
async fn many_keys_run_at_once() {
    let mut lanes =
        Lanes::new(Concurrency::per_key(3), Policy::default(), async |_: Numbered, _: Attempt| {
            sleep(SECOND).await;
            Ok(())
        });
    let began = Instant::now();
    for number in 0..12 {
        lanes.push(number % 4, Numbered(number), ());
    }
    let mut at = Vec::new();
    while let Some(finished) = lanes.next().await {
        at.push((finished.unwrap().item.0, began.elapsed().as_secs()));
    }
    let rounds =
        [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 2), (6, 3), (7, 3), (8, 3), (9, 4), (10, 4), (11, 4)];
    assert_eq!(at, rounds);
}

/// By default an item is retried until it succeeds, and its key waits for it, without a running slot.
#[tokio::test(start_paused = true)]
async fn a_failed_item_holds_its_key_and_nobody_else() {
    let handler = |it: Numbered, attempt: Attempt| {
        ready(if it.0 == 0 && attempt.number() < 6 { Err(Failure::retry("not yet")) } else { Ok(()) })
    };
    let mut lanes = Lanes::new(Concurrency::per_key(1), Policy::default(), handler);
    for number in 0..6 {
        lanes.push(number % 2, Numbered(number), ());
    }
    for number in [1, 3, 5] {
        assert_eq!(lanes.next().await.unwrap().unwrap().item.0, number);
    }
    let waits: Vec<_> =
        lanes.retries().map(|it| (*it.key, it.item.0, it.attempts, it.error.to_owned())).collect();
    assert_eq!(waits, [(0, 0, 1, "not yet".to_owned())]);
    let rest = drain(&mut lanes).await;
    assert_eq!(rest.iter().map(|it| (it.item.0, it.attempts)).collect::<Vec<_>>(), [(0, 6), (2, 1), (4, 1)]);
    assert_eq!(lanes.counts().failed_attempts, 5);
}

/// A retry fell due while as many ran as may, and the lanes spun until one of them ended.
#[tokio::test(start_paused = true)]
async fn a_retry_waits_for_a_place_without_a_spin() {
    let began = Instant::now();
    let handler = async |it: Numbered, attempt: Attempt| {
        if it.0 == 0 && attempt.number() == 1 {
            return Err(Failure::retry("once"));
        }
        sleep(SECOND * 10).await;
        Ok(())
    };
    let mut lanes = Lanes::new(Concurrency::per_key(1), Policy::default().retries(|| [SECOND]), handler);
    lanes.push(0, Numbered(0), ());
    lanes.push(1, Numbered(1), ());
    let order: Vec<_> = drain(&mut lanes).await.iter().map(|it| it.item.0).collect();
    assert_eq!((order, began.elapsed()), (vec![1, 0], SECOND * 20));
}

/// The policy's delays, and the handler's own, are waited for to the millisecond.
#[tokio::test(start_paused = true)]
async fn delays_are_waited_for() {
    let began = Instant::now();
    let attempts = Mutex::new(Vec::new());
    let handler = |_: Numbered, attempt: Attempt| {
        attempts.lock().unwrap().push((attempt.age(), began.elapsed()));
        ready(match attempt.number() {
            1 | 3 => Err(Failure::retry("an error")),
            2 => Err(Failure::retry_after(SECOND * 5, "busy")),
            _ => Ok(()),
        })
    };
    let policy = Policy::default().retries(|| [SECOND, SECOND * 2, SECOND * 3]);
    let mut lanes = Lanes::new(Concurrency::Serial, policy, handler);
    lanes.push((), Numbered(0), ());
    assert_eq!(drain(&mut lanes).await[0].attempts, 4);
    let seconds = [0, 1, 6, 9].map(Duration::from_secs);
    assert_eq!(*attempts.lock().unwrap(), seconds.map(|it| (it, it)));
}

/// Where the source keeps halted keys, their items come back in order, and hold no place.
#[tokio::test(start_paused = true)]
async fn a_halted_key_is_given_back() {
    let handler =
        |it: Numbered, _: Attempt| ready(if it.0 == 0 { Err(Failure::retry("poison")) } else { Ok(()) });
    let policy = Policy::default().retries(|| [SECOND, SECOND * 2]);
    let mut lanes = Lanes::new(Concurrency::per_key(2), policy, handler).give_back_halted();
    for number in 0..6 {
        lanes.push(number % 2, Numbered(number), number);
    }
    let began = Instant::now();
    let finished = drain(&mut lanes).await;
    let given_back = Outcome::GivenBack(SECOND * 2);
    let came: Vec<_> = finished.iter().map(|it| (it.claim, it.outcome, it.attempts)).collect();
    let (done, halted) = came.split_at(3);
    assert_eq!(done, [1, 3, 5].map(|number| (number, Outcome::Done, 1)));
    assert_eq!(halted, [(0, given_back, 3), (2, given_back, 0), (4, given_back, 0)]);
    assert_eq!((began.elapsed(), lanes.counts().given_back), (SECOND * 3, 3));
    assert!(lanes.is_empty());

    // Its owner saw to it that it may go on.
    lanes.push(0, Numbered(2), 2);
    assert_eq!(drain(&mut lanes).await[0].outcome, Outcome::Done);
}

/// What is not to begin does not come back either: its owner has given it up.
#[tokio::test(start_paused = true)]
async fn what_is_discarded_is_not_given_back() {
    let handler = |_: Numbered, _: Attempt| ready(Err(Failure::retry("poison")));
    let policy = Policy::default().retries(|| [SECOND]);
    let mut lanes = Lanes::new(Concurrency::Serial, policy, handler).give_back_halted();
    for number in 0..3 {
        lanes.push((), Numbered(number), number);
    }
    assert!(timeout(SECOND / 2, lanes.next()).await.is_err());
    lanes.discard(|it| it.0 == 1);
    let claims: Vec<_> = drain(&mut lanes).await.iter().map(|it| it.claim).collect();
    assert_eq!(claims, [0, 2]);
}

/// When the retries are used up, a key that is halted goes on with the last delay.
#[tokio::test(start_paused = true)]
async fn halting_retries_for_ever() {
    let began = Instant::now();
    let handler = |_: Numbered, attempt: Attempt| {
        ready(if attempt.number() <= 5 { Err(Failure::retry("no")) } else { Ok(()) })
    };
    let policy = Policy::default().retries(|| [SECOND, SECOND * 10]).halt();
    let mut lanes = Lanes::new(Concurrency::Serial, policy, handler);
    lanes.push((), Numbered(0), ());
    drain(&mut lanes).await;
    assert_eq!(began.elapsed(), SECOND * (1 + 4 * 10));
}

/// A panic is a failure, before the first await and after, and a place for a handler is not lost to it.
#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let handler = |it: Numbered, attempt: Attempt| {
        assert!(attempt.number() > 1 || it.0 != 0, "at once");
        async move {
            assert!(attempt.number() > 1 || it.0 != 1, "in the future");
            sleep(SECOND).await;
            assert!(attempt.number() > 1, "after a wait, for {}", it.0);
            Ok(())
        }
    };
    let mut lanes = Lanes::new(Concurrency::unordered(2), Policy::default(), handler);
    for number in 0..4 {
        lanes.push((), Numbered(number), ());
    }
    let finished = drain(&mut lanes).await;
    std::panic::set_hook(hook);
    assert!(finished.iter().all(|it| it.attempts == 2) && finished.len() == 4);
    assert_eq!((lanes.counts().panics, lanes.running()), (4, 0));
}

/// A handler that takes too long has failed.
#[tokio::test(start_paused = true)]
async fn a_handler_has_its_time() {
    let began = Instant::now();
    let handler = async |it: Numbered, attempt: Attempt| {
        match (it.0, attempt.number()) {
            (0, 1) => pending().await,
            _ => sleep(SECOND * 9).await,
        }
        Ok(())
    };
    let policy = Policy::default().timeout(SECOND * 10).retries(|| [SECOND]);
    let mut lanes = Lanes::new(Concurrency::per_key(2), policy, handler);
    for number in 0..5 {
        lanes.push(number % 2, Numbered(number), ());
    }
    let finished = drain(&mut lanes).await;
    let attempts: Vec<_> = finished.iter().map(|it| (it.item.0, it.attempts)).collect();
    assert_eq!(attempts, [(1, 1), (3, 1), (0, 2), (2, 1), (4, 1)]);
    assert_eq!((lanes.counts().timeouts, began.elapsed()), (1, SECOND * (10 + 1 + 9 + 9 + 9)));
}

/// The source stops at what fails for good: nothing new starts, and what runs is given back.
#[tokio::test(start_paused = true)]
async fn stopping_starts_nothing() {
    let handler = async |it: Numbered, _: Attempt| {
        sleep(SECOND * (it.0 + 1)).await;
        if it.0 == 0 { Err(Failure::retry("broken")) } else { Ok(()) }
    };
    let policy = Policy::default().retries(|| []).stop();
    let mut lanes = Lanes::new(Concurrency::per_key(2), policy, handler);
    for number in 0..4 {
        lanes.push(number, Numbered(number), number);
    }
    let stopped = lanes.next().await.unwrap().unwrap_err();
    assert_eq!((stopped.claim, stopped.attempts, stopped.failure.text().as_str()), (0, 1, "broken"));
    assert_eq!(lanes.next().await.unwrap().unwrap().claim, 1);
    assert!(lanes.next().await.is_none() && lanes.is_stopped());
    assert_eq!(lanes.len(), 2, "they were never started");
}

/// What failed goes to the dead letters, with all later items of its key, until somebody says otherwise.
#[tokio::test(start_paused = true)]
async fn a_key_is_diverted() {
    let letters = Arc::new(Memory::new());
    let handler =
        |it: Numbered, _: Attempt| ready(if it.0 == 2 { Err(Failure::retry("poison")) } else { Ok(()) });
    let policy = Policy::default().retries(|| repeat_n(SECOND, 2)).divert_to(Arc::<Memory>::clone(&letters));
    let mut lanes = Lanes::new(Concurrency::per_key(8), policy, handler);
    for number in 0..8 {
        lanes.push(number % 2, Numbered(number), ());
    }
    let mut finished = drain(&mut lanes).await;
    finished.sort_by_key(|it| it.item.0);
    let outcomes: Vec<_> = finished.iter().map(|it| (it.outcome, it.attempts, it.diverts)).collect();
    let done = (Outcome::Done, 1, None);
    let diverted = (Outcome::Diverted, 0, None);
    let divert = (Outcome::DeadLettered, 3, Some(0));
    assert_eq!(outcomes, [done, done, divert, done, diverted, done, diverted, done]);

    let letters = letters.letters();
    let about: Vec<_> = letters.iter().map(|it| (it.id(), it.attempts, it.error.as_str())).collect();
    let id = |number| format!("numbers:{number}");
    assert_eq!(about, [(id(2), 3, "poison"), (id(4), 0, ""), (id(6), 0, "")]);
    assert_eq!(letters[0].failed_at_ms - letters[0].first_seen_ms, 2_000);

    assert_eq!(lanes.diverted().collect::<Vec<_>>(), [&0]);
    assert!(lanes.restore(&0) && !lanes.restore(&0));
    lanes.push(0, Numbered(10), ());
    assert_eq!(drain(&mut lanes).await[0].outcome, Outcome::Done);

    lanes.divert([0]);
    lanes.push(0, Numbered(12), ());
    assert_eq!(drain(&mut lanes).await[0].outcome, Outcome::Diverted);
}

/// One is written off, by the policy or by the handler's word, and its key goes on.
#[tokio::test(start_paused = true)]
async fn one_is_dead_lettered() {
    let letters = Arc::new(Memory::new());
    let handler = |it: Numbered, _: Attempt| {
        ready(match it.0 {
            0 => Err(Failure::retry("used up")),
            1 => Err(Failure::dead_letter("by its word")),
            2 => Err(Failure::drop("lost")),
            _ => Ok(()),
        })
    };
    let policy = Policy::default().retries(|| [SECOND]).dead_letter_to(Arc::<Memory>::clone(&letters));
    let mut lanes = Lanes::new(Concurrency::Serial, policy, handler);
    for number in 0..4 {
        lanes.push("key", Numbered(number), ());
    }
    let outcomes: Vec<_> = drain(&mut lanes).await.iter().map(|it| (it.outcome, it.attempts)).collect();
    let letter = |attempts| (Outcome::DeadLettered, attempts);
    assert_eq!(outcomes, [letter(2), letter(1), (Outcome::Dropped, 1), (Outcome::Done, 1)]);
    assert_eq!(
        letters.letters().iter().map(|it| it.error.as_str()).collect::<Vec<_>>(),
        ["used up", "by its word"]
    );
    assert_eq!((lanes.counts().dead_lettered, lanes.counts().dropped, lanes.diverted().count()), (2, 1, 0));
}

/// Dead letters that cannot be written hold their lane, and are tried until they can.
#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_durable_before_its_item_is_finished() {
    let letters = Arc::new(support::Broken::new(4));
    let handler =
        |it: Numbered, _: Attempt| ready(if it.0 == 0 { Err(Failure::dead_letter("x")) } else { Ok(()) });
    let policy = Policy::default().letters(Arc::<support::Broken>::clone(&letters));
    let mut lanes = Lanes::new(Concurrency::per_key(1), policy, handler);
    for number in 0..4 {
        lanes.push(number % 2, Numbered(number), ());
    }
    let order: Vec<_> = drain(&mut lanes).await.iter().map(|it| (it.item.0, it.attempts)).collect();
    assert_eq!(order, [(1, 1), (3, 1), (0, 1), (2, 1)]);
    assert_eq!((lanes.counts().letters_failed, letters.written()), (4, 1));
}

/// Without dead letters, what a handler would write off is retried rather than lost.
#[tokio::test(start_paused = true)]
async fn nothing_is_lost_for_want_of_dead_letters() {
    let handler = |_: Numbered, attempt: Attempt| {
        ready(if attempt.number() < 4 { Err(Failure::dead_letter("nowhere")) } else { Ok(()) })
    };
    let mut lanes = Lanes::new(Concurrency::Serial, Policy::default(), handler);
    lanes.push((), Numbered(0), ());
    assert_eq!(drain(&mut lanes).await[0].attempts, 4);
}

/// An item that is too old is not retried, whatever delays there are.
#[tokio::test(start_paused = true)]
async fn retries_end_with_age() {
    let policy = Policy::default().retries(|| std::iter::repeat(SECOND)).max_age(SECOND * 10).stop();
    let mut lanes = Lanes::new(Concurrency::Serial, policy, |_, _| ready(Err(Failure::retry("no"))));
    lanes.push((), Numbered(0), ());
    assert_eq!(lanes.next().await.unwrap().unwrap_err().attempts, 11);
}

/// Dropping the lanes drops the futures, and gives back every slot.
#[tokio::test(start_paused = true)]
async fn dropping_them_returns_the_slots() {
    let budget = Budget::new(100, 1_000);
    let alive = Arc::new(());
    let handler = |_: Numbered, _: Attempt| {
        let alive = Arc::clone(&alive);
        async move {
            pending::<()>().await;
            drop(alive);
            Ok(())
        }
    };
    let mut lanes = Lanes::new(Concurrency::per_key(4), Policy::default(), handler);
    let mut reservation = budget.reserve(10, 100).await;
    for number in 0..10 {
        lanes.push(number, Numbered(number), reservation.slot(10));
    }
    assert!(timeout(SECOND, lanes.next()).await.is_err());
    assert_eq!((lanes.running(), Arc::strong_count(&alive), budget.in_use().count), (4, 5, 10));
    drop(lanes);
    assert_eq!((Arc::strong_count(&alive), budget.in_use().count), (1, 0));
}

/// A handler that yields for ever, and one that is always ready, leave the thread to others.
#[tokio::test(start_paused = true)]
async fn others_get_the_thread() {
    let lanes = tokio::spawn(async {
        let mut lanes =
            Lanes::new(Concurrency::unordered(2), Policy::default(), async |it: Numbered, _: Attempt| {
                while it.0 == 0 {
                    tokio::task::yield_now().await;
                }
                Ok(())
            });
        lanes.push((), Numbered(0), ());
        loop {
            lanes.push((), Numbered(1), ());
            let _ = lanes.next().await.unwrap().unwrap();
        }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    lanes.abort();
    assert!(lanes.await.unwrap_err().is_cancelled());
}

/// A source that ends leaves what has not begun to the next: its claims come back, and what has begun once is finished.
#[tokio::test(start_paused = true)]
async fn what_has_not_begun_is_discarded() {
    let budget = Budget::new(10, 1_000);
    let mut reservation = budget.reserve(8, 8).await;
    let handler = async |it: Numbered, attempt: Attempt| {
        sleep(SECOND).await;
        if it.0 == 1 && attempt.number() == 1 { Err(Failure::retry_after(SECOND, "busy")) } else { Ok(()) }
    };
    let mut lanes = Lanes::new(Concurrency::per_key(2), Policy::default(), handler);
    for number in 0..8 {
        lanes.push(number % 4, Numbered(number), reservation.slot(1));
    }
    drop(reservation);
    assert_eq!(lanes.next().await.unwrap().unwrap().item.0, 0);
    lanes.discard(|it| it.0 > 2);
    let finished = drain(&mut lanes).await;
    // 2 was not discarded: such as it were not to be.
    assert_eq!(finished.iter().map(|it| (it.item.0, it.attempts)).collect::<Vec<_>>(), [(2, 1), (1, 2)]);
    drop(finished);
    assert!(lanes.is_empty());
    assert_eq!(budget.in_use().count, 0);
}
