//! [`send`]: admits one call, on nothing but the SDK's public results.

use std::{error::Error, future::Future, iter, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use tokio::time::Instant;

use super::{
    classify::{Reply, Verdict, classify},
    handover, reply,
};
use crate::{Call, Refused, Throttle};

/// Between a throttle and the next attempt, whatever the throttle says.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

/// Between attempts at a hot key, which no throttle paces.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Sends one operation under a throttle, as often as it takes until it is not throttled.
///
/// `operation` runs once for each permit, so the client should have the SDK's retries off
/// ([`no_retries`](super::no_retries)); with them on, its retries go out unpaced, unless the client is
/// [attached](crate::attach) too. Throttles are retried without bound: give the call a
/// `tokio::time::timeout` if it must end. A `Retry-After` is told to the throttle, for all of its
/// callers, and honoured by this one in any case. A [hot key](Verdict::HotKey), which no throttle paces, is tried again
/// after 1 ms, and then ever more slowly up to once a second.
///
/// ```
/// # async fn of(client: &aws_sdk_kinesis::Client, throttle: &dyn tidegate_throttle::Throttle)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use tidegate_throttle::{Call, aws};
///
/// let call = Call::new("kinesis", "DescribeLimits").region("eu-west-1");
/// let operation = client.describe_limits();
/// let limits = aws::send(throttle, &call, || operation.clone().send()).await?;
/// # let _ = limits;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The operation's, for every failure but a throttle. [`SdkError::ConstructionFailure`] with
/// [`Refused`](crate::Refused) as its source if the throttle will not admit the call.
///
/// # Cancel safety
///
/// Dropping the future leaves the queue, or gives the attempt in flight up: its effect is then unknown, and
/// its permit is dropped.
pub async fn send<S, T, E, O, F>(
    throttle: &S,
    call: &Call,
    mut operation: O,
) -> Result<T, SdkError<E, HttpResponse>>
where
    S: Throttle + ?Sized,
    E: ProvideErrorMetadata + Error + 'static,
    O: FnMut() -> F,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let mut not_before = Instant::now();
    let mut hot_key_pause = LEAST_PAUSE;
    loop {
        let mut permit = throttle.acquire(call).await.map_err(SdkError::construction_failure)?;
        // A throttle that learns has waited for at least as long; one that does not must not spin.
        tokio::time::sleep_until(not_before).await;
        permit.sent();
        let result = handover::admitted(operation()).await;
        let verdict = verdict(call.service_name(), &result);
        verdict.settle(permit);
        let pause = match verdict {
            Verdict::Rate { retry_after, .. } => retry_after.unwrap_or(LEAST_PAUSE),
            Verdict::HotKey => hot_key_pause,
            _ => return result,
        };
        hot_key_pause = (hot_key_pause * 2).min(LONGEST_PAUSE);
        not_before = Instant::now() + pause;
    }
}

/// Sends one operation under a throttle, once: for callers that have something better to do than to send it again.
///
/// The client should have the SDK's retries off ([`no_retries`](super::no_retries)). The [`Verdict`] says whether it was
/// throttled; the throttle knows.
///
/// ```
/// # async fn of(client: &aws_sdk_kinesis::Client, throttle: &dyn tidegate_throttle::Throttle) {
/// use tidegate_throttle::{Call, aws::{self, Verdict}};
///
/// let call = Call::new("kinesis", "DescribeLimits").region("eu-west-1");
/// let (limits, verdict) = aws::send_once(throttle, &call, || client.describe_limits().send()).await;
/// if let (Err(_), Verdict::Rate { .. }) = (limits, verdict) {
///     println!("perhaps later");
/// }
/// # }
/// ```
///
/// # Cancel safety
///
/// As that of [`send`].
pub async fn send_once<S, T, E, F>(
    throttle: &S,
    call: &Call,
    operation: impl FnOnce() -> F,
) -> (Result<T, SdkError<E, HttpResponse>>, Verdict)
where
    S: Throttle + ?Sized,
    E: ProvideErrorMetadata + Error + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let mut permit = match throttle.acquire(call).await {
        Ok(permit) => permit,
        Err(refused) => return (Err(SdkError::construction_failure(refused)), Verdict::Unsent),
    };
    permit.sent();
    let result = handover::admitted(operation()).await;
    let verdict = verdict(call.service_name(), &result);
    verdict.settle(permit);
    (result, verdict)
}

/// What the result of an SDK call says of the limit that it fell under: for callers that pace by themselves, or
/// count.
///
/// `service` is named as in a [`Call`].
///
/// ```
/// # async fn of(client: &aws_sdk_kinesis::Client) {
/// use tidegate_throttle::aws::{self, Verdict};
///
/// let limits = client.describe_limits().send().await;
/// if let Verdict::Rate { retry_after, .. } = aws::verdict("kinesis", &limits) {
///     println!("throttled, come back in {retry_after:?}");
/// }
/// # }
/// ```
pub fn verdict<T, E: ProvideErrorMetadata + Error + 'static>(
    service: &str,
    result: &Result<T, SdkError<E, HttpResponse>>,
) -> Verdict {
    match result {
        Ok(_) => Verdict::Accepted,
        Err(SdkError::ConstructionFailure(_)) => Verdict::Unsent,
        Err(SdkError::ServiceError(error)) => {
            match reply::verdict(service, error.raw()) {
                // A body that is not in memory any more, of which the SDK has kept the code.
                Verdict::Accepted | Verdict::Unknown => classify(&Reply {
                    service,
                    status: error.raw().status().as_u16(),
                    code: error.err().code(),
                    message: error.err().message(),
                    ..Reply::default()
                }),
                verdict => verdict,
            }
        }
        Err(SdkError::ResponseError(error)) => reply::verdict(service, error.raw()),
        // The SDK takes a refusal under `attach!` for a failure to dispatch.
        Err(error) if is_refused(error) => Verdict::Unsent,
        // Timeouts, lost connections, and what there will be.
        Err(_) => Verdict::Unknown,
    }
}

fn is_refused(error: &dyn Error) -> bool {
    iter::successors(error.source(), |it| (*it).source()).any(<dyn Error>::is::<Refused>)
}
