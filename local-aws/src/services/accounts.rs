//! [`Accounts`]: the resources of every account and region, which the services that tell of them share.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Scope;
use crate::resources::Resources;

/// Stands for the region of what is not in one: hosted zones, roles, instance profiles.
const GLOBAL: &str = "";

/// The resources of every account and region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts(Arc<Mutex<HashMap<Scope, Resources>>>);

impl Accounts {
    /// Looks at the resources of an account and region; an account that nobody has filled is empty.
    pub(crate) fn of<T>(&self, scope: &Scope, look: impl FnOnce(&mut Resources) -> T) -> T {
        look(self.lock().entry(scope.clone()).or_default())
    }

    /// Looks at what an account has in no region.
    pub(crate) fn global<T>(&self, account: &str, look: impl FnOnce(&mut Resources) -> T) -> T {
        self.of(&Scope { account: account.to_owned(), region: GLOBAL.to_owned() }, look)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Scope, Resources>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fills an account and region with resources, and looks at them, without a request.
#[derive(Clone, Debug)]
pub struct ResourcesHandle {
    accounts: Accounts,
    scope: Scope,
}

impl ResourcesHandle {
    pub(crate) fn new(accounts: Accounts, scope: Scope) -> Self {
        Self { accounts, scope }
    }

    /// The same of another account, of 12 digits.
    #[must_use]
    pub fn in_account(mut self, account: impl Into<String>) -> Self {
        self.scope.account = account.into();
        self
    }

    /// The same of another region.
    #[must_use]
    pub fn in_region(mut self, region: impl Into<String>) -> Self {
        self.scope.region = region.into();
        self
    }

    /// Adds resources to those that are there.
    pub fn add(&self, mut resources: Resources) {
        let global = take_global(&mut resources);
        self.accounts.of(&self.scope, |known| append(known, resources));
        self.accounts.global(&self.scope.account, |known| append(known, global));
    }

    /// What is there: the region's resources, and those that the account has in no region.
    #[must_use]
    pub fn all(&self) -> Resources {
        let mut all = self.accounts.of(&self.scope, |known| known.clone());
        append(&mut all, self.accounts.global(&self.scope.account, |known| known.clone()));
        all
    }

    /// Changes the region's resources while nothing else looks at them.
    pub fn change<T>(&self, change: impl FnOnce(&mut Resources) -> T) -> T {
        self.accounts.of(&self.scope, change)
    }
}

/// Takes out what is in no region.
fn take_global(resources: &mut Resources) -> Resources {
    Resources {
        hosted_zones: mem::take(&mut resources.hosted_zones),
        roles: mem::take(&mut resources.roles),
        instance_profiles: mem::take(&mut resources.instance_profiles),
        ..Resources::default()
    }
}

fn append(known: &mut Resources, more: Resources) {
    // By name, so that a new type cannot be forgotten.
    let Resources {
        instances,
        key_pairs,
        security_groups,
        volumes,
        subnets,
        vpcs,
        launch_templates,
        auto_scaling_groups,
        launch_configurations,
        classic_load_balancers,
        load_balancers,
        target_groups,
        applications,
        environments,
        hosted_zones,
        clusters,
        services,
        tasks,
        functions,
        roles,
        instance_profiles,
    } = more;
    known.instances.extend(instances);
    known.key_pairs.extend(key_pairs);
    known.security_groups.extend(security_groups);
    known.volumes.extend(volumes);
    known.subnets.extend(subnets);
    known.vpcs.extend(vpcs);
    known.launch_templates.extend(launch_templates);
    known.auto_scaling_groups.extend(auto_scaling_groups);
    known.launch_configurations.extend(launch_configurations);
    known.classic_load_balancers.extend(classic_load_balancers);
    known.load_balancers.extend(load_balancers);
    known.target_groups.extend(target_groups);
    known.applications.extend(applications);
    known.environments.extend(environments);
    known.hosted_zones.extend(hosted_zones);
    known.clusters.extend(clusters);
    known.services.extend(services);
    known.tasks.extend(tasks);
    known.functions.extend(functions);
    known.roles.extend(roles);
    known.instance_profiles.extend(instance_profiles);
}
