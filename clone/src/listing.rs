//! [`Lister`]: asks S3 for one page of a listing.

pub(crate) mod decode;

use std::time::Duration;

use aws_sdk_s3::{
    operation::list_objects_v2::ListObjectsV2Output,
    types::{EncodingType, Object, StorageClass},
};

use crate::{
    Key, Location,
    counters::Kind,
    request::{Fault, Manner, Requester},
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
            .set_expected_bucket_owner(self.location.owner.clone())
            .set_request_payer(self.location.payer.clone())
            .prefix(&self.location.prefix)
            .encoding_type(EncodingType::Url);
        request = match from {
            From::Start => request,
            From::After(key) => request.start_after(key.as_str()),
            From::Token(token) => request.continuation_token(token),
        };
        requester.send_reading(&self.manner, self.manner.timeout, || request.clone().send(), page).await
    }
}

/// What a page says, if it is whole.
///
/// The SDK reads a document that ends early as a shorter one, in which what is missing does not exist.
fn page(output: ListObjectsV2Output) -> Option<Page> {
    let encoded = output.encoding_type == Some(EncodingType::Url);
    let next = match (output.is_truncated?, output.next_continuation_token) {
        (true, Some(token)) => Next::Token(token),
        (true, None) => Next::More,
        (false, None) => Next::End,
        (false, Some(_)) => return None,
    };
    let objects = output.contents.unwrap_or_default();
    // No delimiter is sent, so that it counts nothing but these.
    if output.key_count.is_some_and(|count| usize::try_from(count) != Ok(objects.len())) {
        return None;
    }
    let entries = objects.into_iter().map(|object| entry(object, encoded)).collect::<Option<_>>()?;
    Some(Page { entries, next })
}

fn entry(object: Object, encoded: bool) -> Option<Entry> {
    let key = object.key?;
    Some(Entry {
        key: Key::new(if encoded { decode::key(key)? } else { key })?,
        size: u64::try_from(object.size?).ok()?,
        etag: object.e_tag.map(String::into_boxed_str),
        modified: object.last_modified.map(|time| time.secs()),
        storage_class: object.storage_class.and_then(|class| storage_class(class.as_str())),
        version: None,
    })
}

/// The storage class to ask for, if it is one that a copy can ask for and does not have anyway.
pub(crate) fn storage_class(listed: &str) -> Option<StorageClass> {
    match StorageClass::from(listed) {
        StorageClass::Standard
        | StorageClass::ExpressOnezone
        | StorageClass::Outposts
        | StorageClass::Snow
        | StorageClass::FsxOpenzfs => None,
        class => Some(class),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::{operation::list_objects_v2::ListObjectsV2Output, types::Object};

    use super::{Next, page};

    /// A page of one object, as S3 sends it.
    fn whole() -> ListObjectsV2Output {
        let object = Object::builder().key("a").size(1).build();
        ListObjectsV2Output::builder().is_truncated(false).key_count(1).contents(object).build()
    }

    #[test]
    fn a_whole_page_is_read() {
        let read = page(whole()).unwrap();
        assert_eq!(read.entries.len(), 1);
        assert!(matches!(read.next, Next::End));
    }

    /// A document that was cut off must not read as a listing that came to its end.
    #[test]
    fn a_page_that_was_cut_off_is_none() {
        let mut cut = whole();
        cut.contents = None;
        assert!(page(cut).is_none());
        let mut cut = whole();
        cut.is_truncated = None;
        assert!(page(cut).is_none());
        assert!(page(ListObjectsV2Output::builder().build()).is_none());
    }

    #[test]
    fn a_page_that_contradicts_itself_is_none() {
        let mut odd = whole();
        odd.next_continuation_token = Some("more".to_owned());
        assert!(page(odd).is_none());
    }
}
