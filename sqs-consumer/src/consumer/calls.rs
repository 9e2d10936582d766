//! [`Calls`]: what a consumer asks of SQS.

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry as Change,
        DeleteMessageBatchRequestEntry as Delete, Message, MessageSystemAttributeName as System,
    },
};
use tidegate_throttle::{
    Call, Class, Throttle,
    aws::{self, Verdict},
};
use tokio::time::timeout;

use crate::{
    ReceiptHandle,
    outgoing::{EntryId, Reply},
    poll::Trouble,
    visibility,
};

/// An answer that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a consumer asks of SQS: each call once, admitted by the throttle.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    /// For what waits long, so that nothing else waits behind it.
    pub(super) polls: Client,
    pub(super) client: Client,
    pub(super) throttle: Arc<dyn Throttle>,
    pub(super) url: Arc<str>,
    pub(super) name: Arc<str>,
    /// How long a receive waits.
    pub(super) wait: Duration,
    pub(super) visibility: Duration,
}

/// What a receive brought.
pub(super) type Received = Result<Vec<Message>, Problem>;

/// What came of each entry of a batch; or of the call as a whole, if it failed.
pub(super) type Batched = Result<Vec<(EntryId, Reply)>, Problem>;

/// Why a call failed.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) trouble: Trouble,
    pub(super) text: String,
}

impl Calls {
    /// Waits for messages, so many at most. `attempt` names it on a FIFO queue: asked again, it has the same answer. One that the
    /// throttle lets through only when `is_over` is not sent.
    pub(super) async fn receive(
        &self,
        most: usize,
        attempt: Option<String>,
        is_over: impl Fn() -> bool + Send + Sync,
    ) -> Received {
        let receive = self
            .polls
            .receive_message()
            .queue_url(&*self.url)
            .max_number_of_messages(i32::try_from(most).unwrap_or(10))
            .wait_time_seconds(seconds(self.wait))
            .visibility_timeout(seconds(self.visibility))
            .message_attribute_names("All")
            .message_system_attribute_names(System::All)
            .set_receive_request_attempt_id(attempt);
        let call = self.call("ReceiveMessage").class(Class::LongPoll);
        let send = async || {
            if is_over() {
                return Err(SdkError::construction_failure("the consumer stops"));
            }
            receive.send().await
        };
        let answer = self.once(&call, self.wait + PATIENCE, send).await?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Deletes up to ten messages.
    pub(super) async fn delete(&self, entries: Vec<(EntryId, ReceiptHandle)>) -> Batched {
        let entry = |(id, handle): &(EntryId, ReceiptHandle)| {
            Delete::builder().id(id.to_string()).receipt_handle(handle.as_str()).build().ok()
        };
        let delete = self.client.delete_message_batch().queue_url(&*self.url);
        let delete = delete.set_entries(Some(entries.iter().filter_map(entry).collect()));
        let answer = self.once(&self.call("DeleteMessageBatch"), PATIENCE, || delete.send()).await?;
        let done = answer.successful.iter().map(|it| it.id.as_str());
        Ok(replies(entries.iter().map(|it| it.0), done, &answer.failed))
    }

    /// Gives up to ten messages back: each may be received by others after so long.
    pub(super) async fn release(&self, entries: Vec<(EntryId, ReceiptHandle, Duration)>) -> Batched {
        let changes = entries.iter().map(|(id, handle, after)| (id.to_string(), handle, *after));
        let answer = self.change_visibility(changes).await?;
        let done = answer.successful.iter().map(|it| it.id.as_str());
        Ok(replies(entries.iter().map(|it| it.0), done, &answer.failed))
    }

    /// Keeps up to ten messages from others for longer.
    pub(super) async fn extend(
        &self,
        asked: &[visibility::Extension],
    ) -> Result<Vec<visibility::Reply>, Problem> {
        let changes = asked.iter().enumerate().map(|(id, it)| (id.to_string(), &it.handle, it.timeout));
        let answer = self.change_visibility(changes).await?;
        let reply = |id: String| {
            if answer.successful.iter().any(|it| it.id == id) {
                return visibility::Reply::Extended;
            }
            match answer.failed.iter().find(|it| it.id == id) {
                Some(failed) if is_for_good(failed) => visibility::Reply::Lost,
                _ => visibility::Reply::Unknown,
            }
        };
        Ok((0..asked.len()).map(|id| reply(id.to_string())).collect())
    }

    async fn change_visibility(
        &self,
        changes: impl Iterator<Item = (String, &ReceiptHandle, Duration)>,
    ) -> Result<
        aws_sdk_sqs::operation::change_message_visibility_batch::ChangeMessageVisibilityBatchOutput,
        Problem,
    > {
        let entry = |(id, handle, timeout): (String, &ReceiptHandle, Duration)| {
            let change = Change::builder().id(id).receipt_handle(handle.as_str());
            change.visibility_timeout(seconds(timeout)).build().ok()
        };
        let change = self.client.change_message_visibility_batch().queue_url(&*self.url);
        let change = change.set_entries(Some(changes.filter_map(entry).collect()));
        self.once(&self.call("ChangeMessageVisibilityBatch"), PATIENCE, || change.send()).await
    }

    async fn once<T, E, F>(
        &self,
        call: &Call,
        patience: Duration,
        send: impl FnOnce() -> F,
    ) -> Result<T, Problem>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let send = || async {
            match timeout(patience, send()).await {
                Ok(answer) => answer,
                Err(late) => Err(SdkError::timeout_error(late)),
            }
        };
        let (answer, verdict) = aws::send_once(&*self.throttle, call, send).await;
        answer.map_err(|error| {
            let code = error.code().unwrap_or_default();
            let text = match (code, error.message()) {
                ("", _) => text(&error),
                (code, message) => format!("{code}: {}", message.unwrap_or("it says no more")),
            };
            Problem { trouble: trouble(code, verdict), text }
        })
    }

