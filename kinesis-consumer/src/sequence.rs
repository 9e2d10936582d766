//! [`SequenceNumber`]: where a record stands in its shard.

use std::{error, fmt, str::FromStr};

/// Digits of a limb.
const DIGITS: usize = 19;
const LIMBS: usize = 4;

/// Where a record stands in its shard: a number of up to 76 decimal digits, compared as a number.
///
/// Kinesis gives 56 digits at present.
///
/// ```
/// use tidegate_kinesis_consumer::SequenceNumber;
///
/// let first: SequenceNumber = "99".parse()?;
/// let second: SequenceNumber = "49680473489332379742829045934916015623768002798184038418".parse()?;
/// assert!(first < second);
/// assert_eq!(first.to_string(), "99");
/// # Ok::<(), tidegate_kinesis_consumer::InvalidSequenceNumber>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber([u64; LIMBS]);

/// A text is no [`SequenceNumber`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSequenceNumber(String);

impl SequenceNumber {
    /// The least there is.
    pub const ZERO: Self = Self([0; LIMBS]);
}

impl FromStr for SequenceNumber {
    type Err = InvalidSequenceNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidSequenceNumber(text.chars().take(160).collect());
        let digits = text.as_bytes();
        let canonical = !digits.is_empty() && (digits[0] != b'0' || digits.len() == 1);
        if !canonical || digits.len() > DIGITS * LIMBS {
            return Err(invalid());
        }
        let mut limbs = [0; LIMBS];
        for (limb, chunk) in limbs.iter_mut().rev().zip(digits.rchunks(DIGITS)) {
            *limb = number(chunk).ok_or_else(invalid)?;
        }
        Ok(Self(limbs))
    }
}

/// The number that so many digits of a limb make, eight at a time: one is parsed for every record.
fn number(digits: &[u8]) -> Option<u64> {
    let (first, eights) = digits.as_rchunks();
    let first = first
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))?;
    eights.iter().try_fold(first, |number, digits| Some(number * 100_000_000 + eight(*digits)?))
}

/// The number that eight digits make: neighbours are joined, three times.
///
/// Source: <https://lemire.me/blog/2022/01/21/swar-explained-parsing-eight-digits/>
fn eight(digits: [u8; 8]) -> Option<u64> {
    let each = u64::from_le_bytes(digits) ^ 0x3030_3030_3030_3030;
    // What is above 9 reaches the highest bit of its byte.
    if (each | each.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = (each.wrapping_mul(10 << 8 | 1) >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_FFFF_0000_FFFF;
    Some(fours.wrapping_mul(10_000 << 32 | 1) >> 32)
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut limbs = self.0.iter().skip_while(|limb| **limb == 0);
        write!(f, "{}", limbs.next().unwrap_or(&0))?;
        limbs.try_for_each(|limb| write!(f, "{limb:0DIGITS$}"))
    }
}

impl fmt::Debug for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for InvalidSequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no sequence number: {:?}; one is a number of 1 to 76 digits without leading zeros", self.0)
    }
}

impl error::Error for InvalidSequenceNumber {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::SequenceNumber;

    proptest! {
        #[test]
        fn text_and_order_are_those_of_the_number(a in "0|[1-9][0-9]{0,75}", b in "0|[1-9][0-9]{0,75}") {
            let (first, second): (SequenceNumber, SequenceNumber) = (a.parse().unwrap(), b.parse().unwrap());
            prop_assert_eq!(first.to_string(), a.clone());
            prop_assert_eq!(first.cmp(&second), (a.len(), a).cmp(&(b.len(), b)));
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in ["", "007", "-1", "+1", "1a", "TRIM_HORIZON", &"9".repeat(77)] {
            assert!(text.parse::<SequenceNumber>().is_err(), "{text}");
        }
    }
}
