//! What becomes of messages when calls fail: on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_lanes::{Amount, Budget};
use tidegate_local_aws::{Fault, FaultMode, Faults, QueueMessage};
use tidegate_sqs_consumer::{Attempt, Handling, Message, poll::Standing};
use tokio::time::{Instant, sleep};

use self::world::{FIFO, QUEUE, World};

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

fn storm() -> Faults {
    let lost = Fault::new(FaultMode::LostReply, 0.02).service("sqs");
    let entries = Fault::new(FaultMode::FailedEntry, 0.05).service("sqs");
    let duplicates = Fault::new(FaultMode::Duplicate, 0.02).service("sqs");
    Faults::none().with(lost).with(entries).with(duplicates)
}

fn logging(
    world: &World,
    pause: Duration,
) -> Handling<impl tidegate_lanes::Handler<Message, Future: Send> + Send + Sync + 'static> {
    let log = world.log.clone();
    Handling::new(move |message: Message, _: Attempt| {
        let log = log.clone();
        async move {
            sleep(pause).await;
            log.push(message.body());
            Ok(())
        }
    })
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_in_a_storm() {
    let world = World::new().await;
    world.aws.set_faults(storm());
    world.send(0..3_000);
    let mut running = world.consumer(QUEUE).build().unwrap().run(logging(&world, SECOND / 50));
    world.empties(QUEUE).await;
    let report = running.shutdown(DEADLINE).await.unwrap();
    let handled: BTreeSet<_> = world.log.sorted().into_iter().collect();
    assert_eq!(handled, (0..3_000).collect());
    // What was sent once is handled once but for the duplicates, and for deletes whose answers were lost.
    let again = world.log.all().len() - 3_000;
    assert!(again < 200, "{again} came again");
    assert!(report.totals.failed > 0 && report.is_whole(), "{report:?}");
}

/// The answer of a receive is lost: asked again by its name, it has the same one, and no group stands still for 30 s.
#[tokio::test(start_paused = true)]
async fn groups_stay_in_order_in_a_storm() {
    let world = World::new().await;
    world.aws.set_faults(storm());
    let messages = (0..500).map(|n| QueueMessage::new(format!("{} {n}", n % 9)).group((n % 9).to_string()));
    world.sqs.send(FIFO, messages).unwrap();
    let begun = Instant::now();
    let mut running = world.consumer(FIFO).build().unwrap().run(logging(&world, SECOND / 50));
    world.empties(FIFO).await;
    let elapsed = begun.elapsed();
    let _ = running.shutdown(DEADLINE).await.unwrap();
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    for entry in world.log.all() {
        let (group, number) = entry.split_once(' ').unwrap();
        let number: usize = number.parse().unwrap();
        let last = last.entry(group.to_owned()).or_default();
        // What comes again does so after a failure; nothing comes early.
        assert!(number <= *last + 9 || *last == 0, "{entry} after {last}");
        *last = (*last).max(number);
    }
    assert_eq!(world.log.all().iter().collect::<BTreeSet<_>>().len(), 500);
    assert!(elapsed < 25 * SECOND, "{elapsed:?}");
}

