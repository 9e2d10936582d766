//! Times as numbers on the wire: seconds in JSON, milliseconds in CBOR.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Timestamp;
use crate::wire::cbor;

/// As JSON writes it: seconds with their milliseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            #[expect(clippy::cast_precision_loss, reason = "exact to the millisecond for 200,000 years")]
            return serializer.serialize_f64(self.0 as f64 / 1e3);
        }
        ciborium::tag::Required::<u64, { cbor::EPOCH }>(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Number { per_second: 1e3 });
        }
        // The tag says no more than the field does.
        ciborium::tag::Captured::<Millis>::deserialize(deserializer).map(|captured| captured.1.0)
    }
}

struct Millis(Timestamp);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number { per_second: 1.0 }).map(Self)
    }
}

/// A number, and how many milliseconds one is.
struct Number {
    per_second: f64,
}

impl de::Visitor<'_> for Number {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time as a number")
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Timestamp, E> {
        let millis = (number * self.per_second).round();
        if !(0.0..9e15).contains(&millis) {
            return Err(E::custom(format!("{number} is no time")));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "its range is checked above"
        )]
        Ok(Timestamp(millis as u64))
    }

    #[expect(clippy::cast_precision_loss, reason = "what is beyond 2^53 is refused")]
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Timestamp, E> {
        self.visit_f64(number as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "what is beyond 2^53 is refused")]
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Timestamp, E> {
        self.visit_f64(number as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::codec::Codec;

    #[test]
    fn seconds_in_json_and_tagged_milliseconds_in_cbor() {
        let time = Timestamp::from_millis(1_763_883_537_123);
        assert_eq!(Codec::Json.write(&time), "1763883537.123");
        assert_eq!(time.to_string(), "1763883537.123");
        // Tag 1, then an unsigned integer of eight bytes.
        let mut cbor = vec![0xc1, 0x1b];
        cbor.extend(1_763_883_537_123_u64.to_be_bytes());
        assert_eq!(Codec::Cbor.write(&time), cbor);
        assert_eq!(Codec::Cbor.read(&cbor), Ok(time));
        assert_eq!(Codec::Cbor.read(&cbor[1..]), Ok(time));
        assert_eq!(Codec::Json.read(b"1763883537.123"), Ok(time));
        assert_eq!(Codec::Json.read(b"1763883537"), Ok(Timestamp::from_millis(1_763_883_537_000)));
        assert!(Codec::Json.read::<Timestamp>(b"-1").is_err());
    }
}
