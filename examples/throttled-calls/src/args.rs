//! The command line.

use std::{num::NonZeroU32, process::ExitCode};

use clap::{Parser, ValueEnum};

#[derive(Parser)]
#[command(
    about = "Calls Kinesis DescribeLimits from many tasks without pause, and says what came of it.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment.",
    name = "throttled-calls",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// How many tasks call.
    #[arg(long)]
    pub(crate) tasks: NonZeroU32,
    /// For how many seconds.
    #[arg(long)]
    pub(crate) seconds: NonZeroU32,
    /// Who paces the calls.
    #[arg(long, value_enum, default_value_t = Mode::Throttle)]
    pub(crate) mode: Mode,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Who paces the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// tidegate-throttle, attached to the client.
    Throttle,
    /// The SDK's standard retry mode.
    Standard,
    /// The SDK's adaptive retry mode.
    Adaptive,
    /// Nobody: no retries, a throttled call fails.
    None,
}

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Standard => "standard",
            Self::Adaptive => "adaptive",
            Self::None => "none",
        }
    }
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
            eprintln!("throttled-calls: {}; see --help", line.trim_start_matches("error: "));
            ExitCode::from(2)
        })
    }
}
