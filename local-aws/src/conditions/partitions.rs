//! The partitions of an S3 bucket: ranges of keys that split slowly under sustained load.

use std::{collections::BTreeMap, ops::Bound, time::Duration};

/// How many keys a partition under load remembers, to find their median.
const SAMPLE: usize = 255;

/// The key ranges of one bucket. It starts as one; a range that is throttled again and again for the time
/// to split is cut at the median of the keys it was asked for meanwhile.
///
/// Source: <https://repost.aws/knowledge-center/s3-object-key-naming-pattern> (30 to 60 minutes).
#[derive(Debug)]
pub(crate) struct Partitions {
    split_after: Duration,
    /// By first key; the range ends where the next one starts.
    ranges: BTreeMap<String, Partition>,
    random: fastrand::Rng,
}

#[derive(Debug, Default)]
struct Partition {
    id: usize,
    load: Option<Load>,
}

/// A load that meets the limit, since its first throttle.
#[derive(Debug)]
struct Load {
    since: Duration,
    last_throttle: Duration,
    seen: usize,
    sample: Vec<String>,
}

impl Partitions {
    pub(crate) fn new(split_after: Duration, seed: u64) -> Self {
        let ranges = BTreeMap::from([(String::new(), Partition::default())]);
        Self { split_after, ranges, random: fastrand::Rng::with_seed(seed) }
    }

    /// The partition that holds the key.
    pub(crate) fn of(&self, key: &str) -> usize {
        self.ranges
            .range::<str, _>((Bound::Unbounded, Bound::Included(key)))
            .next_back()
            .map_or(0, |(_, partition)| partition.id)
    }

    /// Takes note of a request for a key; splits its partition when that is due.
    pub(crate) fn record(&mut self, now: Duration, key: &str, throttled: bool) {
        let up_to = (Bound::Unbounded, Bound::Included(key));
        let Some((first, partition)) = self.ranges.range_mut::<str, _>(up_to).next_back() else { return };
        // A pause of a tenth of the time to split ends the load.
        let pause = self.split_after / 10;
        if partition.load.as_ref().is_some_and(|load| now.saturating_sub(load.last_throttle) > pause) {
            partition.load = None;
        }
        if throttled {
            let start = || Load { since: now, last_throttle: now, seen: 0, sample: Vec::new() };
            partition.load.get_or_insert_with(start).last_throttle = now;
        }
        let Some(load) = &mut partition.load else { return };
        load.remember(key, &mut self.random);
        if now.saturating_sub(load.since) < self.split_after {
            return;
        }
        let cut = load.median().filter(|cut| *cut > first.as_str()).map(str::to_owned);
        partition.load = None;
        if let Some(cut) = cut {
            let id = self.ranges.len();
            self.ranges.insert(cut, Partition { id, load: None });
        }
    }

    /// How many partitions there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.ranges.len()
    }
}

impl Load {
    /// Keeps a uniform sample of all keys since the load began.
    fn remember(&mut self, key: &str, random: &mut fastrand::Rng) {
        self.seen += 1;
        if self.sample.len() < SAMPLE {
            self.sample.push(key.to_owned());
        } else if let Some(slot) = self.sample.get_mut(random.usize(..self.seen)) {
            key.clone_into(slot);
        }
    }

    fn median(&mut self) -> Option<&str> {
        self.sample.sort_unstable();
        self.sample.get(self.sample.len() / 2).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Asks for 1,000 keys each second, all of them throttled.
    fn press(partitions: &mut Partitions, from: u32, seconds: u32) {
        for second in from..from + seconds {
            for n in 0..1_000 {
                partitions.record(SECOND * second, &format!("k{n:03}"), true);
            }
        }
    }

    #[test]
    fn sustained_load_splits_at_the_median() {
        let mut partitions = Partitions::new(SECOND * 20, 7);
        press(&mut partitions, 0, 20);
        assert_eq!(partitions.len(), 1);
        press(&mut partitions, 20, 1);
        assert_eq!(partitions.len(), 2);
        assert_eq!(partitions.of("k000"), 0);
        assert_eq!(partitions.of("k999"), 1);
        let cut = partitions.ranges.keys().nth(1).unwrap();
        assert!((cut.as_str() > "k400") && (cut.as_str() < "k600"), "{cut}");
        press(&mut partitions, 21, 21);
        assert_eq!(partitions.len(), 4);
    }

    #[test]
    fn a_pause_ends_the_load() {
        let mut partitions = Partitions::new(SECOND * 20, 7);
        press(&mut partitions, 0, 18);
        press(&mut partitions, 22, 18);
        assert_eq!(partitions.len(), 1);
    }

    #[test]
    fn load_below_the_limit_splits_nothing() {
        let mut partitions = Partitions::new(SECOND, 7);
        for n in 0..100 {
            partitions.record(SECOND * n, &format!("k{n}"), false);
        }
        assert_eq!(partitions.len(), 1);
    }

    #[test]
    fn one_hot_key_cannot_be_split() {
        let mut partitions = Partitions::new(SECOND, 7);
        for n in 0..1_000 {
            partitions.record(Duration::from_millis(10) * n, "a", true);
        }
        assert!(partitions.len() <= 2);
        let one = partitions.len();
        for n in 1_000..9_000 {
            partitions.record(Duration::from_millis(10) * n, "a", true);
        }
        assert_eq!(partitions.len(), one);
    }
}
