//! Laws of [`Segments`], over key sets and schedules.

use std::{borrow::Cow, collections::BTreeSet};

use proptest::prelude::*;

use super::*;

/// A store with pages of `page` keys, and its faults.
struct Store {
    keys: Vec<String>,
    page: usize,
    quirk: Quirk,
    requests: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Quirk {
    None,
    /// Every other page is short or empty, and truncated.
    Short,
    /// `start-after` does nothing.
    IgnoresStart,
    /// Keys are listed backwards.
    Backwards,
    /// Every page is sent twice.
    Twice,
}

fn entry(key: &str) -> Entry {
    Entry {
        key: Key::new(key).unwrap(),
        size: 1,
        etag: None,
        modified: None,
        storage_class: None,
        version: None,
    }
}

impl Store {
    fn new(keys: impl IntoIterator<Item = String>, page: usize, quirk: Quirk) -> Self {
        let mut keys: Vec<String> = keys.into_iter().collect();
        keys.sort();
        keys.dedup();
        Self { keys, page, quirk, requests: 0 }
    }

    fn list(&mut self, prefix: &str, from: &From) -> Page {
        self.requests += 1;
        let from_prefix = self.keys.partition_point(|key| key.as_str() < prefix);
        let within = self.keys[from_prefix..].partition_point(|key| key.starts_with(prefix));
        let mut keys = Cow::Borrowed(&self.keys[from_prefix..from_prefix + within]);
        if self.quirk == Quirk::Backwards {
            keys.to_mut().reverse();
        }
        let (at, turn) = match from {
            From::Start => (0, 0),
            From::After(_) if matches!(self.quirk, Quirk::IgnoresStart | Quirk::Backwards) => (0, 0),
            From::After(key) => (keys.partition_point(|it| it.as_str() <= key.as_str()), 0),
            From::Token(token) => {
                let (at, turn) = token.split_once('.').unwrap();
                (at.parse().unwrap(), turn.parse::<usize>().unwrap())
            }
        };
        let len = match (self.quirk, turn % 3) {
            (Quirk::Short, 0) => 0,
            (Quirk::Short, 1) => self.page.div_ceil(3),
            _ => self.page,
        };
        let end = (at + len).min(keys.len());
        let next = match (self.quirk, turn % 2) {
            (Quirk::Twice, 0) => Next::Token(format!("{at}.{}", turn + 1)),
            _ if end < keys.len() => Next::Token(format!("{end}.{}", turn + 1)),
            _ => Next::End,
        };
        Page { entries: keys[at..end].iter().map(|key| entry(key)).collect(), next }
    }
}

/// Lists it all, with up to `slots` pages in flight that come back in an order drawn from `seed`.
fn list(store: &mut Store, prefix: &str, slots: usize, seed: u64) -> (Vec<String>, Segments, usize) {
    let mut segments = Segments::new(prefix, slots);
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut flying, mut found, mut rounds) = (Vec::new(), Vec::new(), 0);
    loop {
        while flying.len() < slots
            && let Some(ask) = segments.next()
        {
            flying.push(ask);
        }
        if flying.is_empty() {
            break;
        }
        rounds += 1;
        // All that fly come back in a round if there is no seed, or else some of them.
        let mut landing = if seed == 0 { flying.len() } else { rng.usize(1..=flying.len()) };
        while landing > 0 {
            let ask = flying.swap_remove(rng.usize(..flying.len()));
            landing -= 1;
            let page = store.list(prefix, &ask.from);
            match segments.page(ask.segment, page) {
                Found::New(entries, _) => {
                    found.extend(entries.into_iter().map(|it| it.key.as_str().to_owned()));
                }
                Found::Restarted => found.clear(),
            }
        }
        assert!(rounds < 1_000_000, "it does not end");
    }
    assert!(segments.is_done());
    (found, segments, rounds)
}

