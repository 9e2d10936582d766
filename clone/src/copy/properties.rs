//! [`Properties`]: what an upload must be told of the object it copies.

use aws_sdk_s3::{
    operation::{
        create_multipart_upload::builders::CreateMultipartUploadFluentBuilder, head_object::HeadObjectOutput,
    },
    types::Tag,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Tags up to this many bytes go into the request that creates an upload.
const TAGS_IN_HEADER: usize = 2048;

/// What an upload must be told of the object it copies, for it copies nothing but bytes.
#[derive(Debug)]
pub(super) struct Properties {
    head: HeadObjectOutput,
    tags: Vec<Tag>,
    header: String,
}

impl Properties {
    pub(super) fn new(head: HeadObjectOutput, tags: Vec<Tag>) -> Self {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let pairs: Vec<_> =
            tags.iter().map(|tag| format!("{}={}", encode(tag.key()), encode(tag.value()))).collect();
        Self { head, tags, header: pairs.join("&") }
    }

    pub(super) fn put_on(
        &self,
        request: CreateMultipartUploadFluentBuilder,
    ) -> CreateMultipartUploadFluentBuilder {
        let head = &self.head;
        let tagging =
            (!self.tags.is_empty() && self.header.len() <= TAGS_IN_HEADER).then(|| self.header.clone());
        #[expect(deprecated, reason = "the SDK can write no header that is not a date")]
        let expires = head
            .expires
            .or_else(|| aws_sdk_s3::primitives::DateTime::from_str(head.expires_string()?, HTTP_DATE).ok());
        request
            .set_metadata(head.metadata.clone())
            .set_cache_control(head.cache_control.clone())
            .set_content_disposition(head.content_disposition.clone())
            .set_content_encoding(head.content_encoding.clone())
            .set_content_language(head.content_language.clone())
            .set_content_type(head.content_type.clone())
            .set_expires(expires)
            .set_tagging(tagging)
    }

    /// The tags that did not fit into the request.
    pub(super) fn left_over_tags(self) -> Option<Vec<Tag>> {
        (self.header.len() > TAGS_IN_HEADER).then_some(self.tags)
    }
}

const HTTP_DATE: aws_sdk_s3::primitives::DateTimeFormat = aws_sdk_s3::primitives::DateTimeFormat::HttpDate;
