//! What holds of a consumer whatever happens: by properties, on the embedded AWS, in process, under a paused clock. What its
//! deciders keep, each for itself, is in the tests of each.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use proptest::{collection::vec, prelude::*, sample::select};
use tidegate_lanes::{Amount, Budget};
use tidegate_local_aws::{Fault as CallFault, FaultMode, Faults, Latency, QueueMessage};
use tidegate_sqs_consumer::{Attempt, Concurrency, Failure, Handling, Message, Pipelining, Policy};
use tokio::{
    runtime,
    sync::Semaphore,
    time::{Instant, sleep},
};

use self::world::{
    FIFO, QUEUE, World,
    store::{Fault, STEPS, Store, What, When, send},
};

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn paused<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().unwrap().block_on(work)
}

/// What calls are like.
#[derive(Clone, Copy, Debug)]
struct Weather {
    seed: u64,
    latency: u64,
    /// Of calls: answers that are lost, entries that fail, messages that come twice, errors.
    storm: bool,
}

impl Weather {
    async fn world(self) -> World {
        let world = World::seeded(self.seed).await;
        world.aws.set_latency(Latency::fixed(ms(self.latency)));
        if self.storm {
            let modes =
                [FaultMode::LostReply, FaultMode::FailedEntry, FaultMode::Duplicate, FaultMode::Error503];
            let faults = modes.map(|mode| CallFault::new(mode, 0.05).service("sqs"));
            world.aws.set_faults(faults.into_iter().fold(Faults::none(), Faults::with));
        }
        world
    }
}

fn weather() -> impl Strategy<Value = Weather> {
    (any::<u64>(), 0..100_u64, any::<bool>()).prop_map(|(seed, latency, storm)| Weather {
        seed,
        latency,
        storm,
    })
}

/// How a handler's attempt goes: some fail, some panic, some take too long, and the fourth is well.
async fn attempt(seed: u64, number: usize, attempt: Attempt, takes: u64) -> Result<(), Failure> {
    let mut random = fastrand::Rng::with_seed(seed ^ (number as u64) << 8 ^ u64::from(attempt.number()));
    sleep(ms(random.u64(0..=takes))).await;
    match random.u8(0..10) {
        _ if attempt.number() > 3 => {}
        0 => return Err(Failure::retry("it fails")),
        1 => panic!("it panics"),
        2 => std::future::pending().await,
        _ => {}
    }
    Ok(())
}

