//! [`Queues`]: the mirror of SQS queues.

use std::borrow::Cow;

use aws_sdk_sqs::{Client, types::QueueAttributeName};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use crate::{
    Answers, Api, Arn, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, failure},
};

const GET: Api = Api::new("sqs", "GetQueueAttributes");
const LIST: Api = Api::new("sqs", "ListQueues");

/// Queues on a page, at most.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html>.
const PAGE: i32 = 1_000;

/// Mirrors SQS queues: `sqs:queue`, by URL. A list tells no more than these; what they are is asked one by one.
#[derive(Clone, Debug)]
pub struct Queues {
    clients: Clients<Client>,
}

/// An SQS queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Queue {
    /// The URL.
    #[serde(rename = "QueueUrl")]
    pub url: String,
    /// The ARN.
    #[serde(rename = "QueueArn")]
    pub arn: Option<String>,
    /// In seconds.
    pub visibility_timeout: Option<String>,
    /// In seconds.
    pub message_retention_period: Option<String>,
    /// Whether it is a FIFO queue.
    pub fifo_queue: bool,
    /// The ARN of the queue that takes what fails too often.
    pub dead_letter_target_arn: Option<String>,
    /// How often that is.
    pub max_receive_count: Option<u64>,
}

impl Queues {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Queues {
    const TYPE: &'static str = "sqs:queue";

    type Model = Queue;

    fn key(model: &Queue) -> Cow<'_, str> {
        Cow::Borrowed(&model.url)
    }

    fn refs(model: &Queue, refs: &mut Refs<'_>) {
        let arn = model.dead_letter_target_arn.as_deref().and_then(Arn::parse);
        // A queue and its dead-letter queue are of one account and region.
        if let (Some(arn), Some((account, _))) = (arn, model.url.rsplit_once('/')) {
            refs.to::<Self>("DeadLetterTargetArn", format!("{account}/{}", arn.resource));
        }
    }

    fn plan(&self) -> Plan {
        Plan::by_id(GET, 1).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let operation =
                client.get_queue_attributes().queue_url(*key).attribute_names(QueueAttributeName::All);
            match send(cx, &cx.call(GET), || operation.clone().send()).await {
                Ok(output) => {
                    let attribute = |name: &QueueAttributeName| {
                        output.attributes().and_then(|all| all.get(name)).cloned()
                    };
                    answers.found(queue(key, attribute));
                }
                // The codes of today's protocol and of the one before; a URL of nobody's is an address of no queue.
                Err(error)
                    if matches!(
                        code(&error),
                        Some(
                            "QueueDoesNotExist"
                                | "AWS.SimpleQueueService.NonExistentQueue"
                                | "InvalidAddress"
                        )
                    ) =>
                {
                    answers.absent(key);
                }
                Err(error) => return Err(failure(error)),
            }
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self.clients.of(cx.scope())?.list_queues().max_results(PAGE);
        let operation = operation.set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        output.queue_urls().iter().for_each(|url| answers.named(url));
        Ok(output.next_token)
    }

    fn find(term: &Term) -> Find<'_> {
        match term.arn() {
            Some(Arn { service: "sqs", .. }) => Find::List,
            Some(_) => Find::No,
            None if term.text().contains("://") => Find::Key(term.text().into()),
            None if term.tag().is_some() || term.address().is_some() || term.dns_name().is_some() => Find::No,
            None => Find::List,
        }
    }

    fn answers_to(model: &Queue, term: &Term) -> bool {
        Self::names(&model.url, term)
    }

    fn names(key: &str, term: &Term) -> bool {
        let name = key.rsplit('/').next().unwrap_or(key);
        key == term.text() || name == term.text() || term.arn().is_some_and(|arn| arn.resource == name)
    }
}

fn queue(url: &str, attribute: impl Fn(&QueueAttributeName) -> Option<String>) -> Queue {
    let redrive = attribute(&QueueAttributeName::RedrivePolicy);
    let redrive: serde_json::Value =
        redrive.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    // Both forms are seen: 5 and "5".
    let count = redrive.get("maxReceiveCount");
    let count = count.and_then(|count| count.as_u64().or_else(|| count.as_str()?.parse().ok()));
    Queue {
        url: url.to_owned(),
        arn: attribute(&QueueAttributeName::QueueArn),
        visibility_timeout: attribute(&QueueAttributeName::VisibilityTimeout),
        message_retention_period: attribute(&QueueAttributeName::MessageRetentionPeriod),
        fifo_queue: attribute(&QueueAttributeName::FifoQueue).is_some_and(|is| is == "true"),
        dead_letter_target_arn: redrive
            .get("deadLetterTargetArn")
            .and_then(|arn| arn.as_str())
            .map(str::to_owned),
        max_receive_count: count,
    }
}

/// The URL that AWS gives the queue of an ARN.
#[cfg(feature = "lambda")]
pub(crate) fn url_of(arn: &str) -> Option<String> {
    let Arn { service: "sqs", region, account, resource } = Arn::parse(arn)? else { return None };
    Some(format!("https://sqs.{region}.amazonaws.com/{account}/{resource}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_is_read_in_both_its_forms() {
        for count in ["5", "\"5\""] {
            let policy = format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead","maxReceiveCount":{count}}}"#
            );
            let read = queue("https://x/123456789012/q", |name| {
                (*name == QueueAttributeName::RedrivePolicy).then(|| policy.clone())
            });
            assert_eq!(read.max_receive_count, Some(5));
            assert!(read.dead_letter_target_arn.is_some_and(|arn| arn.ends_with(":dead")));
        }
        assert_eq!(queue("u", |_| Some("no json".to_owned())).dead_letter_target_arn, None);
    }

    #[test]
    fn a_queue_is_known_by_url_name_and_arn() {
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
        for term in [url, "orders", "arn:aws:sqs:eu-west-1:123456789012:orders"] {
            assert!(Queues::names(url, &Term::new(term)), "{term}");
        }
        assert!(!Queues::names(url, &Term::new("order")));
        assert_eq!(Queues::find(&Term::new(url)), Find::Key(url.into()));
    }
}
