//! What the tests of DynamoDB share: a client, and a table of leases with an index.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client, Config,
    config::retry::RetryConfig,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType,
    },
};
use tidegate_local_aws::LocalAws;

/// The table that [`create_table`] makes.
pub(crate) const TABLE: &str = "leases";

/// A client that sees each answer as it was given.
pub(crate) fn client(aws: &LocalAws) -> Client {
    let config = Config::from(&aws.sdk_config()).to_builder();
    Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
}

/// A table with the key `leaseKey`, and the index `by-owner` with the key `leaseOwner`.
pub(crate) async fn create_table(client: &Client) {
    let string = |name| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let hash =
        |name| KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build().unwrap();
    let index = GlobalSecondaryIndex::builder()
        .index_name("by-owner")
        .key_schema(hash("leaseOwner"))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .unwrap();
    client
        .create_table()
        .table_name(TABLE)
        .attribute_definitions(string("leaseKey"))
        .attribute_definitions(string("leaseOwner"))
        .key_schema(hash("leaseKey"))
        .global_secondary_indexes(index)
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
}

pub(crate) fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[allow(dead_code, reason = "not every test counts")]
pub(crate) fn n(number: u32) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// An item with the counter 0.
pub(crate) fn lease(key: &str, owner: &str) -> HashMap<String, AttributeValue> {
    let entries = [("leaseKey", s(key)), ("leaseOwner", s(owner)), ("leaseCounter", n(0))];
    entries.map(|(name, value)| (name.to_owned(), value)).into()
}
