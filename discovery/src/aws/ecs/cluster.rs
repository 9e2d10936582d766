//! [`Clusters`]: the mirror of ECS clusters.

use std::borrow::Cow;

use aws_sdk_ecs::{
    Client,
    types::{Cluster as Described, ClusterField},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{INACTIVE, INVALID, PAGE, answer_failures, name, tags};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, code, ec2_id::is_ec2_id, failure},
};

const DESCRIBE: Api = Api::new("ecs", "DescribeClusters");
const LIST: Api = Api::new("ecs", "ListClusters");

/// Clusters in a call.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeClusters.html>.
const AT_ONCE: usize = 100;

/// Mirrors ECS clusters: `ecs:cluster`, by ARN or name.
///
/// `ListClusters` names them, and `DescribeClusters` tells the rest, tags too.
#[derive(Clone, Debug)]
pub struct Clusters {
    clients: Clients<Client>,
}

/// An ECS cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cluster {
    /// The ARN.
    #[serde(rename = "ClusterArn")]
    pub arn: String,
    /// The name.
    #[serde(rename = "ClusterName")]
    pub name: Option<String>,
    /// `ACTIVE`, `PROVISIONING`, …
    pub status: Option<String>,
    /// Where its tasks run.
    pub capacity_providers: Vec<String>,
    /// How many services are in it.
    pub active_services_count: i32,
    /// How many instances serve it.
    pub registered_container_instances_count: i32,
    /// Tags.
    pub tags: Tags,
}

impl Clusters {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Clusters {
    const TYPE: &'static str = "ecs:cluster";

    type Model = Cluster;

    fn key(model: &Cluster) -> Cow<'_, str> {
        Cow::Borrowed(&model.arn)
    }

    fn aliases(model: &Cluster, add: &mut dyn FnMut(&str)) {
        model.name.iter().for_each(|name| add(name));
    }

    /// None: a cluster does not lead to what is in it.
    fn refs(_: &Cluster, _: &mut Refs<'_>) {}

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_clusters()
            .set_clusters(Some(keys.iter().map(|key| (*key).to_owned()).collect()))
            .include(ClusterField::Tags);
        match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
            Ok(output) => {
                answer(output.clusters(), answers);
                answer_failures(output.failures(), keys, answers);
                Ok(())
            }
            Err(error) if code(&error) == Some(INVALID) => Err(FetchError::poisoned(error)),
            Err(error) => Err(failure(error)),
        }
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .list_clusters()
            .max_results(PAGE)
            .set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        output.cluster_arns().iter().for_each(|arn| answers.named(arn));
        Ok(output.next_token)
    }

    /// By name without the list: ECS says which names it does not know.
    fn find(term: &Term) -> Find<'_> {
        let text = term.text();
        if term.tag().is_some() {
            return Find::List;
        }
        let is_key = name::is_arn_of(text, "cluster") || is_name(text) && !is_ec2_id(text);
        if is_key { Find::Key(Cow::Borrowed(text)) } else { Find::No }
    }

    fn answers_to(model: &Cluster, term: &Term) -> bool {
        let is_name = model.name.as_deref() == Some(term.text());
        is_name || model.arn == term.text() || model.tags.answer_to(term)
    }
}

/// Whether a text may be a name: letters, digits, hyphens and underscores.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html>.
pub(super) fn is_name(text: &str) -> bool {
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    (1..=255).contains(&text.len()) && text.bytes().all(is_letter)
}

fn answer(clusters: &[Described], answers: &mut Answers<Clusters>) {
    for cluster in clusters.iter().filter(|it| it.status() != Some(INACTIVE)) {
        let Some(arn) = cluster.cluster_arn() else {
            answers.unreadable(cluster.cluster_name(), "ClusterArn");
            continue;
        };
        answers.found(Cluster {
            arn: arn.to_owned(),
            name: cluster.cluster_name().map(str::to_owned),
            status: cluster.status().map(str::to_owned),
            capacity_providers: cluster.capacity_providers().to_vec(),
            active_services_count: cluster.active_services_count(),
            registered_container_instances_count: cluster.registered_container_instances_count(),
            tags: tags(cluster.tags()),
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::Tag;

    use super::*;
    use crate::aws::said::{aliases, answers_to, find, told};

    const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:cluster/web";

    #[test]
    fn what_cannot_be_read_does_not_cost_the_others_and_what_is_inactive_is_not_there() {
        let clusters = [
            Described::builder().cluster_name("odd").build(),
            Described::builder().cluster_arn("arn:old").status(INACTIVE).build(),
            Described::builder().cluster_arn(ARN).active_services_count(2).build(),
        ];
        let (models, unreadable) = told(|answers| answer(&clusters, answers));
        assert_eq!(models, [Cluster { arn: ARN.to_owned(), active_services_count: 2, ..Cluster::default() }]);
        assert_eq!(unreadable, [(Some("odd".to_owned()), "ClusterArn".to_owned())]);
    }

    #[test]
    fn terms() {
        for (term, how) in [
            (ARN, ARN),
            ("web", "web"),
            ("arn:aws:ecs:eu-west-1:123456789012:service/web/api", "No"),
            ("Name=web", "List"),
            ("web.example.com", "No"),
            ("10.0.0.1", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
        ] {
            assert_eq!(find::<Clusters>(term), how, "{term}");
        }
    }

    #[test]
    fn it_answers_to_its_name_and_its_tags() {
        let described = Described::builder()
            .cluster_arn(ARN)
            .cluster_name("web")
            .tags(Tag::builder().key("team").value("shop").build());
        let (models, _) = told(|answers| answer(&[described.build()], answers));
        assert_eq!(aliases::<Clusters>(&models[0]), ["web"]);
        for term in [ARN, "web", "team=shop"] {
            assert!(answers_to::<Clusters>(&models[0], term), "{term}");
        }
        for term in ["we", "team=other"] {
            assert!(!answers_to::<Clusters>(&models[0], term), "{term}");
        }
    }
}
