//! What a simulation does with callers, processes and retries, under controls that are easy to foresee.

use std::time::Duration;

use fastrand::Rng;
use tidegate_throttle::{Outcome, limiter::Limiter};
use tidegate_throttle_simulator::{
    Attempt, Background, Bucket, Case, Control, Decision, Record, Then, cases, rivals::Standard, run,
};

/// One call every so often, and no second attempt.
struct Steady {
    every: Duration,
    next: Duration,
}

impl Steady {
    fn new(milliseconds: u64) -> Self {
        Self { every: Duration::from_millis(milliseconds), next: Duration::ZERO }
    }
}

impl Control for Steady {
    type Stamp = ();

    fn admit(&mut self, now: Duration, _: Attempt, _: &mut Rng) -> Decision<()> {
        if now < self.next {
            return Decision::WaitUntil(self.next);
        }
        self.next = now + self.every;
        Decision::Send(())
    }

    fn finish(&mut self, _: Duration, (): (), outcome: Outcome, _: &mut Rng) -> Then {
        if outcome == Outcome::Accepted { Then::Done } else { Then::Fail }
    }
}

/// Every attempt sleeps a second on its own before it is sent, and a throttled one is tried once more, two
/// seconds later.
struct Sleepy;

impl Control for Sleepy {
    type Stamp = u32;

    fn admit(&mut self, now: Duration, attempt: Attempt, _: &mut Rng) -> Decision<u32> {
        let second = Duration::from_secs(1);
        if now < second {
            return Decision::Sleep(second);
        }
        Decision::Send(attempt.number)
    }

    fn finish(&mut self, now: Duration, number: u32, outcome: Outcome, _: &mut Rng) -> Then {
        match (outcome, number) {
            (Outcome::Accepted, _) => Then::Done,
            (_, 1) => Then::Retry(now + Duration::from_secs(2)),
            _ => Then::Fail,
        }
    }
}

/// A limit that refuses everything.
fn refusing() -> Case {
    Case { refill: 0, burst: 0, warm_up: 0, round_trip: Duration::from_millis(10), ..Case::default() }
}

fn accepted(record: &Record) -> u32 {
    record.seconds().iter().map(|second| second.accepted).sum()
}

#[test]
fn the_same_seed_gives_the_same_record_and_another_does_not() {
    let case = Case { seconds: 30, ..Case::default() };
    for case in [case.clone(), Case { processes: 4, ..case }] {
        let record = |seed| run(&case, seed, Standard::new).seconds().to_vec();
        assert_eq!(record(1), record(1));
        assert_ne!(record(1), record(2));
    }
}

#[test]
fn shares_are_of_what_the_limit_allowed() {
    let case = Case { refill: 40_000, seconds: 100, warm_up: 20, ..Case::default() };
    // 50 ms and a timer's millisecond: 19.6 calls a second.
    let record = run(&case, 1, || Steady::new(50));
    assert!((48.0..=50.0).contains(&record.used()), "{} %", record.used());
    let changed = Case { changes: &[(60, 20_000)], ..case };
    let record = run(&changed, 1, || Steady::new(50));
    assert!((65.0..=66.7).contains(&record.used()), "{} %", record.used());
    assert!((97.0..=100.0).contains(&record.used_from(60)), "{} %", record.used_from(60));
}

#[test]
fn a_call_that_costs_more_uses_more() {
    let case = Case { refill: 40_000, cost: 2, ..Case::default() };
    let record = run(&case, 1, || Steady::new(50));
    assert!((97.0..=100.0).contains(&record.used()), "{} %", record.used());
    assert_eq!(record.failed(), 0);
}

#[test]
fn what_somebody_else_takes_is_not_allowed() {
    let background = Some(Background { rate: 10_000, period: 20 });
    let case = Case { refill: 30_000, burst: 30, background, ..Case::default() };
    let record = run(&case, 1, || Steady::new(40));
    // The burst lasts that long: all of them are let through.
    assert!(record.seconds()[..5].iter().all(|second| second.background == 10));
    assert!(record.seconds()[20..40].iter().all(|second| second.background == 0));
    // 24.4 and 10 calls a second on 30 and a burst of 30: a twelfth is refused, half of the time.
    assert!((2.0..6.0).contains(&record.throttled()), "{} %", record.throttled());
    assert!((85.0..100.0).contains(&record.used()), "{} %", record.used());
}

