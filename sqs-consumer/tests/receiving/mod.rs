//! A queue, handlers, a budget and deletes on a clock that is only counted, with the pollers in their midst. A message
//! has its room until its delete is confirmed.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tidegate_lanes::{Amount, Budget, Reservation, Slot};
use tidegate_sqs_consumer::{
    outgoing::{self, Batch, End, Outgoing, Reply},
    poll::{PollId, Pollers, Received, Settings, Standing, Trouble, Wanted},
};

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What the world is like.
#[derive(Clone, Debug)]
pub(crate) struct Nature {
    pub(crate) seed: u64,
    /// From request to answer, where there is something to answer.
    pub(crate) latency: Duration,
    /// Messages take up to so long to be handled.
    pub(crate) handling: Duration,
    /// One in so many is never finished; 0: none.
    pub(crate) stuck_one_in: u32,
    /// At most so many are stuck.
    pub(crate) most_stuck: usize,
    /// A message weighs up to so many bytes.
    pub(crate) weight: usize,
    /// An answer may hold fewer messages than there are.
    pub(crate) partial: bool,
    /// Of a hundred receives, so many fail.
    pub(crate) failing: u32,
    /// In this time all receives fail, and how.
    pub(crate) outage: Option<(Duration, Duration, Trouble)>,
    /// The queue's limit of messages in flight.
    pub(crate) in_flight: usize,
    /// Empty answers come after this part of the wait, in percent.
    pub(crate) early: u32,
}

impl Default for Nature {
    fn default() -> Self {
        Self {
            seed: 0,
            latency: ms(20),
            handling: ms(50),
            stuck_one_in: 0,
            most_stuck: 0,
            weight: 1000,
            partial: false,
            failing: 0,
            outage: None,
            in_flight: 120_000,
            early: 100,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive(usize),
    /// A receive reaches the queue.
    Ask(PollId, u64),
    /// It has waited for long enough.
    WaitIsOver(PollId),
    Answer(PollId),
    /// A message is handled.
    Done(u64),
    /// A batch of deletes is answered.
    Deleted(usize),
    GiveUp(PollId),
    Look,
}

type Reserve = Pin<Box<dyn Future<Output = Reservation>>>;

struct Out {
    asked: usize,
    room: Reservation,
    answer: Option<Result<usize, Trouble>>,
}

pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) pollers: Pollers,
    settings: Settings,
    budget: Budget,
    nature: Nature,
    random: fastrand::Rng,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    events_made: u64,
    reserving: Option<(Wanted, Reserve)>,
    out: BTreeMap<PollId, Out>,
    /// Those that wait at the queue.
    parked: VecDeque<PollId>,
    visible: usize,
    in_flight: BTreeMap<u64, Slot>,
    deletes: Outgoing<u64>,
    deleting: BTreeMap<usize, Batch<u64>>,
    /// Batches of deletes that were sent.
    pub(crate) deletes_sent: usize,
    messages: u64,
    pub(crate) stuck: usize,
    pub(crate) done: usize,
    /// When receives were sent.
    pub(crate) sent: Vec<Duration>,
    pub(crate) most_out: usize,
    pub(crate) most_in_use: usize,
    /// Since when there has been something to receive, room for it, and nobody who asks.
    neglected_since: Option<Duration>,
    pub(crate) longest_neglect: Duration,
    last_look: Option<Duration>,
}

impl World {
    pub(crate) fn new(settings: Settings, nature: Nature) -> Self {
        Self {
            now: Duration::ZERO,
            pollers: Pollers::new(settings.clone()),
            budget: Budget::new(settings.limit.count, settings.limit.bytes),
            settings,
            random: fastrand::Rng::with_seed(nature.seed),
            nature,
            events: BinaryHeap::new(),
            events_made: 0,
            reserving: None,
            out: BTreeMap::new(),
            parked: VecDeque::new(),
            visible: 0,
            in_flight: BTreeMap::new(),
            deletes: Outgoing::new(outgoing::Settings::default()),
            deleting: BTreeMap::new(),
            deletes_sent: 0,
            messages: 0,
            stuck: 0,
            done: 0,
            sent: Vec::new(),
            most_out: 0,
            most_in_use: 0,
            neglected_since: None,
            longest_neglect: Duration::ZERO,
            last_look: None,
        }
    }

