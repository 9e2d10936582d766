//! The operations that are here, each handed to the file of its noun.

use std::sync::Arc;

use async_trait::async_trait;
use s3s::{S3Request, S3Response, S3Result, auth::Credentials, dto};

use super::{
    acl, attributes, bucket, copy, delete,
    event::{self, Change, Event},
    get,
    keys::account_of,
    list, list_versions, lock, multipart, notification, ownership, parts, payment, put,
    store::{Buckets, Store},
    tags, uploads, versioning,
};
use crate::{
    front::ACCOUNT,
    services::{Queues, clock::Clock},
};

/// The operations over a store. Those that are not here answer `NotImplemented`.
#[derive(Debug)]
pub(crate) struct Operations {
    store: Arc<Store>,
    clock: Clock,
    queues: Arc<dyn Queues>,
}

impl Operations {
    pub(crate) const fn new(store: Arc<Store>, clock: Clock, queues: Arc<dyn Queues>) -> Self {
        Self { store, clock, queues }
    }

    fn tell(&self, buckets: &mut Buckets, name: &str, bucket: &str, key: &str) {
        Event { name, bucket, key, version: None, now: self.clock.now() }.tell(buckets, &*self.queues);
    }

    fn tell_change(&self, buckets: &mut Buckets, bucket: &str, change: &Change) {
        let Change { event: name, key, version } = change;
        Event { name, bucket, key, version: *version, now: self.clock.now() }.tell(buckets, &*self.queues);
    }
}

/// The account of who asks.
fn caller(credentials: Option<&Credentials>) -> &str {
    credentials.map_or(ACCOUNT, |credentials| account_of(&credentials.access_key))
}

type Request<T> = S3Request<T>;
type Answer<T> = S3Result<S3Response<T>>;

#[async_trait]
impl s3s::S3 for Operations {
    async fn create_bucket(
        &self,
        request: Request<dto::CreateBucketInput>,
    ) -> Answer<dto::CreateBucketOutput> {
        let region = request.region.as_ref().map_or("us-east-1", |region| region.as_str());
        let place = (region, caller(request.credentials.as_ref()));
        bucket::create(&mut self.store.lock(), &request.input, place, self.clock.now()).map(S3Response::new)
    }

