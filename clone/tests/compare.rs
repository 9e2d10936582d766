//! What is copied again, and what is deleted.

#![allow(clippy::unwrap_used, reason = "they are tests")]

mod support;

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart};
use proptest::prelude::*;
use support::{MIB, assert_identical, aws, client, cloner};
use tidegate_clone::{Cloner, Compare, Location, Outcome, Undeleted};
use tidegate_local_aws::{Distribution, Fault, FaultMode, Faults, Latency, LocalAws};

fn put(aws: &LocalAws, bucket: &str, objects: impl IntoIterator<Item = (String, u64, u64)>) {
    for (key, size, content) in objects {
        aws.s3().put_synthetic_content(bucket, &key, size, content).unwrap();
    }
}

fn keys(aws: &LocalAws, bucket: &str) -> Vec<String> {
    aws.s3().objects(bucket).unwrap().into_iter().map(|it| it.key).collect()
}

#[tokio::test(start_paused = true)]
async fn a_second_run_copies_what_changed_and_nothing_else() {
    for compare in [Compare::SizeAndTime, Compare::ETag, Compare::Checksum] {
        let aws = aws(LocalAws::builder()).await;
        put(&aws, "src", (0..5_000).map(|n| (format!("p{}/{n:05}", n % 7), 10 + n % 3, n)));
        let cloner = cloner(&aws).compare(compare.clone());
        assert_eq!(cloner.run().await.unwrap().copied(), 5_000);
        let lists = aws.counters().action("s3", "ListObjectsV2").accepted;
        let again = cloner.run().await.unwrap();
        assert_eq!((again.outcome(), again.copied(), again.unchanged()), (Outcome::Complete, 0, 5_000));
        assert_eq!(again.requests().total(), again.requests().list, "{compare:?} asks for listings only");
        let made = aws.counters().action("s3", "ListObjectsV2").accepted - lists;
        assert!(made <= 2 * 5 + 2 * again.segments() * 3, "{made} listings, {} segments", again.segments());

        tokio::time::advance(Duration::from_secs(5)).await;
        // Other content of the same size, another size, one more; and one fewer, which stays.
        put(&aws, "src", [("p1/00001".into(), 11, 99), ("p2/00002".into(), 99, 2), ("new".into(), 1, 1)]);
        client(&aws).delete_object().bucket("src").key("p3/00003").send().await.unwrap();
        let third = cloner.run().await.unwrap();
        assert_eq!((third.copied(), third.unchanged()), (3, 4_997), "{compare:?}");
        client(&aws).delete_object().bucket("dst").key("p3/00003").send().await.unwrap();
        assert_identical(&aws);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_only() {
    let aws = aws(LocalAws::builder()).await;
    put(&aws, "src", [("a".into(), 1, 1), ("b".into(), 2, 2), ("c".into(), 3, 3)]);
    put(&aws, "dst", [("b".into(), 7, 9)]);
    let report = cloner(&aws).compare(Compare::Missing).run().await.unwrap();
    assert_eq!((report.outcome(), report.copied(), report.unchanged()), (Outcome::Complete, 2, 1));
    assert_eq!(aws.s3().object("dst", "b").unwrap().unwrap().size, 7);
}

#[tokio::test(start_paused = true)]
async fn checksums_tell_when_etags_do_not() {
    let aws = aws(LocalAws::builder()).await;
    let client = client(&aws);
    let algorithm = ChecksumAlgorithm::Crc64Nvme;
    for (key, byte) in [("same", 1), ("other", 2)] {
        let put = client.put_object().bucket("src").key(key).body(vec![byte; 6 << 20].into());
        put.checksum_algorithm(algorithm.clone()).send().await.unwrap();
        // In one part of an upload, so that the ETag is another one.
        let upload = client.create_multipart_upload().bucket("dst").key(key);
        let upload = upload.checksum_algorithm(algorithm.clone()).checksum_type(ChecksumType::FullObject);
        let id = upload.send().await.unwrap().upload_id.unwrap();
        let part = client.upload_part().bucket("dst").key(key).upload_id(&id).part_number(1);
        let part = part.checksum_algorithm(algorithm.clone()).body(vec![1; 6 << 20].into());
        let etag = part.send().await.unwrap().e_tag;
        let part = CompletedPart::builder().part_number(1).set_e_tag(etag).build();
        let parts = CompletedMultipartUpload::builder().parts(part).build();
        let done = client.complete_multipart_upload().bucket("dst").key(key).upload_id(id);
        done.checksum_type(ChecksumType::FullObject).multipart_upload(parts).send().await.unwrap();
    }
    let cloner = cloner(&aws).compare(Compare::Checksum);
    let report = cloner.run().await.unwrap();
    assert_eq!((report.outcome(), report.copied(), report.unchanged()), (Outcome::Complete, 1, 1));
    assert_eq!(report.requests().head, 4);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_changes_meanwhile_is_not_overwritten() {
    let slow = Latency::none().with("s3", ["CopyObject"], Distribution::fixed(Duration::from_millis(100)));
    let aws = aws(LocalAws::builder().latency(slow)).await;
    put(&aws, "src", [("a".into(), 1, 1), ("b".into(), 2, 2)]);
    put(&aws, "dst", [("b".into(), 7, 9)]);
    let cloner = cloner(&aws).compare(Compare::ETag).copies_in_flight(1);
    let mut run = cloner.start().unwrap();
    while run.progress().listed == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    put(&aws, "dst", [("a".into(), 50, 50), ("b".into(), 60, 60)]);
    let report = run.wait().await.unwrap();
    assert_eq!((report.outcome(), report.failed(), report.copied()), (Outcome::Incomplete, 2, 0));
    assert_eq!(report.failures()[0].code, "DestinationChanged");
    assert_eq!(aws.s3().object("dst", "a").unwrap().unwrap().size, 50);
    assert_eq!(cloner.run().await.unwrap().copied(), 2, "the next run compares with what is there now");
}

/// The first attempt made the copy, so that the second finds its own work in the way.
#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_no_changed_destination() {
    for size in [10, 20 * MIB] {
        let lost = Fault::new(FaultMode::LostReply, 0.5)
            .service("s3")
            .actions(["CopyObject", "CompleteMultipartUpload"]);
        let aws = aws(LocalAws::builder().faults(Faults::none().with(lost)).seed(5)).await;
        put(&aws, "src", (0..40).map(|n| (format!("{n}"), size + n, n)));
        put(&aws, "dst", (0..20).map(|n| (format!("{n}"), 5, 100 + n)));
        let cloner = cloner(&aws).multipart_threshold(10 * MIB).part_size(5 * MIB);
        let report = cloner.run().await.unwrap();
        assert_eq!((report.outcome(), report.copied()), (Outcome::Complete, 40), "{:?}", report.failures());
        assert_identical(&aws);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_source_does_not_have_is_deleted_at_the_end() {
    let aws = aws(LocalAws::builder()).await;
    put(&aws, "src", (0..3_000).map(|n| (format!("k{n:05}"), 1, n)));
    let odd = ["\u{1}control".to_owned(), "line\rfeed".to_owned(), "zz/ä&<>".to_owned()];
    put(&aws, "dst", (0..2_500).map(|n| (format!("k{n:05}x"), 1, n)));
    put(&aws, "dst", odd.iter().map(|key| (key.clone(), 1, 1)));
    let report = cloner(&aws).delete_extra(3_000).run().await.unwrap();
    assert_eq!((report.outcome(), report.deleted(), report.extra()), (Outcome::Complete, 2_503, 2_503));
    assert_eq!(report.requests().delete, 3 + 2);
    assert_identical(&aws);
}

/// The first attempt deleted them, so that the second finds nothing.
#[tokio::test(start_paused = true)]
async fn a_lost_reply_to_a_delete_is_no_failure() {
    let lost = Fault::new(FaultMode::LostReply, 0.7).service("s3").actions(["DeleteObjects", "DeleteObject"]);
    let aws = aws(LocalAws::builder().faults(Faults::none().with(lost)).seed(1)).await;
    put(&aws, "dst", (0..20).map(|n| (format!("old{n}"), 1, n)).chain([("\u{1}odd".into(), 1, 1)]));
    let attempts = std::num::NonZeroU32::new(50).unwrap();
    let report = cloner(&aws).attempts(attempts).delete_extra(100).run().await.unwrap();
    assert_eq!((report.outcome(), report.deleted()), (Outcome::Complete, 21), "{:?}", report.failures());
    assert!(report.retries() > 0 && keys(&aws, "dst").is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_that_is_not_proven_to_be_extra() {
    let prepared = || async {
        let aws = aws(LocalAws::builder()).await;
        put(&aws, "src", (0..3_000).map(|n| (format!("k{n:05}"), 1, n)));
        put(&aws, "dst", (0..30).map(|n| (format!("old{n:05}"), 1, n)));
        aws
    };
    let left = |aws: &LocalAws| keys(aws, "dst").iter().filter(|key| key.starts_with("old")).count();

    let aws = prepared().await;
    let report = cloner(&aws).delete_extra(29).run().await.unwrap();
    assert_eq!((report.outcome(), report.copied()), (Outcome::Incomplete, 3_000));
    assert_eq!(
        (report.undeleted(), report.extra(), left(&aws)),
        (Some(Undeleted::TooMany { max: 29 }), 30, 30)
    );

    // A copy fails; a listing of either side fails.
    for actions in ["CopyObject", "ListObjectsV2"] {
        let aws = prepared().await;
        let broken = Fault::new(FaultMode::Error500, 0.3).service("s3").actions([actions]);
        aws.set_faults(Faults::none().with(broken));
        let report = cloner(&aws).attempts(std::num::NonZeroU32::MIN).delete_extra(100).run().await.unwrap();
        assert_eq!((report.undeleted(), left(&aws)), (Some(Undeleted::Incomplete), 30), "{actions}");
        assert_eq!(report.outcome(), Outcome::Incomplete);
    }

    // The filter speaks of both sides.
    let aws = prepared().await;
    let report = cloner(&aws).filter(|key| key.starts_with('k')).delete_extra(100).run().await.unwrap();
    assert_eq!((report.outcome(), report.deleted(), left(&aws)), (Outcome::Complete, 0, 30));

    let aws = prepared().await;
    let mut run = cloner(&aws).delete_extra(100).start().unwrap();
    run.stop();
    let report = run.wait().await.unwrap();
    assert_eq!((report.outcome(), report.deleted(), left(&aws)), (Outcome::Stopped, 0, 30));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_tells_and_does_nothing() {
    let aws = aws(LocalAws::builder()).await;
    put(&aws, "src", (0..1_500).map(|n| (format!("k{n:05}"), 1, n)));
    put(&aws, "dst", (0..10).map(|n| (format!("k{n:05}"), 1, n)).chain([("old".into(), 1, 1)]));
    for compare in [Compare::ETag, Compare::Checksum] {
        let report = cloner(&aws).compare(compare).delete_extra(5).dry_run(true).run().await.unwrap();
        assert_eq!(report.outcome(), Outcome::Complete);
        let counts = (report.not_attempted(), report.unchanged(), report.extra(), report.deleted());
        assert_eq!(counts, (1_490, 10, 1, 0));
        assert_eq!((report.requests().copy, report.requests().delete, keys(&aws, "dst").len()), (0, 0, 11));
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_mapped() {
    let aws = aws(LocalAws::builder()).await;
    put(&aws, "src", (0..20).map(|n| (format!("in/k{n:05}"), 1, n)));
    let client = client(&aws);
    let cloner = Cloner::new(
        Location::new(client.clone(), "src").prefix("in/"),
        Location::new(client, "dst").prefix("out/"),
    )
    .map_key(|key| format!("{}.copy", key.to_uppercase()));
    assert_eq!(cloner.run().await.unwrap().copied(), 20);
    assert_eq!(keys(&aws, "dst")[0], "out/K00000.copy");
    let again = cloner.clone().compare(Compare::ETag).run().await.unwrap();
    assert_eq!((again.outcome(), again.copied(), again.unchanged()), (Outcome::Complete, 0, 20));
    assert_eq!(again.requests().head, 20);
    assert!(cloner.verify().await.unwrap_err().to_string().contains("mapped keys"));
    assert!(cloner.delete_extra(1).start().unwrap_err().to_string().contains("mapped"));
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_cannot_be_listed_leaves_it_unknown_what_is_there() {
    let aws = aws(LocalAws::builder()).await;
    put(&aws, "src", (0..100).map(|n| (format!("k{n:05}"), 1, n)));
    let client = client(&aws);
    let cloner =
        Cloner::new(Location::new(client.clone(), "src"), Location::new(client, "nowhere")).delete_extra(1);
    let report = cloner.run().await.unwrap();
    assert_eq!((report.outcome(), report.unknown(), report.copied()), (Outcome::Incomplete, 100, 0));
    assert_eq!((report.failures()[0].code.as_str(), report.failures()[0].count), ("NoSuchBucket", 100));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever both sides hold, and whatever fails on the way: the destination has what the source has; what else it
    /// had is there, unless it was to be deleted and all was seen.
    #[test]
    fn the_destination_equals_the_source(
        source in prop::collection::btree_map("[a-c/]{1,4}", (0_u64..3, 0_u64..2), 0..60),
        destination in prop::collection::btree_map("[a-d/]{1,4}", (0_u64..3, 0_u64..2), 0..60),
        deletes in any::<bool>(),
        faults in 0_u8..3,
        seed in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let aws = aws(LocalAws::builder().seed(seed)).await;
            let fill = |bucket: &str, side: &BTreeMap<String, (u64, u64)>| {
                put(&aws, bucket, side.iter().map(|(key, (size, content))| (key.clone(), *size, *content)));
            };
            fill("src", &source);
            fill("dst", &destination);
            let mode = [FaultMode::Error500, FaultMode::LostReply, FaultMode::SlowBody][usize::from(faults)];
            aws.set_faults(support::fault(mode, 0.2));
            let cloner = cloner(&aws).compare(Compare::ETag);
            let cloner = if deletes { cloner.delete_extra(1_000) } else { cloner };
            let report = cloner.run().await.unwrap();
            let now: BTreeMap<_, _> =
                aws.s3().objects("dst").unwrap().into_iter().map(|it| (it.key, (it.size, it.digest))).collect();
            let wanted: BTreeMap<_, _> =
                aws.s3().objects("src").unwrap().into_iter().map(|it| (it.key, (it.size, it.digest))).collect();
            let extra = destination.keys().filter(|key| !source.contains_key(*key)).count();
            assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
            for (key, object) in &wanted {
                assert_eq!(now.get(key), Some(object), "{key}");
            }
            assert_eq!(now.len() - wanted.len(), if deletes { 0 } else { extra });
            assert_eq!(report.deleted(), if deletes { extra as u64 } else { 0 });
        });
    }
}
