//! The program as a shell sees it, against the embedded AWS.

use std::process::Command;

use tidegate_local_aws::{Limits, LocalAws};

#[tokio::test(flavor = "multi_thread")]
async fn it_is_paced_by_what_it_learns() -> Result<(), Box<dyn std::error::Error>> {
    let aws = LocalAws::builder().limits(Limits::single("kinesis", "DescribeLimits", 20, 3)).start().await?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_paced-service"));
    command
        .env_clear()
        .env("AWS_ENDPOINT_URL", aws.endpoint_url())
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let said = String::from_utf8(output.stdout)?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("us-east-1 kinesis DescribeLimits: "), "{said}");
    assert!(said.contains("/s, 10 accepted, "), "{said}");
    let counted = aws.counters().action("kinesis", "DescribeLimits");
    assert_eq!(counted.accepted, 10);
    assert!(said.contains(&format!(" {} throttled", counted.throttled)), "{said}");
    assert!((1..10).contains(&counted.throttled), "{counted:?}");
    Ok(())
}
