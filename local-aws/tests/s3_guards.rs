//! What guards buckets and objects of the embedded S3: owners, payers, grants, locks and keys.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod s3;

use aws_sdk_s3::{
    Client,
    config::Credentials,
    primitives::{ByteStream, DateTime},
    types::{
        AccessControlPolicy, BucketVersioningStatus, CompletedMultipartUpload, CompletedPart,
        CreateBucketConfiguration, Grant, Grantee, ObjectCannedAcl, ObjectLockConfiguration,
        ObjectLockEnabled, ObjectLockLegalHoldStatus, ObjectLockMode, ObjectOwnership, Owner,
        OwnershipControls, OwnershipControlsRule, Payer, Permission, RequestCharged, RequestPayer,
        RequestPaymentConfiguration, ServerSideEncryption, StorageClass, Type, VersioningConfiguration,
    },
};
use s3::{World, code, world};
use tidegate_local_aws::LocalAws;

const ME: &str = "000000000000";
const OTHER: &str = "111122223333";

/// The code and the status of a refusal.
fn refused(code: &str, status: u16) -> (String, u16) {
    (code.to_owned(), status)
}

/// The same S3 as another account asks it.
fn stranger(aws: &LocalAws) -> Client {
    let credentials = Credentials::new(OTHER, "test", None, None, "test");
    let config = aws_sdk_s3::config::Builder::from(&aws.sdk_config()).credentials_provider(credentials);
    Client::from_conf(config.force_path_style(true).build())
}

#[tokio::test]
async fn owners_that_are_expected() {
    let world = world().await;
    world.handle.put("src", "k", "hello").unwrap();
    let get = |owner| world.s3.get_object().bucket("src").key("k").expected_bucket_owner(owner).send();
    assert_eq!(code(get(ME).await).1, 200);
    assert_eq!(code(get(OTHER).await), refused("AccessDenied", 403));
    assert_eq!(code(get("me").await), refused("InvalidBucketOwnerAWSAccountID", 400));
    let list = world.s3.list_object_versions().bucket("src").expected_bucket_owner(OTHER).send().await;
    assert_eq!(code(list), refused("AccessDenied", 403));
    let head = world.s3.head_object().bucket("src").key("k").expected_bucket_owner(OTHER).send().await;
    assert_eq!(code(head).1, 403);
    let none = world.s3.list_objects_v2().bucket("none").expected_bucket_owner(OTHER).send().await;
    assert_eq!(code(none), refused("NoSuchBucket", 404));

    let copy =
        || world.s3.copy_object().copy_source("src/k").bucket("dst").key("k").expected_bucket_owner(ME);
    assert_eq!(code(copy().expected_source_bucket_owner(OTHER).send().await), refused("AccessDenied", 403));
    assert_eq!(world.handle.len("dst").unwrap(), 0);
    copy().expected_source_bucket_owner(ME).send().await.unwrap();
}

#[tokio::test]
async fn a_bucket_is_owned_by_who_made_it() {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    aws.s3().create_bucket("mine");
    let theirs = stranger(&aws);
    theirs.create_bucket().bucket("theirs").send().await.unwrap();
    let taken = theirs.create_bucket().bucket("mine").send().await;
    assert_eq!(code(taken), refused("BucketAlreadyExists", 409));
    theirs.head_bucket().bucket("theirs").expected_bucket_owner(OTHER).send().await.unwrap();
    assert_eq!(code(theirs.head_bucket().bucket("mine").expected_bucket_owner(OTHER).send().await).1, 403);
    aws.s3().put("theirs", "k", "").unwrap();
    let listed = theirs.list_objects_v2().bucket("theirs").fetch_owner(true).send().await.unwrap();
    assert_eq!(listed.contents()[0].owner().unwrap().id(), Some(OTHER));
}

