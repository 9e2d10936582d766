//! The command line.

use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::place::Place;

#[derive(Parser)]
#[command(
    name = "clone-bucket",
    about = "Clones an S3 bucket, or what is under a prefix, by server-side copies.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment.\n\
                  Exit status: 0 whole, 1 something is missing, 2 wrong input, 130 stopped.",
    max_term_width = 100
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Args {
    /// What to clone. A prefix is a string, not a folder: `2026` also means `2026-old/a`.
    #[arg(value_name = "s3://SRC[/PREFIX]", required_unless_present = "embedded")]
    source: Option<Place>,
    /// Where to. A key keeps what follows the source's prefix.
    #[arg(value_name = "s3://DST[/PREFIX]", required_unless_present = "embedded")]
    destination: Option<Place>,
    /// When an object that is there is what it should be, and is not copied.
    #[arg(long, value_enum, default_value_t = Compare::SizeAndTime)]
    pub(crate) compare: Compare,
    /// Only keys that match, without the prefix: `*` also matches `/`. May be given more than once.
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    pub(crate) include: Vec<Glob>,
    /// No keys that match. It goes before --include.
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    pub(crate) exclude: Vec<Glob>,
    /// At the end, delete from the destination what the source does not have.
    #[arg(long)]
    pub(crate) delete: bool,
    /// Delete nothing if it would be more objects than this.
    #[arg(long, value_name = "N", default_value_t = 10_000, requires = "delete")]
    pub(crate) max_delete: u64,
    /// Clone all versions and delete markers, the oldest first, to a bucket that keeps versions.
    #[arg(long, conflicts_with_all = ["delete", "journal"])]
    pub(crate) versions: bool,
    /// Say what would be copied and deleted, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The account that must own the source bucket: nothing is read if another does.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) source_owner: Option<String>,
    /// The account that must own the destination bucket: nothing is written if another does.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) destination_owner: Option<String>,
    /// Pay for the requests, and for what they read, where a bucket is set to "requester pays".
    #[arg(long)]
    pub(crate) requester_pays: bool,
    /// What else of each object is kept, at more requests: see the library's README.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "acl,kms,lock,annotations")]
    pub(crate) preserve: Vec<Property>,
    /// Keep the clone there, so that it can be gone on with after a stop or a crash, and be shared.
    #[arg(long, value_name = "s3://B/P")]
    pub(crate) journal: Option<Place>,
    /// Who clones: so many workers in this process, or others that look at the journal.
    #[arg(long, value_name = "N|remote", value_parser = workers, requires = "journal")]
    pub(crate) workers: Option<Workers>,
    /// Where the listing is cut: read from there, if the file is there, and written to it for the next run.
    #[arg(long, value_name = "FILE", conflicts_with = "workers")]
    pub(crate) hints: Option<PathBuf>,
    /// What proves that the clone is whole: S3's response to each copy, a listing of both sides, or the checksums too.
    #[arg(long, value_enum, default_value_t = Verify::Response)]
    pub(crate) verify: Verify,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Run on an AWS inside this process, with AWS's limits, and a bucket of 7,500 objects under 195
    /// prefixes to clone: no account is needed.
    #[arg(long)]
    pub(crate) embedded: bool,
}

/// What proves that a clone is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verify {
    /// Every copy was confirmed by S3.
    Response,
    /// Both sides are listed again and compared.
    Relist,
    /// And where `ETag`s differ, the checksums that S3 keeps.
    Checksums,
}

/// When an object that is there is what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compare {
    /// Never: all is copied.
    Always,
    /// If there is one.
    Missing,
    /// If it has the same size, and was written later or has the same ETag.
    SizeAndTime,
    /// If it has the same size and ETag.
    Etag,
    /// If it has the same size, and the same ETag or checksum.
    Checksum,
}

/// What else of an object is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Property {
    /// Who is granted what.
    Acl,
    /// The key of KMS.
    Kms,
    /// Retention and legal hold.
    Lock,
    /// Annotations.
    Annotations,
}

/// Who clones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workers {
    /// So many in this process.
    Here(NonZeroUsize),
    Remote,
}

fn workers(text: &str) -> Result<Workers, String> {
    if text == "remote" {
        return Ok(Workers::Remote);
    }
    text.parse().map(Workers::Here).map_err(|_| "it must be a number from 1 on, or remote".to_owned())
}

fn glob(text: &str) -> Result<Glob, String> {
    Glob::new(text).map_err(|error| error.to_string())
}

impl Args {
    /// Reads the command line; what it prints about it has been printed.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                // Help, which was asked for.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            let text = error.render().to_string();
            // The first paragraph says it all, sometimes over several lines.
            let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
            let line = lines.collect::<Vec<_>>().join(" ");
            eprintln!("clone-bucket: {}; see --help", line.trim_start_matches("error: "));
            ExitCode::from(2)
        })
    }

    pub(crate) fn source(&self) -> Place {
        self.source.clone().unwrap_or_else(|| Place::bucket("story"))
    }

    pub(crate) fn destination(&self) -> Place {
        self.destination.clone().unwrap_or_else(|| Place::bucket("story-clone"))
    }

    /// Which keys are part of the clone; none if all are.
    pub(crate) fn filter(&self) -> Option<impl Fn(&str) -> bool + Send + Sync + use<>> {
        let (include, exclude) = (set(&self.include), set(&self.exclude));
        let all = self.include.is_empty();
        let is_asked = !(all && self.exclude.is_empty());
        is_asked.then_some(move |key: &str| !exclude.is_match(key) && (all || include.is_match(key)))
    }
}

/// Globs that were read one by one fit into a set, unless they are too large together: then none matches.
fn set(globs: &[Glob]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        builder.add(glob.clone());
    }
    builder.build().unwrap_or_else(|_| GlobSet::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(more: &[&str]) -> Args {
        Args::try_parse_from(["clone-bucket", "s3://a", "s3://b"].iter().chain(more)).unwrap()
    }

    #[test]
    fn what_is_excluded_is_not_included() {
        assert!(args(&[]).filter().is_none());
        let args = args(&["--include", "*.jpg", "--include", "a/*", "--exclude", "a/b/*"]);
        let filter = args.filter().unwrap();
        for key in ["x/y.jpg", "a/c", "a/c/d"] {
            assert!(filter(key), "{key}");
        }
        for key in ["x/y.png", "a/b/c.jpg", "a"] {
            assert!(!filter(key), "{key}");
        }
    }

    #[test]
    fn workers_are_a_number_or_remote() {
        assert_eq!(workers("remote"), Ok(Workers::Remote));
        assert_eq!(workers("3"), Ok(Workers::Here(NonZeroUsize::new(3).unwrap())));
        assert!(workers("0").is_err() && workers("some").is_err());
    }
}
