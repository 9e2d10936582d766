//! Entries before a service that does some, refuses some, forgets some, and is throttled now and then.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use tidegate_lanes::Backoff;
use tidegate_sqs_consumer::outgoing::{Batch, End, EntryId, Outgoing, Reply, Settings};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[derive(Clone, Debug)]
struct Push {
    at: u64,
    bytes: usize,
    /// How much time it has.
    has: Option<u64>,
    /// Whether it is refused, when it is judged.
    refused: bool,
}

fn push() -> impl Strategy<Value = Push> {
    let bytes = prop_oneof![Just(300_usize), 1..300_000_usize, Just(1 << 20), Just(2 << 20)];
    (0..3_000_u64, bytes, prop::option::of(0..30_000_u64), prop::bool::weighted(0.05))
        .prop_map(|(at, bytes, has, refused)| Push { at, bytes, has, refused })
}

struct World {
    random: fastrand::Rng,
    /// Of a hundred entries, so many are to be tried again; of a hundred calls, so many fail.
    troubles: (u32, u32),
    in_flight: BTreeMap<(Duration, usize), Batch<usize>>,
    /// Everything is fine from then on.
    end: Duration,
    batches: usize,
}

impl World {
    fn send(&mut self, now: Duration, batch: Batch<usize>) {
        assert!((1..=10).contains(&batch.len()) && !batch.is_empty());
        assert!(batch.bytes() <= 1 << 20 || batch.len() == 1);
        let sent: Vec<_> = self.in_flight.values().flat_map(Batch::entries).map(|it| it.0).collect();
        let ids: BTreeSet<_> = batch.entries().map(|it| it.0).chain(sent.iter().copied()).collect();
        assert_eq!(ids.len(), batch.len() + sent.len(), "an entry is sent once at a time");
        let texts = batch.entries().map(|it| it.0.to_string()).collect::<BTreeSet<_>>();
        assert!(texts.len() == batch.len() && texts.iter().all(|it| it.len() <= 80));
        self.batches += 1;
        let at = now + ms(self.random.u64(1..40));
        self.in_flight.insert((at, self.batches), batch);
    }

