//! The streams of a seed file.

use serde::Deserialize;
use tidegate_local_aws::{KinesisError, KinesisHandle};

/// The largest record, 1 MiB, of which a key may take 256 characters.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>.
const LARGEST: u64 = (1 << 20) - 1_024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    name: String,
    #[serde(default = "one")]
    shards: u32,
    #[serde(default)]
    records: Vec<Record>,
    #[serde(default)]
    generate: Option<Generate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    key: String,
    data: String,
}

/// Records that are numbered: the data is the number, with zeros before it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Generate {
    records: u64,
    /// Partition keys, `key-007`, in turn.
    #[serde(default = "one")]
    keys: u32,
    /// Of each record.
    #[serde(default)]
    bytes: u64,
}

const fn one() -> u32 {
    1
}

impl Stream {
    pub fn check(&self) -> Result<(), String> {
        let wrong = |problem: &str| Err(format!("stream \"{}\": {problem}", self.name));
        match &self.generate {
            _ if self.shards == 0 => wrong("\"shards\" must be at least 1"),
            Some(generate) if generate.records == 0 => wrong("\"generate\": \"records\" must be at least 1"),
            Some(generate) if generate.keys == 0 => wrong("\"generate\": \"keys\" must be at least 1"),
            Some(generate) if generate.bytes > LARGEST => wrong("\"generate\": \"bytes\" is above 1 MiB"),
            _ => Ok(()),
        }
    }

    /// Creates the stream and its records.
    pub fn plant(self, kinesis: &KinesisHandle) -> Result<(), String> {
        self.put(kinesis).map_err(|error| format!("stream \"{}\": {error}", self.name))
    }

    fn put(&self, kinesis: &KinesisHandle) -> Result<(), KinesisError> {
        kinesis.create_stream(&self.name, self.shards)?;
        kinesis.put(&self.name, self.records.iter().map(|record| (&record.key, &record.data)))?;
        if let Some(generate) = &self.generate {
            kinesis.put(&self.name, generate.records())?;
        }
        Ok(())
    }
}

impl Generate {
    fn records(&self) -> impl Iterator<Item = (String, String)> {
        let wide = self.keys.saturating_sub(1).max(1).ilog10() as usize + 1;
        let long = usize::try_from(self.bytes).unwrap_or_default();
        let keys = u64::from(self.keys);
        (0..self.records).map(move |n| (format!("key-{:0wide$}", n % keys), format!("{n:0long$}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let checked =
            |stream: &str| serde_json::from_str::<Stream>(stream).map_err(|error| error.to_string())?.check();
        assert_eq!(
            checked(r#"{"name":"s","records":[{"key":"k","data":""}],"generate":{"records":1}}"#),
            Ok(())
        );
        for (stream, expected) in [
            (r#"{"name":"s","shards":0}"#, "stream \"s\": \"shards\" must be at least 1"),
            (r#"{"name":"s","generate":{"records":0}}"#, "\"records\" must be at least 1"),
            (r#"{"name":"s","generate":{"records":1,"keys":0}}"#, "\"keys\" must be at least 1"),
            (r#"{"name":"s","generate":{"records":1,"bytes":1048576}}"#, "above 1 MiB"),
            (r#"{"name":"s","records":[{"key":"k"}]}"#, "missing field `data`"),
        ] {
            let problem = checked(stream).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }

    #[test]
    fn generated_records_are_numbered() {
        let generate = Generate { records: 12, keys: 11, bytes: 4 };
        let records = generate.records().collect::<Vec<_>>();
        assert_eq!(records[0], ("key-00".to_owned(), "0000".to_owned()));
        assert_eq!(records[11], ("key-00".to_owned(), "0011".to_owned()));
    }
}
