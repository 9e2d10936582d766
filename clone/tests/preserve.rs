//! What a copy keeps of its object, and at which requests.

#![allow(clippy::unwrap_used, reason = "they are tests")]

mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use aws_sdk_s3::{
    Client,
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef},
    },
    error::BoxError,
    operation::head_object::HeadObjectOutput,
    primitives::DateTime,
    types::{
        ObjectCannedAcl, ObjectLockLegalHoldStatus, ObjectLockMode, ObjectOwnership, OwnershipControls,
        OwnershipControlsRule, ServerSideEncryption,
    },
};
use support::{MIB, assert_complete, client};
use tidegate_clone::{Cloner, Compare, Location, Outcome, Preserve};
use tidegate_local_aws::LocalAws;

const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/1-2-3";
const OTHER: &str = "111122223333";
/// Long after these tests.
const UNTIL: i64 = 4_000_000_000;

/// Two buckets with locks and lists.
async fn aws() -> LocalAws {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let s3 = client(&aws);
    for bucket in ["src", "dst"] {
        s3.create_bucket().bucket(bucket).object_lock_enabled_for_bucket(true).send().await.unwrap();
        own(&s3, bucket, ObjectOwnership::ObjectWriter).await;
    }
    aws
}

async fn own(s3: &Client, bucket: &str, ownership: ObjectOwnership) {
    let rule = OwnershipControlsRule::builder().object_ownership(ownership).build().unwrap();
    let controls = OwnershipControls::builder().rules(rule).build().unwrap();
    s3.put_bucket_ownership_controls().bucket(bucket).ownership_controls(controls).send().await.unwrap();
}

/// A small object and a large one that have everything, and one that has nothing.
async fn seed(aws: &LocalAws) {
    for (key, size) in [("small", 5), ("large", 6 << 20)] {
        client(aws)
            .put_object()
            .bucket("src")
            .key(key)
            .body(vec![7; size].into())
            .tagging("a=b")
            .metadata("owner", "me")
            .grant_full_control("id=\"000000000000\"")
            .grant_read(format!("id=\"{OTHER}\", uri=\"http://acs.amazonaws.com/groups/global/AllUsers\""))
            .grant_read_acp(format!("id=\"{OTHER}\""))
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(KEY)
            .bucket_key_enabled(true)
            .object_lock_mode(ObjectLockMode::Governance)
            .object_lock_retain_until_date(DateTime::from_secs(UNTIL))
            .object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On)
            .send()
            .await
            .unwrap();
    }
    aws.s3().put("src", "plain", "hello").unwrap();
}

fn cloner(aws: &LocalAws, preserve: Preserve) -> Cloner {
    support::cloner(aws)
        .compare(Compare::Always)
        .multipart_threshold(MIB)
        .part_size(5 * MIB)
        .preserve(preserve)
}

async fn head(aws: &LocalAws, bucket: &str, key: &str) -> HeadObjectOutput {
    client(aws).head_object().bucket(bucket).key(key).send().await.unwrap()
}

async fn grants(aws: &LocalAws, bucket: &str, key: &str) -> Vec<String> {
    let acl = client(aws).get_object_acl().bucket(bucket).key(key).send().await.unwrap();
    let mut grants: Vec<_> = acl.grants().iter().map(|grant| format!("{grant:?}")).collect();
    grants.sort();
    grants
}

type Kept = [bool; 3];

/// Whether a copy has its object's grants, key, and lock.
async fn kept(aws: &LocalAws, key: &str) -> Kept {
    let (from, to) = (head(aws, "src", key).await, head(aws, "dst", key).await);
    assert_eq!(from.metadata(), to.metadata());
    assert_eq!(from.tag_count(), to.tag_count());
    let kms = |it: &HeadObjectOutput| {
        (it.server_side_encryption.clone(), it.ssekms_key_id.clone(), it.bucket_key_enabled)
    };
    let lock = |it: &HeadObjectOutput| {
        let hold = it.object_lock_legal_hold_status.clone();
        (it.object_lock_mode.clone(), it.object_lock_retain_until_date, hold)
    };
    let acl = grants(aws, "src", key).await == grants(aws, "dst", key).await;
    [acl, kms(&from) == kms(&to), lock(&from) == lock(&to)]
}

/// The requests since the last time, by operation.
fn requests(aws: &LocalAws, before: &mut BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut since = BTreeMap::new();
    for (_, action, counted) in aws.counters().iter() {
        let count = counted.accepted;
        let seen = before.insert(action.to_owned(), count).unwrap_or_default();
        if count > seen {
            since.insert(action.to_owned(), count - seen);
        }
    }
    since
}

