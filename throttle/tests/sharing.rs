//! Processes that share a limit by way of a coordinator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bucket;

use std::{
    collections::HashMap,
    error::Error,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tidegate_throttle::{
    Adaptive, Call, Event, Limit, Outcome, Throttle,
    coordinator::{Coordinator, Share, conformance},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use self::bucket::{Bucket, load};

const SECOND: Duration = Duration::from_secs(1);

fn call() -> Call {
    Call::new("test", "Call")
}

type Entries = HashMap<(Limit, u32), (Share, Instant)>;

/// A coordinator in memory, with leases of ten seconds.
#[derive(Clone, Debug)]
struct Board {
    member: u32,
    entries: Arc<Mutex<Entries>>,
    down: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
}

impl Board {
    fn new() -> Self {
        Self { member: 0, entries: Arc::default(), down: Arc::default(), asked: Arc::default() }
    }

    fn member(&self, member: u32) -> Self {
        Self { member, ..self.clone() }
    }
}

#[async_trait]
impl Coordinator for Board {
    async fn exchange(&self, limit: &Limit, own: Share) -> Result<Vec<Share>, Box<dyn Error + Send + Sync>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(5)).await;
        if self.down.load(Ordering::Relaxed) {
            return Err("the table is gone".into());
        }
        let mut entries = self.entries.lock().unwrap();
        entries.insert((limit.clone(), self.member), (own, Instant::now()));
        let others = entries.iter().filter(|((of, member), (_, at))| {
            of == limit && *member != self.member && at.elapsed() <= SECOND * 10
        });
        Ok(others.map(|(_, (share, _))| *share).collect())
    }
}

#[tokio::test(start_paused = true)]
async fn the_board_of_these_tests_keeps_the_contract() {
    let board = Board::new();
    let member = AtomicU32::new(0);
    conformance::all(|| board.member(member.fetch_add(1, Ordering::Relaxed)), SECOND * 10).await;
}

fn jain(counts: &[u32]) -> f64 {
    let (sum, squares) = counts.iter().fold((0.0, 0.0), |(sum, squares), count| {
        let count = f64::from(*count);
        (sum + count, squares + count * count)
    });
    sum * sum / (squares * f64::from(u32::try_from(counts.len()).unwrap()))
}

/// Four throttles on one bucket of 100 a second, begun one after the other; what each got after 30 s, in 30 s,
/// and the share of calls that were refused.
async fn four(board: &Board) -> (Vec<u32>, f64) {
    let bucket = Arc::new(Bucket::new(100.0, 100.0));
    let mut processes = JoinSet::new();
    for member in 0..4 {
        let bucket = Arc::clone(&bucket);
        let throttle = Adaptive::builder().coordinator(board.member(member)).build();
        processes.spawn(async move {
            sleep(SECOND * 3 * member).await;
            load(&throttle, &call(), &bucket, SECOND * (30 - 3 * member)).await;
            load(&throttle, &call(), &bucket, SECOND * 30).await
        });
    }
    let counts = processes.join_all().await;
    let (accepted, refused) = counts.iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    assert!(accepted >= 2_910, "{accepted} of 3,000 were used");
    (counts.into_iter().map(|(accepted, _)| accepted).collect(), f64::from(refused) / f64::from(accepted))
}

#[tokio::test(start_paused = true)]
async fn four_processes_get_the_same() {
    let (shares, refused) = four(&Board::new()).await;
    assert!(jain(&shares) >= 0.95 && refused <= 0.04, "{shares:?}, {refused} refused");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_wants_little_leaves_the_rest() {
    let (board, bucket) = (Board::new(), Arc::new(Bucket::new(100.0, 100.0)));
    let modest = Adaptive::builder().coordinator(board.member(1)).build();
    let hungry = Adaptive::builder().coordinator(board.member(2)).build();
    let trickle = tokio::spawn({
        let (modest, bucket) = (modest.clone(), Arc::clone(&bucket));
        async move {
            let mut most = Duration::ZERO;
            for _ in 0..600 {
                sleep(Duration::from_millis(100)).await;
                let asked = Instant::now();
                while !bucket.call(&modest, &call()).await {}
                most = most.max(asked.elapsed());
            }
            most
        }
    });
    load(&hungry, &call(), &bucket, SECOND * 30).await;
    let (accepted, refused) = load(&hungry, &call(), &bucket, SECOND * 28).await;
    assert!(accepted > 28 * 85 && refused < accepted / 25, "{accepted} let through, {refused} refused");
    trickle.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_a_service_asks_one_process_for_is_everybodys() {
    let board = Board::new();
    let [one, other] = [1, 2].map(|member| Adaptive::builder().coordinator(board.member(member)).build());
    for throttle in [&one, &other] {
        let permit = throttle.acquire(&call()).await.unwrap();
        permit.finish(Outcome::Throttled { retry_after: None });
    }
    let permit = one.acquire(&call()).await.unwrap();
    permit.finish(Outcome::Throttled { retry_after: Some(SECOND * 30) });
    sleep(SECOND * 5).await;
    let asked = Instant::now();
    drop(other.acquire(&call()).await.unwrap());
    assert!(asked.elapsed() > SECOND * 20, "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_a_coordinator_in_reach_the_work_goes_on() {
    let (board, alone) = (Board::new(), Arc::new(AtomicU32::new(0)));
    board.down.store(true, Ordering::Relaxed);
    let throttle = Adaptive::builder()
        .coordinator(board.member(1))
        .on_event({
            let alone = Arc::clone(&alone);
            move |event| {
                if let Event::Alone { error, .. } = event {
                    assert_eq!(error.to_string(), "the table is gone");
                    alone.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
        .build();
    let bucket = Arc::new(Bucket::new(100.0, 100.0));
    let (accepted, refused) = load(&throttle, &call(), &bucket, SECOND * 120).await;
    assert!(accepted > 11_700 && refused < 250, "{accepted} let through, {refused} refused");
    // It is asked less and less.
    let asked = board.asked.load(Ordering::Relaxed);
    assert!((4..=8).contains(&asked) && alone.load(Ordering::Relaxed) == asked, "{asked}");
}

#[tokio::test(start_paused = true)]
async fn limits_that_refuse_nothing_are_nobodys_business_and_sharing_ends_with_the_throttle() {
    let board = Board::new();
    let throttle = Adaptive::builder().coordinator(board.member(1)).build();
    for _ in 0..100 {
        throttle.acquire(&call()).await.unwrap().finish(Outcome::Accepted);
        sleep(SECOND).await;
    }
    assert_eq!(board.asked.load(Ordering::Relaxed), 0);
    throttle.acquire(&call()).await.unwrap().finish(Outcome::Throttled { retry_after: None });
    sleep(SECOND * 5).await;
    let asked = board.asked.load(Ordering::Relaxed);
    assert!(asked > 0);
    drop(throttle);
    sleep(SECOND * 60).await;
    assert_eq!(Arc::strong_count(&board.entries), 1, "the task has ended");
}