    pub(crate) fn arrive(&mut self, at: Duration, count: usize) {
        self.schedule(at, Event::Arrive(count));
    }

    pub(crate) fn visible(&self) -> usize {
        self.visible
    }

    pub(crate) fn held(&self) -> usize {
        self.in_flight.len()
    }

    pub(crate) fn in_use(&self) -> Amount {
        self.budget.in_use()
    }

    pub(crate) fn sent_between(&self, from: Duration, to: Duration) -> usize {
        self.sent.iter().filter(|at| (from..to).contains(*at)).count()
    }

    /// Goes on until this time.
    pub(crate) fn run_until(&mut self, end: Duration) {
        self.ask();
        while let Some(Reverse((at, ..))) = self.events.peek()
            && *at <= end
            && let Some(Reverse((at, _, event))) = self.events.pop()
        {
            self.now = at;
            self.happen(event);
            self.ask();
            self.check();
        }
        self.now = end;
    }

    /// Goes on until nothing is left that can be done, for at most so long.
    pub(crate) fn drain(&mut self, patience: Duration) {
        let end = self.now + patience;
        while self.now < end && (self.visible > 0 || self.coming() > 0 || self.held() > self.stuck) {
            self.run_until(self.now + ms(100));
        }
    }

    fn schedule(&mut self, at: Duration, event: Event) {
        self.events_made += 1;
        self.events.push(Reverse((at, self.events_made, event)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(count) => {
                self.visible += count;
                self.serve();
            }
            Event::Ask(poll, number) => self.receive(poll, number),
            Event::WaitIsOver(poll) => {
                if let Some(place) = self.parked.iter().position(|it| *it == poll) {
                    self.parked.remove(place);
                    self.reply(poll, Ok(0), Duration::ZERO);
                }
            }
            Event::Answer(poll) => self.answer(poll),
            Event::Done(message) => _ = self.deletes.push(self.now, message, 200, None),
            Event::Deleted(number) => self.deleted(number),
            Event::GiveUp(poll) => {
                if self.reserving.as_ref().is_some_and(|(wanted, _)| wanted.poll == poll) {
                    self.reserving = None;
                    self.pollers.given_up(poll);
                }
            }
            Event::Look => {}
        }
    }

    /// The queue has a receive before it.
    fn receive(&mut self, poll: PollId, number: u64) {
        let outage = self.nature.outage.filter(|(from, to, _)| (*from..*to).contains(&self.now));
        let half = self.nature.latency / 2;
        if let Some((.., trouble)) = outage {
            return self.reply(poll, Err(trouble), half);
        }
        if fastrand::Rng::with_seed(self.nature.seed ^ number).u32(0..100) < self.nature.failing {
            return self.reply(poll, Err(Trouble::Network), half);
        }
        self.parked.push_back(poll);
        self.schedule(self.now + self.settings.wait * self.nature.early / 100, Event::WaitIsOver(poll));
        self.serve();
    }

    fn serve(&mut self) {
        while self.visible > 0 && self.allowance() > 0 {
            let Some(poll) = self.parked.pop_front() else { return };
            let asked = self.out[&poll].asked;
            let mut count = asked.min(self.visible).min(self.allowance());
            if self.nature.partial {
                count = self.random.usize(1..=count);
            }
            self.visible -= count;
            self.reply(poll, Ok(count), self.nature.latency / 2);
        }
    }

    /// What may still come in flight.
    fn allowance(&self) -> usize {
        self.nature.in_flight.saturating_sub(self.held() + self.coming())
    }

    /// What is on its way from the queue.
    fn coming(&self) -> usize {
        self.out.values().filter_map(|it| it.answer.and_then(Result::ok)).sum()
    }

    fn reply(&mut self, poll: PollId, answer: Result<usize, Trouble>, after: Duration) {
        self.out.get_mut(&poll).expect("it is out").answer = Some(answer);
        self.schedule(self.now + after, Event::Answer(poll));
    }

    fn answer(&mut self, poll: PollId) {
        let Out { asked, mut room, answer } = self.out.remove(&poll).expect("it is answered once");
        let count = match answer.expect("it has an answer") {
            Ok(count) => count,
            Err(trouble) => return self.pollers.failed(self.now, poll, trouble),
        };
        assert!(count <= asked);
        let mut bytes = 0;
        for _ in 0..count {
            let weight = self.random.usize(1..=self.nature.weight);
            bytes += weight;
            self.messages += 1;
            self.in_flight.insert(self.messages, room.slot(weight));
            let unlucky = self.nature.stuck_one_in > 0 && self.random.u32(0..self.nature.stuck_one_in) == 0;
            if unlucky && self.stuck < self.nature.most_stuck {
                self.stuck += 1;
            } else {
                let takes = self.nature.handling * self.random.u32(0..=100) / 100;
                self.schedule(self.now + takes, Event::Done(self.messages));
            }
        }
        drop(room);
        self.pollers.received(poll, Received { count, bytes, held: self.held() });
    }

    fn deleted(&mut self, number: usize) {
        let batch = self.deleting.remove(&number).expect("it is answered once");
        if self.random.u32(0..100) < self.nature.failing {
            return self.deletes.failed(self.now, batch);
        }
        let done: Vec<_> = batch.entries().map(|(id, _)| (id, Reply::Done)).collect();
        self.deletes.answered(self.now, batch, done);
        while let Some((_, message, end)) = self.deletes.take_finished() {
            assert_eq!(end, End::Done);
            drop(self.in_flight.remove(&message).expect("a message is deleted once"));
            self.done += 1;
        }
        self.serve();
    }

    /// Does what the pollers and the deletes want, as a shell would.
    fn ask(&mut self) {
        while let Some(batch) = self.deletes.next(self.now) {
            self.deletes_sent += 1;
            self.deleting.insert(self.deletes_sent, batch);
            self.schedule(self.now + self.nature.latency, Event::Deleted(self.deletes_sent));
        }
        loop {
            if let Some((wanted, reserve)) = &mut self.reserving
                && let Poll::Ready(room) = reserve.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                let poll = wanted.poll;
                self.reserving = None;
                let asked = self.pollers.granted(self.now, poll, room.left());
                assert!(
                    (1..=10).contains(&asked) && asked <= room.left().count,
                    "{asked} with {:?}",
                    room.left()
                );
                self.out.insert(poll, Out { asked, room, answer: None });
                self.sent.push(self.now);
                self.schedule(self.now + self.nature.latency / 2, Event::Ask(poll, self.sent.len() as u64));
            }
            let Some(wanted) = self.pollers.next(self.now) else { break };
            assert!(self.reserving.is_none(), "one at a time waits for room");
            assert_ne!(self.pollers.standing(), Standing::Stopped);
            let (budget, least, most) = (self.budget.clone(), wanted.least, wanted.most);
            let reserve = Box::pin(async move { budget.reserve_between(least, most).await });
            self.reserving = Some((wanted, reserve));
            if let Some(patience) = wanted.patience {
                self.schedule(self.now + patience, Event::GiveUp(wanted.poll));
            }
        }
        let deadline = self.pollers.deadline().into_iter().chain(self.deletes.deadline()).min();
        if let Some(at) = deadline {
            assert!(at > self.now, "it had its chance, and asks for it again");
            if self.last_look != Some(at) {
                self.last_look = Some(at);
                self.schedule(at, Event::Look);
            }
        }
    }

    /// What holds at every instant.
    fn check(&mut self) {
        let limit = self.settings.limit.count;
        let reserved: usize = self.out.values().map(|it| it.asked).sum();
        assert!(self.held() + reserved <= limit, "{} held, {reserved} reserved", self.held());
        assert!(self.budget.in_use().count <= limit);
        assert!(self.out.len() <= self.settings.parallelism && self.out.len() == self.pollers.out());
        self.most_out = self.most_out.max(self.out.len());
        self.most_in_use = self.most_in_use.max(self.held() + reserved);

        let neglected = self.visible > 0 && self.held() + reserved < limit && self.out.is_empty();
        let since = *self.neglected_since.get_or_insert(self.now);
        self.longest_neglect = self.longest_neglect.max(self.now.saturating_sub(since));
        if !neglected {
            self.neglected_since = None;
        }
    }
}
