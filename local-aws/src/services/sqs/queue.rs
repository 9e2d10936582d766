//! A queue: messages that are visible, delayed or in flight. It is fed with the time.

mod held;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    attempts::Attempts,
    clients::{Client, Clients},
    content::Content,
    entry::{Entry, Place},
    failure::Failure,
    receipt::Receipt,
    repeats::Repeats,
    settings::{Attributes, Settings},
    visible::Visible,
};
use crate::wire::timestamp::Timestamp;

/// Messages that may be in flight.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>.
pub(super) const MOST_IN_FLIGHT: usize = 120_000;

/// A queue and its messages.
#[derive(Debug)]
pub(super) struct Queue {
    /// No other queue of the region had it.
    pub(super) number: u64,
    pub(super) name: Arc<str>,
    pub(super) settings: Settings,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) purged: Option<Timestamp>,
    pub(super) most_in_flight: usize,
    /// Messages that went to the dead-letter queue.
    pub(super) dead: u64,
    pub(super) repeats: Repeats,
    pub(super) attempts: Attempts,
    pub(super) clients: Clients,
    /// By number, and so in the order of arrival.
    entries: BTreeMap<u64, Entry>,
    visible: Visible,
    /// When delays and visibility timeouts end.
    timers: BTreeSet<(Timestamp, u64)>,
    /// By the time from which the retention counts.
    ages: BTreeSet<(Timestamp, u64)>,
    in_flight: usize,
    next_entry: u64,
    next_receive: u64,
    wake: Arc<Notify>,
}

/// How many messages are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) visible: usize,
    pub(super) in_flight: usize,
    pub(super) delayed: usize,
}

/// What a receive asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    pub(super) client: Client,
    pub(super) most: usize,
    pub(super) visibility: Duration,
    /// Each message stays behind as a copy, as a server may keep one that missed the receive.
    pub(super) twice: bool,
}

/// A message that was received.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) receipt: Receipt,
    pub(super) entry: Entry,
}

impl Queue {
    pub(super) fn new(number: u64, name: Arc<str>, settings: Settings, now: Timestamp) -> Self {
        let visible = Visible::new(settings.fifo.is_some());
        Self {
            number,
            name,
            settings,
            tags: BTreeMap::new(),
            created: now,
            modified: now,
            purged: None,
            most_in_flight: MOST_IN_FLIGHT,
            dead: 0,
            repeats: Repeats::default(),
            attempts: Attempts::default(),
            clients: Clients::default(),
            entries: BTreeMap::new(),
            visible,
            timers: BTreeSet::new(),
            ages: BTreeSet::new(),
            in_flight: 0,
            next_entry: 0,
            next_receive: 0,
            wake: Arc::default(),
        }
    }

    pub(super) const fn is_fifo(&self) -> bool {
        self.settings.fifo.is_some()
    }

    /// Wakes a receive that waits.
    pub(super) const fn wake(&self) -> &Arc<Notify> {
        &self.wake
    }

