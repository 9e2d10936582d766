//! [`Fault`]: why a request has no good answer.

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};
use tidegate_throttle::Refused;

/// Why a request has no good answer.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) cause: Cause,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Whether one of its attempts may have had its effect, unseen.
    pub(crate) maybe_done: bool,
}

/// What a [`Fault`] means to the one who sent the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// To send it again can help.
    Transient,
    /// What was asked for is not there.
    NotFound,
    /// A condition of the request does not hold.
    Precondition,
    /// The clone is to stop.
    Stopped,
    /// Anything else, and to send it again does not help.
    Permanent,
}

/// Codes that say that to send it again can help, whatever the status.
const TRANSIENT: [&str; 8] = [
    "InternalError",
    "ServiceUnavailable",
    "RequestTimeout",
    "SlowDown",
    "OperationAborted",
    "ConditionalRequestConflict",
    "RequestTimeTooSkewed",
    "BadDigest",
];

impl Fault {
    pub(crate) fn new(cause: Cause, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { cause, code: code.into(), message: message.into(), maybe_done: false }
    }

    /// The answer was a success of which nothing can be made.
    pub(crate) fn illegible() -> Self {
        let message = "the answer was cut off, or says what cannot be";
        Self { maybe_done: true, ..Self::new(Cause::Transient, "InvalidResponse", message) }
    }

    /// The copy panicked: in the throttle, or in what the client carries, or here.
    pub(crate) fn panicked() -> Self {
        Self::new(Cause::Permanent, "Panic", "the copy panicked, and may have been made")
    }

    /// The clone is to stop, so it was not sent, or not sent again.
    pub(crate) fn stopped() -> Self {
        Self::new(Cause::Stopped, "Stopped", "the clone was stopped")
    }

    pub(crate) fn of<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match &error {
            SdkError::TimeoutError(_) => Self::unanswered("Timeout", &error),
            SdkError::DispatchFailure(failure) if !failure.is_user() => {
                Self::unanswered("Connection", &error)
            }
            SdkError::ResponseError(_) => Self::unanswered("InvalidResponse", &error),
            SdkError::ServiceError(service) => {
                Self::answered(service.raw().status().as_u16(), service.err(), &error)
            }
            _ => {
                let message = DisplayErrorContext(&error).to_string();
                let refused = error.into_source().is_ok_and(|source| source.is::<Refused>());
                Self::new(Cause::Permanent, if refused { "Refused" } else { "InvalidRequest" }, message)
            }
        }
    }

    fn unanswered(code: &str, error: &(impl std::error::Error + Send + Sync)) -> Self {
        let message = DisplayErrorContext(error).to_string();
        Self { maybe_done: true, ..Self::new(Cause::Transient, code, message) }
    }

    fn answered<E: ProvideErrorMetadata>(
        status: u16,
        service: &E,
        error: &(impl std::error::Error + Send + Sync),
    ) -> Self {
        let code = service.code().map_or_else(|| format!("Http{status}"), ToOwned::to_owned);
        let message = match service.message() {
            Some(message) => message.to_owned(),
            None => DisplayErrorContext(error).to_string(),
        };
        let cause = match (status, code.as_str()) {
            (_, code) if TRANSIENT.contains(&code) => Cause::Transient,
            (412, _) | (_, "PreconditionFailed") => Cause::Precondition,
            (404, _) | (_, "NoSuchKey" | "NoSuchUpload" | "NoSuchBucket" | "NotFound") => Cause::NotFound,
            (408 | 429 | 500 | 502..=599, _) => Cause::Transient,
            _ => Cause::Permanent,
        };
        // A failure of the service's own may have come after the effect.
        Self { maybe_done: cause == Cause::Transient, ..Self::new(cause, code, message) }
    }
}
