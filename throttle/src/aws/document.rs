//! Reads single members out of requests and answers, without parsing the rest.

use std::str;

/// The text at the beginning of `body`, at most `most` bytes of it.
pub(crate) fn head(body: &[u8], most: usize) -> &str {
    let head = &body[..body.len().min(most)];
    match str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// The text of the first `<name>` element.
pub(crate) fn xml<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once("</")?;
    Some(text.trim())
}

/// The members of all objects in a JSON document, in order, those of an object after the one that holds it.
/// Ends early where the document is cut off.
pub(crate) fn members(json: &str) -> Members<'_> {
    Members { rest: json, depth: 0, last: "" }
}

/// The string member `name` of the outermost object.
pub(crate) fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    members(json).find(|it| it.depth == 1 && it.key == name)?.string()
}

#[derive(Debug)]
pub(crate) struct Members<'a> {
    rest: &'a str,
    depth: u32,
    /// The string that ended last: the key, if a colon follows.
    last: &'a str,
}

/// A member of an object. Escapes are left as they are: no name that is looked for has any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    /// How many objects and arrays it is in.
    pub(crate) depth: u32,
    pub(crate) key: &'a str,
    /// Its value, and what comes after.
    rest: &'a str,
}

impl<'a> Member<'a> {
    pub(crate) fn string(self) -> Option<&'a str> {
        let text = self.rest.strip_prefix('"')?;
        Some(&text[..string_end(text)?])
    }

    /// A whole number, which some services put into a string.
    pub(crate) fn number(self) -> Option<u64> {
        let text = self.rest.strip_prefix('"').unwrap_or(self.rest);
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse().ok()
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        loop {
            let at = self.rest.find(['"', '{', '}', '[', ']', ':'])?;
            let token = self.rest.as_bytes()[at];
            self.rest = &self.rest[at + 1..];
            match token {
                b'"' => {
                    let end = string_end(self.rest)?;
                    self.last = &self.rest[..end];
                    self.rest = &self.rest[end + 1..];
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => return Some(Member { depth: self.depth, key: self.last, rest: self.rest.trim_start() }),
            }
        }
    }
}

/// Where the string that begins here ends: at the first quote that no backslash escapes.
fn string_end(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find('"')?;
        let backslashes = text.as_bytes()[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 0 {
            return Some(at);
        }
        from = at + 1;
    }
}

/// The text that follows the text `name` in CBOR.
pub(crate) fn cbor<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
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
    fn members_are_found_at_their_depth() {
        let json = r#" { "a" : "1", "b":[{"c":"x:\"y\\"}, "d"], "e" : {"a":"2"}, "n": 17, "s":"18" }"#;
        let all: Vec<_> = members(json).map(|it| (it.depth, it.key, it.string(), it.number())).collect();
        assert_eq!(
            all,
            [
                (1, "a", Some("1"), Some(1)),
                (1, "b", None, None),
                (3, "c", Some(r#"x:\"y\\"#), None),
                (1, "e", None, None),
                (2, "a", Some("2"), Some(2)),
                (1, "n", None, Some(17)),
                (1, "s", Some("18"), Some(18)),
            ]
        );
        assert_eq!(member(json, "a"), Some("1"));
        assert_eq!(member(json, "c"), None);
    }

    #[test]
    fn a_document_that_is_cut_off_ends_there() {
        let json = r#"{"a":"1","bc":{"d":"efg"}}"#;
        for end in 0..json.len() {
            assert!(members(&json[..end]).filter_map(Member::string).all(|it| "1efg".contains(it)));
        }
        assert_eq!(head("aä".as_bytes(), 2), "a");
    }
}
