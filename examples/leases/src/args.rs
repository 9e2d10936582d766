//! The command line.

use std::process::ExitCode;

use clap::{Args as Group, Parser, Subcommand};

use crate::place::Place;

#[derive(Parser)]
#[command(
    about = "Shows, checks and resets the leases of a Kinesis consumer, ours or the KCL's.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment.",
    name = "leases",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// The application: the name of its lease table.
    #[arg(long, global = true, default_value = "")]
    pub(crate) application: String,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Prints the leases.
    Show {
        /// As lines of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Looks for what is wrong with them: hash keys that nobody reads, shards without a lease, leases without a shard,
    /// children before their parents. Exits with 1 if there is something.
    Check {
        /// The stream of the application.
        #[arg(long)]
        stream: String,
    },
    /// Sets where reading goes on. Says what it would do, and does it with --yes.
    Reset(Reset),
    /// Ends the diversion of a key: its records are handled again. Replay its dead letters first.
    Restore {
        /// The partition key.
        #[arg(long)]
        key: String,
    },
}

#[derive(Group)]
pub(crate) struct Reset {
    /// trim-horizon, latest, a time as of RFC 3339, or, for one shard, a sequence number, which counts as processed.
    #[arg(long, value_parser = Place::parse)]
    pub(crate) to: Place,
    /// One shard. Default: all of them. Shards that have ended are read again, but for `latest`.
    #[arg(long)]
    pub(crate) shard: Option<String>,
    /// Also where the owner of a lease is at work: it loses the lease, and its last records come again.
    #[arg(long)]
    pub(crate) force: bool,
    /// Do it.
    #[arg(long)]
    pub(crate) yes: bool,
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
        if args.application.is_empty() {
            return Err(wrong("--application is missing: the name of the lease table"));
        }
        match &args.command {
            Command::Reset(Reset { to: Place::After(_), shard: None, .. }) => {
                Err(wrong("a sequence number is one shard's; name it with --shard"))
            }
            _ => Ok(args),
        }
    }
}

fn wrong(problem: &str) -> ExitCode {
    eprintln!("leases: {problem}; see --help");
    ExitCode::from(2)
}
