//! Events and states become metrics, named as the table in the documentation says.

#![cfg(feature = "metrics")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit, with_local_recorder,
};
use tidegate_throttle::{
    Adaptive, Call, Event, Limit, LimitState, Outcome, Priority, Throttle,
    catalog::Catalog,
    limiter::Rate,
    metrics::{Labels, describe, gauges, record},
};

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Metric>>>);

#[derive(Clone, Debug, PartialEq)]
struct Metric {
    name: String,
    kind: &'static str,
    labels: BTreeMap<String, String>,
    /// A unit, where it is a description.
    value: Result<f64, Option<Unit>>,
    meaning: String,
}

impl Told {
    fn listen(to: impl FnOnce()) -> Vec<Metric> {
        let told = Self::default();
        with_local_recorder(&told, to);
        let metrics = told.0.lock().unwrap();
        metrics.clone()
    }

    fn describe(&self, kind: &'static str, name: &KeyName, unit: Option<Unit>, meaning: &SharedString) {
        let (name, meaning) = (name.as_str().to_owned(), meaning.to_string());
        self.0.lock().unwrap().push(Metric {
            name,
            kind,
            labels: BTreeMap::new(),
            value: Err(unit),
            meaning,
        });
    }

    fn series(&self, kind: &'static str, key: &Key) -> Arc<Series> {
        let labels = key.labels().map(|it| (it.key().to_owned(), it.value().to_owned()));
        let metric = Metric {
            name: key.name().to_owned(),
            kind,
            labels: labels.collect(),
            value: Ok(0.0),
            meaning: String::new(),
        };
        Arc::new(Series(self.clone(), metric))
    }
}

struct Series(Told, Metric);

impl Series {
    fn tell(&self, value: f64) {
        self.0.0.lock().unwrap().push(Metric { value: Ok(value), ..self.1.clone() });
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.tell(f64::from(u32::try_from(value).unwrap()));
    }

    fn absolute(&self, value: u64) {
        panic!("set to {value}: a counter only counts");
    }
}

impl GaugeFn for Series {
    fn increment(&self, value: f64) {
        panic!("moved by {value}: a gauge is set");
    }

    fn decrement(&self, value: f64) {
        panic!("moved by {value}: a gauge is set");
    }

    fn set(&self, value: f64) {
        self.tell(value);
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.tell(value);
    }
}

impl Recorder for Told {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, meaning: SharedString) {
        self.describe("counter", &name, unit, &meaning);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, meaning: SharedString) {
        self.describe("gauge", &name, unit, &meaning);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, meaning: SharedString) {
        self.describe("histogram", &name, unit, &meaning);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series("counter", key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.series("gauge", key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series("histogram", key))
    }
}

/// The values of a metric, with the labels of each.
fn values<'a>(metrics: &'a [Metric], name: &str) -> Vec<(f64, Vec<(&'a str, &'a str)>)> {
    let name = format!("tidegate_throttle_{name}");
    let labels = |metric: &'a Metric| metric.labels.iter().map(|(key, value)| (&**key, &**value)).collect();
    metrics.iter().filter(|it| it.name == name).map(|it| (it.value.unwrap(), labels(it))).collect()
}

fn limit() -> Limit {
    Limit::new("kinesis", "DescribeLimits")
        .with_account("123456789012")
        .with_region("eu-west-1")
        .with_resource("7")
}

const LABELS: [(&str, &str); 3] =
    [("limit", "DescribeLimits"), ("region", "eu-west-1"), ("service", "kinesis")];

fn with(key: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut labels = LABELS.to_vec();
    labels.push((key, value));
    labels.sort_unstable();
    labels
}

/// One of each, of which every field counts.
fn events(limit: &Limit) -> [Event<'_>; 7] {
    let (waited, took) = (Duration::from_millis(1500), Duration::from_millis(250));
    let throttled = Outcome::Throttled { retry_after: None };
    [
        Event::Admitted { limit, priority: Priority::Interactive, waited },
        Event::Finished { limit, outcome: Outcome::Accepted, took },
        Event::Finished { limit, outcome: throttled, took: 2 * took },
        Event::Learnt { limit, rate: Rate::micros_per_second(20_000_000) },
        Event::Paused { limit, pause: Duration::from_secs(3) },
        Event::Shed { limit, priority: Priority::Background, retry_after: None },
        Event::Alone { limit, error: &std::fmt::Error },
    ]
}

/// A state in which everything is known.
async fn state(of: &Call) -> LimitState {
    // With a limit for each resource, whatever AWS has.
    let throttle = Adaptive::builder().catalog(Catalog::empty()).build();
    throttle.acquire(of).await.unwrap().finish(Outcome::Accepted);
    let mut state = throttle.snapshot().pop().unwrap();
    state.rate = Some(Rate::micros_per_second(20_500_000));
    (state.burst, state.level, state.paused) = (Some(100), Some(40), Some(Duration::from_millis(500)));
    (state.queued, state.in_flight) = (7, 3);
    state
}

fn call() -> Call {
    Call::new("kinesis", "DescribeLimits").account("123456789012").region("eu-west-1").resource("7")
}

