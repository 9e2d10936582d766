//! [`Scope`]: the account and region that resources are in.

use std::{fmt, sync::Arc};

/// The account and region that resources are in: resources of two scopes never share a call.
///
/// ```
/// use tidegate_discovery::Scope;
///
/// let scope = Scope::new("123456789012", "eu-west-1");
/// assert_eq!(scope.to_string(), "123456789012 eu-west-1");
/// assert_eq!(scope.global().region(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    account: Arc<str>,
    /// Empty for what is in no region.
    region: Arc<str>,
}

impl Scope {
    /// An account and a region.
    pub fn new(account: impl Into<Arc<str>>, region: impl Into<Arc<str>>) -> Self {
        Self { account: account.into(), region: region.into() }
    }

    /// The account's scope of what is in no region: DNS zones, roles.
    #[must_use]
    pub fn global(&self) -> Self {
        Self { account: Arc::clone(&self.account), region: "".into() }
    }

    /// The account id.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region; `None` for what is in none.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        Some(&*self.region).filter(|region| !region.is_empty())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.account)?;
        self.region().map_or(Ok(()), |region| write!(f, " {region}"))
    }
}
