//! [`Deleter`]: deletes from the destination what the source does not have.

use std::sync::Arc;

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use futures_util::{StreamExt, stream};

use crate::{
    Entry, Key, Location,
    counters::Kind,
    request::{Cause, Fault, Manner, Requester},
};

/// The most objects of one `DeleteObjects`.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
const MOST: usize = 1000;

/// The requests in flight at a time.
const AT_A_TIME: usize = 8;

/// Deletes objects of the destination, each only if it still is the one that was listed.
#[derive(Debug)]
pub(crate) struct Deleter {
    location: Location,
    requester: Arc<Requester>,
    many: Manner,
    one: Manner,
}

/// What S3 says of an object that is to be deleted if it has an `ETag`, and is not there.
const GONE: &str = "NoSuchKey";

/// What came of deleting an object.
pub(crate) type Deleted = (Key, Result<(), Fault>);

impl Deleter {
    pub(crate) fn new(location: Location, requester: Arc<Requester>) -> Self {
        let manner =
            |operation| Manner::new(Kind::Delete, operation, &location, std::time::Duration::from_mins(1));
        Self { many: manner("DeleteObjects"), one: manner("DeleteObject"), location, requester }
    }

    /// Deletes them, and says what came of each.
    pub(crate) async fn delete(&self, objects: Vec<Entry>) -> Vec<Deleted> {
        let (plain, odd): (Vec<_>, Vec<_>) = objects.into_iter().partition(|it| fits_xml(it.key.as_str()));
        let batches = plain.chunks(MOST).map(<[_]>::to_vec).collect::<Vec<_>>();
        let batches = stream::iter(batches).map(|batch| self.batch(batch)).buffer_unordered(AT_A_TIME);
        let mut deleted: Vec<Deleted> = batches.collect::<Vec<_>>().await.into_iter().flatten().collect();
        let odd = stream::iter(odd).map(|entry| self.single(entry)).buffer_unordered(AT_A_TIME);
        deleted.extend(odd.collect::<Vec<_>>().await);
        deleted
    }

    async fn batch(&self, batch: Vec<Entry>) -> Vec<Deleted> {
        let objects = batch.iter().filter_map(|entry| {
            let identifier = ObjectIdentifier::builder().key(entry.key.as_str());
            identifier.set_e_tag(entry.etag.as_deref().map(str::to_owned)).build().ok()
        });
        let Ok(delete) = Delete::builder().set_objects(Some(objects.collect())).quiet(true).build() else {
            // Of no more than one batch of objects, each with its key.
            return Vec::new();
        };
        let request = self
            .location
            .client
            .delete_objects()
            .bucket(&self.location.bucket)
            .set_expected_bucket_owner(self.location.owner.clone())
            .set_request_payer(self.location.payer.clone())
            .delete(delete);
        match self.requester.send(&self.many, || request.clone().send()).await {
            Ok(output) => {
                let mut faults: std::collections::HashMap<String, Fault> = output
                    .errors
                    .unwrap_or_default()
                    .into_iter()
                    // What is gone is deleted: by an attempt whose reply was lost, or by somebody else.
                    .filter(|error| error.code() != Some(GONE))
                    .filter_map(|error| Some((error.key.clone()?, fault_of(&error))))
                    .collect();
                let result = |entry: Entry| {
                    let fault = faults.remove(entry.key.as_str());
                    (entry.key, fault.map_or(Ok(()), Err))
                };
                batch.into_iter().map(result).collect()
            }
            Err(fault) => batch.into_iter().map(|entry| (entry.key, Err(fault.clone()))).collect(),
        }
    }

    /// One object, whose key is not to be said in XML.
    async fn single(&self, entry: Entry) -> Deleted {
        let request = self
            .location
            .client
            .delete_object()
            .bucket(&self.location.bucket)
            .set_expected_bucket_owner(self.location.owner.clone())
            .set_request_payer(self.location.payer.clone())
            .key(entry.key.as_str())
            .set_if_match(entry.etag.as_deref().map(str::to_owned));
        let result = self.requester.send(&self.one, || request.clone().send()).await;
        match result {
            Err(fault) if fault.code != GONE => (entry.key, Err(fault)),
            _ => (entry.key, Ok(())),
        }
    }
}

fn fault_of(error: &aws_sdk_s3::types::Error) -> Fault {
    let code = error.code().unwrap_or("Unknown");
    Fault::new(Cause::Permanent, code, error.message().unwrap_or_default())
}

/// Whether a key can be said in an XML document as it is.
///
/// Source: <https://www.w3.org/TR/xml/#charsets>; a carriage return is read as a line feed.
fn fits_xml(key: &str) -> bool {
    key.chars().all(|c| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..))
}

#[cfg(test)]
mod tests {
    use super::fits_xml;

    #[test]
    fn keys_that_xml_cannot_say() {
        for key in ["plain", "a&b<c>\"'", "tab\t", "ä€😀", " "] {
            assert!(fits_xml(key), "{key:?}");
        }
        for key in ["\u{1}", "a\r", "\0", "\u{fffe}", "\u{ffff}", "\u{1f}"] {
            assert!(!fits_xml(key), "{key:?}");
        }
    }
}
