//! What is cloned is whole, and the report says what is not.

#![allow(clippy::unwrap_used, reason = "they are tests")]

mod support;

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use support::{MIB, assert_complete, assert_identical, aws, client, cloner, fault};
use tidegate_clone::{Cloner, Compare, Difference, ErrorKind, Location, Outcome};
use tidegate_local_aws::{Distribution, Fault, FaultMode, Faults, Latency, Limits, LocalAws};
use tidegate_throttle::{Call, Permit, Refused, Throttle};

fn seed(aws: &LocalAws, objects: u64) {
    aws.s3().seed("src", (0..objects).map(|n| (format!("p{:03}/k{n:06}", n % 195), n % 7000))).unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_empty_bucket_is_cloned() {
    let aws = aws(LocalAws::builder()).await;
    assert_complete(&cloner(&aws).run().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_large_bucket_is_listed_in_segments() {
    let aws = aws(LocalAws::builder()).await;
    seed(&aws, 6_000);
    let report = cloner(&aws).run().await.unwrap();
    assert_complete(&report, 6_000);
    assert_identical(&aws);
    assert!(report.segments() > 1);
    assert_eq!(report.requests().copy, 6_000);
    assert_eq!(report.requests().list, aws.counters().action("s3", "ListObjectsV2").accepted);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_when_one_request_in_a_hundred_fails() {
    use FaultMode::{Drop, Error500, Error503, ErrorIn200, LostReply, SlowBody};
    for mode in [Drop, Error500, Error503, ErrorIn200, LostReply, SlowBody] {
        let aws = aws(LocalAws::builder().faults(fault(mode, 0.01))).await;
        seed(&aws, 1_200);
        for n in 0..3 {
            aws.s3().put_synthetic("src", &format!("large/{n}"), 60 * MIB + n).unwrap();
        }
        let cloner = cloner(&aws).multipart_threshold(10 * MIB).part_size(5 * MIB);
        let report = cloner.run().await.unwrap();
        assert_complete(&report, 1_203);
        assert_identical(&aws);
        let open = aws.s3().open_uploads("dst").unwrap();
        assert!(open.len() <= report.orphans().len(), "{mode:?}: {open:?} {:?}", report.orphans());
        aws.set_faults(Faults::none());
        assert!(cloner.verify().await.unwrap().is_whole());
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_to_the_completion_is_found_out() {
    let lost = Fault::new(FaultMode::LostReply, 1.0).service("s3").actions(["CompleteMultipartUpload"]);
    let aws = aws(LocalAws::builder().faults(Faults::none().with(lost))).await;
    aws.s3().put_synthetic("src", "large", 20 * MIB).unwrap();
    let report = cloner(&aws).multipart_threshold(10 * MIB).part_size(5 * MIB).run().await.unwrap();
    assert_complete(&report, 1);
    assert_identical(&aws);
    assert_eq!(report.orphans(), []);
}

/// An old object of the same size and with as many parts must not pass for the one that was not completed.
#[tokio::test(start_paused = true)]
async fn a_completion_that_fails_is_no_success() {
    let aws = aws(LocalAws::builder()).await;
    let cloner = cloner(&aws).multipart_threshold(10 * MIB).part_size(5 * MIB);
    aws.s3().put_synthetic_content("src", "large", 20 * MIB, 1).unwrap();
    assert_complete(&cloner.run().await.unwrap(), 1);
    aws.s3().put_synthetic_content("src", "large", 20 * MIB, 2).unwrap();
    let failing = Fault::new(FaultMode::Error500, 1.0).service("s3").actions(["CompleteMultipartUpload"]);
    aws.set_faults(Faults::none().with(failing));
    let report = cloner.run().await.unwrap();
    assert_eq!((report.outcome(), report.failed()), (Outcome::Incomplete, 1));
    assert!(aws.s3().open_uploads("dst").unwrap().is_empty());
    assert_eq!(report.orphans(), []);
}

#[tokio::test(start_paused = true)]
async fn a_large_object_keeps_what_belongs_to_it() {
    let aws = aws(LocalAws::builder()).await;
    let client = client(&aws);
    let tagging = (0..10).map(|n| format!("tag%20{n}={}", "v".repeat(250))).collect::<Vec<_>>().join("&");
    for (key, tags) in [("few", "a%2Fb=c%26d".to_owned()), ("many", tagging), ("none", String::new())] {
        let upload = client
            .put_object()
            .bucket("src")
            .key(key)
            .metadata("owner", "me")
            .content_type("text/x-odd")
            .cache_control("no-cache")
            .content_encoding("identity")
            .content_language("de")
            .content_disposition("inline")
            .storage_class(aws_sdk_s3::types::StorageClass::StandardIa)
            .body(vec![7; 11 << 20].into());
        let upload = if tags.is_empty() { upload } else { upload.tagging(tags) };
        upload.send().await.unwrap();
    }
    let whole = cloner(&aws);
    assert_complete(&whole.run().await.unwrap(), 3);
    assert_identical(&aws);
    let parts = cloner(&aws).compare(Compare::Always).multipart_threshold(5 * MIB).part_size(5 * MIB);
    let report = parts.run().await.unwrap();
    assert_complete(&report, 3);
    assert_identical(&aws);
    assert_eq!(report.requests().part_copy, 9);
    assert_eq!(aws.s3().object("dst", "few").unwrap().unwrap().parts, [5 * MIB, 5 * MIB, MIB]);
}

#[tokio::test(start_paused = true)]
async fn sizes_around_the_thresholds_are_copied() {
    const GIB: u64 = 1 << 30;
    let aws = aws(LocalAws::builder()).await;
    for size in [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 5 * GIB - 1, 5 * GIB, 5 * GIB + 1, 60 * GIB] {
        aws.s3().put_synthetic("src", &format!("{size:020}"), size).unwrap();
    }
    let report = cloner(&aws).run().await.unwrap();
    assert_complete(&report, 9);
    assert_identical(&aws);
    assert_eq!(report.requests().copy, 7);
    assert_eq!(report.requests().part_copy, 21 + 240);
    assert_eq!(report.bytes_copied(), report.bytes_listed());
}

#[tokio::test(start_paused = true)]
async fn throttles_cost_nothing_but_time() {
    let aws = aws(LocalAws::builder().limits(Limits::single("s3", "CopyObject", 200, 50))).await;
    seed(&aws, 1_000);
    let report = cloner(&aws).attempts(NonZeroU32::MIN).run().await.unwrap();
    assert_complete(&report, 1_000);
    let counted = aws.counters().action("s3", "CopyObject");
    assert_eq!(report.throttled(), counted.throttled);
    assert_eq!(report.requests().copy, counted.throttled + counted.accepted);
}

/// Admits a thousand calls a second, one after the other, and remembers them.
#[derive(Debug, Default)]
struct Foreign {
    calls: AtomicU64,
    copies: AtomicU64,
}

#[async_trait]
impl Throttle for Foreign {
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused> {
        self.calls.fetch_add(1, Relaxed);
        assert_eq!(call.service_name(), "s3");
        if call.operation_name() == "CopyObject" {
            assert_eq!(call.resource_name(), "dst");
            let turn = self.copies.fetch_add(1, Relaxed);
            tokio::time::sleep(Duration::from_millis(turn)).await;
        }
        Ok(Permit::unlimited())
    }
}

#[tokio::test(start_paused = true)]
async fn any_throttle_admits_every_request_once() {
    let aws = aws(LocalAws::builder()).await;
    seed(&aws, 500);
    aws.s3().put_synthetic("src", "large", 20 * MIB).unwrap();
    let throttle = Arc::new(Foreign::default());
    let cloner =
        cloner(&aws).multipart_threshold(10 * MIB).part_size(5 * MIB).throttle(Arc::clone(&throttle) as _);
    let report = cloner.run().await.unwrap();
    assert_complete(&report, 501);
    assert_eq!(throttle.calls.load(Relaxed), report.requests().total());
    let served: u64 = aws.counters().iter().map(|(_, _, it)| it.accepted).sum();
    assert_eq!(served, report.requests().total());
}

#[derive(Debug)]
struct Refuses;

#[async_trait]
impl Throttle for Refuses {
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused> {
        if call.operation_name() == "CopyObject" { Err(Refused::new("no")) } else { Ok(Permit::unlimited()) }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_reported() {
    let aws = aws(LocalAws::builder()).await;
    seed(&aws, 5);
    let report = cloner(&aws).throttle(Arc::new(Refuses)).run().await.unwrap();
    assert_eq!((report.outcome(), report.failed(), report.requests().copy), (Outcome::Incomplete, 5, 0));
    assert_eq!(report.failures()[0].code, "Refused");
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_fails_is_no_empty_bucket() {
    let broken = Fault::new(FaultMode::Error500, 0.7).service("s3").actions(["ListObjectsV2"]);
    let aws = aws(LocalAws::builder().faults(Faults::none().with(broken)).seed(3)).await;
    seed(&aws, 6_000);
    let cloner = cloner(&aws).compare(Compare::Always).attempts(NonZeroU32::new(2).unwrap());
    let report = cloner.run().await.unwrap();
    assert_eq!(report.outcome(), Outcome::Incomplete);
    assert_eq!(report.listed(), report.copied());
    assert!(!report.unlisted().is_empty());
    let copied: Vec<_> = aws.s3().objects("dst").unwrap().into_iter().map(|it| it.key).collect();
    assert_eq!(copied.len() as u64, report.copied());
    // What is missing lies in the ranges that the report names, and nothing else does.
    for object in aws.s3().objects("src").unwrap() {
        let key = tidegate_clone::Key::new(object.key.clone()).unwrap();
        let unlisted = report.unlisted().iter().any(|it| it.range.contains(&key));
        assert_eq!(unlisted, copied.binary_search(&object.key).is_err(), "{key}");
    }
    aws.set_faults(fault(FaultMode::Error500, 1.0));
    assert_eq!(cloner.verify().await.unwrap_err().kind(), ErrorKind::Listing);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_not_there_is_an_incomplete_clone() {
    let aws = aws(LocalAws::builder()).await;
    seed(&aws, 3);
    let client = client(&aws);
    let none = |from, to| Cloner::new(Location::new(client.clone(), from), Location::new(client.clone(), to));
    let report = none("nothing", "dst").run().await.unwrap();
    assert_eq!((report.outcome(), report.unlisted()[0].code.as_str()), (Outcome::Incomplete, "NoSuchBucket"));
    let report = none("src", "nothing").run().await.unwrap();
    assert_eq!((report.outcome(), report.unknown(), report.vanished()), (Outcome::Incomplete, 3, 0));
    assert_eq!(report.failures()[0].code, "NoSuchBucket");
    let report = none("src", "nothing").compare(Compare::Always).run().await.unwrap();
    assert_eq!((report.outcome(), report.failed(), report.vanished()), (Outcome::Incomplete, 3, 0));
    assert_eq!(report.failures()[0].code, "NoSuchBucket");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_changes_is_told_from_one_that_fails() {
    let slow = Latency::none().with(
        "s3",
        ["CopyObject", "HeadObject"],
        Distribution::fixed(Duration::from_millis(100)),
    );
    let aws = aws(LocalAws::builder().latency(slow)).await;
    for n in 0..10 {
        aws.s3().put_synthetic("src", &format!("{n}"), 11 * MIB).unwrap();
        aws.s3().put_synthetic("src", &format!("small{n}"), 11).unwrap();
    }
    let cloner = cloner(&aws).copies_in_flight(1).multipart_threshold(10 * MIB).part_size(5 * MIB);
    let mut run = cloner.start().unwrap();
    while run.progress().listed == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let client = client(&aws);
    for key in ["8", "small8"] {
        aws.s3().put_synthetic_content("src", key, 12, 99).unwrap();
    }
    for key in ["9", "small9"] {
        client.delete_object().bucket("src").key(key).send().await.unwrap();
    }
    let report = run.wait().await.unwrap();
    assert_eq!((report.copied(), report.changed(), report.vanished(), report.failed()), (16, 2, 2, 0));
    assert_eq!(report.outcome(), Outcome::Incomplete);
    let codes: Vec<_> = report.failures().iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["SourceChanged", "SourceVanished"]);
    assert_eq!(aws.s3().open_uploads("dst").unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_clone_accounts_for_everything() {
    for after in [5, 40, 90, 130, 260, 1_000] {
        let slow = Latency::none().with("s3", ["*"], Distribution::fixed(Duration::from_millis(60)));
        let aws =
            aws(LocalAws::builder().latency(slow).limits(Limits::single("s3", "CopyObject", 1_000, 100)))
                .await;
        seed(&aws, 4_000);
        for n in 0..5 {
            aws.s3().put_synthetic("src", &format!("a-large/{n}"), 500 * MIB).unwrap();
        }
        let mut run = cloner(&aws).multipart_threshold(10 * MIB).part_size(5 * MIB).start().unwrap();
        let monitor = run.monitor();
        tokio::time::sleep(Duration::from_millis(after)).await;
        let stopped = tokio::time::Instant::now();
        monitor.stop();
        let report = run.wait().await.unwrap();
        assert!(stopped.elapsed() < Duration::from_secs(1), "{after}: {:?}", stopped.elapsed());
        assert_eq!(report.outcome(), Outcome::Stopped);
        assert_eq!(report.listed(), report.copied() + report.not_attempted(), "{report:?}");
        assert_eq!(aws.s3().len("dst").unwrap() as u64, report.copied());
        assert_eq!(aws.s3().open_uploads("dst").unwrap(), []);
        assert_eq!(run.wait().await.unwrap().copied(), report.copied());
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_cannot_be_aborted_is_reported() {
    let broken = |action| Fault::new(FaultMode::Error500, 1.0).service("s3").actions([action]);
    let faults = Faults::none().with(broken("AbortMultipartUpload")).with(broken("UploadPartCopy"));
    let aws = aws(LocalAws::builder().faults(faults)).await;
    aws.s3().put_synthetic("src", "large", 20 * MIB).unwrap();
    let report = cloner(&aws).multipart_threshold(10 * MIB).part_size(5 * MIB).run().await.unwrap();
    let open = aws.s3().open_uploads("dst").unwrap();
    assert_eq!((open.len(), report.orphans().len(), report.failed()), (1, 1, 1));
    let orphan = &report.orphans()[0];
    assert_eq!((orphan.key.as_str(), orphan.upload_id.as_deref()), ("large", Some(open[0].1.as_str())));
}

#[tokio::test(start_paused = true)]
async fn differences_are_found() {
    let aws = aws(LocalAws::builder()).await;
    seed(&aws, 2_500);
    let cloner = cloner(&aws);
    assert_complete(&cloner.run().await.unwrap(), 2_500);
    aws.s3().put_synthetic("src", "missing", 5).unwrap();
    aws.s3().put_synthetic("dst", "extra", 5).unwrap();
    aws.s3().put_synthetic("dst", "p001/k000001", 999).unwrap();
    aws.s3().put_synthetic_content("dst", "p002/k000002", 2, 99).unwrap();
    let verified = cloner.verify().await.unwrap();
    assert_eq!((verified.same(), verified.different(), verified.extra()), (2_498, 3, 1));
    let key = |key| tidegate_clone::Key::new(key).unwrap();
    assert_eq!(
        verified.differences(),
        [
            Difference::Extra(key("extra")),
            Difference::Missing(key("missing")),
            Difference::Size { key: key("p001/k000001"), source: 1, destination: 999 },
            Difference::Content(key("p002/k000002")),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_work_is_refused() {
    let aws = aws(LocalAws::builder()).await;
    let client = client(&aws);
    let at = |bucket: &str, prefix: &str| Location::new(client.clone(), bucket).prefix(prefix);
    let good = || cloner(&aws);
    for (cloner, names) in [
        (Cloner::new(at("", ""), at("dst", "")), "source bucket"),
        (Cloner::new(at("src", ""), at("", "")), "destination bucket"),
        (Cloner::new(at("src", ""), at("src", "")), "overlap"),
        (Cloner::new(at("src", "a/"), at("src", "a/b/")), "overlap"),
        (Cloner::new(at("src", "a/b"), at("src", "a/")), "overlap"),
        (Cloner::new(at("src", &"x".repeat(1025)), at("dst", "")), "1024 bytes"),
        (good().part_size(5 * MIB - 1), "part size"),
        (good().part_size((5 << 30) + 1), "part size"),
        (good().multipart_threshold((5 << 30) + 1), "threshold"),
        (good().copies_in_flight(0), "copies"),
        (good().listings_in_flight(0), "listings"),
    ] {
        let error = cloner.start().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(names), "{error}");
        assert_eq!(cloner.verify().await.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert!(Cloner::new(at("src", "a/"), at("src", "b/")).start().is_ok());
}

/// Panics at the third copy, and admits everything else.
#[derive(Debug, Default)]
struct Panicking(std::sync::atomic::AtomicU32);

#[async_trait]
impl Throttle for Panicking {
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused> {
        let copy = call.operation_name() == "CopyObject";
        assert!(!copy || self.0.fetch_add(1, Relaxed) != 2, "on purpose");
        Ok(Permit::unlimited())
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_panics_takes_no_other_with_it() {
    let aws = aws(LocalAws::builder()).await;
    aws.s3().seed("src", (0..10).map(|n| (format!("{n}"), 5))).unwrap();
    let report = cloner(&aws).throttle(Arc::new(Panicking::default())).run().await.unwrap();
    assert_eq!((report.copied(), report.failed()), (9, 1));
    assert_eq!(report.failures()[0].code, "Panic");
}