/// The table at [`Preserve`], to the request.
#[tokio::test(start_paused = true)]
async fn what_is_kept_costs_what_the_table_says() {
    let none = Preserve::default();
    let parts = [
        ("CompleteMultipartUpload", 1),
        ("CopyObject", 2),
        ("CreateMultipartUpload", 1),
        ("GetObjectTagging", 1),
        ("HeadObject", 1),
        ("ListObjectsV2", 1),
        ("UploadPartCopy", 2),
    ];
    for (preserve, expected, more) in [
        (none, [false; 3], &[][..]),
        (none.acl(), [true, false, false], &[("GetObjectAcl", 3)]),
        (none.kms(), [false, true, false], &[("HeadObject", 2)]),
        (none.object_lock(), [false, false, true], &[("HeadObject", 2)]),
        (none.kms().object_lock(), [false, true, true], &[("HeadObject", 2)]),
        (none.annotations(), [false; 3], &[("ListObjectAnnotations", 1)]),
        (
            none.acl().kms().object_lock().annotations(),
            [true; 3],
            &[("GetObjectAcl", 3), ("HeadObject", 2), ("ListObjectAnnotations", 1)],
        ),
    ] {
        let aws = aws().await;
        seed(&aws).await;
        let mut seen = BTreeMap::new();
        requests(&aws, &mut seen);
        let report = cloner(&aws, preserve).run().await.unwrap();
        assert_complete(&report, 3);
        let mut due: BTreeMap<_, _> =
            parts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        for (name, count) in more {
            *due.entry((*name).to_owned()).or_default() += count;
        }
        let sent = requests(&aws, &mut seen);
        assert_eq!(sent, due, "{preserve}");
        assert_eq!(report.requests().total(), sent.values().sum::<u64>());
        assert_eq!(report.requests().acl, sent.get("GetObjectAcl").copied().unwrap_or_default());
        for key in ["small", "large"] {
            assert_eq!(kept(&aws, key).await, expected, "{key}: {preserve}");
        }
        assert_eq!(kept(&aws, "plain").await, [true; 3]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_takes_none_fails_and_has_none() {
    let aws = aws().await;
    seed(&aws).await;
    aws.s3().create_bucket("plain");
    let to_plain = |preserve| {
        let client = client(&aws);
        Cloner::new(Location::new(client.clone(), "src"), Location::new(client, "plain"))
            .multipart_threshold(MIB)
            .part_size(5 * MIB)
            .preserve(preserve)
    };
    for (preserve, code) in [
        (Preserve::default().acl(), "AccessControlListNotSupported"),
        (Preserve::default().object_lock(), "InvalidRequest"),
    ] {
        let report = to_plain(preserve).run().await.unwrap();
        assert_eq!((report.outcome(), report.failed()), (Outcome::Incomplete, 2));
        assert_eq!(report.failures()[0].code, code);
        // What has nothing to keep is copied.
        assert_eq!(aws.s3().len("plain").unwrap(), 1);
        assert!(aws.s3().open_uploads("plain").unwrap().is_empty());
    }
    // What only its owner is granted needs no lists.
    client(&aws)
        .put_object_acl()
        .bucket("src")
        .key("small")
        .acl(ObjectCannedAcl::Private)
        .send()
        .await
        .unwrap();
    assert_eq!(to_plain(Preserve::default().acl()).run().await.unwrap().failed(), 1);
}

/// Notes what copies do with annotations, and gives some to what is asked for them.
#[derive(Clone, Debug, Default)]
struct Annotated {
    directives: Arc<Mutex<Vec<String>>>,
    /// Of the last request: there is one at a time.
    lists: Arc<AtomicBool>,
}

impl Intercept for Annotated {
    fn name(&self) -> &'static str {
        "annotated"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request().headers();
        let directive = headers.get("x-amz-object-annotation-directive");
        self.directives.lock().unwrap().extend(directive.map(str::to_owned));
        self.lists.store(context.request().uri().contains("?annotation&"), Relaxed);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.lists.load(Relaxed) {
            let one = "<ListObjectAnnotationsOutput><AnnotationCount>1</AnnotationCount></ListObjectAnnotationsOutput>";
            *context.response_mut().body_mut() = one.into();
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn annotations_are_left_out_or_not_lost() {
    for (preserve, directive) in
        [(Preserve::default(), "EXCLUDE"), (Preserve::default().annotations(), "COPY")]
    {
        let aws = aws().await;
        seed(&aws).await;
        let annotated = Annotated::default();
        let client =
            Client::from_conf(client(&aws).config().to_builder().interceptor(annotated.clone()).build());
        let cloner = Cloner::new(Location::new(client.clone(), "src"), Location::new(client, "dst"));
        let cloner =
            cloner.multipart_threshold(MIB).part_size(5 * MIB).preserve(preserve).copies_in_flight(1);
        let report = cloner.run().await.unwrap();
        assert_eq!(*annotated.directives.lock().unwrap(), [directive; 2]);
        let codes: Vec<_> = report.failures().iter().map(|it| it.code.as_str()).collect();
        let lost = preserve == Preserve::default();
        assert_eq!(codes, if lost { &[][..] } else { &["AnnotationsInParts"] });
        assert_eq!(report.copied(), if lost { 3 } else { 2 });
    }
}
