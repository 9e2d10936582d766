//! [`run`]: the events of a simulation, in order.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    time::Duration,
};

use fastrand::Rng;
use tidegate_throttle::Outcome;

use crate::{
    case::{Background, Case},
    control::{Attempt, Control, Decision, Then},
    process::Process,
    record::Record,
    server::Server,
};

/// Runs `case` with one seed, and a control for each process.
///
/// # Panics
///
/// If a control waits or sleeps until a time that is not later than now, or a case is of no processes.
pub fn run<C: Control>(case: &Case, seed: u64, mut control: impl FnMut() -> C) -> Record {
    let mut simulation = Simulation {
        case,
        rng: Rng::with_seed(seed),
        server: Server::new(case),
        processes: (0..case.processes).map(|_| Process::new(control(), case.callers)).collect(),
        queue: BinaryHeap::new(),
        events: 0,
        record: Record::new(case),
    };
    for (process, factor) in (0..case.processes).zip(0_u32..) {
        simulation.at(case.stagger * factor, Event::Wake(process));
    }
    for (second, refill) in case.changes {
        simulation.at(Duration::from_secs(*second), Event::Change(*refill));
    }
    if let Some(background) = case.background {
        simulation.at(Duration::ZERO, Event::Background(background));
    }
    simulation.run();
    simulation.record
}

struct Simulation<'a, C: Control> {
    case: &'a Case,
    rng: Rng,
    server: Server,
    processes: Vec<Process<C>>,
    queue: BinaryHeap<Reverse<Due<C::Stamp>>>,
    /// Counts the events, so that those of one time come in the order in which they were made.
    events: u64,
    record: Record,
}

struct Due<S> {
    time: Duration,
    order: u64,
    event: Event<S>,
}

enum Event<S> {
    Wake(usize),
    Rise(usize),
    Arrive { sent: Sent<S>, back: Duration },
    Answer { sent: Sent<S>, accepted: bool },
    Change(u64),
    Background(Background),
}

struct Sent<S> {
    process: usize,
    attempt: u32,
    stamp: S,
}

impl<C: Control> Simulation<'_, C> {
    fn at(&mut self, time: Duration, event: Event<C::Stamp>) {
        self.queue.push(Reverse(Due { time, order: self.events, event }));
        self.events += 1;
    }

    fn run(&mut self) {
        let end = Duration::from_secs(self.case.seconds);
        while let Some(Reverse(Due { time: now, event, .. })) = self.queue.pop() {
            if now > end {
                break;
            }
            match event {
                Event::Wake(process) => {
                    self.processes[process].wake_at = None;
                    self.pump(now, process);
                }
                Event::Rise(process) => {
                    self.processes[process].rise(now);
                    self.pump(now, process);
                }
                Event::Arrive { sent, back } => {
                    let accepted = self.server.take(now, self.case.cost);
                    let back = if accepted { back } else { back.min(self.case.refusal) };
                    self.at(now + back, Event::Answer { sent, accepted });
                }
                Event::Answer { sent, accepted } => self.answer(now, sent, accepted),
                Event::Change(refill) => self.server.change(now, refill),
                Event::Background(background) => self.take_for(background, now),
            }
        }
    }

    fn answer(&mut self, now: Duration, sent: Sent<C::Stamp>, accepted: bool) {
        let Sent { process, attempt, stamp } = sent;
        let outcome = if accepted {
            self.record.accepted(now.as_secs(), process);
            Outcome::Accepted
        } else {
            self.record.at(now.as_secs()).throttled += 1;
            Outcome::Throttled { retry_after: None }
        };
        let caller = &mut self.processes[process];
        match caller.control.finish(now, stamp, outcome, &mut self.rng) {
            Then::Done => caller.line.push_back(1),
            Then::Retry(at) if at <= now => caller.line.push_back(attempt + 1),
            Then::Retry(at) => self.sleep(process, at, attempt + 1),
            Then::Fail => {
                self.record.at(now.as_secs()).failed += 1;
                caller.line.push_back(1);
            }
        }
        self.pump(now, process);
    }

    /// Asks the control about the line, until it says to wait.
    fn pump(&mut self, now: Duration, process: usize) {
        let case = self.case;
        while let Some(&number) = self.processes[process].line.front() {
            let caller = &mut self.processes[process];
            match caller.control.admit(now, Attempt { cost: case.cost, number }, &mut self.rng) {
                Decision::Send(stamp) => {
                    caller.line.pop_front();
                    self.record.at(now.as_secs()).sent += 1;
                    let varied = 100 - case.jitter + self.rng.u32(0..=2 * case.jitter);
                    let trip = case.round_trip * varied / 100;
                    let there = trip / 2;
                    let sent = Sent { process, attempt: number, stamp };
                    self.at(now + there, Event::Arrive { sent, back: trip.saturating_sub(there) });
                }
                Decision::WaitUntil(until) => {
                    assert!(until > now, "a wait must end later than now");
                    let until = timer(until);
                    if caller.wake_at.is_none_or(|at| until < at) {
                        caller.wake_at = Some(until);
                        self.at(until, Event::Wake(process));
                    }
                    break;
                }
                Decision::WaitForFinish => break,
                Decision::Sleep(until) => {
                    assert!(until > now, "a sleep must end later than now");
                    caller.line.pop_front();
                    self.sleep(process, until, number);
                }
            }
        }
    }

    fn sleep(&mut self, process: usize, until: Duration, attempt: u32) {
        let until = timer(until);
        if self.processes[process].sleep(until, attempt) {
            self.at(until, Event::Rise(process));
        }
    }

    fn take_for(&mut self, background: Background, now: Duration) {
        let period = background.period.max(1);
        if (now.as_secs() / period).is_multiple_of(2) {
            self.record.at(now.as_secs()).background += u32::from(self.server.take(now, 1));
            let gap = 1_000_000_000_000 / background.rate.max(1);
            self.at(now + Duration::from_nanos(gap), Event::Background(background));
        } else {
            let on = Duration::from_secs((now.as_secs() / period + 1) * period);
            self.at(on, Event::Background(background));
        }
    }
}

/// Timers fire on whole milliseconds, and late rather than early.
fn timer(until: Duration) -> Duration {
    until + Duration::from_nanos(1_000_000 - u64::from(until.subsec_nanos()) % 1_000_000)
}

impl<S> Ord for Due<S> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.time, self.order).cmp(&(other.time, other.order))
    }
}

impl<S> PartialOrd for Due<S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<S> PartialEq for Due<S> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<S> Eq for Due<S> {}
