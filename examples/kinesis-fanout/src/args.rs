//! The command line.

use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use clap::{Args as Group, Parser, Subcommand};

use crate::letters::Letters;

#[derive(Parser)]
#[command(
    about = "Republishes one Kinesis stream to many: the same partition keys, each key in order at each target; what \
             a target does not take is kept in S3, and replayed.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment.",
    name = "kinesis-fanout",
    max_term_width = 100
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Republishes, together with other processes of the same application, until SIGINT or SIGTERM.
    Run(Run),
    /// Publishes what was kept, in order, while or after `run` is at work.
    Replay(Replay),
    /// Shows both on an AWS inside this process, with faults and with a target that is not there: ten targets, no account.
    Demo(Demo),
}

#[derive(Group)]
pub(crate) struct Run {
    /// The stream to read.
    #[arg(long)]
    pub(crate) stream: String,
    /// The application: the processes that share the stream's shards. It is the name of the lease table, which
    /// is made if it is not there.
    #[arg(long)]
    pub(crate) application: String,
    #[command(flatten)]
    pub(crate) places: Places,
    /// Seconds for which a record is tried at a target, before it and what follows of its key is kept.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    patience: u64,
    /// Keys of a shard that are on their way to a target at once.
    #[arg(long, default_value = "500")]
    pub(crate) concurrency: NonZeroUsize,
}

#[derive(Group)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) places: Places,
}

#[derive(Group)]
pub(crate) struct Places {
    /// A stream to write; once for each.
    #[arg(long = "to", required = true)]
    pub(crate) targets: Vec<String>,
    /// Where records are kept that a target does not take: `s3://BUCKET` or `s3://BUCKET/PREFIX`.
    #[arg(long, value_parser = Letters::parse)]
    pub(crate) failures: (String, String),
}

#[derive(Group)]
pub(crate) struct Demo {
    /// Records, written at 1,000 a second.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1_000..=1_000_000))]
    pub(crate) records: u64,
}

impl Args {
    /// Reads the command line; what it prints about it has been printed.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        let args = Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                // Help, which was asked for.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            let text = error.render().to_string();
            // The first paragraph says it all, sometimes over several lines.
            let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
            wrong(lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: "))
        })?;
        let places = match &args.command {
            Command::Run(run) => {
                if run.places.targets.contains(&run.stream) {
                    return Err(wrong(&format!("{} is read, and cannot be a target, too", run.stream)));
                }
                &run.places
            }
            Command::Replay(replay) => &replay.places,
            Command::Demo(_) => return Ok(args),
        };
        let twice = (1..)
            .zip(&places.targets)
            .find(|(next, target)| places.targets.iter().skip(*next).any(|it| it == *target));
        match twice {
            Some((_, target)) => Err(wrong(&format!("target {target} is given twice"))),
            None => Ok(args),
        }
    }
}

impl Run {
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }
}

fn wrong(problem: &str) -> ExitCode {
    eprintln!("kinesis-fanout: {problem}; see --help");
    ExitCode::from(2)
}