/// Extensions fail for long enough: whoever works on the message is stopped before others get it.
#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_kept_is_dropped_before_others_have_it() {
    /// Says when it goes.
    struct Going(Arc<Mutex<Vec<Instant>>>);
    impl Drop for Going {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(Instant::now());
        }
    }
    let world = World::new().await;
    world.send(0..1);
    let change = Fault::new(FaultMode::Drop, 1.0).actions(["ChangeMessageVisibilityBatch"]);
    world.aws.set_faults(Faults::none().with(change));
    let (begun, gone) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let handler = {
        let (begun, gone) = (Arc::clone(&begun), Arc::clone(&gone));
        move |message: Message, _: Attempt| {
            begun.lock().unwrap().push((Instant::now(), message.clone()));
            let going = Going(Arc::clone(&gone));
            async move {
                sleep(3_600 * SECOND).await;
                drop(going);
                Ok(())
            }
        }
    };
    let mut running = world.consumer(QUEUE).build().unwrap().run(Handling::new(handler));
    while begun.lock().unwrap().len() < 2 {
        sleep(SECOND / 10).await;
    }
    let (begun, gone) = (begun.lock().unwrap().clone(), gone.lock().unwrap().clone());
    assert!(gone[0] < begun[1].0, "it was worked on by two");
    assert!(begun[0].1.is_lost() && !begun[1].1.is_lost());
    assert_eq!((begun[1].1.receive_count(), running.health().totals.lost), (2, 1));
    world.aws.set_faults(Faults::none());
    let report = running.shutdown(DEADLINE).await.unwrap();
    assert_eq!(report.totals.given_back, 1);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_is_dropped_leaves_its_messages_to_others() {
    let world = World::new().await;
    world.send(0..100);
    let running = world.consumer(QUEUE).build().unwrap().run(logging(&world, 5 * SECOND));
    sleep(SECOND).await;
    drop(running);
    sleep(25 * SECOND).await;
    let receives = world.aws.counters().action("sqs", "ReceiveMessage").accepted;
    sleep(100 * SECOND).await;
    assert_eq!(world.aws.counters().action("sqs", "ReceiveMessage").accepted, receives);
    assert_eq!(world.log.all().len(), 0, "it was cut off");
    assert_eq!(world.sqs.queue(QUEUE).unwrap().visible, 100);
    let mut running = world.consumer(QUEUE).build().unwrap().run(logging(&world, SECOND));
    world.empties(QUEUE).await;
    assert_eq!(world.log.sorted(), (0..100).collect::<Vec<_>>());
    let _ = running.shutdown(DEADLINE).await.unwrap();
}

/// While nothing is answered there is a call now and then; and then it goes on by itself.
#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_for() {
    let world = World::new().await;
    world.send(0..10);
    let outage = Fault::new(FaultMode::Drop, 1.0).service("sqs");
    world.aws.set_faults(Faults::none().with(outage));
    let mut running = world.consumer(QUEUE).build().unwrap().run(logging(&world, SECOND));
    sleep(600 * SECOND).await;
    let health = running.health();
    assert!(matches!(health.standing, Standing::Failing(_)) && !health.is_ready(), "{health:?}");
    assert!(health.trouble.is_some());
    assert!((10..=100).contains(&health.totals.receives), "{}", health.totals.receives);
    world.aws.set_faults(Faults::none());
    let mended = Instant::now();
    world.empties(QUEUE).await;
    assert!(mended.elapsed() < 40 * SECOND, "{:?}", mended.elapsed());
    assert_eq!(running.health().trouble, None);
    let _ = running.shutdown(DEADLINE).await.unwrap();
}

/// Whatever is wrong with the receives: what is done is deleted, room is given back, calls are few, and the consumer of another
/// queue goes on as ever.
#[tokio::test(start_paused = true)]
async fn where_receives_fail_acknowledgements_and_other_queues_go_on() {
    for mode in [FaultMode::Drop, FaultMode::Error500, FaultMode::Error503, FaultMode::LostReply] {
        let (world, other) = (World::new().await, World::new().await);
        let room = Budget::new(1_000, 1 << 30);
        world.send(0..30);
        let consumer = world.consumer(QUEUE).within(&room).build().unwrap();
        let mut running = consumer.run(logging(&world, 5 * SECOND));
        let mut others =
            other.consumer(QUEUE).within(&room).build().unwrap().run(logging(&other, SECOND / 10));
        sleep(SECOND).await;
        assert_eq!(running.health().held, 30);
        let receives = Fault::new(mode, 1.0).actions(["ReceiveMessage"]);
        world.aws.set_faults(Faults::none().with(receives));
        sleep(60 * SECOND).await;
        let health = running.health();
        assert_eq!((health.totals.deleted, health.held), (30, 0), "{mode:?}");
        assert!(matches!(health.standing, Standing::Failing(_)), "{mode:?}: {health:?}");
        assert!((3..=30).contains(&health.totals.receives), "{mode:?}: {health:?}");
        other.send(0..500);
        let begun = Instant::now();
        other.empties(QUEUE).await;
        assert!(begun.elapsed() < 5 * SECOND, "{:?}", begun.elapsed());
        assert!(running.shutdown(DEADLINE).await.unwrap().is_whole());
        assert!(others.shutdown(DEADLINE).await.unwrap().is_whole());
        assert_eq!(room.in_use(), Amount::NONE);
    }
}
