//! [`Index`]: finds resources by what they hold, over the list of their type.

use std::{any::Any, fmt};

use crate::Mirror;

/// Finds resources by what they hold: the groups of an instance, the records of a load balancer.
///
/// It is over the list of the type in a scope, which is then fetched whole, once: AWS has no call for most of these
/// questions. What it finds is asked for; the references themselves are those that the resources state.
///
/// ```
/// # use std::borrow::Cow;
/// use tidegate_discovery::{Api, Index, Mirror, Plan, Refs};
///
/// # #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// # struct Team { name: String, members: Vec<String> }
/// # struct Teams;
/// # impl Mirror for Teams {
/// #     const TYPE: &'static str = "example:team";
/// #     type Model = Team;
/// #     fn key(team: &Team) -> Cow<'_, str> { Cow::Borrowed(&team.name) }
/// #     fn refs(_: &Team, _: &mut Refs<'_>) {}
/// #     fn plan(&self) -> Plan { Plan::list_only(Api::new("example", "ListTeams"), 100) }
/// # }
/// impl Teams {
///     /// The teams of a member.
///     pub const OF_MEMBER: Index<Teams> = Index::over_list("member", |team: &Team, add| {
///         team.members.iter().for_each(|member| add(member));
///     });
/// }
/// ```
pub struct Index<M: Mirror> {
    pub(crate) name: &'static str,
    pub(crate) keys: Keys<M::Model>,
}

/// Adds the keys of a model.
type Keys<T> = fn(&T, &mut dyn FnMut(&str));

impl<M: Mirror> Index<M> {
    /// An index under the keys that `keys` adds for a resource. Of one type, no two indexes have the same name.
    #[must_use]
    pub const fn over_list(name: &'static str, keys: Keys<M::Model>) -> Self {
        Self { name, keys }
    }
}

impl<M: Mirror> Clone for Index<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Mirror> Copy for Index<M> {}

impl<M: Mirror> fmt::Debug for Index<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({} by {})", M::TYPE, self.name)
    }
}

/// An [`Index`] of whatever type.
pub(crate) trait AnyIndex: Sync {
    fn name(&self) -> &'static str;

    /// Adds the keys of a model of the type that it is of.
    fn keys(&self, model: &dyn Any, add: &mut dyn FnMut(&str));
}

impl<M: Mirror> AnyIndex for Index<M> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn keys(&self, model: &dyn Any, add: &mut dyn FnMut(&str)) {
        if let Some(model) = model.downcast_ref::<M::Model>() {
            (self.keys)(model, add);
        }
    }
}
