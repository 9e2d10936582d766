//! [`Shape`]: how parallel a listing is for keys of a shape, without a store and without a clock.
//!
//! A round is the time that one LIST takes: all that fly in it land at its end. The speed-up is the pages of
//! a serial walk over the rounds; the cost is the pages that were asked for over those of a serial walk.

use super::*;

/// As many as the bars are stated for.
const IN_FLIGHT: usize = 64;

/// So few that a debug build has them listed in no time; a million are listed better.
const KEYS: u64 = 200_000;

/// Keys, and how well so many must be listed.
struct Shape {
    name: &'static str,
    key: fn(u64) -> String,
    /// The least speed-up, and the highest cost.
    bar: (f64, f64),
}

/// Those that a million are listed of, too, with their bars.
const MILLIONS: [(&str, (f64, f64)); 3] =
    [("flat md5", (40.0, 1.3)), ("200,000 prefixes x 5", (40.0, 1.3)), ("one hot of 200, deep", (25.0, 2.0))];

/// How well keys were listed.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    rounds: usize,
    requests: usize,
    segments: u64,
}

fn hash(n: u64) -> u64 {
    let mut h = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    for _ in 0..2 {
        h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    }
    h ^ (h >> 31)
}

fn hex(n: u64) -> String {
    format!("{:016x}{:016x}", hash(n), hash(!n))
}

/// A word of 3 to 10 letters.
fn word(n: u64) -> String {
    const SYLLABLES: [&str; 16] = [
        "ar", "bel", "con", "dis", "en", "for", "gra", "in", "lo", "men", "per", "re", "sta", "tor", "un",
        "ver",
    ];
    let mut h = hash(n ^ 0xabcd);
    let mut word = String::new();
    for _ in 0..2 + h % 3 {
        h /= 16;
        word += SYLLABLES[usize::try_from(h % 16).unwrap()];
    }
    word
}

