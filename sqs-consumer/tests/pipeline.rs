//! Entities with versions through the pipeline, on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tidegate_lanes::dead_letter;
use tidegate_local_aws::QueueMessage;
use tidegate_sqs_consumer::{
    Failure, Loaded, Message, Pipeline, Pipelining, Policy, Write, version::Committed,
};
use tokio::time::{sleep, timeout};

use self::world::{FIFO, QUEUE, World};

const DEADLINE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(10);

/// The store, and all that was ever done to it. Breaking a rule panics, and is told at the end.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<Inner>>, Arc<AtomicUsize>, Arc<AtomicUsize>);

#[derive(Default)]
struct Inner {
    rows: BTreeMap<String, Committed<u64>>,
    /// Steps as they ended: key, version, step.
    log: Vec<(String, u64, &'static str)>,
    broken: Vec<String>,
    /// The step after which there is nothing but waiting.
    hang_after: Option<&'static str>,
    slow_process: Duration,
}

impl Store {
    async fn ends(&self, key: &str, version: u64, step: &'static str) {
        let hangs = {
            let mut it = self.0.lock().unwrap();
            it.log.push((key.to_owned(), version, step));
            it.hang_after == Some(step)
        };
        if hangs {
            std::future::pending::<()>().await;
        }
    }

    fn count(&self, step: &str) -> usize {
        self.0.lock().unwrap().log.iter().filter(|it| it.2 == step).count()
    }

    fn versions(&self, step: &str) -> Vec<u64> {
        self.0.lock().unwrap().log.iter().filter(|it| it.2 == step).map(|it| it.1).collect()
    }

    /// These keys end at these versions, published, and no rule was broken.
    fn check(&self, ends: impl IntoIterator<Item = (String, u64)>) {
        let it = self.0.lock().unwrap();
        assert!(it.broken.is_empty(), "{:?}", it.broken);
        let ends: BTreeMap<_, _> =
            ends.into_iter().map(|(key, version)| (key, Committed { version, published: true })).collect();
        assert_eq!(it.rows, ends);
        for (key, version, _) in it.log.iter().filter(|it| it.2 == "store") {
            assert!(it.log.contains(&(key.clone(), *version, "publish")), "{key} {version} is unpublished");
        }
    }
}

/// Messages like `key 7`.
impl Pipeline for Store {
    type Key = String;
    type Version = u64;
    type Message = (String, u64);
    type State = u64;

    fn decode(&self, message: &Message) -> Result<Self::Message, Box<dyn Error + Send + Sync>> {
        let (key, version) = message.body().split_once(' ').ok_or("no space")?;
        Ok((key.to_owned(), version.parse()?))
    }

    fn key(&self, message: &Self::Message) -> String {
        message.0.clone()
    }

    fn version(&self, message: &Self::Message) -> u64 {
        message.1
    }

    async fn load(&self, key: &String) -> Result<Loaded<Self>, Failure> {
        let now = self.1.fetch_add(1, SeqCst) + 1;
        self.2.fetch_max(now, SeqCst);
        sleep(STEP).await;
        self.1.fetch_sub(1, SeqCst);
        let row = self.0.lock().unwrap().rows.get(key).copied();
        self.ends(key, 0, "load").await;
        Ok(row.map(|it| (it, it.version)))
    }

    async fn process(&self, message: &Self::Message, _: Option<&u64>) -> Result<u64, Failure> {
        let pause = self.0.lock().unwrap().slow_process;
        sleep(STEP + pause).await;
        self.ends(&message.0, message.1, "process").await;
        Ok(message.1)
    }

    async fn store(&self, key: &String, base: Option<u64>, version: u64, _: &u64) -> Result<Write, Failure> {
        sleep(STEP).await;
        {
            let mut it = self.0.lock().unwrap();
            let row = it.rows.get(key).copied();
            if row.map(|it| it.version) != base {
                return Ok(Write::Overtaken);
            }
            if row.is_some_and(|it| !it.published || it.version >= version) {
                it.broken.push(format!("{key}: {version} is stored over {row:?}"));
            }
            it.rows.insert(key.clone(), Committed { version, published: false });
        }
        self.ends(key, version, "store").await;
        Ok(Write::Stored)
    }

    async fn publish(&self, key: &String, version: u64, state: &u64) -> Result<(), Failure> {
        sleep(STEP).await;
        if *state != version {
            self.0.lock().unwrap().broken.push(format!("{key}: {state} is published as {version}"));
        }
        self.ends(key, version, "publish").await;
        Ok(())
    }

