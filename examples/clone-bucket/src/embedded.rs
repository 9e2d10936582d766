//! [`Embedded`]: an AWS inside this process, with a bucket to clone.

use aws_config::SdkConfig;
use tidegate_local_aws::{Latency, Limits, LocalAws};

use crate::{args::Args, problem::Problem, text};

/// The bucket that one team had to clone while production was down: 7,500 objects of 8,000 MB in all, under
/// 195 prefixes.
const OBJECTS: u64 = 7_500;
const PREFIXES: u64 = 195;
const BYTES: u64 = 8_000_000_000;

/// An AWS inside this process, with AWS's limits and latency, and both buckets.
pub(crate) struct Embedded {
    aws: LocalAws,
}

impl Embedded {
    /// Starts it, and fills the source.
    ///
    /// # Errors
    ///
    /// Why it could not start, in one line.
    pub(crate) async fn start(args: &Args) -> Result<Self, Problem> {
        let aws = LocalAws::builder().limits(Limits::aws()).latency(Latency::aws()).start().await;
        let aws = aws.map_err(|error| Problem::Failed(text::chain(&error)))?;
        let (source, destination) = (args.source().bucket, args.destination().bucket);
        let s3 = aws.s3();
        let journal = args.journal.as_ref().map(|journal| &journal.bucket);
        for bucket in [&source, &destination].into_iter().chain(journal) {
            s3.create_bucket(bucket);
        }
        let objects = (0..OBJECTS)
            .map(|number| (format!("group-{:03}/object-{number:05}", number % PREFIXES), BYTES / OBJECTS));
        if args.versions {
            let versioned = s3.set_versioning(&destination, true);
            versioned.map_err(|error| Problem::Input(text::chain(&error)))?;
        }
        s3.seed(&source, objects).map_err(|error| Problem::Input(text::chain(&error)))?;
        Ok(Self { aws })
    }

    pub(crate) fn sdk_config(&self) -> SdkConfig {
        self.aws.sdk_config()
    }

    pub(crate) async fn shutdown(self) {
        self.aws.shutdown().await;
    }
}
