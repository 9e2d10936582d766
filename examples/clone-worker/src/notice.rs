//! [`Notice`]: what a message says.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use tidegate_clone::SegmentRequest;

use crate::place::Place;

/// How the documents end that are worked on.
const REQUEST: &str = "-segment-request";

/// What a message says.
#[derive(Debug, PartialEq)]
pub(crate) enum Notice {
    /// A request itself.
    Request(Box<SegmentRequest>),
    /// The keys of requests, in the journal's bucket; none if it is about something else.
    Keys(Vec<String>),
}

/// What S3 tells of its objects. A test event has no records.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records", default)]
    records: Vec<Record>,
    #[serde(rename = "Event")]
    event: Option<String>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    name: String,
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

impl Notice {
    /// Reads a message: an event notification of S3, a request as it is in its document, or `s3://BUCKET/KEY` of one.
    ///
    /// # Errors
    ///
    /// Why nothing can be done about it.
    pub(crate) fn read(body: &str, journal: &Place) -> Result<Self, String> {
        if let Some(path) = body.trim().strip_prefix("s3://") {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            if !key.ends_with(REQUEST) {
                return Err(format!("s3://{path} is no request of a segment"));
            }
            return Ok(Self::Keys(vec![within(journal, bucket, key)?]));
        }
        if let Ok(request) = serde_json::from_str(body) {
            return Ok(Self::Request(Box::new(request)));
        }
        let event: Event =
            serde_json::from_str(body).map_err(|error| format!("the message cannot be read: {error}"))?;
        if event.records.is_empty() && event.event.is_none() {
            return Err("the message is neither an event of S3 nor a request".to_owned());
        }
        let created = event.records.iter().filter(|record| record.name.starts_with("ObjectCreated:"));
        let keys = created.map(|record| (&record.s3.bucket.name, key(&record.s3.object.key)));
        let requests = keys.filter(|(_, key)| key.ends_with(REQUEST));
        requests.map(|(bucket, key)| within(journal, bucket, &key)).collect::<Result<_, _>>().map(Self::Keys)
    }
}

/// A key as it is, of one in an event: there, a space is a plus.
fn key(encoded: &str) -> String {
    percent_decode_str(&encoded.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The key, if it is in the journal: else its answer would be looked for in vain.
fn within(journal: &Place, bucket: &str, key: &str) -> Result<String, String> {
    if bucket == journal.bucket && key.starts_with(&journal.folder) {
        return Ok(key.to_owned());
    }
    Err(format!("s3://{bucket}/{key} is not in the journal s3://{}/{}", journal.bucket, journal.folder))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Result<Notice, String> {
        Notice::read(body, &"s3://jobs/j".parse().unwrap())
    }

    fn event(name: &str, bucket: &str, key: &str) -> String {
        let s3 = json!({"bucket": {"name": bucket, "arn": "x"}, "object": {"key": key, "size": 7}});
        json!({"Records": [{"eventSource": "aws:s3", "eventName": name, "s3": s3}]}).to_string()
    }

    #[test]
    fn events_name_requests() {
        let keys = |keys: &[&str]| Ok(Notice::Keys(keys.iter().map(|key| (*key).to_owned()).collect()));
        let put = "ObjectCreated:Put";
        // The key has a percent sign, which is encoded once more.
        let read_back = read(&event(put, "jobs", "j/1-a-b/x%252Fy+z-segment-request"));
        assert_eq!(read_back, keys(&["j/1-a-b/x%2Fy z-segment-request"]));
        assert_eq!(read(&event(put, "jobs", "j/1-a-b/~-segment-response")), keys(&[]));
        assert_eq!(read(&event("ObjectRemoved:Delete", "jobs", "j/1-a-b/~-segment-request")), keys(&[]));
        assert_eq!(read(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"jobs"}"#), keys(&[]));
        for (bucket, key) in [("other", "j/1-a-b/~-segment-request"), ("jobs", "k/1-a-b/~-segment-request")] {
            assert!(read(&event(put, bucket, key)).unwrap_err().contains("not in the journal"));
        }
    }

    #[test]
    fn requests_are_told_by_hand() {
        let request = r#"{"id":"7","source":{"name":"a","prefix":"x/"},"destination":{"name":"b"}}"#;
        assert!(matches!(read(request), Ok(Notice::Request(request)) if request.id == "7"));
        let key = "j/7-a-b/x%2F-segment-request";
        assert_eq!(read(&format!("s3://jobs/{key}\n")), Ok(Notice::Keys(vec![key.to_owned()])));
        for poison in ["", "{}", "[]", "hello", "s3://jobs/j/7-a-b/x%2F-segment-response"] {
            assert!(read(poison).is_err(), "{poison}");
        }
    }
}
