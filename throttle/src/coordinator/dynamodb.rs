//! [`DynamoDb`]: a coordinator on a DynamoDB table.

use std::{
    collections::{BTreeSet, HashMap},
    error::Error,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ReturnValue,
        ScalarAttributeType,
    },
};

use super::{Coordinator, Share};
use crate::Limit;

/// What members are called in an item: this, and their id.
const MEMBER: &str = "member ";

/// A member that has not been heard of for so many leases is struck from the item.
const FORGOTTEN: u32 = 6;

/// A coordinator on a DynamoDB table.
///
/// An item for each limit holds what each process gets of it. An exchange is one `UpdateItem`, which writes the
/// process's own entry and reads the others': one write unit for every ten processes or so. At an exchange every
/// two seconds, a limit that is tight costs half a write unit a second and process.
///
/// The table has one key, the string `limit`; [`create_table`](Self::create_table) makes one that is paid by
/// request. A time to live on the attribute `expires` is good for nothing but order. The processes' clocks may
/// differ by a part of the lease.
///
/// ```no_run
/// # async fn of(config: &aws_types::SdkConfig) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use tidegate_throttle::{Adaptive, coordinator::DynamoDb};
///
/// let coordinator = DynamoDb::new(aws_sdk_dynamodb::Client::new(config), "throttle");
/// coordinator.create_table().await?;
/// let throttle = Adaptive::builder().coordinator(coordinator).build();
/// # Ok(())
/// # }
/// ```
pub struct DynamoDb {
    client: Client,
    table: String,
    member: String,
    lease: Duration,
    /// Members of an item that are to be struck from it.
    forgotten: Mutex<HashMap<Limit, BTreeSet<String>>>,
}

impl DynamoDb {
    /// A coordinator on `table`, whose id for this process is random.
    ///
    /// The client should not be under the throttle that asks the coordinator.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        let member = format!("{:016x}", fastrand::u64(..));
        Self {
            client,
            table: table.into(),
            member,
            lease: Duration::from_secs(10),
            forgotten: Mutex::default(),
        }
    }

    /// How long a process counts that is not heard of. Default: 10 s, five exchanges.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Creates the table, unless it exists, and waits until it can be used.
    ///
    /// # Errors
    ///
    /// What DynamoDB says, or that the table was not there within a minute.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the table may have been created or not.
    pub async fn create_table(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let key =
            AttributeDefinition::builder().attribute_name("limit").attribute_type(ScalarAttributeType::S);
        let schema = KeySchemaElement::builder().attribute_name("limit").key_type(KeyType::Hash);
        let created = self
            .client
            .create_table()
            .table_name(&self.table)
            .attribute_definitions(key.build()?)
            .key_schema(schema.build()?)
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await;
        match created {
            Err(error)
                if !error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) =>
            {
                return Err(error.into());
            }
            _ => {}
        }
        for _ in 0..60 {
            let table = self.client.describe_table().table_name(&self.table).send().await?.table;
            if table.and_then(|it| it.table_status).is_some_and(|it| it.as_str() == "ACTIVE") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Err(format!("the table {} did not become active within a minute", self.table).into())
    }

    /// Milliseconds since 1970, by the clock of the client.
    fn now(&self) -> u64 {
        let now = self.client.config().time_source().map_or(UNIX_EPOCH, |clock| clock.now());
        u64::try_from(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis())
            .unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDb")
            .field("table", &self.table)
            .field("member", &self.member)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Coordinator for DynamoDb {
    async fn exchange(&self, limit: &Limit, own: Share) -> Result<Vec<Share>, Box<dyn Error + Send + Sync>> {
        let now = self.now();
        let lease = millis(self.lease);
        let me = format!("{MEMBER}{}", self.member);
        let forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).remove(limit);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("limit", AttributeValue::S(limit.parts().join("/")))
            .expression_attribute_names("#me", &me)
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":me", entry(own, now, lease))
            .expression_attribute_values(
                ":expires",
                number((now + lease * u64::from(FORGOTTEN)) / 1_000 + 86_400),
            )
            .return_values(ReturnValue::AllNew);
        let mut expression = "SET #me = :me, #expires = :expires".to_owned();
        for (at, name) in forgotten.iter().flatten().enumerate() {
            expression.push_str(if at == 0 { " REMOVE " } else { ", " });
            let alias = format!("#m{at}");
            expression.push_str(&alias);
            update = update.expression_attribute_names(alias, name);
        }
        let item = update.update_expression(expression).send().await?.attributes.unwrap_or_default();
        let mut shares = Vec::new();
        let mut forgotten = BTreeSet::new();
        for (name, value) in item.iter().filter(|(name, _)| name.starts_with(MEMBER) && **name != me) {
            match read(value, now) {
                Some((share, until)) if until >= now => shares.push(share),
                Some((_, until)) if until.saturating_add(lease * u64::from(FORGOTTEN)) >= now => {}
                // Long gone, or nothing that we wrote.
                _ => drop(forgotten.insert(name.clone())),
            }
        }
        if !forgotten.is_empty() {
            self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).insert(limit.clone(), forgotten);
        }
        Ok(shares)
    }
}

/// A member's entry: what it gets, and until when it counts.
fn entry(share: Share, now: u64, lease: u64) -> AttributeValue {
    AttributeValue::M(HashMap::from([
        ("gets".to_owned(), number(share.micros_per_second)),
        ("more".to_owned(), AttributeValue::Bool(share.wants_more)),
        ("paused".to_owned(), number(now + millis(share.pause))),
        ("until".to_owned(), number(now + lease)),
    ]))
}

fn read(value: &AttributeValue, now: u64) -> Option<(Share, u64)> {
    let entry = value.as_m().ok()?;
    let number = |name| entry.get(name)?.as_n().ok()?.parse::<u64>().ok();
    let pause = Duration::from_millis(number("paused")?.saturating_sub(now));
    let wants_more = *entry.get("more")?.as_bool().ok()?;
    Some((Share { wants_more, pause, ..Share::new(number("gets")?) }, number("until")?))
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(u64::MAX / 16)
}
