//! [`hole`]: hash keys whose records nobody reads.

use crate::HashRange;

/// The first hash keys that none of the ranges has.
pub(crate) fn hole(ranges: impl IntoIterator<Item = HashRange>) -> Option<HashRange> {
    let mut ranges: Vec<_> = ranges.into_iter().collect();
    ranges.sort_unstable();
    let mut next = 0;
    for range in ranges {
        if range.first > next {
            return Some(HashRange { first: next, last: range.first - 1 });
        }
        if range.last >= next {
            next = range.last.checked_add(1)?;
        }
    }
    Some(HashRange { first: next, last: u128::MAX })
}

/// Whether the ranges together have all of this one.
pub(super) fn covers(ranges: impl IntoIterator<Item = HashRange>, range: HashRange) -> bool {
    let before = range.first.checked_sub(1).map(|last| HashRange { first: 0, last });
    let after = range.last.checked_add(1).map(|first| HashRange { first, last: u128::MAX });
    hole(ranges.into_iter().chain(before).chain(after)).is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_first() {
        let range = |first, last| HashRange { first, last };
        assert_eq!(hole([]), Some(HashRange::ALL));
        assert_eq!(hole([HashRange::ALL]), None);
        assert_eq!(hole([range(0, 9), range(20, u128::MAX)]), Some(range(10, 19)));
        assert_eq!(hole([range(5, 9), range(0, 7)]), Some(range(10, u128::MAX)));
        assert_eq!(hole([range(1, u128::MAX)]), Some(range(0, 0)));
    }

    #[test]
    fn covers_what_it_has() {
        let range = |first, last| HashRange { first, last };
        assert!(covers([range(0, 9), range(10, 30)], range(5, 30)));
        assert!(!covers([range(0, 9), range(11, 30)], range(5, 30)));
        assert!(!covers([range(0, 9)], HashRange::ALL));
        assert!(covers([HashRange::ALL], range(0, 0)) && covers([HashRange::ALL], HashRange::ALL));
        assert!(!covers([], range(7, 7)));
    }

    proptest! {
        #[test]
        fn is_where_a_range_was_taken_out(mut cuts in prop::collection::btree_set(1_u128.., 1..40), out in any::<prop::sample::Index>()) {
            cuts.insert(0);
            let first: Vec<_> = cuts.into_iter().collect();
            let mut ranges: Vec<_> = first
                .iter()
                .enumerate()
                .map(|(i, first_key)| HashRange {
                    first: *first_key,
                    last: first.get(i + 1).map_or(u128::MAX, |next| next - 1),
                })
                .collect();
            prop_assert_eq!(hole(ranges.clone()), None);
            let taken = ranges.swap_remove(out.index(ranges.len()));
            prop_assert_eq!(hole(ranges), Some(taken));
        }
    }
}
