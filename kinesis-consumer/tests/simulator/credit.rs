//! [`Credit`]: how often something may be done.

use std::time::Duration;

/// What was done of late.
#[derive(Debug, Default)]
pub(crate) struct Credit {
    since: Duration,
    spent: u32,
}

impl Credit {
    /// Does it once, where it may be done so often at once, and once more each time that `each` has passed. Whether it might.
    pub(crate) fn spend(&mut self, now: Duration, most: u32, each: Duration) -> bool {
        let back = u32::try_from((now - self.since).as_nanos() / each.as_nanos()).unwrap_or(u32::MAX);
        self.since += each * back;
        self.spent = self.spent.saturating_sub(back) + 1;
        self.spent <= most
    }

    /// It does not count after all.
    pub(crate) fn back(&mut self) {
        self.spent = self.spent.saturating_sub(1);
    }
}
