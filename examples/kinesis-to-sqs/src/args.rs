//! The command line.

use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use clap::Parser;

#[derive(Parser)]
#[command(
    about = "Sends the records of a Kinesis stream to an SQS queue, each partition key in order, together with other \
             processes of the same application.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment. SIGINT and \
                  SIGTERM hand the shards over to the other processes.",
    name = "kinesis-to-sqs",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// The stream.
    #[arg(long)]
    pub(crate) stream: String,
    /// The application: the processes that share the stream's shards. It is the name of the lease table, which is made if
    /// it is not there.
    #[arg(long)]
    pub(crate) application: String,
    /// The queue. In a FIFO queue, whose name ends in .fifo, each partition key is a message group.
    #[arg(long)]
    pub(crate) queue_url: String,
    /// Where records are kept that SQS cannot take: `s3://BUCKET` or `s3://BUCKET/PREFIX`.
    #[arg(long, value_parser = place)]
    pub(crate) failures: (String, String),
    /// Keys of a shard that are on their way to the queue at once.
    #[arg(long, default_value = "500")]
    pub(crate) concurrency: NonZeroUsize,
    /// Milliseconds without a sign of life after which a process is taken for dead.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(500..=600_000))]
    failover_ms: u64,
    /// Exit when nothing was sent for so many seconds.
    #[arg(long)]
    exit_when_idle: Option<u64>,
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
            eprintln!("kinesis-to-sqs: {}; see --help", line.trim_start_matches("error: "));
            ExitCode::from(2)
        })
    }

    pub(crate) fn failover(&self) -> Duration {
        Duration::from_millis(self.failover_ms)
    }

    /// For ever, unless it is asked for.
    pub(crate) fn exit_when_idle(&self) -> Duration {
        self.exit_when_idle.map_or(Duration::MAX, Duration::from_secs)
    }
}

/// A bucket and a prefix.
fn place(text: &str) -> Result<(String, String), String> {
    let place = text.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
    match place {
        Some((bucket, prefix)) if !bucket.is_empty() => Ok((bucket.to_owned(), prefix.to_owned())),
        _ => Err("it is s3://BUCKET or s3://BUCKET/PREFIX".to_owned()),
    }
}
