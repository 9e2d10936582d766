//! [`Store`]: reads and writes documents.

use std::{sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::{Journal, Names};
use crate::{
    Error, ErrorKind,
    counters::Kind,
    request::{Cause, Fault, Manner, Requester},
};

const TIMEOUT: Duration = Duration::from_mins(1);

/// Reads and writes the documents of a journal.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    journal: Journal,
    requester: Arc<Requester>,
    manners: Arc<Manners>,
}

#[derive(Debug)]
struct Manners {
    get: Manner,
    put: Manner,
    list: Manner,
}

/// A document that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found<T> {
    pub(crate) document: T,
    pub(crate) etag: String,
    /// In seconds since 1970, by the clock of S3.
    pub(crate) written: Option<i64>,
}

/// What a document must be to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Before<'a> {
    /// It is not there.
    Absent,
    /// It is what has this `ETag`.
    Is(&'a str),
    /// Whatever.
    Any,
}

impl Store {
    pub(crate) fn new(journal: Journal, requester: Arc<Requester>) -> Self {
        let journal = Journal { client: crate::engine::plain_client(&journal.client), ..journal };
        let location = crate::Location::new(journal.client.clone(), journal.bucket.clone());
        let manner = |operation| Manner::new(Kind::Journal, operation, &location, TIMEOUT).until_done();
        let manners =
            Manners { get: manner("GetObject"), put: manner("PutObject"), list: manner("ListObjectsV2") };
        Self { journal, requester, manners: Arc::new(manners) }
    }

    /// How the documents of a clone are called.
    pub(crate) fn names(&self, id: &str, source: &str, destination: &str) -> Names {
        Names::new(&self.journal, id, source, destination)
    }

    /// A document, if it is there.
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Found<T>>, Error> {
        let request = self.journal.client.get_object().bucket(&self.journal.bucket).key(key);
        let mut left = self.requester.attempts.get();
        loop {
            let sent = self.requester.send(&self.manners.get, || request.clone().send()).await;
            let answer = match sent {
                Ok(answer) => answer,
                Err(fault) if fault.cause == Cause::NotFound && fault.code == "NoSuchKey" => return Ok(None),
                Err(fault) => return Err(self.failed(key, &fault)),
            };
            let (etag, modified) = (answer.e_tag.unwrap_or_default(), answer.last_modified);
            left -= 1;
            let bytes = match answer.body.collect().await {
                Ok(bytes) => bytes.into_bytes(),
                Err(_) if left > 0 => continue,
                Err(error) => {
                    let fault = Fault::new(Cause::Transient, "Connection", error.to_string());
                    return Err(self.failed(key, &fault));
                }
            };
            let document = serde_json::from_slice(&bytes).map_err(|error| {
                let message = format!("s3://{}/{key} is no such document", self.journal.bucket);
                Error::with_source(ErrorKind::Journal, message, error)
            })?;
            return Ok(Some(Found { document, etag, written: modified.map(|time| time.secs()) }));
        }
    }

    /// Writes a document, if it is what it must be: gives its `ETag`, or `None` if it is something else. A reply that was
    /// lost can make it something else.
    pub(crate) async fn put<T: Serialize + Sync>(
        &self,
        key: &str,
        document: &T,
        before: Before<'_>,
    ) -> Result<Option<String>, Error> {
        let bytes = serde_json::to_vec(document).map_err(|error| {
            let message = format!("s3://{}/{key} cannot be written", self.journal.bucket);
            Error::with_source(ErrorKind::Journal, message, error)
        })?;
        self.put_bytes(key, bytes, "application/json", before).await
    }

    /// Writes whatever bytes.
    pub(crate) async fn put_bytes(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
        before: Before<'_>,
    ) -> Result<Option<String>, Error> {
        let (if_match, if_none_match) = match before {
            Before::Absent => (None, Some("*".to_owned())),
            Before::Is(etag) => (Some(etag.to_owned()), None),
            Before::Any => (None, None),
        };
        let bytes = bytes::Bytes::from(bytes);
        let send = || {
            let put = self.journal.client.put_object().bucket(&self.journal.bucket).key(key);
            let put = put.set_if_match(if_match.clone()).set_if_none_match(if_none_match.clone());
            put.content_type(content_type).body(bytes.clone().into()).send()
        };
        let manner = &self.manners.put;
        match self.requester.send_reading(manner, TIMEOUT, send, |output| output.e_tag).await {
            Ok(etag) => Ok(Some(etag)),
            Err(fault) if fault.cause == Cause::Precondition => Ok(None),
            // A document that is to be replaced, and is not there.
            Err(fault) if fault.cause == Cause::NotFound && fault.code == "NoSuchKey" => Ok(None),
            Err(fault) => Err(self.failed(key, &fault)),
        }
    }

    /// The keys that start with `prefix`, or the folders that they are in up to the next `/`.
    pub(crate) async fn keys(&self, prefix: &str, folders: bool) -> Result<Vec<String>, Error> {
        let mut keys = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .journal
                .client
                .list_objects_v2()
                .bucket(&self.journal.bucket)
                .prefix(prefix)
                .set_delimiter(folders.then(|| "/".to_owned()))
                .set_continuation_token(token);
            let page = self.requester.send(&self.manners.list, || request.clone().send()).await;
            let page = page.map_err(|fault| self.failed(prefix, &fault))?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
            keys.extend(page.common_prefixes.unwrap_or_default().into_iter().filter_map(|it| it.prefix));
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(keys);
            }
        }
    }

    fn failed(&self, key: &str, fault: &Fault) -> Error {
        let message = format!("the journal s3://{}/{key} cannot be used", self.journal.bucket);
        Error::with_source(ErrorKind::Journal, message, format!("{}: {}", fault.code, fault.message))
    }
}
