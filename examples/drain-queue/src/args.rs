//! The command line.

use std::{ops::RangeInclusive, process::ExitCode, time::Duration};

use clap::Parser;

#[derive(Parser)]
#[command(
    about = "Consumes an SQS queue, and prints each message as a line of JSON when its delete is confirmed.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment. SIGINT and \
                  SIGTERM finish what has begun, and give the rest back.",
    name = "drain-queue",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// The queue.
    #[arg(long)]
    pub(crate) queue_url: String,
    /// Messages that may be held; those that receives which are out may bring are counted in.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) max_unprocessed: usize,
    /// Receives that may be out at once.
    #[arg(long, default_value_t = 16)]
    pub(crate) parallelism: usize,
    /// What the order depends on: the message group, nothing, or what stands in the body at a JSON pointer such as
    /// /customer/id.
    #[arg(long, value_parser = key, default_value = "group")]
    pub(crate) key: Key,
    /// Where the body has the version of its key, an integer, as a JSON pointer: what is not newer than what was processed
    /// by this process is stale, and deleted unprocessed.
    #[arg(long, value_parser = pointer)]
    pub(crate) version: Option<String>,
    /// Where messages go whose bodies cannot be read, and those that fail eleven times. Without, these are tried for ever.
    #[arg(long)]
    pub(crate) dead_letter_url: Option<String>,
    /// Milliseconds that the work on a message takes, such as 5-50 or 10.
    #[arg(long, value_parser = range, default_value = "0")]
    pub(crate) work_ms: RangeInclusive<u64>,
    /// How often the work fails, in percent; it is tried again.
    #[arg(long, default_value_t = 0.0, value_parser = percent)]
    pub(crate) fail_percent: f64,
    /// Print a line when the work on a message begins, and one when it ends.
    #[arg(long)]
    pub(crate) trace: bool,
    /// Exit when nothing was deleted for so many seconds.
    #[arg(long)]
    exit_when_idle: Option<u64>,
}

/// What the order of messages depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Group,
    None,
    Pointer(String),
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
            eprintln!("drain-queue: {}; see --help", line.trim_start_matches("error: "));
            ExitCode::from(2)
        })
    }

    pub(crate) fn exit_when_idle(&self) -> Option<Duration> {
        self.exit_when_idle.map(Duration::from_secs)
    }
}

fn key(text: &str) -> Result<Key, String> {
    match text {
        "group" => Ok(Key::Group),
        "none" => Ok(Key::None),
        text => pointer(text).map(Key::Pointer).map_err(|problem| format!("it is group, none, or {problem}")),
    }
}

fn pointer(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        Ok(text.to_owned())
    } else {
        Err("a JSON pointer such as /customer/id".to_owned())
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
