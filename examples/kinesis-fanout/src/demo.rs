//! Ten targets on an AWS inside this process: faults, a restart, and a target that is not there until later.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tidegate_kinesis_consumer::{Concurrency, Consumer, lease::InMemory};
use tidegate_local_aws::{Fault, FaultMode, Faults, Latency, Limits, LocalAws};
use tidegate_throttle::{Adaptive, Throttle};
use tokio::{
    sync::Notify,
    time::{Instant, interval, sleep},
};

use crate::{
    clients::Clients,
    fanout::{Fanout, often},
    letters::Letters,
    print,
    publisher::Publisher,
    replay,
    target::Target,
    text,
};

const SOURCE: &str = "orders";
const BUCKET: &str = "kept";
const TARGETS: usize = 10;
const KEYS: u64 = 500;
const EACH_SECOND: u64 = 1_000;
const PATIENCE: Duration = Duration::from_secs(2);
/// Nothing that goes well takes so long.
const LONGEST: Duration = Duration::from_mins(2);

/// Republishes to ten targets, of which the last is not there; then makes it, replays, and looks at what each has.
///
/// # Errors
///
/// What went wrong.
pub(crate) async fn show(records: u64) -> Result<(), String> {
    let aws = LocalAws::builder().limits(Limits::aws()).latency(Latency::aws()).start().await;
    let aws = aws.map_err(|error| text(&error))?;
    let names: Vec<_> = (0..TARGETS).map(|number| format!("{SOURCE}-for-{number}")).collect();
    let (last, first) = names.split_last().ok_or("there are no targets")?;
    aws.s3().create_bucket(BUCKET);
    for (stream, shards) in [(SOURCE, 4)].into_iter().chain(first.iter().map(|name| (name.as_str(), 2))) {
        aws.kinesis().create_stream(stream, shards).map_err(|error| text(&error))?;
    }
    let fault = |mode, service: &str, action| Fault::new(mode, 0.02).service(service).actions([action]);
    let faults = [FaultMode::Error500, FaultMode::LostReply, FaultMode::Drop].into_iter();
    let faults =
        faults.flat_map(|mode| [fault(mode, "kinesis", "PutRecords"), fault(mode, "s3", "PutObject")]);
    aws.set_faults(faults.fold(Faults::none(), Faults::with));

    let clients = Clients::embedded(&aws);
    let letters = Letters::new(clients.s3.clone(), (BUCKET.to_owned(), String::new()));
    let consumer =
        Consumer::builder(clients.kinesis.clone(), SOURCE, InMemory::default()).fetch(often()).build();
    let fanout = Fanout {
        consumer: consumer.map_err(|error| text(&error))?,
        targets: Fanout::targets(&clients, &names, PATIENCE),
        letters: letters.clone(),
        concurrency: Concurrency::per_key(500),
        patience: PATIENCE,
    };
    println!(
        "{records} records of {KEYS} keys, to {TARGETS} streams; 6 % of the requests fail, and {last} is not there"
    );
    for half in [0..records / 2, records / 2..records] {
        let stop = Notify::new();
        let work = async {
            write(&aws, half.clone()).await?;
            let done = all_done(&fanout.targets, half.end).await;
            stop.notify_one();
            done
        };
        let (ran, done) = tokio::join!(fanout.run(stop.notified()), work);
        ran.map_err(|error| text(&error))?;
        done?;
    }
    print(&fanout.targets);

    aws.kinesis().create_stream(last, 2).map_err(|error| text(&error))?;
    println!("{last} is there now");
    let throttle: Arc<dyn Throttle> = Arc::new(Adaptive::new());
    for target in &fanout.targets {
        let (name, kept) = (&target.name, target.published().kept);
        if kept == 0 {
            continue;
        }
        let publisher = Publisher::start(clients.kinesis.clone(), Arc::clone(&throttle), name);
        let (replayed, problem) = replay::replay(&letters, name, &publisher).await;
        problem.map_or(Ok(()), Err)?;
        println!("{name}: {kept} records were kept, {replayed} replayed");
    }

    let mut problems = Vec::new();
    println!("target             records    twice   out of order   lost");
    for name in &names {
        let seen = look(&aws, name, records)?;
        println!("{name:<15} {:>10} {:>8} {:>14} {:>6}", seen.all, seen.twice, seen.out_of_order, seen.lost);
        if seen.lost + seen.out_of_order > 0 {
            problems.push(name.as_str());
        }
    }
    aws.shutdown().await;
    match *problems {
        [] => Ok(()),
        _ => Err(format!("records are lost or out of order in {}", problems.join(", "))),
    }
}

fn key(record: u64) -> String {
    format!("customer-{}", record % KEYS)
}

/// Writes the records of these numbers, each the next of its key.
async fn write(aws: &LocalAws, records: std::ops::Range<u64>) -> Result<(), String> {
    const AT_ONCE: u64 = 50;
    let mut tick = interval(
        Duration::from_secs(1) * u32::try_from(AT_ONCE).unwrap_or(1)
            / u32::try_from(EACH_SECOND).unwrap_or(1),
    );
    for first in records.clone().step_by(usize::try_from(AT_ONCE).unwrap_or(1)) {
        tick.tick().await;
        let now = (first..records.end.min(first + AT_ONCE))
            .map(|record| (key(record), (record / KEYS).to_string()));
        aws.kinesis().put(SOURCE, now).map_err(|error| text(&error))?;
    }
    Ok(())
}

/// Waits until every record is at its targets, or kept for them.
async fn all_done(targets: &[Arc<Target>], records: u64) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        let done = |target: &Target| target.published().records + target.published().kept;
        let Some(target) = targets.iter().find(|target| done(target) < records) else { return Ok(()) };
        if begun.elapsed() >= LONGEST {
            return Err(format!(
                "{} of {records} records are at {}, or kept for it",
                done(target),
                target.name
            ));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// What a target has.
#[derive(Default)]
struct Seen {
    all: u64,
    twice: u64,
    out_of_order: u64,
    lost: u64,
}

fn look(aws: &LocalAws, target: &str, records: u64) -> Result<Seen, String> {
    let (mut seen, mut next) = (Seen::default(), BTreeMap::<String, u64>::new());
    for shard in aws.kinesis().shards(target).map_err(|error| text(&error))? {
        for record in aws.kinesis().records(target, &shard.id).map_err(|error| text(&error))? {
            let number: u64 =
                str::from_utf8(&record.data).ok().and_then(|text| text.parse().ok()).ok_or("no number")?;
            let next = next.entry(record.partition_key).or_default();
            seen.all += 1;
            seen.twice += u64::from(number < *next);
            seen.out_of_order += u64::from(number > *next);
            *next = (number + 1).max(*next);
        }
    }
    seen.lost = records - next.values().sum::<u64>().min(records);
    Ok(seen)
}