    /// Ends what has ended by now: delays, visibility timeouts, retention.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some(&(at, id)) = self.timers.first() {
            if at > now {
                break;
            }
            self.show(id);
        }
        while let Some(&(since, id)) = self.ages.first() {
            if now.since(since) < self.settings.retention {
                break;
            }
            self.remove(id);
        }
    }

    /// When the next delay or visibility timeout ends.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    pub(super) fn counts(&self) -> Counts {
        let delayed = self.timers.len() - self.in_flight;
        let visible = self.entries.len() - self.timers.len();
        Counts { visible, in_flight: self.in_flight, delayed }
    }

    /// The messages, in the order of their arrival.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Adds a message; the number of its place in the order.
    pub(super) fn send(&mut self, content: Arc<Content>, delay: Option<Duration>, now: Timestamp) -> u64 {
        let delay = delay.unwrap_or(self.settings.delay);
        self.add(Entry::new(content, now), delay, now)
    }

    /// Adds a message that another queue gave up.
    pub(super) fn bury(&mut self, mut entry: Entry, source: Arc<str>, now: Timestamp) {
        entry.source = Some(source);
        entry.carried = entry.received;
        if self.is_fifo() {
            // Of a standard queue the retention goes on from the first arrival.
            entry.sent = now;
        }
        self.add(entry, Duration::ZERO, now);
    }

    fn add(&mut self, mut entry: Entry, delay: Duration, now: Timestamp) -> u64 {
        self.next_entry += 1;
        let id = self.next_entry;
        entry.number = id;
        self.ages.insert((entry.sent, id));
        entry.place = Place::Visible;
        if delay.is_zero() {
            self.visible.show(id, &entry.content);
        } else {
            entry.place = Place::Delayed(now + delay);
            self.arm(now + delay, id);
        }
        self.entries.insert(id, entry);
        id
    }

    /// Takes messages that are visible into flight. Those that were received too often go to `dead`.
    pub(super) fn take(
        &mut self,
        want: Want,
        now: Timestamp,
        dead: &mut Vec<Entry>,
        buries: bool,
    ) -> Vec<Received> {
        let (mut received, mut after, last) = (Vec::new(), 0, self.next_entry);
        while received.len() < want.most && !self.is_full() {
            let room = (want.most - received.len()).min(self.most_in_flight - self.in_flight);
            // Only what was there before: no copy, and nothing twice that stays visible.
            let ids = self.visible.next(after, last, room);
            let Some(&furthest) = ids.last() else { break };
            after = furthest.min(last);
            for id in ids {
                if buries && self.entries.get(&id).is_some_and(|entry| self.is_spent(entry)) {
                    dead.extend(self.remove(id));
                } else {
                    received.extend(self.receive(id, want, now));
                }
            }
            if self.is_fifo() && want.visibility.is_zero() && !received.is_empty() {
                // Their group is still open, and would come first again.
                break;
            }
        }
        self.dead += dead.len() as u64;
        received
    }

    fn is_spent(&self, entry: &Entry) -> bool {
        let most = self.settings.redrive.as_ref().map(|redrive| redrive.most_receives);
        most.is_some_and(|most| entry.received - entry.carried >= most)
    }

    /// Brings one visible message into flight.
    fn receive(&mut self, id: u64, want: Want, now: Timestamp) -> Option<Received> {
        let entry = self.entries.get_mut(&id)?;
        self.next_receive += 1;
        entry.received += 1;
        entry.first_received.get_or_insert(now);
        entry.receive = self.next_receive;
        let received = Received {
            receipt: Receipt { queue: self.number, entry: id, receive: entry.receive },
            entry: entry.clone(),
        };
        if !want.visibility.is_zero() {
            let until = now + want.visibility;
            entry.place = Place::InFlight { since: now, until, client: want.client };
            let content = Arc::clone(&entry.content);
            self.in_flight += 1;
            self.clients.hold(want.client);
            self.visible.hold(id, &content);
            self.arm(until, id);
        }
        if want.twice && !self.is_fifo() {
            self.add(received.entry.clone(), Duration::ZERO, now);
        }
        Some(received)
    }

    /// Whether a receive would find something.
    pub(super) fn has_some(&self) -> bool {
        self.visible.has_some() && !self.is_full()
    }

    /// Whether as many messages are in flight as may be.
    pub(super) const fn is_full(&self) -> bool {
        self.in_flight >= self.most_in_flight
    }

    /// Takes all attributes over, or none of them.
    pub(super) fn set(&mut self, attributes: &Attributes, now: Timestamp) -> Result<(), Failure> {
        let settings = self.settings.changed(attributes)?;
        let delay = (settings.delay != self.settings.delay && self.is_fifo()).then_some(settings.delay);
        (self.settings, self.modified) = (settings, now);
        // Of FIFO queues the delay counts for messages that are there: API_SetQueueAttributes says so.
        if let Some(delay) = delay {
            self.delay_anew(delay);
        }
        self.advance(now);
        self.wake.notify_waiters();
        Ok(())
    }

    fn delay_anew(&mut self, delay: Duration) {
        for (id, entry) in &mut self.entries {
            if let Place::Delayed(until) = entry.place {
                self.timers.remove(&(until, *id));
                entry.place = Place::Delayed(entry.sent + delay);
                self.timers.insert((entry.sent + delay, *id));
            }
        }
    }

    /// Deletes everything.
    pub(super) fn purge(&mut self, now: Timestamp) {
        self.purged = Some(now);
        self.entries.clear();
        self.timers.clear();
        self.ages.clear();
        self.in_flight = 0;
        self.clients.release_all();
        self.visible = Visible::new(self.is_fifo());
    }

    /// Takes the oldest message that is visible out of the queue.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        let id = *self.visible.next(0, u64::MAX, 1).first()?;
        self.remove(id)
    }

    /// Puts back what was popped, behind the others.
    pub(super) fn restore(&mut self, entry: Entry, now: Timestamp) {
        self.add(entry, Duration::ZERO, now);
    }

    /// A delay or a visibility timeout ends here.
    fn show(&mut self, id: u64) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let place = std::mem::replace(&mut entry.place, Place::Visible);
        let content = Arc::clone(&entry.content);
        match place {
            Place::Visible => return,
            Place::Delayed(until) => drop(self.timers.remove(&(until, id))),
            Place::InFlight { until, client, .. } => {
                self.timers.remove(&(until, id));
                self.land(&content, client);
            }
        }
        self.visible.show(id, &content);
    }

    /// A message is in flight no longer.
    fn land(&mut self, content: &Content, client: Client) {
        self.in_flight -= 1;
        self.clients.release(client);
        self.visible.release(content);
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.ages.remove(&(entry.sent, id));
        match entry.place {
            Place::Visible => self.visible.remove(id, &entry.content),
            Place::Delayed(until) => drop(self.timers.remove(&(until, id))),
            Place::InFlight { until, client, .. } => {
                self.timers.remove(&(until, id));
                self.land(&entry.content, client);
            }
        }
        Some(entry)
    }

    fn arm(&mut self, at: Timestamp, id: u64) {
        let is_next = self.timers.first().is_none_or(|(first, _)| at < *first);
        self.timers.insert((at, id));
        if is_next {
            // Whoever waits does so until the end that was the next one.
            self.wake.notify_waiters();
        }
    }
}
