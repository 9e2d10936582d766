//! The MD5 digests with which SDKs check what was sent and received.
//!
//! Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>,
//! "Calculating the MD5 message digest for message attributes".

use std::{collections::BTreeMap, fmt};

use md5::{Digest as _, Md5};
use serde::{Serialize, Serializer};

use super::content::{Attribute, Value};

/// An MD5 digest, written in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest([u8; 16]);

impl Digest {
    pub(super) fn of_body(body: &str) -> Self {
        Self(Md5::digest(body.as_bytes()).into())
    }

    /// None for no attributes: then SQS sends no digest.
    pub(super) fn of_attributes<'a>(
        attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>,
    ) -> Option<Self> {
        let sorted = attributes.into_iter().collect::<BTreeMap<_, _>>();
        if sorted.is_empty() {
            return None;
        }
        let mut md5 = Md5::new();
        let mut sized = |bytes: &[u8], kind: Option<u8>| {
            // The kind of the value stands before its length.
            md5.update(kind.as_slice());
            md5.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            md5.update(bytes);
        };
        for (name, attribute) in sorted {
            sized(name.as_bytes(), None);
            sized(attribute.data_type.as_bytes(), None);
            match &attribute.value {
                Value::Text(text) => sized(text.as_bytes(), Some(1)),
                Value::Binary(bytes) => sized(bytes, Some(2)),
            }
        }
        Some(Self(md5.finalize().into()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_body_and_of_attributes() {
        assert_eq!(Digest::of_body("This is a test message").to_string(), "fafb00f5732ab283681e124bf8747ed1");
        assert_eq!(Digest::of_attributes(&BTreeMap::new()), None);
        let text = |data_type: &str, value: &str| Attribute {
            data_type: data_type.to_owned(),
            value: Value::Text(value.to_owned()),
        };
        let mut attributes = BTreeMap::from([("timestamp".to_owned(), text("Number", "1493147359900"))]);
        // Known from other implementations of the algorithm.
        let digest = |attributes: &BTreeMap<String, Attribute>| {
            Digest::of_attributes(attributes).map(|md5| md5.to_string())
        };
        assert_eq!(digest(&attributes).as_deref(), Some("235c5c510d26fb653d073faed50ae77c"));
        let before = digest(&attributes);
        let binary = Attribute { data_type: "Binary".to_owned(), value: Value::Binary(vec![0, 255]) };
        attributes.insert("b".to_owned(), binary);
        assert_ne!(digest(&attributes), before);
    }
}
