//! Versions on the embedded S3. What is answered where was seen on AWS.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod s3;

use std::sync::{Arc, Mutex};

use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::AfterDeserializationInterceptorContextRef,
    },
    error::{BoxError, SdkError},
    operation::list_object_versions::ListObjectVersionsOutput,
    primitives::ByteStream,
    types::{
        BucketVersioningStatus, Delete, EncodingType, MfaDelete, ObjectIdentifier, Tag, Tagging,
        VersioningConfiguration,
    },
};
use s3::{World, code, source, world};

/// A world whose bucket `src` keeps versions.
async fn versioned() -> World {
    let world = world().await;
    set(&world, BucketVersioningStatus::Enabled).await;
    world
}

async fn set(world: &World, status: BucketVersioningStatus) {
    let configuration = VersioningConfiguration::builder().status(status).build();
    let put = world.s3.put_bucket_versioning().bucket("src").versioning_configuration(configuration);
    put.send().await.unwrap();
}

/// Puts a text, and answers the version that it became.
async fn put(world: &World, key: &str, text: &'static str) -> Option<String> {
    let put = world.s3.put_object().bucket("src").key(key).body(ByteStream::from_static(text.as_bytes()));
    put.send().await.unwrap().version_id().map(str::to_owned)
}

async fn delete(world: &World, key: &str, version: Option<&str>) -> (Option<bool>, Option<String>) {
    let delete = world.s3.delete_object().bucket("src").key(key).set_version_id(version.map(str::to_owned));
    let deleted = delete.send().await.unwrap();
    (deleted.delete_marker(), deleted.version_id().map(str::to_owned))
}

/// The text of a version, and the version as it is told.
async fn text(world: &World, key: &str, version: Option<&str>) -> (String, Option<String>) {
    let get = world.s3.get_object().bucket("src").key(key).set_version_id(version.map(str::to_owned));
    let got = get.send().await.unwrap();
    let told = got.version_id().map(str::to_owned);
    (String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap(), told)
}

/// Key, version and whether it is the latest.
type Line<'a> = (&'a str, &'a str, bool);

/// The objects and the delete markers of a page.
fn listed(page: &ListObjectVersionsOutput) -> (Vec<Line<'_>>, Vec<Line<'_>>) {
    let versions = page
        .versions()
        .iter()
        .map(|version| (version.key().unwrap(), version.version_id().unwrap(), version.is_latest().unwrap()));
    let markers = page
        .delete_markers()
        .iter()
        .map(|marker| (marker.key().unwrap(), marker.version_id().unwrap(), marker.is_latest().unwrap()));
    (versions.collect(), markers.collect())
}

#[tokio::test]
async fn a_bucket_keeps_versions_once_it_is_told_to() {
    let world = world().await;
    let get = || world.s3.get_bucket_versioning().bucket("src").send();
    assert_eq!(get().await.unwrap().status(), None);
    set(&world, BucketVersioningStatus::Enabled).await;
    assert_eq!(get().await.unwrap().status(), Some(&BucketVersioningStatus::Enabled));
    set(&world, BucketVersioningStatus::Suspended).await;
    assert_eq!(get().await.unwrap().status(), Some(&BucketVersioningStatus::Suspended));

    let put = |configuration| {
        world.s3.put_bucket_versioning().bucket("src").versioning_configuration(configuration).send()
    };
    let builder = VersioningConfiguration::builder;
    let refused = put(builder().status(BucketVersioningStatus::from("enabled")).build()).await;
    assert_eq!(code(refused), ("MalformedXML".to_owned(), 400));
    let refused = put(builder().build()).await;
    assert_eq!(code(refused), ("IllegalVersioningConfigurationException".to_owned(), 400));
    let mfa = builder().status(BucketVersioningStatus::Enabled).mfa_delete(MfaDelete::Enabled).build();
    assert_eq!(code(put(mfa).await), ("NotImplemented".to_owned(), 501));
    assert_eq!(get().await.unwrap().status(), Some(&BucketVersioningStatus::Suspended));
    let none = world.s3.get_bucket_versioning().bucket("none").send().await;
    assert_eq!(code(none), ("NoSuchBucket".to_owned(), 404));
}