#[tokio::test]
async fn requester_pays() {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let (mine, theirs) = (Client::new(&aws.sdk_config()), stranger(&aws));
    aws.s3().create_bucket("src");
    aws.s3().put("src", "k", "hello").unwrap();
    theirs.create_bucket().bucket("dst").send().await.unwrap();
    let get_payment = || mine.get_bucket_request_payment().bucket("src").send();
    assert_eq!(get_payment().await.unwrap().payer(), Some(&Payer::BucketOwner));
    let free = theirs.get_object().bucket("src").key("k").request_payer(RequestPayer::Requester);
    assert_eq!(free.send().await.unwrap().request_charged(), None);

    let payment = RequestPaymentConfiguration::builder().payer(Payer::Requester).build().unwrap();
    let put = mine.put_bucket_request_payment().bucket("src").request_payment_configuration(payment);
    put.send().await.unwrap();
    assert_eq!(get_payment().await.unwrap().payer(), Some(&Payer::Requester));

    // The owner pays anyway.
    mine.get_object().bucket("src").key("k").send().await.unwrap();
    let get = || theirs.get_object().bucket("src").key("k");
    assert_eq!(code(get().send().await), refused("AccessDenied", 403));
    assert_eq!(code(theirs.list_objects_v2().bucket("src").send().await), refused("AccessDenied", 403));
    assert_eq!(code(theirs.head_object().bucket("src").key("k").send().await).1, 403);
    let got = get().request_payer(RequestPayer::Requester).send().await.unwrap();
    assert_eq!(got.request_charged(), Some(&RequestCharged::Requester));
    let hour = std::time::Duration::from_hours(1);
    let hour = aws_sdk_s3::presigning::PresigningConfig::expires_in(hour).unwrap();
    assert!(get().request_payer(RequestPayer::Requester).presigned(hour).await.is_ok());

    let copy = || theirs.copy_object().copy_source("src/k").bucket("dst").key("k");
    assert_eq!(code(copy().send().await), refused("AccessDenied", 403));
    copy().request_payer(RequestPayer::Requester).send().await.unwrap();
}

/// Lets a bucket have lists, or not.
async fn own(world: &World, bucket: &str, ownership: ObjectOwnership) {
    let rule = OwnershipControlsRule::builder().object_ownership(ownership).build().unwrap();
    let controls = OwnershipControls::builder().rules(rule).build().unwrap();
    let put = world.s3.put_bucket_ownership_controls().bucket(bucket).ownership_controls(controls);
    put.send().await.unwrap();
}

/// Who may do what, in order.
async fn grants(world: &World, bucket: &str, key: &str) -> Vec<(String, String)> {
    let acl = world.s3.get_object_acl().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(acl.owner().unwrap().id(), Some(ME));
    let grants = acl.grants().iter().map(|grant| {
        let grantee = grant.grantee().unwrap();
        let who = grantee.id().or_else(|| grantee.uri()).unwrap();
        (who.rsplit('/').next().unwrap().to_owned(), grant.permission().unwrap().as_str().to_owned())
    });
    grants.collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(who, what)| ((*who).to_owned(), (*what).to_owned())).collect()
}

#[tokio::test]
async fn a_bucket_whose_owner_owns_all_takes_no_lists() {
    let world = world().await;
    let controls = world.s3.get_bucket_ownership_controls().bucket("src").send().await.unwrap();
    let rule = &controls.ownership_controls().unwrap().rules()[0];
    assert_eq!(rule.object_ownership(), &ObjectOwnership::BucketOwnerEnforced);
    let put = |acl| world.s3.put_object().bucket("src").key("k").acl(acl).send();
    let unsupported = refused("AccessControlListNotSupported", 400);
    assert_eq!(code(put(ObjectCannedAcl::PublicRead).await), unsupported);
    assert_eq!(code(put(ObjectCannedAcl::Private).await), unsupported);
    put(ObjectCannedAcl::BucketOwnerFullControl).await.unwrap();
    assert_eq!(grants(&world, "src", "k").await, pairs(&[(ME, "FULL_CONTROL")]));
    let put_acl = world.s3.put_object_acl().bucket("src").key("k").acl(ObjectCannedAcl::PublicRead).send();
    assert_eq!(code(put_acl.await), unsupported);
    world.s3.delete_bucket_ownership_controls().bucket("src").send().await.unwrap();
    let gone = world.s3.get_bucket_ownership_controls().bucket("src").send().await;
    assert_eq!(code(gone), refused("OwnershipControlsNotFoundError", 404));
    put(ObjectCannedAcl::PublicRead).await.unwrap();
}