    async fn mark(&self, key: &String, version: u64) -> Result<Write, Failure> {
        sleep(STEP).await;
        {
            let mut it = self.0.lock().unwrap();
            match it.rows.get_mut(key) {
                Some(row) if row.version == version => row.published = true,
                _ => return Ok(Write::Overtaken),
            }
        }
        self.ends(key, version, "mark").await;
        Ok(Write::Stored)
    }
}

fn send(world: &World, queue: &str, bodies: impl IntoIterator<Item = String>) {
    let messages = bodies.into_iter().enumerate().map(|(number, body)| {
        let group = body.split(' ').next().unwrap().to_owned();
        let message = QueueMessage::new(body);
        if queue == FIFO { message.group(group).deduplication(number.to_string()) } else { message }
    });
    world.sqs.send(queue, messages).unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_greatest_version_is_stored_and_published_and_the_rest_is_acknowledged() {
    for queue in [QUEUE, FIFO] {
        for conflate in [false, true] {
            let (world, store) = (World::new().await, Store::default());
            // 3 5 1 4 5 2 of each key: stale ones and duplicates.
            let bodies =
                [3, 5, 1, 4, 5, 2].into_iter().flat_map(|it| (0..20).map(move |key| format!("k{key} {it}")));
            send(&world, queue, bodies);
            let pipelining = Pipelining::new(store.clone()).conflate(conflate).loads(4);
            let tally = pipelining.tally();
            let mut running = world.consumer(queue).build().unwrap().run_pipeline(pipelining);
            world.empties(queue).await;
            let report = running.shutdown(DEADLINE).await.unwrap();
            assert_eq!(report.totals.deleted, 120);
            store.check((0..20).map(|key| (format!("k{key}"), 5)));
            let totals = tally.totals();
            assert_eq!(
                totals.stored + totals.stale + totals.duplicates + totals.conflated,
                120,
                "each message has one end: {totals:?}"
            );
            assert_eq!(totals.loads, 20, "a warm key is not loaded again");
            assert!((1..=4).contains(&store.2.load(SeqCst)), "loads at once");
            assert_eq!(conflate, totals.conflated > 0, "{totals:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cut_off_after_any_step_the_next_process_makes_up_for_it() {
    for queue in [QUEUE, FIFO] {
        for step in ["load", "process", "store", "publish", "mark"] {
            for conflate in [false, true] {
                let (world, store) = (World::new().await, Store::default());
                send(&world, queue, [1, 2, 3].into_iter().map(|it| format!("k {it}")));
                store.0.lock().unwrap().hang_after = Some(step);
                let run = || {
                    let pipelining = Pipelining::new(store.clone()).conflate(conflate);
                    world.consumer(queue).build().unwrap().run_pipeline(pipelining)
                };
                let first = run();
                sleep(Duration::from_secs(5)).await;
                assert_eq!(store.count(step), 1, "it was reached");
                drop(first);
                store.0.lock().unwrap().hang_after = None;
                let mut second = run();
                world.empties(queue).await;
                let _ = second.shutdown(DEADLINE).await.unwrap();
                store.check([("k".to_owned(), 3)]);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_processes_race_on_a_key_and_the_condition_decides() {
    let (world, store) = (World::new().await, Store::default());
    send(&world, QUEUE, (1..=200).map(|it| format!("k{} {}", it % 3, it)));
    let run = || {
        let pipelining = Pipelining::new(store.clone());
        let tally = pipelining.tally();
        (world.consumer(QUEUE).max_unprocessed(10).build().unwrap().run_pipeline(pipelining), tally)
    };
    let ((mut one, tally), (mut other, others)) = (run(), run());
    world.empties(QUEUE).await;
    let _ = one.shutdown(DEADLINE).await.unwrap();
    let _ = other.shutdown(DEADLINE).await.unwrap();
    let overtaken = tally.totals().overtaken + others.totals().overtaken;
    assert!(overtaken > 0, "they met");
    store.check([("k0".to_owned(), 198), ("k1".to_owned(), 199), ("k2".to_owned(), 200)]);
}

#[tokio::test(start_paused = true)]
async fn of_those_that_wait_only_the_newest_runs() {
    let (world, store) = (World::new().await, Store::default());
    store.0.lock().unwrap().slow_process = Duration::from_secs(5);
    send(&world, QUEUE, (1..=50).map(|it| format!("k {it}")));
    let pipelining = Pipelining::new(store.clone()).conflate(true);
    let mut running = world.consumer(QUEUE).build().unwrap().run_pipeline(pipelining);
    world.empties(QUEUE).await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
    store.check([("k".to_owned(), 50)]);
    assert!(store.versions("process").len() <= 3, "{:?}", store.versions("process"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_message_stores_nothing() {
    let (world, store) = (World::new().await, Store::default());
    store.0.lock().unwrap().slow_process = Duration::from_hours(1);
    send(&world, QUEUE, ["k 1".to_owned()]);
    let consumer = world.consumer(QUEUE).max_extension(Duration::from_mins(1)).build().unwrap();
    let running = consumer.run_pipeline(Pipelining::new(store.clone()));
    assert!(timeout(Duration::from_hours(2), world.empties(QUEUE)).await.is_err());
    assert!(running.health().totals.lost > 0);
    assert_eq!((store.count("process"), store.count("store")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_goes_to_the_dead_letters() {
    let (world, store) = (World::new().await, Store::default());
    send(&world, QUEUE, ["k 1".to_owned(), "k one".to_owned()]);
    let letters = Arc::new(dead_letter::Memory::new());
    let pipelining =
        Pipelining::new(store.clone())
            .on_failure(Policy::default().letters(Arc::<dead_letter::Memory>::clone(&letters)));
    let mut running = world.consumer(QUEUE).build().unwrap().run_pipeline(pipelining);
    world.empties(QUEUE).await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
    store.check([("k".to_owned(), 1)]);
    let errors: Vec<_> = letters.letters().iter().map(|it| it.error.clone()).collect();
    assert_eq!(errors, ["invalid digit found in string"]);
}
