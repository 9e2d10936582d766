//! [`World`]: queues, a table, and the program as a shell sees it.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_smithy_http_client::tls;
use serde_json::{Value, json};
use tidegate_local_aws::LocalAws;

/// An embedded AWS with the queues `orders`, `news` and `letters`, and the table `entities`.
pub(crate) struct World {
    pub(crate) aws: LocalAws,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
}

/// What a program said at its end.
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) errors: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let aws = LocalAws::builder().start().await.unwrap();
        for queue in ["orders", "news", "letters"] {
            aws.sqs().create_queue::<&str, &str>(queue, []).unwrap();
        }
        let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
        let config = aws.sdk_config().into_builder().http_client(http).build();
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let world = Self { aws, dynamodb };
        world.create_table("entities", "entity").await;
        world
    }

    pub(crate) async fn create_table(&self, name: &str, key: &str) {
        let table = self.dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        let attribute =
            AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S);
        let schema = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash);
        let table = table.attribute_definitions(attribute.build().unwrap());
        table.key_schema(schema.build().unwrap()).send().await.unwrap();
    }

    /// Sends versions of entities.
    pub(crate) fn send<'a>(&self, versions: impl IntoIterator<Item = (&'a str, u64)>) {
        let body = |(entity, version)| {
            json!({"entity": entity, "version": version, "data": [entity, version]}).to_string()
        };
        self.aws.sqs().send("orders", versions.into_iter().map(body)).unwrap();
    }

    /// Runs the program with the access key `name` until it is idle.
    pub(crate) fn begin(&self, name: &str, more: &[&str]) -> Child {
        self.begin_on("entities", name, more)
    }

    pub(crate) fn begin_on(&self, table: &str, name: &str, more: &[&str]) -> Child {
        let url = |queue| format!("{}/000000000000/{queue}", self.aws.endpoint_url());
        let mut command = program(&self.aws.endpoint_url());
        let command = command.env("AWS_ACCESS_KEY_ID", name).stderr(Stdio::piped());
        let command = command.args(["--queue-url", &url("orders"), "--publish-url", &url("news")]);
        let command = command.args(["--dead-letter-url", &url("letters"), "--table", table]);
        command.args(["--exit-when-idle", "1"]).args(more).spawn().unwrap()
    }

    pub(crate) async fn run(&self, more: &[&str]) -> Said {
        ended(self.begin("entity", more)).await
    }

    /// What is stored: versions by entity. Each of them is published, and its state is what was sent.
    pub(crate) async fn stored(&self) -> BTreeMap<String, u64> {
        let items = self.dynamodb.scan().table_name("entities").send().await.unwrap().items.unwrap();
        let items = items.into_iter().map(|item| {
            let (entity, version) = (item["entity"].as_s().unwrap(), item["version"].as_n().unwrap());
            assert_eq!(item.get("published"), Some(&item["version"]), "{entity} is not published");
            let version: u64 = version.parse().unwrap();
            let state: Value = serde_json::from_str(item["state"].as_s().unwrap()).unwrap();
            assert_eq!(state, json!([entity, version]));
            (entity.clone(), version)
        });
        items.collect()
    }

    /// Puts an item as a process left it that got so far.
    pub(crate) async fn left(&self, entity: &str, version: u64, published: Option<u64>) {
        let number = |number: u64| AttributeValue::N(number.to_string());
        let put = self.dynamodb.put_item().table_name("entities");
        let put = put.item("entity", AttributeValue::S(entity.to_owned())).item("version", number(version));
        let put = put.item("state", AttributeValue::S(json!([entity, version]).to_string()));
        let put = match published {
            Some(version) => put.item("published", number(version)),
            None => put,
        };
        put.send().await.unwrap();
    }

    /// What was published, in the order in which it was.
    pub(crate) fn news(&self) -> Vec<(String, u64)> {
        let news = self.aws.sqs().messages("news").unwrap().into_iter().map(|message| {
            let news: Value = serde_json::from_str(&message.body).unwrap();
            assert_eq!(news["state"], json!([news["entity"], news["version"]]));
            (news["entity"].as_str().unwrap().to_owned(), news["version"].as_u64().unwrap())
        });
        news.collect()
    }
}

impl Said {
    /// The number before a word of the last line.
    pub(crate) fn count(&self, word: &str) -> u64 {
        let last = self.errors.lines().last().unwrap_or_default();
        let before = last.split([',', ';', ':']).find_map(|part| part.trim().strip_suffix(word));
        before
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or_else(|| panic!("no {word:?} in {last:?}"))
    }
}

/// Waits until a program has ended.
pub(crate) async fn ended(child: Child) -> Said {
    let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    Said { status: output.status.code(), errors: String::from_utf8(output.stderr).unwrap() }
}

/// The program, with an environment for the embedded AWS.
pub(crate) fn program(endpoint: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entity-pipeline"));
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", "entity").env("AWS_SECRET_ACCESS_KEY", "test");
    command
}
