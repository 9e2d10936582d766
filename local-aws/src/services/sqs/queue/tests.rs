//! The queue against a model that is slow and plain: every question is a search through all messages.

use proptest::prelude::*;

use super::{super::digest::Digest, *};
use crate::services::sqs::content::MessageId;

/// What a receipt was given for.
#[derive(Clone, Copy, Debug)]
struct Given {
    number: u64,
    receive: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Visible,
    Delayed(u64),
    InFlight { since: u64, until: u64, client: usize },
}

#[derive(Clone, Debug)]
struct Known {
    number: u64,
    group: Option<u8>,
    sent: u64,
    received: u32,
    receive: u64,
    at: At,
}

/// Times are milliseconds.
#[derive(Debug)]
struct Model {
    is_fifo: bool,
    most_in_flight: usize,
    most_receives: Option<u32>,
    retention: u64,
    /// In the order of arrival.
    messages: Vec<Known>,
    next: u64,
    receives: u64,
    dead: usize,
    given: Vec<Given>,
}

#[derive(Clone, Debug)]
enum Step {
    Send { group: u8, delay: u64 },
    Wait { millis: u64 },
    Receive { client: usize, most: usize, visibility: u64 },
    Delete { which: usize },
    Change { which: usize, visibility: u64 },
    Pop,
    Purge,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let visibility = prop_oneof![Just(0_u64), Just(2), Just(5), Just(30), Just(43_200)];
    let step = prop_oneof![
        6 => (0..4_u8, prop_oneof![3 => Just(0_u64), 1 => Just(3)])
            .prop_map(|(group, delay)| Step::Send { group, delay }),
        3 => prop_oneof![Just(1_u64), Just(1_000), Just(4_999), Just(30_000)]
            .prop_map(|millis| Step::Wait { millis }),
        5 => (0..2_usize, 1..=10_usize, visibility.clone())
            .prop_map(|(client, most, visibility)| Step::Receive { client, most, visibility }),
        3 => any::<usize>().prop_map(|which| Step::Delete { which }),
        2 => (any::<usize>(), visibility).prop_map(|(which, visibility)| Step::Change { which, visibility }),
        1 => Just(Step::Pop),
    ];
    // A purge now and then: it leaves little to look at.
    prop::collection::vec(prop_oneof![60 => step, 1 => Just(Step::Purge)], 1..120)
}

impl Model {
    fn advance(&mut self, now: u64) {
        for message in &mut self.messages {
            match message.at {
                At::Delayed(until) | At::InFlight { until, .. } if until <= now => message.at = At::Visible,
                _ => {}
            }
        }
        let retention = self.retention;
        self.messages.retain(|message| now - message.sent < retention);
    }

    fn in_flight(&self, of: Option<usize>) -> usize {
        let held = self.messages.iter().filter(|message| match message.at {
            At::InFlight { client, .. } => of.is_none_or(|of| of == client),
            _ => false,
        });
        held.count()
    }

    fn visible(&self) -> Vec<Known> {
        self.messages.iter().filter(|message| message.at == At::Visible).cloned().collect()
    }

    fn is_held(&self, group: Option<u8>) -> bool {
        let held = |message: &Known| message.group == group && matches!(message.at, At::InFlight { .. });
        self.messages.iter().any(held)
    }

