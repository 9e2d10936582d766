//! Receives: from the wish to the messages that they bring.

use std::sync::Arc;

use tidegate_lanes::Reservation;
use tokio::{
    task::AbortHandle,
    time::{Instant, timeout},
};
use tracing::warn;

use super::{Held, Hub};
use crate::{
    Error, ErrorKind, Message,
    consumer::{
        calls::Problem,
        claim::Claim,
        event::{Answer, Event},
    },
    poll::{self, Trouble, Wanted},
    visibility::Taken,
};

impl Hub {
    /// A receive asks for its room.
    pub(super) fn reserve(&mut self, wanted: Wanted) {
        let budget = self.budget.clone();
        let reserve = self.spawn(async move {
            let room = budget.reserve_between(wanted.least, wanted.most);
            let room = match wanted.patience {
                Some(patience) => timeout(patience, room).await.ok(),
                None => Some(room.await),
            };
            Event::Room { wanted, room }
        });
        self.reserving = Some((wanted, reserve));
    }

    /// A receive has its room.
    pub(super) fn receive(&mut self, wanted: Wanted, room: Option<Reservation>) {
        let is_it = |(it, _): &mut (Wanted, AbortHandle)| it.poll == wanted.poll;
        if self.reserving.take_if(is_it).is_none() {
            return;
        }
        let Some(mut room) = room else { return self.pollers.given_up(wanted.poll) };
        let most = self.pollers.granted(self.now(), wanted.poll, room.left());
        room.shrink(most, usize::MAX);
        self.totals.receives += 1;
        let is_fifo = self.calls.name.ends_with(".fifo");
        let attempt = is_fifo.then(|| self.attempts.pop().unwrap_or_else(attempt_id));
        let calls = Arc::clone(&self.calls);
        let (events, drain) = (self.events.clone(), self.drain.subscribe());
        // Never dropped: what SQS has answered is to be heard.
        tokio::spawn(async move {
            let answer = calls.receive(most, attempt.clone(), || *drain.borrow()).await;
            let answer = answer.map_err(|problem| (problem, attempt));
            let _ = events.send(Event::Received { wanted, room, answer });
        });
    }

    pub(super) fn received(&mut self, wanted: Wanted, mut room: Reservation, answer: Answer) {
        let now = self.now();
        let messages = match answer {
            Ok(messages) => messages,
            Err((problem, attempt)) => {
                self.pollers.failed(now, wanted.poll, problem.trouble);
                self.totals.failed += 1;
                if problem.trouble == Trouble::Network {
                    self.attempts.extend(attempt);
                }
                return self.receive_failed(&problem);
            }
        };
        (self.answered, self.trouble) = (true, None);
        let (count, mut bytes) = (messages.len(), 0);
        for message in messages {
            let Some((message, handle)) = Message::of(&self.calls.name, message) else {
                warn!(queue = %self.calls.name, "a message without id or receipt handle is left alone");
                continue;
            };
            let weight = message.bytes();
            bytes += weight;
            match self.leases.take(message.id().clone(), handle, now) {
                Taken::Again(_) => self.totals.joined += 1,
                Taken::First(lease) => {
                    self.totals.received += 1;
                    self.totals.bytes += weight as u64;
                    let slot = room.slot(weight);
                    let held = Held { slot, message: message.clone(), is_lost: false, confirm: None };
                    self.held.insert(lease, held);
                    self.waiting_since.get_or_insert_with(Instant::now);
                    let claim = Claim::new(lease, self.events.clone());
                    // Dropped where nobody takes it, it is given back.
                    if let Some(feed) = &self.feed {
                        let _ = feed.send((message, claim));
                    }
                }
            }
        }
        drop(room);
        self.pollers.received(wanted.poll, poll::Received { count, bytes, held: self.held.len() });
    }

    fn receive_failed(&mut self, problem: &Problem) {
        let (name, trouble) = (&self.calls.name, problem.trouble);
        // At the start nobody has a queue to mend; later, somebody may.
        let error = match trouble {
            _ if self.answered => None,
            Trouble::QueueGone => {
                Some(Error::new(ErrorKind::InvalidInput, format!("there is no queue {}", self.calls.url)))
            }
            Trouble::Denied => {
                let message = format!("queue {name} cannot be received from: {trouble}");
                Some(Error::new(ErrorKind::Queue, message).because(problem.text.clone()))
            }
            _ => None,
        };
        if let Some(error) = error {
            return self.stop(Instant::now(), Some(error));
        }
        let text: Arc<str> = format!("{trouble}: {}", problem.text).into();
        if self.trouble.is_none() {
            warn!(queue = %name, trouble = %text, "messages cannot be received");
        }
        self.trouble = Some(text);
    }
}

/// A name for a receive, new each time.
fn attempt_id() -> String {
    format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}
