//! [`Ledger`]: a line for each object.

use std::io::Write;

use serde::Serialize;
use zstd::stream::write::Encoder;

use crate::{Entry, record::Action};

/// The level at which lines are compressed: the fastest that is worth its name.
const LEVEL: i32 = 1;

/// The lines that are not yet written, compressed.
pub(super) struct Ledger {
    encoder: Option<Encoder<'static, Vec<u8>>>,
    pub(super) lines: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    size: u64,
    source_etag: Option<&'a str>,
    etag: Option<&'a str>,
    action: &'static str,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self { encoder: None, lines: 0 }
    }

    pub(super) fn add(&mut self, entry: &Entry, etag: Option<&str>, action: Action) {
        let action = match action {
            Action::Copied => "copied",
            Action::Unchanged => "unchanged",
        };
        let (key, source_etag) = (entry.key().as_str(), entry.etag());
        let line = Line { key, size: entry.size(), source_etag, etag, action };
        if self.encoder.is_none() {
            // Writing to memory fails only if a level is unknown.
            self.encoder = Encoder::new(Vec::new(), LEVEL).ok();
        }
        if let Some(encoder) = &mut self.encoder
            && serde_json::to_writer(&mut *encoder, &line).is_ok()
            && encoder.write_all(b"\n").is_ok()
        {
            self.lines += 1;
        }
    }

    /// Takes the lines, if there are any.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        self.lines = 0;
        self.encoder.take()?.finish().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    #[test]
    fn lines_are_read_again() {
        let mut ledger = Ledger::new();
        assert_eq!(ledger.take(), None);
        let entry = |key: &str| Entry {
            key: Key::new(key).unwrap(),
            size: 7,
            etag: Some("\"a\"".into()),
            modified: None,
            storage_class: None,
            version: None,
        };
        ledger.add(&entry("line\nfeed"), Some("\"b\""), Action::Copied);
        ledger.add(&entry("z"), None, Action::Unchanged);
        let bytes = ledger.take().unwrap();
        let text = String::from_utf8(zstd::decode_all(&*bytes).unwrap()).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (lines[0]["key"].as_str(), lines[0]["etag"].as_str()),
            (Some("line\nfeed"), Some("\"b\""))
        );
        assert_eq!(lines[1]["action"], "unchanged");
        assert_eq!(ledger.take(), None);
    }
}
