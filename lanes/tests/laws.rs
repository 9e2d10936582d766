//! Random items, handlers and failures: what the lanes as a whole never do.

#![allow(clippy::future_not_send, reason = "a test runs on one thread")]
#![cfg(not(tidegate_loom))]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod support;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use tidegate_lanes::{
    Amount, Attempt, Budget, Concurrency, Failure, Lanes, Outcome, Policy, Watermark, dead_letter::Memory,
};
use tokio::time::{sleep, timeout};

use self::support::Numbered;

/// What becomes of an item.
#[derive(Clone, Copy, Debug)]
struct Fate {
    key: u8,
    /// How long each attempt takes, in milliseconds.
    takes: u64,
    /// So many attempts fail; from 4 on, it is poison.
    failures: u32,
    panics: bool,
}

fn fate() -> impl Strategy<Value = Fate> {
    let takes = prop_oneof![3 => Just(0), 1 => 0..40_u64];
    let failures = prop_oneof![8 => Just(0), 1 => 0..6_u32];
    (0..8_u8, takes, failures, any::<bool>()).prop_map(|(key, takes, failures, panics)| Fate {
        key,
        takes,
        failures,
        panics,
    })
}

#[derive(Default)]
struct Seen {
    running: BTreeSet<u32>,
    most: usize,
    handled: Vec<u32>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn lanes_keep_their_word(
        fates in vec(fate(), 1..150),
        concurrency in prop_oneof![
            Just(Concurrency::Serial),
            (1..6_usize).prop_map(Concurrency::per_key),
            (1..6_usize).prop_map(Concurrency::unordered),
        ],
        diverts in any::<bool>(),
        impatience in 1..100_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async { run(&fates, concurrency, diverts, impatience).await });
    }
}

async fn run(fates: &[Fate], concurrency: Concurrency, diverts: bool, impatience: u64) {
    let letters = Arc::new(Memory::new());
    let policy = Policy::default().retries(|| [1, 20, 3].map(Duration::from_millis));
    let policy = if diverts {
        policy.divert_to(Arc::<Memory>::clone(&letters))
    } else {
        policy.dead_letter_to(Arc::<Memory>::clone(&letters))
    };
    let seen = Rc::new(RefCell::new(Seen::default()));
    let handler = |it: Numbered, attempt: Attempt| {
        let (fate, seen) = (fates[it.0 as usize], Rc::clone(&seen));
        async move {
            {
                let mut seen = seen.borrow_mut();
                seen.running.insert(it.0);
                seen.most = seen.most.max(seen.running.len());
                if matches!(concurrency, Concurrency::PerKey(_)) {
                    let same = seen.running.iter().filter(|other| fates[**other as usize].key == fate.key);
                    assert_eq!(same.count(), 1, "two of one key at once");
                }
            }
            if fate.takes > 0 {
                sleep(Duration::from_millis(fate.takes)).await;
            }
            seen.borrow_mut().running.remove(&it.0);
            if attempt.number() <= fate.failures || fate.failures >= 4 {
                if fate.panics {
                    // A panic that says nothing on standard error.
                    std::panic::resume_unwind(Box::new("by its fate"));
                }
                return Err(Failure::retry("by its fate"));
            }
            seen.borrow_mut().handled.push(it.0);
            Ok(())
        }
    };
    let mut lanes = Lanes::new(concurrency, policy, handler);
    let (budget, mut watermark) = (Budget::new(20, 1_000), Watermark::new());
    let mut ends: BTreeMap<u32, (Outcome, u32)> = BTreeMap::new();
    let mut left = 0..u32::try_from(fates.len()).unwrap();
    let mut newly_diverted = BTreeSet::new();
    loop {
        if let Some(mut reservation) = budget.try_reserve(1, 10)
            && let Some(number) = left.next()
        {
            let claim = (watermark.arrive(number), reservation.slot(10));
            lanes.push(fates[number as usize].key, Numbered(number), claim);
            continue;
        }
        // Whoever polls may give up at any time.
        let Ok(next) = timeout(Duration::from_millis(impatience), lanes.next()).await else { continue };
        let Some(next) = next else { break };
        let finished = next.unwrap();
        let number = finished.item.0;
        watermark.finish(finished.claim.0);
        assert!(ends.insert(number, (finished.outcome, finished.attempts)).is_none(), "finished twice");
        let below = (0..u32::MAX).take_while(|it| ends.contains_key(it)).last();
        assert_eq!(watermark.mark(), below);
        if let Some(key) = finished.diverts {
            assert!(newly_diverted.insert(key), "told twice");
        }
    }
    let seen = seen.borrow();
    assert_eq!(ends.len(), fates.len(), "nothing is lost");
    assert!(seen.most <= concurrency.at_once().get());
    assert_eq!((budget.in_use(), lanes.len(), watermark.pending()), (Amount::NONE, 0, 0));
    assert!(newly_diverted.iter().eq(lanes.diverted().copied().collect::<BTreeSet<_>>().iter()));
    for (number, (outcome, attempts)) in &ends {
        let fate = fates[*number as usize];
        match outcome {
            Outcome::Done => assert_eq!((*attempts, fate.failures < 4), (fate.failures + 1, true)),
            Outcome::DeadLettered => assert_eq!((*attempts, fate.failures >= 4), (4, true)),
            Outcome::Diverted => {
                assert!(diverts && newly_diverted.contains(&fate.key));
                // Of several at once of one key, some may have begun before it was diverted.
                assert!(*attempts == 0 || matches!(concurrency, Concurrency::Unordered(_)));
            }
            other => panic!("{other:?} is nobody's fate"),
        }
    }
    let lettered = ends.values().filter(|(outcome, _)| *outcome != Outcome::Done).count();
    assert_eq!(letters.letters().len(), lettered);
    // In the order of the pushes: all of them, or those of one key.
    let in_order = |handled: &[u32]| assert!(handled.is_sorted(), "{handled:?}");
    match concurrency {
        Concurrency::Serial => in_order(&seen.handled),
        Concurrency::PerKey(_) => {
            for key in 0..8 {
                let of_key = seen.handled.iter().filter(|it| fates[**it as usize].key == key);
                in_order(&of_key.copied().collect::<Vec<_>>());
            }
        }
        _ => {}
    }
}
