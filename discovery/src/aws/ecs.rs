//! ECS.

mod cluster;
mod name;
mod service;
mod task;

pub use self::{
    cluster::{Cluster, Clusters},
    service::{Service, ServiceLoadBalancer, Services},
    task::{Task, Tasks},
};

use aws_sdk_ecs::types::{Failure, Tag};

use crate::{Answers, Mirror, aws::Tags};

/// Resources on a page of a list.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html>.
const PAGE: i32 = 100;

/// The code with which an impossible id makes a whole call fail.
const INVALID: &str = "InvalidParameterException";

/// The code with which ECS says that there is no such cluster.
const NO_CLUSTER: &str = "ClusterNotFoundException";

/// Resources that were deleted are told of for a while.
const INACTIVE: &str = "INACTIVE";

/// The reason of a failure that says that there is no such resource.
const MISSING: &str = "MISSING";

/// What a call could not tell for another reason than that it is not there.
fn answer_failures<M: Mirror>(failures: &[Failure], keys: &[&str], answers: &mut Answers<M>) {
    for failure in failures {
        let (Some(arn), Some(reason)) = (failure.arn(), failure.reason()) else { continue };
        let key = keys.iter().find(|key| name::last(key) == name::last(arn));
        if let Some(key) = key.filter(|_| reason != MISSING) {
            answers.unreadable(Some(key), reason);
        }
    }
}

fn tags(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key(), tag.value())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::said::told;

    #[test]
    fn what_is_missing_is_absent_and_what_failed_is_not() {
        let failure = |name: &str, reason: &str| {
            let arn = format!("arn:aws:ecs:eu-west-1:123456789012:service/{name}");
            Failure::builder().arn(arn).reason(reason).build()
        };
        let failures =
            [failure("gone", MISSING), failure("odd", "ACCESS_DENIED"), Failure::builder().build()];
        let keys = ["arn:aws:ecs:eu-west-1:123456789012:service/web/gone", "web/odd"];
        let (_, unreadable) = told::<Services>(|answers| answer_failures(&failures, &keys, answers));
        assert_eq!(unreadable, [(Some("web/odd".to_owned()), "ACCESS_DENIED".to_owned())]);
    }
}
