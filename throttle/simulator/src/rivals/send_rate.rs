//! [`SendRate`]: the rate limiter of the SDK's adaptive retry mode.

use std::time::Duration;

/// Tokens per second, at the least.
const LEAST_FILL: f64 = 0.5;
const LEAST_CAPACITY: f64 = 1.0;
/// The weight of the newest half second in the measured rate.
const SMOOTH: f64 = 0.8;
/// What a throttle leaves of the rate.
const BETA: f64 = 0.7;
/// Tokens per second, per second cubed.
const SCALE: f64 = 0.4;
/// The rate may not exceed the measured one by more.
const LEAP: f64 = 2.0;

/// A token bucket whose fill rate follows CUBIC: cut by 30 % at every throttle, it comes back along a cubic
/// curve with its plateau at the rate of the last throttle.
///
/// Source: `aws-smithy-runtime` 1.16.2, `client/retries/client_rate_limiter.rs`, which counts in `f64` seconds.
#[derive(Debug)]
pub(super) struct SendRate {
    /// No call waits before the first throttle.
    enabled: bool,
    fill: f64,
    capacity: f64,
    level: f64,
    filled_at: Option<f64>,
    /// Answers per second, smoothed.
    measured: f64,
    /// The half second up to which answers are in the measured rate, and the answers since.
    measured_to: f64,
    answers: u32,
    /// The plateau.
    plateau: f64,
    throttled_at: f64,
}

impl SendRate {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            enabled: false,
            fill: 0.0,
            capacity: f64::MAX,
            level: 0.0,
            filled_at: None,
            measured: LEAST_FILL,
            measured_to: now.as_secs_f64().floor(),
            answers: 0,
            plateau: 0.0,
            throttled_at: now.as_secs_f64(),
        }
    }

    /// Takes `tokens`, or takes none and says how long to sleep before asking again.
    pub(super) fn acquire(&mut self, now: Duration, tokens: f64) -> Result<(), Duration> {
        if !self.enabled {
            return Ok(());
        }
        self.refill(now.as_secs_f64());
        let wait = Duration::from_secs_f64((tokens - self.level).max(0.0) / self.fill);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.level = (self.level - tokens).max(0.0);
        Ok(())
    }

    /// Learns of an answer.
    pub(super) fn learn(&mut self, now: Duration, throttled: bool) {
        let now = now.as_secs_f64();
        self.measure(now);
        let target = if throttled {
            self.plateau = if self.enabled { self.measured.min(self.fill) } else { self.measured };
            self.throttled_at = now;
            self.enabled = true;
            cut(self.plateau)
        } else {
            self.regrown(now)
        };
        let target = target.min(LEAP * self.measured);
        self.refill(now);
        self.fill = target.max(LEAST_FILL);
        self.capacity = target.max(LEAST_CAPACITY);
        self.level = self.level.min(self.capacity);
    }

    fn refill(&mut self, now: f64) {
        if let Some(then) = self.filled_at.replace(now) {
            self.level = (self.level + (now - then) * self.fill).min(self.capacity);
        }
    }

    fn measure(&mut self, now: f64) {
        self.answers += 1;
        let half_second = (now * 2.0).floor() / 2.0;
        if half_second > self.measured_to {
            let newest = f64::from(self.answers) / (half_second - self.measured_to);
            self.measured = newest * SMOOTH + self.measured * (1.0 - SMOOTH);
            self.measured_to = half_second;
            self.answers = 0;
        }
    }

    fn regrown(&self, now: f64) -> f64 {
        let to_plateau = (self.plateau * (1.0 - BETA) / SCALE).powf(1.0 / 3.0);
        SCALE * (now - self.throttled_at - to_plateau).powi(3) + self.plateau
    }
}

