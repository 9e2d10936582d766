//! How names stand in replies: URL-encoded if that was asked for, and safe in XML if not.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{S3Error, S3ErrorCode, S3Result, dto::EncodingType};

/// What S3 leaves as it is under `encoding-type=url`.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

/// How the names of a listing are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    /// # Errors
    /// `InvalidArgument` for an encoding that S3 does not have.
    pub(crate) fn of(name: Option<&EncodingType>) -> S3Result<Self> {
        match name.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some("url") => Ok(Self::Url),
            Some(_) => {
                let message = "Invalid Encoding Method specified in Request";
                Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message))
            }
        }
    }

    pub(crate) fn write(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            // As forms are encoded: a space is a plus.
            Self::Url => Cow::from(utf8_percent_encode(name, KEPT)).replace("%20", "+"),
        }
    }
}

/// Writes characters that XML cannot carry as they are, or changes on the way, as references: so does S3.
/// The protocol crate writes no white space of its own between elements.
pub(crate) fn refer_to_control_characters(xml: &Bytes) -> Bytes {
    if !xml.iter().any(|byte| needs_reference(*byte)) && !has_noncharacter(xml) {
        return xml.clone();
    }
    let mut safe = BytesMut::with_capacity(xml.len() + 64);
    let mut rest = xml.as_ref();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (0xEF, [0xBF, last @ (0xBE | 0xBF), after @ ..]) => {
                safe.put_slice(if *last == 0xBE { b"&#xfffe;" } else { b"&#xffff;" });
                rest = after;
            }
            (byte, _) if needs_reference(*byte) => safe.put_slice(format!("&#x{byte:x};").as_bytes()),
            (byte, _) => safe.put_u8(*byte),
        }
    }
    safe.freeze()
}

/// Gives a message to an error that the protocol crate found by itself, and said nothing about.
pub(crate) fn tell_message(xml: &Bytes) -> Option<Bytes> {
    let text = str::from_utf8(xml).ok()?;
    let (start, rest) = text.split_once("<Error><Code>")?;
    let code = rest.strip_suffix("</Code></Error>")?;
    let message = match code {
        "InvalidBucketName" => "The specified bucket is not valid.",
        "KeyTooLongError" => "Your key is too long",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "AccessDenied" => "Access Denied",
        "InvalidRange" => "The requested range is not satisfiable",
        "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published schema"
        }
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check your key and \
             signing method."
        }
        _ => "We could not serve this request.",
    };
    Some(format!("{start}<Error><Code>{code}</Code><Message>{message}</Message></Error>").into())
}

fn needs_reference(byte: u8) -> bool {
    byte < 0x20
}

/// U+FFFE and U+FFFF are not XML.
fn has_noncharacter(xml: &[u8]) -> bool {
    xml.windows(3).any(|three| matches!(three, [0xEF, 0xBF, 0xBE | 0xBF]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_encoding() {
        let encoded = Encoding::Url.write("a/b c+d~e*_-.\u{1}\u{10000}test_file(3).png");
        assert_eq!(encoded, "a/b+c%2Bd%7Ee*_-.%01%F0%90%80%80test_file%283%29.png");
    }

    #[test]
    fn errors_say_something() {
        let told = tell_message(&Bytes::from("<?xml?><Error><Code>AccessDenied</Code></Error>")).unwrap();
        assert_eq!(told, "<?xml?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
        assert_eq!(tell_message(&Bytes::from("<Error><Code>X</Code><Message>m</Message></Error>")), None);
    }

    #[test]
    fn references() {
        let safe = refer_to_control_characters(&Bytes::from("<a>\u{1}\r\u{ffff}\u{fffd}é</a>"));
        assert_eq!(safe, "<a>&#x1;&#xd;&#xffff;\u{fffd}é</a>");
    }
}
