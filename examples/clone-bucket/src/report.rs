//! [`Report`]: the result, for people and for programs.

use serde_json::{Value, json};
use tidegate_clone::{CloneResponse, Difference, Error, Key, Outcome, Undeleted, Verification};

use crate::{problem::Problem, sides::Sides, text};

/// What came of the clone, and of its verification where one was asked for.
pub(crate) struct Report {
    from: String,
    to: String,
    dry_run: bool,
    clone: tidegate_clone::Report,
    check: Check,
}

/// What came of the verification.
pub(crate) enum Check {
    NotMade,
    Ended(Result<Verification, Error>),
    Checksums(Result<Box<tidegate_clone::Report>, Error>),
    Stopped,
}

/// What came of a clone by workers.
pub(crate) struct Workers {
    from: String,
    to: String,
    response: CloneResponse,
    check: Check,
}

impl Workers {
    pub(crate) fn new(sides: &Sides, response: CloneResponse, check: Check) -> Self {
        Self { from: sides.from.to_string(), to: sides.to.to_string(), response, check }
    }

    /// What is not as it should be.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let missing = self.response.missing.len();
        if missing > 0 {
            return Some(Problem::Failed(format!("{missing} ranges of keys were done by no worker")));
        }
        self.check.problem(&self.to)
    }

    pub(crate) fn text(&self) -> String {
        let counts = self.response.counts;
        let mut lines = vec![
            format!("Cloned {} to {} by workers", self.from, self.to),
            String::new(),
            format!(
                "  objects    {} copied, {} unchanged",
                text::grouped(counts.copied),
                text::grouped(counts.unchanged)
            ),
            format!("  data       {}, copied inside S3", text::bytes(counts.bytes_copied)),
            format!("  segments   {}", text::grouped(self.response.segments.count)),
            format!(
                "  requests   {}, of these {} throttled",
                text::grouped(counts.requests),
                text::grouped(counts.throttled)
            ),
        ];
        lines.extend(self.check.line());
        lines.join("\n")
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "source": self.from,
            "destination": self.to,
            "outcome": if self.response.missing.is_empty() { "complete" } else { "incomplete" },
            "segments": self.response.segments.count,
            "counts": self.response.counts,
            "missing": self.response.missing,
            "verified": self.check.json(),
        })
    }
}

impl Check {
    fn json(&self) -> Value {
        match self {
            Self::NotMade | Self::Stopped => Value::Null,
            Self::Ended(Err(error)) | Self::Checksums(Err(error)) => json!({ "error": text::chain(error) }),
            Self::Checksums(Ok(report)) => json!({
                "whole": self.problem("").is_none(),
                "same": report.unchanged(),
                "unproven": report.listed() - report.unchanged(),
            }),
            Self::Ended(Ok(verification)) => json!({
                "whole": verification.is_whole(),
                "same": verification.same(),
                "same_size": verification.same_size(),
                "different": verification.different(),
                "extra": verification.extra(),
            }),
        }
    }

    /// What keeps the clone from being proven.
    fn problem(&self, to: &str) -> Option<Problem> {
        match self {
            Self::Ended(Ok(verification)) if !verification.is_whole() => {
                let different = text::grouped(verification.different());
                Some(Problem::Failed(format!("{different} objects are missing or differ in {to}")))
            }
            Self::Checksums(Ok(report))
                if report.unchanged() < report.listed() || !report.unlisted().is_empty() =>
            {
                let unproven = text::grouped(report.listed() - report.unchanged());
                Some(Problem::Failed(format!(
                    "{unproven} objects in {to} have no ETag or checksum that proves them"
                )))
            }
            Self::Ended(Err(error)) | Self::Checksums(Err(error)) => {
                Some(Problem::Failed(format!("the clone could not be verified: {}", text::chain(error))))
            }
            Self::Stopped => {
                Some(Problem::Stopped("stopped before it was verified; S3 confirmed every copy".to_owned()))
            }
            Self::Ended(Ok(_)) | Self::Checksums(Ok(_)) | Self::NotMade => None,
        }
    }

    fn line(&self) -> Option<String> {
        match self {
            Self::Ended(Ok(verification)) => Some(verified(verification)),
            Self::Checksums(Ok(report)) => Some(format!(
                "  verified   {} of {} by ETag or checksum",
                text::grouped(report.unchanged()),
                text::grouped(report.listed())
            )),
            Self::Ended(Err(error)) | Self::Checksums(Err(error)) => {
                Some(format!("  verified   no: {}", text::chain(error)))
            }
            Self::Stopped => Some("  verified   no: stopped".to_owned()),
            Self::NotMade => None,
        }
    }
}

