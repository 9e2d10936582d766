//! [`Case`]: what is drained, and [`Run`]: once.

use clap::Args;

/// What is drained.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// How long a handler takes, in milliseconds.
    pub(crate) handler: u64,
    /// Of a message.
    pub(crate) bytes: usize,
}

impl Case {
    /// An empty queue.
    pub(crate) const IDLE: Self = Self { handler: 0, bytes: 0 };

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [1, 10, 100].into_iter().flat_map(|kilobytes| {
            [0, 5, 50].into_iter().map(move |handler| Self { handler, bytes: kilobytes * 1_000 })
        })
    }

    pub(crate) fn name(&self) -> String {
        format!("{} KB, {} ms", self.bytes / 1_000, self.handler)
    }

    /// Large ones are fewer.
    pub(crate) fn messages(&self, messages: u64) -> u64 {
        if self.bytes < 100_000 { messages } else { messages / 5 }
    }
}

/// One run of one side.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// Where the embedded AWS listens.
    #[arg(long)]
    pub(crate) endpoint_url: String,
    /// The queue's name.
    #[arg(long)]
    pub(crate) queue: String,
    /// How many messages it has.
    #[arg(long)]
    pub(crate) messages: u64,
    /// How long a handler takes, in milliseconds.
    #[arg(long)]
    pub(crate) handler: u64,
}
