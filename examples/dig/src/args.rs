//! The command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory, Parser, ValueEnum, error::ErrorKind};

#[derive(Parser)]
#[command(
    name = "dig",
    about = "Finds AWS resources by id, name, ARN, DNS name, address or tag, and all that they refer to.",
    after_help = "Region, credentials, profile and endpoint come from the standard AWS environment.\n\
                  Exit status: 0 all was seen, 1 something could not be seen or nothing was found, 2 wrong input, \
                  130 stopped.",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// What to look for: an id, a name, an ARN, a DNS name, an IP address, or a tag as KEY=VALUE.
    #[arg(value_name = "TERM", required_unless_present_any = ["all", "embedded"])]
    pub(crate) terms: Vec<String>,
    /// An inventory: every resource of every type.
    #[arg(long, conflicts_with = "terms")]
    pub(crate) all: bool,
    /// Where to look; may be given more than once. Default: the region of the environment.
    #[arg(long = "region", value_name = "R", num_args = 1..)]
    pub(crate) regions: Vec<String>,
    /// A role to look with, in its account, beside one's own; may be given more than once.
    #[arg(long = "role", value_name = "ARN", value_parser = role)]
    pub(crate) roles: Vec<Role>,
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t = Format::Tree)]
    pub(crate) format: Format,
    /// Print by a template of one's own, in the language of Jinja: it is given what `--format json` prints.
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    pub(crate) template: Option<PathBuf>,
    /// Print what changed since an earlier run, which printed FILE with `--format json`: in words, or as JSON.
    #[arg(long, value_name = "FILE", conflicts_with = "template")]
    pub(crate) since: Option<PathBuf>,
    /// Print the least IAM policy that it needs, and end.
    #[arg(long, exclusive = true)]
    pub(crate) policy: bool,
    /// Look in an AWS inside this process, with AWS's limits and a web shop whose resources all refer to each other:
    /// no account is needed.
    #[arg(long)]
    pub(crate) embedded: bool,
}

/// How to print what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// As people read it: each resource once.
    Tree,
    /// One object of nodes and edges.
    Json,
    /// For Graphviz.
    Dot,
    /// For Markdown that draws.
    Mermaid,
    /// For graph editors.
    Graphml,
    /// For Neo4j.
    Cypher,
    /// A page to look at, in one file.
    Html,
}

/// A role, and the account that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) account: String,
}

fn role(arn: &str) -> Result<Role, String> {
    let is_account = |id: &&str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = arn.splitn(6, ':');
    let account = parts.nth(4).filter(is_account);
    let is_role = parts.next().is_some_and(|resource| resource.starts_with("role/"));
    match account {
        Some(account) if arn.starts_with("arn:") && is_role => {
            Ok(Role { arn: arn.to_owned(), account: account.to_owned() })
        }
        _ => Err("a role's ARN is such as arn:aws:iam::123456789012:role/NAME".to_owned()),
    }
}

impl Args {
    /// Reads the command line; what it prints about it has been printed.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().and_then(Self::checked).map_err(|error| {
            if !error.use_stderr() {
                // Help, which was asked for.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            let text = error.render().to_string();
            // The first paragraph says it all, sometimes over several lines.
            let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
            let line = lines.collect::<Vec<_>>().join(" ");
            eprintln!("dig: {}; see --help", line.trim_start_matches("error: "));
            ExitCode::from(2)
        })
    }

    /// Refuses what the parser cannot.
    fn checked(self) -> Result<Self, clap::Error> {
        let is_diff = matches!(self.format, Format::Tree | Format::Json);
        if self.since.is_none() || is_diff {
            return Ok(self);
        }
        let message = "with --since, --format is tree or json";
        Err(Self::command().error(ErrorKind::ArgumentConflict, message))
    }

    /// What to look for; on the embedded AWS the shop's name in the DNS, unless something else is asked.
    pub(crate) fn terms(&self) -> Vec<String> {
        if self.terms.is_empty() && !self.all {
            return vec!["www.shop.example".to_owned()];
        }
        self.terms.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_names_its_account() {
        assert_eq!(role("arn:aws:iam::123456789012:role/path/reader").unwrap().account, "123456789012");
        for bad in ["reader", "arn:aws:iam::123:role/reader", "arn:aws:iam::123456789012:user/me", ""] {
            assert!(role(bad).is_err(), "{bad}");
        }
    }
}
