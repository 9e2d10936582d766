//! Objects on the embedded S3: put, get, head, delete, tags, conditions and errors.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod s3;

use aws_sdk_s3::{
    error::ProvideErrorMetadata,
    operation::head_object::HeadObjectError,
    presigning::PresigningConfig,
    primitives::{ByteStream, DateTime},
    types::{
        BucketLocationConstraint, ChecksumAlgorithm, ChecksumMode, CreateBucketConfiguration, Delete,
        ObjectAttributes, ObjectIdentifier, StorageClass, Tag, Tagging,
    },
};
use s3::{code, odd_keys, world};

#[tokio::test]
async fn what_is_put_is_got_with_all_it_came_with() {
    let world = world().await;
    let put = world.s3.put_object().bucket("src").key("k").body(ByteStream::from_static(b"hello"));
    let put = put.content_type("text/plain").cache_control("no-cache").content_encoding("gzip");
    let put = put.metadata("colour", "blue").metadata("name", "Zoë").tagging("a=1&b=x%20y");
    let put = put.storage_class(StorageClass::StandardIa).send().await.unwrap();
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert!(put.checksum_crc32().is_some() || put.checksum_crc64_nvme().is_some());

    let got = world.s3.get_object().bucket("src").key("k").checksum_mode(ChecksumMode::Enabled);
    let got = got.send().await.unwrap();
    assert_eq!(got.content_type(), Some("text/plain"));
    assert_eq!(got.cache_control(), Some("no-cache"));
    assert_eq!(got.content_encoding(), Some("gzip"));
    assert_eq!(got.storage_class(), Some(&StorageClass::StandardIa));
    assert_eq!(got.tag_count(), Some(2));
    assert_eq!(got.metadata().unwrap()["colour"], "blue");
    assert!(got.checksum_crc32().is_some() || got.checksum_crc64_nvme().is_some());
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "hello");

    let head = world.s3.head_object().bucket("src").key("k").send().await.unwrap();
    assert_eq!((head.content_length(), head.e_tag()), (Some(5), put.e_tag()));
    let view = world.handle.object("src", "k").unwrap().unwrap();
    assert_eq!(
        (view.size, view.etag.as_str(), view.storage_class),
        (5, "5d41402abc4b2a76b9719d911017c592", "STANDARD_IA")
    );
    assert_eq!(view.digest.to_string(), view.etag);
    assert_eq!((view.tags["b"].as_str(), view.metadata["name"].as_str()), ("x y", "Zoë"));
    assert_eq!(view.headers["content-type"], "text/plain");
}

#[tokio::test]
async fn every_key_comes_back() {
    let world = world().await;
    for key in odd_keys() {
        let body = ByteStream::from(key.clone().into_bytes());
        world.s3.put_object().bucket("src").key(&key).body(body).send().await.unwrap();
        let got = world.s3.get_object().bucket("src").key(&key).send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().into_bytes(), key.as_bytes(), "{key:?}");
    }
    let stored: Vec<String> = world.handle.objects("src").unwrap().into_iter().map(|view| view.key).collect();
    assert_eq!(stored, odd_keys());
    for key in odd_keys() {
        world.s3.delete_object().bucket("src").key(&key).send().await.unwrap();
    }
    assert_eq!(world.handle.len("src").unwrap(), 0);
}

#[tokio::test]
async fn ranges() {
    let world = world().await;
    world.handle.put("src", "k", "0123456789").unwrap();
    for (range, expected) in
        [("bytes=0-0", "0"), ("bytes=7-", "789"), ("bytes=-2", "89"), ("bytes=5-99", "56789")]
    {
        let got = world.s3.get_object().bucket("src").key("k").range(range).send().await.unwrap();
        assert!(got.content_range().unwrap().ends_with("/10"));
        assert_eq!(got.body.collect().await.unwrap().into_bytes(), expected, "{range}");
    }
    let beyond = world.s3.get_object().bucket("src").key("k").range("bytes=10-").send().await;
    assert_eq!(code(beyond), ("InvalidRange".to_owned(), 416));
}

