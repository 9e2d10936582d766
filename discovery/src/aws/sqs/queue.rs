//! [`Queues`]: the mirror of SQS queues.

use std::{borrow::Cow, collections::HashMap};

use aws_sdk_sqs::{Client, types::QueueAttributeName};
use aws_smithy_types::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_throttle::aws::send;

use super::url;
use crate::{
    Answers, Api, Arn, Fetch, FetchError, Find, Mirror, Parts, Plan, Refs, Term,
    aws::{Clients, arns::scope_of, code, ec2_id::is_ec2_id, failure},
};

const ATTRIBUTES: Api = Api::new("sqs", "GetQueueAttributes");
const GET_URL: Api = Api::new("sqs", "GetQueueUrl");
const LIST: Api = Api::new("sqs", "ListQueues");

/// Queues on a page.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html>.
const PAGE: i32 = 1000;

/// Codes that say that there is no such queue, or that there can be none.
const UNKNOWN: [&str; 4] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "InvalidAddress",
    "InvalidParameterValue",
];

/// Mirrors SQS queues: `sqs:queue`, by URL or name.
///
/// One by `GetQueueUrl`, more by `ListQueues`; what else there is to know by `GetQueueAttributes`, which is a part.
/// Tags are not asked for.
#[derive(Clone, Debug)]
pub struct Queues {
    clients: Clients<Client>,
}

/// An SQS queue. How much is in it is left out: it is never the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Queue {
    /// The URL.
    #[serde(rename = "QueueUrl")]
    pub url: String,
    /// The name.
    #[serde(rename = "QueueName")]
    pub name: Option<String>,
    /// The ARN.
    #[serde(rename = "QueueArn")]
    pub arn: Option<String>,
    /// RFC 3339.
    #[serde(rename = "CreatedTimestamp")]
    pub created: Option<String>,
    /// In seconds.
    pub visibility_timeout: Option<u32>,
    /// In seconds.
    pub message_retention_period: Option<u32>,
    /// The key that it is encrypted with, if it is one of the account's.
    pub kms_master_key_id: Option<String>,
    /// Where messages go that nobody could process.
    pub redrive_policy: Option<RedrivePolicy>,
    /// Which queues' such messages it takes.
    pub redrive_allow_policy: Option<RedriveAllowPolicy>,
}

/// Where messages go that nobody could process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedrivePolicy {
    /// The ARN of the dead-letter queue.
    pub dead_letter_target_arn: Option<String>,
    /// How often a message is received before.
    pub max_receive_count: Option<u64>,
}

