//! Multipart uploads on the embedded S3.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod s3;

use aws_sdk_s3::{
    primitives::ByteStream,
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ObjectAttributes, StorageClass},
};
use proptest::prelude::*;
use s3::{World, code, source, world};

const MIB: u64 = 1 << 20;

fn completed(parts: &[(i32, &str)]) -> CompletedMultipartUpload {
    let parts =
        parts.iter().map(|(number, etag)| CompletedPart::builder().part_number(*number).e_tag(*etag).build());
    CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build()
}

async fn create(world: &World) -> String {
    let created = world.s3.create_multipart_upload().bucket("dst").key("k").send().await.unwrap();
    created.upload_id().unwrap().to_owned()
}

async fn put(world: &World, id: &str, number: i32, bytes: Vec<u8>) -> String {
    let put = world.s3.upload_part().bucket("dst").key("k").upload_id(id).part_number(number);
    put.body(ByteStream::from(bytes)).send().await.unwrap().e_tag().unwrap().to_owned()
}

async fn put_copy(world: &World, id: &str, number: i32, first: u64, end: u64) -> String {
    let copy = world.s3.upload_part_copy().bucket("dst").key("k").upload_id(id).part_number(number);
    let copy = copy.copy_source(source("src", "k")).copy_source_range(format!("bytes={first}-{}", end - 1));
    copy.send().await.unwrap().copy_part_result().unwrap().e_tag().unwrap().to_owned()
}

async fn complete(world: &World, id: &str, parts: &[(i32, &str)]) -> (String, u16) {
    let complete = world.s3.complete_multipart_upload().bucket("dst").key("k").upload_id(id);
    code(complete.multipart_upload(completed(parts)).send().await)
}

#[tokio::test]
async fn real_parts_become_one_object() {
    let world = world().await;
    let created = world.s3.create_multipart_upload().bucket("dst").key("k").content_type("text/plain");
    let created =
        created.metadata("a", "1").tagging("t=1").storage_class(StorageClass::StandardIa).send().await;
    let id = created.unwrap().upload_id().unwrap().to_owned();
    let first = put(&world, &id, 1, vec![b'a'; 5 << 20]).await;
    let last = put(&world, &id, 3, b"end".to_vec()).await;
    assert_eq!(world.handle.open_uploads("dst").unwrap(), [("k".to_owned(), id.clone())]);
    assert_eq!(complete(&world, &id, &[(1, &first), (3, &last)]).await.1, 200);
    // A client whose answer was lost asks again.
    assert_eq!(complete(&world, &id, &[(1, &first), (3, &last)]).await.1, 200);
    assert_eq!(world.handle.open_uploads("dst").unwrap(), []);

    let view = world.handle.object("dst", "k").unwrap().unwrap();
    assert_eq!(
        (view.size, view.storage_class, &view.parts[..]),
        (5 * MIB + 3, "STANDARD_IA", &[5 * MIB, 3][..])
    );
    assert!(view.etag.ends_with("-2"), "{}", view.etag);
    assert_eq!((view.metadata["a"].as_str(), view.tags["t"].as_str()), ("1", "1"));
    let got = world.s3.get_object().bucket("dst").key("k").part_number(2).send().await.unwrap();
    assert_eq!(got.parts_count(), Some(2));
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "end");

    // A copy is in one part, with the MD5 of all its bytes.
    let copied = world.s3.copy_object().copy_source("dst/k").bucket("src").key("k").send().await.unwrap();
    let copy = world.handle.object("src", "k").unwrap().unwrap();
    assert_eq!(copied.copy_object_result().unwrap().e_tag().unwrap().trim_matches('"'), copy.etag);
    assert_eq!(
        (copy.digest, copy.etag.as_str(), copy.parts.len()),
        (view.digest, &*view.digest.to_string(), 0)
    );
}

