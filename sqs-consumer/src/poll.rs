//! [`Pollers`]: decides when to receive, and for how many messages. Pure: it is told what happened, with the time.

mod answer;
mod settings;

use std::{collections::BTreeMap, time::Duration};

use tidegate_lanes::{Amount, Backoff};

pub use self::{
    answer::{Received, Trouble},
    settings::Settings,
};

/// Messages that one receive brings at most.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
const MOST: usize = 10;

/// Messages of a standard or FIFO queue that may be in flight. A receive that waits finds nothing above it.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>
pub const IN_FLIGHT: usize = 120_000;

/// Before the first answer: what a message weighs.
const GUESSED_SIZE: usize = 4096;

/// Between two receives that found nothing, at least.
const REST: Duration = Duration::from_secs(1);

/// After a failure, at least: jitter may say nothing at all.
const LEAST_PAUSE: Duration = Duration::from_millis(50);

/// One receive, from when it is wanted until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PollId(u64);

/// A receive that is wanted: reserve the room, say what was [granted](Pollers::granted), and send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "no other receive is wanted before this one has its room, or is given up"]
pub struct Wanted {
    /// Which it is.
    pub poll: PollId,
    /// The room without which it is not worth sending.
    pub least: Amount,
    /// The room that it can use.
    pub most: Amount,
    /// How long to wait for that room: then it is to be [given up](Pollers::given_up). `None`: as long as it takes.
    pub patience: Option<Duration>,
    /// What to send as `WaitTimeSeconds`.
    pub wait: Duration,
}

/// How the receiving stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// There are messages, as far as is known.
    Busy,
    /// The queue is empty: one receive waits.
    Idle,
    /// The queue looks empty because as many messages are in flight as SQS allows, as far as can be known.
    Limited,
    /// Receives fail: one at a time is tried.
    Failing(Trouble),
    /// Nothing more is received.
    Stopped,
}

/// Decides when to receive, and for how many messages, so that no more are held than there is room for.
///
/// It knows no clock and makes no calls. Ask for the [`next`](Self::next) receive, reserve its room in a
/// [`Budget`](tidegate_lanes::Budget) by `reserve_between`, say what was [`granted`](Self::granted), receive, give back
/// what was not used, and say what was [`received`](Self::received) or [`failed`](Self::failed). Ask again after each
/// of these, and at the [`deadline`](Self::deadline). `now` is the time since any beginning, and never falls.
///
/// - Room comes first: a message that was received has its place. One receive at a time waits for room, so that
///   no two of them divide what would have been enough for one; for a while it waits for room for ten, then it takes what
///   there is. So a full house costs a tenth of a call for a message, and stuck messages stop nobody.
/// - Receives out at once grow up to `parallelism`: an answer that is full doubles them, one that is half full adds one,
///   an empty one halves them, any other leaves them as they are.
/// - An empty queue has one receive at a time: 60 / `wait` calls a minute, 3 of 20 s. Should empty answers come early,
///   they are no more often than twice that and once a second.
/// - An empty answer while very much is in flight says nothing of the queue: the receives stay as they are.
/// - After a failure there is a pause, then one receive at a time until one is answered.
///
/// # Contract
///
/// Each [`Wanted`] ends by exactly one of [`given_up`](Self::given_up), [`received`](Self::received) and
/// [`failed`](Self::failed); before the last two it was granted its room.
///
/// ```
/// use std::time::Duration;
/// use tidegate_lanes::Amount;
/// use tidegate_sqs_consumer::poll::{Pollers, Received, Settings};
///
/// let now = Duration::ZERO;
/// let mut pollers = Pollers::new(Settings::new(Amount::new(1_000, 64 << 20)));
/// let wanted = pollers.next(now).unwrap();
/// assert_eq!((wanted.least.count, wanted.most.count), (10, 10));
///
/// assert_eq!(pollers.granted(now, wanted.poll, wanted.most), 10);
/// assert!(pollers.next(now).is_none(), "one, until it is known what the queue has");
///
/// pollers.received(wanted.poll, Received { count: 10, bytes: 40_000, held: 10 });
/// let [one, two] = [(); 2].map(|()| {
///     let wanted = pollers.next(now).unwrap();
///     pollers.granted(now, wanted.poll, wanted.most);
///     wanted.poll
/// });
/// assert!(one != two && pollers.next(now).is_none());
/// ```
#[derive(Debug)]
pub struct Pollers {
    settings: Settings,
    stopped: bool,
    polls: u64,
    /// The one that waits for its room.
    reserving: Option<PollId>,
    out: BTreeMap<PollId, Out>,
    /// How many may be out.
    target: usize,
    /// What a message weighs: a moving average over answers, an eighth of it new each time.
    size: usize,
    /// There was no room for all that a receive can bring.
    modest: bool,
    not_before: Duration,
    look: Look,
    failing: Option<Failing>,
    /// Of all consumers of the queue, as SQS told.
    not_visible: usize,
}

