//! Continuation tokens: opaque to the client, and safe in XML and in a query whatever the key is.

use s3s::{S3Error, S3ErrorCode, S3Result};

use super::object::write_hex;

/// A token that says after which name to go on.
pub(crate) fn write(name: &str) -> String {
    let mut token = String::from("1");
    // Writing to a string cannot fail.
    let _ = write_hex(&mut token, name.as_bytes());
    token
}

/// The name in a token.
///
/// # Errors
/// `InvalidArgument` if it is no token of ours.
pub(crate) fn read(token: &str) -> S3Result<String> {
    decode(token).ok_or_else(|| {
        let message = "The continuation token provided is incorrect";
        S3Error::with_message(S3ErrorCode::InvalidArgument, message)
    })
}

fn decode(token: &str) -> Option<String> {
    let (pairs, rest) = token.strip_prefix('1')?.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes = pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?;
    if rest.is_empty() { String::from_utf8(bytes).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_comes_back() {
        for name in ["", "a/b", "\u{1}+ %", "\u{10ffff}"] {
            assert_eq!(read(&write(name)).unwrap(), name);
        }
        for wrong in ["", "2", "1a", "1ff", "1zz", "1é"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
