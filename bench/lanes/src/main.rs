//! What lanes cost for each item, beside `FuturesUnordered` and a task for each item, in one run.
//!
//! `cargo run --release -p bench-lanes`

#![allow(clippy::cast_possible_truncation, reason = "a batch is a few thousand items")]

use std::{hint::black_box, pin::pin, time::Duration};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tidegate_lanes::{
    Amount, Attempt, Budget, Concurrency, Envelope, Failure, Item, Lanes, Policy, Schedule, Slot, Ticket,
    Watermark,
};
use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinSet, yield_now},
    time::Instant,
};

const ITEMS: u64 = 100_000;
const BATCH: u64 = 1_000;
const KEYS: u64 = 5_000;
const AT_ONCE: usize = 64;
/// Short ones, of which some are not interrupted.
const ROUNDS: usize = 50;

#[derive(Clone, Copy)]
struct Record(u64);

impl Item for Record {
    fn envelope(&self) -> Envelope {
        Envelope::new("bench", self.0.to_string(), "")
    }
}

fn main() -> std::io::Result<()> {
    let one = Builder::new_current_thread().enable_time().build()?;
    let many = Builder::new_multi_thread().enable_time().build()?;

    println!(
        "nanoseconds an item, least of {ROUNDS} rounds of {ITEMS} items in batches of {BATCH}, {KEYS} keys\n"
    );
    println!("{:44} {:>9} {:>12}", "", "at once", "after a wake");
    row("lanes, serial", &one, async |wakes| lanes(Concurrency::Serial, wakes).await);
    row("lanes, 64 of 5,000 keys at once", &one, async |wakes| {
        lanes(Concurrency::per_key(AT_ONCE), wakes).await;
    });
    row("lanes, 64 at once, unordered", &one, async |wakes| {
        lanes(Concurrency::unordered(AT_ONCE), wakes).await;
    });
    row("FuturesUnordered, 64 at once, no order", &one, unordered);
    row("a task for each, 64 at once, one thread", &one, tasks);
    row("a task for each, 64 at once, its own threads", &many, tasks);

    println!("\n{:44} {:>9}", "parts alone", "");
    part("Schedule: push, next, finish, 5,000 keys", schedule);
    part("Watermark: arrive, finish in disorder", watermark);
    part("Budget: make and drop a slot", || slots(&Budget::new(BATCH as usize, 1 << 30)));
    let process = Budget::new(1 << 30, 1 << 40);
    part("Budget: the same within another", || slots(&Budget::new(BATCH as usize, 1 << 30).within(&process)));
    Ok(())
}

async fn handle(record: Record, wakes: bool) -> Result<(), Failure> {
    if wakes {
        yield_now().await;
    }
    black_box(record.0);
    Ok(())
}

async fn lanes(concurrency: Concurrency, wakes: bool) {
    let mut lanes = Lanes::new(concurrency, Policy::default(), |record, _: Attempt| handle(record, wakes));
    for batch in 0..ITEMS / BATCH {
        for number in batch * BATCH..(batch + 1) * BATCH {
            lanes.push(number * 7 % KEYS, Record(number), number);
        }
        while let Some(finished) = lanes.next().await {
            black_box(finished.map(|it| it.claim).unwrap_or_default());
        }
    }
}

async fn unordered(wakes: bool) {
    let mut running = FuturesUnordered::new();
    for number in 0..ITEMS {
        if running.len() == AT_ONCE {
            black_box(running.next().await.is_some());
        }
        running.push(handle(Record(number), wakes));
    }
    while running.next().await.is_some() {}
}

async fn tasks(wakes: bool) {
    let mut running = JoinSet::new();
    for number in 0..ITEMS {
        if running.len() == AT_ONCE {
            black_box(running.join_next().await.is_some());
        }
        running.spawn(handle(Record(number), wakes));
    }
    while running.join_next().await.is_some() {}
}

fn schedule() {
    let mut schedule = Schedule::new(Concurrency::per_key(AT_ONCE));
    for batch in 0..ITEMS / BATCH {
        for number in batch * BATCH..(batch + 1) * BATCH {
            schedule.push(number * 7 % KEYS, number);
        }
        while let Some((turn, number)) = schedule.next(Duration::ZERO) {
            black_box(number);
            schedule.finish(turn);
        }
    }
}

fn watermark() {
    let mut watermark = Watermark::new();
    let mut tickets: Vec<Ticket> = Vec::with_capacity(BATCH as usize);
    for batch in 0..ITEMS / BATCH {
        tickets.extend((batch * BATCH..(batch + 1) * BATCH).map(|number| watermark.arrive(number)));
        while let Some(ticket) = tickets.pop() {
            black_box(watermark.finish(ticket));
        }
    }
}

fn slots(budget: &Budget) {
    let mut held: Vec<Slot> = Vec::with_capacity(BATCH as usize);
    for _ in 0..ITEMS / BATCH {
        if let Some(mut reservation) = budget.try_reserve(BATCH as usize, BATCH as usize * 10) {
            held.extend((0..BATCH).map(|_| reservation.slot(10)));
        }
        held.clear();
    }
    assert_eq!(budget.in_use(), Amount::NONE, "every slot is back");
}

fn row(name: &str, runtime: &Runtime, run: impl AsyncFn(bool)) {
    let [at_once, woken] = [false, true].map(|wakes| {
        least(|| {
            let run = pin!(run(wakes));
            runtime.block_on(run);
        })
    });
    println!("{name:44} {at_once:>9} {woken:>12}");
}

fn part(name: &str, run: impl FnMut()) {
    println!("{name:44} {:>9}", least(run));
}

/// Nanoseconds an item, in the best of some rounds: what else the machine does only adds to it.
fn least(mut run: impl FnMut()) -> u128 {
    let rounds = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        run();
        began.elapsed().as_nanos() / u128::from(ITEMS)
    });
    rounds.min().unwrap_or_default()
}