fn exactly_once(keys: Vec<String>, prefix: &str, page: usize, slots: usize, quirk: Quirk, seed: u64) {
    let expected: BTreeSet<String> = keys.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
    let mut store = Store::new(keys, page, quirk);
    let (mut found, segments, _) = list(&mut store, prefix, slots, seed);
    found.sort();
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{quirk:?}");
    assert_eq!(segments.into_unlisted(), [], "{quirk:?}");
}

/// Few characters, so that prefixes are shared, of one to four bytes each.
fn keys() -> impl Strategy<Value = Vec<String>> {
    let any = prop::string::string_regex("[ab0-3/. \u{1}\u{e9}\u{ffff}\u{1f600}]{1,6}").unwrap();
    prop::collection::vec(any, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_key_is_found_exactly_once(
        keys in keys(),
        prefix in prop::sample::select(vec!["", "a", "a/", "\u{1f600}", "none"]),
        page in 1_usize..40,
        slots in 1_usize..20,
        quirk in prop::sample::select(vec![
            Quirk::None, Quirk::None, Quirk::Short, Quirk::IgnoresStart, Quirk::Backwards, Quirk::Twice,
        ]),
        seed in 1_u64..,
    ) {
        exactly_once(keys, prefix, page, slots, quirk, seed);
    }

    #[test]
    fn a_failure_leaves_a_gap_of_its_size(keys in keys(), page in 1_usize..40, seed in 1_u64.., broken in 0_usize..30) {
        let mut store = Store::new(keys.clone(), page, Quirk::None);
        let mut segments = Segments::new("", 8);
        let (mut found, mut asked) = (BTreeSet::new(), 0);
        let mut rng = fastrand::Rng::with_seed(seed);
        while let Some(ask) = segments.next() {
            asked += 1;
            if asked == broken || rng.u8(..) == 0 {
                segments.failed(ask.segment, Failed::invalid("no"));
                continue;
            }
            if let Found::New(entries, _) = segments.page(ask.segment, store.list("", &ask.from)) {
                found.extend(entries.into_iter().map(|it| it.key));
            }
        }
        let gaps = segments.into_unlisted();
        for key in keys.iter().map(|key| Key::new(key.as_str()).unwrap()) {
            let gap = gaps.iter().filter(|(range, _)| range.contains(&key)).count();
            prop_assert_eq!(gap, usize::from(!found.contains(&key)));
        }
    }
}

#[test]
fn a_large_store_is_split() {
    for (quirk, page) in [(Quirk::None, PAGE), (Quirk::Short, PAGE)] {
        let keys: Vec<String> =
            (0..60_000).map(|n: u32| format!("data/{:08x}", n.wrapping_mul(2_654_435_761))).collect();
        exactly_once(keys, "data/", page, 64, quirk, 7);
    }
}

#[test]
fn a_page_without_keys_or_progress_ends_the_segment() {
    for (next, again) in [(Next::More, false), (Next::Token("t".into()), true)] {
        let mut segments = Segments::new("", 4);
        let id = segments.next().unwrap().segment;
        segments.page(id, Page { entries: Vec::new(), next: next.clone() });
        if again {
            assert_eq!(segments.next().unwrap().from, From::Token("t".into()));
            segments.page(id, Page { entries: Vec::new(), next });
        }
        assert!(segments.is_done());
        let unlisted = segments.into_unlisted();
        assert_eq!(unlisted.len(), 1);
        assert_eq!(unlisted[0].0, KeyRange::ALL);
        assert!(unlisted[0].1.is_some());
    }
}

#[test]
fn a_store_out_of_order_without_tokens_is_not_listed() {
    let mut segments = Segments::new("", 4);
    let id = segments.next().unwrap().segment;
    let page = Page { entries: vec![entry("b"), entry("a")], next: Next::More };
    assert_eq!(segments.page(id, page.clone()), Found::Restarted);
    let id = segments.next().unwrap().segment;
    assert_eq!(segments.page(id, page), Found::New(vec![entry("b"), entry("a")], None));
    assert!(segments.is_done());
    assert_eq!(segments.into_unlisted().len(), 1);
}
