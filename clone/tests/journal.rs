//! A clone that is kept in a journal is gone on with, by whomever, and loses nothing.

#![allow(clippy::unwrap_used, reason = "they are tests")]

mod support;

use std::{
    collections::VecDeque,
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use support::{assert_identical, aws, client, cloner, fault};
use tidegate_clone::{
    Announce, Cloner, Compare, ErrorKind, Files, Journal, Location, Outcome, Preserve, RemoteClone,
    SegmentRequest, SegmentResponse, SegmentWorker, Side,
};
use tidegate_local_aws::{Distribution, Fault, FaultMode, Faults, Latency, LocalAws};
use tokio::time::{Instant, advance, sleep, timeout};

/// So many objects in `src`, written a while ago.
async fn seeded(objects: u64) -> LocalAws {
    let latency = Latency::none()
        .with("s3", ["CopyObject"], Distribution::fixed(Duration::from_millis(200)))
        .with("s3", ["ListObjectsV2"], Distribution::fixed(Duration::from_millis(60)));
    let aws = aws(LocalAws::builder().latency(latency)).await;
    aws.s3().create_bucket("jobs");
    aws.s3().seed("src", (0..objects).map(|n| (format!("p{:03}/k{n:06}", n % 97), n % 7000))).unwrap();
    advance(Duration::from_secs(5)).await;
    aws
}

fn journal(aws: &LocalAws) -> Journal {
    Journal::new(client(aws), "jobs").prefix("j/")
}

fn copies(aws: &LocalAws) -> u64 {
    aws.counters().action("s3", "CopyObject").accepted
}

async fn document(aws: &LocalAws, key: &str) -> serde_json::Value {
    let found = client(aws).get_object().bucket("jobs").key(key).send().await.unwrap();
    serde_json::from_slice(&found.body.collect().await.unwrap().into_bytes()).unwrap()
}

fn documents(aws: &LocalAws) -> Vec<String> {
    aws.s3().objects("jobs").unwrap().into_iter().map(|it| it.key).collect()
}

/// So many seeds, or as many as `TIDEGATE_SEEDS` says.
fn seeds(few: u64) -> std::ops::Range<u64> {
    let said = std::env::var("TIDEGATE_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    0..said.unwrap_or(few)
}

#[tokio::test(start_paused = true)]
async fn the_documents_of_a_clone() {
    let aws = seeded(5).await;
    let cloner = cloner(&aws).journal(journal(&aws));
    let report = cloner.run().await.unwrap();
    assert_eq!((report.outcome(), report.copied(), report.is_resumed()), (Outcome::Complete, 5, false));
    let names = documents(&aws);
    let expected = [
        "j/1-src-dst/clone-request",
        "j/1-src-dst/clone-response",
        "j/1-src-dst/~-ledger-000001-000001.ndjson.zst",
        "j/1-src-dst/~-segment-cursor",
        "j/1-src-dst/~-segment-request",
        "j/1-src-dst/~-segment-response",
    ];
    assert_eq!(names, expected);
    let request = document(&aws, names[0].as_str()).await;
    assert_eq!(
        (&request["id"], &request["source"]["name"], &request["destination"]["name"]),
        (&"1".into(), &"src".into(), &"dst".into())
    );
    let segment = document(&aws, expected[5]).await;
    let mut files: Vec<_> =
        segment["files"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    files.sort();
    assert_eq!(files, aws.s3().objects("src").unwrap().into_iter().map(|it| it.key).collect::<Vec<_>>());
    let response = document(&aws, expected[1]).await;
    assert_eq!(response["segments"], serde_json::json!({"count": 1, "values": ["~"]}));
    assert_eq!(response["counts"]["copied"], 5);

    // It is ended: the next one is another.
    let again = cloner.run().await.unwrap();
    assert_eq!((again.copied(), again.unchanged(), again.is_resumed()), (0, 5, false));
    assert!(documents(&aws).contains(&"j/2-src-dst/clone-response".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn clones_whose_buckets_have_hyphens_are_told_apart() {
    let aws = seeded(0).await;
    for bucket in ["one", "one-two", "two-three", "three"] {
        aws.s3().create_bucket(bucket);
    }
    aws.s3().seed("one", (0..300).map(|n| (format!("one{n}"), 1))).unwrap();
    aws.s3().seed("one-two", (0..3).map(|n| (format!("other{n}"), 1))).unwrap();
    let client = client(&aws);
    let clone = |from: &str, to: &str| {
        let (from, to) = (Location::new(client.clone(), from), Location::new(client.clone(), to));
        Cloner::new(from, to).copies_in_flight(4).journal(journal(&aws))
    };
    let mut first = clone("one", "two-three").start().unwrap();
    assert!(timeout(Duration::from_secs(5), first.wait()).await.is_err());
    drop(first);
    let other = clone("one-two", "three").run().await.unwrap();
    assert_eq!((other.outcome(), other.copied(), other.is_resumed()), (Outcome::Complete, 3, false));
    let first = clone("one", "two-three").run().await.unwrap();
    assert_eq!((first.outcome(), first.is_resumed()), (Outcome::Complete, true));
    assert_eq!(aws.s3().objects("two-three").unwrap().len(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_killed_clone_is_gone_on_with() {
    for seed in seeds(8) {
        let aws = seeded(1_500).await;
        let mut random = fastrand::Rng::with_seed(seed);
        // However it is compared: even what is always copied is copied once.
        let compare = [Compare::Always, Compare::SizeAndTime, Compare::ETag][random.usize(..3)].clone();
        let cloner = cloner(&aws).compare(compare).copies_in_flight(40).journal(journal(&aws));
        // The whole takes some 8 s.
        let moment = Duration::from_millis(random.u64(1..8_000));
        let mut run = cloner.start().unwrap();
        let killed = timeout(moment, run.wait()).await.is_err();
        drop(run);
        sleep(Duration::from_secs(3)).await;
        let report = cloner.run().await.unwrap();
        assert_eq!(report.outcome(), Outcome::Complete, "{seed}: {report:?}");
        assert!(killed || !report.is_resumed(), "{seed}");
        assert_identical(&aws);
        let (made, most) = (copies(&aws), if killed { 1_530 } else { 3_000 });
        assert!(made <= most, "{seed}: {made} copies, killed after {moment:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_clone_is_gone_on_with_where_it_stopped() {
    let aws = seeded(5_000).await;
    let cloner = cloner(&aws).copies_in_flight(50).journal(journal(&aws));
    let mut run = cloner.start().unwrap();
    sleep(Duration::from_secs(15)).await;
    run.stop();
    let stopped = run.wait().await.unwrap();
    assert_eq!(stopped.outcome(), Outcome::Stopped);
    let lists = aws.counters().action("s3", "ListObjectsV2").accepted;
    let rest = cloner.run().await.unwrap();
    assert_eq!((rest.outcome(), rest.is_resumed()), (Outcome::Complete, true));
    assert_eq!((stopped.copied() + rest.copied(), copies(&aws)), (5_000, 5_000), "each once");
    assert!(rest.listed() < 5_000, "what was settled is not even listed again");
    assert!(aws.counters().action("s3", "ListObjectsV2").accepted > lists);
    assert_identical(&aws);
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_over_has_it() {
    let aws = seeded(3_000).await;
    let cloner = cloner(&aws).copies_in_flight(20).journal(journal(&aws));
    let mut first = cloner.start().unwrap();
    sleep(Duration::from_secs(11)).await;
    let second = cloner.run().await.unwrap();
    assert_eq!((second.outcome(), second.is_resumed()), (Outcome::Complete, true));
    assert_eq!(first.wait().await.unwrap_err().kind(), ErrorKind::Fenced);
    assert_identical(&aws);
}

#[tokio::test(start_paused = true)]
async fn other_options_are_refused() {
    let aws = seeded(500).await;
    let cloner = cloner(&aws).copies_in_flight(20).journal(journal(&aws));
    let run = cloner.start().unwrap();
    sleep(Duration::from_secs(1)).await;
    drop(run);
    let error = cloner.clone().compare(Compare::Missing).run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("compare was SizeAndTime, and is Missing"), "{error}");
    let error = cloner.clone().preserve(Preserve::default().kms()).run().await.unwrap_err();
    assert!(error.to_string().contains("preserve was [], and is [kms]"), "{error}");
    let error = cloner.clone().dry_run(true).start().unwrap_err();
    assert!(error.to_string().contains("dry run"), "{error}");
    let here = Journal::new(client(&aws), "dst").prefix("j/");
    assert!(cloner.journal(here).start().unwrap_err().to_string().contains("in what is cloned"));
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_cannot_be_written_ends_the_clone() {
    let aws = seeded(5).await;
    let nowhere = Journal::new(client(&aws), "nowhere");
    assert_eq!(cloner(&aws).journal(nowhere).run().await.unwrap_err().kind(), ErrorKind::Journal);
    assert_eq!(copies(&aws), 0);
}

#[tokio::test(start_paused = true)]
async fn a_clone_whose_requests_fail_is_gone_on_with() {
    for mode in [FaultMode::LostReply, FaultMode::Error500, FaultMode::Drop, FaultMode::SlowBody] {
        let aws = seeded(2_000).await;
        let cloner = cloner(&aws).copies_in_flight(20).journal(journal(&aws));
        aws.set_faults(fault(mode, 0.1));
        let mut run = cloner.start().unwrap();
        assert!(timeout(Duration::from_secs(12), run.wait()).await.is_err());
        drop(run);
        sleep(Duration::from_secs(3)).await;
        let report = cloner.run().await.unwrap();
        assert_eq!(
            (report.outcome(), report.is_resumed()),
            (Outcome::Complete, true),
            "{mode:?}: {report:?}"
        );
        aws.set_faults(Faults::none());
        assert_identical(&aws);
    }
}

#[tokio::test(start_paused = true)]
async fn deletes_come_last_even_when_it_was_killed() {
    let aws = seeded(2_000).await;
    aws.s3().seed("dst", (0..50).map(|n| (format!("p{n:03}/old"), 1))).unwrap();
    let cloner = cloner(&aws).copies_in_flight(20).delete_extra(100).journal(journal(&aws));
    let mut run = cloner.start().unwrap();
    assert!(timeout(Duration::from_secs(15), run.wait()).await.is_err());
    drop(run);
    assert_eq!(aws.counters().action("s3", "DeleteObjects").accepted, 0);
    sleep(Duration::from_secs(3)).await;
    let report = cloner.run().await.unwrap();
    assert_eq!((report.outcome(), report.deleted()), (Outcome::Complete, 50));
    assert_identical(&aws);
}

/// A queue of segment requests, which holds those that are not done, and delivers some twice.
#[derive(Clone, Debug, Default)]
struct Queue {
    waiting: Arc<Mutex<VecDeque<SegmentRequest>>>,
}

#[async_trait]
impl Announce for Queue {
    async fn announce(
        &self,
        request: &SegmentRequest,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        // As it is read from a message.
        let text = serde_json::to_string(request)?;
        self.waiting.lock().unwrap().push_back(serde_json::from_str(&text)?);
        Ok(())
    }
}

impl Queue {
    /// Works until there is nothing to do for a minute. Some calls are cut off after a random time.
    async fn work(
        &self,
        worker: SegmentWorker,
        minutes: u64,
        seed: u64,
        killed: f64,
    ) -> Vec<SegmentResponse> {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut done, mut idle) = (Vec::new(), 0);
        while idle < 60 {
            let Some(request) = self.waiting.lock().unwrap().pop_front() else {
                idle += 1;
                sleep(Duration::from_secs(1)).await;
                continue;
            };
            idle = 0;
            let deadline = Instant::now() + Duration::from_secs(60 * minutes);
            let call = worker.run(&request, Some(deadline));
            let life = if random.f64() < killed { random.u64(1..40_000) } else { 60_000_000 };
            match timeout(Duration::from_millis(life), call).await {
                Ok(Ok(response)) => done.push(response),
                Ok(Err(error)) if error.kind() == ErrorKind::Fenced => {}
                Ok(Err(_)) | Err(_) => {
                    sleep(Duration::from_secs(2)).await;
                    self.waiting.lock().unwrap().push_back(request);
                }
            }
        }
        done
    }
}

#[tokio::test(start_paused = true)]
async fn workers_share_a_clone() {
    let aws = seeded(12_000).await;
    let queue = Queue::default();
    let plain = cloner(&aws).copies_in_flight(50);
    let worker =
        SegmentWorker::new(plain.clone(), journal(&aws)).announce(Arc::new(queue.clone())).keep(1_500);
    let remote = RemoteClone::new(plain, journal(&aws)).announce(Arc::new(queue.clone()));
    let mut most = 0;
    let (response, one, two, three) = tokio::join!(
        remote.run(|progress| most = most.max(progress.done + progress.open)),
        queue.work(worker.clone(), 15, 1, 0.0),
        queue.work(worker.clone(), 15, 2, 0.0),
        queue.work(worker.clone(), 15, 3, 0.0),
    );
    let response = response.unwrap();
    assert_eq!((response.counts.copied, copies(&aws), response.missing.len()), (12_000, 12_000, 0));
    assert_identical(&aws);
    let shares = [one, two, three].map(|done| done.iter().map(|it| it.counts.copied).sum::<u64>());
    assert!(shares.iter().all(|share| *share > 1_500), "{shares:?}");
    assert!(response.segments.count >= 4 && response.segments.values.len() as u64 == response.segments.count);
    assert!(most >= response.segments.count);
}

#[tokio::test(start_paused = true)]
async fn workers_yield_before_their_deadlines() {
    let aws = seeded(12_000).await;
    let queue = Queue::default();
    let plain = cloner(&aws).copies_in_flight(20);
    // A minute of 5 copies a second and slot, so that it takes some.
    let worker = SegmentWorker::new(plain.clone(), journal(&aws)).announce(Arc::new(queue.clone()));
    let remote = RemoteClone::new(plain, journal(&aws)).announce(Arc::new(queue.clone()));
    let (response, done) = tokio::join!(remote.run(|_| {}), queue.work(worker, 1, 1, 0.0));
    assert_eq!(response.unwrap().counts.copied, 12_000);
    assert!(done.len() > 2, "{} calls", done.len());
    assert_eq!(copies(&aws), 12_000);
    assert_identical(&aws);
    assert!(aws.s3().objects("jobs").unwrap().iter().all(|document| document.size < 1 << 20));
}

#[tokio::test(start_paused = true)]
async fn workers_that_die_lose_nothing() {
    for seed in seeds(3) {
        let aws = seeded(5_000).await;
        let queue = Queue::default();
        let plain = cloner(&aws).copies_in_flight(50);
        let worker =
            SegmentWorker::new(plain.clone(), journal(&aws)).announce(Arc::new(queue.clone())).keep(1_000);
        let remote = RemoteClone::new(plain, journal(&aws)).announce(Arc::new(queue.clone()));
        let lost = Fault::new(FaultMode::LostReply, 0.02).service("s3");
        aws.set_faults(Faults::none().with(lost));
        let (response, ..) = tokio::join!(
            remote.run(|_| {}),
            queue.work(worker.clone(), 1, seed, 0.4),
            queue.work(worker.clone(), 1, seed + 100, 0.4),
            queue.work(worker.clone(), 1, seed + 200, 0.0),
        );
        let response = response.unwrap();
        assert_eq!(response.missing, [], "{seed}");
        aws.set_faults(Faults::none());
        assert_identical(&aws);
        let made = copies(&aws);
        assert!(made <= 5_000 * 105 / 100, "{seed}: {made} copies");
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_again_and_again_is_given_up() {
    let aws = seeded(300).await;
    let broken = Fault::new(FaultMode::Error500, 1.0).service("s3").actions(["CopyObject"]);
    aws.set_faults(Faults::none().with(broken));
    let queue = Queue::default();
    let plain = cloner(&aws).attempts(NonZeroU32::MIN);
    let worker = SegmentWorker::new(plain.clone(), journal(&aws)).announce(Arc::new(queue.clone()));
    let remote = RemoteClone::new(plain, journal(&aws)).announce(Arc::new(queue.clone())).attempts(5);
    let mut seen = Vec::new();
    let ended = tokio::select! {
        ended = remote.run(|progress| seen.clone_from(&progress.failures)) => ended,
        _ = queue.work(worker.clone(), 15, 1, 0.0) => panic!("it is never done"),
    };
    let error = ended.unwrap_err();
    let text = error.to_string();
    assert!(error.kind() == ErrorKind::Incomplete && text.contains("InternalError"), "{text}");
    assert!(text.starts_with("1 segments fail again and again, such as ~: "), "{text}");
    assert!(seen.iter().any(|(_, failure)| failure.contains("InternalError")), "{seen:?}");
    // Another call goes on with it when that is mended. Whoever had the segment is gone.
    aws.set_faults(Faults::none());
    let remote = remote.patience(Duration::from_secs(20));
    let (response, _) = tokio::join!(remote.run(|_| {}), queue.work(worker, 15, 1, 0.0));
    assert_eq!(response.unwrap().missing, []);
    assert_identical(&aws);
}

#[tokio::test(start_paused = true)]
async fn a_request_written_by_hand_is_done() {
    let aws = seeded(300).await;
    let text = r#"{"id":"7","source":{"name":"src","prefix":"p00"},"destination":{"name":"dst"}}"#;
    let request: SegmentRequest = serde_json::from_str(text).unwrap();
    let worker = SegmentWorker::new(cloner(&aws), journal(&aws));
    let response = worker.run(&request, None).await.unwrap();
    let expected = aws.s3().objects("src").unwrap().iter().filter(|it| it.key.starts_with("p00")).count();
    let Files::Keys(files) = &response.files else { panic!("{response:?}") };
    assert_eq!((files.len(), aws.s3().objects("dst").unwrap().len()), (expected, expected));
    assert_eq!(documents(&aws).last().unwrap(), "j/7-src-dst/p00-segment-response");
    // Another delivery of the same message does nothing.
    let lists = aws.counters().action("s3", "ListObjectsV2").accepted;
    assert_eq!(worker.run(&request, None).await.unwrap(), response);
    assert_eq!(aws.counters().action("s3", "ListObjectsV2").accepted, lists);
}

#[tokio::test(start_paused = true)]
async fn what_a_worker_cannot_do_is_said() {
    let aws = seeded(10).await;
    let side = |name: &str| Side { name: name.to_owned(), prefix: None };
    let run = async |cloner: Cloner, request: SegmentRequest| {
        SegmentWorker::new(cloner, journal(&aws)).run(&request, None).await.unwrap_err()
    };
    let request = SegmentRequest::new("1", side("src"), side("dst"));
    let error = run(cloner(&aws).delete_extra(1), request.clone()).await;
    assert!(error.kind() == ErrorKind::InvalidInput && error.to_string().contains("delete"), "{error}");
    let error = run(cloner(&aws).versions(), request.clone()).await;
    assert!(error.to_string().contains("workers clone no versions"), "{error}");
    let error = RemoteClone::new(cloner(&aws).versions(), journal(&aws)).run(|_| {}).await.unwrap_err();
    assert!(error.to_string().contains("workers clone no versions"), "{error}");
    let error = cloner(&aws).versions().journal(journal(&aws)).start().unwrap_err();
    assert!(error.to_string().contains("versions cannot be cloned with a journal"), "{error}");
    let mut odd = request.clone();
    (odd.after, odd.until) = (Some("b".to_owned()), Some("a".to_owned()));
    assert!(run(cloner(&aws), odd).await.to_string().contains("no key after"));
    let error = run(cloner(&aws), SegmentRequest::new("1", side("src"), side("nowhere"))).await;
    assert!(error.kind() == ErrorKind::Incomplete && error.to_string().contains("NoSuchBucket"), "{error}");
    let copies = Location::new(client(&aws), "src");
    let twice = run(Cloner::new(copies.clone(), copies), SegmentRequest::new("1", side("src"), side("src")));
    assert!(twice.await.to_string().contains("overlap"));
}

/// The documents say nothing of owners: each worker expects its own.
#[tokio::test(start_paused = true)]
async fn a_worker_expects_the_owners_of_its_own_cloner() {
    let aws = seeded(50).await;
    let side = |name: &str| Side { name: name.to_owned(), prefix: None };
    let request = SegmentRequest::new("7", side("src"), side("dst"));
    let expecting = |owner: &str| {
        let any = |bucket: &str| Location::new(client(&aws), bucket).expected_owner(owner);
        SegmentWorker::new(Cloner::new(any("any"), any("other")), journal(&aws))
    };
    let error = expecting("111122223333").run(&request, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert!(error.to_string().contains("AccessDenied"), "{error}");
    assert_eq!(copies(&aws), 0);
    assert_eq!(expecting("me").run(&request, None).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    let response = expecting("000000000000").run(&request, None).await.unwrap();
    assert_eq!(response.counts.copied, 50);
    for key in documents(&aws).iter().filter(|key| !key.contains("ledger")) {
        assert!(!document(&aws, key).await.to_string().contains("000000000000"), "{key}");
    }
}
