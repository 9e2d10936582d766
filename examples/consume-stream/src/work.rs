//! [`Work`]: stands in for a service's handler.

use std::{fmt, ops::RangeInclusive, time::Duration};

use crate::args::Args;

/// What is done with each record: it takes time, and it fails now and then.
pub(crate) struct Work {
    millis: RangeInclusive<u64>,
    fail_percent: f64,
}

/// The work failed, as it was asked to.
#[derive(Debug)]
pub(crate) struct Failed;

impl Work {
    pub(crate) fn new(args: &Args) -> Self {
        Self { millis: args.work_ms.clone(), fail_percent: args.fail_percent }
    }

    /// Works on one record.
    pub(crate) async fn on_one(&self) -> Result<(), Failed> {
        let millis = fastrand::u64(self.millis.clone());
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        if fastrand::f64() * 100.0 < self.fail_percent { Err(Failed) } else { Ok(()) }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed, as --fail-percent asks")
    }
}

impl std::error::Error for Failed {}
