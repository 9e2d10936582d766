//! The embedded AWS, without limits.

use tidegate_local_aws::LocalAws;
use tokio::io::{AsyncReadExt, stdin};

use crate::Result;

/// Says where it listens, and serves until standard input ends.
pub(crate) async fn serve() -> Result<()> {
    let aws = LocalAws::builder().start().await?;
    println!("{}", aws.endpoint_url());
    stdin().read_to_end(&mut Vec::new()).await?;
    aws.shutdown().await;
    Ok(())
}