#[tokio::test]
async fn a_synthetic_object_reads_the_same_whole_and_in_ranges() {
    let world = world().await;
    world.handle.put_synthetic("src", "k", 200_001).unwrap();
    let got = world.s3.get_object().bucket("src").key("k").send().await.unwrap();
    assert_eq!(got.content_length(), Some(200_001));
    let whole = got.body.collect().await.unwrap().into_bytes();
    assert_eq!(whole.len(), 200_001);
    let got = world.s3.get_object().bucket("src").key("k").range("bytes=65530-131080").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), whole[65_530..=131_080]);

    world.handle.put_synthetic("src", "huge", 50 << 40).unwrap();
    let head = world.s3.head_object().bucket("src").key("huge").send().await.unwrap();
    assert_eq!(head.content_length(), Some(50 << 40));
    let got = world.s3.get_object().bucket("src").key("huge").range("bytes=-3").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().into_bytes().len(), 3);
}

#[tokio::test]
async fn conditions_on_reads() {
    let world = world().await;
    world.handle.put("src", "k", "hello").unwrap();
    let etag = "\"5d41402abc4b2a76b9719d911017c592\"";
    let get = || world.s3.get_object().bucket("src").key("k");
    let past = DateTime::from_secs(1_000_000_000);
    let future = DateTime::from_secs(4_000_000_000);
    assert_eq!(code(get().if_match(etag).if_unmodified_since(past).send().await).1, 200);
    assert_eq!(code(get().if_match("\"x\"").send().await), ("PreconditionFailed".to_owned(), 412));
    assert_eq!(code(get().if_none_match(etag).send().await).1, 304);
    assert_eq!(code(get().if_none_match("\"x\"").if_modified_since(future).send().await).1, 200);
    assert_eq!(code(get().if_modified_since(future).send().await).1, 304);
    assert_eq!(code(get().if_unmodified_since(past).send().await).1, 412);
}

#[tokio::test]
async fn conditions_on_writes() {
    let world = world().await;
    let put = || world.s3.put_object().bucket("src").key("k").body(ByteStream::from_static(b"hello"));
    assert_eq!(code(put().if_match("\"x\"").send().await), ("NoSuchKey".to_owned(), 404));
    assert_eq!(code(put().if_none_match("*").send().await).1, 200);
    assert_eq!(code(put().if_none_match("*").send().await), ("PreconditionFailed".to_owned(), 412));
    assert_eq!(code(put().if_match("\"x\"").send().await), ("PreconditionFailed".to_owned(), 412));
    assert_eq!(code(put().if_match("\"5d41402abc4b2a76b9719d911017c592\"").send().await).1, 200);
}

#[tokio::test]
async fn digests_are_checked() {
    let world = world().await;
    let put = || world.s3.put_object().bucket("src").key("k").body(ByteStream::from_static(b"hello"));
    assert_eq!(code(put().content_md5("XUFAKrxLKna5cZ2REBfFkg==").send().await).1, 200);
    assert_eq!(
        code(put().content_md5("XUFAKrxLKna5cZ2REBfFkQ==").send().await),
        ("BadDigest".to_owned(), 400)
    );
    assert_eq!(code(put().content_md5("x").send().await), ("InvalidDigest".to_owned(), 400));
    assert_eq!(code(put().checksum_crc32("AAAAAA==").send().await), ("BadDigest".to_owned(), 400));
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        put().checksum_algorithm(algorithm.clone()).send().await.unwrap();
        let attributes = world.s3.get_object_attributes().bucket("src").key("k");
        let attributes = attributes.object_attributes(ObjectAttributes::Checksum).send().await.unwrap();
        let told = format!("{:?}", attributes.checksum().unwrap());
        let field = format!(
            "checksum_{}: Some",
            algorithm.as_str().to_lowercase().replace("crc64nvme", "crc64_nvme").replace("crc32c", "crc32_c")
        );
        assert!(told.contains(&field), "{told} has no {field}");
    }
}