/// A receive that SQS has not answered.
#[derive(Clone, Copy, Debug)]
struct Out {
    since: Duration,
    asked: usize,
}

/// What the last answer said of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Messages,
    Empty,
    Limited,
}

#[derive(Debug)]
struct Failing {
    trouble: Trouble,
    pauses: Backoff,
    /// The one that finds out whether it is over.
    probe: Option<PollId>,
}

impl Pollers {
    /// Begins with one receive.
    #[must_use]
    pub fn new(mut settings: Settings) -> Self {
        settings.limit = Amount::new(settings.limit.count.max(1), settings.limit.bytes.max(1));
        settings.parallelism = settings.parallelism.max(1);
        settings.wait = Duration::from_secs(settings.wait.as_secs().clamp(1, 20));
        Self {
            settings,
            stopped: false,
            polls: 0,
            reserving: None,
            out: BTreeMap::new(),
            target: 1,
            size: GUESSED_SIZE,
            modest: false,
            not_before: Duration::ZERO,
            look: Look::Messages,
            failing: None,
            not_visible: 0,
        }
    }

    /// The receive to begin now.
    pub fn next(&mut self, now: Duration) -> Option<Wanted> {
        if !self.has_place() || now < self.not_before {
            return None;
        }
        let poll = PollId(self.polls);
        self.polls += 1;
        self.reserving = Some(poll);
        if let Some(failing) = &mut self.failing {
            failing.probe = Some(poll);
        }
        let (size, most) = (self.size(), self.most());
        let least = if self.modest { 1 } else { most };
        Some(Wanted {
            poll,
            least: Amount::new(least, least.saturating_mul(size)),
            most: Amount::new(most, most.saturating_mul(size)),
            patience: (least > 1).then_some(self.settings.patience),
            wait: self.settings.wait,
        })
    }

