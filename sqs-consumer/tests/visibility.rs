//! Leases before a queue that keeps its own clock: what others receive, and what we believe.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails panics")]

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use tidegate_sqs_consumer::visibility::{Action, Extension, LeaseId, Leases, Reason, Reply, Settings, Taken};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Takes a message that was not there, whose handle is its number, too.
fn take(leases: &mut Leases, number: usize, received: Duration) -> LeaseId {
    let name = number.to_string();
    let Taken::First(lease) = leases.take(name.as_str().into(), name.as_str().into(), received) else {
        panic!("it was not there")
    };
    lease
}

/// A message as the queue sees it.
struct Message {
    received: Duration,
    visible: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Nature {
    timeout: Duration,
    /// One way between us and the queue, in permille of the timeout: less than we keep in reserve.
    travel: u32,
    /// Of a hundred requests, so many get lost; of a hundred answers, so many.
    lost: (u32, u32),
    /// After so much of the timeout, in permille, we take an answer for lost.
    deaf: u32,
    seed: u64,
}

enum Event {
    Receive(usize),
    Release(usize),
    /// The queue hears of it, and its answer may get lost.
    Hear(Extension, bool),
    Answer(Extension, Reply),
}

struct World {
    now: Duration,
    nature: Nature,
    leases: Leases,
    random: fastrand::Rng,
    events: BTreeMap<(Duration, u64), Event>,
    numbers: u64,
    messages: BTreeMap<LeaseId, Message>,
    holds: Vec<(u64, u64)>,
    ours: BTreeMap<usize, LeaseId>,
    released: BTreeSet<LeaseId>,
    revoked: BTreeMap<LeaseId, (Duration, Reason)>,
    batches: usize,
    entries: usize,
}

impl World {
    fn new(nature: Nature, holds: Vec<(u64, u64)>) -> Self {
        let mut settings = Settings::default();
        settings.timeout = nature.timeout;
        let mut world = Self {
            now: Duration::ZERO,
            nature,
            leases: Leases::new(settings),
            random: fastrand::Rng::with_seed(nature.seed),
            events: BTreeMap::new(),
            numbers: 0,
            messages: BTreeMap::new(),
            ours: BTreeMap::new(),
            released: BTreeSet::new(),
            revoked: BTreeMap::new(),
            batches: 0,
            entries: 0,
            holds: Vec::new(),
        };
        for (number, (at, _)) in holds.iter().enumerate() {
            world.schedule(ms(*at), Event::Receive(number));
        }
        world.holds = holds;
        world
    }

    fn schedule(&mut self, at: Duration, event: Event) {
        self.numbers += 1;
        self.events.insert((at, self.numbers), event);
    }

    fn travel(&mut self) -> Duration {
        // A client gives up long before.
        let longest = self.nature.timeout.min(Duration::from_mins(15));
        longest * self.random.u32(0..=self.nature.travel) / 1000
    }

