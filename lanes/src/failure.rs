//! [`Failure`]: a handler's answer, if it is not "done".

use std::{error::Error, fmt, time::Duration};

/// A handler's answer, if it is not "done": what went wrong, and what the handler would have done about it.
///
/// Any error becomes one by `?`, and then the [`Policy`](crate::Policy) decides. A handler that knows better says so:
///
/// ```
/// use tidegate_lanes::Failure;
///
/// async fn handle(body: &str) -> Result<(), Failure> {
///     if body.is_empty() {
///         return Err(Failure::drop("an empty message"));
///     }
///     let amount: u64 = body.parse().map_err(Failure::dead_letter)?;
///     std::fs::write("/nowhere/at/all", amount.to_string())?; // retried, by the policy
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// assert_eq!(handle("x").await.unwrap_err().to_string(), "invalid digit found in string");
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
// It is no `Error` itself: else `?` could not take every error.
#[derive(Debug)]
pub struct Failure {
    answer: Answer,
    error: Box<dyn Error + Send + Sync>,
}

/// What a handler would have done about its failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Retry it, as the policy says.
    Retry,
    /// Retry it after so long. That is one of the policy's retries: when those are used up, so is this.
    RetryAfter(Duration),
    /// Write it to the dead letters and go on.
    DeadLetter,
    /// Give up on it and go on. It is counted.
    Drop,
}

impl Failure {
    /// To be retried, as the policy says.
    pub fn retry(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { answer: Answer::Retry, error: error.into() }
    }

    /// To be retried after so long, for as long as the policy retries.
    pub fn retry_after(delay: Duration, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { answer: Answer::RetryAfter(delay), error: error.into() }
    }

    /// To be written to the dead letters at once, whatever the policy. Without dead letters, it is retried.
    pub fn dead_letter(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { answer: Answer::DeadLetter, error: error.into() }
    }

    /// To be given up, whatever the policy: its data is lost.
    pub fn drop(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { answer: Answer::Drop, error: error.into() }
    }

    /// What is to be done about it.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.answer
    }

    /// What went wrong.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.error
    }

    /// What went wrong, with all of its causes in one line.
    #[must_use]
    pub fn text(&self) -> String {
        text(&*self.error)
    }
}

/// An error and all of its causes in one line.
pub(crate) fn text(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::retry(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}
