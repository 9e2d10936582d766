//! The queues of an account in a region.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use super::{
    content::MessageId,
    entry::Entry,
    failure::Failure,
    moves::Moves,
    queue::{Queue, Received, Want},
    settings::{Allow, Attributes, Settings},
};
use crate::{services::Scope, wire::timestamp::Timestamp};

/// How long the name of a deleted queue is taken.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>.
const NAME_RESTS: Duration = Duration::from_mins(1);

/// The state of an account in a region.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) scope: Scope,
    pub(super) queues: BTreeMap<Arc<str>, Queue>,
    pub(super) moves: Moves,
    deleted: HashMap<Arc<str>, Timestamp>,
    /// Counts queues and messages.
    next: u64,
}

/// A receive, as far as the state decides it.
#[derive(Debug)]
pub(super) struct Receive<'a> {
    pub(super) queue: &'a str,
    pub(super) want: Want,
    pub(super) attempt: Option<&'a str>,
    /// It sees none of the messages that are there, as one that asks few of the servers.
    pub(super) misses: bool,
    /// A short poll is due at once.
    pub(super) until: Timestamp,
    pub(super) waits: bool,
}

/// What becomes of a receive.
#[derive(Debug)]
pub(super) enum Step {
    Done(Vec<Received>),
    /// Nothing until then, unless the queue wakes it.
    Wait(Timestamp),
}

impl Region {
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope, queues: BTreeMap::new(), moves: Moves::default(), deleted: HashMap::new(), next: 0 }
    }

    pub(super) fn arn(&self, queue: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{queue}", self.scope.region, self.scope.account)
    }

    /// A number that was not given before.
    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn message_id(&mut self) -> MessageId {
        MessageId(self.next())
    }

    /// The queue of this name, with what is due by now done.
    pub(super) fn queue(&mut self, name: &str, now: Timestamp) -> Result<&mut Queue, Failure> {
        self.advance_moves(now);
        let queue = self
            .queues
            .get_mut(name)
            .ok_or_else(|| Failure::absent("The specified queue does not exist."))?;
        queue.advance(now);
        Ok(queue)
    }

    /// The name in an ARN of a queue of this account and region.
    pub(super) fn name_of<'a>(&self, arn: &'a str) -> Option<&'a str> {
        let prefix = self.arn("");
        arn.strip_prefix(&*prefix).filter(|name| self.queues.contains_key(*name))
    }

    /// Creates a queue; one with the same attributes may be there.
    pub(super) fn create(
        &mut self,
        name: &str,
        attributes: &Attributes,
        tags: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        self.deleted.retain(|_, at| now.since(*at) < NAME_RESTS);
        if self.deleted.contains_key(name) {
            return Err(Failure::deleted_recently(
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            ));
        }
        let settings = Settings::new(is_fifo(name)?, attributes)?;
        if let Some(queue) = self.queues.get(name) {
            return match queue.settings.difference(attributes) {
                None => Ok(()),
                Some(attribute) => Err(Failure::exists(format!(
                    "A queue already exists with the same name and a different value for attribute {attribute}"
                ))),
            };
        }
        self.check_redrive(name, &settings)?;
        let (number, name) = (self.next(), Arc::<str>::from(name));
        let mut queue = Queue::new(number, Arc::clone(&name), settings, now);
        queue.tags = tags;
        self.queues.insert(name, queue);
        Ok(())
    }

    /// Whether a queue with these settings may send its dead letters where it says.
    pub(super) fn check_redrive(&self, name: &str, settings: &Settings) -> Result<(), Failure> {
        let Some(redrive) = &settings.redrive else { return Ok(()) };
        let refuse = |reason: &str| Err(Failure::value(&redrive.target, "RedrivePolicy", reason));
        let Some(target) = self.name_of(&redrive.target).and_then(|target| self.queues.get(target)) else {
            return refuse("Dead letter target does not exist.");
        };
        if target.is_fifo() != settings.fifo.is_some() {
            return refuse("Dead-letter queue must be same type of queue as the source.");
        }
        let allowed = match &target.settings.allow {
            Allow::All => true,
            Allow::None => false,
            Allow::Queues(arns) => arns.contains(&self.arn(name)),
        };
        if allowed { Ok(()) } else { refuse("The dead-letter queue does not allow this source queue.") }
    }

    pub(super) fn delete(&mut self, name: &str, now: Timestamp) -> Result<(), Failure> {
        self.queue(name, now)?;
        if let Some((name, queue)) = self.queues.remove_entry(name) {
            self.deleted.insert(name, now);
            // Who waits for it learns that it is gone.
            queue.wake().notify_waiters();
        }
        Ok(())
    }

    /// Decides a receive.
    pub(super) fn receive(&mut self, ask: &Receive<'_>, now: Timestamp) -> Result<Step, Failure> {
        let target =
            self.queue(ask.queue, now)?.settings.redrive.as_ref().map(|redrive| redrive.target.clone());
        let target = target.and_then(|arn| self.name_of(&arn).map(Arc::<str>::from));
        let next_move = self.moves.next();
        let queue = self.queue(ask.queue, now)?;
        if let Some(again) = ask.attempt.and_then(|attempt| queue.repeat(attempt, ask.want.visibility, now)) {
            return Ok(Step::Done(again));
        }
        if ask.misses && !ask.waits {
            return Ok(Step::Done(Vec::new()));
        }
        if queue.is_full() && !queue.is_fifo() && !ask.waits {
            return Err(Failure::over_limit(
                "Too many messages are in flight; delete some, or wait until they are visible again.",
            ));
        }
        let mut dead = Vec::new();
        let received = queue.take(ask.want, now, &mut dead, target.is_some());
        if let Some(attempt) = ask.attempt.filter(|_| !received.is_empty()) {
            queue.remember(attempt, &received, now);
        }
        if queue.has_some() {
            queue.wake().notify_one();
        }
        let timers = [queue.next_timer(), next_move].into_iter().flatten();
        let wait = timers.fold(ask.until, Timestamp::min);
        self.bury(target.as_deref(), ask.queue, dead, now);
        Ok(if received.is_empty() && now < ask.until { Step::Wait(wait) } else { Step::Done(received) })
    }

    /// Puts messages that were received too often into the dead-letter queue.
    fn bury(&mut self, target: Option<&str>, source: &str, dead: Vec<Entry>, now: Timestamp) {
        if dead.is_empty() {
            return;
        }
        let source = Arc::<str>::from(self.arn(source));
        // It was there a moment ago, under the same lock.
        let Some(target) = target.and_then(|target| self.queues.get_mut(target)) else { return };
        for entry in dead {
            target.bury(entry, Arc::clone(&source), now);
        }
        target.wake().notify_one();
    }

    /// Moves the messages that are due to be moved by now.
    fn advance_moves(&mut self, now: Timestamp) {
        let mut moves = std::mem::take(&mut self.moves);
        moves.advance(self, now);
        self.moves = moves;
    }
}

/// Whether a name is that of a FIFO queue.
pub(super) fn is_fifo(name: &str) -> Result<bool, Failure> {
    let stem = name.strip_suffix(".fifo");
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let plain = stem.unwrap_or(name);
    if plain.is_empty() || name.len() > 80 || !plain.bytes().all(known) {
        return Err(Failure::parameter(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ));
    }
    Ok(stem.is_some())
}
