//! [`Course`]: the steps of one message, from its turn to its acknowledgement.

use super::{Committed, Turn};

/// What is to be done for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step<V> {
    /// Read what is stored of its key.
    Load,
    /// Process it, on the state that is stored.
    Process,
    /// Store what came of it, under its version and as not published, with what is to be published, if what is
    /// stored is still this. If it is not, nothing is stored.
    Store(Option<V>),
    /// Publish what followed from this version.
    Publish(V),
    /// Write down that it was published, if this version is what is stored. If it is not, nothing is written.
    Mark(V),
    /// Acknowledge the message. That is the end.
    Acknowledge,
}

/// The steps of one message, from its turn to its acknowledgement: load, process, store, publish, mark, acknowledge.
///
/// Do the [`step`](Self::step), and say that it is [`done`](Self::done), what was [`loaded`](Self::loaded), or that
/// somebody else stored or marked [before](Self::overtaken). A step that failed may be done again. If the message is revoked,
/// or its process ends, at whatever point, the course is dropped: the message is delivered again, and its next course
/// makes up for what is missing.
///
/// Once all messages of a key are acknowledged, what is stored is the greatest version of those that were not given up,
/// stored versions have only ever grown, and each of them was published at least once. That takes a conditional write of
/// the store, and nothing else: what a process remembers may be old.
///
/// ```
/// use tidegate_sqs_consumer::version::{Committed, Course, Step};
///
/// let mut course = Course::new(7, None);
/// assert_eq!(course.step(), Step::Load);
/// course.loaded(Some(Committed { version: 5, published: true }));
/// assert_eq!(course.step(), Step::Process);
/// course.done();
/// assert_eq!(course.step(), Step::Store(Some(5)));
/// course.overtaken(); // by another process: 5 is no longer what is stored
/// assert_eq!(course.step(), Step::Load);
/// course.loaded(Some(Committed { version: 9, published: false }));
/// assert_eq!(course.step(), Step::Acknowledge, "it is stale");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Course<V> {
    version: V,
    committed: Option<Committed<V>>,
    step: Step<V>,
}

impl<V: Ord + Copy> Course<V> {
    /// Begins, at the message's turn. What is remembered of its key saves the load.
    #[must_use]
    pub fn new(version: V, remembered: Option<Committed<V>>) -> Self {
        let mut course = Self { version, committed: remembered, step: Step::Load };
        if remembered.is_some() {
            course.judge();
        }
        course
    }

    /// What is to be done.
    #[must_use]
    pub fn step(&self) -> Step<V> {
        self.step
    }

    /// What is known to be committed of its key: what to remember.
    #[must_use]
    pub fn committed(&self) -> Option<Committed<V>> {
        self.committed
    }

    /// This was read; `None` if nothing is stored of the key.
    pub fn loaded(&mut self, committed: Option<Committed<V>>) {
        if self.step == Step::Load {
            self.committed = committed;
            self.judge();
        }
    }

    /// The step is done. (A load is [`loaded`](Self::loaded).)
    pub fn done(&mut self) {
        match self.step {
            Step::Load | Step::Acknowledge => {}
            Step::Process => self.step = Step::Store(self.committed.map(|it| it.version)),
            Step::Store(_) => {
                self.committed = Some(Committed { version: self.version, published: false });
                self.step = Step::Publish(self.version);
            }
            Step::Publish(version) => self.step = Step::Mark(version),
            Step::Mark(version) => {
                self.committed = Some(Committed { version, published: true });
                self.judge();
            }
        }
    }

    /// The condition of a [`Store`](Step::Store) or a [`Mark`](Step::Mark) did not hold: another process has stored
    /// something newer. What was remembered is forgotten.
    pub fn overtaken(&mut self) {
        if matches!(self.step, Step::Store(_) | Step::Mark(_)) {
            self.committed = None;
            self.step = Step::Load;
        }
    }

    fn judge(&mut self) {
        self.step = match (Turn::of(self.version, self.committed), self.committed) {
            (Turn::PublishAgain, Some(it)) => Step::Publish(it.version),
            (Turn::Stale | Turn::Duplicate, _) => Step::Acknowledge,
            (Turn::Fresh | Turn::PublishAgain, _) => Step::Process,
        };
    }
}
