//! [`Runner`]: takes one message through its course.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use tidegate_lanes::{Attempt, Failure, Handler};
use tokio::sync::Semaphore;

use super::{
    Pipeline, Tally, Write,
    job::{Decoded, Job},
};
use crate::{
    Message,
    version::{Committed, Course, Memory, Step},
};

/// Takes one message through its course.
pub(super) struct Runner<P: Pipeline> {
    pub(super) pipeline: P,
    pub(super) loads: Semaphore,
    pub(super) memory: Mutex<Warm<P>>,
    pub(super) tally: Tally,
}

/// The keys that need no load.
type Warm<P> = Memory<<P as Pipeline>::Key, <P as Pipeline>::Version, Arc<<P as Pipeline>::State>>;

/// As lanes take it.
pub(super) struct Running<P: Pipeline>(pub(super) Arc<Runner<P>>);

impl<P: Pipeline> Handler<Job<P>> for Running<P> {
    type Future = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

    fn handle(&self, job: Job<P>, _: Attempt) -> Self::Future {
        let runner = Arc::clone(&self.0);
        Box::pin(async move {
            match &job.decoded {
                Ok(decoded) => runner.run(&job.message, decoded).await,
                Err(reason) => Err(Failure::dead_letter(&**reason)),
            }
        })
    }
}

impl<P: Pipeline> Runner<P> {
    async fn run(&self, message: &Message, job: &Decoded<P>) -> Result<(), Failure> {
        let (pipeline, tally) = (&self.pipeline, &self.tally);
        let key = &job.key;
        let remembered = self.recall(key);
        let mut course = Course::new(job.version, remembered.as_ref().map(|it| it.0));
        // What is stored, and what is to be.
        let mut state = remembered.map(|it| it.1);
        let mut next: Option<Arc<P::State>> = None;
        let mut stored = false;
        loop {
            match course.step() {
                Step::Load => {
                    let Some(loaded) = until_lost(message, self.load(key)).await else { return Ok(()) };
                    let loaded = loaded?;
                    course.loaded(loaded.as_ref().map(|it| it.0));
                    state = loaded.map(|it| it.1);
                }
                Step::Process => {
                    let process = pipeline.process(&job.message, state.as_deref());
                    let Some(processed) = until_lost(message, process).await else { return Ok(()) };
                    next = Some(Arc::new(processed?));
                    course.done();
                }
                Step::Store(base) => {
                    if message.is_lost() {
                        return Ok(());
                    }
                    // It was processed: the course has no store before.
                    let Some(new) = next.take() else { return Err(Failure::retry("nothing to store")) };
                    match pipeline.store(key, base, job.version, &new).await? {
                        Write::Stored => {
                            tally.add(|it| &it.stored, 1);
                            stored = true;
                            state = Some(new);
                            course.done();
                            self.remember(key, course.committed(), state.as_ref());
                        }
                        Write::Overtaken => self.overtaken(key, &mut course),
                    }
                }
                // From the store to the mark a lost message is not cut off.
                Step::Publish(version) => {
                    let Some(state) = &state else { return Err(Failure::retry("nothing to publish")) };
                    pipeline.publish(key, version, state).await?;
                    tally.add(|it| &it.published, 1);
                    if !(stored && version == job.version) {
                        tally.add(|it| &it.published_again, 1);
                    }
                    course.done();
                }
                Step::Mark(version) => match pipeline.mark(key, version).await? {
                    Write::Stored => {
                        course.done();
                        self.remember(key, course.committed(), state.as_ref());
                    }
                    Write::Overtaken => self.overtaken(key, &mut course),
                },
                Step::Acknowledge => {
                    if let Some(committed) = course.committed() {
                        let _ = job.reached.set(committed.version);
                        if committed.version > job.version && !stored {
                            tally.add(|it| &it.stale, 1);
                        } else if !stored {
                            tally.add(|it| &it.duplicates, 1);
                        }
                    }
                    return Ok(());
                }
            }
        }
    }

    async fn load(&self, key: &P::Key) -> Result<Known<P>, Failure> {
        let _permit = self.loads.acquire().await?;
        let loaded = self.pipeline.load(key).await?;
        self.tally.add(|it| &it.loads, 1);
        let loaded = loaded.map(|(committed, state)| (committed, Arc::new(state)));
        if let Some((committed, state)) = &loaded {
            self.remember(key, Some(*committed), Some(state));
        }
        Ok(loaded)
    }

    fn overtaken(&self, key: &P::Key, course: &mut Course<P::Version>) {
        self.tally.add(|it| &it.overtaken, 1);
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).forget(key);
        course.overtaken();
    }

    fn recall(&self, key: &P::Key) -> Known<P> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.recall(key).map(|(committed, state)| (committed, Arc::clone(state)))
    }

    fn remember(
        &self,
        key: &P::Key,
        committed: Option<Committed<P::Version>>,
        state: Option<&Arc<P::State>>,
    ) {
        if let (Some(committed), Some(state)) = (committed, state) {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.remember(key.clone(), committed, Arc::clone(state));
        }
    }
}

/// What is known of a key.
type Known<P> = Option<(Committed<<P as Pipeline>::Version>, Arc<<P as Pipeline>::State>)>;

/// None if the message is lost before.
async fn until_lost<T>(message: &Message, work: impl Future<Output = T>) -> Option<T> {
    if message.is_lost() {
        return None;
    }
    tokio::select! {
        biased;
        () = message.lost() => None,
        done = work => Some(done),
    }
}
