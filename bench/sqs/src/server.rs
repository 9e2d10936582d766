//! The embedded AWS, without limits of rates.

use tidegate_local_aws::LocalAws;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

use crate::Result;

/// Says where it listens, and serves until standard input ends. A line `limit QUEUE N` there sets how many messages of a
/// queue may be in flight.
pub(crate) async fn serve() -> Result<()> {
    let aws = LocalAws::builder().start().await?;
    println!("{}", aws.endpoint_url());
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((queue, most)) = line.strip_prefix("limit ").and_then(|rest| rest.split_once(' ')) {
            aws.sqs().set_in_flight_limit(queue, most.parse()?)?;
        }
    }
    aws.shutdown().await;
    Ok(())
}
