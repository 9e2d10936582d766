//! A seeded, discrete simulation of callers, limiters and one token bucket.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use fastrand::Rng;
use tidegate_throttle::{
    Outcome,
    limiter::{Decision, Limiter, Stamp},
};

/// What to simulate. Rates are in thousandths of a token per second.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) refill: u64,
    pub(crate) burst: u64,
    /// Callers of each process, which call without pause.
    pub(crate) callers: usize,
    pub(crate) processes: usize,
    pub(crate) seconds: u64,
    /// Seconds at the start that do not count.
    pub(crate) warm_up: u64,
    pub(crate) round_trip: Duration,
    /// How much of the round trip varies, in percent.
    pub(crate) jitter: u32,
    /// Refusals come after at most this long.
    pub(crate) refusal: Duration,
    /// Seconds and the refill from then on.
    pub(crate) changes: &'static [(u64, u64)],
    /// Whether the bucket is refilled once a second.
    pub(crate) ticks: bool,
    /// Seconds at the start in which every call is refused, and after which the bucket is empty.
    pub(crate) outage: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            name: "",
            refill: 20_000,
            burst: 100,
            callers: 32,
            processes: 1,
            seconds: 360,
            warm_up: 60,
            round_trip: Duration::from_millis(50),
            jitter: 25,
            refusal: Duration::MAX,
            changes: &[],
            ticks: false,
            outage: 0,
        }
    }
}

/// What came of it, after the warm-up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Result {
    /// Of what the limit allowed, in percent.
    pub(crate) used: f64,
    /// Of the calls, in percent.
    pub(crate) throttled: f64,
    /// The lower one is, the less fair the shares of the processes.
    pub(crate) jain: f64,
}

/// A token bucket as a service keeps it, in integers of its own.
pub(crate) struct Server {
    refill: u64,
    burst: u128,
    level: u128,
    at: Duration,
    ticks: bool,
    outage: Duration,
}

impl Server {
    pub(crate) fn new(case: &Case) -> Self {
        let burst = u128::from(case.burst) * 1_000_000_000_000;
        let outage = Duration::from_secs(case.outage);
        Self { refill: case.refill, burst, level: burst, at: Duration::ZERO, ticks: case.ticks, outage }
    }

    fn advance(&mut self, now: Duration) {
        let to = if self.ticks { Duration::from_secs(now.as_secs()) } else { now };
        self.level += u128::from(self.refill) * to.saturating_sub(self.at).as_nanos();
        self.level = self.level.min(self.burst);
        self.at = to;
    }

    pub(crate) fn take(&mut self, now: Duration) -> bool {
        self.advance(now);
        if now < self.outage {
            self.level = 0;
        }
        let token = 1_000_000_000_000;
        let enough = self.level >= token;
        if enough {
            self.level -= token;
        }
        enough
    }

    fn change(&mut self, now: Duration, refill: u64) {
        self.advance(now);
        self.refill = refill;
    }
}

enum Event {
    Wake(usize),
    Arrive { process: usize, stamp: Stamp, back: Duration },
    Answer { process: usize, stamp: Stamp, accepted: bool },
    Change(u64),
}

struct Process {
    limiter: Limiter,
    waiting: usize,
    wake_at: Option<Duration>,
    accepted: u64,
}

/// Runs `case` with one seed.
pub(crate) fn run(case: &Case, seed: u64) -> Result {
    Simulation::new(case, seed).run()
}

struct Simulation<'a> {
    case: &'a Case,
    rng: Rng,
    server: Server,
    processes: Vec<Process>,
    events: Vec<Option<Event>>,
    queue: BinaryHeap<Reverse<(Duration, usize)>>,
    accepted: u64,
    throttled: u64,
}