    fn call(&self, operation: &'static str) -> Call {
        let region = self.client.config().region().map(ToString::to_string).unwrap_or_default();
        Call::new("sqs", operation).region(region).resource(self.name.to_string())
    }
}

/// SQS takes whole seconds.
fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}

pub(crate) fn trouble(code: &str, verdict: Verdict) -> Trouble {
    match code.rsplit('.').next().unwrap_or_default() {
        "OverLimit" => Trouble::OverLimit,
        "NonExistentQueue" | "QueueDoesNotExist" | "QueueDeletedRecently" | "InvalidAddress" => {
            Trouble::QueueGone
        }
        "AccessDenied"
        | "AccessDeniedException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "SignatureDoesNotMatch"
        | "InvalidSecurity"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "OptInRequired" => Trouble::Denied,
        code if code.starts_with("Kms") || code.starts_with("KMS") => Trouble::Kms,
        _ if matches!(verdict, Verdict::Rate { .. }) => Trouble::Throttled,
        _ => Trouble::Network,
    }
}

/// An error and its causes in one line.
pub(crate) fn text(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Whether it would fail again. A throttle would not, whoever is said to be at fault.
pub(crate) fn is_for_good(failed: &BatchResultErrorEntry) -> bool {
    failed.sender_fault && !failed.code.contains("Throttl")
}

/// What became of each entry of a batch.
fn replies<'a>(
    asked: impl Iterator<Item = EntryId>,
    done: impl Iterator<Item = &'a str>,
    failed: &[BatchResultErrorEntry],
) -> Vec<(EntryId, Reply)> {
    let done: Vec<_> = done.collect();
    let reply = |id: EntryId| {
        let name = id.to_string();
        let refused = failed.iter().any(|it| it.id == name && is_for_good(it));
        match done.contains(&name.as_str()) {
            true => (id, Reply::Done),
            false if refused => (id, Reply::Refused),
            false => (id, Reply::Again),
        }
    };
    asked.map(reply).collect()
}
