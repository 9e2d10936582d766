//! Bisection finds exactly what is poisoned, in order, and in few runs.

#![cfg(not(tidegate_loom))]

use std::collections::BTreeSet;

use proptest::{collection::btree_set, prelude::*};
use tidegate_lanes::Bisect;

proptest! {
    #[test]
    fn it_finds_each_poison_in_order(len in 0..400_usize, poisoned in btree_set(0..400_usize, 0..12)) {
        let poisoned: BTreeSet<_> = poisoned.into_iter().filter(|it| *it < len).collect();
        let mut bisect = Bisect::new(len);
        let (mut runs, mut found, mut done) = (0, Vec::new(), Vec::new());
        while let Some(part) = bisect.next() {
            runs += 1;
            prop_assert!(!part.is_empty());
            if poisoned.range(part.clone()).next().is_none() {
                done.extend(part);
                bisect.succeeded();
            } else if let Some(poison) = bisect.failed() {
                prop_assert_eq!(bisect.next(), Some(poison..poison + 1));
                found.push(poison);
                done.push(poison);
                bisect.succeeded();
            }
        }
        prop_assert_eq!(done, (0..len).collect::<Vec<_>>(), "in order, each once");
        prop_assert_eq!(&found, &poisoned.iter().copied().collect::<Vec<_>>());
        let log = len.max(1).ilog2() as usize + 1;
        prop_assert!(runs <= 2 * found.len() * (log + 1) + 1, "{runs} runs for {} of {len}", found.len());
    }

    #[test]
    fn what_is_named_runs_alone(len in 1..100_usize, named in btree_set(0..120_usize, 0..20)) {
        let mut bisect = Bisect::new(len);
        bisect.failed_only(named.iter().rev().copied());
        let mut parts = Vec::new();
        while let Some(part) = bisect.next() {
            parts.push(part);
            bisect.succeeded();
        }
        let expected: Vec<_> = named.into_iter().filter(|it| *it < len).map(|it| it..it + 1).collect();
        prop_assert_eq!(parts, expected);
    }
}