fn cut(rate: f64) -> f64 {
    rate * BETA
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the SDK's tests build it, with everything at zero.
    fn zeroed() -> SendRate {
        SendRate { measured: 0.0, ..SendRate::new(Duration::ZERO) }
    }

    fn is_close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-9, "{actual}, not {expected}");
    }

    /// The numbers of the SDK's test `test_calculated_rate_with_successes`.
    #[test]
    fn comes_back_along_the_cubic_curve() {
        let rate = SendRate { plateau: 10.0, throttled_at: 5.0, ..zeroed() };
        let expected = [
            (5.0, 7.0),
            (6.0, 9.648_936_009_66),
            (7.0, 10.000_030_849_917_364),
            (8.0, 10.453_284_520_772_092),
            (9.0, 13.408_697_022_224_185),
            (10.0, 21.266_268_354_273_64),
            (11.0, 36.425_998_516_920_465),
        ];
        for (now, expected) in expected {
            is_close(rate.regrown(now), expected);
        }
    }

    /// The numbers of the SDK's test `test_calculated_rate_with_throttles`.
    #[test]
    fn is_cut_by_every_throttle() {
        let mut rate = SendRate { plateau: 10.0, throttled_at: 5.0, ..zeroed() };
        let mut calculated = rate.regrown(6.0);
        for (now, expected) in [(7.0, 6.754_255_206_761_999), (8.0, 4.727_978_644_733_399)] {
            calculated = cut(calculated);
            (rate.plateau, rate.throttled_at) = (calculated, now);
            is_close(calculated, expected);
        }
        is_close(rate.regrown(9.0), 4.670_125_557_970_046);
        is_close(rate.regrown(12.0), 10.792_973_431_384_178);
    }

    /// The numbers of the SDK's test `test_client_sending_rates`.
    #[test]
    fn measures_and_follows_the_rate_of_answers() {
        let mut rate = zeroed();
        let expected = [
            (false, 0.0, 0.5),
            (false, 0.0, 0.5),
            (false, 4.8, 0.5),
            (false, 4.8, 0.5),
            (false, 4.16, 0.5),
            (false, 4.16, 0.691_2),
            (false, 4.16, 1.097_6),
            (false, 5.632, 1.638_4),
            (false, 5.632, 2.332_8),
            (true, 4.326_4, 3.028_48),
            (false, 4.326_4, 3.486_639_173_470_26),
            (false, 4.326_4, 3.821_874_416_040_255),
            (false, 5.665_28, 4.053_385_727_709_987),
            (false, 5.665_28, 4.200_373_108_479_454),
            (false, 4.333_056, 4.282_036_558_348_658),
            (true, 4.333_056, 2.997_425_590_844_06),
            (false, 4.333_056, 3.452_226_394_386_346_3),
        ];
        for (step, (throttled, measured, fill)) in (1..).zip(expected) {
            rate.learn(Duration::from_millis(200 * step), throttled);
            is_close(rate.measured, measured);
            is_close(rate.fill, fill);
        }
    }

    /// The numbers of the SDK's tests `test_capacity_never_goes_negative`,
    /// `test_concurrent_acquires_no_cascading_delays` and `test_acquire_succeeds_after_sufficient_refill`.
    #[test]
    fn who_must_wait_takes_nothing() {
        let mut rate = zeroed();
        assert_eq!(rate.acquire(Duration::ZERO, 1.0), Ok(()));
        rate.learn(Duration::ZERO, true);
        for _ in 0..10 {
            let wait = rate.acquire(Duration::from_millis(100), 1.0).unwrap_err();
            is_close(wait.as_secs_f64(), 1.9);
            is_close(rate.level, 0.05);
        }
        assert_eq!(rate.acquire(Duration::from_millis(2_100), 1.0), Ok(()));
        is_close(rate.level, 0.0);
    }

    /// A burst of throttles is not one event: the SDK's test `test_multi_task_recovery_after_throttle_blip`
    /// ends on the least rate, too.
    #[test]
    fn a_burst_of_throttles_cuts_to_the_least_rate() {
        let mut rate = SendRate { measured: 20.0, ..zeroed() };
        for step in 1..=50 {
            rate.learn(Duration::from_millis(step), true);
        }
        is_close(rate.fill, LEAST_FILL);
    }
}