#[tokio::test]
async fn what_is_not_there() {
    let world = world().await;
    let s3 = &world.s3;
    assert_eq!(code(s3.get_object().bucket("src").key("k").send().await), ("NoSuchKey".to_owned(), 404));
    assert_eq!(code(s3.get_object().bucket("none").key("k").send().await), ("NoSuchBucket".to_owned(), 404));
    assert_eq!(code(s3.list_objects_v2().bucket("none").send().await), ("NoSuchBucket".to_owned(), 404));
    let head = s3.head_object().bucket("src").key("k").send().await.unwrap_err();
    assert!(matches!(head.into_service_error(), HeadObjectError::NotFound(_)));
    let long = s3.put_object().bucket("src").key("a".repeat(1_025)).send().await;
    assert_eq!(code(long), ("KeyTooLongError".to_owned(), 400));
    assert_eq!(code(s3.delete_object().bucket("src").key("k").send().await).1, 200);
    assert_eq!(code(s3.get_bucket_policy().bucket("src").send().await).0, "NotImplemented");
}

#[tokio::test]
async fn buckets() {
    let world = world().await;
    let s3 = &world.s3;
    let create = |region: &str| {
        let at =
            CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(region));
        s3.create_bucket().bucket("new").create_bucket_configuration(at.build())
    };
    assert_eq!(code(s3.create_bucket().bucket("src").send().await).1, 200);
    create("eu-west-1").send().await.unwrap();
    assert_eq!(code(create("eu-west-1").send().await), ("BucketAlreadyOwnedByYou".to_owned(), 409));
    let location = s3.get_bucket_location().bucket("new").send().await.unwrap();
    assert_eq!(location.location_constraint(), Some(&BucketLocationConstraint::EuWest1));
    assert_eq!(s3.head_bucket().bucket("new").send().await.unwrap().bucket_region(), Some("eu-west-1"));
    let location = s3.get_bucket_location().bucket("src").send().await.unwrap();
    assert_eq!(location.location_constraint().map_or("", |region| region.as_str()), "");

    let first = s3.list_buckets().max_buckets(2).send().await.unwrap();
    let names = |buckets: &[aws_sdk_s3::types::Bucket]| {
        buckets.iter().map(|bucket| bucket.name().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(first.buckets()), ["dst", "new"]);
    let second = s3.list_buckets().max_buckets(2).continuation_token(first.continuation_token().unwrap());
    let second = second.send().await.unwrap();
    assert_eq!((names(second.buckets()), second.continuation_token()), (vec!["src".to_owned()], None));

    let regions = |buckets: &[aws_sdk_s3::types::Bucket]| {
        buckets.iter().map(|bucket| bucket.bucket_region().map(str::to_owned)).collect::<Vec<_>>()
    };
    let [classic, west] = ["us-east-1", "eu-west-1"].map(|region| Some(region.to_owned()));
    assert_eq!(regions(first.buckets()), [classic, west.clone()]);
    let plain = s3.list_buckets().send().await.unwrap();
    assert_eq!(regions(plain.buckets()), [None, None, None], "nobody asked for anything");
    let here = s3.list_buckets().bucket_region("us-east-1").send().await.unwrap();
    assert_eq!(names(here.buckets()), ["dst", "src"]);
    let there = || s3.list_buckets().bucket_region("eu-west-1");
    assert_eq!(code(there().send().await), ("InvalidArgument".to_owned(), 400), "another endpoint's");
    let region = aws_sdk_s3::config::Builder::new().region(aws_sdk_s3::config::Region::new("eu-west-1"));
    let there = there().customize().config_override(region).send().await.unwrap();
    assert_eq!((names(there.buckets()), regions(there.buckets())), (vec!["new".to_owned()], vec![west]));
    let prefixed = s3.list_buckets().prefix("s").send().await.unwrap();
    assert_eq!((names(prefixed.buckets()), prefixed.prefix()), (vec!["src".to_owned()], Some("s")));

    world.handle.put("new", "k", "").unwrap();
    assert_eq!(code(s3.delete_bucket().bucket("new").send().await), ("BucketNotEmpty".to_owned(), 409));
    s3.delete_object().bucket("new").key("k").send().await.unwrap();
    s3.delete_bucket().bucket("new").send().await.unwrap();
    assert_eq!(code(s3.create_bucket().bucket("A_b").send().await), ("InvalidBucketName".to_owned(), 400));
}

