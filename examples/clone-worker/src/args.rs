//! The command line.

use std::{process::ExitCode, time::Duration};

use clap::Parser;

use crate::place::Place;

#[derive(Parser)]
#[command(
    name = "clone-worker",
    about = "Does segments of clones of S3 buckets, as a queue tells of them, and prints a line of JSON for each.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment. SIGINT and SIGTERM end \
                  the segments where they are, and tell others of what is left.",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// The queue: of events of the journal's bucket, or of requests.
    #[arg(long)]
    pub(crate) queue_url: String,
    /// Where the documents of the clones are.
    #[arg(long, value_name = "s3://B/P")]
    pub(crate) journal: Place,
    /// Segments that are worked on at once. One is as fast as the limits allow.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    segments: u16,
    /// Of a segment with more than about so many keys the rest is cut off, for others.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) keep: u64,
    /// After so long, what is left of a segment is cut off: a message can be kept for 12 hours.
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=660))]
    slice: u64,
    /// Send what is cut off to the queue: needed unless the journal's bucket notifies it.
    #[arg(long)]
    pub(crate) announce: bool,
    /// What is in flight when a signal comes may take so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=3600))]
    grace: u64,
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
            eprintln!("clone-worker: {}; see --help", line.trim_start_matches("error: "));
            ExitCode::from(2)
        })
    }

    pub(crate) fn segments(&self) -> usize {
        usize::from(self.segments)
    }

    pub(crate) fn slice(&self) -> Duration {
        Duration::from_mins(self.slice)
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::from_secs(self.grace)
    }
}
