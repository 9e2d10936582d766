//! [`Order`]: what a message says of an entity.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What a name may weigh: DynamoDB's limit of a partition key.
///
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_NAME: usize = 2_048;

/// What an item may weigh, the names of its attributes included, less what those and two numbers weigh. Source: as above.
const LARGEST: usize = 400 * 1024 - 100;

/// A version of an entity.
#[derive(Deserialize)]
pub(crate) struct Order {
    pub(crate) entity: String,
    pub(crate) version: u64,
    /// As it came, to the letter.
    pub(crate) data: Box<RawValue>,
}

/// What is told of a version that is stored.
#[derive(Serialize)]
struct News<'a> {
    entity: &'a str,
    version: u64,
    state: &'a RawValue,
}

impl Order {
    /// Reads a body. What could be stored and never be published is none.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn read(body: &str) -> Result<Self, String> {
        let order: Self = serde_json::from_str(body)
            .map_err(|error| format!("the body is no version of an entity: {error}"))?;
        if !(1..=LONGEST_NAME).contains(&order.entity.len()) {
            return Err(format!(
                "the entity's name has {} bytes; it may have 1 to {LONGEST_NAME}",
                order.entity.len()
            ));
        }
        // A body can have them only in disguise, and they would be published bare.
        // Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
        if order.entity.contains(['\u{FFFE}', '\u{FFFF}']) {
            return Err("the entity's name has a character that SQS does not take".to_owned());
        }
        let bytes = order.entity.len() + order.data.get().len();
        if bytes > LARGEST {
            return Err(format!("entity and data have {bytes} bytes; DynamoDB has room for {LARGEST}"));
        }
        Ok(order)
    }
}

/// The body that tells of a version.
///
/// # Errors
///
/// None that is known: all of it came as JSON.
pub(crate) fn news(entity: &str, version: u64, state: &RawValue) -> Result<String, serde_json::Error> {
    serde_json::to_string(&News { entity, version, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(body: &str) -> String {
        Order::read(body).err().unwrap_or_default()
    }

    #[test]
    fn data_is_published_to_the_letter() -> Result<(), Box<dyn std::error::Error>> {
        let order = Order::read(
            r#"{"data": {"n":1.10, "c":"\uFFFF"}, "entity": "é\u0001", "version": 7, "more": 1}"#,
        )?;
        let news = news(&order.entity, order.version, &order.data)?;
        assert_eq!(news, r#"{"entity":"é\u0001","version":7,"state":{"n":1.10, "c":"\uFFFF"}}"#);
        Ok(())
    }

    #[test]
    fn what_could_never_be_stored_or_published_is_told() {
        assert!(problem("no order").starts_with("the body is no version of an entity: expected"));
        assert!(problem(r#"{"entity":"a","version":-1,"data":0}"#).contains("invalid value: integer `-1`"));
        assert!(problem(r#"{"entity":"a","version":1}"#).contains("missing field `data`"));
        assert_eq!(
            problem(r#"{"entity":"","version":1,"data":0}"#),
            "the entity's name has 0 bytes; it may have 1 to 2048"
        );
        assert_eq!(
            problem(r#"{"entity":"\uFFFF","version":1,"data":0}"#),
            "the entity's name has a character that SQS does not take"
        );
        let large = format!(r#"{{"entity":"a","version":1,"data":"{}"}}"#, "x".repeat(LARGEST - 2));
        assert_eq!(problem(&large), "entity and data have 409501 bytes; DynamoDB has room for 409500");
        assert_eq!(problem(&large.replacen("xx", "x", 1)), "");
    }
}
