//! The progress line: on a terminal, and nothing in a pipe.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tidegate_discovery::Discovery;
use tokio::task::JoinHandle;

/// A line that follows a discovery until it is finished.
pub(crate) struct Line {
    bar: ProgressBar,
    follower: JoinHandle<()>,
}

impl Line {
    pub(crate) fn finish(self) {
        self.follower.abort();
        self.bar.finish_and_clear();
    }
}

/// Shows how far the discovery is.
pub(crate) fn show(discovery: &Discovery) -> Line {
    let style = ProgressStyle::with_template("{spinner:.cyan} {msg}");
    let bar =
        ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(100));
    let (mut progress, shown) = (discovery.progress(), bar.clone());
    let follower = tokio::spawn(async move {
        loop {
            let now = *progress.borrow_and_update();
            let unseen = if now.unseen > 0 { format!(", {} not seen", now.unseen) } else { String::new() };
            shown.set_message(format!("{} found, {} to be answered{unseen}", now.found, now.open));
            if progress.changed().await.is_err() {
                return;
            }
            // Ten times a second is as fast as anybody reads.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    Line { bar, follower }
}
