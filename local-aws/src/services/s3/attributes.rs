//! `GetObjectAttributes`.

use s3s::{
    S3Result,
    dto::{
        GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts, ObjectAttributes,
        ObjectPart, StorageClass,
    },
};

use super::{
    checksum::{spread, tell_checksum},
    get::signed,
    list::page_size,
    object::Layout,
    store::Buckets,
};

pub(crate) fn get(
    buckets: &Buckets,
    input: &GetObjectAttributesInput,
) -> S3Result<GetObjectAttributesOutput> {
    let bucket = buckets.get(&input.bucket)?;
    let object = bucket.version(&input.key, input.version_id.as_deref())?;
    // Some clients name all of them in one header, and the protocol crate leaves it whole.
    let names = input.object_attributes.iter().flat_map(|names| names.as_str().split(',')).map(str::trim);
    let names: Vec<&str> = names.collect();
    let asked = |name: &str| names.contains(&name);
    let checksum = object.checksum().filter(|_| asked(ObjectAttributes::CHECKSUM));
    let layout = object.layout().filter(|_| asked(ObjectAttributes::OBJECT_PARTS));
    let class = StorageClass::from_static(object.class.name());
    Ok(GetObjectAttributesOutput {
        checksum: checksum.map(|checksum| spread(Some(checksum))),
        e_tag: asked(ObjectAttributes::ETAG).then(|| object.etag.into()),
        last_modified: Some(object.modified.into()),
        object_parts: layout.map(|layout| parts(layout, input)).transpose()?,
        object_size: asked(ObjectAttributes::OBJECT_SIZE).then(|| signed(object.content.len())),
        version_id: bucket.told(object.version),
        storage_class: asked(ObjectAttributes::STORAGE_CLASS).then_some(class),
        ..Default::default()
    })
}

fn parts(layout: &Layout, input: &GetObjectAttributesInput) -> S3Result<GetObjectAttributesParts> {
    let total = i32::try_from(layout.parts.len()).ok();
    // S3 tells no more than the number of parts, unless the upload named a checksum algorithm.
    if !layout.told {
        return Ok(GetObjectAttributesParts { total_parts_count: total, ..Default::default() });
    }
    let (max, max_parts) = page_size(input.max_parts)?;
    let marker = input.part_number_marker.unwrap_or_default();
    let mut after = layout.parts.iter().filter(|part| part.number > marker);
    let parts: Vec<ObjectPart> = after
        .by_ref()
        .take(max)
        .map(|part| {
            let mut told = ObjectPart {
                part_number: Some(part.number),
                size: Some(signed(part.size)),
                ..Default::default()
            };
            let _kind = tell_checksum!(told, part.checksum.as_ref());
            told
        })
        .collect();
    Ok(GetObjectAttributesParts {
        is_truncated: Some(after.next().is_some()),
        max_parts: Some(max_parts),
        next_part_number_marker: parts.last().and_then(|part| part.part_number),
        part_number_marker: Some(marker),
        parts: Some(parts),
        total_parts_count: total,
    })
}
