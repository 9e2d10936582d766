//! Reads the [`Verdict`] out of an HTTP answer, for every protocol that AWS speaks.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::{
    classify::{Reply, Verdict, classify, retry_after},
    document,
};
use crate::QuotaCode;

/// An error document is shorter; what a proxy puts in its place may not be.
const LONGEST: usize = 64 << 10;

/// Classifies an error whose body is in memory. The status does not tell that it is one: in S3 it may be 200.
pub(crate) fn verdict(service: &str, response: &HttpResponse) -> Verdict {
    let headers = response.headers();
    let error = Error::parse(response.body().bytes().unwrap_or_default());
    let code = headers.get("x-amzn-errortype").or(error.code);
    classify(&Reply {
        service,
        status: response.status().as_u16(),
        code: code.map(short),
        message: error.message,
        reason: error.reason,
        quota: error.quota,
        retry_after: retry_after(|name| headers.get(name), error.retry_after),
    })
}

/// `aws.protocoltests#FooError:http://…` is `FooError`.
fn short(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code).trim()
}

#[derive(Debug, Default, PartialEq)]
struct Error<'a> {
    code: Option<&'a str>,
    message: Option<&'a str>,
    reason: Option<&'a str>,
    quota: Option<QuotaCode>,
    retry_after: Option<Duration>,
}

impl<'a> Error<'a> {
    fn parse(body: &'a [u8]) -> Self {
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'<') => Self::xml(document::head(body, LONGEST)),
            Some(b'{') => Self::json(document::head(body, LONGEST)),
            // A map of CBOR: major type 5.
            Some(byte) if byte >> 5 == 5 => Self {
                code: document::cbor(body, "__type"),
                message: document::cbor(body, "message").or_else(|| document::cbor(body, "Message")),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }

    fn xml(text: &'a str) -> Self {
        Self {
            code: document::xml(text, "Code"),
            message: document::xml(text, "Message").or_else(|| document::xml(text, "message")),
            ..Self::default()
        }
    }

    fn json(text: &'a str) -> Self {
        let mut error = Self::default();
        let mut kind = None;
        for member in document::members(text) {
            match (member.depth, member.key) {
                (1, "__type") => kind = member.string(),
                (1, "code") => error.code = member.string(),
                (1, "message" | "Message") => error.message = member.string(),
                (1, "quotaCode" | "QuotaCode") => error.quota = member.string().and_then(QuotaCode::new),
                (1, "retryAfterSeconds" | "RetryAfterSeconds") => {
                    error.retry_after = member.number().map(Duration::from_secs);
                }
                // Of several reasons the one that is not about a single key, if there is one.
                (3, "reason") if error.reason.is_none_or(|it| it.contains("KeyRange")) => {
                    error.reason = member.string();
                }
                _ => {}
            }
        }
        error.code = kind.or(error.code);
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_in_every_protocol() {
        for (body, code, message) in [
            (&br#"{"__type":"com.amazonaws.kinesis#LimitExceededException","message":"Rate"}"#[..], "LimitExceededException", "Rate"),
            (br#" { "Items" : [ {"code":"no"}, "code" ], "message": "a \"b\"", "code" : "Yes" }"#, "Yes", r#"a \"b\""#),
            (br#"{"message":"__type","code":"Bar","__type":"Foo:http://x"}"#, "Foo", "__type"),
            (b"<?xml version=\"1.0\"?>\n<Error><Code>SlowDown</Code><Message>Please reduce</Message></Error>", "SlowDown", "Please reduce"),
            (b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>", "Throttling", "Rate exceeded"),
            (b"\xbf\x66__type\x78\x1aa#ThrottlingException.long\x67message\x64Rate\xff", "ThrottlingException.long", "Rate"),
        ] {
            let error = Error::parse(body);
            assert_eq!(error.code.map(short), Some(code));
            assert_eq!(error.message, Some(message));
        }
    }

    #[test]
    fn what_the_service_says_of_its_limit_is_read() {
        let error = Error::parse(
            br#"{"__type":"ThrottlingException","message":"m","serviceCode":"vpc-lattice","quotaCode":"L-1194F27D","retryAfterSeconds":3}"#,
        );
        assert_eq!(error.quota, QuotaCode::new("L-1194F27D"));
        assert_eq!(error.retry_after, Some(Duration::from_secs(3)));
        let error = Error::parse(
            br#"{"ThrottlingReasons":[{"reason":"TableWriteKeyRangeThroughputExceeded","resource":"arn"},{"reason":"IndexWriteProvisionedThroughputExceeded"},{"reason":"TableWriteKeyRangeThroughputExceeded"}]}"#,
        );
        assert_eq!(error.reason, Some("IndexWriteProvisionedThroughputExceeded"));
    }

    #[test]
    fn what_is_no_error_document_has_no_code() {
        for body in [
            &b""[..],
            b"oops",
            b"{",
            b"{\"__type\":",
            b"{\"__type\":1}",
            b"<Code>",
            b"\xbf\x66__type\x78",
            b"\xff\xfe",
        ] {
            assert_eq!(Error::parse(body), Error::default(), "{body:?}");
        }
    }
}
