//! What a request names, by ARN or by name, and how it is told that this is not there.

use std::{borrow::Cow, collections::HashSet};

use super::super::{Scope, query::Failure};
use crate::resources::{LoadBalancer, Resources, Tags, TargetGroup};

/// Things that are named at once, at most.
const NAMED: usize = 20;

/// The load balancers of these ARNs or names, each once, in the order in which they are there; all if none is
/// named.
pub(super) fn load_balancers<'a>(
    resources: &'a Resources,
    scope: &Scope,
    arns: &[&str],
    names: &[&str],
) -> Result<Vec<&'a LoadBalancer>, Failure> {
    cap(arns.len() + names.len(), "load balancers")?;
    let all = &resources.load_balancers;
    let arn = |it: &LoadBalancer| it.arn(&scope.account, &scope.region);
    let (found, missing) = named(all, arns, arn);
    if let Some(missing) = missing {
        return Err(no_load_balancer(scope, missing));
    }
    if names.is_empty() {
        return Ok(found);
    }
    let (found, missing) = named(all, names, |it| it.name.clone());
    match missing {
        Some(name) => {
            Err(Failure::new("LoadBalancerNotFound", format!("Load balancers '[{name}]' not found")))
        }
        None => Ok(found),
    }
}

/// The target groups of these ARNs or names, in the same way.
pub(super) fn target_groups<'a>(
    resources: &'a Resources,
    scope: &Scope,
    arns: &[&str],
    names: &[&str],
) -> Result<Vec<&'a TargetGroup>, Failure> {
    cap(arns.len() + names.len(), "target groups")?;
    let all = &resources.target_groups;
    let (found, missing) = named(all, arns, |it| it.arn(&scope.account, &scope.region));
    if let Some(missing) = missing {
        return Err(no_target_group(scope, missing));
    }
    if names.is_empty() {
        return Ok(found);
    }
    let (found, missing) = named(all, names, |it| it.name.clone());
    match missing {
        Some(_) => Err(Failure::new("TargetGroupNotFound", "One or more target groups not found")),
        None => Ok(found),
    }
}

pub(super) fn load_balancer<'a>(
    resources: &'a Resources,
    scope: &Scope,
    arn: &str,
) -> Result<&'a LoadBalancer, Failure> {
    let mut all = resources.load_balancers.iter();
    let found = all.find(|it| it.arn(&scope.account, &scope.region) == arn);
    found.ok_or_else(|| no_load_balancer(scope, arn))
}

pub(super) fn target_group<'a>(
    resources: &'a Resources,
    scope: &Scope,
    arn: &str,
) -> Result<&'a TargetGroup, Failure> {
    let mut all = resources.target_groups.iter();
    let found = all.find(|it| it.arn(&scope.account, &scope.region) == arn);
    found.ok_or_else(|| no_target_group(scope, arn))
}

/// The load balancer of a listener; without a target group it has none.
pub(super) fn of_listener<'a>(
    resources: &'a Resources,
    scope: &Scope,
    arn: &str,
) -> Result<&'a LoadBalancer, Failure> {
    let mut all = resources.load_balancers.iter();
    let found = all.find(|it| it.listener_arn(&scope.account, &scope.region) == arn);
    let sends = |balancer: &&LoadBalancer| {
        resources.target_groups.iter().any(|it| it.load_balancers.contains(&balancer.name))
    };
    found.filter(sends).ok_or_else(|| {
        if is_arn(scope, "listener", arn) {
            Failure::new("ListenerNotFound", "One or more listeners not found")
        } else {
            Failure::new("ValidationError", format!("'{arn}' is not a valid listener ARN"))
        }
    })
}

/// The tags of a load balancer, a target group or a listener; a listener has none.
pub(super) fn tags<'a>(resources: &'a Resources, scope: &Scope, arn: &str) -> Result<Cow<'a, Tags>, Failure> {
    // An ARN that is told in a file may be any text: what is there comes first.
    if let Ok(found) = target_group(resources, scope, arn) {
        return Ok(Cow::Borrowed(&found.tags));
    }
    if is_arn(scope, "targetgroup", arn) {
        return Err(no_target_group(scope, arn));
    }
    if is_arn(scope, "listener", arn) {
        return of_listener(resources, scope, arn).map(|_| Cow::Owned(Tags::new()));
    }
    match load_balancer(resources, scope, arn) {
        Ok(found) => Ok(Cow::Borrowed(&found.tags)),
        Err(failure) if is_arn(scope, "loadbalancer", arn) => Err(failure),
        Err(_) => Err(Failure::new("ValidationError", format!("'{arn}' must be in ARN format"))),
    }
}

/// Refuses a request that names too many.
pub(super) fn cap(many: usize, what: &str) -> Result<(), Failure> {
    if many <= NAMED {
        return Ok(());
    }
    let message = format!("You cannot describe more than '{NAMED}' {what} at a time");
    Err(Failure::new("ValidationError", message))
}

fn no_load_balancer(scope: &Scope, arn: &str) -> Failure {
    if is_arn(scope, "loadbalancer", arn) {
        return Failure::new("LoadBalancerNotFound", "One or more load balancers not found");
    }
    Failure::new("ValidationError", format!("'{arn}' is not a valid load balancer ARN"))
}

fn no_target_group(scope: &Scope, arn: &str) -> Failure {
    if is_arn(scope, "targetgroup", arn) {
        return Failure::new("TargetGroupNotFound", format!("Target groups '{arn}' not found"));
    }
    Failure::new("ValidationError", format!("'{arn}' is not a valid target group ARN"))
}

/// Whether this is the ARN of such a thing, of this account and region: those of others are not valid at all.
fn is_arn(scope: &Scope, kind: &str, arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let head = [parts.next(), parts.nth(1), parts.next(), parts.next()];
    head == [Some("arn"), Some("elasticloadbalancing"), Some(&*scope.region), Some(&*scope.account)]
        && parts.next().and_then(|rest| rest.strip_prefix(kind)).is_some_and(|rest| rest.starts_with('/'))
}

/// Those with these keys, each once, in the order in which they are there; all if there are no keys. And the
/// first key that nothing has.
fn named<'a, 'k, T>(
    all: &'a [T],
    keys: &[&'k str],
    key: impl Fn(&T) -> String,
) -> (Vec<&'a T>, Option<&'k str>) {
    if keys.is_empty() {
        return (all.iter().collect(), None);
    }
    let mut missing: HashSet<&str> = keys.iter().copied().collect();
    let found = all.iter().filter(|it| missing.remove(&*key(it))).collect();
    (found, keys.iter().copied().find(|key| missing.contains(key)))
}
