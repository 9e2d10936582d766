//! An event of a bucket, as S3 tells it to a queue.

use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{Timestamp, TimestampFormat};
use serde_json::json;

use super::{
    bucket::owner,
    store::Buckets,
    version::VersionId,
    versions::{Deleted, Versioning},
};
use crate::services::Queues;

/// What stays as it is in the key of an event.
const KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// What a delete changed.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) event: &'static str,
    pub(crate) key: String,
    pub(crate) version: Option<VersionId>,
}

impl Change {
    /// None if nothing changed.
    pub(crate) fn of(deleted: Deleted, key: &str) -> Option<Self> {
        Some(Self { event: deleted.event?, key: key.to_owned(), version: deleted.version })
    }
}

/// What happened to an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    /// `ObjectCreated:Put` and the like.
    pub(crate) name: &'a str,
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    /// The version, if it is not the current object.
    pub(crate) version: Option<VersionId>,
    pub(crate) now: SystemTime,
}

impl Event<'_> {
    /// Tells the queues that the notifications of the bucket name for it.
    pub(crate) fn tell(&self, buckets: &mut Buckets, queues: &dyn Queues) {
        let Some(bucket) = buckets.named.get(self.bucket) else { return };
        if !bucket.notifications.iter().any(|one| one.fits(self.name, self.key)) {
            return;
        }
        let number = buckets.next_event();
        let Some(bucket) = buckets.named.get(self.bucket) else { return };
        for notification in bucket.notifications.iter().filter(|one| one.fits(self.name, self.key)) {
            let mut object = json!({ "key": key(self.key), "sequencer": format!("{number:018X}") });
            let found = bucket.find(self.key).filter(|_| self.name.starts_with("ObjectCreated"));
            if let Some(found) = found {
                object["size"] = found.content.len().into();
                object["eTag"] = found.etag.to_string().into();
            }
            let version = self.version.or_else(|| found.map(|found| found.version));
            if let Some(version) = version.filter(|_| bucket.versioning != Versioning::Never) {
                object["versionId"] = version.to_string().into();
            }
            let record = json!({
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": bucket.region,
                "eventTime": time(self.now),
                "eventName": self.name,
                "userIdentity": { "principalId": owner(&bucket.owner).id },
                "requestParameters": { "sourceIPAddress": "127.0.0.1" },
                "responseElements": { "x-amz-request-id": format!("{number:016X}"), "x-amz-id-2": "" },
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": notification.id(),
                    "bucket": {
                        "name": self.bucket,
                        "ownerIdentity": { "principalId": owner(&bucket.owner).id },
                        "arn": format!("arn:aws:s3:::{}", self.bucket),
                    },
                    "object": object,
                },
            });
            queues.send(notification.queue(), json!({ "Records": [record] }).to_string());
        }
    }
}

/// What a queue is sent when it is named by a configuration.
pub(crate) fn test(bucket: &str, now: SystemTime) -> String {
    json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": time(now),
        "Bucket": bucket,
        "RequestId": "0000000000000000",
        "HostId": "",
    })
    .to_string()
}

/// As a form writes it: `red flower.jpg` is `red+flower.jpg`.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.
fn key(key: &str) -> String {
    utf8_percent_encode(key, KEPT).to_string().replace(' ', "+")
}

fn time(time: SystemTime) -> String {
    let mut text = Vec::new();
    // Writing to memory does not fail, and the clock is in the range of years that the form has.
    let _ = Timestamp::from(time).format(TimestampFormat::DateTime, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn keys_and_times_are_written_as_s3_does() {
        assert_eq!(key("in/red flower+é.jpg"), "in/red+flower%2B%C3%A9.jpg");
        assert_eq!(time(UNIX_EPOCH + Duration::from_millis(1_500)), "1970-01-01T00:00:01.500Z");
    }
}
