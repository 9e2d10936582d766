//! Tasks that move the messages of a dead-letter queue back, or elsewhere.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{call::Call, content::Content, failure::Failure, region::Region};
use crate::wire::timestamp::Timestamp;

/// Tasks that are remembered of a queue.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html>.
const MOST_TOLD: usize = 10;

/// All tasks of a region, in the order of their start.
#[derive(Debug, Default)]
pub(super) struct Moves(Vec<Task>);

#[derive(Debug)]
struct Task {
    number: usize,
    source: String,
    destination: Option<String>,
    /// Messages a second; without it all of them move at once.
    rate: Option<u32>,
    moved: u64,
    to_move: u64,
    status: Status,
    reason: Option<&'static str>,
    started: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Running,
    Completed,
    Cancelled,
    Failed,
}

impl Task {
    /// How many messages may have moved by now.
    fn due(&self, now: Timestamp) -> u64 {
        let Some(rate) = self.rate else { return self.to_move };
        let millis = u64::try_from(now.since(self.started).as_millis()).unwrap_or(u64::MAX);
        millis.saturating_mul(rate.into()).saturating_div(1_000).min(self.to_move)
    }

    /// When the next message is due.
    fn next(&self) -> Timestamp {
        let Some(rate) = self.rate else { return self.started };
        self.started + Duration::from_millis(((self.moved + 1) * 1_000).div_ceil(rate.into()))
    }

    fn handle(&self) -> String {
        STANDARD.encode(format!("{{\"taskId\":\"{}\",\"sourceArn\":\"{}\"}}", self.number, self.source))
    }

    fn advance(&mut self, region: &mut Region, now: Timestamp) {
        let due = self.due(now);
        while self.status == Status::Running && self.moved < due {
            let name = region.name_of(&self.source).map(str::to_owned).unwrap_or_default();
            let Some(source) = region.queues.get_mut(&*name) else {
                self.fail("AWS.SimpleQueueService.NonExistentQueue");
                return;
            };
            source.advance(now);
            let Some(entry) = source.pop() else {
                // What is in flight or was deleted meanwhile is not waited for.
                self.status = Status::Completed;
                return;
            };
            let target = self.destination.clone().or_else(|| entry.source.as_ref().map(ToString::to_string));
            let target = target.and_then(|arn| region.name_of(&arn).map(str::to_owned));
            let id = region.message_id();
            let Some(target) = target.and_then(|name| region.queues.get_mut(&*name)) else {
                if let Some(source) = region.queues.get_mut(&*name) {
                    source.restore(entry, now);
                }
                self.fail("CouldNotDetermineMessageSource");
                return;
            };
            // It is a new message, with an id and a time of its own.
            let Content { body, md5, attributes, trace, group, deduplication, .. } = &*entry.content;
            let content = Content {
                id,
                body: body.clone(),
                md5: *md5,
                attributes: attributes.clone(),
                trace: trace.clone(),
                group: group.clone(),
                deduplication: deduplication.clone(),
            };
            target.send(Arc::new(content), None, now);
            target.wake().notify_one();
            self.moved += 1;
        }
        if self.status == Status::Running && self.moved >= self.to_move {
            self.status = Status::Completed;
        }
    }

    fn fail(&mut self, reason: &'static str) {
        (self.status, self.reason) = (Status::Failed, Some(reason));
    }
}

