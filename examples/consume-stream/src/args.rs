//! The command line.

use std::{num::NonZeroUsize, ops::RangeInclusive, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use tidegate_kinesis_consumer::{Concurrency, Fetch, InitialPosition, lease::Timestamp};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

#[derive(Parser)]
#[command(
    about = "Consumes a Kinesis stream together with other processes of the same application, and prints each \
             record as a line of JSON when it is done with it.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment. SIGINT and \
                  SIGTERM hand the shards over to the other processes.",
    name = "consume-stream",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// The stream.
    #[arg(long)]
    pub(crate) stream: String,
    /// The application: the processes that share the stream's shards. It is the name of the lease table, which
    /// is made if it is not there.
    #[arg(long)]
    pub(crate) application: String,
    /// The name of this process among them. Default: one that names the host, new for each process.
    #[arg(long)]
    pub(crate) worker_id: Option<String>,
    /// How records are read: by polling, or by enhanced fan-out, for which a consumer named as the application is
    /// registered if it is not there.
    #[arg(long, value_enum, default_value_t = By::Polling)]
    fetch: By,
    /// Where a new application starts: trim-horizon, latest, or a time as of RFC 3339.
    #[arg(long, value_parser = initial_position, default_value = "trim-horizon")]
    pub(crate) start: InitialPosition,
    /// Keys of a shard that are worked on at once; records of one key are in order always.
    #[arg(long, default_value = "64")]
    concurrency: NonZeroUsize,
    /// Milliseconds without a sign of life after which a process is taken for dead.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(500..=600_000))]
    failover_ms: u64,
    /// Milliseconds between two checkpoints of a shard.
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(100..=600_000))]
    checkpoint_ms: u64,
    /// Milliseconds that the work on a record takes, such as 5-50 or 10.
    #[arg(long, value_parser = range, default_value = "0")]
    pub(crate) work_ms: RangeInclusive<u64>,
    /// How often the work fails, in percent; it is tried again.
    #[arg(long, default_value_t = 0.0, value_parser = percent)]
    pub(crate) fail_percent: f64,
    /// Exit when no record came for so many seconds.
    #[arg(long)]
    exit_when_idle: Option<u64>,
}

/// How records are read.
#[derive(Clone, Copy, ValueEnum)]
enum By {
    Polling,
    FanOut,
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
            eprintln!("consume-stream: {}; see --help", line.trim_start_matches("error: "));
            ExitCode::from(2)
        })
    }

    pub(crate) fn concurrency(&self) -> Concurrency {
        Concurrency::PerKey(self.concurrency)
    }

    pub(crate) fn fetch(&self) -> Fetch {
        match self.fetch {
            By::Polling => Fetch::polling(),
            By::FanOut => Fetch::fan_out(self.application.as_str()),
        }
    }

    pub(crate) fn failover(&self) -> Duration {
        Duration::from_millis(self.failover_ms)
    }

    pub(crate) fn checkpoint(&self) -> Duration {
        Duration::from_millis(self.checkpoint_ms)
    }

    pub(crate) fn exit_when_idle(&self) -> Option<Duration> {
        self.exit_when_idle.map(Duration::from_secs)
    }
}

fn initial_position(text: &str) -> Result<InitialPosition, String> {
    match text {
        "trim-horizon" => Ok(InitialPosition::TrimHorizon),
        "latest" => Ok(InitialPosition::Latest),
        time => {
            let time = OffsetDateTime::parse(time, &Rfc3339).map_err(|_| {
                "it is trim-horizon, latest, or a time such as 2026-01-31T12:00:00Z".to_owned()
            })?;
            let millis = u64::try_from(time.unix_timestamp_nanos() / 1_000_000)
                .map_err(|_| "it is a time before 1970".to_owned())?;
            Ok(InitialPosition::At(Timestamp(millis)))
        }
    }
}

fn range(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|millis| *millis <= 3_600_000);
    let (least, most) = text.split_once('-').unwrap_or((text, text));
    match (number(least), number(most)) {
        (Some(least), Some(most)) if least <= most => Ok(least..=most),
        _ => Err("it is milliseconds, or two with a dash between, such as 5-50; up to an hour".to_owned()),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    let percent = text.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or_else(|| "it is a number from 0 to 100".to_owned())
}