/// Which queues have a queue as their dead-letter queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedriveAllowPolicy {
    /// `allowAll`, `denyAll` or `byQueue`.
    pub redrive_permission: Option<String>,
    /// ARNs.
    pub source_queue_arns: Vec<String>,
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

    /// Its name, by which other queues' policies lead here: their ARNs are of no use to SQS.
    fn aliases(model: &Queue, add: &mut dyn FnMut(&str)) {
        model.name.iter().for_each(|name| add(name));
    }

    fn refs(model: &Queue, refs: &mut Refs<'_>) {
        let target = model.redrive_policy.as_ref().and_then(|it| it.dead_letter_target_arn.as_deref());
        if let Some(arn) = target {
            lead_to("RedrivePolicy", arn, refs);
        }
        for arn in model.redrive_allow_policy.iter().flat_map(|it| &it.source_queue_arns) {
            lead_to("RedriveAllowPolicy", arn, refs);
        }
    }

    fn plan(&self) -> Plan {
        let page = usize::try_from(PAGE).unwrap_or(1);
        Plan::by_id(GET_URL, 1).and_list(LIST, page).part("attributes", ATTRIBUTES, 1)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let (account, name) =
                url::parts(key).map_or((None, *key), |(account, name)| (Some(account), name));
            let operation = client
                .get_queue_url()
                .queue_name(name)
                .set_queue_owner_aws_account_id(account.map(str::to_owned));
            match send(cx, &cx.call(GET_URL), || operation.clone().send()).await {
                Ok(output) => match output.queue_url() {
                    Some(url) => answers.found(queue(url)),
                    None => answers.unreadable(Some(key), "QueueUrl"),
                },
                Err(error) if code(&error).is_some_and(|code| UNKNOWN.contains(&code)) => answers.absent(key),
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
        let operation = self
            .clients
            .of(cx.scope())?
            .list_queues()
            .set_next_token(page.map(str::to_owned))
            .max_results(PAGE);
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        output.queue_urls().iter().for_each(|url| answers.found(queue(url)));
        Ok(output.next_token)
    }

    async fn complete(
        &self,
        _part: &'static str,
        cx: &Fetch,
        models: &[&Queue],
        parts: &mut Parts<Self>,
    ) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for model in models {
            let operation =
                client.get_queue_attributes().queue_url(&model.url).attribute_names(QueueAttributeName::All);
            match send(cx, &cx.call(ATTRIBUTES), || operation.clone().send()).await {
                Ok(output) => {
                    let attributes = Attributes::read(&output.attributes.unwrap_or_default());
                    if let Some(field) = attributes.unreadable {
                        parts.unreadable(&model.url, field);
                    }
                    parts.add(&model.url, |model| attributes.add_to(model));
                }
                Err(error) if code(&error).is_some_and(|code| UNKNOWN.contains(&code)) => {
                    parts.absent(&model.url);
                }
                Err(error) => return Err(failure(error)),
            }
        }
        Ok(())
    }

    /// By name without the list: SQS says which name it does not know.
    fn find(term: &Term) -> Find<'_> {
        let text = term.text();
        if let Some(arn) = term.arn() {
            let is_one = arn.service == "sqs" && url::is_name(arn.resource);
            return if is_one { Find::Key(Cow::Borrowed(arn.resource)) } else { Find::No };
        }
        let is_key = url::parts(text).is_some() || url::is_name(text) && !is_ec2_id(text);
        if is_key { Find::Key(Cow::Borrowed(text)) } else { Find::No }
    }
}

/// The queue of an ARN, by its name.
fn lead_to(via: &'static str, arn: &str, refs: &mut Refs<'_>) {
    if let Some(arn) = Arn::parse(arn).filter(|arn| arn.service == "sqs") {
        let scope = scope_of(&arn, refs.scope());
        refs.to_in::<Queues>(via, &scope, arn.resource);
    }
}

/// What a URL alone tells.
fn queue(url: &str) -> Queue {
    let name = url::parts(url).map(|(_, name)| name.to_owned());
    Queue { url: url.to_owned(), name, ..Queue::default() }
}

/// What the attributes tell.
#[derive(Debug, Default, PartialEq, Eq)]
struct Attributes {
    queue: Queue,
    /// The attribute that could not be read.
    unreadable: Option<&'static str>,
}

impl Attributes {
    fn read(all: &HashMap<QueueAttributeName, String>) -> Self {
        let text = |name: QueueAttributeName| all.get(&name).cloned().filter(|text| !text.is_empty());
        let seconds = |name| text(name).and_then(|text| text.parse().ok());
        let created = text(QueueAttributeName::CreatedTimestamp).and_then(|text| text.parse().ok());
        let redrive = text(QueueAttributeName::RedrivePolicy).map(|text| object(&text));
        let allow = text(QueueAttributeName::RedriveAllowPolicy).map(|text| object(&text));
        let unreadable = match (&redrive, &allow) {
            (Some(None), _) => Some("RedrivePolicy"),
            (_, Some(None)) => Some("RedriveAllowPolicy"),
            _ => None,
        };
        let queue = Queue {
            arn: text(QueueAttributeName::QueueArn),
            created: created.map(|at| DateTime::from_secs(at).to_string()),
            visibility_timeout: seconds(QueueAttributeName::VisibilityTimeout),
            message_retention_period: seconds(QueueAttributeName::MessageRetentionPeriod),
            kms_master_key_id: text(QueueAttributeName::KmsMasterKeyId),
            redrive_policy: redrive.flatten().map(|policy| RedrivePolicy {
                dead_letter_target_arn: policy["deadLetterTargetArn"].as_str().map(str::to_owned),
                max_receive_count: number(&policy["maxReceiveCount"]),
            }),
            redrive_allow_policy: allow.flatten().map(|policy| RedriveAllowPolicy {
                redrive_permission: policy["redrivePermission"].as_str().map(str::to_owned),
                source_queue_arns: texts(&policy["sourceQueueArns"]),
            }),
            ..Queue::default()
        };
        Self { queue, unreadable }
    }

