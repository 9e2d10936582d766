//! The progress bar: on a terminal, and nothing in a pipe.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tidegate_clone::Monitor;
use tidegate_throttle::Adaptive;
use tokio::{task::JoinHandle, time::interval};

use crate::text;

/// A bar that follows a run until it is finished.
pub(crate) struct Bar {
    bar: ProgressBar,
    follower: JoinHandle<()>,
}

impl Bar {
    pub(crate) fn finish(self) {
        self.follower.abort();
        self.bar.finish_and_clear();
    }
}

/// Shows where the run is, ten times a second.
pub(crate) fn show(run: Monitor, throttle: Adaptive) -> Bar {
    let style = ProgressStyle::with_template("{bar:32.cyan/dim} {msg}");
    let bar = ProgressBar::new(1).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let shown = bar.clone();
    let follower = tokio::spawn(async move {
        let mut tick = interval(Duration::from_millis(100));
        loop {
            tick.tick().await;
            let progress = run.progress();
            shown.set_length(progress.objects().count().max(1));
            shown.set_position(progress.copied);
            shown.set_message(message(&progress, &throttle));
        }
    });
    Bar { bar, follower }
}

fn message(progress: &tidegate_clone::Progress, throttle: &Adaptive) -> String {
    let more = if progress.list_done { "" } else { "+" };
    let copied = text::grouped(progress.copied);
    let listed = text::grouped(progress.listed);
    let mut parts = vec![format!("{copied} of {listed}{more} objects"), text::bytes(progress.bytes_copied)];
    let paced = throttle.snapshot().into_iter().find(|limit| limit.limit.name() == "writes");
    if let Some(rate) = paced.and_then(|limit| limit.rate) {
        parts.push(format!("paced at {}/s", text::grouped(rate.as_micros_per_second() / 1_000_000)));
    }
    let counts = [(progress.throttled, "throttled"), (progress.failed, "failed")];
    parts.extend(
        counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", text::grouped(count))),
    );
    parts.join(", ")
}
