//! ARNs of ECS: `…:cluster/CLUSTER`, `…:service/CLUSTER/SERVICE`, `…:task/CLUSTER/TASK`.
//!
//! Services that are older than 2018 have `…:service/SERVICE`, which does not say in which cluster: they are known by
//! the longer one too.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids>.

/// What stands behind the last slash.
pub(super) fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The ARN of the cluster that a service or task is in, as its own ARN says.
pub(super) fn cluster_of(arn: &str, noun: &str) -> Option<String> {
    let (front, rest) = parts(arn, noun)?;
    let (cluster, _) = rest.split_once('/')?;
    Some(format!("{front}:cluster/{cluster}"))
}

/// The ARN of a service or task in a cluster, by its ARN, short or not, or its name.
pub(super) fn within(cluster: &str, noun: &str, name: &str) -> Option<String> {
    let (front, cluster) = parts(cluster, "cluster")?;
    Some(format!("{front}:{noun}/{cluster}/{}", last(name)))
}

/// Whether a text is an ARN of ECS of some noun.
pub(super) fn is_arn_of(text: &str, noun: &str) -> bool {
    parts(text, noun).is_some()
}

/// What is before the noun in an ARN, and what is behind it.
fn parts<'a>(arn: &'a str, noun: &str) -> Option<(&'a str, &'a str)> {
    let resource = crate::Arn::parse(arn).filter(|arn| arn.service == "ecs")?.resource;
    let rest = resource.strip_prefix(noun)?.strip_prefix('/')?;
    let front = arn.strip_suffix(resource)?.strip_suffix(':')?;
    Some((front, rest)).filter(|(_, rest)| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "arn:aws:ecs:eu-west-1:123456789012:cluster/web";
    const SERVICE: &str = "arn:aws:ecs:eu-west-1:123456789012:service/web/api";
    const SHORT: &str = "arn:aws:ecs:eu-west-1:123456789012:service/api";

    #[test]
    fn a_service_is_in_a_cluster() {
        assert_eq!(cluster_of(SERVICE, "service").as_deref(), Some(CLUSTER));
        assert_eq!(cluster_of(SERVICE, "task"), None);
        assert_eq!(cluster_of(SHORT, "service"), None);
        assert_eq!(cluster_of("web/api", "service"), None);
    }

    #[test]
    fn the_long_arn_is_made_of_the_clusters() {
        for name in [SERVICE, SHORT, "api"] {
            assert_eq!(within(CLUSTER, "service", name).as_deref(), Some(SERVICE), "{name}");
        }
        assert_eq!(within("web", "service", "api"), None);
    }

    #[test]
    fn nouns_are_told_apart() {
        assert!(
            is_arn_of(SERVICE, "service") && is_arn_of(SHORT, "service") && is_arn_of(CLUSTER, "cluster")
        );
        assert!(!is_arn_of(SERVICE, "task") && !is_arn_of("service/web", "service"));
        assert!(!is_arn_of("arn:aws:sqs:eu-west-1:123456789012:service/web", "service"));
        assert!(!is_arn_of("arn:aws:ecs:eu-west-1:123456789012:service-revision/web/1", "service"));
    }
}
