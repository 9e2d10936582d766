//! Clones an S3 bucket, or what is under a prefix, by server-side copies: a command line around
//! `tidegate-clone`.

mod args;
mod bar;
mod embedded;
mod place;
mod report;
mod sides;
mod text;

use std::{process::ExitCode, sync::Arc};

use tidegate_clone::{Cloner, Outcome, Run};
use tidegate_throttle::Adaptive;
use tokio::signal::unix::{SignalKind, signal};

use self::{
    args::{Args, Verify},
    embedded::Embedded,
    report::Report,
    sides::Sides,
};

/// What a shell reports of a program that was stopped by SIGINT.
const STOPPED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(status) => return status,
    };
    match run(&args).await {
        Ok(status) => status,
        Err(problem) => fail(&problem, 2),
    }
}

fn fail(problem: &str, status: u8) -> ExitCode {
    eprintln!("clone-bucket: {problem}");
    ExitCode::from(status)
}

/// Clones, reports and verifies.
///
/// # Errors
///
/// What is wrong with the input, in one line; nothing has been copied then.
async fn run(args: &Args) -> Result<ExitCode, String> {
    let embedded = if args.embedded { Some(Embedded::start(args).await?) } else { None };
    let sides = Sides::connect(args, embedded.as_ref()).await?;
    let throttle = Adaptive::new();
    let cloner = Cloner::new(sides.source(), sides.destination()).throttle(Arc::new(throttle.clone()));
    let mut run = cloner.start().map_err(|error| text::chain(&error))?;
    let bar = bar::show(run.monitor(), throttle);
    let copied = stoppable(&mut run).await;
    bar.finish();
    let report = copied.map_err(|error| text::chain(&error))?;
    let whole = report.outcome() == Outcome::Complete;
    let verification = match args.verify {
        Verify::Relist if whole => Some(cloner.verify().await),
        _ => None,
    };
    let report = Report::new(&sides, report, verification);
    if args.json {
        println!("{}", report.json());
    } else {
        println!("{}", report.text());
    }
    if let Some(embedded) = embedded {
        embedded.shutdown().await;
    }
    Ok(match report.problem() {
        None => ExitCode::SUCCESS,
        Some(problem) if report.was_stopped() => fail(&problem, STOPPED),
        Some(problem) => fail(&problem, 1),
    })
}

/// Waits for the end; the first signal asks the run to stop, the second ends the program.
async fn stoppable(run: &mut Run) -> Result<tidegate_clone::Report, tidegate_clone::Error> {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return run.wait().await;
    };
    let mut asked = false;
    loop {
        tokio::select! {
            report = run.wait() => return report,
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if asked {
            std::process::exit(STOPPED.into());
        }
        run.stop();
        asked = true;
    }
}