#[tokio::test]
async fn many_are_deleted_at_once() {
    let world = world().await;
    let keys: Vec<String> = odd_keys().into_iter().filter(|key| !key.contains(char::is_control)).collect();
    world.handle.seed("src", keys.iter().map(|key| (key.clone(), 1))).unwrap();
    let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.collect())).build().unwrap();
    let deleted = world.s3.delete_objects().bucket("src").delete(delete).send().await.unwrap();
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (keys.len(), 0));
    assert_eq!(world.handle.len("src").unwrap(), 0);
}

#[tokio::test]
async fn tags() {
    let world = world().await;
    world.handle.put_synthetic("src", "k", 1).unwrap();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    let put = |tags: Vec<Tag>| {
        let tagging = Tagging::builder().set_tag_set(Some(tags)).build().unwrap();
        world.s3.put_object_tagging().bucket("src").key("k").tagging(tagging)
    };
    put(vec![tag("a", "1"), tag("b", "")]).send().await.unwrap();
    let got = world.s3.get_object_tagging().bucket("src").key("k").send().await.unwrap();
    assert_eq!(got.tag_set(), [tag("a", "1"), tag("b", "")]);
    assert_eq!(code(put(vec![tag("a", "1"), tag("a", "2")]).send().await), ("InvalidTag".to_owned(), 400));
    let eleven = (0..11).map(|number| tag(&number.to_string(), "")).collect();
    assert_eq!(code(put(eleven).send().await), ("BadRequest".to_owned(), 400));
    world.s3.delete_object_tagging().bucket("src").key("k").send().await.unwrap();
    assert!(world.handle.object("src", "k").unwrap().unwrap().tags.is_empty());
}

#[tokio::test]
async fn presigned_urls_are_served_and_wrong_secrets_are_not() {
    let aws = tidegate_local_aws::LocalAws::builder().in_process().start().await.unwrap();
    aws.s3().create_bucket("src");
    aws.s3().put("src", "a b", "hello").unwrap();
    let s3 = aws_sdk_s3::Client::new(&aws.sdk_config());
    let hour = PresigningConfig::expires_in(std::time::Duration::from_hours(1)).unwrap();
    let signed = s3.get_object().bucket("src").key("a b").presigned(hour).await.unwrap();
    assert!(signed.uri().contains("X-Amz-Signature="));

    let stranger = aws_sdk_s3::config::Credentials::new("test", "wrong", None, None, "test");
    let config = aws_sdk_s3::config::Builder::from(&aws.sdk_config()).credentials_provider(stranger).build();
    let refused = aws_sdk_s3::Client::from_conf(config).list_buckets().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("SignatureDoesNotMatch"));
}

#[tokio::test]
async fn buckets_in_the_host_name() {
    let aws = tidegate_local_aws::LocalAws::builder().in_process().start().await.unwrap();
    aws.s3().create_bucket("my-bucket");
    for endpoint in ["http://localhost:4566", "http://s3.localhost:4566", "http://s3.us-east-1.amazonaws.com"]
    {
        let config = aws_sdk_s3::config::Builder::from(&aws.sdk_config()).endpoint_url(endpoint).build();
        let s3 = aws_sdk_s3::Client::from_conf(config);
        s3.put_object()
            .bucket("my-bucket")
            .key("a/b")
            .body(ByteStream::from_static(b"hello"))
            .send()
            .await
            .unwrap();
        let got = s3.get_object().bucket("my-bucket").key("a/b").send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().into_bytes(), "hello", "{endpoint}");
        assert_eq!(aws.s3().len("my-bucket").unwrap(), 1);
    }
}
