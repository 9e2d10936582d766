//! Who the buckets must belong to, and who pays.

#![allow(clippy::unwrap_used, reason = "they are tests")]

mod support;

use std::sync::{Arc, Mutex};

use aws_sdk_s3::{
    Client,
    config::{
        ConfigBag, Credentials, Intercept, RuntimeComponents,
        interceptors::BeforeTransmitInterceptorContextRef,
    },
    error::BoxError,
    types::{Payer, RequestPaymentConfiguration, Tag, Tagging},
};
use support::{MIB, assert_complete, assert_identical, client, fault};
use tidegate_clone::{Cloner, Compare, ErrorKind, Location, Outcome, Preserve, Report};
use tidegate_local_aws::{Fault, FaultMode, Faults, LocalAws};

const ME: &str = "000000000000";
const OTHER: &str = "111122223333";

/// The same S3 as another account asks it.
fn stranger(aws: &LocalAws) -> Client {
    let credentials = Credentials::new(OTHER, "test", None, None, "test");
    let config = aws_sdk_s3::config::Builder::from(&aws.sdk_config()).credentials_provider(credentials);
    Client::from_conf(config.force_path_style(true).build())
}

/// `src` is of one account and `dst` of the other, which clones: an object at once, and one in parts, with tags.
async fn aws() -> LocalAws {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    aws.s3().create_bucket("src");
    stranger(&aws).create_bucket().bucket("dst").send().await.unwrap();
    aws.s3().put("src", "small", "hello").unwrap();
    aws.s3().put_synthetic("src", "large", 20 * MIB).unwrap();
    for key in ["small", "large"] {
        let tags =
            (0..10).map(|n| Tag::builder().key(format!("{n}")).value("v".repeat(250)).build().unwrap());
        let tagging = Tagging::builder().set_tag_set(Some(tags.collect())).build().unwrap();
        client(&aws).put_object_tagging().bucket("src").key(key).tagging(tagging).send().await.unwrap();
    }
    aws.s3().put("dst", "extra", "").unwrap();
    aws
}

fn side(aws: &LocalAws, bucket: &str, owner: &str) -> Location {
    Location::new(stranger(aws), bucket).expected_owner(owner)
}

fn cloner(source: Location, destination: Location) -> Cloner {
    Cloner::new(source, destination).multipart_threshold(10 * MIB).part_size(5 * MIB).delete_extra(1)
}

/// All that the report says went wrong.
fn messages(report: &Report) -> Vec<String> {
    let failures = report.failures().iter().flat_map(|it| it.samples.iter().map(|it| it.message.clone()));
    failures.chain(report.unlisted().iter().map(|it| it.message.clone())).collect()
}

