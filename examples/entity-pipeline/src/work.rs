//! [`Work`]: stands in for what a service does.

use std::{ops::RangeInclusive, time::Duration};

use tidegate_sqs_consumer::Failure;

use crate::args::Args;

/// What is done with each version: it takes time, and it fails now and then.
pub(crate) struct Work {
    millis: RangeInclusive<u64>,
    fail_percent: f64,
}

impl Work {
    pub(crate) fn new(args: &Args) -> Self {
        Self { millis: args.work_ms.clone(), fail_percent: args.fail_percent }
    }

    pub(crate) async fn on_one(&self) -> Result<(), Failure> {
        let millis = fastrand::u64(self.millis.clone());
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        if fastrand::f64() * 100.0 < self.fail_percent {
            return Err(Failure::retry("failed, as --fail-percent asks"));
        }
        Ok(())
    }
}
