//! [`Runner`]: makes the calls that the engine decides on.

use std::{
    collections::HashSet,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tidegate_throttle::{Call, Permit, Throttle};
use tokio::{
    runtime::Handle,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    Fetch, FetchError, FetchErrorKind, Progress, Scope,
    calls::Calls,
    engine::{Batch, Engine, LaneId, Step, Work},
    fetch::call,
    settle::Obligations,
};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The pause after the first attempt; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

tokio::task_local! {
    /// Whether this task is a mirror's call.
    static IN_FETCH: ();
}

/// Whether whoever asks is a mirror that is making a call.
pub(crate) fn is_in_fetch() -> bool {
    IN_FETCH.try_with(|()| ()).is_ok()
}

/// Makes the calls that the engine decides on.
pub(crate) struct Runner {
    engine: Mutex<Engine>,
    /// None once it is closed.
    tasks: Mutex<Option<JoinSet<()>>>,
    runtime: Handle,
    throttle: Arc<dyn Throttle>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) settle: Arc<Obligations>,
    progress: watch::Sender<Progress>,
    began: Instant,
    settings: Settings,
}

/// How calls are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How long a batch that is not full waits for more.
    pub(crate) linger: Duration,
    /// How often a call is made that fails in a way that may pass.
    pub(crate) attempts: u32,
}

impl Runner {
    pub(crate) fn new(
        engine: Engine,
        settle: Arc<Obligations>,
        throttle: Arc<dyn Throttle>,
        runtime: Handle,
        settings: Settings,
    ) -> Self {
        let began = {
            let _in_runtime = runtime.enter();
            Instant::now()
        };
        Self {
            engine: Mutex::new(engine),
            tasks: Mutex::new(Some(JoinSet::new())),
            runtime,
            throttle,
            calls: Arc::default(),
            settle,
            progress: watch::Sender::default(),
            began,
            settings,
        }
    }

