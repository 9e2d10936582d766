//! `ListMultipartUploads`.

use std::collections::BTreeSet;

use s3s::{
    S3Result,
    dto::{
        self, CommonPrefix, ListMultipartUploadsInput, ListMultipartUploadsOutput, MultipartUpload,
        StorageClass,
    },
};

use super::{bucket::owner, encoding::Encoding, list::page_size, store::Buckets, upload::Upload};

pub(crate) fn list(
    buckets: &Buckets,
    input: ListMultipartUploadsInput,
) -> S3Result<ListMultipartUploadsOutput> {
    let bucket = buckets.get(&input.bucket)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let (max, max_uploads) = page_size(input.max_uploads)?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let delimiter = input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    let marker = input.key_marker.as_deref().unwrap_or_default();
    let id_marker = input.upload_id_marker.as_deref().filter(|_| !marker.is_empty());

    let (mut uploads, mut groups) = (Vec::new(), BTreeSet::new());
    let (mut last, mut truncated) = (None, false);
    for ((key, id), upload) in &bucket.uploads {
        let key = key.as_str();
        let Some(rest) = key.strip_prefix(prefix) else { continue };
        let group = delimiter.and_then(|delimiter| {
            let at = rest.find(delimiter)?;
            Some(&key[..prefix.len() + at + delimiter.len()])
        });
        let name = group.unwrap_or(key);
        let is_after = name > marker
            || (name == marker && group.is_none() && id_marker.is_some_and(|marker| &**id > marker));
        if !is_after || groups.contains(name) {
            continue;
        }
        if uploads.len() + groups.len() == max {
            truncated = max > 0;
            break;
        }
        match group {
            Some(group) => drop(groups.insert(group)),
            None => uploads.push(describe((key, id), upload, encoding, &bucket.owner)),
        }
        last = Some((name, group.is_none().then(|| id.clone())));
    }
    let (next_key, next_id) = last.filter(|_| truncated).unzip();
    let groups = groups.into_iter();
    Ok(ListMultipartUploadsOutput {
        common_prefixes: Some(
            groups.map(|group| CommonPrefix { prefix: Some(encoding.write(group)) }).collect(),
        ),
        delimiter: delimiter.map(|delimiter| encoding.write(delimiter)),
        encoding_type: input.encoding_type,
        is_truncated: Some(truncated),
        key_marker: Some(encoding.write(marker)),
        max_uploads: Some(max_uploads),
        next_key_marker: next_key.map(|key| encoding.write(key)),
        next_upload_id_marker: next_id.flatten(),
        prefix: Some(encoding.write(prefix)),
        upload_id_marker: input.upload_id_marker.clone(),
        uploads: Some(uploads),
        request_charged: None,
        bucket: Some(input.bucket),
    })
}

fn describe((key, id): (&str, &str), upload: &Upload, encoding: Encoding, account: &str) -> MultipartUpload {
    MultipartUpload {
        checksum_algorithm: upload.algorithm.map(super::checksum::Algorithm::dto),
        checksum_type: upload.algorithm.map(|_| upload.kind.dto()),
        initiated: Some(upload.begun.into()),
        initiator: Some(dto::Initiator { id: owner(account).id, ..Default::default() }),
        key: Some(encoding.write(key)),
        owner: Some(owner(account)),
        storage_class: Some(StorageClass::from_static(upload.class.name())),
        upload_id: Some(id.to_owned()),
    }
}
