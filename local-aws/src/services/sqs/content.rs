//! What is in a message: it never changes once it is sent.

use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use super::{digest::Digest, failure::Failure};

/// What a message may have at most, attributes included, and a batch in all: 1 MiB.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.
pub(super) const LARGEST: usize = 1 << 20;

/// Attributes of one message.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>.
const MOST_ATTRIBUTES: usize = 10;

/// A message without its state in a queue.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) id: MessageId,
    pub(super) body: Box<str>,
    pub(super) md5: Digest,
    pub(super) attributes: BTreeMap<String, Attribute>,
    pub(super) trace: Option<Box<str>>,
    pub(super) group: Option<Arc<str>>,
    pub(super) deduplication: Option<Arc<str>>,
}

/// A message attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) data_type: String,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Binary(Vec<u8>),
}

/// An attribute as it is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributeInput {
    data_type: Option<String>,
    string_value: Option<String>,
    binary_value: Option<String>,
}

impl AttributeInput {
    /// What it counts, near enough for a whole batch: base64 is four bytes for three.
    pub(super) fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        text(&self.data_type) + text(&self.string_value) + text(&self.binary_value) / 4 * 3
    }
}

/// The id of a message, written as a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct MessageId(pub(super) u64);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SplitMix64, which is a bijection: ids that look like UUIDs and never meet.
        let mut mixed = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let (high, low) = (mixed >> 32, mixed & 0xffff_ffff);
        write!(f, "{high:08x}-{:04x}-4{:03x}-8000-{:012x}", low >> 16, low & 0xfff, self.0 & 0xffff_ffff_ffff)
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut attribute = serializer.serialize_struct("MessageAttributeValue", 2)?;
        match &self.value {
            Value::Text(text) => attribute.serialize_field("StringValue", text)?,
            Value::Binary(bytes) => attribute.serialize_field("BinaryValue", &STANDARD.encode(bytes))?,
        }
        attribute.serialize_field("DataType", &self.data_type)?;
        attribute.end()
    }
}

impl Attribute {
    fn size(&self) -> usize {
        let value = match &self.value {
            Value::Text(text) => text.len(),
            Value::Binary(bytes) => bytes.len(),
        };
        self.data_type.len() + value
    }

    fn of(name: &str, input: AttributeInput) -> Result<Self, Failure> {
        let wrong = |reason: String| Err(Failure::parameter(reason));
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let reserved = ["aws.", "amazon."].iter().any(|start| name.to_ascii_lowercase().starts_with(start));
        let dotted = name.starts_with('.') || name.ends_with('.') || name.contains("..");
        if name.is_empty() || name.len() > 256 || !name.bytes().all(known) || reserved || dotted {
            return wrong(format!("Message (user) attribute name '{name}' is invalid."));
        }
        let data_type = input.data_type.unwrap_or_default();
        if data_type.is_empty() {
            return wrong(format!(
                "The message attribute '{name}' must contain non-empty message attribute type."
            ));
        }
        let logical = data_type.split('.').next().unwrap_or_default();
        let value = match (logical, input.string_value, input.binary_value) {
            ("String", Some(text), None) if !text.is_empty() => Value::Text(text),
            ("Number", Some(text), None) if is_number(&text) => Value::Text(text),
            ("Number", Some(text), None) if !text.is_empty() => {
                return wrong(format!(
                    "Can't cast the value of message (user) attribute '{name}' to a number."
                ));
            }
            ("Binary", None, Some(coded)) if !coded.is_empty() => match STANDARD.decode(&coded) {
                Ok(bytes) => Value::Binary(bytes),
                Err(error) => return wrong(format!("The message attribute '{name}' is no base64: {error}")),
            },
            ("String" | "Number" | "Binary", ..) => {
                return wrong(format!(
                    "The message attribute '{name}' must contain a non-empty value of its type '{data_type}'."
                ));
            }
            _ => {
                return wrong(format!(
                    "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
                     prefixes is Binary, Number, and String."
                ));
            }
        };
        Ok(Self { data_type, value })
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The attributes of a message that is sent.
pub(super) fn attributes(
    input: BTreeMap<String, AttributeInput>,
) -> Result<BTreeMap<String, Attribute>, Failure> {
    if input.len() > MOST_ATTRIBUTES {
        return Err(Failure::parameter(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].",
            input.len()
        )));
    }
    input.into_iter().map(|(name, value)| Attribute::of(&name, value).map(|value| (name, value))).collect()
}

/// What a message counts for the limits: body, and names, types and values of attributes.
pub(super) fn size(body: &str, attributes: &BTreeMap<String, Attribute>) -> usize {
    body.len() + attributes.iter().map(|(name, attribute)| name.len() + attribute.size()).sum::<usize>()
}

/// A body has at least one character, and only those that XML may have.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.
pub(super) fn check_body(body: &str) -> Result<(), Failure> {
    if body.is_empty() {
        return Err(Failure::required("MessageBody"));
    }
    let allowed = |char: char| match char {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        char => char >= ' ',
    };
    if body.chars().all(allowed) {
        return Ok(());
    }
    Err(Failure::contents(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    ))
}

/// A token such as a group: up to 128 letters, digits and punctuation.
pub(super) fn check_token(value: &str, parameter: &str) -> Result<(), Failure> {
    if !value.is_empty() && value.len() <= 128 && value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let reason =
        format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    Err(Failure::value(&value, parameter, &reason))
}
