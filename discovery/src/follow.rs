//! [`Follow`]: which references lead on.

use std::collections::HashSet;

use crate::Mirror;

/// Which references lead on to what they name. Those that do not are left out of the graph.
///
/// Default: all of them.
#[derive(Clone, Debug, Default)]
pub struct Follow {
    no_more: bool,
    except: HashSet<(&'static str, &'static str)>,
}

impl Follow {
    /// All references.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// None: only what is asked for is looked at.
    #[must_use]
    pub fn none() -> Self {
        Self { no_more: true, except: HashSet::new() }
    }

    /// All but those of a field of a type.
    #[must_use]
    pub fn except<M: Mirror>(mut self, via: &'static str) -> Self {
        self.except.insert((M::TYPE, via));
        self
    }

    pub(crate) fn leads(&self, type_name: &'static str, via: &'static str) -> bool {
        !self.no_more && !self.except.contains(&(type_name, via))
    }

    pub(crate) fn leads_back(&self) -> bool {
        !self.no_more
    }
}