impl Moves {
    /// When the next message is due to be moved.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.running().map(Task::next).min()
    }

    pub(super) fn advance(&mut self, region: &mut Region, now: Timestamp) {
        for task in self.0.iter_mut().filter(|task| task.status == Status::Running) {
            task.advance(region, now);
        }
    }

    fn running(&self) -> impl Iterator<Item = &Task> {
        self.0.iter().filter(|task| task.status == Status::Running)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Start {
    source_arn: String,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Started {
    task_handle: String,
}

pub(super) fn start(call: &mut Call<'_>, input: Start) -> Result<Started, Failure> {
    let (now, region) = (call.now, &mut *call.region);
    let absent =
        || Failure::no_resource("The resource that you specified for the SourceArn parameter doesn't exist.");
    let source = region.name_of(&input.source_arn).ok_or_else(absent)?.to_owned();
    let is_target = region.queues.values().any(|queue| {
        queue.settings.redrive.as_ref().is_some_and(|redrive| redrive.target == input.source_arn)
    });
    if !is_target {
        return Err(Failure::parameter("Source queue must be configured as a Dead Letter Queue."));
    }
    if let Some(destination) = &input.destination_arn {
        let name = region.name_of(destination).ok_or_else(|| {
            Failure::no_resource(
                "The resource that you specified for the DestinationArn parameter doesn't exist.",
            )
        })?;
        if name == source {
            return Err(Failure::parameter("Source queue arn and destination queue arn cannot be the same."));
        }
    }
    let rate = match input.max_number_of_messages_per_second {
        None => None,
        Some(rate) => {
            let known = u32::try_from(rate).ok().filter(|rate| (1..=500).contains(rate));
            let reason = "Must be between 1 and 500, if provided.";
            Some(known.ok_or_else(|| Failure::value(&rate, "MaxNumberOfMessagesPerSecond", reason))?)
        }
    };
    let to_move = region.queue(&source, now)?.counts().visible as u64;
    if region.moves.running().any(|task| task.source == input.source_arn) {
        return Err(Failure::unsupported(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        ));
    }
    let task = Task {
        number: region.moves.0.len(),
        source: input.source_arn,
        destination: input.destination_arn,
        rate,
        moved: 0,
        to_move,
        status: Status::Running,
        reason: None,
        started: now,
    };
    let task_handle = task.handle();
    region.moves.0.push(task);
    region.queue(&source, now)?;
    // Whoever waits for a message has a new time to wait until.
    region.queues.values().for_each(|queue| queue.wake().notify_waiters());
    Ok(Started { task_handle })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    source_arn: String,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    results: Vec<Told>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_handle: Option<String>,
    status: Status,
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_number_of_messages_per_second: Option<u32>,
    approximate_number_of_messages_moved: u64,
    approximate_number_of_messages_to_move: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<&'static str>,
    started_timestamp: u64,
}

pub(super) fn list(call: &mut Call<'_>, input: &List) -> Result<Listed, Failure> {
    let absent =
        || Failure::no_resource("The resource that you specified for the SourceArn parameter doesn't exist.");
    let name = call.region.name_of(&input.source_arn).ok_or_else(absent)?.to_owned();
    call.region.queue(&name, call.now)?;
    let most = usize::try_from(input.max_results.unwrap_or(1)).unwrap_or_default();
    if !(1..=MOST_TOLD).contains(&most) {
        return Err(Failure::value(&most, "MaxResults", "Must be between 1 and 10, if provided."));
    }
    let told = |task: &Task| Told {
        task_handle: (task.status == Status::Running).then(|| task.handle()),
        status: task.status,
        source_arn: task.source.clone(),
        destination_arn: task.destination.clone(),
        max_number_of_messages_per_second: task.rate,
        approximate_number_of_messages_moved: task.moved,
        approximate_number_of_messages_to_move: task.to_move,
        failure_reason: task.reason,
        started_timestamp: task.started.millis(),
    };
    let tasks = call.region.moves.0.iter().rev().filter(|task| task.source == input.source_arn);
    Ok(Listed { results: tasks.take(most).map(told).collect() })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Cancel {
    task_handle: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Cancelled {
    approximate_number_of_messages_moved: u64,
}

pub(super) fn cancel(call: &mut Call<'_>, input: &Cancel) -> Result<Cancelled, Failure> {
    let task = call.region.moves.0.iter().position(|task| task.handle() == input.task_handle);
    let absent = || Failure::no_resource("Task does not exist.");
    let task = task.ok_or_else(absent)?;
    if let Some(name) = call.region.name_of(&call.region.moves.0[task].source).map(str::to_owned) {
        call.region.queue(&name, call.now)?;
    }
    let task = &mut call.region.moves.0[task];
    if task.status != Status::Running {
        return Err(Failure::unsupported("The task is not running."));
    }
    task.status = Status::Cancelled;
    Ok(Cancelled { approximate_number_of_messages_moved: task.moved })
}
