//! Clones an S3 bucket, or what is under a prefix, by server-side copies: a command line around
//! `tidegate-clone`.

mod args;
mod bar;
mod embedded;
mod place;
mod problem;
mod report;
mod sides;
mod signals;
mod text;

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use tidegate_clone::{Cloner, ErrorKind, Outcome, Run};
use tidegate_throttle::Adaptive;

use self::{
    args::{Args, Verify},
    embedded::Embedded,
    problem::Problem,
    report::{Check, Report},
    sides::Sides,
    signals::Signals,
};

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(status) => return status,
    };
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("clone-bucket: {problem}");
            problem.status()
        }
    }
}

/// Clones, verifies and reports.
///
/// # Errors
///
/// Whatever keeps the destination from being whole.
async fn run(args: &Args) -> Result<(), Problem> {
    let embedded = if args.embedded { Some(Embedded::start(args).await?) } else { None };
    let sides = Sides::connect(args, embedded.as_ref()).await?;
    let mut signals = Signals::handle().map_err(|error| Problem::Failed(text::chain(&error)))?;
    let throttle = Adaptive::new();
    let cloner = Cloner::new(sides.source(), sides.destination()).throttle(Arc::new(throttle.clone()));
    let mut run = cloner.start().map_err(|error| problem(&error))?;
    let bar = bar::show(run.monitor(), throttle);
    let copied = stoppable(&mut run, &mut signals).await;
    bar.finish();
    let report = copied.map_err(|error| problem(&error))?;
    let check = match args.verify {
        Verify::Relist if report.outcome() == Outcome::Complete => verify(&cloner, &mut signals).await,
        _ => Check::NotMade,
    };
    let report = Report::new(&sides, report, check);
    say(&if args.json { report.json().to_string() } else { report.text() })?;
    if let Some(embedded) = embedded {
        embedded.shutdown().await;
    }
    report.problem().map_or(Ok(()), Err)
}

fn problem(error: &tidegate_clone::Error) -> Problem {
    let text = text::chain(error);
    match error.kind() {
        ErrorKind::InvalidInput => Problem::Input(text),
        _ => Problem::Failed(text),
    }
}

/// Waits for the end; the first signal asks the run to stop, the second ends the program.
async fn stoppable(
    run: &mut Run,
    signals: &mut Signals,
) -> Result<tidegate_clone::Report, tidegate_clone::Error> {
    loop {
        let stopping = signals.seen();
        tokio::select! {
            report = run.wait() => return report,
            () = signals.next() => {}
        }
        if stopping {
            std::process::exit(130);
        }
        run.stop();
    }
}

/// Lists both sides and compares them, unless somebody asks to stop.
async fn verify(cloner: &Cloner, signals: &mut Signals) -> Check {
    if signals.seen() {
        return Check::Stopped;
    }
    tokio::select! {
        verification = cloner.verify() => Check::Ended(verification),
        () = signals.next() => Check::Stopped,
    }
}

/// Prints the result; a reader that has gone away is no failure of the clone.
fn say(text: &str) -> Result<(), Problem> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::Failed(format!("the report could not be printed: {error}")))
        }
        _ => Ok(()),
    }
}