    fn run(&mut self) {
        loop {
            let next = self.events.first_key_value().map(|((at, _), _)| *at);
            let Some(at) = next.into_iter().chain(self.leases.deadline()).min() else { break };
            self.now = at.max(self.now);
            if next == Some(at)
                && let Some((_, event)) = self.events.pop_first()
            {
                self.happen(event);
            }
            while let Some(action) = self.leases.next(self.now) {
                self.act(action);
            }
            assert!(self.leases.deadline().is_none_or(|at| at > self.now), "what is due is done");
            // What we believe is ours nobody else receives.
            for (lease, message) in &self.messages {
                let ours = self.leases.ends(*lease);
                assert!(ours.is_none() || message.visible > self.now, "{lease:?} at {:?}", self.now);
                assert!(
                    ours.is_none_or(|ends| ends <= message.visible + self.nature.timeout / 50),
                    "{lease:?}"
                );
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Receive(number) => {
                // The queue's clock began when the answer left.
                let received = self.now.saturating_sub(self.travel());
                let lease = take(&mut self.leases, number, self.now);
                let visible = received + self.nature.timeout;
                self.messages.insert(lease, Message { received, visible });
                self.ours.insert(number, lease);
                self.schedule(self.now + ms(self.holds[number].1), Event::Release(number));
            }
            Event::Release(number) => {
                let lease = self.ours[&number];
                let held = self.leases.release(lease).is_some();
                assert_eq!(held, !self.revoked.contains_key(&lease));
                self.released.insert(lease);
            }
            Event::Hear(extension, answers) => {
                let message = self.messages.get_mut(&extension.lease).unwrap();
                let until = self.now + extension.timeout;
                assert!(until <= message.received + Duration::from_hours(12), "SQS would refuse");
                let reply = if self.now < message.visible {
                    message.visible = until;
                    Reply::Extended
                } else {
                    Reply::Lost
                };
                let travel = self.travel();
                if answers {
                    self.schedule(self.now + travel, Event::Answer(extension, reply));
                }
            }
            Event::Answer(extension, reply) => self.leases.answered(self.now, &extension, reply),
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Extend(batch) => {
                assert!((1..=10).contains(&batch.len()));
                assert_eq!(batch.iter().map(|it| it.lease).collect::<BTreeSet<_>>().len(), batch.len());
                self.batches += 1;
                self.entries += batch.len();
                for extension in batch {
                    assert!(!self.released.contains(&extension.lease), "it is released");
                    assert_eq!(extension.timeout.subsec_nanos(), 0);
                    let (request, reply) = self.nature.lost;
                    let [is_lost, is_mute] = [request, reply].map(|it| self.random.u32(0..100) < it);
                    if is_lost || is_mute {
                        let deaf = self.nature.timeout * self.nature.deaf / 1000;
                        self.schedule(self.now + deaf, Event::Answer(extension.clone(), Reply::Unknown));
                    }
                    if !is_lost {
                        let travel = self.travel();
                        self.schedule(self.now + travel, Event::Hear(extension, !is_mute));
                    }
                }
            }
            Action::Revoke(lease, reason) => {
                assert!(self.revoked.insert(lease, (self.now, reason)).is_none(), "once");
                assert!(self.leases.ends(lease).is_none());
            }
        }
    }
}

fn nature() -> impl Strategy<Value = Nature> {
    let lost = prop_oneof![2 => Just((0_u32, 0_u32)), 1 => (0..60_u32, 0..60_u32)];
    (3..3600_u64, 0..=20_u32, lost, 1..300_u32, any::<u64>()).prop_map(
        |(timeout, travel, lost, deaf, seed)| Nature {
            timeout: Duration::from_secs(timeout),
            travel,
            lost,
            deaf,
            seed,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// What the world asserts at every instant: nobody else receives what is ours, nothing is extended that is released,
    /// nor beyond 12 h. Where nothing gets lost, nothing is revoked before its 12 h.
    #[test]
    fn what_is_ours_stays_ours(nature in nature(), holds in vec((0..5_000_u32, 0..40_000_u32), 1..25)) {
        // In permille of the timeout.
        let millis = |part: u32| u64::try_from((nature.timeout * part / 1000).as_millis()).unwrap();
        let holds = holds.into_iter().map(|(at, lasts)| (millis(at), millis(lasts))).collect();
        let mut world = World::new(nature, holds);
        world.run();
        prop_assert!(world.leases.is_empty() && world.leases.deadline().is_none());
        prop_assert_eq!(world.released.len(), world.messages.len());
        if nature.lost == (0, 0) {
            prop_assert!(world.revoked.values().all(|it| it.1 == Reason::Old), "{:?}", world.revoked);
        }
        for (_, reason) in world.revoked.values() {
            prop_assert_ne!(*reason, Reason::Lost, "it is revoked before SQS has to say so");
        }
    }

    #[test]
    fn twelve_hours_are_used_and_never_exceeded(
        nature in nature(),
        hours in 11_u64..14,
        minutes in 0_u64..60,
    ) {
        let nature = Nature { timeout: nature.timeout.max(Duration::from_mins(2)), lost: (0, 0), ..nature };
        let hold = Duration::from_mins(hours * 60 + minutes);
        let mut world = World::new(nature, vec![(0, u64::try_from(hold.as_millis()).unwrap())]);
        world.run();
        let last = Duration::from_hours(12) - Duration::from_mins(1);
        // SQS takes whole seconds, and a twentieth is for whoever has to stop.
        let least = last.saturating_sub(nature.timeout / 20 + Duration::from_secs(1));
        match world.revoked.values().next() {
            Some((at, reason)) => prop_assert!(*reason == Reason::Old && (least..=last).contains(at) && hold > least),
            None => prop_assert!(hold <= last),
        }
    }
}

#[test]
fn what_is_due_together_is_extended_together() {
    let nature = Nature { timeout: Duration::from_secs(30), travel: 0, lost: (0, 0), deaf: 0, seed: 0 };
    // Two hundred messages that come over two seconds, and are held for ten minutes.
    let mut world = World::new(nature, (0..200).map(|it| (it * 10, 600_000)).collect());
    world.run();
    assert!(world.revoked.is_empty());
    assert!((5_600..=6_400).contains(&world.entries), "thirty extensions each: {}", world.entries);
    assert!(world.batches * 10 <= world.entries * 102 / 100, "{} calls", world.batches);
}

#[test]
fn what_is_released_leaves_nothing() {
    let mut leases = Leases::new(Settings::default());
    for round in 0..10_000 {
        let lease = take(&mut leases, 1, ms(round));
        leases.release(lease);
        assert!(leases.is_empty() && leases.deadline().is_none());
    }
}

#[test]
fn a_lost_message_is_revoked_at_once_and_once() {
    let mut leases = Leases::new(Settings::default());
    let [one, other] = [1, 2].map(|number| take(&mut leases, number, Duration::ZERO));
    let now = Duration::from_secs(20);
    let Some(Action::Extend(batch)) = leases.next(now) else { panic!("both are due") };
    leases.answered(now, &batch[0], Reply::Lost);
    leases.answered(now, &batch[1], Reply::Extended);
    assert_eq!(leases.deadline(), Some(Duration::ZERO), "at once");
    assert_eq!(leases.next(now), Some(Action::Revoke(one, Reason::Lost)));
    leases.answered(now, &batch[0], Reply::Lost);
    assert_eq!((leases.next(now), leases.handle(one), leases.len()), (None, None, 1));
    assert_eq!(leases.ends(other), Some(Duration::from_secs(50)));
}

/// An extension that is not answered is asked for again several times before it is too late.
#[test]
fn who_is_not_heard_asks_again_sooner_each_time() {
    let mut leases = Leases::new(Settings::default());
    let lease = take(&mut leases, 1, Duration::ZERO);
    let mut asked = Vec::new();
    let revoked = loop {
        let now = leases.deadline().unwrap();
        match leases.next(now).unwrap() {
            Action::Extend(batch) => {
                asked.push(now);
                leases.answered(now, &batch[0], Reply::Unknown);
            }
            Action::Revoke(revoked, reason) => break (now, revoked, reason),
        }
    };
    assert_eq!(revoked, (ms(28_500), lease, Reason::Late));
    assert!((8..=16).contains(&asked.len()), "{asked:?}");
    let gaps: Vec<_> = asked.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    assert!(gaps.is_sorted_by_key(|gap| Reverse(*gap)) && gaps.last() >= Some(&ms(250)), "{gaps:?}");
}

/// A message that comes again while it is worked on, its visibility having ended unnoticed, is deleted by its new handle;
/// what SQS still says of the old one is not heard.
#[test]
fn the_newest_handle_counts() {
    let mut leases = Leases::new(Settings::default());
    let lease = take(&mut leases, 1, Duration::ZERO);
    let Some(Action::Extend(batch)) = leases.next(Duration::from_secs(20)) else { panic!("it is due") };
    assert_eq!(leases.take("1".into(), "new".into(), Duration::from_secs(21)), Taken::Again(lease));
    leases.answered(Duration::from_secs(22), &batch[0], Reply::Lost);
    assert_eq!(leases.next(Duration::from_secs(22)), None);
    assert_eq!((leases.len(), leases.ends(lease)), (1, Some(Duration::from_secs(51))));

    assert_eq!(leases.deleted(lease, &"1".into()), Some("new".into()), "it is not deleted by the old one");
    assert_eq!(leases.deleted(lease, &"new".into()), None);
    assert!(leases.is_empty() && leases.deleted(lease, &"new".into()).is_none());
    assert_ne!(take(&mut leases, 1, Duration::from_secs(23)), lease, "it is another one now");
}

/// A renewal that ran on for the first copy, which nobody would release, kept such messages for 12 h.
#[test]
fn duplicates_are_extended_once() {
    let mut leases = Leases::new(Settings::default());
    let lease = take(&mut leases, 1, Duration::ZERO);
    for copy in 0..10_u32 {
        let handle = format!("copy {copy}");
        assert_eq!(leases.take("1".into(), handle.into(), ms(u64::from(copy))), Taken::Again(lease));
    }
    let now = leases.deadline().unwrap();
    let Some(Action::Extend(batch)) = leases.next(now) else { panic!("it is due") };
    assert_eq!((batch.len(), batch[0].handle.as_str()), (1, "copy 9"));
    assert_eq!(leases.release(lease).unwrap().as_str(), "copy 9");
    assert_eq!((leases.is_empty(), leases.deadline()), (true, None));
}

#[test]
fn the_first_who_is_due_is_the_first_who_is_asked_for() {
    let mut leases = Leases::new(Settings::default());
    let mut expected = BinaryHeap::new();
    let mut random = fastrand::Rng::with_seed(7);
    for number in 0..500 {
        let at = ms(random.u64(0..1_000_000));
        expected.push(Reverse((at, take(&mut leases, number, at))));
    }
    let mut order = Vec::new();
    while let Some(at) = leases.deadline() {
        match leases.next(at).unwrap() {
            Action::Extend(batch) => order.extend(batch.iter().map(|it| it.lease)),
            Action::Revoke(lease, _) => _ = leases.release(lease),
        }
    }
    let expected: Vec<_> =
        expected.into_sorted_vec().into_iter().rev().map(|Reverse((_, lease))| lease).collect();
    assert_eq!(order, expected);
}
