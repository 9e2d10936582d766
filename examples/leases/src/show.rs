//! Prints leases.

use serde_json::{Value, json};
use tidegate_kinesis_consumer::{Checkpoint, lease::Lease};

/// As a table for people.
pub(crate) fn table(leases: &[Lease]) {
    let width = leases.iter().map(|lease| lease.key.as_str().len()).max().unwrap_or_default().max(5);
    println!("{:<width$}  {:<24} {:>8}  {:<60}  and", "shard", "owner", "counter", "checkpoint");
    for lease in leases {
        let owner = match (&lease.owner, &lease.checkpoint_owner) {
            (Some(next), Some(old)) => format!("{old} -> {next}"),
            (owner, other) => {
                owner.as_ref().or(other.as_ref()).map_or_else(|| "-".to_owned(), ToString::to_string)
            }
        };
        let mut more = Vec::new();
        if !lease.parents.is_empty() {
            let parents: Vec<_> = lease.parents.iter().map(ToString::to_string).collect();
            more.push(format!("after {}", parents.join(" and ")));
        }
        if !lease.diverted.is_empty() {
            let keys: Vec<_> = lease.diverted.iter().map(|key| format!("{key:?}")).collect();
            more.push(format!("diverted: {}", keys.join(", ")));
        }
        if let Some(bytes) = lease.throughput {
            more.push(format!("{bytes} bytes/s"));
        }
        let (key, counter, checkpoint) = (lease.key.as_str(), lease.counter, checkpoint(lease));
        println!("{key:<width$}  {owner:<24} {counter:>8}  {checkpoint:<60}  {}", more.join("; "));
    }
}

/// As lines of JSON.
pub(crate) fn json_lines(leases: &[Lease]) {
    for lease in leases {
        println!("{}", json_of(lease));
    }
}

fn json_of(lease: &Lease) -> Value {
    json!({
        "shard": lease.key.as_str(),
        "owner": lease.owner.as_ref().map(ToString::to_string),
        "checkpoint_owner": lease.checkpoint_owner.as_ref().map(ToString::to_string),
        "counter": lease.counter,
        "checkpoint": checkpoint(lease),
        "parents": lease.parents.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "children": lease.children.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "hash_range": lease.hash_range.map(|range| [range.first.to_string(), range.last.to_string()]),
        "bytes_per_second": lease.throughput,
        "diverted": lease.diverted,
    })
}

/// In the words of the table.
pub(crate) fn checkpoint(lease: &Lease) -> String {
    let started = lease.started_at.map(|time| format!(" {} ms", time.0)).unwrap_or_default();
    match lease.checkpoint {
        Checkpoint::AtTimestamp => format!("AT_TIMESTAMP{started}"),
        Checkpoint::TrimHorizon => "TRIM_HORIZON".to_owned(),
        Checkpoint::Latest => format!("LATEST{started}"),
        Checkpoint::At(position) if position.sub_sequence == 0 => position.sequence.to_string(),
        Checkpoint::At(position) => format!("{}:{}", position.sequence, position.sub_sequence),
        Checkpoint::ShardEnd => "SHARD_END".to_owned(),
    }
}