/// Nothing was written, and each message says why.
fn assert_refused(aws: &LocalAws, report: &Report, says: &[&str]) {
    assert_eq!((report.outcome(), report.copied(), report.deleted()), (Outcome::Incomplete, 0, 0));
    let held: Vec<_> = aws.s3().objects("dst").unwrap().into_iter().map(|it| it.key).collect();
    assert_eq!(held, ["extra"]);
    assert!(aws.s3().open_uploads("dst").unwrap().is_empty());
    let messages = messages(report);
    assert!(!messages.is_empty());
    for message in messages {
        assert!(says.iter().all(|it| message.contains(it)), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_right_owners_are_no_obstacle() {
    let aws = aws().await;
    let cloner = cloner(side(&aws, "src", ME), side(&aws, "dst", OTHER));
    let report = cloner.run().await.unwrap();
    assert_complete(&report, 2);
    assert_identical(&aws);
    assert_eq!((report.deleted(), report.requests().part_copy, report.requests().tagging), (1, 4, 2));
    assert!(cloner.verify().await.unwrap().is_whole());
    // Every comparison that looks at objects.
    for compare in [Compare::Checksum, Compare::SizeAndTime] {
        let report = cloner.clone().compare(compare).run().await.unwrap();
        assert_eq!(report.outcome(), Outcome::Complete);
    }
}

#[tokio::test(start_paused = true)]
async fn another_owner_of_the_source_is_refused() {
    let aws = aws().await;
    let report = cloner(side(&aws, "src", OTHER), side(&aws, "dst", OTHER)).run().await.unwrap();
    assert_refused(&aws, &report, &["the bucket src", OTHER]);
    assert_eq!(report.unlisted().len(), 1);
    let error = cloner(side(&aws, "src", OTHER), side(&aws, "dst", OTHER)).verify().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Listing);
}

#[tokio::test(start_paused = true)]
async fn another_owner_of_the_destination_is_refused() {
    let aws = aws().await;
    let wrong = || Cloner::new(side(&aws, "src", ME), side(&aws, "dst", ME)).multipart_threshold(10 * MIB);
    let report = wrong().delete_extra(1).run().await.unwrap();
    assert_refused(&aws, &report, &["the bucket dst", ME]);
    assert_eq!(report.unknown(), 2);
    // Without a look at the destination, it is the copies that are refused: at once, and in parts.
    let report = wrong().compare(Compare::Always).run().await.unwrap();
    assert_refused(&aws, &report, &["the bucket dst is expected to belong to the account 000000000000"]);
    assert_eq!((report.failed(), report.requests().part_copy), (2, 0));
    // Mapped keys are looked at one by one, by requests whose refusal has no code.
    let report = wrong().map_key(ToOwned::to_owned).run().await.unwrap();
    assert_refused(&aws, &report, &["the bucket dst", ME]);
}

#[tokio::test(start_paused = true)]
async fn other_owners_of_versions_are_refused() {
    let aws = aws().await;
    aws.s3().set_versioning("dst", true).unwrap();
    let versions = |source, destination| {
        Cloner::new(side(&aws, "src", source), side(&aws, "dst", destination)).versions()
    };
    let report = versions(OTHER, OTHER).run().await.unwrap();
    assert_refused(&aws, &report, &["the bucket src", OTHER]);
    let error = versions(ME, ME).run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Versioning);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("the bucket dst is expected to belong to the account 000000000000"), "{source}");
}

/// Notes of each request whose it expects the buckets to be, and who pays.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<Note>>>);

#[derive(Debug)]
struct Note {
    what: String,
    owner: Option<String>,
    is_copy: bool,
    source_owner: Option<String>,
    payer: Option<String>,
}

impl Intercept for Notes {
    fn name(&self) -> &'static str {
        "notes"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let header = |name| request.headers().get(name).map(str::to_owned);
        self.0.lock().unwrap().push(Note {
            what: format!("{} {}", request.method(), request.uri()),
            owner: header("x-amz-expected-bucket-owner"),
            is_copy: header("x-amz-copy-source").is_some(),
            source_owner: header("x-amz-source-expected-bucket-owner"),
            payer: header("x-amz-request-payer"),
        });
        Ok(())
    }
}

