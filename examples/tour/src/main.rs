//! Shows every piece at work on the embedded AWS, in under a minute: no account, no arguments.

mod cloning;
mod consuming;
mod digging;
mod embedded;
mod throttling;

use std::{error::Error, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    if let Some(argument) = std::env::args_os().nth(1) {
        eprintln!("tour: it takes no arguments, and {} is one", argument.display());
        return ExitCode::from(2);
    }
    tokio::select! {
        toured = tour() => match toured {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => {
                eprintln!("tour: {problem}");
                ExitCode::FAILURE
            }
        },
        _ = tokio::signal::ctrl_c() => ExitCode::from(130),
    }
}

async fn tour() -> Result<(), Box<dyn Error>> {
    println!(
        "throttle: 64 tasks share a limit that nobody told them: 100 calls at once, then 50 a second.\n"
    );
    throttling::show().await?;
    println!(
        "\nclone: 7,500 objects under 195 prefixes, by copies inside S3, which allows 3,500 a second.\n"
    );
    cloning::show().await?;
    println!(
        "\nkinesis-consumer, on lanes: two workers share 4 shards; one shard is split, then one worker stops.\n"
    );
    consuming::show().await?;
    println!("\ndiscovery: what is behind www.shop.example, where everything refers to everything.\n");
    digging::show().await
}
