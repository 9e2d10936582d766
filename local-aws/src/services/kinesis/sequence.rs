//! Sequence numbers: 56 decimal digits, in the order in which a shard and then its children take records.

use std::fmt;

/// What makes the number start with 49, as AWS's do: 2 to the power of 185.
const TOP: u64 = 1 << 57;

/// The digits of a number.
const DIGITS: usize = 56;

/// The largest power of ten in a word.
const CHUNK: u64 = 10_u64.pow(19);

/// A number of 186 bits: from the top, the era of the shard, the record's place in it, the second, the shard.
///
/// A child's era is later than its parents', so that its numbers are all above theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sequence {
    high: u64,
    low: u128,
}

impl Sequence {
    /// The number of the place `place` of a shard.
    pub(crate) fn new(era: u64, place: u64, second: u64, shard: u32) -> Self {
        let low = u128::from(place) << 72 | u128::from(second) << 36 | u128::from(shard) << 4 | 2;
        Self { high: TOP | era << 20 | place >> 56, low }
    }

    pub(crate) const fn era(self) -> u64 {
        (self.high & (TOP - 1)) >> 20
    }

    pub(crate) const fn shard(self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "32 of the bits are meant")]
        let shard = (self.low >> 4) as u32;
        shard
    }

    /// Reads decimal digits; `None` if it is no number, or one that is too large.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (mut high, mut low) = (0_u64, 0_u128);
        for digit in text.bytes().map(|byte| byte - b'0') {
            // Ten times the low word, by halves, so that the carry is seen.
            let lower = (low & u128::from(u64::MAX)) * 10 + u128::from(digit);
            let upper = (low >> 64) * 10 + (lower >> 64);
            low = upper << 64 | (lower & u128::from(u64::MAX));
            let carry = u64::try_from(upper >> 64).ok()?;
            high = high.checked_mul(10)?.checked_add(carry)?;
        }
        Some(Self { high, low })
    }

    /// The decimal digits.
    pub(crate) fn digits(self) -> [u8; DIGITS] {
        let mut digits = [b'0'; DIGITS];
        #[expect(clippy::cast_possible_truncation, reason = "the words of the number")]
        let mut words = [self.high, (self.low >> 64) as u64, self.low as u64];
        for end in [DIGITS, DIGITS - 19] {
            write(divide(&mut words), &mut digits[..end]);
        }
        // What is left has 18 digits, as the whole has less than 57.
        write(words[2], &mut digits[..DIGITS - 38]);
        digits
    }
}

/// Divides a number of three words by 10 to the power of 19; the remainder.
fn divide(words: &mut [u64; 3]) -> u64 {
    let mut rest = 0;
    for word in words {
        let value = u128::from(rest) << 64 | u128::from(*word);
        #[expect(clippy::cast_possible_truncation, reason = "the rest is below the divisor")]
        let (quotient, remainder) = ((value / u128::from(CHUNK)) as u64, (value % u128::from(CHUNK)) as u64);
        (*word, rest) = (quotient, remainder);
    }
    rest
}

/// Fills a place with the last digits of a number, two at a time.
fn write(mut number: u64, place: &mut [u8]) {
    #[expect(clippy::cast_possible_truncation, reason = "digits")]
    let mut take = |below: u64| {
        let digits = (number % below) as u8;
        number /= below;
        digits
    };
    let mut pairs = place.rchunks_exact_mut(2);
    for pair in &mut pairs {
        let digits = take(100);
        pair.copy_from_slice(&[b'0' + digits / 10, b'0' + digits % 10]);
    }
    for digit in pairs.into_remainder() {
        *digit = b'0' + take(10);
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl serde::Serialize for Sequence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn they_look_as_aws_writes_them() {
        let text = Sequence::new(1_763_883_537, 0, 0, 0).to_string();
        assert_eq!((text.len(), &text[..2]), (56, "49"));
        // Eras are seconds: until 2055 they keep the two digits.
        let largest = Sequence::new(2_690_000_000, u64::MAX, 1 << 35, u32::MAX).to_string();
        assert_eq!((largest.len(), &largest[..2]), (56, "49"));
        // 2 to the power of 185.
        assert_eq!(
            Sequence { high: TOP, low: 0 }.to_string(),
            "49039857307708443467467104868809893875799651909875269632"
        );
        for wrong in ["", "-1", "+1", "1e5", "LATEST", &"9".repeat(57)] {
            assert_eq!(Sequence::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        /// Texts of one length are ordered as the numbers are, and read back the same.
        #[test]
        fn order_and_round_trip(
            era in (0_u64..1 << 36, 0_u64..1 << 36), place: (u64, u64),
            second in (0_u64..1 << 36, 0_u64..1 << 36), shard: (u32, u32),
        ) {
            let one = Sequence::new(era.0, place.0, second.0, shard.0);
            let two = Sequence::new(era.1, place.1, second.1, shard.1);
            prop_assert_eq!(one.cmp(&two), one.to_string().cmp(&two.to_string()));
            let keys = |n: usize| {
                let pick = |pair: (u64, u64)| if n == 0 { pair.0 } else { pair.1 };
                (pick(era), pick(place), pick(second), if n == 0 { shard.0 } else { shard.1 })
            };
            prop_assert_eq!(one.cmp(&two), keys(0).cmp(&keys(1)));
            prop_assert_eq!(Sequence::parse(&one.to_string()), Some(one));
            prop_assert_eq!((one.era(), one.shard()), (era.0, shard.0));
        }
    }
}
