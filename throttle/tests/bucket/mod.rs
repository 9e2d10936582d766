//! A service that is one token bucket, and a load on it.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_throttle::{Adaptive, Call, Outcome, Throttle};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

/// A token bucket that answers after 20 ms.
pub(crate) struct Bucket(Mutex<(Instant, f64)>, f64, f64);

impl Bucket {
    pub(crate) fn new(rate: f64, burst: f64) -> Self {
        Self(Mutex::new((Instant::now(), burst)), rate, burst)
    }

    pub(crate) fn take(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        let level = (state.1 + state.0.elapsed().as_secs_f64() * self.1).min(self.2);
        let enough = level >= 1.0;
        *state = (Instant::now(), if enough { level - 1.0 } else { level });
        enough
    }

    pub(crate) async fn call(&self, throttle: &Adaptive, call: &Call) -> bool {
        let mut permit = throttle.acquire(call).await.unwrap();
        permit.sent();
        let accepted = self.take();
        sleep(Duration::from_millis(20)).await;
        permit.finish(if accepted { Outcome::Accepted } else { Outcome::Throttled { retry_after: None } });
        accepted
    }
}

/// Calls from 32 tasks for a while; gives how many were let through, and how many not.
pub(crate) async fn load(
    throttle: &Adaptive,
    call: &Call,
    bucket: &Arc<Bucket>,
    time: Duration,
) -> (u32, u32) {
    let end = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for _ in 0..32 {
        let (throttle, call, bucket) = (throttle.clone(), call.clone(), Arc::clone(bucket));
        tasks.spawn(async move {
            let mut counts = (0, 0);
            while let Ok(accepted) = tokio::time::timeout_at(end, bucket.call(&throttle, &call)).await {
                counts.0 += u32::from(accepted);
                counts.1 += u32::from(!accepted);
            }
            counts
        });
    }
    tasks.join_all().await.into_iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
}
