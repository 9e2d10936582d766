//! The value of `x-amz-copy-source`, which the SDK leaves to its caller to encode.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// Every byte but `A-Za-z0-9-_.~/`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// A key, encoded.
pub(super) fn encoded(key: &str) -> PercentEncode<'_> {
    utf8_percent_encode(key, ENCODED)
}

/// `bucket/key`, encoded, and its version if it is not the current one.
pub(crate) fn copy_source(bucket: &str, key: &str, version: Option<&str>) -> String {
    let mut source = String::with_capacity(bucket.len() + 1 + key.len() * 5 / 4);
    source.push_str(bucket);
    source.push('/');
    source.extend(encoded(key));
    if let Some(version) = version {
        source.push_str("?versionId=");
        source.extend(encoded(version));
    }
    source
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_is_plain_stays() {
        assert_eq!(copy_source("b", "/a//b/../c+d e%2B?x=é", None), "b//a//b/../c%2Bd%20e%252B%3Fx%3D%C3%A9");
        assert_eq!(copy_source("b", "k?versionId=1", Some("a/+")), "b/k%3FversionId%3D1?versionId=a/%2B");
    }

    proptest! {
        #[test]
        fn it_decodes_to_the_key(key in "\\PC{0,40}|(?s-u:[\\x00-\\x7f]{0,40})") {
            let source = copy_source("b", &key, None);
            prop_assert!(source.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~/%".contains(&b)));
            let decoded = percent_encoding::percent_decode_str(&source).decode_utf8().unwrap();
            prop_assert_eq!(decoded, format!("b/{key}"));
        }
    }
}