#[tokio::test]
async fn fifty_gigabytes_are_copied_without_a_byte() {
    let world = world().await;
    let size = 50_000_000_000;
    world.handle.put_synthetic("src", "k", size).unwrap();
    let id = create(&world).await;
    let part = 5 << 30;
    let mut parts = Vec::new();
    for (number, first) in (1..).zip((0..size).step_by(5 << 30)) {
        parts.push((number, put_copy(&world, &id, number, first, size.min(first + part)).await));
    }
    let parts: Vec<(i32, &str)> = parts.iter().map(|(number, etag)| (*number, etag.as_str())).collect();
    assert_eq!(complete(&world, &id, &parts).await.1, 200);
    let view = |bucket| world.handle.object(bucket, "k").unwrap().unwrap();
    assert_eq!((view("dst").size, view("dst").digest), (size, view("src").digest));
    assert_ne!(view("dst").etag, view("src").etag);
    assert!(view("dst").etag.ends_with("-10"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn parts_that_tile_a_source_are_equal_to_it(sizes in prop::collection::vec(5 * MIB..50 * MIB, 1..5), seed: u64, swap: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = world().await;
            let size = sizes.iter().sum();
            world.handle.put_synthetic_content("src", "k", size, seed).unwrap();
            let id = create(&world).await;
            let (mut parts, mut first) = (Vec::new(), 0);
            for (number, size) in (1..).zip(&sizes) {
                parts.push(put_copy(&world, &id, number, first, first + size).await);
                first += size;
            }
            let swapped = swap && sizes.len() > 1;
            if swapped {
                // The same part twice, in place of another.
                parts[1] = put_copy(&world, &id, 2, 0, sizes[1]).await;
            }
            let parts: Vec<(i32, &str)> = (1..).zip(parts.iter().map(String::as_str)).collect();
            assert_eq!(complete(&world, &id, &parts).await.1, 200);
            let digest = |bucket| world.handle.object(bucket, "k").unwrap().unwrap().digest;
            assert_eq!(digest("src") == digest("dst"), !swapped);
        });
    }
}

#[tokio::test]
async fn the_rules_of_parts() {
    let world = world().await;
    let id = create(&world).await;
    let small = put(&world, &id, 1, b"small".to_vec()).await;
    let second = put(&world, &id, 2, b"second".to_vec()).await;
    assert_eq!(complete(&world, &id, &[(1, &small), (2, &second)]).await, ("EntityTooSmall".to_owned(), 400));
    assert_eq!(
        complete(&world, &id, &[(2, &second), (1, &small)]).await,
        ("InvalidPartOrder".to_owned(), 400)
    );
    assert_eq!(
        complete(&world, &id, &[(1, &small), (1, &small)]).await,
        ("InvalidPartOrder".to_owned(), 400)
    );
    assert_eq!(complete(&world, &id, &[(1, &second)]).await, ("InvalidPart".to_owned(), 400));
    assert_eq!(complete(&world, &id, &[(9, &small)]).await, ("InvalidPart".to_owned(), 400));
    assert_eq!(complete(&world, &id, &[]).await, ("MalformedXML".to_owned(), 400));
    assert_eq!(complete(&world, "none", &[(1, &small)]).await, ("NoSuchUpload".to_owned(), 404));

    let number =
        world.s3.upload_part().bucket("dst").key("k").upload_id(&id).part_number(10_001).send().await;
    assert_eq!(code(number), ("InvalidArgument".to_owned(), 400));
    world.handle.put("dst", "k", "there").unwrap();
    let guarded =
        world.s3.complete_multipart_upload().bucket("dst").key("k").upload_id(&id).if_none_match("*");
    let guarded = guarded.multipart_upload(completed(&[(1, &small)])).send().await;
    assert_eq!(code(guarded), ("PreconditionFailed".to_owned(), 412));

    let abort = || world.s3.abort_multipart_upload().bucket("dst").key("k").upload_id(&id).send();
    assert_eq!(code(abort().await).1, 200);
    assert_eq!(code(abort().await), ("NoSuchUpload".to_owned(), 404));
}

#[tokio::test]
async fn the_rules_of_copied_parts() {
    let world = world().await;
    world.handle.put_synthetic("src", "k", 6 << 30).unwrap();
    let id = create(&world).await;
    let copy = || {
        let copy = world.s3.upload_part_copy().bucket("dst").key("k").upload_id(&id).part_number(1);
        copy.copy_source("src/k")
    };
    assert_eq!(code(copy().send().await), ("InvalidRequest".to_owned(), 400));
    let range = |range: &str| copy().copy_source_range(range).send();
    assert_eq!(code(range("bytes=0-").await), ("InvalidArgument".to_owned(), 400));
    assert_eq!(code(range(&format!("bytes=0-{}", 6_u64 << 30)).await), ("InvalidArgument".to_owned(), 400));
    let failed = copy().copy_source_range("bytes=0-9").copy_source_if_match("\"x\"").send().await;
    assert_eq!(code(failed), ("PreconditionFailed".to_owned(), 412));
    assert_eq!(code(range("bytes=0-9").await).1, 200);
}