    /// Tells the engine something, and sees to what it decides.
    pub(crate) fn with<T>(self: &Arc<Self>, tell: impl FnOnce(&mut Engine) -> T) -> T {
        let mut engine = self.lock();
        engine.tick(self.began.elapsed());
        let answer = catch_unwind(AssertUnwindSafe(|| tell(&mut engine)));
        if answer.is_err() {
            // A key or a reference could not be had of a model: who waits must not wait for ever.
            engine.abandon();
        }
        let wakes = engine.take_wakes();
        // Before anybody else changes it, so that the last one that is told is the last one that there was.
        self.progress.send_replace(engine.progress());
        drop(engine);
        for lane in wakes {
            let runner = Arc::clone(self);
            match lane.work {
                Work::List => self.spawn(async move { runner.list(lane).await }),
                _ => self.spawn(async move { runner.pump(lane).await }),
            }
        }
        answer.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Looks at the engine.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Engine) -> T) -> T {
        look(&self.lock())
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Ends all calls and what is owed.
    pub(crate) fn close(self: &Arc<Self>) {
        self.with(Engine::close);
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Dropped here, the tasks are aborted; what they owed has been cancelled.
        drop(tasks);
    }

    fn lock(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // What a task began that was not to be ended in time makes no call.
        let Some(tasks) = tasks.as_mut() else { return };
        // Those that have ended are let go of.
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task, &self.runtime);
    }

    /// Sees to a lane until there is nothing in it.
    async fn pump(self: Arc<Self>, lane: LaneId) {
        let _guard = Pumped(&self);
        loop {
            match self.with(|engine| engine.step(lane)) {
                Step::Rest => return,
                Step::Wait(changed) => changed.notified().await,
                Step::Ready { full } => {
                    if !full {
                        // What is asked for in one go shares a call.
                        sleep(self.settings.linger).await;
                    }
                    let first = self.admit(lane).await;
                    let Some(batch) = self.with(|engine| engine.close_batch(lane)) else { continue };
                    let runner = Arc::clone(&self);
                    self.spawn(async move { runner.run(batch, first).await });
                }
            }
        }
    }

    /// Waits for leave to make the call of a lane: before its batch is closed, so that it fills while it waits.
    ///
    /// A throttle that refuses will refuse the call itself, which says so.
    async fn admit(&self, lane: LaneId) -> Option<(Call, Permit)> {
        let (scope, _, _) = self.look(|engine| engine.place(lane));
        let call = call(&scope, self.look(|engine| engine.api(lane))?);
        let permit = self.throttle.acquire(&call).await.ok()?;
        Some((call, permit))
    }

    async fn run(self: Arc<Self>, batch: Batch, mut first: Option<(Call, Permit)>) {
        let Batch { lane, ids, kind, scope, group, keys, models, part } = batch;
        let owed = Owed { runner: &self, lane, ids: &ids, is_open: true };
        let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
        let mut patience = self.patience();
        if lane.work == Work::Fetch {
            let result = loop {
                let (cx, mut answers) = (self.context(&scope, group.as_ref(), first.take()), Vec::new());
                match IN_FETCH.scope((), kind.fetch(&cx, &keys, &mut answers)).await {
                    Ok(()) => break Ok(answers),
                    Err(error) => match patience.pause(&error) {
                        Some(pause) => sleep(pause).await,
                        None => break Err(error),
                    },
                }
            };
            owed.done();
            self.with(|engine| engine.fetched(lane, &ids, result));
        } else {
            let result = loop {
                let (cx, mut told) = (self.context(&scope, group.as_ref(), first.take()), Vec::new());
                match IN_FETCH.scope((), kind.complete(part, &cx, &models, &mut told)).await {
                    Ok(()) => break Ok(told),
                    Err(error) => match patience.pause(&error) {
                        Some(pause) => sleep(pause).await,
                        None => break Err(error),
                    },
                }
            };
            owed.done();
            // The engine changes what nobody else holds.
            drop(models);
            self.with(|engine| engine.completed(lane, &ids, result));
        }
    }

    /// Fetches a list, page by page: a page that was answered is not asked for again.
    async fn list(self: Arc<Self>, lane: LaneId) {
        let (scope, kind, group) = self.look(|engine| engine.place(lane));
        let mut page: Option<String> = None;
        let mut pages = HashSet::new();
        loop {
            let owed = Owed { runner: &self, lane, ids: &[], is_open: true };
            let mut first = self.admit(lane).await;
            let mut patience = self.patience();
            let result = loop {
                let (cx, mut answers) = (self.context(&scope, group.as_ref(), first.take()), Vec::new());
                match IN_FETCH.scope((), kind.list(&cx, page.as_deref(), &mut answers)).await {
                    Ok(next) => break Ok((answers, next)),
                    Err(error) => match patience.pause(&error) {
                        Some(pause) => sleep(pause).await,
                        None => break Err(error),
                    },
                }
            };
            owed.done();
            let (result, next) = match result {
                // A list that comes to a page where it was before would never end.
                Ok((_, Some(next))) if !pages.insert(next.clone()) => {
                    (Err(FetchError::failed("the list goes round in a circle")), None)
                }
                Ok((answers, next)) => (Ok((answers, next.is_some())), next),
                Err(error) => (Err(error), None),
            };
            if !self.with(|engine| engine.listed(lane, result)) {
                return;
            }
            page = next;
        }
    }

    fn context(&self, scope: &Scope, group: Option<&Arc<str>>, first: Option<(Call, Permit)>) -> Fetch {
        let (throttle, calls) = (Arc::clone(&self.throttle), Arc::clone(&self.calls));
        Fetch::new(scope.clone(), group.cloned(), first, throttle, calls)
    }

    fn patience(&self) -> Patience {
        Patience { left: self.settings.attempts.saturating_sub(1), next: FIRST_PAUSE }
    }
}

/// How often a call is yet to be made that fails in a way that may pass.
struct Patience {
    left: u32,
    next: Duration,
}

impl Patience {
    /// How long to wait before the call is made again; `None` if it is not.
    fn pause(&mut self, error: &FetchError) -> Option<Duration> {
        if error.kind() != FetchErrorKind::Transient {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

/// A lane that is seen to: if its task panics, as a throttle may, nobody would see to it any more.
struct Pumped<'a>(&'a Arc<Runner>);

impl Drop for Pumped<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.with(Engine::abandon);
        }
    }
}

/// An answer that is owed: if its task goes away without one, the engine is told so.
struct Owed<'a> {
    runner: &'a Arc<Runner>,
    lane: LaneId,
    ids: &'a [u32],
    is_open: bool,
}

impl Owed<'_> {
    fn done(mut self) {
        self.is_open = false;
    }
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        if self.is_open {
            let panicked = std::thread::panicking();
            self.runner.with(|engine| engine.lost(self.lane, self.ids, panicked));
        }
    }
}
