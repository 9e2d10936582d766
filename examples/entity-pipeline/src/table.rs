//! [`Table`]: the entities in DynamoDB, each an item.
//!
//! | attribute | is |
//! |---|---|
//! | `entity` | the key, a string |
//! | `version` | the version that is stored, a number |
//! | `state` | what is stored, JSON |
//! | `published` | the version that was published last, a number; before the first, there is none |

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::AttributeValue,
};
use serde_json::value::RawValue;
use tidegate_sqs_consumer::{Failure, Write, version::Committed};

/// What is stored of an entity.
pub(crate) type Stored = (Committed<u64>, Box<RawValue>);

/// The entities in DynamoDB.
pub(crate) struct Table {
    client: Client,
    name: String,
}

impl Table {
    pub(crate) fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.to_owned() }
    }

    /// Whether it is there, and has the right key: by a read, so that no other permission is needed.
    ///
    /// # Errors
    ///
    /// The exit status, and what is wrong.
    pub(crate) async fn check(&self) -> Result<(), (u8, String)> {
        let read = self.client.get_item().table_name(&self.name).key("entity", text("?")).send().await;
        let Err(error) = read else { return Ok(()) };
        let name = &self.name;
        let error = error.into_service_error();
        if error.is_resource_not_found_exception() {
            return Err((2, format!("there is no table {name}")));
        }
        if error.meta().code() == Some("ValidationException") {
            let problem = error.meta().message().unwrap_or_default();
            return Err((
                2,
                format!("table {name} must have the key `entity`, a string, and no other: {problem}"),
            ));
        }
        Err((1, format!("table {name} cannot be read: {}", Failure::from(error).text())))
    }

    pub(crate) async fn load(&self, entity: &str) -> Result<Option<Stored>, Failure> {
        let read = self.client.get_item().table_name(&self.name).key("entity", text(entity));
        let item = read.consistent_read(true).send().await?.item;
        let stored = item.map(|item| stored(&item).map_err(|problem| format!("item {entity:?} {problem}")));
        stored.transpose().map_err(Failure::retry)
    }

    /// Stores a version in the place of `base`, if that is what is stored, and is published.
    ///
    /// Should the answer be lost, the SDK's next attempt finds the version itself in the place of `base`, and it is said that
    /// it is overtaken: it is loaded then, and published as what is stored.
    pub(crate) async fn store(
        &self,
        entity: &str,
        base: Option<u64>,
        version: u64,
        state: &RawValue,
    ) -> Result<Write, Failure> {
        let update =
            self.update(entity, version).update_expression("SET version = :version, #state = :state");
        // A reserved word.
        let update = update.expression_attribute_names("#state", "state");
        let update = update.expression_attribute_values(":state", text(state.get()));
        let update = match base {
            None => update.condition_expression("attribute_not_exists(entity)"),
            Some(base) => update
                .condition_expression("version = :base AND published = :base")
                .expression_attribute_values(":base", number(base)),
        };
        written(update.send().await)
    }

    /// Writes down that a version was published, if it is what is stored. Made again, it is as if made once.
    pub(crate) async fn mark(&self, entity: &str, version: u64) -> Result<Write, Failure> {
        let update = self.update(entity, version).update_expression("SET published = :version");
        written(update.condition_expression("version = :version").send().await)
    }

    fn update(&self, entity: &str, version: u64) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.name).key("entity", text(entity));
        update.expression_attribute_values(":version", number(version))
    }
}

fn written<T>(answer: Result<T, SdkError<UpdateItemError>>) -> Result<Write, Failure> {
    match answer {
        Ok(_) => Ok(Write::Stored),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(Write::Overtaken)
        }
        Err(error) => Err(error.into()),
    }
}

fn stored(item: &HashMap<String, AttributeValue>) -> Result<Stored, String> {
    let number = |name| match item.get(name) {
        None => Ok(None),
        Some(value) => {
            let number = value.as_n().ok().and_then(|digits| digits.parse::<u64>().ok());
            number.map(Some).ok_or_else(|| format!("has a `{name}` that is no version"))
        }
    };
    let version = number("version")?.ok_or("has no `version`")?;
    let published = number("published")? == Some(version);
    let state = item.get("state").and_then(|value| value.as_s().ok()).ok_or("has no `state`")?;
    let state = RawValue::from_string(state.clone())
        .map_err(|error| format!("has a `state` that is no JSON: {error}"))?;
    Ok((Committed { version, published }, state))
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