#[tokio::test]
async fn grants_are_kept_and_not_copied() {
    let world = world().await;
    own(&world, "src", ObjectOwnership::ObjectWriter).await;
    own(&world, "dst", ObjectOwnership::BucketOwnerPreferred).await;
    let put = world.s3.put_object().bucket("src").key("k");
    put.acl(ObjectCannedAcl::PublicRead).send().await.unwrap();
    let public = pairs(&[(ME, "FULL_CONTROL"), ("AllUsers", "READ")]);
    assert_eq!(grants(&world, "src", "k").await, public);

    let copy = || world.s3.copy_object().copy_source("src/k").bucket("dst").key("k");
    copy().send().await.unwrap();
    assert_eq!(grants(&world, "dst", "k").await, pairs(&[(ME, "FULL_CONTROL")]));
    let logs = "uri=\"http://acs.amazonaws.com/groups/s3/LogDelivery\"";
    copy()
        .grant_read(format!("id=\"{OTHER}\", {logs}"))
        .grant_full_control(format!("id={ME}"))
        .send()
        .await
        .unwrap();
    let granted = pairs(&[(ME, "FULL_CONTROL"), (OTHER, "READ"), ("LogDelivery", "READ")]);
    assert_eq!(grants(&world, "dst", "k").await, granted);

    // What was read of one object can be put to another.
    let read = world.s3.get_object_acl().bucket("src").key("k").send().await.unwrap();
    let policy = AccessControlPolicy::builder().set_grants(read.grants).set_owner(read.owner).build();
    let put = || world.s3.put_object_acl().bucket("dst").key("k");
    put().access_control_policy(policy.clone()).send().await.unwrap();
    assert_eq!(grants(&world, "dst", "k").await, public);
    put().acl(ObjectCannedAcl::Private).send().await.unwrap();
    assert_eq!(grants(&world, "dst", "k").await, pairs(&[(ME, "FULL_CONTROL")]));

    assert_eq!(code(put().send().await), refused("MissingSecurityHeader", 400));
    let both = put().acl(ObjectCannedAcl::Private).access_control_policy(policy).send().await;
    assert_eq!(code(both), refused("UnexpectedContent", 400));
    let both = put().acl(ObjectCannedAcl::Private).grant_read(logs).send().await;
    assert_eq!(code(both), refused("InvalidRequest", 400));
    assert_eq!(code(put().grant_read("uri=x").send().await), refused("InvalidArgument", 400));
    assert_eq!(code(put().acl(ObjectCannedAcl::from("x")).send().await), refused("InvalidArgument", 400));
    let nobody = Grantee::builder().r#type(Type::Group).uri("x").build().unwrap();
    let grant = Grant::builder().grantee(nobody).permission(Permission::Read).build();
    let owner = Owner::builder().id(ME).build();
    let unknown = AccessControlPolicy::builder().grants(grant).owner(owner).build();
    assert_eq!(code(put().access_control_policy(unknown).send().await), refused("InvalidArgument", 400));
    let none = world.s3.get_object_acl().bucket("src").key("none").send().await;
    assert_eq!(code(none), refused("NoSuchKey", 404));
}

