//! The lease table: is it there, is it one, or else made.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::{create_table::CreateTableError, describe_table::DescribeTableError},
    types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ProvisionedThroughput,
        ScalarAttributeType, TableDescription, TableStatus,
    },
};
use tokio::time::{Instant, sleep};

use super::{
    DynamoDb,
    item::KEY,
    request::{Direction, Failure},
};
use crate::lease::Unavailable;

/// Between two looks at a table that is being made.
const LOOK: Duration = Duration::from_millis(500);
/// A table is made within this, or something is wrong. It takes seconds.
const LONGEST: Duration = Duration::from_mins(2);

impl DynamoDb {
    pub(super) async fn prepare_table(&self) -> Result<(), Unavailable> {
        let until = Instant::now() + LONGEST;
        let mut made = false;
        loop {
            match self.describe().await? {
                // After it was made, it is seen a little later.
                None if made => {}
                None => {
                    self.make().await?;
                    made = true;
                }
                Some(table) => {
                    self.check(&table)?;
                    match table.table_status {
                        // One that gets an index can be used meanwhile.
                        Some(TableStatus::Active | TableStatus::Updating) => break,
                        Some(TableStatus::Creating | TableStatus::Deleting) | None => {}
                        Some(other) => return Err(self.wrong(&format!("it is {}", other.as_str()))),
                    }
                }
            }
            if Instant::now() > until {
                return Err(self.wrong(&format!("it was not ready within {} s", LONGEST.as_secs())));
            }
            sleep(LOOK).await;
        }
        if self.rows().await?.multi_stream {
            return Err(
                self.wrong("it has the leases of a consumer of several streams; this one is for one stream")
            );
        }
        Ok(())
    }

    async fn describe(&self) -> Result<Option<TableDescription>, Unavailable> {
        let mut request = self.requests.begin("DescribeTable", &self.table, Direction::Control);
        let operation = self.client().describe_table().table_name(&*self.table);
        match request.send(|| operation.clone().send()).await {
            Ok(output) => Ok(output.table),
            Err(Failure::Refused(DescribeTableError::ResourceNotFoundException(_), _)) => Ok(None),
            Err(failure) => Err(failure.into_unavailable()),
        }
    }

    async fn make(&self) -> Result<(), Unavailable> {
        let mut request = self.requests.begin("CreateTable", &self.table, Direction::Control);
        let built = |error| self.wrong("it cannot be described").because(error);
        let key = AttributeDefinition::builder().attribute_name(KEY).attribute_type(ScalarAttributeType::S);
        let schema = KeySchemaElement::builder().attribute_name(KEY).key_type(KeyType::Hash);
        let operation = self
            .client()
            .create_table()
            .table_name(&*self.table)
            .attribute_definitions(key.build().map_err(built)?)
            .key_schema(schema.build().map_err(built)?);
        let operation = match self.provisioned {
            None => operation.billing_mode(BillingMode::PayPerRequest),
            Some((reads, writes)) => {
                let units = ProvisionedThroughput::builder()
                    .read_capacity_units(reads.into())
                    .write_capacity_units(writes.into());
                operation
                    .billing_mode(BillingMode::Provisioned)
                    .provisioned_throughput(units.build().map_err(built)?)
            }
        };
        match request.send(|| operation.clone().send()).await {
            // Another worker makes it, or an earlier try did.
            Ok(_) | Err(Failure::Refused(CreateTableError::ResourceInUseException(_), _)) => Ok(()),
            Err(failure) => Err(failure.into_unavailable()),
        }
    }

    /// Whether its key is that of a lease table. Its indexes do not matter.
    fn check(&self, table: &TableDescription) -> Result<(), Unavailable> {
        let keys: Vec<_> = table.key_schema().iter().map(KeySchemaElement::attribute_name).collect();
        let string = table
            .attribute_definitions()
            .iter()
            .any(|it| it.attribute_name() == KEY && *it.attribute_type() == ScalarAttributeType::S);
        if keys == [KEY] && string {
            return Ok(());
        }
        Err(self.wrong(&format!(
            "it is no lease table: its key is {}, and not the string {KEY}",
            keys.join(" and ")
        )))
    }

    fn wrong(&self, why: &str) -> Unavailable {
        Unavailable::new(format!("table {} cannot be used: {why}", self.table))
    }
}
