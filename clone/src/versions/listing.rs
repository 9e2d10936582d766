//! [`VersionLister`]: asks S3 for the histories of keys.

use std::{
    collections::HashSet,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::AfterDeserializationInterceptorContextRef,
    },
    error::BoxError,
    operation::list_object_versions::ListObjectVersionsOutput,
    types::{DeleteMarkerEntry, EncodingType, ObjectVersion, ObjectVersionStorageClass},
};

use super::history::{History, Version};
use crate::{
    Entry, Key, Location,
    counters::Kind,
    listing::{decode, storage_class},
    request::{Cause, Fault, Manner, Requester},
};

/// Deep stretches of delete markers were seen to take 120 s for one page.
const TIMEOUT: Duration = Duration::from_mins(5);

/// Asks for the histories of one location.
#[derive(Debug)]
pub(crate) struct VersionLister {
    location: Location,
    manner: Manner,
}

/// Histories of keys in order, each of them whole.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub(crate) histories: Vec<History>,
    /// Whether there are no more.
    pub(crate) is_end: bool,
}

/// A version as it was listed: the newest of a key first.
#[derive(Debug)]
struct Listed {
    key: Key,
    id: String,
    is_latest: bool,
    version: Version,
}

/// Where a page goes on: after a version of a key, or after all of them.
type Marker = (String, Option<String>);

#[derive(Debug)]
struct Page {
    listed: Vec<Listed>,
    /// None after the last.
    next: Option<Marker>,
}

impl VersionLister {
    pub(crate) fn new(location: Location) -> Self {
        let manner = Manner::new(Kind::List, "ListObjectVersions", &location, TIMEOUT);
        Self { location, manner }
    }

    /// The histories after a key: of one key at least, unless there are no more.
    pub(crate) async fn stretch(&self, requester: &Requester, after: Option<&Key>) -> Result<Stretch, Fault> {
        let (mut listed, mut from) = (Vec::<Listed>::new(), after.map(|key| (key.as_str().to_owned(), None)));
        loop {
            let page = self.page(requester, &self.location.prefix, from.as_ref()).await?;
            listed.extend(page.listed);
            let Some(next) = page.next else {
                return Ok(Stretch { histories: histories(listed)?, is_end: true });
            };
            // The last key may have more, and is listed again with them.
            let last = listed.last().map(|last| last.key.clone());
            let whole = listed.iter().position(|it| Some(&it.key) == last.as_ref()).unwrap_or_default();
            if whole > 0 {
                listed.truncate(whole);
                return Ok(Stretch { histories: histories(listed)?, is_end: false });
            }
            if from.as_ref() == Some(&next) {
                return Err(invalid("a page of versions says that the listing goes on where it began"));
            }
            from = Some(next);
        }
    }

    /// The versions of one key.
    pub(crate) async fn history(&self, requester: &Requester, key: &Key) -> Result<Vec<Version>, Fault> {
        let (mut listed, mut from) = (Vec::<Listed>::new(), None);
        loop {
            // The key itself is the first of those that begin with it.
            let page = self.page(requester, key.as_str(), from.as_ref()).await?;
            let count = page.listed.len();
            listed.extend(page.listed.into_iter().filter(|it| it.key == *key));
            match page.next {
                Some(next) if next.0 == key.as_str() && count > 0 && from.as_ref() != Some(&next) => {
                    from = Some(next);
                }
                _ => break,
            }
        }
        Ok(histories(listed)?.pop().map(|history| history.versions).unwrap_or_default())
    }

    async fn page(&self, requester: &Requester, prefix: &str, from: Option<&Marker>) -> Result<Page, Fault> {
        let request = self
            .location
            .client
            .list_object_versions()
            .bucket(&self.location.bucket)
            .set_expected_bucket_owner(self.location.owner.clone())
            .set_request_payer(self.location.payer.clone())
            .prefix(prefix)
            .encoding_type(EncodingType::Url)
            .set_key_marker(from.map(|(key, _)| key.clone()))
            .set_version_id_marker(from.and_then(|(_, version)| version.clone()));
        let send = || {
            let (request, order) = (request.clone(), Order::default());
            async move {
                let output = request.customize().interceptor(order.clone()).send().await?;
                Ok((output, order.take()))
            }
        };
        requester
            .send_reading(&self.manner, self.manner.timeout, send, |(output, order)| page(output, order))
            .await
    }
}

/// Notes in which order versions and delete markers stand in an answer: the SDK makes two lists of them.
#[derive(Clone, Debug, Default)]
struct Order(Arc<Mutex<Vec<bool>>>);

impl Order {
    fn take(&self) -> Vec<bool> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Order {
    fn name(&self) -> &'static str {
        "tidegate reads the order of versions"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = order(body);
        Ok(())
    }
}

/// Which of the versions in an answer are delete markers. Text has no `<` in XML.
fn order(body: &[u8]) -> Vec<bool> {
    let tags = body.split(|byte| *byte == b'<').skip(1);
    let names = tags.map(|tag| tag.split(|byte| matches!(byte, b'>' | b' ' | b'/')).next());
    names
        .filter_map(|name| match name {
            Some(b"Version") => Some(false),
            Some(b"DeleteMarker") => Some(true),
            _ => None,
        })
        .collect()
}

