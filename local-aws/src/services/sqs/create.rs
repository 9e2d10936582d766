//! `CreateQueue`, `DeleteQueue`, `PurgeQueue`, `GetQueueUrl`, `ListQueues` and `ListDeadLetterSourceQueues`.

use std::{collections::BTreeMap, ops::Bound, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{call::Call, failure::Failure, settings::Attributes, tags};

/// How long after a purge another is refused.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html>.
const PURGE_LASTS: Duration = Duration::from_mins(1);

/// Names of one page.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html>.
const PAGE: usize = 1_000;

/// The answer of operations that answer nothing.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    queue_name: String,
    #[serde(default)]
    attributes: Attributes,
    // The one member of the API in lower case.
    #[serde(default, rename = "tags", alias = "Tags")]
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Url {
    queue_url: String,
}

pub(super) fn create(call: &mut Call<'_>, input: Create) -> Result<Url, Failure> {
    tags::check(&input.tags)?;
    call.region.create(&input.queue_name, &input.attributes, input.tags, call.now)?;
    Ok(Url { queue_url: call.url(&input.queue_name) })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    queue_name: String,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

pub(super) fn url(call: &mut Call<'_>, input: Named) -> Result<Url, Failure> {
    let is_own = input.owner.is_none_or(|owner| owner == call.asked.scope.account);
    if !is_own || !call.region.queues.contains_key(&*input.queue_name) {
        return Err(Failure::absent("The specified queue does not exist."));
    }
    Ok(Url { queue_url: call.url(&input.queue_name) })
}

/// What names a queue, and nothing else.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Only {
    pub(super) queue_url: String,
}

pub(super) fn delete(call: &mut Call<'_>, input: &Only) -> Result<Nothing, Failure> {
    let name = call.name(&input.queue_url)?;
    call.region.delete(name, call.now)?;
    Ok(Nothing {})
}

pub(super) fn purge(call: &mut Call<'_>, input: &Only) -> Result<Nothing, Failure> {
    let now = call.now;
    let queue = call.queue(&input.queue_url)?;
    if queue.purged.is_some_and(|at| now.since(at) < PURGE_LASTS) {
        return Err(Failure::purging(format!(
            "Only one PurgeQueue operation on {} is allowed every 60 seconds.",
            queue.name
        )));
    }
    queue.purge(now);
    Ok(Nothing {})
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    queue_name_prefix: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) fn list(call: &mut Call<'_>, input: List) -> Result<Listed, Failure> {
    let prefix = input.queue_name_prefix.unwrap_or_default();
    let page = Page::of(input.next_token.as_deref(), input.max_results)?;
    let (names, next_token) = page.cut(call, |_, name| name.starts_with(&*prefix));
    Ok(Listed { queue_urls: names, next_token })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sources {
    queue_url: String,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(super) struct SourcesListed {
    // Always there, and in lower case.
    #[serde(rename = "queueUrls")]
    queue_urls: Vec<String>,
    #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) fn sources(call: &mut Call<'_>, input: &Sources) -> Result<SourcesListed, Failure> {
    let name = Arc::clone(&call.queue(&input.queue_url)?.name);
    let (arn, page) = (call.region.arn(&name), Page::of(input.next_token.as_deref(), input.max_results)?);
    let (queue_urls, next_token) = page.cut(call, |call, name| {
        let queue = call.region.queues.get(name);
        let redrive = queue.and_then(|queue| queue.settings.redrive.as_ref());
        redrive.is_some_and(|redrive| redrive.target == arn)
    });
    Ok(SourcesListed { queue_urls, next_token })
}

/// A page of names.
struct Page {
    /// The last name of the page before.
    after: Option<String>,
    most: usize,
    /// A caller who gives no size gets no token.
    goes_on: bool,
}

impl Page {
    fn of(token: Option<&str>, most: Option<i64>) -> Result<Self, Failure> {
        let size = usize::try_from(most.unwrap_or(1_000)).unwrap_or_default();
        if !(1..=PAGE).contains(&size) {
            let reason = "Must be between 1 and 1000, if provided.";
            return Err(Failure::value(&most.unwrap_or_default(), "MaxResults", reason));
        }
        let read = |token: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok();
            let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            name.ok_or_else(|| Failure::value(&token, "NextToken", "It was not given by SQS."))
        };
        Ok(Self { after: token.map(read).transpose()?, most: size, goes_on: most.is_some() })
    }

    fn cut(&self, call: &Call<'_>, fits: impl Fn(&Call<'_>, &str) -> bool) -> (Vec<String>, Option<String>) {
        let start = self.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let queues = call.region.queues.range::<str, _>((start, Bound::Unbounded));
        let mut names = queues.map(|(name, _)| &**name).filter(|name| fits(call, name));
        let page = names.by_ref().take(self.most).collect::<Vec<_>>();
        let more = self.goes_on && names.next().is_some();
        let token = page.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(last));
        (page.into_iter().map(|name| call.url(name)).collect(), token)
    }
}
