//! The content headers and the user metadata of an object.

use s3s::{S3Error, S3ErrorCode, S3Result, dto::Metadata};

/// The most bytes of user metadata, names and values together.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>.
const METADATA_MAX: usize = 2 * 1024;

/// User metadata, sorted by name.
///
/// # Errors
/// `MetadataTooLarge`.
pub(crate) fn metadata_of(metadata: Option<Metadata>) -> S3Result<Vec<(String, String)>> {
    let mut metadata: Vec<_> = metadata.unwrap_or_default().into_iter().collect();
    metadata.sort_unstable();
    if metadata.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > METADATA_MAX {
        let message = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(S3Error::with_message(S3ErrorCode::MetadataTooLarge, message));
    }
    Ok(metadata)
}

/// `aws-chunked` says how the request came, not how the content is encoded.
pub(crate) fn content_encoding(header: Option<&str>) -> Option<String> {
    let codings: Vec<&str> =
        header?.split(',').map(str::trim).filter(|coding| !matches!(*coding, "" | "aws-chunked")).collect();
    (!codings.is_empty()).then(|| codings.join(","))
}

/// The content headers and the metadata of a request.
macro_rules! headers_of {
    ($input:expr) => {
        $crate::services::s3::object::Headers {
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $crate::services::s3::headers::content_encoding(
                $input.content_encoding.as_deref(),
            ),
            content_language: $input.content_language.clone(),
            content_type: $input.content_type.clone(),
            expires: $input.expires.clone(),
            website_redirect: $input.website_redirect_location.clone(),
            metadata: $crate::services::s3::headers::metadata_of($input.metadata.clone())?,
        }
    };
}

/// Fills the content headers and the metadata of a reply.
macro_rules! tell_headers {
    ($output:expr, $headers:expr) => {{
        let headers = $headers;
        $output.cache_control = headers.cache_control;
        $output.content_disposition = headers.content_disposition;
        $output.content_encoding = headers.content_encoding;
        $output.content_language = headers.content_language;
        $output.content_type = Some(headers.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned()));
        $output.expires = headers.expires;
        $output.website_redirect_location = headers.website_redirect;
        $output.metadata = (!headers.metadata.is_empty()).then(|| headers.metadata.into_iter().collect());
    }};
}

pub(crate) use {headers_of, tell_headers};
