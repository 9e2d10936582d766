//! The laws of the limiter under any schedule of all its calls.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use proptest::prelude::*;
use tidegate_throttle::{
    Outcome,
    limiter::{Decision, Hint, Learnt, Limiter, Next, Rate, Stamp},
};

#[derive(Clone, Copy, Debug)]
enum Step {
    Admit,
    SendAnyway,
    Depart,
    Park,
    Share(u64),
    Finish(Outcome),
}

fn steps() -> impl Strategy<Value = Step> {
    let retry_after = (0..3_000_u64).prop_map(|ms| Some(Duration::from_millis(ms)));
    prop_oneof![
        6 => Just(Step::Admit),
        1 => Just(Step::SendAnyway),
        2 => Just(Step::Depart),
        1 => Just(Step::Park),
        1 => (1..1_000_000_000_u64).prop_map(Step::Share),
        4 => Just(Step::Finish(Outcome::Accepted)),
        2 => Just(Step::Finish(Outcome::Throttled { retry_after: None })),
        1 => retry_after.prop_map(|retry_after| Step::Finish(Outcome::Throttled { retry_after })),
        1 => Just(Step::Finish(Outcome::Unknown)),
        2 => Just(Step::Finish(Outcome::Unsent)),
    ]
}

fn limiters() -> impl Strategy<Value = u8> {
    0..3_u8
}

fn limiter(kind: u8, rate: u64, burst: u32) -> Limiter {
    let rate = Rate::micros_per_second(rate);
    match kind {
        0 => Limiter::new(),
        1 => Limiter::hinted(Hint { rate, burst }),
        _ => Limiter::resumed(Learnt::new(rate).with_burst(u64::from(burst)).with_lump(u64::from(burst % 2))),
    }
}

