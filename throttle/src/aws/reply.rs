//! Reads the [`Verdict`] out of an HTTP answer, for every protocol that AWS speaks.

use std::str;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::classify::{Reply, Verdict, classify, retry_after};

/// Classifies an answer whose body has been read. `failed` says whether it is an error, which a status of
/// 200 does not tell in S3.
pub(crate) fn verdict(service: &str, response: &HttpResponse, failed: bool) -> Verdict {
    let body = if failed { response.body().bytes().unwrap_or_default() } else { &[] };
    verdict_of(service, response, body)
}

/// Classifies an answer with a body that is kept apart from it; an empty one if it is not an error.
pub(crate) fn verdict_of(service: &str, response: &HttpResponse, body: &[u8]) -> Verdict {
    let headers = response.headers();
    let error = Error::parse(body);
    let code = headers.get("x-amzn-errortype").or(error.code);
    classify(&Reply {
        service,
        status: response.status().as_u16(),
        code: code.map(short),
        message: error.message,
        retry_after: retry_after(|name| headers.get(name)),
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
}

impl<'a> Error<'a> {
    fn parse(body: &'a [u8]) -> Self {
        let find = |read: fn(&'a [u8], &str) -> Option<&'a str>, names: &[&str]| {
            names.iter().find_map(|name| read(body, name))
        };
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'<') => Self { code: find(xml, &["Code"]), message: find(xml, &["Message", "message"]) },
            Some(b'{') => {
                Self { code: find(json, &["__type", "code"]), message: find(json, &["message", "Message"]) }
            }
            // A map of CBOR: major type 5.
            Some(byte) if byte >> 5 == 5 => {
                Self { code: find(cbor, &["__type"]), message: find(cbor, &["message", "Message"]) }
            }
            _ => Self::default(),
        }
    }
}

/// The text of the first `<name>` element.
fn xml<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let body = str::from_utf8(body).ok()?;
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once("</")?;
    Some(text.trim())
}

/// The string member `name` of the outermost object. Escapes are left as they are: no code has any, and a
/// message is only searched.
fn json<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let text = str::from_utf8(body).ok()?;
    let mut depth = 0_u32;
    // The last string that ended, until a colon makes it the key of what follows.
    let (mut last, mut key) = ("", "");
    let mut rest = text;
    while let Some(at) = rest.find(['"', '{', '}', '[', ']', ':', ',']) {
        let (token, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = after;
        match token {
            b'"' => {
                let end = string_end(after)?;
                last = &after[..end];
                rest = &after[end + 1..];
                if depth == 1 && key == name {
                    return Some(last);
                }
            }
            b':' => key = last,
            b',' => key = "",
            b'{' | b'[' => {
                depth += 1;
                key = "";
            }
            _ => depth = depth.saturating_sub(1),
        }
    }
    None
}

/// Where the string that begins here ends: at the first quote that no backslash escapes.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    })
}

/// The text that follows the text `name`.
fn cbor<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let mut key = vec![0x60 | u8::try_from(name.len()).ok()?];
    key.extend_from_slice(name.as_bytes());
    let at = body.windows(key.len()).position(|window| window == key)?;
    let value = &body[at + key.len()..];
    let (head, value) = value.split_first()?;
    let (len, value) = match head {
        0x60..=0x77 => (usize::from(head & 0x1f), value),
        0x78 => value.split_first().map(|(len, value)| (usize::from(*len), value))?,
        0x79 => {
            value.split_first_chunk::<2>().map(|(len, value)| (u16::from_be_bytes(*len).into(), value))?
        }
        _ => return None,
    };
    str::from_utf8(value.get(..len)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_in_every_protocol() {
        for (body, code, message) in [
            (&br#"{"__type":"com.amazonaws.kinesis#LimitExceededException","message":"Rate"}"#[..], "LimitExceededException", "Rate"),
            (br#" { "Items" : [ {"code":"no"}, "code" ], "message": "a \"b\"", "code" : "Yes" }"#, "Yes", r#"a \"b\""#),
            (br#"{"message":"__type","__type":"Foo:http://x"}"#, "Foo", "__type"),
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
