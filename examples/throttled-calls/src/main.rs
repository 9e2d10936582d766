//! Calls Kinesis `DescribeLimits` from many tasks without pause, and says what came of it: the smallest
//! service that lives under a limit.

mod args;
mod client;
mod load;
mod report;

use std::process::ExitCode;

use self::{args::Args, report::Report};

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(status) => return status,
    };
    let client = match client::connect(&args).await {
        Ok(client) => client,
        Err(problem) => {
            eprintln!("throttled-calls: {problem}");
            return ExitCode::from(2);
        }
    };
    let measured = load::run(&args, &client).await;
    let report = Report::new(&args, &client, measured);
    if args.json {
        println!("{}", report.json());
    } else {
        println!("{}", report.table());
    }
    report.problem().map_or(ExitCode::SUCCESS, |problem| {
        eprintln!("throttled-calls: {problem}");
        ExitCode::FAILURE
    })
}
