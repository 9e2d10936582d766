//! Clones an S3 bucket, or what is under a prefix, by server-side copies: a command line around
//! `tidegate-clone`.

mod args;
mod bar;
mod embedded;
mod hints;
mod place;
mod problem;
mod report;
mod sides;
mod signals;
mod text;
mod workers;

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use tidegate_clone::{Cloner, Compare, ErrorKind, Journal, Outcome, Preserve, Run};
use tidegate_throttle::Adaptive;

use self::{
    args::{Args, Property, Verify, Workers},
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
    let hints = args.hints.as_deref().map_or(Ok(Vec::new()), hints::read)?;
    if args.versions && args.verify == Verify::Checksums {
        let message =
            "--verify checksums proves what is current, and no versions: run --versions --dry-run again";
        return Err(Problem::Input(message.to_owned()));
    }
    let embedded = if args.embedded { Some(Embedded::start(args).await?) } else { None };
    let sides = Sides::connect(args, embedded.as_ref()).await?;
    let mut signals = Signals::handle().map_err(|error| Problem::Failed(text::chain(&error)))?;
    let throttle = Adaptive::new();
    let cloner = cloner(args, &sides).throttle(Arc::new(throttle.clone())).hints(hints);
    let done = match (args.workers, sides.journal()) {
        (Some(workers), Some(journal)) => {
            by_workers(args, cloner, journal, workers, &sides, &mut signals).await
        }
        (_, journal) => {
            let cloner = match journal {
                Some(journal) => cloner.journal(journal),
                None => cloner,
            };
            here(args, cloner, throttle, &sides, &mut signals).await
        }
    };
    if let Some(embedded) = embedded {
        embedded.shutdown().await;
    }
    done
}

/// The clone that the command line describes.
fn cloner(args: &Args, sides: &Sides) -> Cloner {
    let compare = match args.compare {
        args::Compare::Always => Compare::Always,
        args::Compare::Missing => Compare::Missing,
        args::Compare::SizeAndTime => Compare::SizeAndTime,
        args::Compare::Etag => Compare::ETag,
        args::Compare::Checksum => Compare::Checksum,
    };
    let mut cloner = Cloner::new(sides.source(), sides.destination()).compare(compare).dry_run(args.dry_run);
    if let Some(filter) = args.filter() {
        cloner = cloner.filter(filter);
    }
    let preserve = args.preserve.iter().fold(Preserve::default(), |preserve, property| match property {
        Property::Acl => preserve.acl(),
        Property::Kms => preserve.kms(),
        Property::Lock => preserve.object_lock(),
        Property::Annotations => preserve.annotations(),
    });
    cloner = cloner.preserve(preserve);
    if args.versions {
        cloner = cloner.versions();
    }
    if args.delete { cloner.delete_extra(args.max_delete) } else { cloner }
}

/// Clones in this process.
async fn here(
    args: &Args,
    cloner: Cloner,
    throttle: Adaptive,
    sides: &Sides,
    signals: &mut Signals,
) -> Result<(), Problem> {
    let mut run = cloner.start().map_err(|error| problem(&error))?;
    let bar = bar::show(run.monitor(), throttle);
    let copied = stoppable(&mut run, signals).await;
    bar.finish();
    let report = copied.map_err(|error| problem(&error))?;
    if let Some(path) = args.hints.as_deref().filter(|_| report.unlisted().is_empty() && !report.is_resumed())
    {
        hints::write(path, report.hints())?;
    }
    let check = match report.outcome() {
        Outcome::Complete if !args.dry_run => verify(args.verify, &cloner, signals).await,
        _ => Check::NotMade,
    };
    let report = Report::new(sides, args.dry_run, report, check);
    say(&if args.json { report.json().to_string() } else { report.text() })?;
    report.problem().map_or(Ok(()), Err)
}

/// Has workers clone.
async fn by_workers(
    args: &Args,
    cloner: Cloner,
    journal: Journal,
    workers: Workers,
    sides: &Sides,
    signals: &mut Signals,
) -> Result<(), Problem> {
    let here = match workers {
        Workers::Here(count) => Some(count),
        Workers::Remote => None,
    };
    let response = tokio::select! {
        response = workers::clone(cloner.clone(), journal, here) => response.map_err(|error| problem(&error))?,
        () = signals.next() => {
            let message = "stopped: the journal has what is done, and the same command goes on with it";
            return Err(Problem::Stopped(message.to_owned()));
        }
    };
    let is_whole = response.missing.is_empty();
    let check = if is_whole { verify(args.verify, &cloner, signals).await } else { Check::NotMade };
    let report = report::Workers::new(sides, response, check);
    say(&if args.json { report.json().to_string() } else { report.text() })?;
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

/// Proves the clone, as it was asked for, unless somebody asks to stop.
async fn verify(how: Verify, cloner: &Cloner, signals: &mut Signals) -> Check {
    let proof = async {
        match how {
            Verify::Response => Check::NotMade,
            Verify::Relist => Check::Ended(cloner.verify().await),
            Verify::Checksums => {
                let compare = cloner.clone().without_journal().compare(Compare::Checksum).dry_run(true);
                Check::Checksums(compare.run().await.map(Box::new))
            }
        }
    };
    if signals.seen() && how != Verify::Response {
        return Check::Stopped;
    }
    tokio::select! {
        check = proof => check,
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
