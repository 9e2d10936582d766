//! [`Owner`]: the task of a publisher.

use std::{
    collections::{BTreeSet, HashMap},
    future::pending,
    mem,
    sync::Arc,
    time::Duration,
};

use foldhash::fast::RandomState;
use tidegate_lanes::{Budget, Slot};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tracing::{error, warn};

use super::{
    Publication, PublishError, PublishErrorKind, Sent,
    calls::{Answer, Calls, Outcome},
    event::{Event, Waiting},
    line::Line,
    turns::Turns,
};
use crate::outgoing::{Batch, End, EntryId, Outgoing, Settings};

/// So many events are heard before anything is sent.
const AT_ONCE: usize = 256;

/// The task of a publisher, which has all that was taken: from when it has room until it has come to its end.
pub(super) struct Owner {
    start: Instant,
    calls: Arc<Calls>,
    line: Line,
    turns: Turns<Letter>,
    outgoing: Outgoing<Letter>,
    is_fifo: bool,
    in_flight: JoinSet<(Batch<Letter>, Answer)>,
    /// None when nobody can send any more.
    inbox: Option<mpsc::UnboundedReceiver<Event>>,
    /// How many messages came so far.
    came: u64,
    /// The numbers of those that have not come to their end.
    open: BTreeSet<u64>,
    /// Who waits until all before a number have come to their end.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
    /// Whether a call was ever answered.
    answered: bool,
    /// Whether the last call failed as a whole: it is warned of once.
    is_failing: bool,
}

/// A message that was taken.
#[derive(Debug)]
struct Letter {
    number: u64,
    publication: Publication,
    bytes: usize,
    /// When it was taken.
    since: Duration,
    reply: oneshot::Sender<Result<Sent, PublishError>>,
    slot: Slot,
}

impl Owner {
    pub(super) fn new(
        calls: Calls,
        batches: Settings,
        budget: Budget,
        inbox: mpsc::UnboundedReceiver<Event>,
    ) -> Self {
        Self {
            start: Instant::now(),
            is_fifo: calls.is_fifo(),
            calls: Arc::new(calls),
            line: Line::new(budget),
            turns: Turns::new(),
            outgoing: Outgoing::new(batches),
            in_flight: JoinSet::new(),
            inbox: Some(inbox),
            came: 0,
            open: BTreeSet::new(),
            flushes: Vec::new(),
            answered: false,
            is_failing: false,
        }
    }

