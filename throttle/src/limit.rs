//! [`Limit`]: the name of one token bucket of AWS's.

use std::fmt;

use crate::Call;

/// The name of one token bucket of AWS's: whose it is, and what draws from it.
///
/// Parts that do not tell it apart are empty: the region of a global service, the resource where AWS does
/// not count per resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limit {
    account: Box<str>,
    region: Box<str>,
    service: Box<str>,
    name: Box<str>,
    resource: Box<str>,
}

impl Limit {
    /// A limit of `service` that `name` tells from its others: the operation, or what the operations that
    /// share it are called together.
    pub fn new(service: impl Into<Box<str>>, name: impl Into<Box<str>>) -> Self {
        let [account, region, resource] = [const { "" }; 3].map(Box::from);
        Self { account, region, service: service.into(), name: name.into(), resource }
    }

    /// The limit of one operation, as nothing more is known of it: each account, region, operation and
    /// resource has one.
    #[must_use]
    pub fn of(call: &Call) -> Self {
        Self::new(call.service_name(), call.operation_name())
            .with_account(call.account_id())
            .with_region(call.region_name())
            .with_resource(call.resource_name())
    }

    /// Sets the account.
    #[must_use]
    pub fn with_account(mut self, account: impl Into<Box<str>>) -> Self {
        self.account = account.into();
        self
    }

    /// Sets the region.
    #[must_use]
    pub fn with_region(mut self, region: impl Into<Box<str>>) -> Self {
        self.region = region.into();
        self
    }

    /// Sets the resource.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<Box<str>>) -> Self {
        self.resource = resource.into();
        self
    }

    /// The account whose limit it is, or an empty string.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region whose limit it is, or an empty string.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The operation, or what the operations that share it are called together.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The resource whose limit it is, or an empty string.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Account, region, service, name and resource.
    #[must_use]
    pub fn parts(&self) -> [&str; 5] {
        [&self.account, &self.region, &self.service, &self.name, &self.resource]
    }
}

/// The parts that are set, with a blank between them.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.parts().into_iter().filter(|part| !part.is_empty());
        if let Some(first) = parts.next() {
            f.write_str(first)?;
        }
        parts.try_for_each(|part| write!(f, " {part}"))
    }
}
