//! What an operation that fails is answered.

use http::StatusCode;

use crate::{
    services::{Response, Throttled},
    wire::codec::{Codec, Unreadable},
};

/// An error of the service.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    pub(super) code: String,
    pub(super) message: String,
    /// A limit refused it.
    throttled: bool,
}

impl Failure {
    fn new(code: &str, message: impl Into<String>) -> Self {
        let (status, code) = (StatusCode::BAD_REQUEST, code.to_owned());
        Self { status, code, message: message.into(), throttled: false }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new("ResourceNotFoundException", message)
    }

    pub(super) fn in_use(message: impl Into<String>) -> Self {
        Self::new("ResourceInUseException", message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidArgumentException", message)
    }

    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self::new("LimitExceededException", message)
    }

    pub(super) fn expired_iterator(message: impl Into<String>) -> Self {
        Self::new("ExpiredIteratorException", message)
    }

    pub(super) fn expired_token() -> Self {
        Self::new("ExpiredNextTokenException", "The nextToken is expired; it lives for 300 seconds.")
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// A value that a constraint of the API forbids.
    pub(super) fn constraint(value: &str, member: &str, constraint: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        ))
    }

    /// A member that must be there.
    pub(super) fn missing(member: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must \
             not be null"
        ))
    }

    pub(super) fn unknown_operation(message: impl Into<String>) -> Self {
        Self::new("UnknownOperationException", message)
    }

    /// A limit refused it.
    pub(super) fn throttled(status: StatusCode, code: String, message: String) -> Self {
        Self { status, code, message, throttled: true }
    }

    pub(super) fn answer(&self, codec: Codec) -> Response {
        let mut response = codec.error(self.status, &self.code, &self.message);
        if self.throttled {
            response.extensions_mut().insert(Throttled);
        }
        response
    }
}

impl From<Unreadable> for Failure {
    fn from(Unreadable(problem): Unreadable) -> Self {
        let member = problem.split_once("missing field `").and_then(|(_, rest)| rest.split_once('`'));
        match member {
            Some((member, _)) => Self::missing(&lower_first(member)),
            None => Self::new("SerializationException", problem),
        }
    }
}

/// Members are named in `camelCase` where constraints are told.
fn lower_first(member: &str) -> String {
    let mut chars = member.chars();
    chars.next().map(|first| first.to_ascii_lowercase().to_string() + chars.as_str()).unwrap_or_default()
}
