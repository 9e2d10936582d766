//! [`Calls`]: what a publisher asks of SQS.

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata as _, SdkError},
    types::{BatchResultErrorEntry, SendMessageBatchResultEntry},
};
use tidegate_throttle::{Call, Throttle, aws};
use tokio::time::{Instant, timeout};

use super::{Publication, PublishErrorKind, Sent};
use crate::{
    consumer::calls::{is_for_good, text, trouble},
    outgoing::{EntryId, Reply},
    poll::Trouble,
};

/// An answer that takes longer never comes: 1 MiB has to be sent first.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is wrong with the messages, and not with the call: each has to be asked for itself.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>, "Errors", and
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html>
const ABOUT_MESSAGES: [&str; 7] = [
    "BatchRequestTooLong",
    "InvalidMessageContents",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "MissingParameter",
    "UnsupportedOperation",
    "ValidationError",
];

/// What a publisher asks of SQS: each call once, admitted by the throttle.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    pub(super) client: Client,
    pub(super) throttle: Arc<dyn Throttle>,
    pub(super) url: Arc<str>,
    pub(super) name: Arc<str>,
}

/// What came of each entry of a batch, or of the call as a whole, if it failed. Whoever is not mentioned is sent again.
pub(super) type Answer = Result<Vec<(EntryId, Outcome)>, Problem>;

/// What came of an entry.
#[derive(Debug)]
pub(super) enum Outcome {
    Sent(Sent),
    /// It never will be, and why.
    Refused(PublishErrorKind, String),
    /// It may be yet, and why it was not.
    Again(String),
}

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Problem {
    trouble: Trouble,
    pub(super) text: String,
    /// The messages are wrong.
    is_about_messages: bool,
}

impl Outcome {
    pub(super) fn reply(&self) -> Reply {
        match self {
            Self::Sent(_) => Reply::Done,
            Self::Refused(..) => Reply::Refused,
            Self::Again(_) => Reply::Again,
        }
    }
}

impl Problem {
    /// Somebody must change something before it helps to send again.
    pub(super) fn is_for_good(&self) -> bool {
        matches!(self.trouble, Trouble::Denied | Trouble::QueueGone)
    }
}

impl Calls {
    pub(super) fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }

    /// Sends up to ten messages, if that is before `until`.
    pub(super) async fn send(&self, messages: &[(EntryId, &Publication)], until: Option<Instant>) -> Answer {
        match self.ask(messages, until).await {
            Err(problem) if problem.is_about_messages => Ok(self.one_by_one(messages, until, problem).await),
            answer => answer,
        }
    }

    /// SQS refused the call for what is in it, and did not say which message it was.
    async fn one_by_one(
        &self,
        messages: &[(EntryId, &Publication)],
        until: Option<Instant>,
        problem: Problem,
    ) -> Vec<(EntryId, Outcome)> {
        if let [(id, _)] = messages {
            return vec![(*id, Outcome::Refused(PublishErrorKind::Refused, problem.text))];
        }
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            match self.ask(&[*message], until).await {
                Ok(outcome) => outcomes.extend(outcome),
                Err(problem) if problem.is_about_messages => {
                    outcomes.push((message.0, Outcome::Refused(PublishErrorKind::Refused, problem.text)));
                }
                // The others are sent again, too.
                Err(problem) => {
                    outcomes.push((message.0, Outcome::Again(problem.text)));
                    break;
                }
            }
        }
        outcomes
    }

    async fn ask(&self, messages: &[(EntryId, &Publication)], until: Option<Instant>) -> Answer {
        let entries = messages.iter().filter_map(|(id, message)| message.entry(*id)).collect();
        let send = self.client.send_message_batch().queue_url(&*self.url).set_entries(Some(entries));
        let send = async || {
            if until.is_some_and(|until| until <= Instant::now()) {
                return Err(SdkError::construction_failure("its time was over before it was admitted"));
            }
            match timeout(PATIENCE, send.send()).await {
                Ok(answer) => answer,
                Err(late) => Err(SdkError::timeout_error(late)),
            }
        };
        let region = self.client.config().region().map(ToString::to_string).unwrap_or_default();
        let call = Call::new("sqs", "SendMessageBatch").region(region).resource(self.name.to_string());
        let (answer, verdict) = aws::send_once(&*self.throttle, &call, send).await;
        let answer = answer.map_err(|error| {
            let code = error.code().unwrap_or_default();
            let short = code.rsplit('.').next().unwrap_or_default();
            Problem {
                trouble: trouble(code, verdict),
                is_about_messages: ABOUT_MESSAGES.contains(&short),
                text: text(&error),
            }
        })?;
        let outcome = |id: EntryId| {
            let name = id.to_string();
            let done = answer.successful.iter().find(|it| it.id == name).map(sent);
            let outcome = done.or_else(|| answer.failed.iter().find(|it| it.id == name).map(failed));
            Some((id, outcome?))
        };
        Ok(messages.iter().filter_map(|(id, _)| outcome(*id)).collect())
    }
}

fn sent(entry: &SendMessageBatchResultEntry) -> Outcome {
    Outcome::Sent(Sent {
        message_id: entry.message_id.as_str().into(),
        sequence_number: entry.sequence_number.clone(),
    })
}

fn failed(entry: &BatchResultErrorEntry) -> Outcome {
    let text = match &entry.message {
        Some(message) => format!("{}: {message}", entry.code),
        None => entry.code.clone(),
    };
    if is_for_good(entry) { Outcome::Refused(PublishErrorKind::Refused, text) } else { Outcome::Again(text) }
}
