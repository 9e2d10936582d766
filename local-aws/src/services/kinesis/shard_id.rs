//! Shard ids: `shardId-000000000007`.

use std::fmt;

/// The number of a shard within its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ShardId(pub(crate) u32);

impl ShardId {
    /// Reads an id as the API writes it; `None` if it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("shardId-")?;
        let known = digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit());
        known.then(|| digits.parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shardId-{:012}", self.0)
    }
}

impl serde::Serialize for ShardId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // By hand, because each record that is put is answered with one.
        let mut text = *b"shardId-000000000000";
        let mut rest = self.0;
        for digit in text.iter_mut().rev().take(10) {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_and_read_alike() {
        for number in [0, 7, 12_345, u32::MAX] {
            let text = ShardId(number).to_string();
            assert_eq!(serde_json::to_string(&ShardId(number)).unwrap(), format!("{text:?}"));
            assert_eq!(ShardId::parse(&text), Some(ShardId(number)));
        }
        for wrong in ["shardId-7", "shardId-999999999999", "shardid-000000000000", "shardId-00000000000x"] {
            assert_eq!(ShardId::parse(wrong), None, "{wrong}");
        }
    }
}
