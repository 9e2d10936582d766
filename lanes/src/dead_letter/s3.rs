//! [`S3`]: dead letters as objects.

use std::{error::Error, fmt::Write};

use async_trait::async_trait;
use aws_sdk_s3::{Client, error::ProvideErrorMetadata, primitives::ByteStream};

use super::{DeadLetter, Envelope};

/// Dead letters as objects of a bucket: one for each letter, of [JSON](Envelope::to_json), at
/// `prefix/source/position.json`.
///
/// The key depends on the letter's id alone, and a letter that is there already is left as it is, so that
/// repeats neither cost anything nor count twice. Characters that are not letters, digits or one of `-_.` are written
/// as `%` and their code.
///
/// ```
/// # use aws_sdk_s3::config::BehaviorVersion;
/// use tidegate_lanes::{Envelope, dead_letter::S3};
///
/// # let config = aws_sdk_s3::Config::builder().behavior_version(BehaviorVersion::latest()).build();
/// # let client = aws_sdk_s3::Client::from_conf(config);
/// let letters = S3::new(client, "dead-letters", "payments");
/// let letter = Envelope::new("orders/shardId-000000000001", "4961:0", "{}");
/// assert_eq!(letters.key(&letter), "payments/orders/shardId-000000000001/4961%3A0.json");
/// ```
#[derive(Clone, Debug)]
pub struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
}

impl S3 {
    /// Letters in this bucket, below this prefix, which may be empty.
    #[must_use]
    pub fn new(client: Client, bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        let mut prefix = prefix.into();
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        Self { client, bucket: bucket.into(), prefix }
    }

    /// The object's key of a letter.
    #[must_use]
    pub fn key(&self, letter: &Envelope) -> String {
        let source = letter.source.split('/').map(escape).collect::<Vec<_>>().join("/");
        format!("{}{source}/{}.json", self.prefix, escape(&letter.position))
    }
}

#[async_trait]
impl DeadLetter for S3 {
    async fn put(&self, letter: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>> {
        let put = self.client.put_object().bucket(&self.bucket).key(self.key(letter)).if_none_match("*");
        let body = ByteStream::from(letter.to_json().into_bytes());
        match put.content_type("application/json").body(body).send().await {
            Ok(_) => Ok(()),
            // It is there already.
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn escape(part: &str) -> String {
    let mut escaped = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
