//! Finds AWS resources by id, name, ARN, DNS name, address or tag, and all that they refer to: a command line around
//! `tidegate-discovery`.

mod accounts;
mod args;
mod output;
mod problem;
mod progress;
mod signals;
mod since;

use std::process::ExitCode;

use tidegate_discovery::{Discovery, Graph, Term, aws, policy};
use tidegate_local_aws::{Latency, Limits, LocalAws, resources::Resources};
use tidegate_throttle::Adaptive;

use self::{accounts::Accounts, args::Args, output::Template, problem::Problem, signals::Signals};

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(status) => return status,
    };
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("dig: {problem}");
            problem.status()
        }
    }
}

/// Digs and prints.
///
/// # Errors
///
/// Whatever keeps it from having seen all that was asked for.
async fn run(args: &Args) -> Result<(), Problem> {
    if args.policy {
        println!("{}", policy(aws::mirrors(Discovery::builder(), |_| None).apis()));
        return Ok(());
    }
    let template = args.template.as_deref().map(Template::read).transpose()?;
    let earlier = args.since.as_deref().map(since::read).transpose()?;
    let embedded = if args.embedded { Some(embedded().await?) } else { None };
    let accounts = Accounts::connect(args, embedded.as_ref().map(LocalAws::sdk_config)).await?;
    let mut signals =
        Signals::handle().map_err(|error| Problem::Failed(format!("cannot handle signals: {error}")))?;
    let discovery = aws::mirrors(Discovery::builder(), accounts.config())
        .throttle(Adaptive::new())
        .build()
        .map_err(|error| Problem::Failed(error.to_string()))?;
    ask(&discovery, args, &accounts);
    let line = progress::show(&discovery);
    tokio::select! {
        _ = discovery.settled() => {}
        () = signals.next() => discovery.shutdown(),
    }
    line.finish();
    let graph = discovery.snapshot();
    match &earlier {
        Some(earlier) => output::changes(&earlier.diff(&graph), args)?,
        None => output::print(&graph, args, template.as_ref())?,
    }
    if let Some(embedded) = embedded {
        embedded.shutdown().await;
    }
    verdict(&graph, args, &signals)
}

fn ask(discovery: &Discovery, args: &Args, accounts: &Accounts) {
    for scope in accounts.scopes() {
        if args.all {
            discovery.ask_everything(&scope);
        }
        for term in args.terms() {
            discovery.search(Term::new(term), &scope);
        }
    }
}

/// Whether all was seen that was asked for.
fn verdict(graph: &Graph, args: &Args, signals: &Signals) -> Result<(), Problem> {
    if signals.seen() {
        return Err(Problem::Stopped("stopped: what is printed is what was seen until then".to_owned()));
    }
    if let Some(line) = output::unseen(graph.report()) {
        return Err(Problem::Failed(line));
    }
    let mut unanswered = if args.all { Vec::new() } else { args.terms() };
    unanswered.retain(|term| graph.answering(&Term::new(term)).next().is_none());
    if unanswered.is_empty() {
        return Ok(());
    }
    Err(Problem::Failed(format!("nothing answers to {}", unanswered.join(", "))))
}

/// An AWS inside this process, with the resources of a web shop.
async fn embedded() -> Result<LocalAws, Problem> {
    let aws = LocalAws::builder().limits(Limits::aws()).latency(Latency::aws()).start().await;
    let aws = aws.map_err(|error| Problem::Failed(error.to_string()))?;
    aws.resources().add(Resources::story());
    Ok(aws)
}