/// Takes one step; gives how long the limiter said to wait.
fn take(
    limiter: &mut Limiter,
    now: Duration,
    step: Step,
    cost: u32,
    in_flight: &mut Vec<Stamp>,
) -> Result<Option<Duration>, TestCaseError> {
    match step {
        Step::Admit => {
            let next = limiter.next(now, cost);
            match limiter.admit(now, cost) {
                Decision::Send(stamp) => {
                    prop_assert_eq!(next, Next::Now);
                    in_flight.push(stamp);
                }
                Decision::WaitUntil(until) => {
                    prop_assert_eq!(next, Next::At(until));
                    prop_assert!(until > now);
                    return Ok(Some(until));
                }
                Decision::WaitForFinish => {
                    prop_assert_eq!(next, Next::AfterFinish);
                    prop_assert!(!in_flight.is_empty());
                }
            }
        }
        Step::SendAnyway => in_flight.push(limiter.send_anyway(now, cost)),
        Step::Depart => {
            if let Some(stamp) = in_flight.last_mut() {
                limiter.departed(now, stamp);
            }
        }
        Step::Park => {
            if let Some(stamp) = in_flight.last_mut() {
                limiter.park(stamp);
            }
        }
        Step::Share(rate) => limiter.share(now, Rate::micros_per_second(rate)),
        Step::Finish(outcome) => {
            if let Some(stamp) = in_flight.pop() {
                limiter.finish(now, stamp, outcome);
            }
        }
    }
    Ok(None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A wait ends later than now and within the hour, and is for a call to finish only while one is in flight.
    #[test]
    fn is_never_stuck(
        kind in limiters(),
        rate in 1_000..1_000_000_000_u64,
        burst in 1..1_000_u32,
        steps in prop::collection::vec((steps(), 0..3_000_u64, 1..50_u32), 1..200),
    ) {
        let mut limiter = limiter(kind, rate, burst);
        let mut now = Duration::ZERO;
        let mut in_flight = Vec::new();
        for (step, micros, cost) in steps {
            now += Duration::from_micros(micros * 100);
            if let Some(until) = take(&mut limiter, now, step, cost, &mut in_flight)? {
                prop_assert!(until <= now + Duration::from_hours(1), "{until:?} at {now:?}");
                now = until;
            }
        }
        // Once all have ended, the next call goes without another's help.
        for stamp in in_flight {
            limiter.finish(now, stamp, Outcome::Unknown);
        }
        prop_assert!(limiter.next(now, 1) != Next::AfterFinish);
        if let Next::At(until) = limiter.next(now, 1) {
            prop_assert!(matches!(limiter.admit(until, 1), Decision::Send(_)));
        }
    }

    /// Nothing overflows, whatever the costs, rates and times.
    #[test]
    fn takes_extremes(
        kind in limiters(),
        rate in prop_oneof![Just(1), Just(u64::MAX), any::<u64>()],
        burst in prop_oneof![Just(0), Just(u32::MAX), any::<u32>()],
        steps in prop::collection::vec(
            (steps(), prop_oneof![Just(0), 0..1_u64 << 40], prop_oneof![Just(1), Just(0), Just(u32::MAX), any::<u32>()]),
            1..100,
        ),
    ) {
        let mut limiter = limiter(kind, rate, burst);
        let mut now = Duration::ZERO;
        let mut in_flight = Vec::new();
        for (step, seconds, cost) in steps {
            now += Duration::from_secs(seconds);
            take(&mut limiter, now, step, cost, &mut in_flight)?;
            let _ = (limiter.level(now), limiter.in_flight_cap(), limiter.learnt());
        }
    }

    /// A call that was not sent, or left later, is as if it had not been admitted before.
    #[test]
    fn what_was_not_sent_is_not_counted(delays in prop::collection::vec(1..500_u64, 0..5), cost in 1..20_u32) {
        let mut limiter = Limiter::resumed(Learnt::new(Rate::micros_per_second(20_000_000)));
        let second = Duration::from_secs(1);
        let first = limiter.send_anyway(second, 1);
        limiter.finish(second * 2, first, Outcome::Throttled { retry_after: None });
        let mut now = second * 4;
        let mut stamp = limiter.send_anyway(now, cost);
        for delay in delays {
            now += Duration::from_millis(delay);
            limiter.departed(now, &mut stamp);
        }
        // 20/s since the refusal of the call that was sent after a second.
        let refilled = u64::try_from(now.saturating_sub(second).as_millis() / 50).unwrap();
        prop_assert_eq!(limiter.level(now), Some(refilled - u64::from(cost)));
        limiter.finish(now, stamp, Outcome::Unsent);
        prop_assert_eq!(limiter.level(now), Some(refilled));
    }
}

/// Shares of a coordinator, who says so every five seconds, are kept to, and are no change of the limit.
#[test]
fn keeps_to_its_share() {
    use tidegate_throttle_simulator::{Case, Server};
    let mut server = Server::new(&Case { refill: 40_000, burst: 100, ..Case::default() });
    let mut limiters = [Limiter::new(), Limiter::new()];
    let mut accepted = [0, 0];
    for ms in 0..240_000_u64 {
        let now = Duration::from_millis(ms);
        for (limiter, accepted) in limiters.iter_mut().zip(&mut accepted) {
            if ms == 60_000 {
                *accepted = 0;
            }
            if ms >= 60_000 && ms % 5_000 == 0 {
                limiter.share(now, Rate::micros_per_second(20_000_000));
            }
            if let Decision::Send(stamp) = limiter.admit(now, 1) {
                let through = server.take(now, 1);
                *accepted += u32::from(through);
                let throttled = Outcome::Throttled { retry_after: None };
                limiter.finish(now, stamp, if through { Outcome::Accepted } else { throttled });
            }
        }
    }
    // 40/s for three minutes.
    let [one, other] = accepted;
    assert!(one + other > 6_980, "{accepted:?}");
    assert!(one.abs_diff(other) < 1_800, "{accepted:?}");
}
