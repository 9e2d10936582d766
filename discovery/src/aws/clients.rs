//! [`Clients`]: an SDK client for each scope.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{FetchError, Scope};

type Make<C> = dyn Fn(&Scope) -> Option<C> + Send + Sync;

/// An SDK client for each scope: which credentials an account is asked with, and in which region.
///
/// The clients should have the SDK's retries [off](tidegate_throttle::aws::no_retries): the discovery repeats what is
/// worth it, and paces it.
///
/// ```
/// # #[cfg(feature = "elb")] {
/// use aws_sdk_elasticloadbalancing::{Client, config::{Builder, Region}};
/// use tidegate_discovery::{Scope, aws::{Clients, elb::LoadBalancers}};
/// use tidegate_throttle::aws::no_retries;
///
/// # let config = aws_types::SdkConfig::builder().build();
/// let clients = Clients::new(move |scope: &Scope| {
///     let config = Builder::from(&config).region(Region::new(scope.region()?.to_owned()));
///     Some(Client::from_conf(config.retry_config(no_retries()).build()))
/// });
/// let mirror = LoadBalancers::new(clients);
/// # }
/// ```
pub struct Clients<C> {
    make: Arc<Make<C>>,
    made: Arc<Mutex<HashMap<Scope, Option<C>>>>,
}

impl<C: Clone> Clients<C> {
    /// What `make` makes for a scope, once; `None` if there are no credentials for the account.
    pub fn new(make: impl Fn(&Scope) -> Option<C> + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make), made: Arc::default() }
    }

    /// The client of a scope.
    ///
    /// # Errors
    ///
    /// [`FetchErrorKind::Denied`](crate::FetchErrorKind::Denied) if there is none.
    pub fn of(&self, scope: &Scope) -> Result<C, FetchError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match made.get(scope) {
            Some(client) => client.clone(),
            None => made.entry(scope.clone()).or_insert_with(|| (self.make)(scope)).clone(),
        };
        client.ok_or_else(|| FetchError::denied(format!("there are no credentials for {scope}")))
    }
}

impl<C> Clone for Clients<C> {
    fn clone(&self) -> Self {
        Self { make: Arc::clone(&self.make), made: Arc::clone(&self.made) }
    }
}

impl<C> fmt::Debug for Clients<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients")
    }
}