#[tokio::test(start_paused = true)]
async fn locked_versions_stay() {
    let world = world().await;
    let later = |seconds| {
        let now = world.handle.object("dst", "now").unwrap().unwrap().modified;
        DateTime::from(now + std::time::Duration::from_secs(seconds))
    };
    world.handle.put("dst", "now", "").unwrap();
    let create = world.s3.create_bucket().bucket("locked").object_lock_enabled_for_bucket(true);
    create.create_bucket_configuration(CreateBucketConfiguration::builder().build()).send().await.unwrap();
    let configured = world.s3.get_object_lock_configuration().bucket("locked").send().await.unwrap();
    let enabled = configured.object_lock_configuration().unwrap().object_lock_enabled();
    assert_eq!(enabled, Some(&ObjectLockEnabled::Enabled));
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    let suspend = world.s3.put_bucket_versioning().bucket("locked").versioning_configuration(suspended);
    assert_eq!(code(suspend.send().await), refused("InvalidBucketState", 409));

    let put = || world.s3.put_object().bucket("locked").key("k").body(ByteStream::from_static(b"x"));
    let retained = |mode| put().object_lock_mode(mode).object_lock_retain_until_date(later(3_600));
    let compliance = retained(ObjectLockMode::Compliance).send().await.unwrap().version_id.unwrap();
    let governance = retained(ObjectLockMode::Governance).send().await.unwrap().version_id.unwrap();
    let held = put().object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On).send().await;
    let held = held.unwrap().version_id.unwrap();
    let look = |id: &str| world.s3.head_object().bucket("locked").key("k").version_id(id).send();
    let told = look(&compliance).await.unwrap();
    assert_eq!(told.object_lock_mode(), Some(&ObjectLockMode::Compliance));
    assert_eq!(told.object_lock_retain_until_date(), Some(&later(3_600)));
    assert_eq!(told.object_lock_legal_hold_status(), None);
    let told = look(&held).await.unwrap();
    assert_eq!(told.object_lock_legal_hold_status(), Some(&ObjectLockLegalHoldStatus::On));
    assert_eq!(told.object_lock_mode(), None);

    let delete = |id: &str, bypass| {
        let delete = world.s3.delete_object().bucket("locked").key("k").version_id(id);
        delete.set_bypass_governance_retention(bypass).send()
    };
    for id in [&compliance, &governance, &held] {
        assert_eq!(code(delete(id, None).await), refused("AccessDenied", 403));
    }
    assert_eq!(code(delete(&compliance, Some(true)).await), refused("AccessDenied", 403));
    assert_eq!(code(delete(&held, Some(true)).await), refused("AccessDenied", 403));
    delete(&governance, Some(true)).await.unwrap();
    // A lock is of a version: a delete marker may come above it.
    world.s3.delete_object().bucket("locked").key("k").send().await.unwrap();
    assert_eq!(world.handle.bucket("locked").unwrap().versions, 2);

    // No copy carries a lock; one can be put on it.
    let copy = || world.s3.copy_object().copy_source(format!("locked/k?versionId={held}")).bucket("locked");
    copy().key("free").send().await.unwrap();
    let free = world.s3.head_object().bucket("locked").key("free").send().await.unwrap();
    assert_eq!((free.object_lock_mode(), free.object_lock_legal_hold_status()), (None, None));
    copy().key("kept").object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On).send().await.unwrap();
    let kept = world.s3.get_object().bucket("locked").key("kept").send().await.unwrap();
    assert_eq!(kept.object_lock_legal_hold_status(), Some(&ObjectLockLegalHoldStatus::On));

    tokio::time::advance(std::time::Duration::from_secs(3_601)).await;
    delete(&compliance, None).await.unwrap();
}

#[tokio::test]
async fn locks_that_cannot_be() {
    let world = world().await;
    world.handle.put("dst", "now", "").unwrap();
    let put = || world.s3.put_object().bucket("src").key("k");
    let until = DateTime::from_secs(4_000_000_000);
    let on = ObjectLockLegalHoldStatus::On;
    assert_eq!(code(put().object_lock_legal_hold_status(on).send().await), refused("InvalidRequest", 400));
    let mode = ObjectLockMode::Compliance;
    assert_eq!(code(put().object_lock_mode(mode.clone()).send().await), refused("InvalidArgument", 400));
    let past = put().object_lock_mode(mode.clone()).object_lock_retain_until_date(DateTime::from_secs(1));
    assert_eq!(code(past.send().await), refused("InvalidArgument", 400));
    let unlocked = put().object_lock_mode(mode).object_lock_retain_until_date(until).send().await;
    assert_eq!(code(unlocked), refused("InvalidRequest", 400));

    let none = world.s3.get_object_lock_configuration().bucket("src").send().await;
    assert_eq!(code(none), refused("ObjectLockConfigurationNotFoundError", 404));
    let enabled = ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled).build();
    let lock = || {
        let put = world.s3.put_object_lock_configuration().bucket("src");
        put.object_lock_configuration(enabled.clone()).send()
    };
    assert_eq!(code(lock().await), refused("InvalidBucketState", 409));
    world.handle.set_versioning("src", true).unwrap();
    lock().await.unwrap();
    put().object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On).send().await.unwrap();
}

