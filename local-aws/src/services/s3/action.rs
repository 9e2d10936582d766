//! What a request asks for, read without running it.

use std::borrow::Cow;

use http::{Method, header};
use percent_encoding::percent_decode_str;

use super::host;
use crate::services::{Action, Request};

/// The sub-resources of a bucket that S3 has operations for, and the noun in their names.
const BUCKET_NOUNS: [(&str, &str); 16] = [
    ("accelerate", "BucketAccelerateConfiguration"),
    ("acl", "BucketAcl"),
    ("cors", "BucketCors"),
    ("encryption", "BucketEncryption"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("logging", "BucketLogging"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("replication", "BucketReplication"),
    ("requestPayment", "BucketRequestPayment"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
    ("website", "BucketWebsite"),
    ("publicAccessBlock", "PublicAccessBlock"),
];

/// The sub-resources of an object, likewise.
const OBJECT_NOUNS: [(&str, &str); 4] = [
    ("tagging", "ObjectTagging"),
    ("acl", "ObjectAcl"),
    ("retention", "ObjectRetention"),
    ("legal-hold", "ObjectLegalHold"),
];

/// The operation of a request, and the bucket and key or prefix that it is for.
pub(crate) fn of(request: &Request) -> Action {
    let query = Query(request.uri().query().unwrap_or_default());
    let (bucket, key) = target(request);
    let name = match (&bucket, &key) {
        (None, _) => service_operation(request.method()),
        (Some(_), None) => bucket_operation(request.method(), query),
        (Some(_), Some(_)) => object_operation(request, query),
    };
    let resource = bucket.map(|bucket| match key {
        Some(key) => format!("{bucket}/{key}"),
        None if matches!(&*name, "ListObjects" | "ListObjectsV2" | "ListObjectVersions") => {
            format!("{bucket}/{}", query.value("prefix").unwrap_or_default())
        }
        None => bucket,
    });
    Action { service: "s3", name, resource }
}

fn service_operation(method: &Method) -> Cow<'static, str> {
    Cow::Borrowed(if *method == Method::GET { "ListBuckets" } else { "Unknown" })
}

fn bucket_operation(method: &Method, query: Query<'_>) -> Cow<'static, str> {
    if let Some(name) = sub_resource(method, query, &BUCKET_NOUNS) {
        return name;
    }
    Cow::Borrowed(match *method {
        Method::PUT => "CreateBucket",
        Method::DELETE => "DeleteBucket",
        Method::HEAD => "HeadBucket",
        Method::POST if query.has("delete") => "DeleteObjects",
        Method::POST => "PostObject",
        Method::GET if query.has("location") => "GetBucketLocation",
        Method::GET if query.has("uploads") => "ListMultipartUploads",
        Method::GET if query.has("versions") => "ListObjectVersions",
        Method::GET if query.value("list-type").as_deref() == Some("2") => "ListObjectsV2",
        Method::GET => "ListObjects",
        _ => "Unknown",
    })
}

fn object_operation(request: &Request, query: Query<'_>) -> Cow<'static, str> {
    if let Some(name) = sub_resource(request.method(), query, &OBJECT_NOUNS) {
        return name;
    }
    let copies = request.headers().contains_key("x-amz-copy-source");
    let upload = query.has("uploadId");
    Cow::Borrowed(match *request.method() {
        Method::PUT if query.has("annotation") => "PutObjectAnnotation",
        Method::DELETE if query.has("annotation") => "DeleteObjectAnnotation",
        Method::PUT if upload && copies => "UploadPartCopy",
        Method::PUT if upload => "UploadPart",
        Method::PUT if copies => "CopyObject",
        Method::PUT => "PutObject",
        Method::POST if query.has("uploads") => "CreateMultipartUpload",
        Method::POST if upload => "CompleteMultipartUpload",
        Method::POST if query.has("restore") => "RestoreObject",
        Method::POST if query.has("select") => "SelectObjectContent",
        Method::GET if upload => "ListParts",
        Method::GET if query.has("annotation") && query.has("annotationName") => "GetObjectAnnotation",
        Method::GET if query.has("annotation") => "ListObjectAnnotations",
        Method::GET if query.has("attributes") => "GetObjectAttributes",
        Method::GET => "GetObject",
        Method::HEAD => "HeadObject",
        Method::DELETE if upload => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        _ => "Unknown",
    })
}

fn sub_resource(method: &Method, query: Query<'_>, nouns: &[(&str, &str)]) -> Option<Cow<'static, str>> {
    let verb = match *method {
        Method::GET => "Get",
        Method::PUT => "Put",
        Method::DELETE => "Delete",
        _ => return None,
    };
    let (_, noun) = nouns.iter().find(|(name, _)| query.has(name))?;
    Some(Cow::Owned(format!("{verb}{noun}")))
}

/// The bucket of a request.
pub(crate) fn bucket(request: &Request) -> Option<String> {
    target(request).0
}

/// The bucket and the key, in the path or with the bucket in the host.
fn target(request: &Request) -> (Option<String>, Option<String>) {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
    let path = path.strip_prefix('/').unwrap_or(&path);
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(http::uri::Authority::as_str));
    if let Some(bucket) = host.and_then(host::bucket) {
        return (some(bucket), some(path));
    }
    match path.split_once('/') {
        Some((bucket, key)) => (some(bucket), some(key)),
        None => (some(path), None),
    }
}

/// A query string.
#[derive(Clone, Copy)]
struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    fn has(self, name: &str) -> bool {
        self.pairs().any(|(key, _)| key == name)
    }

    fn value(self, name: &str) -> Option<String> {
        let (_, value) = self.pairs().find(|(key, _)| *key == name)?;
        Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn action(line: &str, headers: &[(&str, &str)]) -> (String, Option<String>) {
        let (method, uri) = line.split_once(' ').unwrap();
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let action = of(&request.body(Bytes::new()).unwrap());
        (action.name.into_owned(), action.resource)
    }

    #[test]
    fn every_operation() {
        for (line, name, resource) in [
            ("GET /", "ListBuckets", None),
            ("PUT /b", "CreateBucket", Some("b")),
            ("PUT /b/", "CreateBucket", Some("b")),
            ("DELETE /b", "DeleteBucket", Some("b")),
            ("HEAD /b", "HeadBucket", Some("b")),
            ("GET /b?location", "GetBucketLocation", Some("b")),
            ("GET /b?versioning=", "GetBucketVersioning", Some("b")),
            ("PUT /b?object-lock", "PutObjectLockConfiguration", Some("b")),
            ("GET /b?requestPayment", "GetBucketRequestPayment", Some("b")),
            ("DELETE /b?ownershipControls", "DeleteBucketOwnershipControls", Some("b")),
            ("DELETE /b/k?versionId=null", "DeleteObject", Some("b/k")),
            ("PUT /b/k?acl&versionId=1", "PutObjectAcl", Some("b/k")),
            ("GET /b?prefix=a%2Fb+c&delimiter=%2F", "ListObjects", Some("b/a/b c")),
            ("GET /b/?list-type=2&prefix=x", "ListObjectsV2", Some("b/x")),
            ("GET /b?list-type=2", "ListObjectsV2", Some("b/")),
            ("GET /b?versions&prefix=x%2F", "ListObjectVersions", Some("b/x/")),
            ("GET /b?uploads", "ListMultipartUploads", Some("b")),
            ("POST /b?delete", "DeleteObjects", Some("b")),
            ("GET /b/k%20+", "GetObject", Some("b/k +")),
            ("GET /b//k", "GetObject", Some("b//k")),
            ("HEAD /b/k/", "HeadObject", Some("b/k/")),
            ("PUT /b/k?x-id=PutObject", "PutObject", Some("b/k")),
            ("DELETE /b/k", "DeleteObject", Some("b/k")),
            ("GET /b/k?tagging", "GetObjectTagging", Some("b/k")),
            ("PUT /b/k?tagging", "PutObjectTagging", Some("b/k")),
            ("DELETE /b/k?tagging", "DeleteObjectTagging", Some("b/k")),
            ("GET /b/k?annotation&x-id=ListObjectAnnotations", "ListObjectAnnotations", Some("b/k")),
            ("GET /b/k?annotation&annotationName=a", "GetObjectAnnotation", Some("b/k")),
            ("PUT /b/k?annotation&annotationName=a", "PutObjectAnnotation", Some("b/k")),
            ("DELETE /b/k?annotation&annotationName=a", "DeleteObjectAnnotation", Some("b/k")),
            ("GET /b/k?attributes", "GetObjectAttributes", Some("b/k")),
            ("POST /b/k?uploads", "CreateMultipartUpload", Some("b/k")),
            ("PUT /b/k?partNumber=1&uploadId=u", "UploadPart", Some("b/k")),
            ("POST /b/k?uploadId=u", "CompleteMultipartUpload", Some("b/k")),
            ("DELETE /b/k?uploadId=u", "AbortMultipartUpload", Some("b/k")),
            ("GET /b/k?uploadId=u", "ListParts", Some("b/k")),
            ("PATCH /b/k", "Unknown", Some("b/k")),
        ] {
            assert_eq!(action(line, &[]), (name.to_owned(), resource.map(str::to_owned)), "{line}");
        }
    }

    #[test]
    fn copies_are_told_by_their_header() {
        let copy = [("x-amz-copy-source", "a/b")];
        assert_eq!(action("PUT /b/k", &copy).0, "CopyObject");
        assert_eq!(action("PUT /b/k?partNumber=1&uploadId=u", &copy).0, "UploadPartCopy");
    }

    #[test]
    fn the_bucket_may_be_in_the_host() {
        let host = [("host", "b.s3.localhost:4566")];
        assert_eq!(action("GET /k/l", &host), ("GetObject".to_owned(), Some("b/k/l".to_owned())));
        assert_eq!(action("GET /?prefix=p", &host), ("ListObjects".to_owned(), Some("b/p".to_owned())));
        let host = [("host", "b.localhost:4566")];
        assert_eq!(action("PUT /", &host), ("CreateBucket".to_owned(), Some("b".to_owned())));
    }
}