#[tokio::test]
async fn what_is_written_over_and_deleted_is_still_there_by_its_id() {
    let world = versioned().await;
    let first = put(&world, "k", "one").await.unwrap();
    let second = put(&world, "k", "two").await.unwrap();
    assert_ne!(first, second);
    assert_eq!(text(&world, "k", None).await, ("two".to_owned(), Some(second.clone())));
    assert_eq!(text(&world, "k", Some(&first)).await, ("one".to_owned(), Some(first.clone())));
    let head = world.s3.head_object().bucket("src").key("k").version_id(&first).send().await.unwrap();
    assert_eq!((head.version_id(), head.content_length()), (Some(&*first), Some(3)));

    let (is_marker, marker) = delete(&world, "k", None).await;
    let marker = marker.unwrap();
    assert_eq!(is_marker, Some(true));
    assert_eq!(text(&world, "k", Some(&second)).await.0, "two");
    assert!(world.handle.object("src", "k").unwrap().is_none());
    assert_eq!(world.handle.len("src").unwrap(), 0);

    // Without the marker, what was under it is current again.
    assert_eq!(delete(&world, "k", Some(&marker)).await, (Some(true), Some(marker.clone())));
    assert_eq!(text(&world, "k", None).await.0, "two");
    assert_eq!(delete(&world, "k", Some(&second)).await, (None, Some(second.clone())));
    assert_eq!(text(&world, "k", None).await, ("one".to_owned(), Some(first.clone())));
    // What is gone is deleted already.
    assert_eq!(delete(&world, "k", Some(&second)).await, (None, Some(second)));
    assert_eq!(delete(&world, "k", Some(&first)).await, (None, Some(first)));
    assert_eq!(world.handle.versions("src").unwrap(), []);
}

#[tokio::test]
async fn what_a_delete_marker_answers() {
    let world = versioned().await;
    let first = put(&world, "k", "one").await.unwrap();
    let (_, marker) = delete(&world, "k", None).await;
    let marker = marker.unwrap();

    let header = |response: &aws_sdk_s3::config::http::HttpResponse, name: &str| {
        response.headers().get(name).map(str::to_owned)
    };
    let yes = Some("true".to_owned());
    let get = || world.s3.get_object().bucket("src").key("k");
    let Err(SdkError::ServiceError(error)) = get().send().await else { panic!("got it") };
    assert!(error.err().is_no_such_key());
    assert_eq!(error.raw().status().as_u16(), 404);
    assert_eq!(header(error.raw(), "x-amz-delete-marker"), yes);
    assert_eq!(header(error.raw(), "x-amz-version-id"), Some(marker.clone()));

    let gone = get().version_id(&marker).send().await;
    let Err(SdkError::ServiceError(error)) = &gone else { panic!("got it") };
    assert_eq!(header(error.raw(), "allow"), Some("DELETE".to_owned()));
    assert_eq!(header(error.raw(), "x-amz-delete-marker"), yes);
    assert!(header(error.raw(), "last-modified").unwrap().ends_with(" GMT"));
    assert_eq!(code(gone), ("MethodNotAllowed".to_owned(), 405));

    let head = || world.s3.head_object().bucket("src").key("k");
    let Err(SdkError::ServiceError(error)) = head().send().await else { panic!("got it") };
    assert_eq!(
        (error.raw().status().as_u16(), header(error.raw(), "x-amz-delete-marker")),
        (404, yes.clone())
    );
    let Err(SdkError::ServiceError(error)) = head().version_id(&marker).send().await else {
        panic!("got it")
    };
    assert_eq!((error.raw().status().as_u16(), header(error.raw(), "x-amz-delete-marker")), (405, yes));

    // Tags are refused whether the marker is named or not.
    let tags = || world.s3.get_object_tagging().bucket("src").key("k");
    assert_eq!(code(tags().send().await), ("MethodNotAllowed".to_owned(), 405));
    assert_eq!(code(tags().version_id(&marker).send().await), ("MethodNotAllowed".to_owned(), 405));
    let tags = world.s3.delete_object_tagging().bucket("src").key("k").send().await;
    assert_eq!(code(tags), ("MethodNotAllowed".to_owned(), 405));

    let copy = |version: &str| {
        let source = format!("{}?versionId={version}", source("src", "k"));
        world.s3.copy_object().copy_source(source).bucket("dst").key("k").send()
    };
    assert_eq!(code(copy(&marker).await), ("InvalidRequest".to_owned(), 400));
    let current = world.s3.copy_object().copy_source("src/k").bucket("dst").key("k").send().await;
    assert_eq!(code(current), ("NoSuchKey".to_owned(), 404));
    let copied = copy(&first).await.unwrap();
    assert_eq!((copied.copy_source_version_id(), copied.version_id()), (Some(&*first), None));
}