/// Also those that only a failure brings about.
#[tokio::test(start_paused = true)]
async fn every_request_says_both() {
    let aws = aws().await;
    let notes = Notes::default();
    let config = stranger(&aws).config().to_builder().interceptor(notes.clone()).build();
    let client = Client::from_conf(config);
    let source = Location::new(client.clone(), "src").expected_owner(ME).requester_pays();
    let destination = Location::new(client.clone(), "dst").expected_owner(OTHER).requester_pays();
    let copier = Cloner::new(source, destination).multipart_threshold(10 * MIB).part_size(5 * MIB);
    let cloner = copier.clone().delete_extra(9);
    cloner.run().await.unwrap();
    cloner.verify().await.unwrap();
    aws.set_faults(fault(FaultMode::LostReply, 0.3));
    aws.s3().put_synthetic_content("src", "large", 20 * MIB, 7).unwrap();
    aws.s3().put("src", "control\u{1}", "").unwrap();
    aws.s3().put("dst", "odd\u{1}", "").unwrap();
    cloner.clone().compare(Compare::Checksum).run().await.unwrap();
    let failing = ["UploadPartCopy", "CopyObject"];
    let failing = Fault::new(FaultMode::Error500, 1.0).service("s3").actions(failing);
    aws.set_faults(Faults::none().with(failing));
    copier.compare(Compare::Always).run().await.unwrap();
    // The same of versions.
    aws.s3().set_versioning("dst", true).unwrap();
    aws.s3().set_versioning("src", true).unwrap();
    aws.set_faults(fault(FaultMode::LostReply, 0.3));
    for key in ["small", "gone"] {
        aws.s3().put("src", key, "anew").unwrap();
        support::client(&aws).delete_object().bucket("src").key(key).send().await.unwrap();
    }
    let source = Location::new(client.clone(), "src").expected_owner(ME).requester_pays();
    let destination = Location::new(client, "dst").expected_owner(OTHER).requester_pays().prefix("v/");
    let versions = Cloner::new(source, destination).versions();
    versions.multipart_threshold(10 * MIB).preserve(Preserve::default().acl().kms()).run().await.unwrap();
    let notes = notes.0.lock().unwrap();
    for what in ["?versioning", "?versions", "DELETE http", "?acl"] {
        assert!(notes.iter().any(|note| note.what.contains(what)), "{what}");
    }
    assert!(notes.iter().any(|note| note.what.starts_with("DELETE") && note.what.contains("uploadId")));
    assert!(notes.iter().any(|note| note.what.starts_with("HEAD")));
    for note in notes.iter() {
        let owner = if note.what.contains("/src") { ME } else { OTHER };
        assert_eq!(
            (note.owner.as_deref(), note.payer.as_deref()),
            (Some(owner), Some("requester")),
            "{note:?}"
        );
        assert_eq!(note.source_owner.as_deref(), note.is_copy.then_some(ME), "{note:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_pays_is_said_where_it_is_asked() {
    let aws = aws().await;
    let pays = RequestPaymentConfiguration::builder().payer(Payer::Requester).build().unwrap();
    let put = client(&aws).put_bucket_request_payment().bucket("src").request_payment_configuration(pays);
    put.send().await.unwrap();
    let source = || Location::new(stranger(&aws), "src");
    let destination = || Location::new(stranger(&aws), "dst");
    let report = cloner(source(), destination()).run().await.unwrap();
    assert_refused(&aws, &report, &["Access Denied"]);
    assert_eq!(report.unlisted()[0].code, "AccessDenied");
    // The other way round the source's owner lists, and the copies are refused.
    let theirs = Location::new(client(&aws), "src");
    let report = cloner(theirs.clone(), destination()).run().await.unwrap();
    assert_refused(&aws, &report, &["Access Denied"]);
    assert_eq!((report.failed(), report.unlisted().len()), (2, 0));

    let report = cloner(source().requester_pays(), destination()).run().await.unwrap();
    assert_complete(&report, 2);
    assert_identical(&aws);
    assert_eq!(report.deleted(), 1);
}

/// A destination whose requester pays: every kind of request is sent there, also those after a failure.
#[tokio::test(start_paused = true)]
async fn a_destination_can_have_its_requester_pay() {
    let aws = aws().await;
    let pays = RequestPaymentConfiguration::builder().payer(Payer::Requester).build().unwrap();
    let put = stranger(&aws).put_bucket_request_payment().bucket("dst").request_payment_configuration(pays);
    put.send().await.unwrap();
    let source = || Location::new(client(&aws), "src");
    let destination = || Location::new(client(&aws), "dst");
    let report = cloner(source(), destination()).run().await.unwrap();
    assert_refused(&aws, &report, &["Access Denied"]);
    aws.set_faults(fault(FaultMode::LostReply, 0.2));
    let report = cloner(source(), destination().requester_pays()).run().await.unwrap();
    assert_complete(&report, 2);
    assert_identical(&aws);
    aws.set_faults(Faults::none());
    assert!(cloner(source(), destination().requester_pays()).verify().await.unwrap().is_whole());
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_is_no_account_is_refused_up_front() {
    let aws = aws().await;
    for wrong in ["", "me", "12345678901", "1234567890123", "12345678901x", "１２３４"] {
        for (source, destination) in [(wrong, OTHER), (ME, wrong)] {
            let error = cloner(side(&aws, "src", source), side(&aws, "dst", destination)).run().await;
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let bucket = if source == wrong { "src" } else { "dst" };
            let text = format!("the expected owner \"{wrong}\" of {bucket} is no account: it has 12 digits");
            assert_eq!(error.to_string(), text);
        }
    }
    assert!(!aws.counters().iter().any(|(_, action, _)| action.starts_with("List")));
}
