//! [`Discovery`]: the cache that is asked.

use std::{any::TypeId, fmt, sync::Arc};

use tokio::sync::watch;

use crate::{
    Builder, Graph, Mirror, Outcome, Progress, Ref, Report, Scope, Term,
    engine::{Engine, NotAsked},
    runner::{Runner, is_in_fetch},
};

/// A cache of resources that may all refer to each other: it is asked for some, and fetches these and all that they
/// lead to, each once, in batches that are as full as they can be.
///
/// Clones are the same cache. When the last one is dropped, it is [shut down](Self::shutdown).
#[derive(Clone)]
pub struct Discovery(Arc<Owner>);

struct Owner(Arc<Runner>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Discovery {
    /// A discovery without mirrors, limits of its own or pace.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(runner: Runner) -> Self {
        Self(Arc::new(Owner(Arc::new(runner))))
    }

    /// Asks for a resource, and for all that it leads to: returns at once, and fetches in the background.
    ///
    /// # Errors
    ///
    /// [`AskError`] if its type has no mirror here, or it is left out because there are too many.
    pub fn ask<M: Mirror>(&self, reference: &Ref<M>) -> Result<(), AskError> {
        self.start(reference).map(|_| ())
    }

    fn start<M: Mirror>(&self, reference: &Ref<M>) -> Result<u32, AskError> {
        let asked =
            self.runner().with(|engine| engine.ask(TypeId::of::<M>(), reference.scope(), reference.key()));
        asked.map_err(|problem| AskError::of::<M>(problem))
    }

    /// Asks for a resource, and waits until it is there, or is seen not to be.
    ///
    /// A mirror must not wait for a resource while it makes a call: it names it in its references. One that tries is
    /// answered [`Outcome::Failed`].
    ///
    /// # Cancel safety
    ///
    /// Dropped, it changes nothing: the resource is fetched all the same.
    pub async fn get<M: Mirror>(&self, reference: &Ref<M>) -> Outcome<Arc<M::Model>> {
        if is_in_fetch() {
            return Outcome::Failed(
                "a mirror waits for a resource; it must name it in its references".into(),
            );
        }
        let id = match self.start(reference) {
            Ok(id) => id,
            Err(problem) => return Outcome::Failed(problem.to_string().into()),
        };
        while let Some(told) = self.runner().with(|engine| engine.watch(id)) {
            // Whoever tells may go away, as the discovery is shut down: then there is an outcome all the same.
            let _ = told.await;
        }
        let outcome = self.runner().look(|engine| engine.outcome(id));
        match outcome.map(Arc::downcast::<M::Model>) {
            Outcome::Found(Err(_)) => Outcome::Failed("it is of another type".into()),
            Outcome::Found(Ok(model)) => Outcome::Found(model),
            Outcome::Absent => Outcome::Absent,
            Outcome::Denied(why) => Outcome::Denied(why),
            Outcome::Unsupported(why) => Outcome::Unsupported(why),
            Outcome::Failed(why) => Outcome::Failed(why),
            Outcome::Cancelled => Outcome::Cancelled,
        }
    }

    /// Asks for every resource of a type in a scope.
    ///
    /// # Errors
    ///
    /// [`AskError`] if the type has no mirror here.
    pub fn ask_all<M: Mirror>(&self, scope: &Scope) -> Result<(), AskError> {
        let scope = if M::GLOBAL { scope.global() } else { scope.clone() };
        let asked = self.runner().with(|engine| engine.sweep(TypeId::of::<M>(), &scope));
        asked.map_err(|problem| AskError::of::<M>(problem))
    }

    /// Asks for every resource of every type in a scope: an inventory.
    pub fn ask_everything(&self, scope: &Scope) {
        self.runner().with(|engine| engine.sweep_all(scope));
    }

    /// Looks for a term among all types in a scope; what answers to it is asked for.
    pub fn search(&self, term: Term, scope: &Scope) {
        let term = Arc::new(term);
        self.runner().with(|engine| engine.search(&term, scope));
    }

    /// Fetches a resource anew. What is known of it can be read meanwhile, and stays, as stale, if that fails.
    ///
    /// # Errors
    ///
    /// As those of [`ask`](Self::ask).
    pub fn refresh<M: Mirror>(&self, reference: &Ref<M>) -> Result<(), AskError> {
        let id = self.start(reference)?;
        self.runner().with(|engine| engine.refresh(id));
        Ok(())
    }

    /// Fetches everything anew that was looked for, asked for or led to. What was listed is listed again, so what is
    /// new is found as well, and what had failed is no [problem](Report::problems) any more unless it fails again.
    pub fn refresh_all(&self) {
        self.runner().with(Engine::refresh_all);
    }

    /// Waits until all is quiet: nothing that was asked for, and nothing that it led to, is still to be answered.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it changes nothing.
    pub async fn settled(&self) -> Report {
        self.runner().settle.settled().await;
        self.report()
    }

    /// How far it is, whenever that changes.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.runner().progress()
    }

    /// What was seen so far, and what could not be seen.
    #[must_use]
    pub fn report(&self) -> Report {
        let calls = self.runner().calls.counts();
        self.runner().look(|engine| engine.report(calls))
    }

    /// An immutable picture of what is known now. What is still to be answered is in it as cancelled: it is best taken
    /// when all has [settled](Self::settled).
    #[must_use]
    pub fn snapshot(&self) -> Graph {
        let calls = self.runner().calls.counts();
        self.runner().look(|engine| engine.snapshot(calls))
    }

    /// Ends all calls: what has not been answered is cancelled, and nothing is fetched any more. What is known stays.
    pub fn shutdown(&self) {
        self.runner().close();
    }

    fn runner(&self) -> &Arc<Runner> {
        &self.0.0
    }
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let progress = *self.progress().borrow();
        f.debug_struct("Discovery").field("progress", &progress).finish_non_exhaustive()
    }
}

/// Why a resource is not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskError {
    /// There is no mirror of this type: the builder was given none.
    NoMirror(&'static str),
    /// There are as many resources as [`Builder::max_nodes`] allows.
    TooMany,
}

impl AskError {
    fn of<M: Mirror>(problem: NotAsked) -> Self {
        match problem {
            NotAsked::NoMirror => Self::NoMirror(M::TYPE),
            NotAsked::TooMany => Self::TooMany,
        }
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMirror(name) => write!(f, "there is no mirror of {name}; the builder was given none"),
            Self::TooMany => f.write_str("there are as many resources as max_nodes allows"),
        }
    }
}

impl std::error::Error for AskError {}
