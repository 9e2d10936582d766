//! The command line.

use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use clap::Parser;
use http::{HeaderValue, Uri};

#[derive(Parser)]
#[command(
    about = "Posts the records of a Kinesis stream to an HTTP service, each partition key in order, together with other \
             processes of the same application.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment. What \
                  TARGET_AUTHORIZATION holds is sent as the header `authorization`. SIGINT and SIGTERM hand the \
                  shards over to the other processes.",
    name = "kinesis-to-http",
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
    /// Where each record is posted to: a URL of https or http.
    #[arg(long, value_parser = url)]
    pub(crate) url: Uri,
    /// What the records are.
    #[arg(long, default_value = "application/octet-stream", value_parser = header)]
    pub(crate) content_type: HeaderValue,
    /// Milliseconds after which a request has failed.
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    timeout_ms: u64,
    /// Seconds for which a record is posted again, before it is kept. Default: for ever, and its key waits.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    patience: Option<u64>,
    /// Where records are kept that the service refuses: `s3://BUCKET` or `s3://BUCKET/PREFIX`.
    #[arg(long, value_parser = place)]
    pub(crate) failures: (String, String),
    /// Keys of a shard that are on their way to the service at once.
    #[arg(long, default_value = "64")]
    pub(crate) concurrency: NonZeroUsize,
    /// Milliseconds without a sign of life after which a process is taken for dead.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(500..=600_000))]
    failover_ms: u64,
    /// Exit when nothing was posted for so many seconds.
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
            eprintln!("kinesis-to-http: {}; see --help", line.trim_start_matches("error: "));
            ExitCode::from(2)
        })
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(crate) fn patience(&self) -> Option<Duration> {
        self.patience.map(Duration::from_secs)
    }

    pub(crate) fn failover(&self) -> Duration {
        Duration::from_millis(self.failover_ms)
    }

    /// For ever, unless it is asked for.
    pub(crate) fn exit_when_idle(&self) -> Duration {
        self.exit_when_idle.map_or(Duration::MAX, Duration::from_secs)
    }
}

fn url(text: &str) -> Result<Uri, String> {
    let url = text.parse::<Uri>().ok().filter(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty())
    });
    // What stands before an @ would be a password, on the command line for all to see.
    let url = url.filter(|url| url.authority().is_none_or(|authority| !authority.as_str().contains('@')));
    url.ok_or_else(|| "it is such as https://example.com/orders".to_owned())
}

fn header(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| "it is such as application/json".to_owned())
}

/// A bucket and a prefix.
fn place(text: &str) -> Result<(String, String), String> {
    let place = text.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
    match place {
        Some((bucket, prefix)) if !bucket.is_empty() => Ok((bucket.to_owned(), prefix.to_owned())),
        _ => Err("it is s3://BUCKET or s3://BUCKET/PREFIX".to_owned()),
    }
}
