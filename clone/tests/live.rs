//! A source that is written to while it is cloned, and stands still for the last pass alone.

#![allow(clippy::unwrap_used, reason = "they are tests")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use support::{assert_identical, aws, client, cloner};
use tidegate_clone::Outcome;
use tidegate_local_aws::{Distribution, Latency, LocalAws};
use tokio::time::sleep;

const OBJECTS: u64 = 2_000;

/// Writes, overwrites and deletes, until it is told to stop; says how often.
async fn live(aws: Arc<LocalAws>, seed: u64, stop: Arc<AtomicBool>) -> u64 {
    let (mut random, mut changes) = (fastrand::Rng::with_seed(seed), 0);
    let client = client(&aws);
    while !stop.load(Relaxed) {
        sleep(Duration::from_millis(random.u64(1..8))).await;
        let key = format!("p{:02}/{:05}", random.u64(..30), random.u64(..OBJECTS + 200));
        match random.u8(..10) {
            0 => drop(client.delete_object().bucket("src").key(&key).send().await.unwrap()),
            // Mostly of the same size: then only the time tells, in seconds.
            other => {
                let size = if other < 7 { 10 } else { random.u64(1..50) };
                aws.s3().put_synthetic_content("src", &key, size, random.u64(..)).unwrap();
            }
        }
        changes += 1;
    }
    changes
}

#[tokio::test(start_paused = true)]
async fn a_live_source_is_caught_up_with() {
    for seed in 1..3 {
        let copy = Distribution::from(Duration::from_millis(60));
        let latency = Latency::none().with("s3", ["CopyObject", "ListObjectsV2"], copy);
        let aws = Arc::new(aws(LocalAws::builder().latency(latency)).await);
        for number in 0..OBJECTS {
            let key = format!("p{:02}/{number:05}", number % 30);
            aws.s3().put_synthetic_content("src", &key, 10, number).unwrap();
        }
        let cloner = cloner(&aws).copies_in_flight(20).delete_extra(OBJECTS);
        let stop = Arc::<AtomicBool>::default();
        let writer = tokio::spawn(live(Arc::clone(&aws), seed, Arc::clone(&stop)));
        let first = cloner.run().await.unwrap();
        assert!(first.copied() > OBJECTS / 2, "{first:?}");
        stop.store(true, Relaxed);
        let changes = writer.await.unwrap();
        assert!(changes > 500, "the clone took as long as {changes} changes");

        let second = cloner.run().await.unwrap();
        assert_eq!(second.outcome(), Outcome::Complete, "{seed}: {second:?}");
        assert_identical(&aws);
        // What was written in the second of its copy is copied again, and there are some of those.
        let caught_up = second.copied() + second.deleted();
        assert!(
            second.copied() > 0 && caught_up < changes * 2 + 1_000,
            "{seed}: {caught_up} for {changes} changes"
        );

        let third = cloner.run().await.unwrap();
        assert_eq!((third.outcome(), third.deleted()), (Outcome::Complete, 0), "{seed}: {third:?}");
        let copies =
            Duration::from_millis(60).mul_f64(f64::from(u32::try_from(second.copied()).unwrap()) / 20.0);
        assert!(
            second.elapsed() <= third.elapsed() + copies * 2 + Duration::from_secs(1),
            "{seed}: {:?} for {} copies, and {:?} without",
            second.elapsed(),
            second.copied(),
            third.elapsed(),
        );
    }
}
