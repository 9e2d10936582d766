//! Events are logged and waits are spans, named as the table in the documentation says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recorder;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use recorder::Recorder;
use tidegate_throttle::{
    Adaptive, Call, Event, Limit, Outcome, Priority, Throttle, conformance,
    limiter::Rate,
    trace::{Traced, log},
};
use tokio::time::timeout;
use tracing::{
    Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::{set_default, with_default},
};

/// Writes spans and log events down.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Entry>>>);

#[derive(Clone, Debug, Default)]
struct Entry {
    name: String,
    level: String,
    target: String,
    /// The fields that there may be.
    declared: BTreeSet<&'static str>,
    fields: BTreeMap<&'static str, String>,
    entered: bool,
}

impl Entry {
    fn new(of: &'static Metadata<'static>) -> Self {
        Self {
            name: of.name().to_owned(),
            level: of.level().as_str().to_ascii_lowercase(),
            target: of.target().to_owned(),
            declared: of.fields().iter().map(|field| field.name()).filter(|it| *it != "message").collect(),
            ..Self::default()
        }
    }

    fn fields(&self) -> Vec<(&'static str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, &**value)).collect()
    }
}

impl Visit for Entry {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.name = format!("{value:?}");
        } else {
            self.fields.insert(field.name(), format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

impl Log {
    fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap().clone()
    }
}

impl Subscriber for Log {
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        of.target() == "tidegate_throttle::trace"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut entry = Entry::new(span.metadata());
        span.record(&mut entry);
        let mut entries = self.0.lock().unwrap();
        entries.push(entry);
        Id::from_u64(entries.len().try_into().unwrap())
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let index = usize::try_from(span.into_u64()).unwrap() - 1;
        values.record(&mut self.0.lock().unwrap()[index]);
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut entry = Entry::new(event.metadata());
        event.record(&mut entry);
        self.0.lock().unwrap().push(entry);
    }

    fn enter(&self, span: &Id) {
        let index = usize::try_from(span.into_u64()).unwrap() - 1;
        self.0.lock().unwrap()[index].entered = true;
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn logged(event: &Event<'_>) -> Entry {
    let subscriber = Log::default();
    with_default(subscriber.clone(), || log(event));
    subscriber.entries().pop().unwrap()
}

fn limit() -> Limit {
    Limit::new("kinesis", "DescribeLimits").with_region("eu-west-1")
}

/// One of each, of which every field counts, and the name under which it is logged.
fn events(limit: &Limit) -> [(&'static str, Event<'_>); 7] {
    let (waited, took) = (Duration::from_millis(1500), Duration::from_millis(250));
    let retry_after = Some(Duration::from_secs(2));
    let priority = Priority::Background;
    [
        ("admitted", Event::Admitted { limit, priority, waited }),
        ("finished", Event::Finished { limit, outcome: Outcome::Unknown, took }),
        ("throttled", Event::Finished { limit, outcome: Outcome::Throttled { retry_after }, took }),
        ("learnt", Event::Learnt { limit, rate: Rate::micros_per_second(20_000_000) }),
        ("paused", Event::Paused { limit, pause: Duration::from_secs(3) }),
        ("shed", Event::Shed { limit, priority, retry_after }),
        ("alone", Event::Alone { limit, error: &fmt::Error }),
    ]
}

#[test]
fn events_are_logged_with_what_they_say() {
    let further: BTreeMap<_, &[(&str, &str)]> = BTreeMap::from([
        ("admitted", &[("priority", "background"), ("waited_ms", "1500")][..]),
        ("finished", &[("outcome", "unknown"), ("took_ms", "250")]),
        ("throttled", &[("retry_after_ms", "2000"), ("took_ms", "250")]),
        ("learnt", &[("rate", "20.000/s")]),
        ("paused", &[("pause_ms", "3000")]),
        ("shed", &[("priority", "background"), ("retry_after_ms", "2000")]),
        ("alone", &[("error", "an error occurred when formatting an argument")]),
    ]);
    for (name, event) in events(&limit()) {
        let entry = logged(&event);
        let parts = [("limit", "DescribeLimits"), ("region", "eu-west-1"), ("service", "kinesis")];
        let mut expected = [&parts[..], further[name]].concat();
        expected.sort_unstable();
        assert_eq!((&*entry.name, entry.fields()), (name, expected));
    }
}

#[test]
fn what_does_not_apply_is_left_out() {
    let limit = Limit::new("route53", "ListHostedZones");
    let entry = logged(&Event::Shed { limit: &limit, priority: Priority::Normal, retry_after: None });
    let expected = [("limit", "ListHostedZones"), ("priority", "normal"), ("service", "route53")];
    assert_eq!(entry.fields(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_a_span() {
    let log = Log::default();
    let _guard = set_default(log.clone());
    let throttle = Recorder { wait: Duration::from_millis(1500), ..Recorder::default() };
    let call = Call::new("kinesis", "DescribeLimits").account("123456789012");
    Traced::new(&throttle).acquire(&call).await.unwrap().finish(Outcome::Accepted);
    let [span] = &log.entries()[..] else { panic!("{:?}", log.entries()) };
    let expected = [
        ("account", "123456789012"),
        ("admitted", "true"),
        ("operation", "DescribeLimits"),
        ("service", "kinesis"),
        ("waited_ms", "1500"),
    ];
    assert_eq!((&*span.name, span.fields()), ("throttle.acquire", expected.to_vec()));
    assert!(span.entered, "nothing happens within the span");
    assert_eq!(throttle.events().last().unwrap(), "finish Accepted");
}

#[tokio::test(start_paused = true)]
async fn a_span_tells_refused_from_given_up() {
    let log = Log::default();
    let _guard = set_default(log.clone());
    let call = Call::new("kinesis", "DescribeLimits");
    let refusing = Traced::new(Recorder { refuse: true, ..Recorder::default() });
    refusing.acquire(&call).await.unwrap_err();
    let waiting = Traced::new(Recorder { wait: Duration::from_mins(1), ..Recorder::default() });
    timeout(Duration::from_secs(1), waiting.acquire(&call)).await.unwrap_err();
    let [refused, given_up] = &log.entries()[..] else { panic!("{:?}", log.entries()) };
    assert_eq!(refused.fields.get("admitted").unwrap(), "false");
    assert_eq!((given_up.fields.get("admitted"), given_up.fields.get("waited_ms")), (None, None));
}

#[tokio::test(start_paused = true)]
async fn traced_keeps_the_contract() {
    conformance::all(|| Traced::new(Adaptive::new())).await;
}

/// The table in the documentation and what is logged are one.
#[tokio::test(start_paused = true)]
async fn the_table_is_true() {
    let log = Log::default();
    let _guard = set_default(log.clone());
    let limit = limit();
    for (_, event) in events(&limit) {
        tidegate_throttle::trace::log(&event);
    }
    Traced::new(Adaptive::new())
        .acquire(&Call::new("s3", "PutObject"))
        .await
        .unwrap()
        .finish(Outcome::Accepted);
    let logged = log.entries().into_iter().map(|it| {
        assert_eq!(it.target, "tidegate_throttle::trace");
        let kind = if it.name == "throttle.acquire" { "span" } else { "event" };
        let own = if kind == "span" { "operation" } else { "limit" };
        let common = ["account", "region", "service", "resource", own].into();
        assert!(it.declared.is_superset(&common), "{it:?}");
        let further = it.declared.difference(&common).map(|field| format!("`{field}`"));
        (format!("`{}`", it.name), (kind.to_owned(), it.level, further.collect::<BTreeSet<_>>()))
    });
    let table = include_str!("../src/observe.rs").lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("//! | ")?.split(" | ").collect();
        let [name, kind @ ("event" | "span"), level, further, _] = cells[..] else { return None };
        let further = further.split(", ").map(str::to_owned);
        Some((name.to_owned(), (kind.to_owned(), level.to_owned(), further.collect())))
    });
    assert_eq!(table.collect::<BTreeMap<_, _>>(), logged.collect());
}
