//! Tokens that a client hands back: opaque to it, and read without the state.

use std::{
    fmt::{Display, Write as _},
    str::FromStr,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What stands before the fields; another version of this would have another mark.
const MARK: &str = "tidegate-1";

/// Makes a token of fields without line feeds.
pub(super) fn seal(kind: &str, fields: &[&dyn Display]) -> String {
    let mut text = format!("{MARK}\n{kind}");
    for field in fields {
        // A string takes every write.
        let _ = write!(text, "\n{field}");
    }
    STANDARD.encode(text)
}

/// The fields of a token of this kind.
pub(super) fn open(kind: &str, token: &str) -> Option<Fields> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    let mut fields = text.split('\n').map(str::to_owned).collect::<Vec<_>>().into_iter();
    (fields.next()? == MARK && fields.next()? == kind).then_some(Fields(fields))
}

/// The fields that are still to be read.
#[derive(Debug)]
pub(super) struct Fields(std::vec::IntoIter<String>);

impl Fields {
    pub(super) fn next<T: FromStr>(&mut self) -> Option<T> {
        self.0.next()?.parse().ok()
    }
}
