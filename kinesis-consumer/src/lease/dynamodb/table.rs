//! The lease table: made where it is not there.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::{create_table::CreateTableError, describe_table::DescribeTableError},
    types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableDescription,
        TableStatus,
    },
};
use tokio::time::sleep;

use super::{DynamoDb, item};
use crate::lease::Unavailable;

/// Between two looks at a table that is being made.
const PAUSE: Duration = Duration::from_millis(250);
/// A table is made in a few seconds.
const LOOKS: u32 = 480;

/// Makes the table if it is not there, and waits until it can be used.
pub(super) async fn prepare(store: &DynamoDb) -> Result<(), Unavailable> {
    for _ in 0..LOOKS {
        match look(store).await? {
            None => create(store).await?,
            Some(table) => {
                check(store, &table)?;
                // One that is being updated can be used.
                if matches!(table.table_status, Some(TableStatus::Active | TableStatus::Updating)) {
                    return Ok(());
                }
                sleep(PAUSE).await;
            }
        }
    }
    Err(store.unavailable("DescribeTable", "it is not active yet"))
}

async fn look(store: &DynamoDb) -> Result<Option<TableDescription>, Unavailable> {
    let request = store.client.describe_table().table_name(&*store.table);
    match store.once("DescribeTable", || request.clone().send()).await? {
        Ok(answer) => Ok(answer.table),
        Err(error)
            if error.as_service_error().is_some_and(DescribeTableError::is_resource_not_found_exception) =>
        {
            Ok(None)
        }
        Err(error) => Err(store.failed("DescribeTable", error)),
    }
}

async fn create(store: &DynamoDb) -> Result<(), Unavailable> {
    let invalid = |error| store.unavailable("CreateTable", "the request is not whole").because(error);
    let key = AttributeDefinition::builder()
        .attribute_name(item::KEY)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .map_err(invalid)?;
    let schema = KeySchemaElement::builder()
        .attribute_name(item::KEY)
        .key_type(KeyType::Hash)
        .build()
        .map_err(invalid)?;
    let request = store
        .client
        .create_table()
        .table_name(&*store.table)
        .attribute_definitions(key)
        .key_schema(schema)
        .billing_mode(BillingMode::PayPerRequest);
    match store.once("CreateTable", || request.clone().send()).await? {
        Ok(_) => Ok(()),
        // Another worker was faster.
        Err(error)
            if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            Ok(())
        }
        Err(error) => Err(store.failed("CreateTable", error)),
    }
}

/// A table of something else is refused before anything is written to it.
fn check(store: &DynamoDb, table: &TableDescription) -> Result<(), Unavailable> {
    match table.key_schema() {
        [key] if key.attribute_name() == item::KEY => Ok(()),
        keys => {
            let names: Vec<_> = keys.iter().map(KeySchemaElement::attribute_name).collect();
            let why = format!("it is no lease table: its key is {}, not {}", names.join(" and "), item::KEY);
            Err(store.unavailable("DescribeTable", &why))
        }
    }
}
