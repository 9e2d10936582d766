//! Keys as `encoding-type=url` writes them: the SDK leaves them as they are.

use percent_encoding::percent_decode_str;

/// The key that is written as `text`: `+` is a blank, and `%XX` a byte.
pub(crate) fn key(text: String) -> Option<String> {
    if !text.contains(['+', '%']) {
        return Some(text);
    }
    let blanks = text.replace('+', " ");
    percent_decode_str(&blanks).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_exactly() {
        for (text, expected) in [
            ("plain/key", Some("plain/key")),
            ("a+b", Some("a b")),
            ("a%2Bb", Some("a+b")),
            ("%252B", Some("%2B")),
            ("%E2%82%AC", Some("€")),
            ("%01%0A", Some("\u{1}\n")),
            ("%FF", None),
        ] {
            assert_eq!(key(text.to_owned()).as_deref(), expected);
        }
    }
}