#[tokio::test]
async fn keys_of_kms() {
    let world = world().await;
    let md5 = "\"5d41402abc4b2a76b9719d911017c592\"";
    let put = || world.s3.put_object().bucket("src").key("k").body(ByteStream::from_static(b"hello"));
    let plain = put().send().await.unwrap();
    assert_eq!(plain.server_side_encryption(), Some(&ServerSideEncryption::Aes256));
    assert_eq!((plain.e_tag(), plain.ssekms_key_id()), (Some(md5), None));

    let kms = put().server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id("1-2-3");
    let kms = kms.bucket_key_enabled(true).send().await.unwrap();
    let key = format!("arn:aws:kms:us-east-1:{ME}:key/1-2-3");
    assert_eq!(kms.ssekms_key_id(), Some(&*key));
    assert_ne!(kms.e_tag(), Some(md5));
    let head = world.s3.head_object().bucket("src").key("k").send().await.unwrap();
    assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
    assert_eq!((head.ssekms_key_id(), head.bucket_key_enabled()), (Some(&*key), Some(true)));
    assert_eq!(head.e_tag(), kms.e_tag());
    let listed = world.s3.list_objects_v2().bucket("src").send().await.unwrap();
    assert_eq!(listed.contents()[0].e_tag(), kms.e_tag());

    // A copy has the encryption that it is given, and by default that of S3.
    let copy = || world.s3.copy_object().copy_source("src/k").bucket("dst").key("k");
    let copied = copy().copy_source_if_match(kms.e_tag().unwrap()).send().await.unwrap();
    assert_eq!(copied.copy_object_result().unwrap().e_tag(), Some(md5));
    assert_eq!(copied.server_side_encryption(), Some(&ServerSideEncryption::Aes256));
    let sealed = || copy().server_side_encryption(ServerSideEncryption::AwsKmsDsse).send();
    let [first, second] = [sealed().await.unwrap(), sealed().await.unwrap()];
    assert_eq!(first.server_side_encryption(), Some(&ServerSideEncryption::AwsKmsDsse));
    assert_ne!(first.copy_object_result().unwrap().e_tag(), second.copy_object_result().unwrap().e_tag());
    assert_eq!(
        world.handle.object("dst", "k").unwrap().unwrap().digest,
        world.handle.object("src", "k").unwrap().unwrap().digest
    );
    // Onto itself, a new key is change enough.
    let onto = world.s3.copy_object().copy_source("src/k").bucket("src").key("k");
    onto.server_side_encryption(ServerSideEncryption::Aes256).send().await.unwrap();

    assert_eq!(code(put().ssekms_key_id("x").send().await), refused("InvalidArgument", 400));
    let wrong = put().server_side_encryption(ServerSideEncryption::from("x")).send().await;
    assert_eq!(code(wrong), refused("InvalidArgument", 400));
    assert_eq!(code(put().sse_customer_algorithm("AES256").send().await), refused("NotImplemented", 501));
}

