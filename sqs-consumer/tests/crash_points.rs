//! A pipeline that is cut off, or not answered, before and after the effect of each of its steps: on the embedded AWS, in
//! process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::time::Duration;

use tidegate_local_aws::{Fault as CallFault, FaultMode, Faults};
use tidegate_sqs_consumer::{Pipelining, Policy, consumer::Running};
use tokio::time::sleep;

use self::world::{
    FIFO, QUEUE, World,
    store::{Fault, STEPS, Step, Store, What, When, send},
};

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// Before and after the effect of each step: a key of its own for each.
fn points() -> Vec<(String, Step, When)> {
    let points = STEPS.into_iter().flat_map(|step| [When::Before, When::After].map(|when| (step, when)));
    points.map(|(step, when)| (format!("{step:?}-{when:?}"), step, when)).collect()
}

/// A queue, a pipeline, and whether it conflates.
struct Scene {
    world: World,
    store: Store,
    queue: &'static str,
    conflate: bool,
    sent: Vec<String>,
}

impl Scene {
    /// One of each kind.
    async fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for queue in [QUEUE, FIFO] {
            for conflate in [false, true] {
                let (world, store) = (World::new().await, Store::new());
                all.push(Self { world, store, queue, conflate, sent: Vec::new() });
            }
        }
        all
    }

    /// Sends these versions of each key.
    fn send<const N: usize>(&mut self, keys: &[String], versions: [u64; N]) {
        let bodies =
            versions.iter().flat_map(|version| keys.iter().map(move |key| format!("{key} {version}")));
        self.sent.extend(send(&self.world, self.queue, bodies));
    }

    fn pipelining(&self) -> Pipelining<Store> {
        Pipelining::new(self.store.clone()).conflate(self.conflate)
    }

    fn run(&self) -> Running {
        self.world.consumer(self.queue).build().unwrap().run_pipeline(self.pipelining())
    }

    /// A process hangs at each point, of the first message that it has of a key.
    async fn hangs(&mut self) -> (Vec<String>, Running) {
        for (key, step, when) in points() {
            self.store.fault(key, Fault { step, when, what: What::Hangs, skips: 0, times: 1 });
        }
        let keys: Vec<_> = points().into_iter().map(|it| it.0).collect();
        self.send(&keys, [2, 1, 3]);
        let running = self.run();
        self.store.hangs(keys.len()).await;
        (keys, running)
    }

    /// Waits until all is done, and then all is well.
    async fn ends(&self, keys: &[String], version: u64, processes: impl IntoIterator<Item = Running>) {
        self.store.empties(&self.world, self.queue, &self.sent).await;
        for mut process in processes {
            let _ = process.shutdown(DEADLINE).await.unwrap();
        }
        self.store.check(keys.iter().map(|key| (key, version)));
    }
}

#[tokio::test(start_paused = true)]
async fn cut_off_at_any_point_the_next_process_makes_up_for_it() {
    for mut scene in Scene::all().await {
        let (keys, first) = scene.hangs().await;
        drop(first);
        let second = scene.run();
        scene.ends(&keys, 3, [second]).await;
    }
}

/// The other process works on the same keys meanwhile, and finds them as they were left.
#[tokio::test(start_paused = true)]
async fn cut_off_at_any_point_beside_another_process_nothing_is_lost() {
    for mut scene in Scene::all().await {
        let (keys, first) = scene.hangs().await;
        let second = scene.run();
        scene.send(&keys, [5, 4]);
        sleep(10 * SECOND).await;
        drop(first);
        scene.ends(&keys, 5, [second]).await;
    }
}

/// A process that stands still at any point, and goes on when another has gone on with the same keys.
#[tokio::test(start_paused = true)]
async fn slow_at_any_point_beside_another_process_nothing_goes_backwards() {
    for mut scene in Scene::all().await {
        let (keys, first) = scene.hangs().await;
        let second = scene.run();
        scene.send(&keys, [5, 4]);
        sleep(10 * SECOND).await;
        scene.store.resume();
        scene.ends(&keys, 5, [first, second]).await;
    }
}

/// As before, but that its messages were lost to the other process, which has finished them.
#[tokio::test(start_paused = true)]
async fn a_process_that_has_lost_its_messages_at_any_point_spoils_nothing() {
    for mut scene in Scene::all().await {
        let (keys, first) = scene.hangs().await;
        let change = CallFault::new(FaultMode::Drop, 1.0).actions(["ChangeMessageVisibilityBatch"]);
        scene.world.aws.set_faults(Faults::none().with(change));
        let second = scene.run();
        scene.store.empties(&scene.world, scene.queue, &scene.sent).await;
        assert!(first.health().totals.lost >= 10, "at each point one was lost");
        scene.store.resume();
        scene.send(&keys, [4]);
        scene.ends(&keys, 4, [first, second]).await;
    }
}

/// The answer of a step comes never, or is an error, be it done or not: the first time that it is made, or the second.
#[tokio::test(start_paused = true)]
async fn whatever_answer_is_lost_or_late_the_step_is_made_up_for() {
    for mut scene in Scene::all().await {
        let mut keys = Vec::new();
        for (key, step, when) in points() {
            for what in [What::Fails, What::Hangs] {
                // A key that is warm is not loaded.
                for skips in 0..if step == Step::Load { 1 } else { 2 } {
                    keys.push(format!("{key}-{what:?}-{skips}"));
                    scene.store.fault(&keys[keys.len() - 1], Fault { step, when, what, skips, times: 1 });
                }
            }
        }
        let pipelining = scene.pipelining().on_failure(Policy::default().timeout(5 * SECOND));
        let tally = pipelining.tally();
        let running = scene.world.consumer(scene.queue).build().unwrap().run_pipeline(pipelining);
        scene.send(&keys, [2]);
        scene.store.empties(&scene.world, scene.queue, &scene.sent).await;
        scene.send(&keys, [1, 4, 3]);
        scene.ends(&keys, 4, [running]).await;
        assert!(scene.store.look().faults.values().all(|it| it.times == 0), "each point was reached");
        // A store that was done and not answered is found by the next one, which what is remembered knows nothing of.
        assert_eq!(tally.totals().overtaken, 2, "{:?}", tally.totals());
    }
}
