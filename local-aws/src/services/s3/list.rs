//! `ListObjects` and `ListObjectsV2`.

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        self, CommonPrefix, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
        ObjectStorageClass,
    },
};

use super::{
    bucket::owner,
    encoding::Encoding,
    get::signed,
    listing::{self, Entry, Page, Query},
    object::Object,
    store::Buckets,
    token,
};

/// The most entries of a page, common prefixes included.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
const PAGE_MAX: i32 = 1_000;

pub(crate) fn v1(buckets: &Buckets, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
    let bucket = buckets.get(&input.bucket)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let (max, max_keys) = page_size(input.max_keys)?;
    let marker = input.marker.as_deref().filter(|marker| !marker.is_empty());
    let delimiter = input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let page = listing::page(&bucket.objects, &Query { prefix, delimiter, after: marker, max });
    // Without a delimiter the last key is marker enough.
    let next_marker = page.next().filter(|_| delimiter.is_some()).map(|next| encoding.write(next));
    let truncated = page.truncated;
    let (contents, common_prefixes) = split(&page, encoding, Some(&bucket.owner));
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.write(prefix)),
        marker: Some(encoding.write(marker.unwrap_or_default())),
        max_keys: Some(max_keys),
        is_truncated: Some(truncated),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        delimiter: delimiter.map(|delimiter| encoding.write(delimiter)),
        next_marker,
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

pub(crate) fn v2(buckets: &Buckets, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let bucket = buckets.get(&input.bucket)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let (max, max_keys) = page_size(input.max_keys)?;
    let resumed = input.continuation_token.as_deref().map(token::read).transpose()?;
    let start_after = input.start_after.as_deref().filter(|start| !start.is_empty());
    let delimiter = input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let after = resumed.as_deref().or(start_after);
    let page = listing::page(&bucket.objects, &Query { prefix, delimiter, after, max });
    let fetch_owner = input.fetch_owner.unwrap_or(false);
    let next_continuation_token = page.next().map(token::write);
    let (truncated, key_count) = (page.truncated, i32::try_from(page.entries.len()).ok());
    let (contents, common_prefixes) = split(&page, encoding, fetch_owner.then_some(&*bucket.owner));
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoding.write(prefix)),
        max_keys: Some(max_keys),
        key_count,
        continuation_token: input.continuation_token,
        is_truncated: Some(truncated),
        next_continuation_token,
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        delimiter: delimiter.map(|delimiter| encoding.write(delimiter)),
        encoding_type: input.encoding_type,
        start_after: start_after.map(|start| encoding.write(start)),
        request_charged: None,
    })
}

/// How many entries a page may have, and as the reply says it.
pub(crate) fn page_size(max: Option<i32>) -> S3Result<(usize, i32)> {
    let max = max.unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let size = usize::try_from(max).map_err(|_negative| {
        let message = "Argument maxKeys must be an integer between 0 and 2147483647";
        S3Error::with_message(S3ErrorCode::InvalidArgument, message)
    })?;
    Ok((size, max))
}

fn split(
    page: &Page<'_, Object>,
    encoding: Encoding,
    of: Option<&str>,
) -> (Vec<dto::Object>, Vec<CommonPrefix>) {
    let (mut contents, mut common_prefixes) = (Vec::new(), Vec::new());
    for entry in &page.entries {
        match entry {
            Entry::Item(key, object) => contents.push(dto::Object {
                checksum_algorithm: object.checksum().map(|checksum| vec![checksum.algorithm.dto()]),
                checksum_type: object.checksum().map(|checksum| checksum.kind.dto()),
                e_tag: Some(object.etag.into()),
                key: Some(encoding.write(key)),
                last_modified: Some(object.modified.into()),
                owner: of.map(owner),
                restore_status: None,
                size: Some(signed(object.content.len())),
                storage_class: Some(ObjectStorageClass::from_static(object.class.name())),
            }),
            Entry::Prefix(prefix) => {
                common_prefixes.push(CommonPrefix { prefix: Some(encoding.write(prefix)) });
            }
        }
    }
    (contents, common_prefixes)
}
