//! Tags, of load balancers and target groups alike.

use aws_sdk_elasticloadbalancingv2::{Client, types::TagDescription};
use tidegate_throttle::aws::send;

use super::api;
use crate::{
    Api, Fetch, FetchError,
    aws::{Tags, code, failure},
};

pub(super) const TAGS: Api = api("DescribeTags", "elasticloadbalancing:DescribeTags");

/// ARNs in a call of `DescribeTags`.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html>.
pub(super) const TAGS_AT_ONCE: usize = 20;

/// The tags of some ARNs.
pub(super) async fn tags(
    client: &Client,
    cx: &Fetch,
    arns: Vec<String>,
) -> Result<Vec<(String, Tags)>, FetchError> {
    let operation = client.describe_tags().set_resource_arns(Some(arns));
    match send(cx, &cx.call(TAGS), || operation.clone().send()).await {
        Ok(output) => Ok(output.tag_descriptions().iter().filter_map(read).collect()),
        Err(error) if matches!(code(&error), Some("LoadBalancerNotFound" | "TargetGroupNotFound")) => {
            Err(FetchError::poisoned(error))
        }
        Err(error) => Err(failure(error)),
    }
}

fn read(description: &TagDescription) -> Option<(String, Tags)> {
    let tags = description.tags().iter().map(|tag| (tag.key(), tag.value()));
    Some((description.resource_arn()?.to_owned(), tags.collect()))
}
