//! [`record`] and [`gauges`]: a throttle's events and state as metrics of the `metrics` facade.
//!
//! [`record`] listens to events. [`gauges`] tells the state, and is to be called now and then, from a task of its
//! own. The names, units and labels are those of the [table](crate::observe).
//!
//! ```no_run
//! # async fn of() {
//! use std::time::Duration;
//! use tidegate_throttle::{Adaptive, metrics};
//!
//! // After a recorder was installed, of `metrics-exporter-prometheus` for instance.
//! metrics::describe();
//! let throttle = Adaptive::new();
//! let mut tick = tokio::time::interval(Duration::from_secs(10));
//! loop {
//!     tick.tick().await;
//!     metrics::gauges(&throttle.snapshot());
//! }
//! # }
//! ```

mod name;
mod sum;

use std::collections::BTreeMap;

use ::metrics::{Label, counter, histogram};

use self::sum::Sum;
use crate::{Event, Limit, LimitState, observe};

/// Tells the recorder the unit and the meaning of each metric.
///
/// ```
/// tidegate_throttle::metrics::describe();
/// ```
pub fn describe() {
    name::describe();
}

/// Records an event, with the labels `region`, `service` and `limit`.
///
/// ```
/// use std::time::Duration;
/// use tidegate_throttle::{Event, Limit, metrics};
///
/// let limit = Limit::new("kinesis", "DescribeLimits").with_region("eu-west-1");
/// metrics::record(&Event::Paused { limit: &limit, pause: Duration::from_secs(2) });
/// ```
pub fn record(event: &Event<'_>) {
    Labels::new().record(event);
}

/// Sets the gauges, with the labels `region`, `service` and `limit`.
///
/// ```
/// use tidegate_throttle::{Adaptive, metrics};
///
/// metrics::gauges(&Adaptive::new().snapshot());
/// ```
pub fn gauges(states: &[LimitState]) {
    Labels::new().gauges(states);
}

/// Which labels tell one limit from another: `region`, `service`, `limit` (its name), and what is added.
///
/// Each combination is a time series of its own. Limits that the labels do not tell apart are added up;
/// of their pauses the longest counts.
///
/// ```
/// use tidegate_throttle::{Adaptive, metrics::Labels};
///
/// let labels = Labels::new().with_account();
/// labels.gauges(&Adaptive::new().snapshot());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    account: bool,
    resource: bool,
}

impl Labels {
    /// `region`, `service` and `limit`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `account`: for a service that works in several. An account's number is no secret, but not for
    /// everybody's eyes.
    #[must_use]
    pub fn with_account(mut self) -> Self {
        self.account = true;
        self
    }

    /// Adds `resource`: a series for each bucket, prefix and shard that was ever called, so for few of them
    /// only.
    #[must_use]
    pub fn with_resource(mut self) -> Self {
        self.resource = true;
        self
    }

    /// Records an event.
    pub fn record(self, event: &Event<'_>) {
        match *event {
            Event::Admitted { limit, priority, waited } => {
                let labels = self.of_and(limit, "priority", observe::priority(priority));
                histogram!(name::WAIT, labels).record(waited);
            }
            Event::Finished { limit, outcome, took } => {
                let labels = self.of_and(limit, "outcome", observe::outcome(outcome));
                counter!(name::ATTEMPTS, labels.clone()).increment(1);
                histogram!(name::ATTEMPT, labels).record(took);
            }
            Event::Learnt { limit, .. } => counter!(name::LEARNT, self.of(limit)).increment(1),
            Event::Paused { limit, pause } => histogram!(name::PAUSE, self.of(limit)).record(pause),
            Event::Shed { limit, priority, .. } => {
                let labels = self.of_and(limit, "priority", observe::priority(priority));
                counter!(name::SHED, labels).increment(1);
            }
            Event::Alone { limit, .. } => counter!(name::ALONE, self.of(limit)).increment(1),
        }
    }

    /// Sets the gauges.
    pub fn gauges(self, states: &[LimitState]) {
        let mut sums = BTreeMap::<Vec<Label>, Sum>::new();
        for state in states {
            sums.entry(self.of(&state.limit)).or_default().add(state);
        }
        for (labels, sum) in sums {
            sum.set(&labels);
        }
    }

    fn of(self, limit: &Limit) -> Vec<Label> {
        let [account, region, service, name, resource] = limit.parts();
        let all = [
            ("account", account, self.account),
            ("region", region, true),
            ("service", service, true),
            ("limit", name, true),
            ("resource", resource, self.resource),
        ];
        all.into_iter().filter(|it| it.2).map(|(key, value, _)| Label::new(key, value.to_owned())).collect()
    }

    fn of_and(self, limit: &Limit, key: &'static str, value: &'static str) -> Vec<Label> {
        let mut labels = self.of(limit);
        labels.push(Label::from_static_parts(key, value));
        labels
    }
}