    /// The numbers and receive counts of what a receive brings.
    fn receive(&mut self, client: usize, most: usize, visibility: u64, now: u64) -> Vec<(u64, u32)> {
        let mut brought = Vec::new();
        let mut after = 0;
        while brought.len() < most && self.in_flight(None) < self.most_in_flight {
            let room = (most - brought.len()).min(self.most_in_flight - self.in_flight(None));
            let mut next = self.visible();
            if self.is_fifo {
                // The group whose oldest visible message is the oldest, of those with nothing in flight.
                next.retain(|message| !self.is_held(message.group));
                let group = next.first().and_then(|first| first.group);
                next.retain(|message| message.group == group);
            } else {
                next.retain(|message| message.number > after);
            }
            next.truncate(room);
            let Some(last) = next.last() else { break };
            after = last.number;
            for chosen in next {
                if self.most_receives.is_some_and(|most| chosen.received >= most) {
                    self.messages.retain(|message| message.number != chosen.number);
                    self.dead += 1;
                    continue;
                }
                self.receives += 1;
                let message =
                    self.messages.iter_mut().find(|message| message.number == chosen.number).unwrap();
                message.received += 1;
                message.receive = self.receives;
                if visibility > 0 {
                    message.at = At::InFlight { since: now, until: now + visibility, client };
                }
                self.given.push(Given { number: chosen.number, receive: self.receives });
                brought.push((chosen.number, message.received));
            }
            if self.is_fifo && visibility == 0 && !brought.is_empty() {
                break;
            }
        }
        brought
    }

    /// Whether the delete succeeds.
    fn delete(&mut self, given: Given) -> bool {
        let Some(index) = self.messages.iter().position(|message| message.number == given.number) else {
            return true;
        };
        let message = &self.messages[index];
        let is_latest = message.receive == given.receive;
        if self.is_fifo && !(is_latest && matches!(message.at, At::InFlight { .. })) {
            return false;
        }
        if is_latest {
            self.messages.remove(index);
        }
        true
    }

    /// Whether the change succeeds.
    fn change(&mut self, given: Given, visibility: u64, now: u64) -> bool {
        let same = |message: &&mut Known| message.number == given.number && message.receive == given.receive;
        let Some(message) = self.messages.iter_mut().find(same) else { return false };
        let At::InFlight { since, client, .. } = message.at else { return false };
        let until = now + visibility;
        if until - since > 12 * 3_600_000 {
            return false;
        }
        message.at = if visibility == 0 { At::Visible } else { At::InFlight { since, until, client } };
        true
    }

    fn pop(&mut self) -> Option<u64> {
        let mut next = self.visible();
        if self.is_fifo {
            next.retain(|message| !self.is_held(message.group));
        }
        let number = next.first()?.number;
        self.messages.retain(|message| message.number != number);
        Some(number)
    }

    fn has_some(&self) -> bool {
        let open = |message: &Known| !self.is_fifo || !self.is_held(message.group);
        self.in_flight(None) < self.most_in_flight && self.visible().iter().any(open)
    }

    fn next_timer(&self) -> Option<u64> {
        let ends = self.messages.iter().filter_map(|message| match message.at {
            At::Delayed(until) | At::InFlight { until, .. } => Some(until),
            At::Visible => None,
        });
        ends.min()
    }
}

/// The real one beside the model.
#[derive(Debug)]
struct Both {
    queue: Queue,
    model: Model,
    clients: [Client; 2],
    now: u64,
}