/// Attempts that take too long are cut off.
fn policy() -> Policy {
    Policy::default().timeout(2 * SECOND)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Invariants 1, 2 and 3: no more is held and reserved than allowed, at every instant; one that is stuck stops nobody for
    /// whom there is room; and in the end all room is back.
    #[test]
    fn room_is_kept_given_back_and_used(
        weather in weather(),
        most in select(vec![1_usize, 2, 7, 10, 11, 1_000]),
        parallelism in 1..17_usize,
        keys in 2..70_usize,
        count in 1..80_usize,
        takes in select(vec![0_u64, 20, 500]),
    ) {
        paused(async {
            let world = weather.world().await;
            world.send(0..count);
            let (stuck, log) = (Arc::new(Semaphore::new(0)), world.log.clone());
            let handler = {
                let stuck = Arc::clone(&stuck);
                move |message: Message, number: Attempt| {
                    let (stuck, log) = (Arc::clone(&stuck), log.clone());
                    async move {
                        let body: usize = message.body().parse()?;
                        if body == 0 {
                            let _permit = stuck.acquire().await?;
                        } else {
                            attempt(weather.seed, body, number, takes).await?;
                        }
                        log.push(message.body());
                        Ok(())
                    }
                }
            };
            // The one that is stuck is no failure.
            let policy = if most == 1 { policy() } else { policy().timeout(7_200 * SECOND) };
            let hangs = most > 1;
            let handler = move |message: Message, number: Attempt| {
                let (work, body) = (handler(message.clone(), number), message.body().to_owned());
                async move {
                    if hangs && body != "0" {
                        return tokio::time::timeout(2 * SECOND, work).await.map_err(Failure::retry)?;
                    }
                    work.await
                }
            };
            let handling = Handling::new(handler).concurrency(Concurrency::per_key(keys)).on_failure(policy);
            let room = Budget::new(10_000, 1 << 30);
            let consumer = world.consumer(QUEUE).within(&room).max_unprocessed(most).parallelism(parallelism);
            let consumer = consumer.build().unwrap();
            let mut running = consumer.run(handling);
            let begun = Instant::now();
            // All but the one that is stuck; where there is room for one only, it is the first.
            while world.log.all().iter().collect::<BTreeSet<_>>().len() + 1 < count {
                let health = running.health();
                assert!(health.in_use.count <= most && health.held <= health.in_use.count, "{health:?}");
                assert!(health.receives <= parallelism, "{health:?}");
                if most == 1 && begun.elapsed() > 60 * SECOND {
                    stuck.add_permits(1);
                }
                assert!(begun.elapsed() < 1_200 * SECOND, "{} are left: {health:?}", world.left(QUEUE));
                sleep(ms(50)).await;
            }
            stuck.add_permits(1);
            world.aws.set_faults(Faults::none());
            world.empties(QUEUE).await;
            sleep(40 * SECOND).await;
            let health = running.health();
            let clients = world.sqs.clients(QUEUE).unwrap();
            assert_eq!((health.held, health.deletes), (0, 0));
            if !weather.storm {
                let client = clients.values().next().unwrap();
                assert!(client.max_reserved <= most, "{client:?}");
            }
            assert!(running.shutdown(DEADLINE).await.unwrap().is_whole());
            assert_eq!(room.in_use(), Amount::NONE, "each has given its room back, once");
            let handled: BTreeSet<_> = world.log.sorted().into_iter().collect();
            assert_eq!(handled, (0..count).collect());
        });
    }

    /// Invariant 4: one of a group at a time, and none begins before all those before it are done, whatever fails.
    #[test]
    fn groups_are_in_order_across_failures(
        weather in weather(),
        groups in 1..6_usize,
        count in 1..60_usize,
        takes in select(vec![0_u64, 20, 500]),
        keys in 1..8_usize,
        by_key: bool,
    ) {
        paused(async {
            let weather = Weather { storm: false, ..weather };
            let world = weather.world().await;
            let errors = CallFault::new(FaultMode::Error503, 0.1).service("sqs");
            world.aws.set_faults(Faults::none().with(errors));
            let messages = (0..count).map(|it| QueueMessage::new(it.to_string()).group((it % groups).to_string()));
            world.sqs.send(FIFO, messages).unwrap();
            let (log, wrong) = (world.log.clone(), Arc::new(Mutex::new(Vec::new())));
            let at_work = Arc::new(Mutex::new(BTreeSet::new()));
            let handler = {
                let wrong = Arc::clone(&wrong);
                move |message: Message, number: Attempt| {
                    let body: usize = message.body().parse().unwrap();
                    let working = Working::new(&at_work, body % groups);
                    let before = body.checked_sub(groups);
                    if working.is_none() || before.is_some_and(|it| !log.all().contains(&it.to_string())) {
                        wrong.lock().unwrap().push((body, number.number()));
                    }
                    let log = log.clone();
                    async move {
                        attempt(weather.seed, body, number, takes).await?;
                        drop(working);
                        log.push(body.to_string());
                        Ok(())
                    }
                }
            };
            let handling = Handling::new(handler).concurrency(Concurrency::per_key(keys)).on_failure(policy());
            let handling =
                if by_key { handling.key_by(|it| it.group_id().unwrap_or_default().to_owned()) } else { handling };
            let mut running = world.consumer(FIFO).build().unwrap().run(handling);
            world.empties(FIFO).await;
            let _ = running.shutdown(DEADLINE).await.unwrap();
            assert_eq!(*wrong.lock().unwrap(), []);
            assert_eq!(world.log.sorted(), (0..count).collect::<Vec<_>>(), "each once");
        });
    }

    /// Invariants 5, 6 and 9 of a pipeline: whatever is cut off, fails, is late, or lost, nothing is acknowledged that is not
    /// stored and published or stale, versions only grow, and the greatest is what is stored and published in the end.
    #[test]
    fn versions_only_grow_and_what_is_acknowledged_is_published(
        weather in weather(),
        fifo: bool,
        conflate: bool,
        memory in select(vec![0_usize, 1, 100]),
        messages in vec((0..5_u64, 1..9_u64), 1..60),
        faults in vec((select(STEPS.to_vec()), any::<bool>(), any::<bool>(), 0..3_usize, 1..4_usize), 5),
        pauses in vec(0..3_000_u64, 0..5),
    ) {
        paused(async {
            let (world, store) = (weather.world().await, Store::new());
            let queue = if fifo { FIFO } else { QUEUE };
            for (key, (step, before, fails, skips, times)) in faults.into_iter().enumerate() {
                let when = if before { When::Before } else { When::After };
                let what = if fails { What::Fails } else { What::Hangs };
                store.fault(key.to_string(), Fault { step, when, what, skips, times });
            }
            let run = || {
                let pipelining = Pipelining::new(store.clone()).conflate(conflate).memory(memory);
                world.consumer(queue).max_unprocessed(20).build().unwrap().run_pipeline(pipelining.on_failure(policy()))
            };
            let mut processes = [run(), run()];
            let mut sent = Vec::new();
            let halves = messages.split_at(messages.len() / 2);
            for half in [halves.0, halves.1] {
                sent.extend(send(&world, queue, half.iter().map(|(key, version)| format!("{key} {version}"))));
                for (number, pause) in pauses.iter().enumerate() {
                    sleep(ms(*pause)).await;
                    // Cut off where it is, and another one begins.
                    processes[number % 2] = run();
                    store.check_gone(&world, queue, &sent);
                }
            }
            store.empties(&world, queue, &sent).await;
            for mut process in processes {
                assert!(process.shutdown(DEADLINE).await.unwrap().is_whole());
            }
            let mut ends = BTreeMap::new();
            for (key, version) in messages {
                let end = ends.entry(key.to_string()).or_insert(version);
                *end = version.max(*end);
            }
            store.check(ends);
        });
    }

    /// Invariant 8: what is held for longer than its visibility comes to nobody else, and ends once.
    #[test]
    fn what_is_held_comes_to_nobody_else(
        weather in weather(),
        visibility in 3..10_u64,
        holds in vec(0..60_u64, 1..25),
    ) {
        paused(async {
            let world = Weather { storm: false, ..weather }.world().await;
            world.send(0..holds.len());
            let (log, count) = (world.log.clone(), holds.len());
            let run = || {
                let (log, holds) = (log.clone(), holds.clone());
                let handler = move |message: Message, _: Attempt| {
                    let log = log.clone();
                    let hold = holds[message.body().parse::<usize>().unwrap()];
                    async move {
                        sleep(SECOND * u32::try_from(hold).unwrap()).await;
                        log.push(message.body());
                        Ok(())
                    }
                };
                let consumer = world.consumer(QUEUE).visibility(Duration::from_secs(visibility)).build().unwrap();
                // Some wait before they are begun.
                consumer.run(Handling::new(handler).concurrency(Concurrency::per_key(5)))
            };
            // The other one would have what becomes visible.
            let (mut one, mut other) = (run(), run());
            let begun = Instant::now();
            while world.left(QUEUE) > 0 {
                assert!(begun.elapsed() < 60 * SECOND * 25, "{:?} and {:?}", one.health(), other.health());
                assert_eq!(one.health().totals.joined + other.health().totals.joined, 0);
                sleep(SECOND).await;
            }
            assert_eq!(world.log.sorted(), (0..count).collect::<Vec<_>>(), "each once");
            for running in [&mut one, &mut other] {
                let totals = running.shutdown(DEADLINE).await.unwrap().totals;
                assert_eq!((totals.joined, totals.lost, totals.not_deleted), (0, 0, 0));
            }
        });
    }

    /// Invariant 9: a consumer that stops has given back or deleted what it had, each message is handled once by it and its
    /// successor; one that is cut off loses none, and has deleted what it handled and nothing else.
    #[test]
    fn whenever_it_ends_no_message_is_lost(
        weather in weather(),
        fifo: bool,
        at in 0..1_500_u64,
        is_cut_off: bool,
        most in select(vec![1_usize, 10, 40]),
    ) {
        paused(async {
            let world = Weather { storm: false, ..weather }.world().await;
            let (queue, room) = (if fifo { FIFO } else { QUEUE }, Budget::new(10_000, 1 << 30));
            world.sqs.send(queue, (0..50).map(|it| QueueMessage::new(it.to_string()).group((it % 9).to_string()))).unwrap();
            let begun = Arc::new(AtomicUsize::new(0));
            let run = || {
                let (log, begun) = (world.log.clone(), Arc::clone(&begun));
                let handler = move |message: Message, _: Attempt| {
                    begun.fetch_add(1, Relaxed);
                    let log = log.clone();
                    async move {
                        sleep(ms(100)).await;
                        log.push(message.body());
                        Ok(())
                    }
                };
                let handling = Handling::new(handler).concurrency(Concurrency::per_key(10));
                world.consumer(queue).within(&room).max_unprocessed(most).build().unwrap().run(handling)
            };
            let mut first = run();
            sleep(ms(at)).await;
            if is_cut_off {
                drop(first);
                // Its visibility, and what its receives may still bring.
                sleep(51 * SECOND).await;
            } else {
                let report = first.shutdown(DEADLINE).await.unwrap();
                assert!(report.is_whole() && report.totals.dropped == 0, "{report:?}");
            }
            assert_eq!(room.in_use(), Amount::NONE);
            let view = world.sqs.queue(queue).unwrap();
            let left: BTreeSet<usize> =
                world.sqs.messages(queue).unwrap().iter().map(|it| it.body.parse().unwrap()).collect();
            let handled: BTreeSet<_> = world.log.sorted().into_iter().collect();
            assert_eq!((view.in_flight, view.visible), (0, left.len()));
            assert!((0..50).all(|it| left.contains(&it) || handled.contains(&it)), "one is gone that was not handled");
            assert!(is_cut_off || left.is_disjoint(&handled), "one was handled and not deleted");
            let mut second = run();
            world.empties(queue).await;
            let _ = second.shutdown(DEADLINE).await.unwrap();
            let log = world.log.sorted();
            assert!(is_cut_off || begun.load(Relaxed) == 50, "what had begun was finished");
            assert_eq!(log.iter().copied().collect::<BTreeSet<_>>(), (0..50).collect());
            // What was handled and not deleted yet: no more than was held.
            assert!(log.len() <= 50 + if is_cut_off { most } else { 0 }, "{} were handled again", log.len() - 50);
        });
    }
}

/// One of a group that is at work, until it is dropped.
struct Working(Arc<Mutex<BTreeSet<usize>>>, usize);

impl Working {
    /// None if there is one.
    fn new(at_work: &Arc<Mutex<BTreeSet<usize>>>, group: usize) -> Option<Self> {
        at_work.lock().unwrap().insert(group).then(|| Self(Arc::clone(at_work), group))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.lock().unwrap().remove(&self.1);
    }
}
