//! [`Builder`]: makes an [`Adaptive`] that is not the default one.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::{
    Adaptive, Concurrency, Event, Knowledge,
    registry::Registry,
    settings::{Listener, Settings},
    sharing::Sharing,
};
use crate::{catalog::Catalog, coordinator::Coordinator};

/// As many limits are kept unless somebody says otherwise.
const LIMITS: usize = 10_000;

/// Makes an [`Adaptive`] that is not the default one.
///
/// ```
/// use std::{num::NonZeroUsize, time::Duration};
/// use tidegate_throttle::{Adaptive, Event};
///
/// # fn of() -> Option<()> {
/// let throttle = Adaptive::builder()
///     .max_in_flight(NonZeroUsize::new(500)?)
///     .max_waiting(10_000)
///     .max_wait(Duration::from_secs(60))
///     .on_event(|event| if let Event::Shed { limit, .. } = event { eprintln!("too many callers of {limit}") })
///     .build();
/// # Some(())
/// # }
/// ```
#[must_use]
pub struct Builder {
    catalog: Catalog,
    knowledge: Knowledge,
    concurrency: Concurrency,
    in_flight: Option<NonZeroUsize>,
    long_polls: Option<NonZeroUsize>,
    max_waiting: usize,
    max_wait: Option<Duration>,
    max_limits: usize,
    observe_only: bool,
    listener: Option<Listener>,
    sharing: Option<Sharing>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            catalog: Catalog::aws(),
            knowledge: Knowledge::default(),
            concurrency: Concurrency::default(),
            in_flight: None,
            long_polls: None,
            max_waiting: usize::MAX,
            max_wait: None,
            max_limits: LIMITS,
            observe_only: false,
            listener: None,
            sharing: None,
        }
    }

    /// Which limits a call draws from, and what is documented of them. Default: [`Catalog::aws`].
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// What another throttle has learnt, in an earlier run for example: its limits need not be learnt again.
    /// Default: nothing.
    pub fn knowledge(mut self, knowledge: Knowledge) -> Self {
        self.knowledge = knowledge;
        self
    }

    /// How many calls of each limit may be in flight at once. Default: [`Concurrency::Unbounded`].
    pub fn concurrency(mut self, each_limit: Concurrency) -> Self {
        self.concurrency = each_limit;
        self
    }

    /// How many calls may be in flight at once under all limits together, long polls apart. Default: as many
    /// as their limits let in.
    pub fn max_in_flight(mut self, calls: NonZeroUsize) -> Self {
        self.in_flight = Some(calls);
        self
    }

    /// How many long polls may be in flight at once under all limits together. Default: any number.
    pub fn max_long_polls(mut self, calls: NonZeroUsize) -> Self {
        self.long_polls = Some(calls);
        self
    }

    /// How many callers may wait for each limit; more are refused with [`QueueFull`](crate::QueueFull).
    /// Default: any number.
    pub fn max_waiting(mut self, callers: usize) -> Self {
        self.max_waiting = callers;
        self
    }

    /// How long a caller may wait for each limit. Whoever cannot be admitted by then is refused at once, as far
    /// as that is known, with [`WaitTooLong`](crate::WaitTooLong). Default: as long as it takes.
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = Some(wait);
        self
    }

    /// How many limits are kept: those that nobody has used for longest are forgotten when there are more.
    /// Default: 10,000.
    pub fn max_limits(mut self, limits: NonZeroUsize) -> Self {
        self.max_limits = limits.get();
        self
    }

    /// Admits every call at once, and learns nevertheless: to see what there is to see before relying on it.
    pub fn observe_only(mut self) -> Self {
        self.observe_only = true;
        self
    }

    /// Hears of everything that happens, beside those who hear of it already.
    pub fn on_event(mut self, listener: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.listener = Some(match self.listener {
            None => Arc::new(listener),
            Some(first) => Arc::new(move |event| {
                first(event);
                listener(event);
            }),
        });
        self
    }

    /// Shares limits with other processes, fairly. Default: it does not, and finds its share by the throttles
    /// that it meets.
    ///
    /// The throttle exchanges every two seconds, on a task of its own that ends with the throttle's last clone,
    /// about each limit that has refused a call and is in use.
    pub fn coordinator(mut self, coordinator: impl Coordinator + 'static) -> Self {
        self.sharing = Some(Sharing::new(Arc::new(coordinator)));
        self
    }

    /// Makes it.
    #[must_use]
    pub fn build(self) -> Adaptive {
        let slots = |most: Option<NonZeroUsize>| {
            most.map(|most| Arc::new(Semaphore::new(most.get().min(Semaphore::MAX_PERMITS))))
        };
        let settings = Settings {
            concurrency: self.concurrency,
            in_flight: slots(self.in_flight),
            long_polls: slots(self.long_polls),
            max_waiting: self.max_waiting,
            max_wait: self.max_wait,
            max_limits: self.max_limits,
            observe_only: self.observe_only,
            listener: self.listener,
        };
        Adaptive { registry: Arc::new(Registry::new(settings, self.catalog, self.knowledge, self.sharing)) }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("observe_only", &self.observe_only).finish_non_exhaustive()
    }
}
