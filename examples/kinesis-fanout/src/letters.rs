//! [`Letters`]: the records that could not be published, in S3.

use std::{collections::BTreeSet, sync::Arc};

use aws_sdk_s3::{Client, error::DisplayErrorContext};
use tidegate_lanes::{DeadLetter, Envelope, dead_letter::S3};

use crate::key::KeyHash;

/// The records that could not be published, as objects `prefix/target/key/sequence.json`: a key that has some here is
/// diverted, for its later records must not overtake them.
#[derive(Clone, Debug)]
pub(crate) struct Letters {
    client: Client,
    bucket: String,
    /// With a slash at its end, or empty.
    prefix: String,
}

impl Letters {
    /// At `s3://bucket/prefix`.
    ///
    /// # Errors
    ///
    /// What the place should look like.
    pub(crate) fn parse(place: &str) -> Result<(String, String), String> {
        let wrong = || format!("{place} is no place for failures; it is s3://BUCKET or s3://BUCKET/PREFIX");
        let (bucket, prefix) = match place.strip_prefix("s3://").ok_or_else(wrong)?.split_once('/') {
            Some((bucket, prefix)) => (bucket, prefix.trim_end_matches('/')),
            None => (place.trim_start_matches("s3://"), ""),
        };
        if bucket.is_empty() {
            return Err(wrong());
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok((bucket.to_owned(), prefix))
    }

    pub(crate) fn new(client: Client, (bucket, prefix): (String, String)) -> Self {
        Self { client, bucket, prefix }
    }

    /// Where letters are written.
    pub(crate) fn store(&self) -> Arc<dyn DeadLetter> {
        Arc::new(S3::new(self.client.clone(), &self.bucket, &self.prefix))
    }

    /// The keys of a target that have letters.
    ///
    /// # Errors
    ///
    /// They could not be listed.
    pub(crate) async fn keys(&self, target: &str) -> Result<BTreeSet<KeyHash>, String> {
        let prefix = format!("{}{target}/", self.prefix);
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(&prefix).delimiter("/");
        let mut pages = list.into_paginator().send();
        let mut keys = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.problem("list", &error))?;
            let names = page.common_prefixes().iter().filter_map(|common| common.prefix());
            let keys_of_page = names.filter_map(|name| name.strip_prefix(&prefix)?.strip_suffix('/'));
            keys.extend(keys_of_page.filter_map(KeyHash::parse));
        }
        Ok(keys)
    }

    /// The names of the letters of a key, in the order of its records. At most a thousand.
    ///
    /// # Errors
    ///
    /// They could not be listed.
    pub(crate) async fn first_of(&self, target: &str, key: KeyHash) -> Result<Vec<String>, String> {
        let prefix = format!("{}{target}/{key}/", self.prefix);
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let page = list.send().await.map_err(|error| self.problem("list", &error))?;
        Ok(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect())
    }

    /// Reads a letter.
    ///
    /// # Errors
    ///
    /// It could not be read, or is none.
    pub(crate) async fn read(&self, name: &str) -> Result<Envelope, String> {
        let get = self.client.get_object().bucket(&self.bucket).key(name);
        let object = get.send().await.map_err(|error| self.problem("read", &error))?;
        let body = object.body.collect().await.map_err(|error| self.problem("read", &error))?;
        let text = String::from_utf8(body.to_vec()).map_err(|error| self.problem("read", &error))?;
        Envelope::from_json(&text).map_err(|error| format!("s3://{}/{name}: {error}", self.bucket))
    }

    /// Deletes a letter.
    ///
    /// # Errors
    ///
    /// It may still be there.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), String> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(name);
        delete.send().await.map(drop).map_err(|error| self.problem("delete", &error))
    }

    fn problem(&self, what: &str, error: &(dyn std::error::Error + 'static)) -> String {
        format!(
            "cannot {what} failures in s3://{}/{}: {}",
            self.bucket,
            self.prefix,
            DisplayErrorContext(error)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let parse = |place| Letters::parse(place).ok();
        let place = |bucket: &str, prefix: &str| Some((bucket.to_owned(), prefix.to_owned()));
        assert_eq!(parse("s3://kept"), place("kept", ""));
        assert_eq!(parse("s3://kept/"), place("kept", ""));
        assert_eq!(parse("s3://kept/a/b/"), place("kept", "a/b/"));
        assert_eq!((parse("kept"), parse("s3://"), parse("s3:///a")), (None, None, None));
    }
}
