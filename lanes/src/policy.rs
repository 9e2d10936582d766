//! [`Policy`]: what happens to an item that fails.

use std::{fmt, sync::Arc, time::Duration};

use crate::{Answer, Backoff, DeadLetter, Failure};

/// What happens to an item that fails, when its handler does not say: first it is retried, then what the policy ends with.
///
/// | | when the retries are used up, or the item is too old |
/// |---|---|
/// | [`halt`](Policy::halt), the default | its key waits, and it is retried for ever: the last delay repeats. Where the [source keeps it](crate::Lanes::give_back_halted), the key's items are given back to it meanwhile |
/// | [`stop`](Policy::stop) | nothing new starts: the source stops |
/// | [`dead_letter_to`](Policy::dead_letter_to) | it goes to the dead letters, and its key goes on |
/// | [`divert_to`](Policy::divert_to) | it goes to the dead letters, and all later items of its key do, too |
///
/// The default retries for ever, with a [`Backoff`] from 100 ms to 30 s, and never skips an item.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use tidegate_lanes::{Policy, dead_letter::Memory};
///
/// let policy = Policy::default()
///     .retries(|| std::iter::repeat_n(Duration::from_secs(1), 3))
///     .max_age(Duration::from_secs(3_600))
///     .timeout(Duration::from_secs(30))
///     .divert_to(Arc::new(Memory::new()));
/// # let _ = policy;
/// ```
#[derive(Clone)]
pub struct Policy {
    delays: Arc<dyn Fn() -> Delays + Send + Sync>,
    max_age: Option<Duration>,
    timeout: Option<Duration>,
    end: End,
    letters: Option<Arc<dyn DeadLetter>>,
}

type Delays = Box<dyn Iterator<Item = Duration> + Send>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Halt,
    Stop,
    /// There are letters.
    DeadLetter,
    /// There are letters.
    Divert,
}

/// What is to be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    RetryIn(Duration),
    /// The retries are used up: its key waits, and it is retried nevertheless.
    HaltFor(Duration),
    DeadLetter,
    Divert,
    Drop,
    Stop,
}

/// What an item has been through.
pub(crate) struct Trouble {
    pub(crate) attempts: u32,
    /// When its first attempt began, since the start of whoever tells.
    pub(crate) began: Duration,
    delays: Option<Delays>,
    last: Duration,
}

/// Where a policy has retries of no length at all, it must not spin.
const LEAST_DELAY: Duration = Duration::from_millis(1);

impl Policy {
    /// The delays between attempts: each item that fails gets its own, and when they end, so do its retries.
    /// Default: a [`Backoff`] without end.
    #[must_use]
    pub fn retries<D>(mut self, delays: impl Fn() -> D + Send + Sync + 'static) -> Self
    where
        D: IntoIterator<Item = Duration>,
        D::IntoIter: Send + 'static,
    {
        self.delays = Arc::new(move || Box::new(delays().into_iter()));
        self
    }

    /// An item that fails so long after its first attempt began is not retried. Default: no limit.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// A handler that takes longer has failed: its future is dropped. Default: no limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// At the end, the key waits and the item is retried for ever, after the last delay. The default.
    #[must_use]
    pub fn halt(mut self) -> Self {
        self.end = End::Halt;
        self
    }

    /// At the end, the source stops: nothing is skipped, and nothing goes on.
    #[must_use]
    pub fn stop(mut self) -> Self {
        self.end = End::Stop;
        self
    }

    /// At the end, the item goes to the dead letters, and its key goes on.
    #[must_use]
    pub fn dead_letter_to(mut self, letters: Arc<dyn DeadLetter>) -> Self {
        self.end = End::DeadLetter;
        self.letters(letters)
    }

    /// At the end, the item goes to the dead letters, and so do all later ones of its key, until somebody
    /// [restores](crate::Lanes::restore) it.
    #[must_use]
    pub fn divert_to(mut self, letters: Arc<dyn DeadLetter>) -> Self {
        self.end = End::Divert;
        self.letters(letters)
    }

    /// Where items go whose handler answers [`Failure::dead_letter`]. Without, they are retried.
    #[must_use]
    pub fn letters(mut self, letters: Arc<dyn DeadLetter>) -> Self {
        self.letters = Some(letters);
        self
    }

    pub(crate) fn dead_letters(&self) -> Option<&Arc<dyn DeadLetter>> {
        self.letters.as_ref()
    }

    pub(crate) fn time_limit(&self) -> Option<Duration> {
        self.timeout
    }

    /// What is to be done about one more failure of an item.
    pub(crate) fn judge(&self, trouble: &mut Trouble, failure: &Failure, now: Duration) -> Verdict {
        match failure.answer() {
            Answer::Drop => Verdict::Drop,
            Answer::DeadLetter if self.letters.is_some() => Verdict::DeadLetter,
            Answer::RetryAfter(delay) => self.retry(trouble, now, Some(delay)),
            Answer::Retry | Answer::DeadLetter => self.retry(trouble, now, None),
        }
    }

    fn retry(&self, trouble: &mut Trouble, now: Duration, asked: Option<Duration>) -> Verdict {
        let young = self.max_age.is_none_or(|max_age| now.saturating_sub(trouble.began) < max_age);
        let delays = trouble.delays.get_or_insert_with(|| (self.delays)());
        if let Some(delay) = delays.next().filter(|_| young) {
            trouble.last = delay;
            return Verdict::RetryIn(asked.unwrap_or(delay).max(LEAST_DELAY));
        }
        match self.end {
            End::Halt => Verdict::HaltFor(asked.unwrap_or(trouble.last).max(LEAST_DELAY)),
            End::Stop => Verdict::Stop,
            End::DeadLetter => Verdict::DeadLetter,
            End::Divert => Verdict::Divert,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            delays: Arc::new(|| Box::new(Backoff::default())),
            max_age: None,
            timeout: None,
            end: End::Halt,
            letters: None,
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("max_age", &self.max_age)
            .field("timeout", &self.timeout)
            .field("end", &self.end)
            .field("letters", &self.letters)
            .finish_non_exhaustive()
    }
}

impl Trouble {
    pub(crate) fn new(began: Duration) -> Self {
        // A policy that halts at once, with no delay to repeat, tries again each second.
        Self { attempts: 0, began, delays: None, last: Duration::from_secs(1) }
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trouble").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}
