//! All interleavings of two processes on the messages of one key: a crash, a lost message or a lost answer at every point.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::collections::{HashMap, VecDeque};

use proptest::{collection::vec, prelude::*};
use tidegate_sqs_consumer::version::{Committed, Course, Step, Waiting};

/// A set of versions, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Versions(u8);

impl Versions {
    fn add(&mut self, version: u8) {
        self.0 |= 1 << version;
    }

    fn has(self, version: u8) -> bool {
        self.0 & (1 << version) != 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Message {
    Visible(u8),
    InFlight(u8),
    Deleted(u8),
}

impl Message {
    fn version(self) -> u8 {
        let (Self::Visible(version) | Self::InFlight(version) | Self::Deleted(version)) = self;
        version
    }
}

/// What may still go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Faults {
    /// A process ends, and begins anew.
    crashes: u8,
    /// A message becomes visible while it is worked on, and that work goes on.
    expiries: u8,
    /// A step had its effect, and its process does not know.
    lost_answers: u8,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Process {
    /// What it is at, and the message.
    run: Option<(usize, Course<u8>)>,
    remembers: Option<Committed<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    messages: Vec<Message>,
    store: Option<Committed<u8>>,
    processes: [Process; 2],
    was_stored: Versions,
    was_published: Versions,
    faults: Faults,
}

/// When the store takes a new version: what is stored, what is said to be, and the new one.
type Condition = fn(Option<u8>, Option<u8>, u8) -> bool;

/// What is read of the store.
type Look = fn(Committed<u8>) -> Committed<u8>;

impl World {
    fn new(versions: &[u8], faults: Faults) -> Self {
        Self {
            messages: versions.iter().map(|version| Message::Visible(*version)).collect(),
            store: None,
            processes: [Process::default(), Process::default()],
            was_stored: Versions::default(),
            was_published: Versions::default(),
            faults,
        }
    }

    /// All that may happen next.
    fn next(&self, condition: Condition, look: Look) -> Result<Vec<Self>, String> {
        let mut next = Vec::new();
        for (number, process) in self.processes.iter().enumerate() {
            match &process.run {
                None => next.extend((0..self.messages.len()).filter_map(|it| self.deliver(number, it))),
                Some((message, _)) => {
                    next.push(self.advance(number, false, condition, look)?);
                    if self.faults.lost_answers > 0 {
                        next.push(self.advance(number, true, condition, look)?);
                    }
                    if self.faults.crashes > 0 {
                        let mut crashed = self.clone();
                        crashed.faults.crashes -= 1;
                        crashed.processes[number] = Process::default();
                        crashed.appear(*message);
                        next.push(crashed);
                    }
                }
            }
        }
        for (number, message) in self.messages.iter().enumerate() {
            if self.faults.expiries > 0 && matches!(message, Message::InFlight(_)) {
                let mut expired = self.clone();
                expired.faults.expiries -= 1;
                expired.appear(number);
                next.push(expired);
            }
        }
        Ok(next)
    }

    fn deliver(&self, process: usize, message: usize) -> Option<Self> {
        let Message::Visible(version) = self.messages[message] else { return None };
        let mut next = self.clone();
        next.messages[message] = Message::InFlight(version);
        let it = &mut next.processes[process];
        it.run = Some((message, Course::new(version, it.remembers)));
        Some(next)
    }

    fn appear(&mut self, message: usize) {
        if let Message::InFlight(version) = self.messages[message] {
            self.messages[message] = Message::Visible(version);
        }
    }

    /// A process does its step.
    fn advance(
        &self,
        number: usize,
        is_lost: bool,
        condition: Condition,
        look: Look,
    ) -> Result<Self, String> {
        let mut next = self.clone();
        next.faults.lost_answers -= u8::from(is_lost);
        let (message, mut course) = next.processes[number].run.take().unwrap();
        let mut holds = true;
        let step = course.step();
        match step {
            Step::Load | Step::Process => {}
            Step::Store(base) => {
                let version = self.messages[message].version();
                let stored = self.store.map(|it| it.version);
                holds = condition(stored, base, version);
                if holds {
                    next.save(version)?;
                }
            }
            Step::Publish(version) => next.was_published.add(version),
            Step::Mark(version) => {
                holds = self.store.is_some_and(|it| it.version == version);
                if holds {
                    next.store = Some(Committed { version, published: true });
                }
            }
            Step::Acknowledge => {
                let version = self.messages[message].version();
                next.messages[message] = Message::Deleted(version);
                if !is_lost {
                    next.processes[number].remembers = course.committed();
                    return Ok(next);
                }
            }
        }
        match step {
            _ if is_lost => {}
            Step::Load => course.loaded(self.store.map(look)),
            _ if holds => course.done(),
            _ => course.overtaken(),
        }
        next.processes[number].run = Some((message, course));
        Ok(next)
    }

    fn save(&mut self, version: u8) -> Result<(), String> {
        if let Some(stored) = self.store {
            if stored.version >= version {
                return Err(format!("{version} is stored over {}", stored.version));
            }
            if !self.was_published.has(stored.version) {
                return Err(format!("{} is overwritten and was never published", stored.version));
            }
        }
        self.store = Some(Committed { version, published: false });
        self.was_stored.add(version);
        Ok(())
    }

    /// What holds at every instant, and what holds at the end.
    fn check(&self, is_end: bool) -> Result<(), String> {
        let greatest = self.messages.iter().map(|it| it.version()).max();
        for message in &self.messages {
            let Message::Deleted(version) = *message else {
                if is_end {
                    return Err("a message is left".to_owned());
                }
                continue;
            };
            if self.store.is_none_or(|it| it.version < version) {
                return Err(format!("{version} is acknowledged and not stored"));
            }
            let all_gone =
                !self.messages.iter().any(|it| matches!(it, Message::Visible(_) | Message::InFlight(_)));
            if all_gone && self.was_stored.has(version) && !self.was_published.has(version) {
                return Err(format!("{version} is acknowledged, stored and not published"));
            }
        }
        if self.was_published.0 & !self.was_stored.0 != 0 {
            return Err("something is published that was never stored".to_owned());
        }
        if is_end && (self.was_published != self.was_stored || self.store.map(|it| it.version) != greatest) {
            return Err(format!("{:?} is stored in the end", self.store));
        }
        Ok(())
    }
}

/// Goes to all worlds that can be reached; answers how many, or what is wrong with one.
fn explore(start: World, condition: Condition, look: Look) -> Result<usize, String> {
    let mut numbers = HashMap::from([(start.clone(), 0_usize)]);
    let mut before: Vec<Vec<usize>> = vec![Vec::new()];
    let mut ends = VecDeque::new();
    let mut queue = VecDeque::from([(0, start)]);
    while let Some((number, world)) = queue.pop_front() {
        let next = world.next(condition, look)?;
        world.check(next.is_empty())?;
        if next.is_empty() {
            ends.push_back(number);
        }
        for world in next {
            let reached = numbers.len();
            let place = *numbers.entry(world.clone()).or_insert_with(|| {
                queue.push_back((reached, world));
                before.push(Vec::new());
                reached
            });
            before[place].push(number);
        }
    }
    // From everywhere there is a way to an end.
    let mut leads = vec![false; numbers.len()];
    while let Some(number) = ends.pop_front() {
        if !std::mem::replace(&mut leads[number], true) {
            ends.extend(&before[number]);
        }
    }
    if leads.iter().any(|it| !it) {
        return Err("there is no way out".to_owned());
    }
    Ok(numbers.len())
}

fn as_required(stored: Option<u8>, base: Option<u8>, _: u8) -> bool {
    stored == base
}

fn as_it_is(committed: Committed<u8>) -> Committed<u8> {
    committed
}

#[test]
fn wherever_it_is_cut_off_nothing_is_lost_and_nothing_goes_backwards() {
    let mut worlds = 0;
    let all = Faults { crashes: 2, expiries: 1, lost_answers: 1 };
    for versions in [&[1][..], &[1, 1], &[1, 2]] {
        worlds += explore(World::new(versions, all), as_required, as_it_is).unwrap();
    }
    let some = Faults { crashes: 1, expiries: 1, lost_answers: 0 };
    for versions in [&[1, 2, 3][..], &[2, 2, 1]] {
        worlds += explore(World::new(versions, some), as_required, as_it_is).unwrap();
    }
    assert!(worlds > 80_000, "{worlds}");
}

/// A store that takes whatever is newer loses what was stored meanwhile and not published yet.
#[test]
fn a_weaker_condition_would_be_found_out() {
    let newer: Condition = |stored, _, version| stored.is_none_or(|stored| stored < version);
    let none = Faults { crashes: 0, expiries: 0, lost_answers: 0 };
    let found = explore(World::new(&[1, 2], none), newer, as_it_is).unwrap_err();
    assert_eq!(found, "1 is overwritten and was never published");
}

/// Who drops what is committed, be it published or not, loses what a crash left unpublished.
#[test]
fn a_version_that_is_committed_and_not_published_would_be_found_out() {
    let faults = Faults { crashes: 1, expiries: 0, lost_answers: 0 };
    let found =
        explore(World::new(&[1], faults), as_required, |it| Committed { published: true, ..it }).unwrap_err();
    assert_eq!(found, "1 is acknowledged, stored and not published");
}

proptest! {
    /// What waits is acknowledged only by what is stored, and a newest that fails leaves the others to be processed.
    #[test]
    fn conflation_acknowledges_what_is_covered_and_nothing_else(
        arrivals in vec((0..6_u8, 0..3_u8, any::<bool>()), 1..60),
    ) {
        let mut waiting = Waiting::new();
        let (mut stored, mut pushed, mut ended) = (None, Vec::new(), Vec::new());
        let mut settle = |waiting: &mut Waiting<u8, usize>, fails: bool, ended: &mut Vec<usize>| {
            let Some((version, message)) = waiting.take_newest() else { return };
            if Some(version) > stored && !fails {
                stored = Some(version);
            }
            // Fresh and stored, stale, or given up: it is over.
            ended.push(message);
            if let Some(stored) = stored {
                ended.extend(waiting.take_covered(stored));
            }
            let rest = waiting.clone();
            assert!(stored.is_none_or(|stored| rest.clone().take_covered(stored).is_empty()), "{rest:?}");
        };
        for (version, works, fails) in arrivals {
            waiting.push(version, pushed.len());
            pushed.push(version);
            prop_assert_eq!(waiting.len() + ended.len(), pushed.len());
            for _ in 0..works {
                settle(&mut waiting, fails, &mut ended);
            }
        }
        while !waiting.is_empty() {
            settle(&mut waiting, false, &mut ended);
        }
        ended.sort_unstable();
        prop_assert_eq!(ended, (0..pushed.len()).collect::<Vec<_>>());
    }

    #[test]
    fn the_newest_goes_first_and_a_failure_of_it_hides_nothing(versions in vec(0..9_u8, 1..30)) {
        let mut waiting = Waiting::default();
        for (message, version) in versions.iter().enumerate() {
            waiting.push(*version, message);
        }
        let mut order = Vec::new();
        while let Some((version, message)) = waiting.take_newest() {
            prop_assert_eq!(versions[message], version);
            order.push(version);
        }
        let mut expected = versions;
        expected.sort_unstable_by(|one, other| other.cmp(one));
        prop_assert_eq!(order, expected);
    }
}
