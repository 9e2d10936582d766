//! The program as a shell sees it, on the embedded AWS.

use std::process::{Command, Output};

use aws_smithy_http_client::tls;
use tidegate_kinesis_consumer::{
    Checkpoint, HashRange, Position,
    lease::{DynamoDb, Lease, LeaseStore as _},
};
use tidegate_local_aws::LocalAws;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// An application `orders` of a stream `orders-v1` of one shard, which nobody processes.
struct World {
    aws: LocalAws,
    store: DynamoDb,
}

impl World {
    async fn new() -> Result<Self> {
        let aws = LocalAws::builder().start().await?;
        aws.kinesis().create_stream("orders-v1", 1)?;
        let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
        let config = aws.sdk_config().into_builder().http_client(http).build();
        let store = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), "orders");
        store.prepare().await?;
        let mut lease = Lease::unowned("shardId-000000000000".into(), Checkpoint::At(Position::default()));
        (lease.owner, lease.hash_range) = (Some("worker-1".into()), Some(HashRange::ALL));
        lease.diverted.insert("customer 7".to_owned());
        store.create(&lease).await?;
        Ok(Self { aws, store })
    }

    /// Runs the program: its exit status, output and errors.
    fn run(&self, arguments: &[&str]) -> Result<(Option<i32>, String, String)> {
        let output = leases(&[&["--application", "orders"], arguments].concat(), &self.aws.endpoint_url())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status.code(), text(&output.stdout), text(&output.stderr)))
    }

    async fn lease(&self) -> Result<Lease> {
        Ok(self.store.get(&"shardId-000000000000".into()).await?.ok_or("no lease")?)
    }
}

fn leases(arguments: &[&str], endpoint: &str) -> Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leases"));
    let command = command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    let command = command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    Ok(command.args(arguments).output()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_and_checks() -> Result<()> {
    let world = World::new().await?;
    let (status, text, _) = world.run(&["show"])?;
    assert!(status == Some(0) && text.contains("worker-1") && text.contains("customer 7"), "{text}");
    let (status, text, _) = world.run(&["show", "--json"])?;
    let json: serde_json::Value = serde_json::from_str(&text)?;
    assert_eq!(
        (status, json["owner"].as_str(), json["checkpoint"].as_str()),
        (Some(0), Some("worker-1"), Some("0"))
    );

    let (status, text, _) = world.run(&["check", "--stream", "orders-v1"])?;
    assert_eq!((status, text.as_str()), (Some(0), "1 leases of 1 shards are as they should be\n"));
    world.store.delete(&"shardId-000000000000".into(), world.lease().await?.counter).await?;
    let (status, text, error) = world.run(&["check", "--stream", "orders-v1"])?;
    let all = format!(
        "no lease has the hash keys 0 to {}\nthe open shard shardId-000000000000 has no lease\n",
        u128::MAX
    );
    assert_eq!((status, text, error.as_str()), (Some(1), all, "leases: 2 things are wrong with orders\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn resets_what_nobody_works_on() -> Result<()> {
    let world = World::new().await?;
    let before = world.lease().await?;
    let (status, text, _) = world.run(&["reset", "--to", "trim-horizon", "--force"])?;
    assert_eq!((status, world.lease().await?), (Some(0), before), "nothing is done without --yes: {text}");
    let (status, text, _) = world.run(&["reset", "--to", "trim-horizon", "--yes"])?;
    assert_eq!((status, text.as_str()), (Some(0), "shardId-000000000000: 0 becomes TRIM_HORIZON\n"));
    let lease = world.lease().await?;
    assert_eq!((lease.checkpoint, lease.owner), (Checkpoint::TrimHorizon, None));
    assert!(lease.diverted.contains("customer 7"), "what is diverted stays so");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn restores_a_key() -> Result<()> {
    let world = World::new().await?;
    let (status, text, _) = world.run(&["restore", "--key", "customer 7"])?;
    assert_eq!((status, text.as_str()), (Some(0), "shardId-000000000000: \"customer 7\" is handled again\n"));
    assert!(world.lease().await?.diverted.is_empty());
    let (status, _, error) = world.run(&["restore", "--key", "customer 7"])?;
    assert_eq!(
        (status, error.as_str()),
        (Some(2), "leases: key \"customer 7\" is not diverted in table orders\n")
    );
    Ok(())
}

#[test]
fn wrong_input_is_told_in_one_line() -> Result<()> {
    let cases: [(&[&str], &str); 3] = [
        (&["show"], "--application is missing: the name of the lease table; see --help\n"),
        (
            &["--application", "a", "reset", "--to", "4961"],
            "a sequence number is one shard's; name it with --shard; see --help\n",
        ),
        (
            &["--application", "a", "reset", "--to", "now"],
            "invalid value 'now' for '--to <TO>': it is trim-horizon, latest, a time such as 2026-01-31T12:00:00Z, or a \
             sequence number; see --help\n",
        ),
    ];
    for (arguments, problem) in cases {
        let output = leases(arguments, "http://127.0.0.1:9")?;
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), error), (Some(2), format!("leases: {problem}").into()));
    }
    Ok(())
}
