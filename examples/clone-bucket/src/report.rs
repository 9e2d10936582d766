//! [`Report`]: the result, for people and for programs.

use serde_json::{Value, json};
use tidegate_clone::{Difference, Error, Outcome, Verification};

use crate::{sides::Sides, text};

/// What came of the clone, and of its verification where one was asked for.
pub(crate) struct Report {
    from: String,
    to: String,
    clone: tidegate_clone::Report,
    verification: Option<Result<Verification, Error>>,
}

impl Report {
    pub(crate) fn new(
        sides: &Sides,
        clone: tidegate_clone::Report,
        verification: Option<Result<Verification, Error>>,
    ) -> Self {
        Self { from: sides.from.to_string(), to: sides.to.to_string(), clone, verification }
    }

    pub(crate) fn was_stopped(&self) -> bool {
        self.clone.outcome() == Outcome::Stopped
    }

    /// What is not as it should be, in one line.
    pub(crate) fn problem(&self) -> Option<String> {
        let clone = &self.clone;
        match clone.outcome() {
            Outcome::Complete => {}
            Outcome::Stopped => {
                let left = text::grouped(clone.listed() - clone.copied());
                return Some(format!("stopped: {left} of the objects found are not copied"));
            }
            _ if !clone.unlisted().is_empty() => {
                let first = &clone.unlisted()[0];
                return Some(format!("part of {} could not be listed: {}", self.from, first.message));
            }
            _ => {
                let left = text::grouped(clone.listed() - clone.copied());
                let why = clone.failures().first().map_or("no reason was given", |failure| &failure.code);
                return Some(format!(
                    "{left} of {} objects are not copied: {why}",
                    text::grouped(clone.listed())
                ));
            }
        }
        match self.verification.as_ref()? {
            Ok(verification) if verification.is_whole() => None,
            Ok(verification) => {
                let different = text::grouped(verification.different());
                Some(format!("{different} objects are missing or differ in {}", self.to))
            }
            Err(error) => Some(format!("the clone could not be verified: {}", text::chain(error))),
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
        match &self.verification {
            Some(Ok(verification)) => lines.push(verified(verification)),
            Some(Err(error)) => lines.push(format!("  verified   no: {}", text::chain(error))),
            None => {}
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
        let failures = clone.failures().iter().flat_map(|group| {
            let head = format!(
                "  missing    {} under {:?}: {}",
                text::grouped(group.count),
                group.prefix,
                group.code
            );
            let samples = group
                .samples
                .iter()
                .map(|sample| format!("               {}: {}", sample.key, sample.message));
            std::iter::once(head).chain(samples)
        });
        let unlisted = clone.unlisted().iter().map(|unlisted| {
            format!("  unlisted   {:?}: {} ({})", unlisted.range, unlisted.message, unlisted.code)
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
                    "key": sample.key.to_string(),
                    "message": sample.message,
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "unlisted": clone.unlisted().iter().map(|unlisted| json!({
                "range": format!("{:?}", unlisted.range),
                "code": unlisted.code,
                "message": unlisted.message,
            })).collect::<Vec<_>>(),
            "orphaned_uploads": clone.orphans().iter().map(|orphan| json!({
                "bucket": orphan.bucket,
                "key": orphan.key.to_string(),
                "upload_id": orphan.upload_id,
            })).collect::<Vec<_>>(),
            "verified": self.verification.as_ref().map(|verification| match verification {
                Ok(verification) => json!({
                    "whole": verification.is_whole(),
                    "same": verification.same(),
                    "same_size": verification.same_size(),
                    "different": verification.different(),
                    "extra": verification.extra(),
                }),
                Err(error) => json!({ "error": text::chain(error) }),
            }),
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
    let differences = differences.map(|difference| format!("               {difference:?}"));
    std::iter::once(head).chain(differences).collect::<Vec<_>>().join("\n")
}
