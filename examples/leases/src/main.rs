//! Shows, checks and resets the leases of a Kinesis consumer, ours or the KCL's.

mod args;
mod clients;
mod place;
mod shards;
mod show;

use std::{collections::BTreeMap, process::ExitCode, sync::Arc, time::Duration};

use tidegate_kinesis_consumer::{
    ShardId,
    lease::{Answer, Change, DynamoDb, Expect, Lease, LeaseStore as _, Unavailable, check},
};
use tidegate_throttle::Adaptive;
use tokio::time::sleep;

use self::{
    args::{Args, Command, Reset},
    clients::Clients,
};

/// An owner that lives renews its leases more often: the KCL each third of 10 s.
const WATCH: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(status) => return status,
    };
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err((status, problem)) => {
            eprintln!("leases: {problem}");
            ExitCode::from(status)
        }
    }
}

async fn run(args: &Args) -> Result<(), (u8, String)> {
    let clients = Clients::connect().await.map_err(|problem| (2, problem))?;
    // What is throttled is to be written all the same.
    let store =
        DynamoDb::new(clients.dynamodb, args.application.as_str()).throttle(Arc::new(Adaptive::new()));
    let leases = scan(&store).await?;
    match &args.command {
        Command::Show { json: true } => show::json_lines(&leases),
        Command::Show { json: false } => show::table(&leases),
        Command::Check { stream } => {
            let shards = shards::list(&clients.kinesis, stream).await.map_err(|problem| (1, problem))?;
            let findings = check(&leases, &shards);
            for finding in &findings {
                println!("{finding}");
            }
            if !findings.is_empty() {
                return Err((1, format!("{} things are wrong with {}", findings.len(), args.application)));
            }
            println!("{} leases of {} shards are as they should be", leases.len(), shards.len());
        }
        Command::Reset(reset) => set(&store, leases, reset, &args.application).await?,
        Command::Restore { key } => restore(&store, &leases, key, &args.application).await?,
    }
    Ok(())
}

async fn scan(store: &DynamoDb) -> Result<Vec<Lease>, (u8, String)> {
    let mut leases = store.scan().await.map_err(|error| (1, text(&error)))?;
    leases.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(leases)
}

/// Sets where reading goes on.
async fn set(
    store: &DynamoDb,
    before: Vec<Lease>,
    reset: &Reset,
    application: &str,
) -> Result<(), (u8, String)> {
    let is_meant = |lease: &&Lease| reset.shard.as_ref().is_none_or(|shard| lease.key.as_str() == shard);
    if let Some(shard) = reset.shard.as_ref().filter(|_| !before.iter().any(|lease| is_meant(&lease))) {
        return Err((2, format!("table {application} has no lease {shard}")));
    }
    let counters: BTreeMap<ShardId, u64> =
        before.into_iter().map(|lease| (lease.key, lease.counter)).collect();
    // Whoever is at work shows it meanwhile.
    sleep(if reset.force { Duration::ZERO } else { WATCH }).await;
    let leases = scan(store).await?;
    let leases: Vec<_> = leases.iter().filter(is_meant).collect();
    let busy = |lease: &&&Lease| counters.get(&lease.key) != Some(&lease.counter);
    if let Some(lease) = leases.iter().find(busy).filter(|_| !reset.force) {
        let owner = lease.owner.as_ref().map_or("somebody", |owner| owner.as_str());
        let problem =
            format!("{owner} is at work on {}: stop the application first, or use --force", lease.key);
        return Err((1, problem));
    }
    let mut failed = 0;
    for lease in leases {
        let Some(change) = reset.to.change(lease) else { continue };
        let mut after = lease.clone();
        change.apply(&mut after);
        if reset.yes && !make(store, &change).await? {
            println!("{}: was written by somebody else meanwhile, and stays", lease.key);
            failed += 1;
            continue;
        }
        println!("{}: {} becomes {}", lease.key, show::checkpoint(lease), show::checkpoint(&after));
    }
    if !reset.yes {
        println!("nothing was done; do it with --yes");
    }
    if failed > 0 {
        return Err((1, format!("{failed} leases were not reset; run it again")));
    }
    Ok(())
}

/// Ends the diversion of a key.
async fn restore(
    store: &DynamoDb,
    leases: &[Lease],
    key: &str,
    application: &str,
) -> Result<(), (u8, String)> {
    let diverted: Vec<_> = leases.iter().filter(|lease| lease.diverted.contains(key)).collect();
    if diverted.is_empty() {
        return Err((2, format!("key {key:?} is not diverted in table {application}")));
    }
    for lease in diverted {
        let mut change = Change::new(lease.key.clone(), Expect::Exists);
        change.restore.insert(key.to_owned());
        if make(store, &change).await? {
            println!("{}: {key:?} is handled again", lease.key);
        }
    }
    Ok(())
}

/// Whether it was made.
async fn make(store: &DynamoDb, change: &Change) -> Result<bool, (u8, String)> {
    match store.change(change).await {
        Ok(Answer::Done(_)) => Ok(true),
        Ok(Answer::Refused(_)) => Ok(false),
        Err(error) => Err((1, text(&error))),
    }
}

/// An error and its causes, in one line.
fn text(error: &Unavailable) -> String {
    let error: &dyn std::error::Error = error;
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
