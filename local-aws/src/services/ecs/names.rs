//! Names, and the ARNs that stand for them.

use super::{Asked, invalid};
use crate::{
    resources::{Cluster, Resources},
    services::query::Failure,
};

/// The cluster of a name or an ARN; that of the name `default` if nobody says.
pub(super) fn cluster<'a>(
    asked: &Asked<'_>,
    known: &'a Resources,
    name: Option<&str>,
) -> Result<&'a Cluster, Failure> {
    let name = name.filter(|name| !name.is_empty()).unwrap_or("default");
    find_cluster(asked, known, name)?
        .ok_or_else(|| Failure::new("ClusterNotFoundException", "Cluster not found."))
}

/// The cluster of a name or an ARN, if it is there.
pub(super) fn find_cluster<'a>(
    asked: &Asked<'_>,
    known: &'a Resources,
    name: &str,
) -> Result<Option<&'a Cluster>, Failure> {
    let (name, here) = match Arn::of(name) {
        None => (name, true),
        Some(arn) => (arn.resource("cluster")?, arn.is_of(asked)),
    };
    Ok(known.clusters.iter().find(|cluster| here && cluster.name == name))
}

/// The name of a service, or the id of a task, of a cluster, that a name or an ARN tells; `None` if it is none of
/// this account and region.
pub(super) fn member<'a>(
    asked: &Asked<'_>,
    cluster: &Cluster,
    kind: &str,
    text: &'a str,
) -> Result<Option<&'a str>, Failure> {
    let Some(arn) = Arn::of(text) else { return Ok(Some(text)) };
    let resource = arn.resource(kind)?;
    // ARNs of old name no cluster.
    let name = match resource.split_once('/') {
        Some((other, name)) if other == cluster.name => name,
        None => resource,
        Some((other, _)) => {
            let (name, own) = (other, &cluster.name);
            return Err(invalid(format!(
                "Invalid identifier: Identifier is for cluster {name}. Your cluster is {own}"
            )));
        }
    };
    Ok(arn.is_of(asked).then_some(name))
}

/// The parts of `arn:aws:ecs:region:account:kind/resource`.
pub(super) struct Arn<'a> {
    region: &'a str,
    account: &'a str,
    pub(super) kind: &'a str,
    pub(super) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':').skip(2);
        let (region, account) = (parts.next()?, parts.next()?);
        let (kind, resource) = parts.next()?.split_once('/')?;
        Some(Self { region, account, kind, resource })
    }

    pub(super) fn is_of(&self, asked: &Asked<'_>) -> bool {
        (self.region, self.account) == (asked.region, asked.account)
    }

    fn resource(&self, kind: &str) -> Result<&'a str, Failure> {
        if self.kind == kind {
            return Ok(self.resource);
        }
        Err(invalid(format!("Unsupported resource type: {}", self.kind)))
    }
}