    fn add_to(self, model: &mut Queue) {
        let (url, name) = (std::mem::take(&mut model.url), model.name.take());
        *model = Queue { url, name, ..self.queue };
    }
}

fn object(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(Value::is_object)
}

/// SQS takes numbers as texts too, and gives them back as they came.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn texts(value: &Value) -> Vec<String> {
    let texts = value.as_array().into_iter().flatten();
    texts.filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Scope,
        aws::said::{aliases, answers_to, find, one, one_in, refs},
    };

    const URL: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs";

    fn with(attributes: &[(QueueAttributeName, &str)]) -> (Queue, Option<&'static str>) {
        let all = attributes.iter().map(|(name, value)| (name.clone(), (*value).to_owned())).collect();
        let attributes = Attributes::read(&all);
        let (mut queue, unreadable) = (queue(URL), attributes.unreadable);
        attributes.add_to(&mut queue);
        (queue, unreadable)
    }

    #[test]
    fn attributes_are_added_to_what_the_url_tells() {
        let (queue, unreadable) = with(&[
            (QueueAttributeName::QueueArn, "arn:aws:sqs:eu-west-1:123456789012:jobs"),
            (QueueAttributeName::CreatedTimestamp, "0"),
            (QueueAttributeName::VisibilityTimeout, "30"),
            (QueueAttributeName::MessageRetentionPeriod, "345600"),
            (QueueAttributeName::ApproximateNumberOfMessages, "7"),
        ]);
        assert_eq!(unreadable, None);
        assert_eq!(
            queue,
            Queue {
                url: URL.to_owned(),
                name: Some("jobs".to_owned()),
                arn: Some("arn:aws:sqs:eu-west-1:123456789012:jobs".to_owned()),
                created: Some("1970-01-01T00:00:00Z".to_owned()),
                visibility_timeout: Some(30),
                message_retention_period: Some(345_600),
                ..Queue::default()
            }
        );
    }

    #[test]
    fn policies_lead_to_other_queues() {
        let policy =
            r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead","maxReceiveCount":"5"}"#;
        let allow = r#"{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:eu-west-1:210987654321:other"]}"#;
        let (queue, unreadable) = with(&[
            (QueueAttributeName::RedrivePolicy, policy),
            (QueueAttributeName::RedriveAllowPolicy, allow),
        ]);
        assert_eq!(unreadable, None);
        assert_eq!(queue.redrive_policy.as_ref().and_then(|it| it.max_receive_count), Some(5));
        let there = Scope::new("210987654321", "eu-west-1");
        assert_eq!(
            refs::<Queues>(&queue),
            [one::<Queues>("RedrivePolicy", "dead"), one_in::<Queues>("RedriveAllowPolicy", &there, "other")]
        );
    }

    #[test]
    fn a_policy_that_cannot_be_read_costs_nothing_else() {
        let (queue, unreadable) =
            with(&[(QueueAttributeName::RedrivePolicy, "{"), (QueueAttributeName::VisibilityTimeout, "30")]);
        assert_eq!((unreadable, queue.visibility_timeout), (Some("RedrivePolicy"), Some(30)));
        let (_, unreadable) = with(&[(QueueAttributeName::RedriveAllowPolicy, "[]")]);
        assert_eq!(unreadable, Some("RedriveAllowPolicy"));
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("jobs", "jobs"),
            ("jobs.fifo", "jobs.fifo"),
            (URL, URL),
            ("arn:aws:sqs:eu-west-1:123456789012:jobs", "jobs"),
            ("arn:aws:sns:eu-west-1:123456789012:jobs", "No"),
            ("https://example.com/jobs", "No"),
            ("jobs.example.com", "No"),
            ("Name=jobs", "No"),
            ("10.0.0.1", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
        ] {
            assert_eq!(find::<Queues>(term), how, "{term}");
        }
    }

    #[test]
    fn it_answers_to_its_url_and_its_name() {
        let queue = queue(URL);
        assert_eq!(aliases::<Queues>(&queue), ["jobs"]);
        assert!(answers_to::<Queues>(&queue, URL) && answers_to::<Queues>(&queue, "jobs"));
        assert!(!answers_to::<Queues>(&queue, "job"));
    }
}
