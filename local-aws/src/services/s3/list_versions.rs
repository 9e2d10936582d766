//! `ListObjectVersions`.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use s3s::{
    S3Error, S3ErrorCode, S3Response, S3Result,
    dto::{
        CommonPrefix, DeleteMarkerEntry, ListObjectVersionsInput, ListObjectVersionsOutput, ObjectVersion,
        ObjectVersionStorageClass,
    },
};

use super::{
    bucket::owner,
    encoding::Encoding,
    get::signed,
    list::page_size,
    object::Object,
    store::Buckets,
    version::VersionId,
    version_listing::{self, Entry, Query},
};

pub(crate) fn list(
    buckets: &Buckets,
    input: ListObjectVersionsInput,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let bucket = buckets.get(&input.bucket)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let (max, max_keys) = page_size(input.max_keys)?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let delimiter = input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    let key_marker = input.key_marker.as_deref().filter(|marker| !marker.is_empty());
    let version_marker = input.version_id_marker.as_deref().filter(|marker| !marker.is_empty());
    if version_marker.is_some() && key_marker.is_none() {
        let message = "A version-id marker cannot be specified without a key marker.";
        return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
    }
    let version_marker = version_marker.map(VersionId::read).transpose()?;
    let query = Query { prefix, delimiter, key_marker, version_marker, max };
    let page = version_listing::page(bucket.shelves(), &query);
    let next = page.entries.last().filter(|_| page.truncated);
    let mut output = ListObjectVersionsOutput {
        delimiter: delimiter.map(|delimiter| encoding.write(delimiter)),
        encoding_type: input.encoding_type,
        is_truncated: Some(page.truncated),
        key_marker: Some(encoding.write(key_marker.unwrap_or_default())),
        max_keys: Some(max_keys),
        next_key_marker: next.map(|next| encoding.write(next.name())),
        next_version_id_marker: next.and_then(Entry::version).map(|version| version.to_string()),
        prefix: Some(encoding.write(prefix)),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        name: Some(input.bucket),
        ..Default::default()
    };
    let (mut versions, mut markers, mut prefixes) = (Vec::new(), Vec::new(), Vec::new());
    let mut order = Order::default();
    for entry in &page.entries {
        match entry {
            Entry::Object { key, object, is_latest } => {
                order.0.push(VERSION);
                versions.push(ObjectVersion {
                    owner: Some(owner(&bucket.owner)),
                    ..version(encoding.write(key), object, *is_latest)
                });
            }
            Entry::Marker { key, marker, is_latest } => {
                order.0.push(MARKER);
                markers.push(DeleteMarkerEntry {
                    is_latest: Some(*is_latest),
                    key: Some(encoding.write(key)),
                    last_modified: Some(marker.modified.into()),
                    owner: Some(owner(&bucket.owner)),
                    version_id: Some(marker.version.to_string()),
                });
            }
            Entry::Prefix(prefix) => prefixes.push(CommonPrefix { prefix: Some(encoding.write(prefix)) }),
        }
    }
    output.versions = Some(versions);
    output.delete_markers = Some(markers);
    output.common_prefixes = Some(prefixes);
    let mut response = S3Response::new(output);
    response.extensions.insert(order);
    Ok(response)
}

fn version(key: String, object: &Object, is_latest: bool) -> ObjectVersion {
    ObjectVersion {
        checksum_algorithm: object.checksum().map(|checksum| vec![checksum.algorithm.dto()]),
        checksum_type: object.checksum().map(|checksum| checksum.kind.dto()),
        e_tag: Some(object.etag.into()),
        is_latest: Some(is_latest),
        key: Some(key),
        last_modified: Some(object.modified.into()),
        owner: None,
        restore_status: None,
        size: Some(signed(object.content.len())),
        storage_class: Some(ObjectVersionStorageClass::from(object.class.name().to_owned())),
        version_id: Some(object.version.to_string()),
    }
}

const VERSION: &str = "Version";
const MARKER: &str = "DeleteMarker";

/// The names of the elements of a listing, in its order. S3 mixes versions and delete markers; the protocol
/// crate writes the ones and then the others. Only the order says which of two of a second is newer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order(Vec<&'static str>);

impl Order {
    /// Puts the elements of a body in order, at its end.
    pub(crate) fn mend(&self, xml: &Bytes) -> Option<Bytes> {
        let text = str::from_utf8(xml).ok()?;
        let end = text.rfind("</")?;
        let [versions, markers] = [VERSION, MARKER].map(|name| elements(&text[..end], name));
        let mut all = [&versions[..], &markers[..]].concat();
        all.sort_unstable_by_key(|element| element.start);
        let mut mended = BytesMut::with_capacity(xml.len());
        let mut from = 0;
        for element in all {
            mended.extend_from_slice(&xml[from..element.start]);
            from = element.end;
        }
        mended.extend_from_slice(&xml[from..end]);
        let (mut versions, mut markers) = (versions.into_iter(), markers.into_iter());
        for name in &self.0 {
            let element = if *name == VERSION { versions.next() } else { markers.next() };
            mended.extend_from_slice(&xml[element?]);
        }
        mended.extend_from_slice(&xml[end..]);
        Some(mended.freeze())
    }
}

/// Where the elements of a name are; none holds another of its name.
fn elements(text: &str, name: &str) -> Vec<Range<usize>> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(&open).map(|at| from + at) {
        let Some(end) = text[start..].find(&close).map(|at| start + at + close.len()) else { break };
        found.push(start..end);
        from = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_put_in_order() {
        let xml = "<L><DeleteMarker>1</DeleteMarker><DeleteMarker>2</DeleteMarker><Name>n</Name>\
                   <Version>3</Version><VersionIdMarker></VersionIdMarker><Version>4</Version></L>";
        let order = Order(vec![VERSION, MARKER, MARKER, VERSION]);
        assert_eq!(
            order.mend(&Bytes::from(xml)).unwrap(),
            "<L><Name>n</Name><VersionIdMarker></VersionIdMarker><Version>3</Version>\
             <DeleteMarker>1</DeleteMarker><DeleteMarker>2</DeleteMarker><Version>4</Version></L>"
        );
    }
}
