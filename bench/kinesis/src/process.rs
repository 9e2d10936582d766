//! The processes that the bench starts of itself.

use std::process::Stdio;

use aws_sdk_kinesis::{primitives::Blob, types::PutRecordsRequestEntry};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdin, Command},
};

use crate::{Measured, Result, clients::Target};

/// Keys of the records.
const KEYS: u64 = 5_000;
/// Shards of a stream.
const SHARDS: i32 = 4;

/// The embedded AWS in a process of its own. Dropped, it ends.
pub(crate) struct Server {
    endpoint_url: String,
    _child: Child,
    /// The server serves until this is closed.
    _stdin: Option<ChildStdin>,
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let mut child =
            this()?.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no standard output")?;
        let endpoint_url =
            BufReader::new(stdout).lines().next_line().await?.ok_or("the server did not start")?;
        let stdin = child.stdin.take();
        Ok(Self { endpoint_url, _child: child, _stdin: stdin })
    }

    /// Makes a stream with so many bytes in records of one size.
    pub(crate) async fn fill(&self, record: usize, bytes: u64) -> Result<Target> {
        let records = bytes / record as u64;
        let target = Target {
            endpoint_url: self.endpoint_url.clone(),
            stream: format!("records-of-{record}"),
            records,
        };
        let client = target.kinesis();
        client.create_stream().stream_name(&target.stream).shard_count(SHARDS).send().await?;
        let mut random = fastrand::Rng::with_seed(1);
        let mut left = records;
        while left > 0 {
            let batch = left.min(500);
            let entries = (0..batch).map(|_| {
                let data: Vec<u8> = (0..record).map(|_| random.u8(..)).collect();
                let key = format!("entity-{}", random.u64(0..KEYS));
                PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(data)).build()
            });
            let entries = entries.collect::<std::result::Result<Vec<_>, _>>()?;
            client.put_records().stream_name(&target.stream).set_records(Some(entries)).send().await?;
            left -= batch;
        }
        Ok(target)
    }
}

/// Runs one side, and hears what it took.
pub(crate) async fn run(part: &[&str], target: &Target) -> Result<Measured> {
    let output = this()?
        .args(part)
        .args(["--endpoint-url", &target.endpoint_url, "--stream", &target.stream])
        .args(["--records", &target.records.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .await?;
    if !output.status.success() {
        return Err(format!("{part:?} ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

pub(crate) fn this() -> Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}
