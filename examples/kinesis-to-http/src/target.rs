//! [`Target`]: the service that the records are posted to.

use std::{error::Error, fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tidegate_kinesis_consumer::{Failure, Record};
use tidegate_throttle::{Adaptive, Call, Judgement, Outcome, RetryError, retry};
use tokio::time::timeout;

/// What an answer's body may have; what has more is cut off with its connection.
const LARGEST_ANSWER: usize = 64 << 10;

type Problem = Box<dyn Error + Send + Sync>;

/// The service that the records are posted to, as fast as it takes them.
pub(crate) struct Target {
    url: Uri,
    headers: HeaderMap,
    timeout: Duration,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    throttle: Adaptive,
    call: Call,
}

/// What the service says to a record.
struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
}

impl Target {
    /// A service at this URL, which is sent these headers with each record.
    ///
    /// # Errors
    ///
    /// If the system has no certificates to trust.
    pub(crate) fn new(url: Uri, headers: HeaderMap, timeout: Duration) -> Result<Self, String> {
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| format!("cannot read the certificates that the system trusts: {error}"))?;
        let client =
            Client::builder(TokioExecutor::new()).build(https.https_or_http().enable_http1().build());
        let call = Call::new("http", "POST").resource(url.to_string());
        Ok(Self { url, headers, timeout, client, throttle: Adaptive::new(), call })
    }

    /// Posts a record: as long as the service throttles, it waits, and so does its key.
    ///
    /// # Errors
    ///
    /// To be posted again if the service failed or cannot be reached, to be kept if it refuses.
    pub(crate) async fn post(&self, record: &Record) -> Result<(), Failure> {
        // What fails in another way than by throttling is the policy's.
        let result = retry(&self.throttle, &self.call, [], || self.once(record), judge).await;
        match result {
            Ok(Answer { status, .. }) if status.is_success() => Ok(()),
            Ok(Answer { status, .. }) if is_transient(status) => Err(Failure::retry(Refusal(status))),
            Ok(Answer { status, .. }) => Err(Failure::dead_letter(Refusal(status))),
            Err(RetryError::Operation(error)) => Err(Failure::retry(error)),
            Err(RetryError::Refused(error)) => Err(error.into()),
        }
    }

    async fn once(&self, record: &Record) -> Result<Answer, Problem> {
        let position = record.position();
        let (sequence, sub) = (position.sequence.to_string(), position.sub_sequence.to_string());
        let key = utf8_percent_encode(record.partition_key(), NON_ALPHANUMERIC).to_string();
        let mut request = Request::post(self.url.clone())
            // The same at each attempt, whoever makes it: by this, a service knows a record again.
            .header("idempotency-key", format!("{}:{sequence}:{sub}", record.stream()))
            .header("x-partition-key", key)
            .header("x-sequence-number", sequence)
            .header("x-sub-sequence-number", sub)
            .header("x-arrived-at-ms", record.arrived_at().0.to_string())
            .body(Full::new(record.data().clone()))?;
        request.headers_mut().extend(self.headers.clone());
        let exchange = async {
            let answer = self.client.request(request).await?;
            let (status, retry_after) = (answer.status(), retry_after(answer.headers()));
            // Read, so that the connection can be used again; what it says is of no interest.
            let _ = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await;
            Ok(Answer { status, retry_after })
        };
        timeout(self.timeout, exchange).await.map_err(|_| "the service did not answer in time")?
    }
}

/// What an answer says of the service's limit.
fn judge(result: &Result<Answer, Problem>) -> Judgement {
    match result {
        Ok(Answer { status, retry_after }) if is_throttle(*status) => {
            Judgement::Again(Outcome::Throttled { retry_after: *retry_after })
        }
        Ok(Answer { status, .. }) if is_transient(*status) => Judgement::Again(Outcome::Unknown),
        Ok(_) => Judgement::Final(Outcome::Accepted),
        Err(_) => Judgement::Again(Outcome::Unknown),
    }
}

/// Source: <https://www.rfc-editor.org/rfc/rfc6585#section-4>, <https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4>
fn is_throttle(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

fn is_transient(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY)
}

/// The seconds of the header; a date is passed over.
fn retry_after(headers: &HeaderMap<HeaderValue>) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The service does not take a record.
#[derive(Debug)]
struct Refusal(StatusCode);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service answers {}", self.0)
    }
}

impl Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let answer =
            |status: u16, retry_after| Answer { status: StatusCode::from_u16(status).unwrap(), retry_after };
        let second = Some(Duration::from_secs(1));
        for status in [429, 503] {
            let throttled = Judgement::Again(Outcome::Throttled { retry_after: second });
            assert_eq!(judge(&Ok(answer(status, second))), throttled, "{status}");
        }
        for status in [408, 425, 500, 502, 504] {
            assert_eq!(judge(&Ok(answer(status, None))), Judgement::Again(Outcome::Unknown), "{status}");
        }
        for status in [200, 204, 302, 400, 401, 404, 413] {
            assert_eq!(judge(&Ok(answer(status, None))), Judgement::Final(Outcome::Accepted), "{status}");
        }
    }

    #[test]
    fn a_pause_is_in_seconds() {
        let of = |text| {
            retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static(text))]))
        };
        assert_eq!([of("7"), of("soon"), of("-1")], [Some(Duration::from_secs(7)), None, None]);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