#[tokio::test]
async fn ids_that_never_were() {
    let world = versioned().await;
    put(&world, "k", "one").await;
    let get = |key, id| world.s3.get_object().bucket("src").key(key).version_id(id).send();
    assert_eq!(code(get("k", "null").await), ("NoSuchVersion".to_owned(), 404));
    assert_eq!(code(get("none", "null").await), ("NoSuchVersion".to_owned(), 404));
    assert_eq!(code(get("k", "x").await), ("InvalidArgument".to_owned(), 400));
    let deleted = world.s3.delete_object().bucket("src").key("k").version_id("x").send().await;
    assert_eq!(code(deleted), ("InvalidArgument".to_owned(), 400));

    let plain = |id| world.s3.get_object().bucket("dst").key("k").version_id(id).send();
    world.handle.put("dst", "k", "text").unwrap();
    assert_eq!(plain("null").await.unwrap().version_id(), None);
    assert_eq!(code(plain("x").await), ("InvalidArgument".to_owned(), 400));
    let other = world.handle.versions("src").unwrap().remove(0).version_id;
    assert_eq!(code(plain(&other).await), ("InvalidArgument".to_owned(), 400));
    assert_eq!(world.handle.versions("dst").unwrap()[0].version_id, "null");
}

#[tokio::test]
async fn null_versions() {
    let world = world().await;
    assert_eq!(put(&world, "k", "before").await, None);
    set(&world, BucketVersioningStatus::Enabled).await;
    assert_eq!(text(&world, "k", None).await, ("before".to_owned(), Some("null".to_owned())));
    let second = put(&world, "k", "second").await.unwrap();
    assert_eq!(text(&world, "k", Some("null")).await.0, "before");

    // While suspended, one null version takes the place of another, and what has an id stays.
    set(&world, BucketVersioningStatus::Suspended).await;
    assert_eq!(put(&world, "k", "third").await, None);
    let versions = || {
        let versions = world.handle.versions("src").unwrap().into_iter();
        versions.map(|version| (version.version_id, version.object.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(versions(), [("null".to_owned(), true), (second.clone(), true)]);
    assert_eq!(text(&world, "k", Some("null")).await.0, "third");
    assert_eq!(delete(&world, "k", None).await, (Some(true), Some("null".to_owned())));
    assert_eq!(versions(), [("null".to_owned(), false), (second.clone(), true)]);
    assert_eq!(delete(&world, "k", None).await, (Some(true), Some("null".to_owned())));
    put(&world, "k", "fourth").await;
    assert_eq!(versions(), [("null".to_owned(), true), (second.clone(), true)]);
    let copied = world.s3.copy_object().copy_source("src/k").bucket("src").key("copy").send().await.unwrap();
    assert_eq!((copied.version_id(), copied.copy_source_version_id()), (Some("null"), Some("null")));
    assert_eq!(delete(&world, "copy", Some("null")).await, (None, Some("null".to_owned())));
    assert_eq!(delete(&world, "k", Some("null")).await, (None, Some("null".to_owned())));
    assert_eq!(text(&world, "k", None).await, ("second".to_owned(), Some(second)));
}

#[tokio::test]
async fn an_upload_is_a_version_and_completing_it_again_is_the_same() {
    let world = versioned().await;
    let first = put(&world, "k", "one").await.unwrap();
    let upload = world.s3.create_multipart_upload().bucket("src").key("k").send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let copy = world.s3.upload_part_copy().bucket("src").key("k").upload_id(id).part_number(1);
    let copied = copy.copy_source(format!("src/k?versionId={first}")).send().await.unwrap();
    assert_eq!(copied.copy_source_version_id(), Some(&*first));
    let part = aws_sdk_s3::types::CompletedPart::builder().part_number(1);
    let part = part.e_tag(copied.copy_part_result().unwrap().e_tag().unwrap()).build();
    let parts = aws_sdk_s3::types::CompletedMultipartUpload::builder().parts(part).build();
    let complete = || {
        let complete = world.s3.complete_multipart_upload().bucket("src").key("k").upload_id(id);
        complete.multipart_upload(parts.clone()).send()
    };
    let completed = complete().await.unwrap().version_id().unwrap().to_owned();
    assert_ne!(completed, first);
    assert_eq!(complete().await.unwrap().version_id(), Some(&*completed));
    assert_eq!(text(&world, "k", None).await, ("one".to_owned(), Some(completed)));
    assert_eq!(world.handle.versions("src").unwrap().len(), 2);
}

#[tokio::test]
async fn tags_are_of_a_version() {
    let world = versioned().await;
    let first = put(&world, "k", "one").await.unwrap();
    let second = put(&world, "k", "two").await.unwrap();
    let tag = |value: &str| {
        let tag = Tag::builder().key("t").value(value).build().unwrap();
        Tagging::builder().tag_set(tag).build().unwrap()
    };
    let put = |value| world.s3.put_object_tagging().bucket("src").key("k").tagging(tag(value));
    assert_eq!(put("new").send().await.unwrap().version_id(), Some(&*second));
    assert_eq!(put("old").version_id(&first).send().await.unwrap().version_id(), Some(&*first));
    let get = || world.s3.get_object_tagging().bucket("src").key("k");
    let old = get().version_id(&first).send().await.unwrap();
    assert_eq!((old.tag_set()[0].value(), old.version_id()), ("old", Some(&*first)));
    assert_eq!(get().send().await.unwrap().tag_set()[0].value(), "new");
    let none =
        world.s3.delete_object_tagging().bucket("src").key("k").version_id(&first).send().await.unwrap();
    assert_eq!(none.version_id(), Some(&*first));
    assert!(get().version_id(&first).send().await.unwrap().tag_set().is_empty());
    let attributes = world.s3.get_object_attributes().bucket("src").key("k").version_id(&first);
    let attributes = attributes.object_attributes(aws_sdk_s3::types::ObjectAttributes::Etag).send();
    assert_eq!(attributes.await.unwrap().version_id(), Some(&*first));
}

#[tokio::test]
async fn an_older_version_is_brought_back_by_a_copy_onto_its_key() {
    let world = versioned().await;
    let first = put(&world, "k", "one").await.unwrap();
    put(&world, "k", "two").await;
    let copy = world.s3.copy_object().bucket("src").key("k");
    let copied = copy.copy_source(format!("src/k?versionId={first}")).send().await.unwrap();
    assert_eq!(copied.copy_source_version_id(), Some(&*first));
    assert_eq!(text(&world, "k", None).await, ("one".to_owned(), copied.version_id().map(str::to_owned)));
    assert_eq!(world.handle.versions("src").unwrap().len(), 3);
}

#[tokio::test]
async fn conditions_are_about_the_current_version() {
    let world = versioned().await;
    let put = || world.s3.put_object().bucket("src").key("k").body(ByteStream::from_static(b"hello"));
    let etag = "\"5d41402abc4b2a76b9719d911017c592\"";
    put().if_none_match("*").send().await.unwrap();
    assert_eq!(code(put().if_none_match("*").send().await), ("PreconditionFailed".to_owned(), 412));
    delete(&world, "k", None).await;
    assert_eq!(code(put().if_match(etag).send().await), ("NoSuchKey".to_owned(), 404));
    put().if_none_match("*").send().await.unwrap();
    put().if_match(etag).send().await.unwrap();

    world.handle.put("dst", "k", "other").unwrap();
    let copy = || world.s3.copy_object().copy_source("dst/k").bucket("src").key("k");
    assert_eq!(code(copy().if_none_match("*").send().await), ("PreconditionFailed".to_owned(), 412));
    delete(&world, "k", None).await;
    copy().if_none_match("*").send().await.unwrap();
    let stale = world.s3.delete_object().bucket("src").key("k").if_match(etag).send().await;
    assert_eq!(code(stale), ("PreconditionFailed".to_owned(), 412));
    let versions = world.handle.bucket("src").unwrap();
    assert_eq!((versions.objects, versions.versions, versions.delete_markers), (1, 4, 2));
    assert_eq!((versions.bytes, versions.version_bytes), (5, 20));
}

#[tokio::test]
async fn many_versions_are_deleted_at_once() {
    let world = versioned().await;
    let first = put(&world, "k", "one").await.unwrap();
    let delete = |entries: Vec<(&str, Option<&str>)>| {
        let objects = entries.into_iter().map(|(key, version)| {
            let object = ObjectIdentifier::builder().key(key);
            object.set_version_id(version.map(str::to_owned)).build().unwrap()
        });
        let delete = Delete::builder().set_objects(Some(objects.collect())).build().unwrap();
        world.s3.delete_objects().bucket("src").delete(delete).send()
    };
    let deleted = delete(vec![("k", None), ("none", None)]).await.unwrap();
    let markers: Vec<String> = deleted
        .deleted()
        .iter()
        .map(|entry| {
            assert_eq!((entry.delete_marker(), entry.version_id()), (Some(true), None));
            entry.delete_marker_version_id().unwrap().to_owned()
        })
        .collect();
    assert_eq!(markers.len(), 2);

    let marker = markers[0].as_str();
    let deleted = delete(vec![("k", Some(marker)), ("k", Some(&first)), ("k", Some("x"))]).await.unwrap();
    let [of_marker, of_object] = deleted.deleted() else { panic!("{deleted:?}") };
    assert_eq!((of_marker.delete_marker(), of_marker.version_id()), (Some(true), Some(marker)));
    assert_eq!(of_marker.delete_marker_version_id(), Some(marker));
    assert_eq!((of_object.delete_marker(), of_object.version_id()), (None, Some(&*first)));
    assert_eq!(of_object.delete_marker_version_id(), None);
    let [error] = deleted.errors() else { panic!("{deleted:?}") };
    assert_eq!((error.code(), error.version_id()), (Some("NoSuchVersion"), Some("x")));
    assert_eq!(world.handle.versions("src").unwrap().len(), 1);
    let refused = world.s3.delete_bucket().bucket("src").send().await;
    assert_eq!(code(refused), ("BucketNotEmpty".to_owned(), 409));
    delete(vec![("none", Some(&markers[1]))]).await.unwrap();
    world.s3.delete_bucket().bucket("src").send().await.unwrap();
}

/// The nine versions of three keys, in the order in which they came.
async fn nine(world: &World) -> Vec<String> {
    let mut ids = Vec::new();
    for (key, text) in [("a", "1"), ("b", "1"), ("c", "1"), ("c", "2")] {
        ids.push(put(world, key, text).await.unwrap());
    }
    for key in ["a", "b", "c"] {
        ids.push(delete(world, key, None).await.1.unwrap());
    }
    for key in ["a", "b"] {
        ids.push(put(world, key, "2").await.unwrap());
    }
    ids
}

#[tokio::test]
async fn a_listing_has_keys_in_order_and_their_versions_newest_first() {
    let world = versioned().await;
    let ids = nine(&world).await;
    let id = |at: usize| ids[at - 1].as_str();
    let list = || world.s3.list_object_versions().bucket("src");
    let all = list().send().await.unwrap();
    assert_eq!(
        listed(&all),
        (
            vec![
                ("a", id(8), true),
                ("a", id(1), false),
                ("b", id(9), true),
                ("b", id(2), false),
                ("c", id(4), false),
                ("c", id(3), false),
            ],
            vec![("a", id(5), false), ("b", id(6), false), ("c", id(7), true)],
        )
    );
    assert_eq!((all.is_truncated(), all.max_keys()), (Some(false), Some(1_000)));
    assert_eq!((all.next_key_marker(), all.next_version_id_marker()), (None, None));
    let version = &all.versions()[0];
    assert_eq!((version.size(), version.storage_class().unwrap().as_str()), (Some(1), "STANDARD"));
    assert!(version.e_tag().is_some() && version.last_modified().is_some() && version.owner().is_some());

    let five = list().max_keys(5).send().await.unwrap();
    assert_eq!((five.versions().len(), five.delete_markers().len()), (3, 2));
    assert_eq!((five.next_key_marker(), five.next_version_id_marker()), (Some("b"), Some(id(6))));
    let key_only = list().max_keys(1).key_marker("b").send().await.unwrap();
    assert_eq!(listed(&key_only), (vec![], vec![("c", id(7), true)]));
    let both = list().max_keys(1).key_marker("b").version_id_marker(id(6)).send().await.unwrap();
    assert_eq!(listed(&both), (vec![("b", id(2), false)], vec![]));
    assert_eq!((both.is_truncated(), both.next_key_marker()), (Some(true), Some("b")));
    assert_eq!((both.key_marker(), both.version_id_marker()), (Some("b"), Some(id(6))));
    let end = list().max_keys(1).key_marker("c").version_id_marker(id(4)).send().await.unwrap();
    assert_eq!(listed(&end), (vec![("c", id(3), false)], vec![]));
    assert_eq!(end.is_truncated(), Some(false));
    let version_only = list().version_id_marker(id(6)).send().await;
    assert_eq!(code(version_only), ("InvalidArgument".to_owned(), 400));
    let wrong = list().key_marker("b").version_id_marker("x").send().await;
    assert_eq!(code(wrong), ("InvalidArgument".to_owned(), 400));
}

/// Keeps the bodies of answers.
#[derive(Clone, Debug, Default)]
struct Bodies(Arc<Mutex<Vec<u8>>>);

impl Intercept for Bodies {
    fn name(&self) -> &'static str {
        "bodies"
    }

    fn read_after_deserialization(
        &self,
        answer: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = answer.response().body().bytes().unwrap_or_default().to_vec();
        Ok(())
    }
}

#[tokio::test]
async fn delete_markers_stand_among_versions_in_the_answer() {
    let world = versioned().await;
    nine(&world).await;
    let bodies = Bodies::default();
    let list = world.s3.list_object_versions().bucket("src").prefix("b").customize();
    list.interceptor(bodies.clone()).send().await.unwrap();
    let body = String::from_utf8(bodies.0.lock().unwrap().clone()).unwrap();
    let names = body.split('<').filter_map(|tag| tag.split_once('>')).map(|(name, _)| name);
    let entries = names.filter(|name| ["Version", "DeleteMarker"].contains(name)).collect::<Vec<_>>();
    assert_eq!(entries, ["Version", "DeleteMarker", "Version"], "{body}");
}

#[tokio::test]
async fn common_prefixes_stand_for_all_versions_under_them() {
    let world = versioned().await;
    for key in ["d/s/1", "d/s/1", "d/s/2", "d/x", "d/y"] {
        put(&world, key, "").await;
    }
    delete(&world, "d/z/1", None).await;
    let list = || world.s3.list_object_versions().bucket("src").prefix("d/").delimiter("/");
    let mut found = Vec::new();
    let mut next = (None, None);
    loop {
        let page =
            list().max_keys(1).set_key_marker(next.0).set_version_id_marker(next.1).send().await.unwrap();
        found.extend(page.versions().iter().map(|version| version.key().unwrap().to_owned()));
        found.extend(page.common_prefixes().iter().map(|group| group.prefix().unwrap().to_owned()));
        next = (page.next_key_marker().map(str::to_owned), page.next_version_id_marker().map(str::to_owned));
        assert_eq!(page.is_truncated(), Some(next.0.is_some()));
        if next.0.is_none() {
            break;
        }
    }
    assert_eq!(found, ["d/s/", "d/x", "d/y", "d/z/"]);
    // A key marker inside of a common prefix is past it.
    let inside = list().max_keys(1).key_marker("d/s/1").send().await.unwrap();
    assert_eq!(inside.versions()[0].key(), Some("d/x"));
}

#[tokio::test]
async fn names_are_encoded_when_asked() {
    let world = versioned().await;
    put(&world, "a b/é", "").await;
    delete(&world, "a b+", None).await;
    let list = world.s3.list_object_versions().bucket("src").prefix("a b").delimiter("/");
    let page = list.encoding_type(EncodingType::Url).key_marker("a b").send().await.unwrap();
    assert_eq!((page.prefix(), page.key_marker()), (Some("a+b"), Some("a+b")));
    assert_eq!(page.delete_markers()[0].key(), Some("a+b%2B"));
    assert_eq!(page.common_prefixes()[0].prefix(), Some("a+b/"));
}

#[tokio::test]
async fn a_bucket_that_never_kept_versions_lists_null_ones() {
    let world = world().await;
    world.handle.seed("src", (0..3).map(|number| (format!("k{number}"), 1))).unwrap();
    let all = world.s3.list_object_versions().bucket("src").send().await.unwrap();
    assert_eq!(listed(&all).0, [("k0", "null", true), ("k1", "null", true), ("k2", "null", true)]);
    assert_eq!(delete(&world, "k0", None).await, (None, None));
    assert_eq!(world.handle.versions("src").unwrap().len(), 2);
}
