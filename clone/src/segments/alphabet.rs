//! [`Alphabet`]: the characters of the keys seen so far, and keys as numbers in it.

use crate::Key;

/// The most digits of a number stay below this, so that a product with a page's keys fits into `u128`.
const BITS: u32 = 96;

/// The characters of the keys seen so far, in the order of their bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alphabet {
    chars: Vec<char>,
    /// What all of them begin with; nothing before the first.
    common: Option<String>,
}

impl Alphabet {
    /// Learns the characters of a key. Control characters are left out: a key made of guesses need not have
    /// any.
    pub(crate) fn learn(&mut self, key: &str) {
        match &mut self.common {
            Some(common) => common.truncate(common_prefix(common, key)),
            None => self.common = Some(key.to_owned()),
        }
        for c in key.chars().filter(|c| !c.is_control()) {
            if let Err(at) = self.chars.binary_search(&c) {
                self.chars.insert(at, c);
            }
        }
    }

    fn base(&self) -> u128 {
        self.chars.len().max(2) as u128
    }

    /// The digit of `c`: a character that is not in the alphabet counts as the next one that is.
    fn digit(&self, c: char) -> u128 {
        let at = self.chars.binary_search(&c).unwrap_or_else(|at| at);
        (at as u128).min(self.base() - 1)
    }

    /// How many digits fit.
    fn width(&self) -> usize {
        (BITS / (u128::BITS - self.base().leading_zeros()).max(1)) as usize
    }

    /// How many bytes of `last` and of all that is up to `until` say nothing, and where that ends then: what both begin with;
    /// or, where all keys begin with more than a number has room for, as much of that as leaves room.
    fn stem<'u>(&self, last: &str, until: Option<&'u str>) -> (usize, Option<&'u str>) {
        let shared = until.map_or(0, |until| common_prefix(last, until));
        let common = self.common.as_deref().filter(|common| last.starts_with(common)).unwrap_or_default();
        let (chars, width) = (common.chars().count(), self.width());
        let stem = if chars < width { 0 } else { chars - width / 2 };
        let stem = common.char_indices().nth(stem).map_or(common.len(), |(at, _)| at);
        if stem > shared { (stem, None) } else { (shared, until.map(|until| &until[shared..])) }
    }

    /// The number of the first `width` characters of `text`; missing ones count as the first.
    fn number(&self, text: &str, width: usize) -> u128 {
        let base = self.base();
        let mut chars = text.chars();
        (0..width).fold(0, |number, _| number * base + chars.next().map_or(0, |c| self.digit(c)))
    }

    /// The number of the end: a key, or none for the last that there can be.
    fn end(&self, text: Option<&str>, width: usize) -> u128 {
        match text {
            Some(text) => self.number(text, width),
            None => (0..width).fold(0, |number, _| number * self.base() + (self.base() - 1)),
        }
    }

    /// How many keys there may be after `last` and up to `until`, if `count` were found between `first` and
    /// `last`. All without the prefix that every key has.
    pub(crate) fn estimate(&self, first: &str, last: &str, count: usize, until: Option<&str>) -> u64 {
        let (common, until) = self.stem(last, until);
        let width = self.width();
        let at = self.number(&last[common..], width);
        // A first key from before the common part is as far away as can be told.
        let from = first.get(common..).filter(|_| first[..common] == last[..common]);
        let from = from.map_or(0, |first| self.number(first, width));
        let left = self.end(until, width).saturating_sub(at);
        let span = at.saturating_sub(from).max(1);
        u64::try_from(left.saturating_mul(count as u128) / span).unwrap_or(u64::MAX)
    }

    /// Up to `pieces - 1` keys that cut `(last, until]` into equal pieces, strictly inside of it and in
    /// order. All without the prefix, which takes up `prefix_len` bytes.
    pub(crate) fn cuts(
        &self,
        last: &str,
        until: Option<&str>,
        pieces: usize,
        prefix_len: usize,
    ) -> Vec<String> {
        if self.chars.len() < 2 || pieces < 2 {
            return Vec::new();
        }
        let (common, high) = self.stem(last, until);
        let low = &last[common..];
        let spaces = |width| {
            let from = self.number(low, width);
            (from, self.end(high, width).saturating_sub(from))
        };
        let Some(width) = (1..=self.width()).find(|width| spaces(*width).1 > pieces as u128) else {
            return Vec::new();
        };
        let (from, space) = spaces(width);
        let mut cuts: Vec<String> = Vec::with_capacity(pieces - 1);
        for piece in 1..pieces as u128 {
            let cut =
                format!("{}{}", &last[..common], self.text(from + space * piece / pieces as u128, width));
            let inside = cut.as_str() > last
                && until.is_none_or(|until| cut.as_str() < until)
                && cuts.last().is_none_or(|before| *before < cut)
                && prefix_len + cut.len() <= Key::MAX_BYTES;
            if inside {
                cuts.push(cut);
            }
        }
        cuts
    }

    /// The key with this number, without the first character at its end, which says nothing there.
    fn text(&self, mut number: u128, width: usize) -> String {
        let mut digits = Vec::with_capacity(width);
        for _ in 0..width {
            digits.push(usize::try_from(number % self.base()).unwrap_or(0));
            number /= self.base();
        }
        let ends = digits.iter().position(|digit| *digit != 0).unwrap_or(digits.len());
        digits[ends..].iter().rev().filter_map(|digit| self.chars.get(*digit)).collect()
    }
}

/// How many bytes both begin with, up to a whole character.
fn common_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_cut_into_equal_pieces() {
        let mut alphabet = Alphabet::default();
        alphabet.learn("0123456789");
        assert_eq!(alphabet.cuts("1000", Some("9000"), 4, 0), ["3", "5", "7"]);
        assert_eq!(alphabet.cuts("a/1", Some("a/9"), 2, 0), ["a/5"]);
        assert_eq!(alphabet.estimate("1000", "1999", 1000, Some("3000")), 1002);
        assert_eq!(alphabet.estimate("1000", "1000", 0, None), 0);
    }

    #[test]
    fn a_range_without_room_is_not_cut() {
        let mut alphabet = Alphabet::default();
        assert!(alphabet.cuts("a", None, 4, 0).is_empty());
        alphabet.learn("ab");
        assert!(alphabet.cuts("a", Some("aa"), 4, 0).iter().all(|cut| cut.as_str() < "aa"));
        assert!(alphabet.cuts(&"b".repeat(1024), None, 4, 0).is_empty());
        assert!(alphabet.cuts("a", Some("b"), 2, 1023).iter().all(|cut| cut.len() <= 1));
    }

    proptest! {
        #[test]
        fn cuts_are_legal(
            seen in prop::collection::vec(".{0,12}", 0..8),
            last in ".{0,12}",
            until in prop::option::of(".{1,12}"),
            pieces in 0_usize..70,
            prefix_len in 0_usize..1024,
        ) {
            prop_assume!(until.as_ref().is_none_or(|until| last < *until));
            let mut alphabet = Alphabet::default();
            for key in &seen {
                alphabet.learn(key);
            }
            let cuts = alphabet.cuts(&last, until.as_deref(), pieces, prefix_len);
            prop_assert!(cuts.len() < pieces.max(1));
            prop_assert!(cuts.is_sorted_by(|a, b| a < b));
            for cut in cuts {
                prop_assert!(cut > last && until.as_ref().is_none_or(|until| cut < *until));
                prop_assert!(prefix_len + cut.len() <= 1024);
            }
            alphabet.estimate("", &last, 1000, until.as_deref());
        }
    }
}
