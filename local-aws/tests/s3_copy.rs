//! Copies on the embedded S3.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod s3;

use aws_sdk_s3::{
    primitives::DateTime,
    types::{MetadataDirective, StorageClass, TaggingDirective},
};
use s3::{World, code, odd_keys, source, world};

const GIB: u64 = 1 << 30;

fn copy(
    world: &World,
    from: &str,
    to: &str,
) -> aws_sdk_s3::operation::copy_object::builders::CopyObjectFluentBuilder {
    world.s3.copy_object().copy_source(source("src", from)).bucket("dst").key(to)
}

#[tokio::test]
async fn every_key_is_copied_and_equal() {
    let world = world().await;
    world.handle.seed("src", odd_keys().into_iter().zip(1..)).unwrap();
    for key in odd_keys() {
        copy(&world, &key, &key).send().await.unwrap_or_else(|error| panic!("{key:?}: {error:?}"));
    }
    let content = |bucket| {
        let objects = world.handle.objects(bucket).unwrap().into_iter();
        objects.map(|view| (view.key, view.size, view.etag, view.digest)).collect::<Vec<_>>()
    };
    assert_eq!(content("src"), content("dst"));
}

#[tokio::test]
async fn a_source_is_decoded_once() {
    let world = world().await;
    world.handle.seed("src", ["a+b", "a%2Bb", "a b"].map(|key| (key.to_owned(), 1))).unwrap();
    for (header, key) in [
        ("src/a+b", "a+b"),
        ("/src/a%2Bb", "a+b"),
        ("src/a%252Bb", "a%2Bb"),
        ("src/a%20b", "a b"),
        ("src%2Fa+b", "a+b"),
    ] {
        world.s3.copy_object().copy_source(header).bucket("dst").key("k").send().await.unwrap();
        let digest = |bucket, key| world.handle.object(bucket, key).unwrap().unwrap().digest;
        assert_eq!(digest("dst", "k"), digest("src", key), "{header}");
    }
    for wrong in ["src", "src/", "/", "src/%ff", "S/k"] {
        let refused = world.s3.copy_object().copy_source(wrong).bucket("dst").key("k").send().await;
        assert_eq!(code(refused), ("InvalidArgument".to_owned(), 400), "{wrong:?}");
    }
    let none = world.s3.copy_object().copy_source("src/none").bucket("dst").key("k").send().await;
    assert_eq!(code(none), ("NoSuchKey".to_owned(), 404));
}

#[tokio::test]
async fn what_a_copy_carries() {
    let world = world().await;
    let put = world.s3.put_object().bucket("src").key("k").content_type("text/plain").metadata("a", "1");
    put.tagging("t=1").storage_class(StorageClass::StandardIa).send().await.unwrap();
    let view = |key| world.handle.object("dst", key).unwrap().unwrap();

    copy(&world, "k", "plain").send().await.unwrap();
    let plain = view("plain");
    assert_eq!((plain.metadata["a"].as_str(), plain.tags["t"].as_str()), ("1", "1"));
    assert_eq!((plain.headers["content-type"].as_str(), plain.storage_class), ("text/plain", "STANDARD"));

    let replaced = copy(&world, "k", "new").metadata_directive(MetadataDirective::Replace).metadata("b", "2");
    let replaced = replaced.tagging_directive(TaggingDirective::Replace).tagging("u=2");
    replaced.storage_class(StorageClass::GlacierIr).send().await.unwrap();
    let new = view("new");
    assert_eq!(new.metadata.into_iter().collect::<Vec<_>>(), [("b".to_owned(), "2".to_owned())]);
    assert_eq!(new.tags.into_iter().collect::<Vec<_>>(), [("u".to_owned(), "2".to_owned())]);
    assert_eq!((new.headers.get("content-type"), new.storage_class), (None, "GLACIER_IR"));

    let wrong = copy(&world, "k", "x").metadata_directive(MetadataDirective::from("SOME")).send().await;
    assert_eq!(code(wrong), ("InvalidArgument".to_owned(), 400));
    let wrong = copy(&world, "k", "x").storage_class(StorageClass::from("COLD")).send().await;
    assert_eq!(code(wrong), ("InvalidStorageClass".to_owned(), 400));
}

#[tokio::test]
async fn at_most_five_gib_at_once() {
    let world = world().await;
    world.handle.put_synthetic("src", "most", 5 * GIB).unwrap();
    world.handle.put_synthetic("src", "more", 5 * GIB + 1).unwrap();
    copy(&world, "most", "k").send().await.unwrap();
    assert_eq!(code(copy(&world, "more", "k").send().await), ("InvalidRequest".to_owned(), 400));
}

#[tokio::test]
async fn onto_itself_only_with_a_change() {
    let world = world().await;
    world.handle.put("src", "k", "hello").unwrap();
    let onto = || world.s3.copy_object().copy_source("src/k").bucket("src").key("k");
    assert_eq!(code(onto().send().await), ("InvalidRequest".to_owned(), 400));
    onto().storage_class(StorageClass::StandardIa).send().await.unwrap();
    onto().metadata_directive(MetadataDirective::Replace).send().await.unwrap();
}

#[tokio::test]
async fn conditions() {
    let world = world().await;
    world.handle.put("src", "k", "hello").unwrap();
    let etag = "\"5d41402abc4b2a76b9719d911017c592\"";
    let failed = ("PreconditionFailed".to_owned(), 412);
    let (past, future) = (DateTime::from_secs(1_000_000_000), DateTime::from_secs(4_000_000_000));
    let from = || copy(&world, "k", "k");
    assert_eq!(code(from().copy_source_if_match("\"x\"").send().await), failed);
    assert_eq!(code(from().copy_source_if_none_match(etag).send().await), failed);
    assert_eq!(code(from().copy_source_if_modified_since(future).send().await), failed);
    assert_eq!(code(from().copy_source_if_unmodified_since(past).send().await), failed);
    assert_eq!(world.handle.len("dst").unwrap(), 0);
    assert_eq!(code(from().if_match(etag).send().await), ("NoSuchKey".to_owned(), 404));
    assert_eq!(
        code(from().copy_source_if_match(etag).copy_source_if_unmodified_since(past).send().await).1,
        200
    );
    assert_eq!(code(from().if_none_match("*").send().await), failed);
    assert_eq!(code(from().if_match("\"x\"").send().await), failed);
    assert_eq!(code(from().if_match(etag).send().await).1, 200);
}

#[tokio::test]
async fn an_archived_source_is_not_copied() {
    let world = world().await;
    world.s3.put_object().bucket("src").key("k").storage_class(StorageClass::Glacier).send().await.unwrap();
    assert_eq!(code(copy(&world, "k", "k").send().await), ("InvalidObjectState".to_owned(), 403));
}