/// What a page says, if it is whole.
fn page(output: ListObjectVersionsOutput, order: Vec<bool>) -> Option<Page> {
    let encoded = output.encoding_type == Some(EncodingType::Url);
    let text = |text: String| if encoded { decode::key(text) } else { Some(text) };
    let next = match (output.is_truncated?, output.next_key_marker) {
        (true, Some(key)) => Some((text(key)?, output.next_version_id_marker)),
        (true, None) => return None,
        (false, _) => None,
    };
    let mut versions = output.versions.unwrap_or_default().into_iter();
    let mut markers = output.delete_markers.unwrap_or_default().into_iter();
    let read = |key: Option<String>| Key::new(text(key?)?);
    let listed = order
        .into_iter()
        .map(|is_marker| {
            if is_marker {
                let DeleteMarkerEntry { key, version_id, is_latest, .. } = markers.next()?;
                let is_latest = is_latest.unwrap_or(false);
                return Some(Listed {
                    key: read(key)?,
                    id: version_id?,
                    is_latest,
                    version: Version::Marker,
                });
            }
            object(versions.next()?, read)
        })
        .collect::<Option<Vec<_>>>()?;
    (versions.next().is_none() && markers.next().is_none()).then_some(Page { listed, next })
}

fn object(version: ObjectVersion, read: impl Fn(Option<String>) -> Option<Key>) -> Option<Listed> {
    let (key, id) = (read(version.key)?, version.version_id?);
    let entry = Entry {
        key: key.clone(),
        size: u64::try_from(version.size?).ok()?,
        etag: version.e_tag.map(String::into_boxed_str),
        modified: version.last_modified.map(|time| time.secs()),
        storage_class: version
            .storage_class
            .as_ref()
            .and_then(|class: &ObjectVersionStorageClass| storage_class(class.as_str())),
        version: Some(id.as_str().into()),
    };
    let is_latest = version.is_latest.unwrap_or(false);
    Some(Listed { key, id, is_latest, version: Version::Object(entry) })
}

/// Puts the versions of each key together.
fn histories(listed: Vec<Listed>) -> Result<Vec<History>, Fault> {
    let (mut all, mut ids) = (Vec::<History>::new(), HashSet::<String>::new());
    for Listed { key, id, is_latest, version } in listed {
        match all.last_mut() {
            Some(history) if history.key == key => {
                // Of pages of one history, the second can repeat what the first had.
                if ids.contains(&id) {
                    continue;
                }
                if is_latest {
                    return Err(invalid("the newest version of a key is not listed first"));
                }
                history.versions.push(version);
            }
            _ => {
                ids.clear();
                all.push(History { key, versions: vec![version] });
            }
        }
        ids.insert(id);
    }
    for history in &mut all {
        history.versions.reverse();
    }
    Ok(all)
}

fn invalid(message: &str) -> Fault {
    Fault::new(Cause::Permanent, "InvalidResponse", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(key: &str, id: &str, is_latest: bool) -> ObjectVersion {
        ObjectVersion::builder().key(key).version_id(id).is_latest(is_latest).size(1).build()
    }

    fn marker(key: &str, id: &str) -> DeleteMarkerEntry {
        DeleteMarkerEntry::builder().key(key).version_id(id).is_latest(false).build()
    }

    /// Two versions of `a+b` around a marker.
    fn output() -> ListObjectVersionsOutput {
        ListObjectVersionsOutput::builder()
            .is_truncated(false)
            .encoding_type(EncodingType::Url)
            .versions(version("a%2Bb", "3", true))
            .versions(version("a%2Bb", "1", false))
            .delete_markers(marker("a%2Bb", "2"))
            .build()
    }

    #[test]
    fn markers_stand_where_they_stood_in_the_answer() {
        let body = b"<ListVersionsResult xmlns=\"x\"><VersionIdMarker/><Version><Key>a&lt;DeleteMarker></Key></Version>\
            <DeleteMarker><VersionId>2</VersionId></DeleteMarker><Version></Version></ListVersionsResult>";
        let order = order(body);
        assert_eq!(order, [false, true, false]);
        let read = page(output(), order).unwrap();
        assert_eq!(read.next, None);
        let ids: Vec<_> = read.listed.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, ["3", "2", "1"]);
        let histories = histories(read.listed).unwrap();
        assert_eq!(histories[0].key.as_str(), "a+b");
        let kinds: Vec<_> =
            histories[0].versions.iter().map(|it| it.etag().is_none() && it.size() == 0).collect();
        assert_eq!(kinds, [false, true, false], "the oldest first");
    }

    #[test]
    fn a_page_that_was_cut_off_or_contradicts_itself_is_none() {
        assert!(page(output(), vec![false, true]).is_none());
        assert!(page(output(), vec![false, true, false, false]).is_none());
        assert!(page(output(), vec![true, true, false]).is_none());
        let mut cut = output();
        cut.is_truncated = None;
        assert!(page(cut, vec![false, true, false]).is_none());
        let mut lost = output();
        lost.is_truncated = Some(true);
        assert!(page(lost, vec![false, true, false]).is_none(), "there is more, and nobody says where");
    }

    #[test]
    fn what_a_second_page_repeats_is_there_once() {
        let listed = |id: &str, is_latest| Listed {
            key: Key::new("k").unwrap(),
            id: id.to_owned(),
            is_latest,
            version: Version::Marker,
        };
        let all = histories(vec![listed("2", true), listed("1", false), listed("2", true)]).unwrap();
        assert_eq!(all[0].versions.len(), 2);
        assert!(histories(vec![listed("1", false), listed("2", true)]).is_err(), "the oldest is not first");
    }
}
