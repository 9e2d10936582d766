//! [`Lister`]: asks S3 for one page of a listing.

mod decode;

use std::time::Duration;

use aws_sdk_s3::{
    operation::list_objects_v2::ListObjectsV2Output,
    types::{EncodingType, Object, ObjectStorageClass, StorageClass},
};

use crate::{
    Key, Location,
    counters::Kind,
    request::{Cause, Fault, Manner, Requester},
    segments::{Entry, From, Next, Page},
};

/// Deep stretches of delete markers were seen to take 120 s for one page.
const TIMEOUT: Duration = Duration::from_mins(5);

/// Asks for the pages of one location.
#[derive(Debug)]
pub(crate) struct Lister {
    location: Location,
    manner: Manner,
}

impl Lister {
    pub(crate) fn new(location: Location) -> Self {
        let manner = Manner::new(Kind::List, "ListObjectsV2", &location, TIMEOUT);
        Self { location, manner }
    }

    /// Asks for a page.
    pub(crate) async fn page(&self, requester: &Requester, from: &From) -> Result<Page, Fault> {
        let mut request = self
            .location
            .client
            .list_objects_v2()
            .bucket(&self.location.bucket)
            .prefix(&self.location.prefix)
            .encoding_type(EncodingType::Url);
        request = match from {
            From::Start => request,
            From::After(key) => request.start_after(key.as_str()),
            From::Token(token) => request.continuation_token(token),
        };
        let output = requester.send(&self.manner, || request.clone().send()).await?;
        page(output).ok_or_else(|| {
            Fault::new(
                Cause::Permanent,
                "InvalidResponse",
                "the listing has an object without a legal key or size",
            )
        })
    }
}

fn page(output: ListObjectsV2Output) -> Option<Page> {
    let encoded = output.encoding_type == Some(EncodingType::Url);
    let next = match (output.is_truncated, output.next_continuation_token) {
        (Some(true), Some(token)) => Next::Token(token),
        (Some(true), None) => Next::More,
        _ => Next::End,
    };
    let objects = output.contents.unwrap_or_default();
    let entries = objects.into_iter().map(|object| entry(object, encoded)).collect::<Option<_>>()?;
    Some(Page { entries, next })
}

fn entry(object: Object, encoded: bool) -> Option<Entry> {
    let key = object.key?;
    Some(Entry {
        key: Key::new(if encoded { decode::key(key)? } else { key })?,
        size: u64::try_from(object.size?).ok()?,
        etag: object.e_tag.map(String::into_boxed_str),
        storage_class: object.storage_class.and_then(|class| storage_class(&class)),
    })
}

/// The storage class to ask for, if it is one that a copy can ask for and does not have anyway.
fn storage_class(listed: &ObjectStorageClass) -> Option<StorageClass> {
    match StorageClass::from(listed.as_str()) {
        StorageClass::Standard
        | StorageClass::ExpressOnezone
        | StorageClass::Outposts
        | StorageClass::Snow
        | StorageClass::FsxOpenzfs => None,
        class => Some(class),
    }
}
