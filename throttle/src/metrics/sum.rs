//! [`Sum`]: the state of all limits that labels do not tell apart.

use std::time::Duration;

use ::metrics::{Label, gauge};

use super::name;
use crate::{LimitState, limiter::Rate};

/// The state of all limits that labels do not tell apart.
#[derive(Default)]
pub(super) struct Sum {
    micros_per_second: Option<u64>,
    burst: Option<u64>,
    level: Option<u64>,
    paused: Duration,
    queued: usize,
    in_flight: u64,
}

impl Sum {
    pub(super) fn add(&mut self, state: &LimitState) {
        add(&mut self.micros_per_second, state.rate.map(Rate::as_micros_per_second));
        add(&mut self.burst, state.burst);
        add(&mut self.level, state.level);
        self.paused = self.paused.max(state.paused.unwrap_or_default());
        self.queued = self.queued.saturating_add(state.queued);
        self.in_flight = self.in_flight.saturating_add(state.in_flight);
    }

    #[allow(clippy::cast_precision_loss, reason = "gauges are floats, and exact up to 2^53")]
    pub(super) fn set(&self, labels: &[Label]) {
        let set = |name, value: f64| gauge!(name, labels.to_vec()).set(value);
        if let Some(micros) = self.micros_per_second {
            set(name::RATE, micros as f64 / 1e6);
        }
        if let Some(burst) = self.burst {
            set(name::BURST, burst as f64);
        }
        if let Some(level) = self.level {
            set(name::LEVEL, level as f64);
        }
        set(name::PAUSED, self.paused.as_secs_f64());
        set(name::QUEUED, self.queued as f64);
        set(name::IN_FLIGHT, self.in_flight as f64);
    }
}

fn add(sum: &mut Option<u64>, value: Option<u64>) {
    if let Some(value) = value {
        *sum = Some(sum.unwrap_or_default().saturating_add(value));
    }
}
