//! [`Lookup`]: finds resources by what refers to them, where AWS has a call for that.

use std::{borrow::Cow, collections::HashMap, fmt, future::Future, marker::PhantomData};

use serde::{Deserialize, Serialize};

use crate::{Answers, Api, Fetch, FetchError, Mirror, Plan, Refs};

/// A reverse question that AWS answers by a call: the instance profiles of a role, the groups of an instance.
///
/// Where the list of the type is short, or there is no such call, an [`Index`](crate::Index) over it takes fewer.
/// Each question is asked once in a scope, in full batches, under the same throttle as everything else; what could not
/// be answered is in the report.
///
/// ```
/// use tidegate_discovery::{Api, Fetch, FetchError, Lookup, LookupAnswers};
/// # use std::borrow::Cow;
/// # use tidegate_discovery::{Mirror, Plan, Refs};
/// # #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// # struct Team { name: String }
/// # struct Teams;
/// # impl Mirror for Teams {
/// #     const TYPE: &'static str = "example:team";
/// #     type Model = Team;
/// #     fn key(team: &Team) -> Cow<'_, str> { Cow::Borrowed(&team.name) }
/// #     fn refs(_: &Team, _: &mut Refs<'_>) {}
/// #     fn plan(&self) -> Plan { Plan::list_only(Api::new("example", "ListTeams"), 100) }
/// # }
/// # struct Client;
/// # impl Client { async fn teams_of(&self, _: &[&str]) -> Vec<(String, String)> { Vec::new() } }
///
/// /// The teams of people, 50 people in a call.
/// struct TeamsOf(Client);
///
/// impl Lookup for TeamsOf {
///     const NAME: &'static str = "example:teams-of";
///     type Of = Teams;
///
///     fn api(&self) -> Api {
///         Api::new("example", "ListTeamsOfPeople")
///     }
///
///     fn most(&self) -> usize {
///         50
///     }
///
///     async fn answer(
///         &self,
///         _: &Fetch,
///         people: &[&str],
///         answers: &mut LookupAnswers<Self>,
///     ) -> Result<(), FetchError> {
///         for (person, team) in self.0.teams_of(people).await {
///             answers.found(&person, team);
///         }
///         Ok(())
///     }
/// }
/// // In the `refs` of a person's mirror: `refs.look_up::<TeamsOf>(&person.name)`.
/// ```
pub trait Lookup: Send + Sync + Sized + 'static {
    /// A name of its own, among mirrors and lookups.
    const NAME: &'static str;

    /// Whether it is asked in no region. Default: no.
    const GLOBAL: bool = false;

    /// What it finds.
    type Of: Mirror;

    /// The call.
    fn api(&self) -> Api;

    /// How many questions there can be in a call: AWS's hard cap.
    fn most(&self) -> usize;

    /// Answers these questions, which are distinct, of one scope, at least one and at most [`most`](Self::most).
    /// Where it says nothing of one, nothing refers to it. The rules are those of [`Mirror::fetch`].
    ///
    /// # Errors
    ///
    /// [`FetchError`] if all of the questions share it.
    fn answer(
        &self,
        cx: &Fetch,
        asks: &[&str],
        answers: &mut LookupAnswers<Self>,
    ) -> impl Future<Output = Result<(), FetchError>> + Send;
}

/// Takes what a [`Lookup`] found.
pub struct LookupAnswers<L: Lookup> {
    found: HashMap<Box<str>, Vec<Box<str>>>,
    of: PhantomData<fn() -> L>,
}

impl<L: Lookup> LookupAnswers<L> {
    /// The resource of `key` is one that `ask` asked for.
    pub fn found(&mut self, ask: &str, key: impl AsRef<str>) {
        self.found.entry(ask.into()).or_default().push(key.as_ref().into());
    }
}

impl<L: Lookup> fmt::Debug for LookupAnswers<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupAnswers").field("of", &L::NAME).field("count", &self.found.len()).finish()
    }
}

/// A [`Lookup`] as a mirror of its own questions, which no graph shows.
pub(crate) struct Questions<L>(pub(crate) L);

/// A question, and the keys that answer it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    ask: Box<str>,
    keys: Vec<Box<str>>,
}

impl<L: Lookup> Mirror for Questions<L> {
    const TYPE: &'static str = L::NAME;
    const GLOBAL: bool = L::GLOBAL;
    const IS_SHOWN: bool = false;
    type Model = Question;

    fn key(question: &Question) -> Cow<'_, str> {
        Cow::Borrowed(&question.ask)
    }

    fn refs(question: &Question, refs: &mut Refs<'_>) {
        refs.many::<L::Of>("", &question.keys);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(self.0.api(), self.0.most())
    }

    async fn fetch(&self, cx: &Fetch, asks: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let mut found = LookupAnswers { found: HashMap::new(), of: PhantomData };
        let result = self.0.answer(cx, asks, &mut found).await;
        for (ask, keys) in found.found {
            answers.found(Question { ask, keys });
        }
        result
    }
}
