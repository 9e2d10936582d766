//! The conditions that a request puts on an object.

use http::{HeaderMap, HeaderValue, header};
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{ETagCondition, Timestamp},
};

use super::object::Object;

/// Conditions on an object that is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) matches: Option<ETagCondition>,
    pub(crate) none_match: Option<ETagCondition>,
    pub(crate) modified_since: Option<Timestamp>,
    pub(crate) unmodified_since: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Holds,
    /// The client has it already.
    NotModified,
    Failed,
}

impl Conditions {
    /// An `ETag` condition that is given takes the place of the time condition beside it.
    fn judge(&self, object: &Object) -> Verdict {
        let modified = Timestamp::from(object.modified);
        let changed = match (&self.matches, &self.unmodified_since) {
            (Some(condition), _) => !is_met(condition, object),
            (None, Some(since)) => modified > *since,
            (None, None) => false,
        };
        if changed {
            return Verdict::Failed;
        }
        let unchanged = match (&self.none_match, &self.modified_since) {
            (Some(condition), _) => is_met(condition, object),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if unchanged { Verdict::NotModified } else { Verdict::Holds }
    }

    /// For GET and HEAD.
    ///
    /// # Errors
    /// `PreconditionFailed`, or the answer 304 with the headers it has.
    pub(crate) fn check(&self, object: &Object) -> S3Result<()> {
        match self.judge(object) {
            Verdict::Holds => Ok(()),
            Verdict::Failed => Err(failed()),
            Verdict::NotModified => {
                let mut error = S3Error::with_message(S3ErrorCode::NotModified, "Not Modified");
                let mut headers = HeaderMap::new();
                if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", object.etag)) {
                    headers.insert(header::ETAG, etag);
                }
                error.set_headers(headers);
                Err(error)
            }
        }
    }

    /// For the source of a copy.
    ///
    /// # Errors
    /// `PreconditionFailed`.
    pub(crate) fn check_source(&self, object: &Object) -> S3Result<()> {
        if self.judge(object) == Verdict::Holds { Ok(()) } else { Err(failed()) }
    }
}

/// For what is to be written over, if there is something.
///
/// # Errors
/// `PreconditionFailed`; `NoSuchKey` if there is nothing that could match; `NotImplemented` for an `ETag`
/// under If-None-Match, as S3 takes only `*` there.
pub(crate) fn check_write(
    existing: Option<&Object>,
    matches: Option<&ETagCondition>,
    none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    if let Some(condition) = none_match {
        if !condition.is_any() {
            let message = "A header you provided implies functionality that is not implemented";
            return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
        }
        if existing.is_some() {
            return Err(failed());
        }
    }
    if let Some(condition) = matches {
        let message = "The specified key does not exist.";
        let existing = existing.ok_or_else(|| S3Error::with_message(S3ErrorCode::NoSuchKey, message))?;
        if !is_met(condition, existing) {
            return Err(failed());
        }
    }
    Ok(())
}

/// An `ETag` condition of a header that the protocol crate does not know on this operation.
///
/// # Errors
/// `InvalidArgument` if it is none.
pub(crate) fn condition_in(
    headers: &HeaderMap,
    name: &header::HeaderName,
) -> S3Result<Option<ETagCondition>> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    ETagCondition::parse_http_header(value.as_bytes()).map(Some).map_err(|_malformed| {
        S3Error::with_message(S3ErrorCode::InvalidArgument, format!("{name} is not an entity tag"))
    })
}

fn is_met(condition: &ETagCondition, object: &Object) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => object.etag.is(etag),
    }
}

fn failed() -> S3Error {
    let message = "At least one of the pre-conditions you specified did not hold";
    S3Error::with_message(S3ErrorCode::PreconditionFailed, message)
}