    fn answer(
        &mut self,
        now: Duration,
        batch: Batch<usize>,
        pushes: &[Push],
        outgoing: &mut Outgoing<usize>,
    ) {
        let (entries, calls) = if now < self.end { self.troubles } else { (0, 0) };
        if self.random.u32(0..100) < calls {
            return outgoing.failed(now, batch);
        }
        let mut replies = Vec::new();
        for (id, push) in batch.entries() {
            if self.random.u32(0..100) < entries {
                // It says so, or it says nothing.
                replies.extend(self.random.bool().then_some((id, Reply::Again)));
            } else {
                replies.push((id, if pushes[*push].refused { Reply::Refused } else { Reply::Done }));
            }
        }
        outgoing.answered(now, batch, replies);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn each_entry_ends_once_and_as_it_should(
        mut pushes in vec(push(), 1..150),
        troubles in prop_oneof![Just((0_u32, 0_u32)), (0..70_u32, 0..70_u32)],
        parallelism in 0..5_usize,
        linger in 0..200_u64,
        flushes in prop::option::of(0..3_000_u64),
        seed: u64,
    ) {
        pushes.sort_by_key(|push| push.at);
        let mut settings = Settings::default();
        (settings.parallelism, settings.linger) = (parallelism, ms(linger));
        let mut outgoing = Outgoing::new(settings);
        let random = fastrand::Rng::with_seed(seed);
        let mut world = World { random, troubles, in_flight: BTreeMap::new(), end: ms(20_000), batches: 0 };
        let mut ends = BTreeMap::new();
        let mut pushed: BTreeMap<EntryId, usize> = BTreeMap::new();
        let mut now = Duration::ZERO;
        loop {
            let push = pushes.get(pushed.len()).map(|push| ms(push.at));
            let reply = world.in_flight.first_key_value().map(|((at, _), _)| *at);
            let Some(at) = [push, reply, outgoing.deadline()].into_iter().flatten().min() else { break };
            now = now.max(at);
            if flushes.is_some_and(|at| ms(at) <= now) {
                outgoing.flush();
            }
            if push == Some(at) {
                let it = &pushes[pushed.len()];
                let id = outgoing.push(now, pushed.len(), it.bytes, it.has.map(|has| now + ms(has)));
                pushed.insert(id, pushed.len());
            } else if reply == Some(at) {
                let (_, batch) = world.in_flight.pop_first().unwrap();
                world.answer(now, batch, &pushes, &mut outgoing);
            }
            while let Some(batch) = outgoing.next(now) {
                world.send(now, batch);
                prop_assert!(world.in_flight.len() <= parallelism.max(1));
            }
            prop_assert!(outgoing.deadline().is_none_or(|at| at > now), "what is due is sent");
            while let Some((id, push, end)) = outgoing.take_finished() {
                prop_assert_eq!(pushed[&id], push);
                prop_assert!(ends.insert(push, (now, end)).is_none(), "once");
            }
            let sent: usize = world.in_flight.values().map(Batch::len).sum();
            prop_assert!(pushed.len() == ends.len() + outgoing.len() && sent <= outgoing.len());
        }
        prop_assert!(outgoing.is_empty());
        for (number, push) in pushes.iter().enumerate() {
            let (at, end) = ends[&number];
            match end {
                End::Done => prop_assert!(!push.refused),
                End::Refused => prop_assert!(push.refused),
                End::Expired => prop_assert!(push.has.is_some_and(|has| at + ms(100) > ms(push.at + has))),
                _ => unreachable!(),
            }
            prop_assert!(troubles != (0, 0) || end != End::Expired, "{:?}", end);
        }
    }
}

fn filled(settings: Settings, count: usize) -> Outgoing<usize> {
    let mut outgoing = Outgoing::new(settings);
    for item in 0..count {
        outgoing.push(ms(0), item, 300, None);
    }
    outgoing
}

fn items(batch: &Batch<usize>) -> Vec<usize> {
    batch.entries().map(|(_, item)| *item).collect()
}

#[test]
fn under_load_all_batches_are_full() {
    let mut outgoing = Outgoing::new(Settings::default());
    let mut in_flight: Vec<(Duration, Batch<usize>)> = Vec::new();
    let (mut batches, mut done) = (0, 0);
    // One a millisecond, which needs a call each 10 ms; a call takes 20 ms.
    for tick in 0..20_000_u64 {
        let now = ms(tick);
        outgoing.push(now, 0, 300, None);
        while in_flight.first().is_some_and(|(at, _)| *at <= now) {
            let (_, batch) = in_flight.remove(0);
            let replies: Vec<_> = batch.entries().map(|(id, _)| (id, Reply::Done)).collect();
            outgoing.answered(now, batch, replies);
        }
        while let Some(batch) = outgoing.next(now) {
            batches += 1;
            in_flight.push((now + ms(20), batch));
        }
        while outgoing.take_finished().is_some() {
            done += 1;
        }
    }
    assert!(done > 19_900 && batches <= 2_000, "{done} done by {batches} calls");
}

#[test]
fn a_call_that_fails_as_a_whole_is_made_again_as_it_was_and_alone() {
    let mut outgoing = filled(Settings::default(), 35);
    let [one, two, three] = [(); 3].map(|()| outgoing.next(ms(0)).unwrap());
    let (first, second) = (items(&one), items(&two));
    outgoing.failed(ms(5), two);
    let pause = outgoing.deadline();
    assert_eq!(pause, None, "others are in flight still");
    outgoing.failed(ms(6), one);
    outgoing.failed(ms(7), three);
    let at = outgoing.deadline().unwrap();
    assert!((ms(15)..=ms(105)).contains(&at), "one pause for three that were in flight together: {at:?}");
    assert!(outgoing.next(ms(14)).is_none());

    let probe = outgoing.next(at).unwrap();
    assert_eq!(items(&probe), (20..30).collect::<Vec<_>>());
    assert!(outgoing.next(at).is_none() && outgoing.deadline().is_none(), "alone, until it is answered");
    let replies: Vec<_> = probe.entries().map(|(id, _)| (id, Reply::Done)).collect();
    outgoing.answered(at, probe, replies);
    let [again, then] = [(); 2].map(|()| outgoing.next(at).unwrap());
    assert_eq!((items(&again), items(&then)), (first, second));
}

#[test]
fn failures_of_whole_calls_have_pauses_that_grow() {
    let mut outgoing = filled(Settings::default(), 10);
    let mut calls = 0;
    while let Some(at) = outgoing.deadline().filter(|at| *at < ms(60_000)) {
        let batch = outgoing.next(at).unwrap();
        calls += 1;
        outgoing.failed(at, batch);
    }
    assert!((10..=80).contains(&calls), "{calls} in a minute, where every one fails");
}

#[test]
fn at_a_shutdown_those_go_first_whose_time_ends_first() {
    let mut outgoing = Outgoing::new(Settings::default());
    let untils = [None, Some(9), Some(3), None, Some(5)];
    for (item, until) in untils.into_iter().enumerate() {
        outgoing.push(ms(0), item, 600_000, until.map(Duration::from_secs));
    }
    outgoing.flush();
    assert_eq!(outgoing.deadline(), Some(ms(0)));
    let order: Vec<_> = std::iter::from_fn(|| outgoing.next(ms(0)).map(|batch| items(&batch)[0])).collect();
    assert_eq!(order, [2, 4, 1, 0, 3]);
}

#[test]
fn what_is_nearly_over_is_tried_sooner_and_then_given_up() {
    let mut settings = Settings::default();
    (settings.linger, settings.backoff) = (ms(0), Backoff::new(ms(3_600_000), ms(3_600_000)));
    let mut outgoing = Outgoing::new(settings);
    outgoing.push(ms(0), 7, 300, Some(ms(2_000)));
    let mut attempts = 0;
    while let Some(at) = outgoing.deadline() {
        assert!(at < ms(2_000), "then it would be too late");
        let batch = outgoing.next(at).unwrap();
        attempts += 1;
        outgoing.answered(at, batch, []);
    }
    let (_, item, end) = outgoing.take_finished().unwrap();
    assert_eq!((item, end), (7, End::Expired));
    assert!(attempts >= 4, "{attempts}");
}

#[test]
fn without_a_time_of_its_own_an_entry_is_tried_for_as_long_as_the_patience_says() {
    let mut settings = Settings::default();
    (settings.linger, settings.patience) = (ms(0), Some(ms(60_000)));
    let mut outgoing = Outgoing::new(settings);
    outgoing.push(ms(0), 7, 300, None);
    // It counts from when it was sent first, not from when it came.
    let mut now = ms(1_000_000);
    let mut attempts = 0;
    while let Some(at) = outgoing.deadline() {
        now = now.max(at);
        let batch = outgoing.next(now).unwrap();
        attempts += 1;
        if attempts % 2 == 0 { outgoing.failed(now, batch) } else { outgoing.answered(now, batch, []) }
    }
    assert_eq!(outgoing.take_finished().unwrap().2, End::Expired);
    assert!((ms(1_059_900)..ms(1_065_100)).contains(&now) && attempts >= 10, "{now:?}, {attempts}");
}

#[test]
fn one_that_has_waited_elsewhere_does_not_wait_again_and_takes_along_who_is_there() {
    let mut outgoing = Outgoing::new(Settings::default());
    outgoing.push(ms(1_000), 1, 300, None);
    assert_eq!(outgoing.deadline(), Some(ms(1_050)));
    outgoing.push(ms(940), 2, 300, None);
    assert_eq!(items(&outgoing.next(ms(1_000)).unwrap()), [1, 2]);
}

#[test]
fn a_flush_can_be_undone() {
    let mut outgoing = filled(Settings::default(), 3);
    outgoing.flush();
    assert_eq!(outgoing.next(ms(0)).unwrap().len(), 3);
    outgoing.linger();
    outgoing.push(ms(10), 3, 300, None);
    assert!(outgoing.next(ms(59)).is_none());
    assert_eq!(outgoing.deadline(), Some(ms(60)));
    assert_eq!(outgoing.next(ms(60)).unwrap().len(), 1);
}
