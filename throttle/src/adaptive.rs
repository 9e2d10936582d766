//! [`Adaptive`]: the throttle that learns each limit.

mod builder;
mod culprit;
mod event;
mod explanation;
mod knowledge;
mod line;
mod pass;
mod queue;
mod registry;
mod route;
mod settings;
mod sharing;
mod shed;
mod state;

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use self::registry::Registry;
pub use self::{
    builder::Builder,
    event::Event,
    explanation::{Explanation, Wait, Why},
    knowledge::{Knowledge, KnowledgeError},
    settings::Concurrency,
    shed::{QueueFull, WaitTooLong},
    state::LimitState,
};
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
}

impl Adaptive {
    /// A throttle that has met no limit yet, and bounds neither its queues nor the calls in flight.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A throttle with bounds, listeners, or what was learnt before.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// What is known of every limit that was asked for, by limit.
    #[must_use]
    pub fn snapshot(&self) -> Vec<LimitState> {
        self.registry.lines().iter().map(|line| line.state()).collect()
    }

    /// Why `call` would wait now, on which limit, and how long at the least.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// use std::time::Duration;
    /// use tidegate_throttle::{Adaptive, Call, Outcome, Throttle};
    ///
    /// let (throttle, call) = (Adaptive::new(), Call::new("ec2", "DescribeInstances"));
    /// assert_eq!(throttle.explain(&call).to_string(), "it would go at once");
    ///
    /// let retry_after = Some(Duration::from_secs(5));
    /// throttle.acquire(&call).await?.finish(Outcome::Throttled { retry_after });
    /// let why = throttle.explain(&call).to_string();
    /// assert!(why.starts_with("ec2 DescribeInstances: the service asked for a pause, for 4.9"), "{why}");
    /// # Ok::<_, tidegate_throttle::Refused>(()) })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, call: &Call) -> Explanation {
        self.registry.route(call).explain(call)
    }

    /// What was learnt, to be kept for the next run: see [`Builder::knowledge`].
    #[must_use]
    pub fn knowledge(&self) -> Knowledge {
        let lines = self.registry.lines();
        lines.iter().filter_map(|line| Some((line.limit.clone(), line.learnt()?))).collect()
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
        Registry::share(&self.registry);
        self.registry.route(call).admit(call).await
    }
}
