//! All versions are cloned, in order, and none twice.

#![allow(clippy::unwrap_used, reason = "they are tests")]

mod support;

use std::{num::NonZeroU32, time::Duration};

use aws_sdk_s3::{Client, types::StorageClass};
use proptest::prelude::*;
use support::{MIB, client, cloner, fault};
use tidegate_clone::{Cloner, Compare, ErrorKind, Location, Outcome, Preserve, Report};
use tidegate_local_aws::{Distribution, Fault, FaultMode, Faults, Latency, LocalAws};
use tokio::time::{advance, sleep};

/// Two buckets that keep versions.
async fn aws() -> LocalAws {
    let aws = support::aws(LocalAws::builder()).await;
    aws.s3().set_versioning("src", true).unwrap();
    aws.s3().set_versioning("dst", true).unwrap();
    aws
}

fn versions(aws: &LocalAws) -> Cloner {
    cloner(aws).versions()
}

async fn delete(s3: &Client, bucket: &str, key: &str) {
    s3.delete_object().bucket(bucket).key(key).send().await.unwrap();
}

/// A version without what no copy can have: its id and its time.
type Plain = (String, bool, Option<(u64, String, &'static str)>);

fn history(aws: &LocalAws, bucket: &str) -> Vec<Plain> {
    let plain = |view: tidegate_local_aws::VersionView| {
        let object = view.object.map(|it| (it.size, it.digest.to_string(), it.storage_class));
        (view.key, view.is_latest, object)
    };
    aws.s3().versions(bucket).unwrap().into_iter().map(plain).collect()
}

/// The destination has the source's history, and the report says so.
fn assert_same(aws: &LocalAws, report: &Report) {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    assert!(report.unlisted().is_empty() && report.failures().is_empty());
    let source = history(aws, "src");
    assert_eq!(source, history(aws, "dst"));
    assert_eq!(report.listed(), source.len() as u64);
}

/// What somebody does to the source.
#[derive(Clone, Debug)]
enum Step {
    Put(u8, u8),
    Delete(u8),
    /// A version for good.
    Remove(u8),
    Versioning(bool),
    Wait,
}

impl Step {
    /// Whether histories only grow by it.
    fn appends(&self) -> bool {
        !matches!(self, Self::Remove(_) | Self::Versioning(_))
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_u8..5, 0_u8..3).prop_map(|(key, content)| Step::Put(key, content)),
        4 => (0_u8..5).prop_map(Step::Delete),
        2 => any::<u8>().prop_map(Step::Remove),
        1 => any::<bool>().prop_map(Step::Versioning),
        2 => Just(Step::Wait),
    ]
}

const KEYS: [&str; 5] = ["a", "a/\u{1}", "a+b", "b%2B?versionId=1", "é"];

async fn take(aws: &LocalAws, steps: &[Step]) {
    let s3 = client(aws);
    for step in steps {
        match step {
            Step::Put(key, content) => {
                aws.s3().put("src", KEYS[usize::from(*key)], vec![b'x'; usize::from(*content)]).unwrap();
            }
            Step::Delete(key) => delete(&s3, "src", KEYS[usize::from(*key)]).await,
            Step::Remove(which) => {
                let all = aws.s3().versions("src").unwrap();
                if let Some(it) = all.get(usize::from(*which) % all.len().max(1)) {
                    let remove = s3.delete_object().bucket("src").key(&it.key).version_id(&it.version_id);
                    remove.send().await.unwrap();
                }
            }
            Step::Versioning(enabled) => aws.s3().set_versioning("src", *enabled).unwrap(),
            Step::Wait => advance(Duration::from_secs(1)).await,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever was done to the source, with null versions and without, and whatever replies are lost.
    #[test]
    fn histories_are_cloned_and_gone_on_with(
        is_versioned in any::<bool>(),
        before in prop::collection::vec(step(), 0..40),
        after in prop::collection::vec(step(), 0..20),
        faults in prop::sample::select(vec![
            None,
            Some(FaultMode::LostReply),
            Some(FaultMode::Error500),
            Some(FaultMode::Drop),
            Some(FaultMode::ErrorIn200),
            Some(FaultMode::SlowBody),
        ]),
        seed in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let aws = support::aws(LocalAws::builder().seed(seed)).await;
            aws.s3().set_versioning("dst", true).unwrap();
            if is_versioned {
                aws.s3().set_versioning("src", true).unwrap();
            }
            take(&aws, &before).await;
            aws.set_faults(faults.map_or_else(Faults::none, |mode| fault(mode, 0.3)));
            let cloner = versions(&aws).attempts(NonZeroU32::new(40).unwrap());
            let report = cloner.run().await.unwrap();
            assert_same(&aws, &report);
            assert_eq!(report.copied(), report.listed());
            let markers = history(&aws, "dst").iter().filter(|it| it.2.is_none()).count();
            assert_eq!(report.delete_markers(), markers as u64);
            let again = cloner.run().await.unwrap();
            assert_same(&aws, &again);
            assert_eq!((again.copied(), again.requests().copy, again.requests().delete), (0, 0, 0));

            aws.set_faults(Faults::none());
            aws.s3().set_versioning("src", true).unwrap();
            let after: Vec<_> = after.into_iter().filter(Step::appends).collect();
            let had = history(&aws, "src").len();
            take(&aws, &after).await;
            let more = cloner.run().await.unwrap();
            assert_same(&aws, &more);
            assert_eq!((more.unchanged(), more.copied()), (had as u64, more.listed() - had as u64));
        });
    }
}

#[tokio::test(start_paused = true)]
async fn many_keys_and_long_histories_are_listed_whole() {
    let aws = aws().await;
    for n in 0..3_000 {
        aws.s3().put_synthetic_content("src", &format!("p{:02}/k{n:05}", n % 37), 7, 1).unwrap();
    }
    // One history is longer than two pages, and ends with a marker.
    for n in 0..2_300 {
        aws.s3().put_synthetic_content("src", "p05/long", 9, n % 3).unwrap();
    }
    delete(&client(&aws), "src", "p05/long").await;
    for n in 0..1_000 {
        aws.s3().put_synthetic_content("src", &format!("p{:02}/k{n:05}", n % 37), 8, 2).unwrap();
    }
    let report = versions(&aws).run().await.unwrap();
    assert_same(&aws, &report);
    assert_eq!((report.copied(), report.delete_markers()), (6_301, 1));
    assert_eq!((report.requests().copy, report.requests().delete, report.requests().head), (6_300, 1, 1));
    assert!(report.segments() > 1);
    let again = versions(&aws).run().await.unwrap();
    assert_same(&aws, &again);
    assert_eq!((again.unchanged(), again.requests().copy), (6_301, 0));
    // A page of 1,000 for either side, and what ends in the middle of a history once more.
    assert!(again.requests().list < 60, "{:?}", again.requests());
}

#[tokio::test(start_paused = true)]
async fn prefixes_filters_parts_and_properties_are_as_ever() {
    let aws = aws().await;
    let s3 = client(&aws);
    for (size, class) in
        [(6 * MIB, StorageClass::StandardIa), (3, StorageClass::Standard), (7 * MIB, StorageClass::Standard)]
    {
        let put = s3.put_object().bucket("src").key("in/a").tagging("a=b").metadata("n", size.to_string());
        let body = vec![7; usize::try_from(size).unwrap()];
        put.storage_class(class)
            .acl("bucket-owner-full-control".into())
            .body(body.into())
            .send()
            .await
            .unwrap();
    }
    delete(&s3, "src", "in/left").await;
    aws.s3().put("src", "inside", "").unwrap();
    aws.s3().put("dst", "to/extra", "").unwrap();
    let cloner = Cloner::new(
        Location::new(s3.clone(), "src").prefix("in/"),
        Location::new(s3.clone(), "dst").prefix("to/"),
    );
    let cloner =
        cloner.versions().filter(|key| key != "left").multipart_threshold(5 * MIB).part_size(5 * MIB);
    let report = cloner.preserve(Preserve::default().acl().kms()).run().await.unwrap();
    assert_eq!((report.outcome(), report.listed(), report.left_out()), (Outcome::Complete, 3, 1));
    assert_eq!((report.requests().part_copy, report.requests().copy), (4, 1));
    let held: Vec<_> = aws.s3().versions("dst").unwrap().into_iter().filter(|it| it.key == "to/a").collect();
    let source: Vec<_> =
        aws.s3().versions("src").unwrap().into_iter().filter(|it| it.key == "in/a").collect();
    assert_eq!(held.len(), 3);
    for (held, source) in held.into_iter().zip(source) {
        let (held, source) = (held.object.unwrap(), source.object.unwrap());
        assert_eq!((held.digest, held.storage_class), (source.digest, source.storage_class));
        assert_eq!((held.metadata, held.tags), (source.metadata, source.tags));
    }
    assert_eq!(aws.s3().len("dst").unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn another_history_is_not_touched() {
    let aws = aws().await;
    for key in ["a", "b", "c"] {
        aws.s3().put("src", key, "one").unwrap();
        aws.s3().put("src", key, "three").unwrap();
    }
    aws.s3().put("dst", "a", "other").unwrap();
    delete(&client(&aws), "dst", "b").await;
    let before: Vec<_> = history(&aws, "dst");
    let dry = versions(&aws).dry_run(true).run().await.unwrap();
    assert_eq!((dry.failed(), dry.not_attempted(), dry.requests().copy), (2, 4, 0));
    let report = versions(&aws).run().await.unwrap();
    assert_eq!((report.outcome(), report.copied(), report.failed()), (Outcome::Incomplete, 2, 2));
    assert_eq!((report.not_attempted(), report.failures()[0].code.as_str()), (2, "DestinationDiffers"));
    assert_eq!(history(&aws, "dst")[..2], before, "only c is new");
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_keeps_no_versions_is_refused() {
    for suspended in [false, true] {
        let aws = support::aws(LocalAws::builder()).await;
        aws.s3().put("src", "a", "").unwrap();
        if suspended {
            aws.s3().set_versioning("dst", false).unwrap();
        }
        let error = versions(&aws).run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("the destination bucket dst keeps no versions"), "{error}");
        assert_eq!(aws.s3().len("dst").unwrap(), 0);
    }
    let aws = aws().await;
    let none = Cloner::new(Location::new(client(&aws), "src"), Location::new(client(&aws), "none"));
    assert_eq!(none.versions().run().await.unwrap_err().kind(), ErrorKind::Versioning);
}

#[tokio::test(start_paused = true)]
async fn options_that_make_no_sense_are_refused() {
    let aws = aws().await;
    for (cloner, with) in [
        (versions(&aws).delete_extra(1), "deletes"),
        (versions(&aws).map_key(ToOwned::to_owned), "mapped keys"),
        (versions(&aws).compare(Compare::Missing), "another comparison"),
    ] {
        let error = cloner.start().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(&format!("versions cannot be cloned with {with}")), "{error}");
    }
}

/// What happens to the source between its listing and the copies of it.
#[tokio::test(start_paused = true)]
async fn a_source_that_changes_is_said() {
    let slow = Latency::none().with("s3", ["CopyObject"], Distribution::fixed(Duration::from_millis(100)));
    let aws = support::aws(LocalAws::builder().latency(slow)).await;
    aws.s3().set_versioning("dst", true).unwrap();
    aws.s3().put("src", "null", "first").unwrap();
    aws.s3().set_versioning("src", true).unwrap();
    for content in ["1", "22", "333"] {
        aws.s3().put("src", "gone", content).unwrap();
        aws.s3().put("src", "grows", content).unwrap();
    }
    aws.s3().put("src", "null", "second").unwrap();
    let second = aws.s3().versions("src").unwrap().into_iter().filter(|it| it.key == "gone").nth(1).unwrap();
    let mut run = versions(&aws).start().unwrap();
    sleep(Duration::from_millis(50)).await;
    // One version is removed for good, one is written over, one is new.
    let s3 = client(&aws);
    s3.delete_object().bucket("src").key("gone").version_id(second.version_id).send().await.unwrap();
    aws.s3().set_versioning("src", false).unwrap();
    aws.s3().put("src", "null", "anew").unwrap();
    aws.s3().set_versioning("src", true).unwrap();
    aws.s3().put("src", "grows", "4444").unwrap();
    let report = run.wait().await.unwrap();
    assert_eq!((report.vanished(), report.changed() + report.failed()), (1, 1), "{report:#?}");
    assert_eq!(report.outcome(), Outcome::Incomplete);
    let again = versions(&aws).run().await.unwrap();
    let of = |bucket: &str, key: &str| -> Vec<_> {
        history(&aws, bucket).into_iter().filter(|it| it.0 == key).collect()
    };
    for key in ["gone", "grows"] {
        assert_eq!(of("src", key), of("dst", key), "{again:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clone_that_was_stopped_is_gone_on_with() {
    let slow = Latency::none().with(
        "s3",
        ["CopyObject", "DeleteObject"],
        Distribution::fixed(Duration::from_millis(100)),
    );
    let aws = support::aws(LocalAws::builder().latency(slow)).await;
    aws.s3().set_versioning("src", true).unwrap();
    aws.s3().set_versioning("dst", true).unwrap();
    for n in 0..400_u64 {
        aws.s3().put_synthetic_content("src", &format!("k{:02}", n % 20), n, n).unwrap();
    }
    let cloner = versions(&aws).copies_in_flight(8);
    let mut run = cloner.start().unwrap();
    sleep(Duration::from_millis(750)).await;
    run.stop();
    let report = run.wait().await.unwrap();
    assert_eq!(report.outcome(), Outcome::Stopped);
    assert!(report.copied() > 8 && report.copied() < 400, "{report:#?}");
    assert_eq!(report.copied() + report.not_attempted(), report.listed());
    // And one that was killed.
    let run = cloner.start().unwrap();
    sleep(Duration::from_millis(750)).await;
    drop(run);
    sleep(Duration::from_secs(1)).await;
    assert_same(&aws, &cloner.run().await.unwrap());
}

/// Somebody else writes to the destination between two versions: what comes above is not taken for a copy.
#[tokio::test(start_paused = true)]
async fn whoever_comes_between_is_noticed() {
    let slow = Latency::none().with("s3", ["CopyObject"], Distribution::fixed(Duration::from_millis(100)));
    let aws = support::aws(LocalAws::builder().latency(slow)).await;
    aws.s3().set_versioning("src", true).unwrap();
    aws.s3().set_versioning("dst", true).unwrap();
    for content in ["1", "22", "333"] {
        aws.s3().put("src", "k", content).unwrap();
    }
    let mut run = versions(&aws).start().unwrap();
    sleep(Duration::from_millis(150)).await;
    aws.s3().put("dst", "k", "between").unwrap();
    let report = run.wait().await.unwrap();
    assert_eq!(
        (report.failed(), report.failures()[0].code.as_str()),
        (1, "DestinationDiffers"),
        "{report:#?}"
    );
    assert_eq!(aws.s3().object("dst", "k").unwrap().unwrap().size, 7);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_listed_is_said() {
    let broken = Fault::new(FaultMode::Error500, 1.0).service("s3").actions(["ListObjectVersions"]);
    let aws = aws().await;
    aws.s3().put("src", "a", "").unwrap();
    aws.set_faults(Faults::none().with(broken));
    let report = versions(&aws).attempts(NonZeroU32::new(2).unwrap()).run().await.unwrap();
    assert_eq!((report.outcome(), report.unlisted().len()), (Outcome::Incomplete, 1));
}

/// Large versions are made by uploads, whose completions are the same however often they are sent.
#[tokio::test(start_paused = true)]
async fn versions_in_parts_survive_lost_replies() {
    for seed in 0..20 {
        let aws = support::aws(LocalAws::builder().seed(seed)).await;
        aws.s3().set_versioning("src", true).unwrap();
        aws.s3().set_versioning("dst", true).unwrap();
        for (size, content) in [(20, 1), (20, 1), (1, 2), (12, 3), (20, 1), (20, 1)] {
            aws.s3().put_synthetic_content("src", "k", size * MIB, content).unwrap();
            if content == 3 {
                delete(&client(&aws), "src", "k").await;
            }
        }
        aws.set_faults(fault(FaultMode::LostReply, 0.2));
        let cloner = versions(&aws).multipart_threshold(10 * MIB).part_size(5 * MIB);
        let report = cloner.attempts(NonZeroU32::new(40).unwrap()).run().await.unwrap();
        assert_same(&aws, &report);
        assert_eq!((report.copied(), report.delete_markers()), (7, 1));
        let is_open = !aws.s3().open_uploads("dst").unwrap().is_empty();
        assert!(!is_open || !report.orphans().is_empty(), "what may be left is said");
    }
}
