//! The server: the embedded AWS in a process of its own, and the handle of that process.

mod conditions;
mod process;
mod watch;

use serde_json::json;
use tidegate_local_aws::LocalAws;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

use self::watch::Watch;
pub(crate) use self::{
    conditions::{Conditions, Mode},
    process::Server,
};
use crate::{Result, cpu, data};

/// Serves until standard input ends: says where it listens, and answers each line with what it counted.
pub(crate) async fn serve(conditions: Conditions) -> Result<()> {
    let aws = LocalAws::builder()
        .limits(conditions.limits())
        .latency(conditions.latency())
        .faults(conditions.faults())
        .start()
        .await?;
    conditions.data.plant(&aws.s3())?;
    println!("{}", aws.endpoint_url());
    let mut lines = BufReader::new(stdin()).lines();
    let mut watch = Watch::new();
    loop {
        tokio::select! {
            line = lines.next_line() => {
                if line?.is_none() {
                    break;
                }
                watch.look(&aws);
                let writes = aws.counters().action("s3", "CopyObject");
                println!("{}", json!({
                    "accepted": writes.accepted,
                    "throttled": writes.throttled,
                    "writing_seconds": watch.writing().as_secs_f64(),
                    "arrived": data::arrived(&aws.s3())?,
                    "cpu_seconds": cpu::own(),
                }));
            }
            () = watch.pause() => watch.look(&aws),
        }
    }
    aws.shutdown().await;
    Ok(())
}
