//! The command line.

use std::{ops::RangeInclusive, process::ExitCode, time::Duration};

use clap::Parser;

#[derive(Parser)]
#[command(
    about = "Stores the versions of entities that an SQS queue brings in DynamoDB, and publishes them to a second queue.",
    after_help = "A body is like {\"entity\": \"door 7\", \"version\": 3, \"data\": …}. The table has the key `entity`, a \
                  string. Region, credentials, profile and endpoint come from the standard AWS environment. SIGINT and \
                  SIGTERM finish what has begun, and give the rest back.",
    name = "entity-pipeline",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// The queue that the versions come from.
    #[arg(long)]
    pub(crate) queue_url: String,
    /// The queue that what is stored is published to, a standard one.
    #[arg(long, value_parser = standard)]
    pub(crate) publish_url: String,
    /// The table of the entities.
    #[arg(long)]
    pub(crate) table: String,
    /// Messages that may be held; those that receives which are out may bring are counted in.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) max_unprocessed: usize,
    /// Receives that may be out at once.
    #[arg(long, default_value_t = 16)]
    pub(crate) parallelism: usize,
    /// Of the versions of an entity that wait, process only the newest.
    #[arg(long)]
    pub(crate) conflate: bool,
    /// Milliseconds that the work on a version takes, such as 5-50 or 10.
    #[arg(long, value_parser = range, default_value = "0")]
    pub(crate) work_ms: RangeInclusive<u64>,
    /// How often the work fails, in percent; it is tried again.
    #[arg(long, default_value_t = 0.0, value_parser = percent)]
    pub(crate) fail_percent: f64,
    /// Where messages go whose bodies cannot be read, and those that fail eleven times. Without, these are tried for ever.
    #[arg(long)]
    pub(crate) dead_letter_url: Option<String>,
    /// Exit when nothing was deleted for so many seconds.
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
            eprintln!("entity-pipeline: {}; see --help", line.trim_start_matches("error: "));
            ExitCode::from(2)
        })
    }

    /// For ever, unless it is asked for.
    pub(crate) fn exit_when_idle(&self) -> Duration {
        self.exit_when_idle.map_or(Duration::MAX, Duration::from_secs)
    }
}

/// A FIFO queue would have to know each entity as a group, and takes no name of 2,048 bytes for one.
fn standard(text: &str) -> Result<String, String> {
    if text.strip_suffix(".fifo").is_some() {
        return Err(
            "it is a FIFO queue, and needs not be: whoever reads it keeps the newest version".to_owned()
        );
    }
    Ok(text.to_owned())
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