    /// When to ask for the [`next`](Self::next) one, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.has_place().then_some(self.not_before)
    }

    /// A receive has its room and is sent: answers what to send as `MaxNumberOfMessages`.
    pub fn granted(&mut self, now: Duration, poll: PollId, room: Amount) -> usize {
        self.reserving = self.reserving.filter(|it| *it != poll);
        self.modest = false;
        let asked = room.count.min(room.bytes / self.size()).clamp(1, MOST);
        self.out.insert(poll, Out { since: now, asked });
        asked
    }

    /// A receive was not sent: there was no room in time, or its caller stops.
    pub fn given_up(&mut self, poll: PollId) {
        self.reserving = self.reserving.filter(|it| *it != poll);
        self.out.remove(&poll);
        self.modest = true;
        if let Some(failing) = &mut self.failing {
            failing.probe = failing.probe.filter(|it| *it != poll);
        }
    }

    /// A receive was answered.
    pub fn received(&mut self, poll: PollId, answer: Received) {
        let Some(out) = self.out.remove(&poll) else { return };
        // What was sent before the failure and is answered only now says little of what comes next.
        if self.failing.as_ref().is_some_and(|failing| failing.probe == Some(poll)) {
            self.failing = None;
        }
        let Received { count, bytes, held } = answer;
        if let Some(size) = bytes.checked_div(count) {
            // Rounded up, so that it is never 0.
            self.size = (self.size.saturating_mul(7).saturating_add(size.max(1))).div_ceil(8);
        }
        if count == 0 {
            return self.found_nothing(out, held);
        }
        self.look = Look::Messages;
        if self.failing.is_none() {
            self.not_before = Duration::ZERO;
        }
        let more = match () {
            () if count >= out.asked => self.target,
            () if count * 2 >= out.asked => 1,
            () => 0,
        };
        self.target = (self.target + more).min(self.settings.parallelism);
    }

    /// A receive failed.
    pub fn failed(&mut self, now: Duration, poll: PollId, trouble: Trouble) {
        if self.out.remove(&poll).is_none() {
            return;
        }
        if trouble == Trouble::OverLimit {
            self.look = Look::Limited;
        }
        let pauses = &self.settings.backoff;
        let failing = self.failing.get_or_insert_with(|| Failing {
            trouble,
            pauses: pauses.clone(),
            probe: Some(poll),
        });
        failing.trouble = trouble;
        // Those that were out together fail together: that is one failure.
        if failing.probe == Some(poll) {
            failing.probe = None;
            let pause = failing.pauses.next().unwrap_or_default().max(LEAST_PAUSE);
            self.not_before = self.not_before.max(now.saturating_add(pause));
        }
    }

    /// What SQS told of all consumers together, as `ApproximateNumberOfMessagesNotVisible`.
    pub fn not_visible(&mut self, count: usize) {
        self.not_visible = count;
    }

    /// Nothing more is received. What is out is answered still: SQS has given those messages away.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// How many receives are sent and not answered.
    #[must_use]
    pub fn out(&self) -> usize {
        self.out.len()
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (&self.failing, self.look) {
            _ if self.stopped => Standing::Stopped,
            (Some(Failing { trouble: Trouble::OverLimit, .. }), _) | (None, Look::Limited) => {
                Standing::Limited
            }
            (Some(failing), _) => Standing::Failing(failing.trouble),
            (None, Look::Empty) if self.target == 1 => Standing::Idle,
            (None, _) => Standing::Busy,
        }
    }

    fn found_nothing(&mut self, out: Out, held: usize) {
        // Above the limit SQS answers as if the queue were empty.
        let limited = held.saturating_mul(5) >= self.settings.share.saturating_mul(4)
            || self.not_visible.saturating_mul(10) >= IN_FLIGHT * 9;
        self.look = if limited { Look::Limited } else { Look::Empty };
        if !limited {
            self.target = (self.target / 2).max(1);
        }
        if limited || self.target == 1 {
            let rest = REST.max(self.settings.wait / 2);
            self.not_before = self.not_before.max(out.since.saturating_add(rest));
        }
    }

    fn has_place(&self) -> bool {
        let probing = self.failing.as_ref().is_some_and(|failing| failing.probe.is_some());
        !self.stopped && self.reserving.is_none() && !probing && self.out.len() < self.target
    }

    /// What a message weighs: it never is more than could be reserved.
    fn size(&self) -> usize {
        self.size.clamp(1, self.settings.limit.bytes)
    }

    /// How many messages a receive is worth waiting for.
    fn most(&self) -> usize {
        let Amount { count, bytes } = self.settings.limit;
        MOST.min(count).min(bytes / self.size()).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn begin(pollers: &mut Pollers, now: Duration) -> PollId {
        let wanted = pollers.next(now).unwrap();
        pollers.granted(now, wanted.poll, wanted.most);
        wanted.poll
    }

    fn answer(count: usize) -> Received {
        Received { count, bytes: count * 1000, held: count }
    }

    /// So many receives are out.
    fn grown(target: usize) -> (Pollers, Vec<PollId>) {
        let mut pollers = Pollers::new(Settings::new(Amount::new(100_000, usize::MAX)));
        while pollers.target < target {
            let poll = begin(&mut pollers, NOW);
            pollers.received(poll, answer(10));
        }
        let polls = (0..target).map(|_| begin(&mut pollers, NOW)).collect();
        (pollers, polls)
    }

    #[test]
    fn they_grow_by_how_full_the_answers_are() {
        for (count, target) in [(10, 16), (9, 9), (5, 9), (4, 8), (1, 8), (0, 4)] {
            let (mut pollers, polls) = grown(8);
            pollers.received(polls[0], answer(count));
            assert_eq!(pollers.target, target, "an answer of {count}");
        }
    }

    #[test]
    fn who_finds_no_room_for_all_is_content_with_what_there_is() {
        let mut pollers = Pollers::new(Settings::new(Amount::new(11, 1 << 20)));
        let wanted = pollers.next(NOW).unwrap();
        assert_eq!((wanted.least.count, wanted.patience), (10, Some(Duration::from_millis(100))));
        assert!(pollers.next(NOW).is_none() && pollers.deadline().is_none(), "one at a time waits for room");
        pollers.given_up(wanted.poll);

        let wanted = pollers.next(NOW).unwrap();
        assert_eq!((wanted.least.count, wanted.most.count, wanted.patience), (1, 10, None));
        assert_eq!(pollers.granted(NOW, wanted.poll, Amount::new(3, 1 << 20)), 3);
        pollers.received(wanted.poll, answer(3));
        assert_eq!(pollers.next(NOW).unwrap().least.count, 10, "the next one hopes again");
    }

    #[test]
    fn large_messages_are_asked_for_in_small_numbers() {
        let mut pollers = Pollers::new(Settings::new(Amount::new(1_000, 4 << 20)));
        for _ in 0..100 {
            let poll = begin(&mut pollers, NOW);
            pollers.received(poll, Received { count: 1, bytes: 1 << 20, held: 0 });
        }
        let wanted = pollers.next(NOW).unwrap();
        assert_eq!(wanted.most.count, 4, "so many are all that the budget has room for");
        assert!(wanted.most.bytes <= 4 << 20);
        assert_eq!(pollers.granted(NOW, wanted.poll, Amount::new(4, 2 << 20)), 2);
    }

    #[test]
    fn a_message_that_weighs_more_than_the_budget_is_asked_for_alone() {
        let mut pollers = Pollers::new(Settings::new(Amount::new(10, 1000)));
        let wanted = pollers.next(NOW).unwrap();
        assert_eq!((wanted.least, wanted.patience), (Amount::new(1, 1000), None));
    }

    #[test]
    fn an_empty_answer_beside_very_much_in_flight_is_doubted() {
        let (mut pollers, polls) = grown(8);
        pollers.received(polls[0], Received { held: 96_000, ..Received::default() });
        assert_eq!((pollers.target, pollers.standing()), (8, Standing::Limited));
        pollers.received(polls[1], Received { held: 95_999, ..Received::default() });
        assert_eq!((pollers.target, pollers.standing()), (4, Standing::Busy));

        pollers.not_visible(108_000);
        pollers.received(polls[2], Received::default());
        assert_eq!((pollers.target, pollers.standing()), (4, Standing::Limited));
        pollers.received(polls[3], answer(1));
        assert_eq!(pollers.standing(), Standing::Busy);
    }

    #[test]
    fn over_the_limit_it_holds_and_says_so() {
        let (mut pollers, polls) = grown(8);
        pollers.failed(NOW, polls[0], Trouble::OverLimit);
        assert_eq!((pollers.target, pollers.standing()), (8, Standing::Limited));
        assert!(pollers.next(NOW).is_none() && pollers.deadline() >= Some(LEAST_PAUSE));
    }

    #[test]
    fn those_that_were_out_together_fail_once_and_one_finds_out_when_it_is_over() {
        let (mut pollers, polls) = grown(8);
        for poll in &polls[..7] {
            pollers.failed(NOW, *poll, Trouble::Network);
        }
        let at = pollers.deadline().unwrap();
        assert!((LEAST_PAUSE..=Duration::from_millis(100)).contains(&at), "one pause: {at:?}");
        pollers.received(polls[7], answer(10));
        assert_eq!(pollers.standing(), Standing::Failing(Trouble::Network), "that was sent before");

        let probe = begin(&mut pollers, at);
        assert!(pollers.next(at).is_none() && pollers.deadline().is_none(), "it is awaited");
        pollers.received(probe, answer(10));
        assert_eq!(pollers.standing(), Standing::Busy);
        assert_eq!(
            (0..20).filter_map(|_| pollers.next(at).map(|it| pollers.granted(at, it.poll, it.most))).count(),
            16
        );
    }

    #[test]
    fn messages_end_the_rest_after_an_empty_answer() {
        let (mut pollers, polls) = grown(2);
        pollers.received(polls[0], answer(0));
        assert!(pollers.next(NOW).is_none());
        pollers.received(polls[1], answer(1));
        assert!(pollers.next(NOW).is_some());
    }

    #[test]
    fn who_is_stopped_asks_for_nothing_and_hears_what_is_out() {
        let (mut pollers, polls) = grown(2);
        pollers.stop();
        pollers.received(polls[0], answer(10));
        assert!(pollers.next(NOW).is_none() && pollers.deadline().is_none());
        assert_eq!((pollers.out(), pollers.standing()), (1, Standing::Stopped));
    }
}