/// A time in the form of RFC 3339, some seconds after the start of 2025.
fn time(seconds: u64) -> String {
    const DAYS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let (mut day, mut month) = (seconds / 86_400, 0);
    while day >= DAYS[month % 12] {
        day -= DAYS[month % 12];
        month += 1;
    }
    format!(
        "{}-{:02}-{:02}T{:02}:{:02}:{:02}",
        2025 + month / 12,
        1 + month % 12,
        1 + day,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

const SHAPES: [Shape; 20] = [
    Shape { name: "flat md5", key: |n| format!("data/{}", hex(n)), bar: (20.0, 1.6) },
    Shape { name: "flat numbers", key: |n| format!("log-{n:012}.json"), bar: (15.0, 2.5) },
    Shape { name: "flat numbers, unpadded", key: |n| format!("object-{n}"), bar: (18.0, 2.1) },
    Shape {
        name: "flat timestamps",
        key: |n| format!("ev/{}.{:03}Z-{}", time(n * 4 + hash(n) % 4), hash(n) % 1000, &hex(n)[..6]),
        bar: (14.0, 2.5),
    },
    Shape {
        name: "flat UUIDs",
        key: |n| {
            let h = hex(n);
            format!("{}-{}-4{}-a{}-{}", &h[..8], &h[8..12], &h[13..16], &h[17..20], &h[20..])
        },
        bar: (20.0, 1.5),
    },
    Shape {
        name: "200,000 prefixes x 5",
        key: |n| format!("tenant-{}/file{}.json", &hex(n / 5)[..20], n % 5),
        bar: (18.0, 2.0),
    },
    Shape {
        name: "200,000 numbered prefixes x 5",
        key: |n| format!("prefix-{:06}/object-{}", n / 5, n % 5),
        bar: (18.0, 2.3),
    },
    Shape {
        name: "200,000 unpadded prefixes x 5",
        key: |n| format!("p{}/o{}", n / 5, n % 5),
        bar: (20.0, 1.5),
    },
    Shape {
        name: "one hot of 200, deep",
        key: |n| match n % 10 {
            0 => format!("p{:03}/obj-{:06}", n / 10 % 200, n / 2000),
            _ => format!(
                "p117/year=2025/month=09/day={:02}/host-{:04}/part-{}.parquet",
                1 + n % 3,
                n % 97,
                &hex(n)[..12]
            ),
        },
        bar: (11.0, 3.5),
    },
    Shape {
        name: "one hot of 200, hours",
        key: |n| match n % 10 {
            0 => format!("p{:03}/obj-{:06}", n / 10 % 200, n / 2000),
            _ => format!("p117/day={:02}/hour={:02}/part-{:05}", 1 + n % 29, n / 29 % 24, n / 696),
        },
        bar: (11.0, 4.0),
    },
    Shape {
        name: "one hot, flat",
        key: |n| match n % 10 {
            0 => format!("prefix-{:03}/object-{n:07}", n / 10 % 200),
            _ => format!("prefix-042/object-{n:07}"),
        },
        bar: (13.0, 2.8),
    },
    Shape {
        name: "one hot of 1,000 words",
        key: |n| match n % 10 {
            0 => format!("{}/{}", word(n / 10 % 1000), word(n)) + &n.to_string(),
            _ => format!("hot/{}/{}-{n}", word(n % 50), word(n)),
        },
        bar: (9.0, 5.5),
    },
    Shape {
        name: "two hot roots, not ASCII",
        key: |n| if n % 2 == 0 { format!("datos/año=2025/é-{n:07}") } else { format!("資料/{}", hex(n)) },
        bar: (16.0, 2.4),
    },
    Shape {
        name: "Chinese titles",
        key: |n| {
            let h = hash(n);
            let title: String = (0..4)
                .filter_map(|at| {
                    char::from_u32(0x4e00 + u32::try_from((h >> (at * 12)) & 0xfff).unwrap() * 5)
                })
                .collect();
            format!("図書/{title}/{n}")
        },
        bar: (14.0, 1.5),
    },
    Shape {
        name: "long common prefix",
        key: |n| {
            format!("{}/{}/{:06}", "very-long/".repeat(60), if n % 3 == 0 { "raw" } else { "refined" }, n)
        },
        bar: (15.0, 2.5),
    },
    Shape {
        name: "words of any length",
        key: |n| format!("{}/{}/{}-{n}.txt", word(n % 700), word(n % 9001), word(n)),
        bar: (13.0, 3.5),
    },
    Shape {
        name: "base 64",
        key: |n| {
            const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            (0..11)
                .map(|at| {
                    char::from(DIGITS[usize::try_from((hash(n + at / 10) >> (at % 10 * 6)) % 64).unwrap()])
                })
                .collect()
        },
        bar: (22.0, 1.5),
    },
    Shape {
        name: "delivered logs",
        key: |n| {
            let time = time(n * 60 / 2);
            let (day, clock) = time.split_once('T').unwrap();
            format!(
                "AWSLogs/{:012}/elasticloadbalancing/eu-west-1/{}/app-{}_{}Z_{}.log.gz",
                123_456_789_012 + n % 2 * 777_777_777_777,
                day.replace('-', "/"),
                n % 3,
                clock.replace(':', ""),
                &hex(n)[..8]
            )
        },
        bar: (9.0, 5.5),
    },
    Shape {
        name: "tenants after Zipf's law",
        key: |n| {
            // As often as one over its rank.
            let tenant = 1000_u64.checked_div(1 + hash(n) % 1000).unwrap_or_default();
            format!("tenant-{}/{}/{n:07}", &hex(tenant)[..8], word(n % 20))
        },
        bar: (9.0, 5.5),
    },
    Shape {
        name: "days and hours",
        key: |n| {
            let time = time(n * 20);
            format!(
                "events/day={}/hour={}/part-{:05}-{}.snappy.parquet",
                &time[..10],
                &time[11..13],
                n % 180,
                &hex(n)[..8]
            )
        },
        bar: (13.0, 4.0),
    },
];

fn keys(count: u64, key: fn(u64) -> String) -> Vec<Key> {
    let mut keys: Vec<Key> = (0..count).map(|n| Key::new(key(n)).unwrap()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Lists in rounds.
fn list(keys: &[Key], segments: &mut Segments) -> Outcome {
    let (mut rounds, mut requests, mut found) = (0, 0, 0);
    loop {
        let asks: Vec<Ask> = std::iter::from_fn(|| segments.next()).take(IN_FLIGHT).collect();
        if asks.is_empty() {
            assert_eq!(found, keys.len());
            return Outcome { rounds, requests, segments: segments.created() };
        }
        rounds += 1;
        requests += asks.len();
        for Ask { segment, from, .. } in asks {
            let at = match from {
                From::Start => 0,
                From::After(key) => keys.partition_point(|it| *it <= key),
                From::Token(token) => token.parse().unwrap(),
            };
            let end = (at + PAGE).min(keys.len());
            let entries = keys[at..end]
                .iter()
                .map(|key| Entry {
                    key: key.clone(),
                    size: 1,
                    etag: None,
                    modified: None,
                    storage_class: None,
                    version: None,
                })
                .collect();
            let next = if end < keys.len() { Next::Token(end.to_string()) } else { Next::End };
            if let Found::New(entries, _) = segments.page(segment, Page { entries, next }) {
                found += entries.len();
            }
        }
    }
}

/// Lists keys of a shape, and says so if it is not done well enough.
fn missed(name: &str, keys: &[Key], (least, most): (f64, f64)) -> Option<String> {
    let Outcome { rounds, requests, segments } = list(keys, &mut Segments::new("", IN_FLIGHT));
    let [serial, took, requests] =
        [keys.len().div_ceil(PAGE), rounds, requests].map(|count| f64::from(u32::try_from(count).unwrap()));
    let (faster, cost) = (serial / took, requests / serial);
    let line = format!(
        "{name:30} {:7} keys {rounds:4} rounds {faster:5.1} times as fast {cost:5.2} times the requests {segments:5} segments",
        keys.len(),
    );
    println!("{line}");
    (faster < least || cost > most).then_some(line)
}

#[test]
fn listing_is_parallel_whatever_the_keys() {
    let missed = SHAPES.iter().filter_map(|it| missed(it.name, &keys(KEYS, it.key), it.bar));
    assert_eq!(missed.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_million_keys_are_listed_in_parallel() {
    let shape = |name: &str| SHAPES.iter().find(|it| it.name == name).unwrap();
    let missed =
        MILLIONS.iter().filter_map(|(name, bar)| missed(name, &keys(1_000_000, shape(name).key), *bar));
    assert_eq!(missed.collect::<Vec<_>>(), [""; 0]);
}

/// Keys that were listed before are listed at once, whatever they look like; and no worse than by guesses if there are more.
#[test]
fn hints_are_worth_more_than_guesses() {
    for Shape { name, key, .. } in &SHAPES {
        let (keys, more) = (keys(KEYS / 2, *key), keys(KEYS * 11 / 20, *key));
        let mut guessed = Segments::new("", IN_FLIGHT);
        let first = list(&keys, &mut guessed);
        let hints = guessed.take_hints();
        let again = list(&keys, &mut Segments::over("", IN_FLIGHT, &[KeyRange::ALL], &hints));
        assert!(
            again.rounds <= first.rounds && again.requests <= first.requests + IN_FLIGHT,
            "{name}: {first:?} {again:?}"
        );
        assert!(again.rounds <= 7, "{name}: 100 pages in ranges of four: {again:?}");
        let later = list(&more, &mut Segments::over("", IN_FLIGHT, &[KeyRange::ALL], &hints));
        assert!(later.rounds <= first.rounds + 1, "{name}: {first:?} {later:?}");
    }
}

/// What fits into a few pages takes no longer than one page after the other, and a few probes for each that may fly.
#[test]
fn small_buckets_cost_little() {
    for count in [0, 1, 1_000, 1_001, 2_000, 5_000, 7_500, 20_000] {
        for Shape { name, key, .. } in &SHAPES {
            let keys = keys(count, *key);
            let outcome = list(&keys, &mut Segments::new("", IN_FLIGHT));
            let serial = keys.len().div_ceil(PAGE).max(1);
            assert!(outcome.rounds <= serial + 1, "{name}, {count}: {outcome:?}");
            assert!(outcome.requests <= serial + 8 * IN_FLIGHT, "{name}, {count}: {outcome:?}");
        }
    }
}