/// Why nothing was deleted.
fn undeleted(clone: &tidegate_clone::Report) -> String {
    let extra = text::grouped(clone.extra());
    match clone.undeleted() {
        Some(Undeleted::TooMany { max }) => {
            format!(
                "nothing was deleted: there are {extra} objects to delete, and at most {max} may be; see --max-delete"
            )
        }
        Some(Undeleted::OutOfOrder) => "nothing was deleted: the store does not list in order".to_owned(),
        _ => "nothing was deleted: not all could be listed and copied".to_owned(),
    }
}

/// So many groups of failures are printed, the largest first,
const GROUPS: usize = 10;

/// with so many samples each,
const SAMPLES: usize = 3;

/// of which so many characters are shown. The JSON has them all.
const CHARACTERS: usize = 200;

impl Report {
    pub(crate) fn new(sides: &Sides, dry_run: bool, clone: tidegate_clone::Report, check: Check) -> Self {
        Self { from: sides.from.to_string(), to: sides.to.to_string(), dry_run, clone, check }
    }

    /// What is not as it should be.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let clone = &self.clone;
        let left = text::grouped(clone.listed() - clone.copied() - clone.unchanged());
        match clone.outcome() {
            Outcome::Complete => self.unverified(),
            Outcome::Stopped => {
                Some(Problem::Stopped(format!("stopped: {left} of the objects found are not copied")))
            }
            _ if clone.undeleted().is_some() && left == "0" && clone.unlisted().is_empty() => {
                Some(Problem::Failed(undeleted(clone)))
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
        let orphans = self.clone.orphans().len();
        let left = (orphans > 0)
            .then(|| Problem::Failed(format!("{orphans} multipart uploads may be left in {}", self.to)));
        self.check.problem(&self.to).or(left)
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    fn per_second(&self) -> f64 {
        self.clone.copied() as f64 / self.clone.elapsed().as_secs_f64().max(0.001)
    }

    #[allow(clippy::cast_precision_loss, reason = "a percentage to one decimal")]
    fn throttled_share(&self) -> f64 {
        self.clone.throttled() as f64 * 100.0 / self.clone.requests().total().max(1) as f64
    }

    pub(crate) fn text(&self) -> String {
        let clone = &self.clone;
        let how = match clone.outcome() {
            Outcome::Complete if self.dry_run => "Would clone",
            Outcome::Complete if clone.is_resumed() => "Cloned the rest of",
            Outcome::Complete => "Cloned",
            Outcome::Stopped => "Stopped cloning",
            _ => "Cloned only in part",
        };
        let mut lines = vec![
            format!("{how} {} to {} in {:.1} s", self.from, self.to, clone.elapsed().as_secs_f64()),
            String::new(),
            self.objects(),
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
        if clone.delete_markers() > 0 {
            lines.push(format!("  markers    {} delete markers made", text::grouped(clone.delete_markers())));
        }
        if clone.extra() > 0 || clone.undeleted().is_some() {
            let line = format!(
                "  deleted    {} of {} that only the destination had",
                text::grouped(clone.deleted()),
                text::grouped(clone.extra())
            );
            lines.push(line);
        }
        lines.extend(self.shortfalls());
        lines.extend(self.check.line());
        lines.join("\n")
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate, rounded")]
    fn objects(&self) -> String {
        let clone = &self.clone;
        let listed = text::grouped(clone.listed());
        let copied = if self.dry_run {
            format!("{} of {listed} to copy", text::grouped(clone.not_attempted()))
        } else {
            let rate = text::grouped(self.per_second().round() as u64);
            format!("{} of {listed} copied, {rate} a second", text::grouped(clone.copied()))
        };
        let rest =
            [(clone.unchanged(), "unchanged"), (clone.unknown(), "unknown"), (clone.left_out(), "left out")];
        let rest = rest.into_iter().filter(|(count, _)| *count > 0);
        let rest = rest.map(|(count, what)| format!("{} {what}", text::grouped(count)));
        let parts: Vec<_> = std::iter::once(copied).chain(rest).collect();
        format!("  objects    {}", parts.join(", "))
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
            (requests.delete, "DeleteObjects"),
            (requests.acl, "GetObjectAcl"),
            (requests.annotations, "ListObjectAnnotations"),
            (requests.journal, "journal"),
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
            "unchanged": clone.unchanged(),
            "unknown": clone.unknown(),
            "left_out": clone.left_out(),
            "delete_markers": clone.delete_markers(),
            "extra": clone.extra(),
            "deleted": clone.deleted(),
            "dry_run": self.dry_run,
            "resumed": clone.is_resumed(),
            "bytes_listed": clone.bytes_listed(),
            "bytes_copied": clone.bytes_copied(),
            "requests": {
                "list": requests.list,
                "copy": requests.copy,
                "head": requests.head,
                "tagging": requests.tagging,
                "multipart": requests.multipart,
                "part_copy": requests.part_copy,
                "delete": requests.delete,
                "acl": requests.acl,
                "annotations": requests.annotations,
                "journal": requests.journal,
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
            "verified": self.check.json(),
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
