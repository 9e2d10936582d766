//! An embedded AWS with two buckets, and what tests ask of them.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "it is for tests")]

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use tidegate_clone::{Cloner, Location, Outcome, Report};
use tidegate_local_aws::{Builder, Fault, FaultMode, Faults, LocalAws, ObjectView};

pub const MIB: u64 = 1 << 20;

/// Two buckets, `src` and `dst`.
pub async fn aws(builder: Builder) -> LocalAws {
    let aws = builder.in_process().start().await.unwrap();
    aws.s3().create_bucket("src");
    aws.s3().create_bucket("dst");
    aws
}

pub fn client(aws: &LocalAws) -> Client {
    let config = aws_sdk_s3::config::Builder::from(&aws.sdk_config()).force_path_style(true).build();
    Client::from_conf(config)
}

pub fn cloner(aws: &LocalAws) -> Cloner {
    let client = client(aws);
    Cloner::new(Location::new(client.clone(), "src"), Location::new(client, "dst"))
}

pub fn fault(mode: FaultMode, probability: f64) -> Faults {
    Faults::none().with(Fault::new(mode, probability).service("s3"))
}

/// The destination has what the source has, with all that belongs to it but the way it was uploaded.
pub fn assert_identical(aws: &LocalAws) {
    let (from, to) = (aws.s3().objects("src").unwrap(), aws.s3().objects("dst").unwrap());
    let keys = |side: &[ObjectView]| side.iter().map(|it| it.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&from), keys(&to));
    for (a, b) in from.iter().zip(&to) {
        let key = &a.key;
        assert_eq!((a.size, a.digest, a.storage_class), (b.size, b.digest, b.storage_class), "{key:?}");
        assert_eq!((headers(a), &a.metadata, &a.tags), (headers(b), &b.metadata, &b.tags), "{key:?}");
    }
}

/// Nothing is missing, and the report says so.
pub fn assert_complete(report: &Report, objects: u64) {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    assert_eq!((report.listed(), report.copied()), (objects, objects));
    assert!(report.unlisted().is_empty() && report.failures().is_empty());
}

/// The headers that a client sees: an object without a type has one nevertheless.
fn headers(object: &ObjectView) -> BTreeMap<&'static str, String> {
    let mut headers = object.headers.clone();
    headers.entry("content-type").or_insert_with(|| "binary/octet-stream".to_owned());
    headers
}
