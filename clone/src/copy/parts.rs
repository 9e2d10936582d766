//! [`Parts`]: how an object is cut into parts.

/// The most parts of an upload.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MOST: u64 = 10_000;

/// The parts of an object: their size is a whole number of MiB if it had to grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    size: u64,
    part: u64,
}

impl Parts {
    /// Parts of `part` bytes, or larger ones if an object of `size` bytes would have too many.
    pub(crate) fn new(size: u64, part: u64) -> Self {
        const MIB: u64 = 1 << 20;
        let least = size.div_ceil(MOST);
        let part = if part >= least { part } else { least.next_multiple_of(MIB) };
        Self { size, part: part.max(1) }
    }

    /// How many bytes they have in all.
    pub(crate) fn size(self) -> u64 {
        self.size
    }

    /// How many there are.
    pub(crate) fn count(self) -> u64 {
        self.size.div_ceil(self.part)
    }

    /// Part `number`, from 1 on: its first and its last byte. None after the last part.
    pub(crate) fn range(self, number: u64) -> Option<(u64, u64)> {
        let first = number.checked_sub(1)?.checked_mul(self.part)?;
        (first < self.size).then(|| (first, (first + self.part).min(self.size) - 1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_grow_when_they_are_too_many() {
        let gib = 1 << 30;
        assert_eq!(Parts::new(6 * gib, 256 << 20).count(), 24);
        assert_eq!(Parts::new(50_000 * gib, 256 << 20).part, 5120 << 20);
        assert_eq!(Parts::new(10_000 * (5 << 20) + 1, 5 << 20).part, 6 << 20);
        assert_eq!(Parts::new(10, 4).range(3), Some((8, 9)));
        assert_eq!(Parts::new(10, 4).range(4), None);
        assert_eq!(Parts::new(10, 4).range(0), None);
    }

    proptest! {
        #[test]
        fn parts_tile_the_object(size in 1_u64..50_000_000_000_000, part in 5_u64 << 20..=5 << 30) {
            let parts = Parts::new(size, part);
            prop_assert!(parts.count() <= MOST);
            prop_assert_eq!(parts.range(1).unwrap().0, 0);
            prop_assert_eq!(parts.range(parts.count()).unwrap().1, size - 1);
            prop_assert_eq!(parts.range(parts.count() + 1), None);
            if let Some((first, _)) = parts.range(2) {
                prop_assert_eq!(first, parts.range(1).unwrap().1 + 1);
            }
        }
    }
}