#[test]
fn events_are_recorded() {
    let metrics = Told::listen(|| events(&limit()).iter().for_each(record));
    assert_eq!(values(&metrics, "wait_seconds"), [(1.5, with("priority", "interactive"))]);
    let attempts = [(1.0, with("outcome", "accepted")), (1.0, with("outcome", "throttled"))];
    assert_eq!(values(&metrics, "attempts_total"), attempts);
    let times = [(0.25, with("outcome", "accepted")), (0.5, with("outcome", "throttled"))];
    assert_eq!(values(&metrics, "attempt_seconds"), times);
    assert_eq!(values(&metrics, "learnt_total"), [(1.0, LABELS.to_vec())]);
    assert_eq!(values(&metrics, "pause_seconds"), [(3.0, LABELS.to_vec())]);
    assert_eq!(values(&metrics, "shed_total"), [(1.0, with("priority", "background"))]);
    assert_eq!(values(&metrics, "alone_total"), [(1.0, LABELS.to_vec())]);
    assert_eq!(metrics.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn states_are_gauges() {
    let state = state(&call()).await;
    let metrics = Told::listen(|| gauges(&[state]));
    let expected = [
        ("rate_tokens_per_second", 20.5),
        ("burst_tokens", 100.0),
        ("level_tokens", 40.0),
        ("paused_seconds", 0.5),
        ("queued_calls", 7.0),
        ("in_flight_calls", 3.0),
    ];
    for (name, value) in expected {
        assert_eq!(values(&metrics, name), [(value, LABELS.to_vec())], "{name}");
    }
    assert_eq!(metrics.len(), expected.len());
}

/// What is not known has no value, and nobody is paused for no time.
#[tokio::test(start_paused = true)]
async fn what_is_unknown_is_left_out() {
    let throttle = Adaptive::new();
    let permit = throttle.acquire(&call()).await.unwrap();
    let metrics = Told::listen(|| gauges(&throttle.snapshot()));
    drop(permit);
    let names: Vec<_> =
        metrics.iter().map(|it| (it.name.trim_start_matches("tidegate_throttle_"), it.value)).collect();
    assert_eq!(names, [("paused_seconds", Ok(0.0)), ("queued_calls", Ok(0.0)), ("in_flight_calls", Ok(1.0))]);
}

/// A gauge of which several limits set the value would tell that of the last.
#[tokio::test(start_paused = true)]
async fn limits_that_labels_do_not_tell_apart_are_added_up() {
    let mut other = state(&call().resource("8")).await;
    (other.rate, other.burst) = (None, Some(50));
    other.paused = Some(Duration::from_secs(2));
    let states = [state(&call()).await, other, state(&call().region("eu-west-2")).await];
    let metrics = Told::listen(|| gauges(&states));
    let of = |name| values(&metrics, name).iter().map(|(value, _)| *value).collect::<Vec<_>>();
    assert_eq!(of("rate_tokens_per_second"), [20.5, 20.5]);
    assert_eq!(of("burst_tokens"), [150.0, 100.0]);
    assert_eq!(of("paused_seconds"), [2.0, 0.5]);
    assert_eq!(of("queued_calls"), [14.0, 7.0]);

    let metrics = Told::listen(|| Labels::new().with_resource().gauges(&states));
    assert_eq!(values(&metrics, "burst_tokens").len(), 3);
}

#[test]
fn account_and_resource_are_labels_if_asked_for() {
    let labels = Labels::new().with_account().with_resource();
    let limit = limit();
    let learnt = Event::Learnt { limit: &limit, rate: Rate::MIN };
    let metrics = Told::listen(|| labels.record(&learnt));
    let mut expected = [&LABELS[..], &[("account", "123456789012"), ("resource", "7")]].concat();
    expected.sort_unstable();
    assert_eq!(values(&metrics, "learnt_total"), [(1.0, expected)]);
}

/// The table in the documentation, what is described and what is recorded are one.
#[tokio::test(start_paused = true)]
async fn the_table_is_true() {
    let table: BTreeMap<_, _> = include_str!("../src/observe.rs")
        .lines()
        .filter(|line| line.starts_with("//! | `tidegate_throttle_"))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(|cell| cell.trim().replace('`', "")).collect();
            let [_, name, kind, unit, label, meaning, _] = <[String; 7]>::try_from(cells).unwrap();
            (name, (kind, unit, label, meaning))
        })
        .collect();
    assert!(!table.is_empty());

    let described: BTreeMap<_, _> =
        Told::listen(describe).into_iter().map(|it| (it.name.clone(), it)).collect();
    assert!(table.keys().eq(described.keys()), "{table:?} {described:?}");
    for (name, (kind, unit, _, meaning)) in &table {
        let metric = &described[name];
        assert_eq!((metric.kind, &metric.meaning), (&**kind, meaning), "{name}");
        let expected = match &**unit {
            "seconds" => (Unit::Seconds, "_seconds"),
            "tokens per second" => (Unit::CountPerSecond, "_tokens_per_second"),
            "tokens" => (Unit::Count, "_tokens"),
            _ if kind == "counter" => (Unit::Count, "_total"),
            "calls" => (Unit::Count, "_calls"),
            other => panic!("{name}: what is {other}?"),
        };
        assert_eq!(metric.value, Err(Some(expected.0)), "{name}");
        assert!(name.ends_with(expected.1), "{name} is in {unit}");
    }

    let state = state(&call()).await;
    let recorded = Told::listen(|| {
        events(&limit()).iter().for_each(record);
        gauges(&[state]);
    });
    let recorded: BTreeMap<_, _> = recorded.into_iter().map(|it| (it.name.clone(), it)).collect();
    assert!(table.keys().eq(recorded.keys()), "{table:?} {recorded:?}");
    for (name, (kind, _, label, _)) in &table {
        let labels: BTreeSet<_> = recorded[name].labels.keys().map(String::as_str).collect();
        let mut expected = BTreeSet::from(LABELS.map(|(key, _)| key));
        expected.extend(Some(&**label).filter(|label| !label.is_empty()));
        assert_eq!((recorded[name].kind, labels), (&**kind, expected), "{name}");
    }
}