impl Both {
    fn new(is_fifo: bool, most_in_flight: usize, most_receives: Option<u32>) -> Self {
        let mut attributes = Attributes::new();
        attributes.insert("MessageRetentionPeriod".to_owned(), "3600".to_owned());
        if is_fifo {
            attributes.insert("FifoQueue".to_owned(), "true".to_owned());
        }
        if let Some(most) = most_receives {
            let policy = format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"{most}"}}"#
            );
            attributes.insert("RedrivePolicy".to_owned(), policy);
        }
        let settings = Settings::new(is_fifo, &attributes).unwrap();
        let now = 1_000_000;
        let mut queue = Queue::new(1, "queue".into(), settings, Timestamp::from_millis(now));
        queue.most_in_flight = most_in_flight;
        let clients = ["one", "two"].map(|key| queue.clients.of(&key.into()));
        let model = Model {
            is_fifo,
            most_in_flight,
            most_receives,
            retention: 3_600_000,
            messages: Vec::new(),
            next: 0,
            receives: 0,
            dead: 0,
            given: Vec::new(),
        };
        Self { queue, model, clients, now }
    }

    fn handle(given: Given) -> String {
        Receipt { queue: 1, entry: given.number, receive: given.receive }.to_string()
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let now = Timestamp::from_millis(self.now);
        self.queue.advance(now);
        self.model.advance(self.now);
        let chosen = |which: usize| {
            let given = &self.model.given;
            (!given.is_empty()).then(|| given[which % given.len()])
        };
        match *step {
            Step::Wait { millis } => {
                self.now += millis;
                self.queue.advance(Timestamp::from_millis(self.now));
                self.model.advance(self.now);
            }
            Step::Send { group, delay } => {
                let is_fifo = self.model.is_fifo;
                self.model.next += 1;
                let number = self.model.next;
                let group = is_fifo.then_some(group);
                let content = Content {
                    id: MessageId(number),
                    body: "".into(),
                    md5: Digest::of_body(""),
                    attributes: BTreeMap::new(),
                    trace: None,
                    group: group.map(|group| group.to_string().into()),
                    deduplication: None,
                };
                let given = self.queue.send(Arc::new(content), Some(Duration::from_secs(delay)), now);
                prop_assert_eq!(given, number);
                let at = if delay == 0 { At::Visible } else { At::Delayed(self.now + delay * 1_000) };
                let sent = self.now;
                self.model.messages.push(Known { number, group, sent, received: 0, receive: 0, at });
            }
            Step::Receive { client, most, visibility } => {
                let want = Want {
                    client: self.clients[client],
                    most,
                    visibility: Duration::from_secs(visibility),
                    twice: false,
                };
                let mut dead = Vec::new();
                let before = self.model.dead;
                let received = self.queue.take(want, now, &mut dead, self.model.most_receives.is_some());
                let received =
                    received.iter().map(|one| (one.receipt.entry, one.entry.received)).collect::<Vec<_>>();
                let expected = self.model.receive(client, most, visibility * 1_000, self.now);
                prop_assert_eq!(received, expected);
                prop_assert_eq!(dead.len(), self.model.dead - before);
            }
            Step::Delete { which } => {
                let Some(given) = chosen(which) else { return Ok(()) };
                let deleted = self.queue.delete(&Self::handle(given));
                prop_assert_eq!(deleted.is_ok(), self.model.delete(given), "{:?}", deleted);
            }
            Step::Change { which, visibility } => {
                let Some(given) = chosen(which) else { return Ok(()) };
                let changed = self.queue.change(&Self::handle(given), Duration::from_secs(visibility), now);
                let expected = self.model.change(given, visibility * 1_000, self.now);
                prop_assert_eq!(changed.is_ok(), expected, "{:?}", changed);
            }
            Step::Pop => {
                let popped = self.queue.pop().map(|entry| entry.number);
                prop_assert_eq!(popped, self.model.pop());
            }
            Step::Purge => {
                self.queue.purge(now);
                self.model.messages.clear();
            }
        }
        self.check()
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let (queue, model) = (&self.queue, &self.model);
        let delayed = model.messages.iter().filter(|message| matches!(message.at, At::Delayed(_))).count();
        let expected = Counts { visible: model.visible().len(), in_flight: model.in_flight(None), delayed };
        prop_assert_eq!(queue.counts(), expected);
        prop_assert_eq!(queue.dead, model.dead as u64);
        prop_assert_eq!(queue.has_some(), model.has_some());
        prop_assert_eq!(queue.next_timer().map(Timestamp::millis), model.next_timer());
        let held = queue.clients.iter().map(|(_, holding)| holding.in_flight).collect::<Vec<_>>();
        prop_assert_eq!(held, vec![model.in_flight(Some(0)), model.in_flight(Some(1))]);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_queue_is_as_its_model(
        is_fifo in any::<bool>(),
        most_in_flight in prop_oneof![Just(3_usize), Just(MOST_IN_FLIGHT)],
        most_receives in prop_oneof![Just(None), Just(Some(1)), Just(Some(3))],
        steps in steps(),
    ) {
        let mut both = Both::new(is_fifo, most_in_flight, most_receives);
        for step in &steps {
            both.take(step)?;
        }
    }
}