    /// Runs until nobody can send any more, and everything has come to its end.
    pub(super) async fn run(mut self) {
        loop {
            let next = self.act();
            if self.inbox.is_none() && self.open.is_empty() {
                return;
            }
            let next = self.start + next.unwrap_or(Duration::MAX).min(self.now() + Duration::from_hours(1));
            tokio::select! {
                biased;
                Some(answered) = self.in_flight.join_next() => match answered {
                    Ok((batch, answer)) => self.answered(batch, answer),
                    // A throttle or an interceptor of the client panicked. Whoever waits is told by the end of this task.
                    Err(error) => return error!(queue = %self.calls.name, %error, "a publisher ends"),
                },
                (number, waiting, slot) = self.line.next() => self.take(number, waiting, slot),
                event = hear(&mut self.inbox) => self.hear(event),
                () = sleep_until(next) => {}
            }
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Sends what is to be sent now, and answers when there may be more.
    fn act(&mut self) -> Option<Duration> {
        while let Some((number, waiting, slot)) = self.line.try_next() {
            self.take(number, waiting, slot);
        }
        let oldest = self.open.first().copied().unwrap_or(self.came);
        for (_, reply) in self.flushes.extract_if(.., |flush| flush.0 <= oldest) {
            // Who does not wait for it, does not.
            let _ = reply.send(());
        }
        if self.flushes.is_empty() && self.inbox.is_some() {
            self.outgoing.linger();
        } else {
            self.outgoing.flush();
        }
        let now = self.now();
        while let Some(batch) = self.outgoing.next(now) {
            let calls = Arc::clone(&self.calls);
            let until = batch.until().and_then(|until| self.start.checked_add(until));
            self.in_flight.spawn(async move {
                let messages: Vec<_> =
                    batch.entries().map(|(id, letter)| (id, &letter.publication)).collect();
                let answer = calls.send(&messages, until).await;
                (batch, answer)
            });
        }
        self.outgoing.deadline()
    }

    fn hear(&mut self, event: Option<Event>) {
        let Some(event) = event else { return self.inbox = None };
        let mut withdrawn = self.note(event);
        for _ in 1..AT_ONCE {
            let Some(Ok(event)) = self.inbox.as_mut().map(mpsc::UnboundedReceiver::try_recv) else { break };
            withdrawn |= self.note(event);
        }
        if withdrawn {
            for number in self.line.forget() {
                self.open.remove(&number);
            }
        }
    }

    /// Whether somebody does not wait any more: many are forgotten at the cost of one.
    fn note(&mut self, event: Event) -> bool {
        match event {
            Event::Send(waiting) => {
                self.open.insert(self.came);
                self.line.push(self.came, waiting);
                self.came += 1;
            }
            Event::Flush(reply) => self.flushes.push((self.came, reply)),
            Event::Withdrawn => return true,
        }
        false
    }

    /// A message has its room.
    fn take(&mut self, number: u64, waiting: Waiting, slot: Slot) {
        let Waiting { publication, bytes, reply } = waiting;
        if reply.is_closed() {
            self.open.remove(&number);
            return;
        }
        let letter = Letter { number, publication, bytes, since: self.now(), reply, slot };
        let turn = match letter.group(self.is_fifo).map(str::to_owned) {
            Some(group) => self.turns.enter(&group, letter),
            None => Some(letter),
        };
        if let Some(letter) = turn {
            self.push(letter);
        }
    }

    fn push(&mut self, letter: Letter) {
        let (since, bytes) = (letter.since, letter.bytes);
        self.outgoing.push(since, letter, bytes, None);
    }

    fn answered(&mut self, batch: Batch<Letter>, answer: Answer) {
        let now = self.now();
        let answer = match answer {
            // Later, somebody may mend it.
            Err(problem) if problem.is_for_good() && !self.answered => {
                let refused = || Outcome::Refused(PublishErrorKind::Queue, problem.text.clone());
                Ok(batch.entries().map(|(id, _)| (id, refused())).collect())
            }
            answer => answer,
        };
        let mut outcomes: HashMap<EntryId, Outcome, RandomState> = HashMap::default();
        let mut trouble = None;
        match answer {
            Ok(answers) => {
                outcomes.extend(answers);
                self.is_failing = false;
                self.answered |= outcomes.values().any(|it| matches!(it, Outcome::Sent(_)));
                self.outgoing.answered(now, batch, outcomes.iter().map(|(id, it)| (*id, it.reply())));
            }
            Err(problem) => {
                if !mem::replace(&mut self.is_failing, true) {
                    warn!(queue = %self.calls.name, trouble = problem.text, "messages cannot be sent");
                }
                self.outgoing.failed(now, batch);
                trouble = Some(problem.text);
            }
        }
        while let Some((id, letter, end)) = self.outgoing.take_finished() {
            let result = match (outcomes.remove(&id), end) {
                (Some(Outcome::Sent(sent)), End::Done) => Ok(sent),
                (Some(Outcome::Refused(kind, text)), _) => Err(refused(kind, &self.calls.name, &text)),
                (Some(Outcome::Again(text)), _) => Err(expired(&text)),
                _ => Err(expired(trouble.as_deref().unwrap_or("SQS does not say what became of it"))),
            };
            self.finish(letter, result);
        }
    }

    /// A message has come to its end: it is the turn of the next of its group.
    fn finish(&mut self, letter: Letter, result: Result<Sent, PublishError>) {
        if let Some(next) = letter.group(self.is_fifo).and_then(|group| self.turns.leave(group)) {
            self.push(next);
        }
        self.open.remove(&letter.number);
        // Its room is free before it is told.
        let Letter { reply, slot, .. } = letter;
        drop(slot);
        // Who does not wait for it, does not.
        let _ = reply.send(result);
    }
}

impl Letter {
    /// Its group, if that has an order.
    fn group(&self, is_fifo: bool) -> Option<&str> {
        self.publication.group_id().filter(|_| is_fifo)
    }
}

/// The next event. None when nobody can send any more, and then never again.
async fn hear(inbox: &mut Option<mpsc::UnboundedReceiver<Event>>) -> Option<Event> {
    match inbox {
        Some(inbox) => inbox.recv().await,
        None => pending().await,
    }
}

fn refused(kind: PublishErrorKind, queue: &str, text: &str) -> PublishError {
    let message = match kind {
        PublishErrorKind::Queue => format!("queue {queue} cannot be sent to: {text}"),
        _ => format!("SQS refused the message: {text}"),
    };
    PublishError::new(kind, message)
}

fn expired(text: &str) -> PublishError {
    let message = format!("the message was tried for as long as it may be: {text}");
    PublishError::new(PublishErrorKind::Expired, message)
}
