//! [`Report`]: the result, for people and for programs.

use serde_json::{Value, json};
use tidegate_clone::{Difference, Error, Key, Outcome, Verification};

use crate::{problem::Problem, sides::Sides, text};

/// What came of the clone, and of its verification where one was asked for.
pub(crate) struct Report {
    from: String,
    to: String,
    clone: tidegate_clone::Report,
    check: Check,
}

/// What came of the verification.
pub(crate) enum Check {
    NotMade,
    Ended(Result<Verification, Error>),
    Stopped,
}

/// So many groups of failures are printed, the largest first,
const GROUPS: usize = 10;

/// with so many samples each,
const SAMPLES: usize = 3;

/// of which so many characters are shown. The JSON has them all.
const CHARACTERS: usize = 200;

impl Report {
    pub(crate) fn new(sides: &Sides, clone: tidegate_clone::Report, check: Check) -> Self {
        Self { from: sides.from.to_string(), to: sides.to.to_string(), clone, check }
    }

    /// What is not as it should be.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let clone = &self.clone;
        let left = text::grouped(clone.listed() - clone.copied());
        match clone.outcome() {
            Outcome::Complete => self.unverified(),
            Outcome::Stopped => {
                Some(Problem::Stopped(format!("stopped: {left} of the objects found are not copied")))
            }
            _ => Some(Problem::Failed(match (clone.unlisted().first(), clone.failures().first()) {
                (Some(first), _) => format!("part of {} could not be listed: {}", self.from, first.message),
                (None, Some(first)) => format!("{left} of the objects found are not copied: {}", first.code),
                (None, None) => format!("{left} of the objects found are not copied"),
            })),
        }
    }

    /// What keeps a clone that is complete from being proven.
    fn unverified(&self) -> Option<Problem> {
        match &self.check {
            Check::Ended(Ok(verification)) if !verification.is_whole() => {
                let different = text::grouped(verification.different());
                Some(Problem::Failed(format!("{different} objects are missing or differ in {}", self.to)))
            }
            Check::Ended(Err(error)) => {
                Some(Problem::Failed(format!("the clone could not be verified: {}", text::chain(error))))
            }
            Check::Stopped => {
                Some(Problem::Stopped("stopped before it was verified; S3 confirmed every copy".to_owned()))
            }
            Check::Ended(Ok(_)) | Check::NotMade if !self.clone.orphans().is_empty() => {
                let count = self.clone.orphans().len();
                Some(Problem::Failed(format!("{count} multipart uploads may be left in {}", self.to)))
            }
            Check::Ended(Ok(_)) | Check::NotMade => None,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    fn per_second(&self) -> f64 {
        self.clone.copied() as f64 / self.clone.elapsed().as_secs_f64().max(0.001)
    }

    #[allow(clippy::cast_precision_loss, reason = "a percentage to one decimal")]
    fn throttled_share(&self) -> f64 {
        self.clone.throttled() as f64 * 100.0 / self.clone.requests().total().max(1) as f64
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate, rounded")]
    pub(crate) fn text(&self) -> String {
        let clone = &self.clone;
        let how = match clone.outcome() {
            Outcome::Complete => "Cloned",
            Outcome::Stopped => "Stopped cloning",
            _ => "Cloned only in part",
        };
        let mut lines = vec![
            format!("{how} {} to {} in {:.1} s", self.from, self.to, clone.elapsed().as_secs_f64()),
            String::new(),
            format!(
                "  objects    {} of {} copied, {} a second",
                text::grouped(clone.copied()),
                text::grouped(clone.listed()),
                text::grouped(self.per_second().round() as u64),
            ),
            format!("  data       {}, copied inside S3", text::bytes(clone.bytes_copied())),
            format!("  requests   {}", self.requests()),
            format!(
                "  throttled  {} ({:.1} %), each sent again when there was room",
                text::grouped(clone.throttled()),
                self.throttled_share()
            ),
        ];
        if clone.retries() > 0 {
            lines.push(format!("  retried    {} after other failures", text::grouped(clone.retries())));
        }
        lines.extend(self.shortfalls());
        match &self.check {
            Check::Ended(Ok(verification)) => lines.push(verified(verification)),
            Check::Ended(Err(error)) => lines.push(format!("  verified   no: {}", text::chain(error))),
            Check::Stopped => lines.push("  verified   no: stopped".to_owned()),
            Check::NotMade => {}
        }
        lines.join("\n")
    }

    fn requests(&self) -> String {
        let requests = self.clone.requests();
        let kinds = [
            (requests.copy, "CopyObject"),
            (requests.part_copy, "UploadPartCopy"),
            (requests.list, "ListObjectsV2"),
            (requests.head, "HeadObject"),
            (requests.tagging, "object tagging"),
            (requests.multipart, "multipart"),
        ];
        let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
        kinds.map(|(count, kind)| format!("{} {kind}", text::grouped(count))).collect::<Vec<_>>().join(", ")
    }

    /// What is missing, and why.
    fn shortfalls(&self) -> Vec<String> {
        let clone = &self.clone;
        let failures = clone.failures().iter().take(GROUPS).flat_map(|group| {
            let count = text::grouped(group.count);
            let head = format!("  missing    {count} under {:?}: {}", group.prefix, group.code);
            let samples = group.samples.iter().take(SAMPLES).map(|sample| {
                let message: String = sample.message.chars().take(CHARACTERS).collect();
                format!("               {}: {message}", sample.key)
            });
            std::iter::once(head).chain(samples)
        });
        let unlisted = clone.unlisted().iter().map(|unlisted| {
            format!("  unlisted   {}: {} ({})", unlisted.range, unlisted.message, unlisted.code)
        });
        let orphans = clone.orphans().iter().map(|orphan| {
            let upload = orphan.upload_id.as_deref().unwrap_or("unknown, see ListMultipartUploads");
            format!("  orphaned   upload {upload} of s3://{}/{}", orphan.bucket, orphan.key)
        });
        failures.chain(unlisted).chain(orphans).collect()
    }

    pub(crate) fn json(&self) -> Value {
        let clone = &self.clone;
        let requests = clone.requests();
        json!({
            "source": self.from,
            "destination": self.to,
            "outcome": match clone.outcome() {
                Outcome::Complete => "complete",
                Outcome::Stopped => "stopped",
                _ => "incomplete",
            },
            "seconds": clone.elapsed().as_secs_f64(),
            "listed": clone.listed(),
            "copied": clone.copied(),
            "changed": clone.changed(),
            "vanished": clone.vanished(),
            "failed": clone.failed(),
            "not_attempted": clone.not_attempted(),
            "bytes_listed": clone.bytes_listed(),
            "bytes_copied": clone.bytes_copied(),
            "requests": {
                "list": requests.list,
                "copy": requests.copy,
                "head": requests.head,
                "tagging": requests.tagging,
                "multipart": requests.multipart,
                "part_copy": requests.part_copy,
            },
            "throttled": clone.throttled(),
            "retries": clone.retries(),
            "segments": clone.segments(),
            "failures": clone.failures().iter().map(|group| json!({
                "code": group.code,
                "prefix": group.prefix,
                "count": group.count,
                "samples": group.samples.iter().map(|sample| json!({
                    "key": sample.key.as_str(),
                    "message": sample.message,
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "unlisted": clone.unlisted().iter().map(|unlisted| json!({
                "after": unlisted.range.after().map(Key::as_str),
                "until": unlisted.range.until().map(Key::as_str),
                "code": unlisted.code,
                "message": unlisted.message,
            })).collect::<Vec<_>>(),
            "orphaned_uploads": clone.orphans().iter().map(|orphan| json!({
                "bucket": orphan.bucket,
                "key": orphan.key.as_str(),
                "upload_id": orphan.upload_id,
            })).collect::<Vec<_>>(),
            "verified": match &self.check {
                Check::NotMade | Check::Stopped => Value::Null,
                Check::Ended(Err(error)) => json!({ "error": text::chain(error) }),
                Check::Ended(Ok(verification)) => json!({
                    "whole": verification.is_whole(),
                    "same": verification.same(),
                    "same_size": verification.same_size(),
                    "different": verification.different(),
                    "extra": verification.extra(),
                }),
            },
        })
    }
}

fn verified(verification: &Verification) -> String {
    let head = format!(
        "  verified   {} the same on both sides by size and ETag, {} by size alone, {} missing or different",
        text::grouped(verification.same()),
        text::grouped(verification.same_size()),
        text::grouped(verification.different()),
    );
    let differences = verification.differences().iter();
    let differences = differences.filter(|difference| !matches!(difference, Difference::Extra(_))).take(10);
    let differences = differences.map(|difference| format!("               {}", describe(difference)));
    std::iter::once(head).chain(differences).collect::<Vec<_>>().join("\n")
}

fn describe(difference: &Difference) -> String {
    match difference {
        Difference::Missing(key) => format!("{key} is missing"),
        Difference::Extra(key) => format!("{key} is not in the source"),
        Difference::Size { key, source, destination } => {
            format!("{key} has {destination} bytes, and {source} in the source")
        }
        Difference::Content(key) => format!("{key} has another content"),
        other => format!("{other:?}"),
    }
}
