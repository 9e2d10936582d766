//! [`Adaptive`]: the throttle that learns each limit.

mod event;
mod line;
mod registry;
mod state;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use tokio::time::Instant;

use self::registry::Registry;
pub use self::{event::Event, state::LimitState};
use crate::admission::{Call, Permit, Refused, Throttle};

/// Learns the limits that calls fall under from the throttles that they meet, and paces every caller of a
/// limit just above it.
///
/// It knows nothing at first, and holds nothing back until it must: a limit opens with a window of calls
/// in flight that doubles each round trip until the first throttle. From then on callers of that limit
/// wait in one line, first come, first served. Clones share all of it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use tidegate_throttle::{Adaptive, Call, Outcome, Throttle};
///
/// let throttle = Adaptive::new();
/// let call = Call::new("ec2", "DescribeInstances").region("eu-west-1");
///
/// let permit = throttle.acquire(&call).await?;
/// // Send the request here, and say what came of it.
/// permit.finish(Outcome::Accepted);
/// # Ok::<_, tidegate_throttle::Refused>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Adaptive {
    registry: Arc<Registry>,
    start: Instant,
}

impl Adaptive {
    /// A throttle that knows no limit yet.
    #[must_use]
    pub fn new() -> Self {
        Self { registry: Arc::default(), start: Instant::now() }
    }

    /// What is known of every limit that was ever asked for, in no order.
    #[must_use]
    pub fn snapshot(&self) -> Vec<LimitState> {
        self.registry.lines().iter().map(|line| line.state()).collect()
    }
}

impl Default for Adaptive {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Adaptive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.snapshot()).finish()
    }
}

#[async_trait]
impl Throttle for Adaptive {
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused> {
        let line = self.registry.line(call, self.start);
        Ok(line.admit(call.tokens(), call.in_flight_class()).await)
    }
}