impl<'a> Simulation<'a> {
    fn new(case: &'a Case, seed: u64) -> Self {
        let process =
            || Process { limiter: Limiter::new(), waiting: case.callers, wake_at: None, accepted: 0 };
        let mut simulation = Self {
            case,
            rng: Rng::with_seed(seed),
            server: Server::new(case),
            processes: (0..case.processes).map(|_| process()).collect(),
            events: Vec::new(),
            queue: BinaryHeap::new(),
            accepted: 0,
            throttled: 0,
        };
        for process in 0..case.processes {
            simulation.at(Duration::ZERO, Event::Wake(process));
        }
        for (second, refill) in case.changes {
            simulation.at(Duration::from_secs(*second), Event::Change(*refill));
        }
        simulation
    }

    fn at(&mut self, time: Duration, event: Event) {
        self.queue.push(Reverse((time, self.events.len())));
        self.events.push(Some(event));
    }

    fn run(mut self) -> Result {
        let end = Duration::from_secs(self.case.seconds);
        while let Some(Reverse((now, at))) = self.queue.pop() {
            if now > end {
                break;
            }
            let process = match self.events[at].take() {
                Some(Event::Wake(process)) => {
                    self.processes[process].wake_at = None;
                    process
                }
                Some(Event::Arrive { process, stamp, back }) => {
                    let accepted = self.server.take(now);
                    let back = if accepted { back } else { back.min(self.case.refusal) };
                    self.at(now + back, Event::Answer { process, stamp, accepted });
                    continue;
                }
                Some(Event::Answer { process, stamp, accepted }) => {
                    self.answer(now, process, stamp, accepted);
                    process
                }
                Some(Event::Change(refill)) => {
                    self.server.change(now, refill);
                    continue;
                }
                None => continue,
            };
            self.pump(now, process);
        }
        self.result()
    }

    fn answer(&mut self, now: Duration, process: usize, stamp: Stamp, accepted: bool) {
        let counts = now >= Duration::from_secs(self.case.warm_up);
        let caller = &mut self.processes[process];
        caller.waiting += 1;
        let outcome = if accepted { Outcome::Accepted } else { Outcome::Throttled { retry_after: None } };
        caller.limiter.finish(now, stamp, outcome);
        if counts {
            caller.accepted += u64::from(accepted);
            self.accepted += u64::from(accepted);
            self.throttled += u64::from(!accepted);
        }
    }

    fn pump(&mut self, now: Duration, process: usize) {
        while self.processes[process].waiting > 0 {
            match self.processes[process].limiter.admit(now, 1) {
                Decision::Send(stamp) => {
                    self.processes[process].waiting -= 1;
                    let varied = 100 - self.case.jitter + self.rng.u32(0..=2 * self.case.jitter);
                    let trip = self.case.round_trip * varied / 100;
                    let there = trip / 2;
                    self.at(now + there, Event::Arrive { process, stamp, back: trip.saturating_sub(there) });
                }
                Decision::WaitUntil(until) => {
                    assert!(until > now, "a wait must end later than now");
                    // Timers fire on whole milliseconds.
                    let late = Duration::from_nanos(1_000_000 - u64::from(until.subsec_nanos()) % 1_000_000);
                    let until = until + late;
                    let caller = &mut self.processes[process];
                    if caller.wake_at.is_none_or(|at| until < at) {
                        caller.wake_at = Some(until);
                        self.at(until, Event::Wake(process));
                    }
                    break;
                }
                Decision::WaitForFinish => break,
            }
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "percentages")]
    fn result(&self) -> Result {
        let mut allowed = 0;
        let mut from = self.case.warm_up;
        let mut refill = self.case.refill;
        for (second, then) in self.case.changes.iter().chain([&(self.case.seconds, 0)]) {
            allowed += refill * second.saturating_sub(from);
            (from, refill) = (from.max(*second), *then);
        }
        if self.case.warm_up == 0 {
            allowed += self.case.burst * 1_000;
        }
        let shares = self.processes.iter().map(|process| process.accepted as f64);
        let (sum, squares) = shares.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        Result {
            used: self.accepted as f64 * 100_000.0 / allowed as f64,
            throttled: self.throttled as f64 * 100.0 / (self.accepted + self.throttled).max(1) as f64,
            jain: sum * sum / (squares * self.processes.len() as f64),
        }
    }
}
