//! The command line.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::place::Place;

#[derive(Parser)]
#[command(
    name = "clone-bucket",
    about = "Clones an S3 bucket, or what is under a prefix, by server-side copies.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment.\n\
                  Exit status: 0 whole, 1 something is missing, 2 wrong input, 130 stopped.",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// What to clone. A prefix is a string, not a folder: s3://photos/2026 also means 2026-old/a.
    #[arg(value_name = "s3://SRC[/PREFIX]", required_unless_present = "embedded")]
    source: Option<Place>,
    /// Where to. A key keeps what follows the source's prefix.
    #[arg(value_name = "s3://DST[/PREFIX]", required_unless_present = "embedded")]
    destination: Option<Place>,
    /// What proves that the clone is whole: S3's response to each copy, or a listing of both sides.
    #[arg(long, value_enum, default_value_t = Verify::Response)]
    pub(crate) verify: Verify,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Run on an AWS inside this process, with AWS's limits, and a bucket of 7,500 objects under 195
    /// prefixes to clone: no account is needed.
    #[arg(long)]
    pub(crate) embedded: bool,
}

/// What proves that a clone is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verify {
    /// Every copy was confirmed by S3.
    Response,
    /// Both sides are listed again and compared.
    Relist,
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
            eprintln!("clone-bucket: {}; see --help", line.trim_start_matches("error: "));
            ExitCode::from(2)
        })
    }

    pub(crate) fn source(&self) -> Place {
        self.source.clone().unwrap_or_else(|| Place::bucket("story"))
    }

    pub(crate) fn destination(&self) -> Place {
        self.destination.clone().unwrap_or_else(|| Place::bucket("story-clone"))
    }
}