#[tokio::test]
async fn checksums_of_parts() {
    let world = world().await;
    for (algorithm, expected) in
        [(ChecksumAlgorithm::Crc32, "COMPOSITE"), (ChecksumAlgorithm::Crc64Nvme, "FULL_OBJECT")]
    {
        let created =
            world.s3.create_multipart_upload().bucket("dst").key("k").checksum_algorithm(algorithm.clone());
        let id = created.send().await.unwrap().upload_id().unwrap().to_owned();
        let mut parts = Vec::new();
        for (number, bytes) in [(1, vec![b'a'; 5 << 20]), (2, b"end".to_vec())] {
            let put = world.s3.upload_part().bucket("dst").key("k").upload_id(&id).part_number(number);
            let put =
                put.checksum_algorithm(algorithm.clone()).body(ByteStream::from(bytes)).send().await.unwrap();
            let part = CompletedPart::builder().part_number(number).e_tag(put.e_tag().unwrap());
            let part =
                part.set_checksum_crc32(put.checksum_crc32).set_checksum_crc64_nvme(put.checksum_crc64_nvme);
            parts.push(part.build());
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = world.s3.complete_multipart_upload().bucket("dst").key("k").upload_id(&id);
        let done = complete.multipart_upload(parts).send().await.unwrap();
        assert_eq!(done.checksum_type().unwrap().as_str(), expected);

        let attributes = world.s3.get_object_attributes().bucket("dst").key("k");
        let attributes = attributes
            .object_attributes(ObjectAttributes::ObjectParts)
            .object_attributes(ObjectAttributes::ObjectSize);
        let attributes =
            attributes.object_attributes(ObjectAttributes::Checksum).max_parts(1).send().await.unwrap();
        assert_eq!(attributes.object_size(), Some(5 * 1_048_576 + 3));
        let told = attributes.object_parts().unwrap();
        assert_eq!(
            (told.total_parts_count(), told.is_truncated(), told.parts().len()),
            (Some(2), Some(true), 1)
        );
        assert_eq!(told.parts()[0].size(), Some(5 << 20));
        let checksum = attributes.checksum().unwrap();
        assert_eq!(checksum.checksum_crc32().is_some_and(|sum| sum.ends_with("-2")), expected == "COMPOSITE");
    }
}

#[tokio::test]
async fn uploads_and_parts_are_listed_in_pages() {
    let world = world().await;
    let mut expected = Vec::new();
    for key in ["a/1", "a/2", "b", "b", "c"] {
        let created = world.s3.create_multipart_upload().bucket("dst").key(key).send().await.unwrap();
        expected.push((key.to_owned(), created.upload_id().unwrap().to_owned()));
    }
    let (mut listed, mut key, mut id) = (Vec::new(), None, None);
    loop {
        let list = world.s3.list_multipart_uploads().bucket("dst").max_uploads(2);
        let page = list.set_key_marker(key).set_upload_id_marker(id).send().await.unwrap();
        listed.extend(
            page.uploads()
                .iter()
                .map(|upload| (upload.key().unwrap().to_owned(), upload.upload_id().unwrap().to_owned())),
        );
        if page.is_truncated() != Some(true) {
            break;
        }
        key = page.next_key_marker().map(str::to_owned);
        id = page.next_upload_id_marker().map(str::to_owned);
    }
    assert_eq!(listed, expected);
    let rolled = world.s3.list_multipart_uploads().bucket("dst").delimiter("/").send().await.unwrap();
    assert_eq!((rolled.uploads().len(), rolled.common_prefixes()[0].prefix()), (3, Some("a/")));

    let id = create(&world).await;
    for number in [5, 1, 3] {
        put(&world, &id, number, vec![0; 9]).await;
    }
    let list = || world.s3.list_parts().bucket("dst").key("k").upload_id(&id).max_parts(2);
    let numbers = |page: &aws_sdk_s3::operation::list_parts::ListPartsOutput| {
        page.parts().iter().filter_map(aws_sdk_s3::types::Part::part_number).collect::<Vec<_>>()
    };
    let page = list().send().await.unwrap();
    assert_eq!((numbers(&page), page.is_truncated()), (vec![1, 3], Some(true)));
    let page = list().part_number_marker(page.next_part_number_marker().unwrap()).send().await.unwrap();
    assert_eq!((numbers(&page), page.is_truncated()), (vec![5], Some(false)));
}
