//! The load: tasks that call without pause.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_kinesis::Client;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::{Instant, interval},
};

use crate::{args::Args, client::Paced};

/// What the tasks counted.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) elapsed: Duration,
    /// How long each operation took that succeeded, its waits included.
    pub(crate) times: Vec<Duration>,
    pub(crate) failed: u64,
    /// Why the first operation failed that did.
    pub(crate) first_failure: Option<String>,
}

/// Calls until the time is over, or until somebody asks it to stop.
pub(crate) async fn run(args: &Args, client: &Paced) -> Measured {
    let start = Instant::now();
    let (stop, stopped) = watch::channel(());
    let mut tasks = JoinSet::new();
    let (ok, bar) = (Arc::new(AtomicU64::new(0)), bar(args));
    for _ in 0..args.tasks.get() {
        tasks.spawn(call_until(client.kinesis.clone(), stopped.clone(), Arc::clone(&ok)));
    }
    let end = tokio::time::sleep(Duration::from_secs(args.seconds.get().into()));
    tokio::select! {
        () = end => {}
        () = asked_to_stop() => {}
        () = show(&bar, &ok, client, start) => {}
    }
    // The tasks hear of it as their channel closes.
    drop(stop);
    let mut all = Measured { elapsed: start.elapsed(), ..Measured::default() };
    while let Some(task) = tasks.join_next().await {
        match task {
            Ok(task) => {
                all.times.extend(task.times);
                all.failed += task.failed;
                all.first_failure = all.first_failure.or(task.first_failure);
            }
            Err(panic) => {
                all.failed += 1;
                all.first_failure.get_or_insert_with(|| panic.to_string());
            }
        }
    }
    bar.finish_and_clear();
    all
}

async fn call_until(client: Client, mut stopped: watch::Receiver<()>, ok: Arc<AtomicU64>) -> Measured {
    let mut measured = Measured::default();
    loop {
        let sent = Instant::now();
        let result = tokio::select! {
            result = client.describe_limits().send() => result,
            _ = stopped.changed() => return measured,
        };
        match result {
            Ok(_) => {
                measured.times.push(sent.elapsed());
                ok.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                measured.failed += 1;
                measured.first_failure.get_or_insert_with(|| text(&error));
                // A call that fails before it waits for anything must not keep the others from running.
                tokio::task::yield_now().await;
            }
        }
    }
}

/// An error and its causes in one line.
fn text(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.dedup();
    texts.join(": ")
}

/// A bar on a terminal, nothing in a pipe.
fn bar(args: &Args) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30.cyan} {pos:>3}/{len} s  {msg}");
    ProgressBar::new(args.seconds.get().into())
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

async fn show(bar: &ProgressBar, ok: &AtomicU64, client: &Paced, start: Instant) {
    let mut tick = interval(Duration::from_millis(100));
    loop {
        tick.tick().await;
        bar.set_position(start.elapsed().as_secs());
        bar.set_message(format!("{} ok, {} throttled", ok.load(Ordering::Relaxed), client.throttled()));
    }
}

async fn asked_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers a signal ends the process, as ever.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
