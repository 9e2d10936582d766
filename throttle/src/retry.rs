//! [`retry`]: calls a service that no SDK speaks to, until an attempt is worth giving back.

use std::{error::Error, fmt, future::Future, time::Duration};

use tokio::time::{Instant, sleep, sleep_until};

use crate::{Call, Outcome, Refused, Throttle};

/// Between a throttle and the next attempt, whatever the throttle says.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

/// A service that asks for a longer pause than this has not meant it.
const LONGEST_PAUSE: Duration = Duration::from_hours(24 * 7);

/// What comes of an attempt, as whoever knows the service judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is over, be it with an error: its result is given back.
    Final(Outcome),
    /// Another attempt may succeed. After [`Outcome::Throttled`] it is made as soon as the throttle admits it,
    /// else after the next delay.
    Again(Outcome),
}

/// Runs one operation under a throttle until it is judged final, or no delay is left.
///
/// `operation` runs once for each permit, and `judge` says what came of it. Throttles and failures are two
/// things: after a throttle the throttle itself paces the next attempt, so that no delay is used up and none is
/// waited; after any other failure the next of `delays` is, and when there is none left, that failure is given
/// back. Nothing but the judge bounds how often throttles are retried: let it count, give the call a
/// [deadline](Call::deadline), or put a `tokio::time::timeout` around it. A `Retry-After` is told to the
/// throttle, for all of its callers, and honoured by this one in any case. A delay that ends after the call's
/// deadline is not waited for: the failure is given back at once.
///
/// Delays are anything that yields durations: `std::iter::repeat_n(pause, 3)`, an array, or a policy with
/// exponents and jitter, of which `backon` has good ones
/// (`ExponentialBuilder::default().with_jitter().build()`).
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
/// use std::{iter::repeat_n, time::Duration};
/// use tidegate_throttle::{Adaptive, Call, Judgement, Outcome, RetryError, retry};
///
/// # let mut answers = [503, 429, 200].into_iter();
/// # let mut get = |_: &str| std::future::ready(answers.next().ok_or("the connection was lost"));
/// let throttle = Adaptive::new();
/// let call = Call::new("billing", "GetInvoice");
/// let delays = repeat_n(Duration::from_millis(200), 3);
///
/// let status = retry(&throttle, &call, delays, || get("/invoices/7"), |result| match result {
///     Ok(429) => Judgement::Again(Outcome::Throttled { retry_after: None }),
///     Ok(500..) | Err(_) => Judgement::Again(Outcome::Unknown),
///     Ok(_) => Judgement::Final(Outcome::Accepted),
/// });
/// assert_eq!(status.await?, 200);
/// # Ok::<_, RetryError<&str>>(()) }).map_err(|error| error.to_string())?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`RetryError::Operation`] with the error of the last attempt, [`RetryError::Refused`] if the throttle will
/// not admit the call.
///
/// # Cancel safety
///
/// Dropping the future leaves the queue, or gives the attempt in flight up: its effect is then unknown, and
/// its permit is dropped.
pub async fn retry<S, T, E, O, F>(
    throttle: &S,
    call: &Call,
    delays: impl IntoIterator<Item = Duration>,
    mut operation: O,
    mut judge: impl FnMut(&Result<T, E>) -> Judgement,
) -> Result<T, RetryError<E>>
where
    S: Throttle + ?Sized,
    O: FnMut() -> F,
    F: Future<Output = Result<T, E>>,
{
    let mut delays = delays.into_iter();
    let mut not_before = Instant::now();
    loop {
        let mut permit = throttle.acquire(call).await.map_err(RetryError::Refused)?;
        // A throttle that learns has waited for at least as long; one that does not must not spin.
        sleep_until(not_before).await;
        permit.sent();
        let result = operation().await;
        let judgement = judge(&result);
        let (Judgement::Final(outcome) | Judgement::Again(outcome)) = judgement;
        permit.finish(outcome);
        match judgement {
            Judgement::Final(_) => return result.map_err(RetryError::Operation),
            Judgement::Again(Outcome::Throttled { retry_after }) => {
                not_before = Instant::now() + retry_after.unwrap_or(LEAST_PAUSE).min(LONGEST_PAUSE);
            }
            Judgement::Again(_) => {
                // A delay that is too long for the clock is too long for every deadline.
                let ends = |delay: Duration| Instant::now().checked_add(delay);
                let in_time = |delay: &Duration| {
                    call.deadline_at().is_none_or(|at| ends(*delay).is_some_and(|end| end < at))
                };
                let Some(delay) = delays.next().filter(in_time) else {
                    return result.map_err(RetryError::Operation);
                };
                sleep(delay).await;
            }
        }
    }
}

/// Why [`retry`] has nothing to give back.
#[derive(Debug)]
pub enum RetryError<E> {
    /// The throttle will not admit the call: this attempt was not sent.
    Refused(Refused),
    /// The operation failed, in the last attempt that there was.
    Operation(E),
}

impl<E> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(_) => "the call was not sent",
            Self::Operation(_) => "the call failed",
        })
    }
}

impl<E: Error + 'static> Error for RetryError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(match self {
            Self::Refused(refused) => refused,
            Self::Operation(error) => error,
        })
    }
}