    async fn delete_bucket(
        &self,
        request: Request<dto::DeleteBucketInput>,
    ) -> Answer<dto::DeleteBucketOutput> {
        bucket::delete(&mut self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn head_bucket(&self, request: Request<dto::HeadBucketInput>) -> Answer<dto::HeadBucketOutput> {
        bucket::head(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn get_bucket_location(
        &self,
        request: Request<dto::GetBucketLocationInput>,
    ) -> Answer<dto::GetBucketLocationOutput> {
        bucket::get_location(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn put_bucket_notification_configuration(
        &self,
        request: Request<dto::PutBucketNotificationConfigurationInput>,
    ) -> Answer<dto::PutBucketNotificationConfigurationOutput> {
        let bucket = request.input.bucket.clone();
        let test_event = || event::test(&bucket, self.clock.now());
        notification::put(&mut self.store.lock(), request.input, &*self.queues, test_event)
            .map(S3Response::new)
    }

    async fn get_bucket_notification_configuration(
        &self,
        request: Request<dto::GetBucketNotificationConfigurationInput>,
    ) -> Answer<dto::GetBucketNotificationConfigurationOutput> {
        notification::get(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn put_bucket_versioning(
        &self,
        request: Request<dto::PutBucketVersioningInput>,
    ) -> Answer<dto::PutBucketVersioningOutput> {
        versioning::put(&mut self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn get_bucket_versioning(
        &self,
        request: Request<dto::GetBucketVersioningInput>,
    ) -> Answer<dto::GetBucketVersioningOutput> {
        versioning::get(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn put_bucket_request_payment(
        &self,
        request: Request<dto::PutBucketRequestPaymentInput>,
    ) -> Answer<dto::PutBucketRequestPaymentOutput> {
        payment::put(&mut self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn get_bucket_request_payment(
        &self,
        request: Request<dto::GetBucketRequestPaymentInput>,
    ) -> Answer<dto::GetBucketRequestPaymentOutput> {
        payment::get(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn put_bucket_ownership_controls(
        &self,
        request: Request<dto::PutBucketOwnershipControlsInput>,
    ) -> Answer<dto::PutBucketOwnershipControlsOutput> {
        ownership::put(&mut self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn get_bucket_ownership_controls(
        &self,
        request: Request<dto::GetBucketOwnershipControlsInput>,
    ) -> Answer<dto::GetBucketOwnershipControlsOutput> {
        ownership::get(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn delete_bucket_ownership_controls(
        &self,
        request: Request<dto::DeleteBucketOwnershipControlsInput>,
    ) -> Answer<dto::DeleteBucketOwnershipControlsOutput> {
        ownership::delete(&mut self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn put_object_lock_configuration(
        &self,
        request: Request<dto::PutObjectLockConfigurationInput>,
    ) -> Answer<dto::PutObjectLockConfigurationOutput> {
        lock::put(&mut self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn get_object_lock_configuration(
        &self,
        request: Request<dto::GetObjectLockConfigurationInput>,
    ) -> Answer<dto::GetObjectLockConfigurationOutput> {
        lock::get(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn list_buckets(&self, request: Request<dto::ListBucketsInput>) -> Answer<dto::ListBucketsOutput> {
        let region = request.region.as_ref().map_or("us-east-1", |region| region.as_str());
        let place = (region, caller(request.credentials.as_ref()));
        bucket::list(&self.store.lock(), request.input, place).map(S3Response::new)
    }

    async fn list_objects(&self, request: Request<dto::ListObjectsInput>) -> Answer<dto::ListObjectsOutput> {
        list::v1(&self.store.lock(), request.input).map(S3Response::new)
    }

    async fn list_objects_v2(
        &self,
        request: Request<dto::ListObjectsV2Input>,
    ) -> Answer<dto::ListObjectsV2Output> {
        list::v2(&self.store.lock(), request.input).map(S3Response::new)
    }

    async fn list_object_versions(
        &self,
        request: Request<dto::ListObjectVersionsInput>,
    ) -> Answer<dto::ListObjectVersionsOutput> {
        list_versions::list(&self.store.lock(), request.input)
    }

    async fn get_object(&self, request: Request<dto::GetObjectInput>) -> Answer<dto::GetObjectOutput> {
        get::object(&self.store.lock(), request.input).map(S3Response::new)
    }

    async fn head_object(&self, request: Request<dto::HeadObjectInput>) -> Answer<dto::HeadObjectOutput> {
        get::head(&self.store.lock(), request.input)
    }

    async fn get_object_attributes(
        &self,
        request: Request<dto::GetObjectAttributesInput>,
    ) -> Answer<dto::GetObjectAttributesOutput> {
        attributes::get(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn put_object(&self, request: Request<dto::PutObjectInput>) -> Answer<dto::PutObjectOutput> {
        let Request { mut input, trailing_headers, .. } = request;
        let claims = put::claims_of(&input);
        let uploaded =
            put::receive(input.body.take(), input.content_md5.as_deref(), claims, trailing_headers).await?;
        let mut buckets = self.store.lock();
        let output = put::object(&mut buckets, &input, uploaded, self.clock.now())?;
        self.tell(&mut buckets, "ObjectCreated:Put", &input.bucket, &input.key);
        Ok(S3Response::new(output))
    }

    async fn delete_object(
        &self,
        request: Request<dto::DeleteObjectInput>,
    ) -> Answer<dto::DeleteObjectOutput> {
        let (mut buckets, input) = (self.store.lock(), request.input);
        let (output, change) = delete::object(&mut buckets, &input, self.clock.now())?;
        if let Some(change) = change {
            self.tell_change(&mut buckets, &input.bucket, &change);
        }
        Ok(S3Response::new(output))
    }

    async fn delete_objects(
        &self,
        request: Request<dto::DeleteObjectsInput>,
    ) -> Answer<dto::DeleteObjectsOutput> {
        let (mut buckets, input) = (self.store.lock(), request.input);
        let name = input.bucket.clone();
        let (output, changes) = delete::objects(&mut buckets, input, self.clock.now())?;
        for change in &changes {
            self.tell_change(&mut buckets, &name, change);
        }
        Ok(S3Response::new(output))
    }

    async fn copy_object(&self, request: Request<dto::CopyObjectInput>) -> Answer<dto::CopyObjectOutput> {
        let (mut buckets, input) = (self.store.lock(), &request.input);
        let output = copy::object(&mut buckets, input, &request.headers, self.clock.now())?;
        self.tell(&mut buckets, "ObjectCreated:Copy", &input.bucket, &input.key);
        Ok(S3Response::new(output))
    }

    async fn get_object_acl(
        &self,
        request: Request<dto::GetObjectAclInput>,
    ) -> Answer<dto::GetObjectAclOutput> {
        acl::get(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn put_object_acl(
        &self,
        request: Request<dto::PutObjectAclInput>,
    ) -> Answer<dto::PutObjectAclOutput> {
        acl::put(&mut self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn get_object_tagging(
        &self,
        request: Request<dto::GetObjectTaggingInput>,
    ) -> Answer<dto::GetObjectTaggingOutput> {
        tags::get(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn put_object_tagging(
        &self,
        request: Request<dto::PutObjectTaggingInput>,
    ) -> Answer<dto::PutObjectTaggingOutput> {
        tags::put(&mut self.store.lock(), request.input).map(S3Response::new)
    }

    async fn delete_object_tagging(
        &self,
        request: Request<dto::DeleteObjectTaggingInput>,
    ) -> Answer<dto::DeleteObjectTaggingOutput> {
        tags::delete(&mut self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn create_multipart_upload(
        &self,
        request: Request<dto::CreateMultipartUploadInput>,
    ) -> Answer<dto::CreateMultipartUploadOutput> {
        multipart::create(&mut self.store.lock(), request.input, self.clock.now()).map(S3Response::new)
    }

    async fn upload_part(&self, request: Request<dto::UploadPartInput>) -> Answer<dto::UploadPartOutput> {
        let Request { mut input, trailing_headers, .. } = request;
        let claims = parts::claims_of(&input);
        let uploaded =
            put::receive(input.body.take(), input.content_md5.as_deref(), claims, trailing_headers).await?;
        parts::upload(&mut self.store.lock(), &input, uploaded, self.clock.now()).map(S3Response::new)
    }

    async fn upload_part_copy(
        &self,
        request: Request<dto::UploadPartCopyInput>,
    ) -> Answer<dto::UploadPartCopyOutput> {
        parts::copy(&mut self.store.lock(), &request.input, self.clock.now()).map(S3Response::new)
    }

    async fn complete_multipart_upload(
        &self,
        request: Request<dto::CompleteMultipartUploadInput>,
    ) -> Answer<dto::CompleteMultipartUploadOutput> {
        let (mut buckets, input) = (self.store.lock(), &request.input);
        // Completing an upload again creates nothing.
        let creates = buckets.get(&input.bucket)?.upload(&input.key, &input.upload_id).is_ok();
        let output = multipart::complete(&mut buckets, input, self.clock.now())?;
        if creates {
            self.tell(&mut buckets, "ObjectCreated:CompleteMultipartUpload", &input.bucket, &input.key);
        }
        Ok(S3Response::new(output))
    }

    async fn abort_multipart_upload(
        &self,
        request: Request<dto::AbortMultipartUploadInput>,
    ) -> Answer<dto::AbortMultipartUploadOutput> {
        multipart::abort(&mut self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn list_parts(&self, request: Request<dto::ListPartsInput>) -> Answer<dto::ListPartsOutput> {
        parts::list(&self.store.lock(), &request.input).map(S3Response::new)
    }

    async fn list_multipart_uploads(
        &self,
        request: Request<dto::ListMultipartUploadsInput>,
    ) -> Answer<dto::ListMultipartUploadsOutput> {
        uploads::list(&self.store.lock(), request.input).map(S3Response::new)
    }
}