#[tokio::test]
async fn keys_and_more_of_an_upload() {
    let world = world().await;
    world.handle.put("src", "k", "hello").unwrap();
    let create = world.s3.create_multipart_upload().bucket("dst").key("k");
    let create = create.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id("alias/a");
    let create = create.website_redirect_location("/elsewhere").storage_class(StorageClass::StandardIa);
    let upload = create.send().await.unwrap();
    let key = format!("arn:aws:kms:us-east-1:{ME}:alias/a");
    assert_eq!(upload.ssekms_key_id(), Some(&*key));
    let id = upload.upload_id().unwrap();
    let copy = || world.s3.upload_part_copy().bucket("dst").key("k").upload_id(id).copy_source("src/k");
    let beyond = copy().part_number(1).copy_source_range("bytes=5-6").send().await;
    assert_eq!(code(beyond), refused("InvalidRequest", 400));
    let long = copy().part_number(1).copy_source_range("bytes=0-5").send().await;
    assert_eq!(code(long), refused("InvalidArgument", 400));
    let wrong = copy().part_number(1).copy_source_if_none_match("\"5d41402abc4b2a76b9719d911017c592\"");
    assert_eq!(code(wrong.send().await), refused("PreconditionFailed", 412));
    let part = copy().part_number(1).copy_source_range("bytes=0-4").send().await.unwrap();
    assert_eq!(part.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
    let etag = part.copy_part_result().unwrap().e_tag().unwrap();
    assert_ne!(etag, "\"5d41402abc4b2a76b9719d911017c592\"");
    let parts = CompletedMultipartUpload::builder()
        .parts(CompletedPart::builder().part_number(1).e_tag(etag).build())
        .build();
    let complete = world.s3.complete_multipart_upload().bucket("dst").key("k").upload_id(id);
    let completed = complete.multipart_upload(parts).send().await.unwrap();
    assert_eq!(completed.ssekms_key_id(), Some(&*key));
    let head = world.s3.head_object().bucket("dst").key("k").send().await.unwrap();
    assert_eq!((head.ssekms_key_id(), head.website_redirect_location()), (Some(&*key), Some("/elsewhere")));
    assert_eq!(head.storage_class(), Some(&StorageClass::StandardIa));
}

#[tokio::test]
async fn what_is_archived_is_neither_read_nor_copied() {
    let world = world().await;
    for class in [StorageClass::Glacier, StorageClass::DeepArchive] {
        world.s3.put_object().bucket("src").key("k").storage_class(class.clone()).send().await.unwrap();
        let archived = refused("InvalidObjectState", 403);
        assert_eq!(code(world.s3.get_object().bucket("src").key("k").send().await), archived, "{class}");
        let copy = world.s3.copy_object().copy_source("src/k").bucket("dst").key("k").send().await;
        assert_eq!(code(copy), archived, "{class}");
        let upload = world.s3.create_multipart_upload().bucket("dst").key("k").send().await.unwrap();
        let part = world.s3.upload_part_copy().bucket("dst").key("k").part_number(1).copy_source("src/k");
        assert_eq!(code(part.upload_id(upload.upload_id().unwrap()).send().await), archived, "{class}");
        let head = world.s3.head_object().bucket("src").key("k").send().await.unwrap();
        assert_eq!(head.storage_class(), Some(&class));
    }
    let readable = world.s3.put_object().bucket("src").key("k").storage_class(StorageClass::GlacierIr);
    readable.send().await.unwrap();
    world.s3.copy_object().copy_source("src/k").bucket("dst").key("k").send().await.unwrap();
}

#[tokio::test]
async fn no_object_has_annotations() {
    let world = world().await;
    world.handle.put("src", "k", "hello").unwrap();
    let list = |key| world.s3.list_object_annotations().bucket("src").key(key);
    let listed = list("k").send().await.unwrap();
    assert_eq!((listed.annotation_count(), listed.annotations().len()), (Some(0), 0));
    assert_eq!(code(list("none").send().await), refused("NoSuchKey", 404));
    let denied = list("k").expected_bucket_owner(OTHER).send().await;
    assert_eq!(code(denied), refused("AccessDenied", 403));
    let put = world.s3.put_object_annotation().bucket("src").key("k").annotation_name("a");
    let put = put.annotation_payload(ByteStream::from_static(b"x")).send().await;
    assert_eq!(code(put), refused("NotImplemented", 501));
    let get = world.s3.get_object_annotation().bucket("src").key("k").annotation_name("a").send().await;
    assert_eq!(code(get), refused("NotImplemented", 501));
    assert_eq!(world.handle.object("src", "k").unwrap().unwrap().size, 5, "nothing has replaced it");
}
