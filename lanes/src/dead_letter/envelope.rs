//! [`Envelope`]: an item as a dead letter.

use std::collections::BTreeMap;

use bytes::Bytes;

#[cfg(feature = "json")]
pub use self::json::ParseError;

/// An item as a dead letter: all that it takes to know why it is there, and to replay it.
///
/// ```
/// use tidegate_lanes::Envelope;
///
/// let letter = Envelope::new("orders/shardId-000000000001", "4961:0", "{}").key("customer-7");
/// assert_eq!(letter.id(), "orders/shardId-000000000001:4961:0");
/// # #[cfg(feature = "json")]
/// assert_eq!(Envelope::from_json(&letter.to_json()).as_ref(), Ok(&letter));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// Where it is from: a stream and a shard, a queue.
    pub source: String,
    /// Which item of the source it is: the same for every attempt and every reader.
    pub position: String,
    /// What its order depends on: a partition key, a message group; empty if there is none.
    pub key: String,
    /// What else belongs to it.
    pub attributes: BTreeMap<String, String>,
    /// What it holds.
    pub body: Bytes,
    /// How many attempts were made; 0 if none was, because its key was diverted.
    pub attempts: u32,
    /// What went wrong in the last one, with its causes.
    pub error: String,
    /// When its first attempt began, in milliseconds since 1970.
    pub first_seen_ms: u64,
    /// When the last one failed, in milliseconds since 1970.
    pub failed_at_ms: u64,
}

impl Envelope {
    /// An item of a source.
    #[must_use]
    pub fn new(source: impl Into<String>, position: impl Into<String>, body: impl Into<Bytes>) -> Self {
        let (source, position, body) = (source.into(), position.into(), body.into());
        Self { source, position, body, ..Self::default() }
    }

    /// With what its order depends on.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// With one more attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// What tells it from every other: `source:position`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}:{}", self.source, self.position)
    }
}

#[cfg(feature = "json")]
mod json {
    use std::fmt;

    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde_json::{Map, Value, json};

    use super::Envelope;

    /// What is written. A reader takes this and all before it.
    const VERSION: u64 = 1;

    impl Envelope {
        /// One line of JSON, with the body in base64. It is the same in every release, but for fields that come on top.
        ///
        /// ```
        /// let letter = tidegate_lanes::Envelope::new("queue", "42", "hi");
        /// assert_eq!(
        ///     letter.to_json(),
        ///     r#"{"attempts":0,"attributes":{},"body":"aGk=","error":"","failed_at_ms":0,"first_seen_ms":0,"#.to_owned()
        ///         + r#""id":"queue:42","key":"","position":"42","source":"queue","version":1}"#
        /// );
        /// ```
        #[must_use]
        pub fn to_json(&self) -> String {
            // `Map` sorts its keys, so that a letter has one encoding.
            json!({
                "version": VERSION,
                "id": self.id(),
                "source": self.source,
                "position": self.position,
                "key": self.key,
                "attributes": self.attributes,
                "body": STANDARD.encode(&self.body),
                "attempts": self.attempts,
                "error": self.error,
                "first_seen_ms": self.first_seen_ms,
                "failed_at_ms": self.failed_at_ms,
            })
            .to_string()
        }

        /// Reads what [`to_json`](Envelope::to_json) wrote. Fields that it does not know are passed over.
        ///
        /// # Errors
        ///
        /// If it is no JSON, of a later version, or lacks a field.
        pub fn from_json(json: &str) -> Result<Self, ParseError> {
            let value: Value = serde_json::from_str(json).map_err(|error| ParseError(error.to_string()))?;
            let Value::Object(fields) = value else { return Err(ParseError("no object".to_owned())) };
            match number(&fields, "version")? {
                VERSION => {}
                other => return Err(ParseError(format!("of version {other}, and {VERSION} is known"))),
            }
            let body = STANDARD.decode(text(&fields, "body")?).map_err(|_| wrong("body"))?;
            let attributes =
                fields.get("attributes").and_then(Value::as_object).ok_or_else(|| wrong("attributes"))?;
            let attributes = attributes.keys().map(|name| Ok((name.clone(), text(attributes, name)?)));
            Ok(Self {
                source: text(&fields, "source")?,
                position: text(&fields, "position")?,
                key: text(&fields, "key")?,
                attributes: attributes.collect::<Result<_, _>>()?,
                body: body.into(),
                attempts: u32::try_from(number(&fields, "attempts")?).map_err(|_| wrong("attempts"))?,
                error: text(&fields, "error")?,
                first_seen_ms: number(&fields, "first_seen_ms")?,
                failed_at_ms: number(&fields, "failed_at_ms")?,
            })
        }
    }

    fn text(fields: &Map<String, Value>, name: &str) -> Result<String, ParseError> {
        fields.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| wrong(name))
    }

    fn number(fields: &Map<String, Value>, name: &str) -> Result<u64, ParseError> {
        fields.get(name).and_then(Value::as_u64).ok_or_else(|| wrong(name))
    }

    fn wrong(name: &str) -> ParseError {
        ParseError(format!("without a valid {name:?}"))
    }

    /// It is no dead letter.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ParseError(String);

    impl fmt::Display for ParseError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "not a dead letter: {}", self.0)
        }
    }

    impl std::error::Error for ParseError {}
}
