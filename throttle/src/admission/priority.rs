//! [`Priority`]: who goes first when callers wait.

use std::future::Future;

tokio::task_local! {
    static PRIORITY: Priority;
}

/// Who goes first when callers of one limit wait: a share, not a rank, so that nobody starves.
///
/// Of callers that wait, those of [`Interactive`](Self::Interactive) get 16 turns and those of
/// [`Normal`](Self::Normal) 4 for one of [`Background`](Self::Background). Within a priority it is first come,
/// first served. It is a property of what the task is at, and holds for every call within
/// [`scope`](Self::scope), through however many layers.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use tidegate_throttle::Priority;
///
/// let report = Priority::Background.scope(async {
///     // Every call in here stands back.
///     Priority::current()
/// });
/// assert_eq!(report.await, Priority::Background);
/// assert_eq!(Priority::current(), Priority::Normal);
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Nobody waits for it: a nightly job, a cache that is filled ahead.
    Background,
    /// The default.
    #[default]
    Normal,
    /// Somebody looks at a screen meanwhile.
    Interactive,
}

impl Priority {
    /// All of them, lowest first.
    pub const ALL: [Self; 3] = [Self::Background, Self::Normal, Self::Interactive];

    /// Runs `work` with this priority. Tasks that it spawns do not inherit it.
    ///
    /// # Cancel safety
    ///
    /// As `work` is.
    pub fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        PRIORITY.scope(self, work)
    }

    /// The priority of the scope that this runs in; [`Priority::Normal`] outside of any.
    #[must_use]
    pub fn current() -> Self {
        PRIORITY.try_with(|it| *it).unwrap_or_default()
    }

    /// Turns that it gets for one of [`Priority::Background`].
    #[must_use]
    pub fn weight(self) -> u32 {
        match self {
            Self::Background => 1,
            Self::Normal => 4,
            Self::Interactive => 16,
        }
    }
}
