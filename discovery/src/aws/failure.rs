//! What an SDK's error means for a fetch.

use std::error::Error;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::FetchError;

/// Codes with which services deny a call.
const DENIED: [&str; 8] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "InvalidClientTokenId",
    "NotAuthorized",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Codes with which services say that they do not have the call, or do not serve the account.
const UNSUPPORTED: [&str; 7] = [
    "InvalidAction",
    "OptInRequired",
    "SubscriptionRequiredException",
    "UnknownOperationException",
    "UnknownService",
    "UnsupportedOperation",
    "UnsupportedOperationException",
];

/// The code of a service's error, if it was the service that answered.
pub fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    match error {
        SdkError::ServiceError(error) => error.err().code(),
        _ => None,
    }
}

/// What an SDK's error means for a fetch: denied, unsupported, transient or failed.
///
/// What only the mirror can tell, such as the code for an unknown id, it looks at first, by [`code`].
pub fn failure<E>(error: SdkError<E, HttpResponse>) -> FetchError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let code = code(&error).unwrap_or_default().to_owned();
    let status = error.raw_response().map(|response| response.status().as_u16());
    let kind = match (&error, status) {
        _ if DENIED.contains(&&*code) => FetchError::denied,
        _ if UNSUPPORTED.contains(&&*code) => FetchError::unsupported,
        (SdkError::ServiceError(_), Some(403)) => FetchError::denied,
        (SdkError::ServiceError(_), Some(500..)) => FetchError::transient,
        (SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_), _) => {
            FetchError::transient
        }
        _ if code == "RequestTimeout" => FetchError::transient,
        _ => FetchError::failed,
    };
    kind(Described::of(error, &code))
}

/// The error in one line, without the request: `AccessDenied: User … is not authorized`.
#[derive(Debug)]
struct Described {
    line: String,
    cause: Box<dyn Error + Send + Sync>,
}

impl Described {
    fn of<E>(error: SdkError<E, HttpResponse>, code: &str) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let line = match error.as_service_error().and_then(ProvideErrorMetadata::message) {
            Some(message) => format!("{code}: {message}"),
            None if code.is_empty() => error.to_string(),
            None => code.to_owned(),
        };
        Self { line, cause: error.into_source().unwrap_or_else(|error| error.to_string().into()) }
    }

    /// Whether the line says it all.
    fn is_whole(&self) -> bool {
        self.line.contains(": ")
    }
}

impl std::fmt::Display for Described {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line)
    }
}

impl Error for Described {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        (!self.is_whole()).then_some(&*self.cause)
    }
}