#[test]
fn late_processes_start_late() {
    let stagger = Duration::from_secs(10);
    let case = Case { refill: 1_000_000, processes: 3, seconds: 40, stagger, ..Case::default() };
    let record = run(&case, 1, || Steady::new(99));
    let sent = |second: usize| record.seconds()[second].sent;
    assert_eq!([sent(5), sent(15), sent(25)], [10, 20, 30]);
    assert!(record.jain_from(0) < 0.95 && record.jain_from(30) > 0.99);
}

#[test]
fn who_sleeps_wakes_alone_and_retries_are_counted() {
    let case = Case { callers: 3, seconds: 4, ..refusing() };
    let record = run(&case, 1, || Sleepy);
    let counts: Vec<_> =
        record.seconds().iter().map(|second| (second.sent, second.throttled, second.failed)).collect();
    // Three first attempts in second 1; in second 3 their second ones fail, and others begin.
    assert_eq!(counts[..3], [(0, 0, 0), (3, 3, 0), (0, 0, 0)]);
    assert_eq!(counts[3], (6, 6, 3));
    assert_eq!(record.failed(), 3);
}

/// What came in for the second attempt knew that it was one.
#[test]
fn attempts_are_numbered() {
    struct Numbers(Vec<u32>);
    impl Control for Numbers {
        type Stamp = ();
        fn admit(&mut self, _: Duration, attempt: Attempt, _: &mut Rng) -> Decision<()> {
            self.0.push(attempt.number);
            let expected = [1, 2, 3, 1, 2, 3, 1, 2, 3];
            assert_eq!(self.0[..], expected[..self.0.len().min(9)]);
            if self.0.len() < 9 { Decision::Send(()) } else { Decision::WaitForFinish }
        }
        fn finish(&mut self, now: Duration, (): (), _: Outcome, _: &mut Rng) -> Then {
            if self.0.last() == Some(&3) { Then::Fail } else { Then::Retry(now) }
        }
    }
    let record = run(&Case { callers: 1, seconds: 2, ..refusing() }, 1, || Numbers(Vec::new()));
    assert_eq!(record.failed(), 2);
}

/// Refusals come back at once, and what is accepted takes its time.
#[test]
fn refusals_are_quick() {
    let round_trip = Duration::from_secs(4);
    let slow = Case { round_trip, callers: 10, seconds: 3, jitter: 0, ..refusing() };
    let quick = Case { refusal: Duration::from_millis(3), ..slow.clone() };
    assert_eq!(run(&slow, 1, || Steady::new(100)).throttled().to_bits(), 0.0_f64.to_bits());
    assert_eq!(run(&quick, 1, || Steady::new(100)).throttled().to_bits(), 100.0_f64.to_bits());
}

#[test]
fn a_fixed_window_is_a_limit_as_well() {
    let case = Case { refill: 10_000, bucket: Bucket::Window, ..Case::default() };
    let record = run(&case, 1, || Steady::new(50));
    assert!(record.seconds()[1..360].iter().all(|second| second.accepted <= 11));
    assert!(accepted(&record) >= 3_590, "{}", accepted(&record));
}

#[test]
fn the_cases_have_names_of_their_own() {
    let mut names: Vec<_> = cases().iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases().len());
}

/// A limiter that learns must find two levels to be one limit.
#[test]
fn the_lower_of_two_levels_is_the_limit() {
    let bucket = Bucket::TwoLevels { refill: 10_000, burst: 50 };
    let case = Case { refill: 50_000, burst: 200, bucket, ..Case::default() };
    let record = run(&case, 1, Limiter::new);
    assert!(record.used() > 97.0 && record.throttled() < 2.0, "{} %", record.used());
}
