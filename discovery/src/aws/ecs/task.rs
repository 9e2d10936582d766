//! [`Tasks`]: the mirror of ECS tasks.

use std::{borrow::Cow, collections::BTreeSet, net::IpAddr};

use aws_sdk_ecs::{
    Client,
    types::{Attachment, Container, Task as Described, TaskField},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{Clusters, INVALID, NO_CLUSTER, PAGE, Services, answer_failures, name, tags};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, code, failure},
};

const DESCRIBE: Api = Api::new("ecs", "DescribeTasks");
const LIST: Api = Api::new("ecs", "ListTasks");

/// Tasks in a call.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html>.
const AT_ONCE: usize = 100;

/// Mirrors ECS tasks that should run: `ecs:task`, by ARN, which is the long one that names the cluster.
///
/// `ListTasks` names those of a cluster, and `DescribeTasks` tells the rest, tags too. One that has stopped is not
/// listed, but may be asked for as long as ECS remembers it.
#[derive(Clone, Debug)]
pub struct Tasks {
    clients: Clients<Client>,
}

/// An ECS task. What its containers are given is left out: it may be secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Task {
    /// The ARN, with the cluster in it.
    #[serde(rename = "TaskArn")]
    pub arn: String,
    /// The cluster's ARN.
    pub cluster_arn: Option<String>,
    /// What it belongs to: `service:NAME`, `family:NAME`, or what somebody chose.
    pub group: Option<String>,
    /// The ARN of what it is made from.
    pub task_definition_arn: Option<String>,
    /// `PENDING`, `RUNNING`, `STOPPED`, …
    pub last_status: Option<String>,
    /// `EC2`, `FARGATE`, …
    pub launch_type: Option<String>,
    /// Such as `eu-west-1a`.
    pub availability_zone: Option<String>,
    /// The ARN of what it runs on, if that is an instance.
    pub container_instance_arn: Option<String>,
    /// What started it.
    pub started_by: Option<String>,
    /// RFC 3339.
    #[serde(rename = "CreatedAt")]
    pub created: Option<String>,
    /// Ids of the subnets of its network interfaces.
    pub subnets: Vec<String>,
    /// Addresses of its network interfaces, of version 4 and 6.
    pub private_addresses: Vec<String>,
    /// The ARN of a role that it runs with instead of that of its definition.
    pub task_role_arn: Option<String>,
    /// The ARN of a role that it is started with instead of that of its definition.
    pub execution_role_arn: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl Task {
    /// The ARN of the service that it belongs to.
    fn service(&self) -> Option<String> {
        let service = self.group.as_deref()?.strip_prefix("service:")?;
        name::within(&name::cluster_of(&self.arn, "task")?, "service", service)
    }
}

impl Tasks {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Tasks {
    const TYPE: &'static str = "ecs:task";

    type Model = Task;

    fn key(model: &Task) -> Cow<'_, str> {
        Cow::Borrowed(&model.arn)
    }

    /// Its id.
    fn aliases(model: &Task, add: &mut dyn FnMut(&str)) {
        add(name::last(&model.arn));
    }

    fn refs(model: &Task, refs: &mut Refs<'_>) {
        refs.maybe::<Clusters>("ClusterArn", model.cluster_arn.as_deref());
        refs.maybe::<Services>("Group", model.service());
        #[cfg(feature = "ec2")]
        refs.many::<crate::aws::ec2::Subnets>("Subnets", &model.subnets);
        #[cfg(feature = "iam")]
        {
            use crate::aws::arns::role;
            role("TaskRoleArn", model.task_role_arn.as_deref(), refs);
            role("ExecutionRoleArn", model.execution_role_arn.as_deref(), refs);
        }
    }

    fn plan(&self) -> Plan {
        let page = usize::try_from(PAGE).unwrap_or(1);
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(LIST, page).within::<Clusters>()
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let ids = keys.iter().map(|key| name::last(key).to_owned()).collect();
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_tasks()
            .cluster(cx.group())
            .set_tasks(Some(ids))
            .include(TaskField::Tags);
        match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
            Ok(output) => {
                answer(cx.group(), output.tasks(), answers);
                answer_failures(output.failures(), keys, answers);
                Ok(())
            }
            // The cluster is gone, and its tasks with it.
            Err(error) if code(&error) == Some(NO_CLUSTER) => Ok(()),
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
            .list_tasks()
            .cluster(cx.group())
            .max_results(PAGE)
            .set_next_token(page.map(str::to_owned));
        let output = match send(cx, &cx.call(LIST), || operation.clone().send()).await {
            Ok(output) => output,
            Err(error) if code(&error) == Some(NO_CLUSTER) => return Ok(None),
            Err(error) => return Err(failure(error)),
        };
        for arn in output.task_arns() {
            match name::within(cx.group(), "task", arn) {
                Some(long) => answers.named(long),
                None => answers.unreadable(Some(arn), "TaskArn"),
            }
        }
        Ok(output.next_token)
    }

    fn group(key: &str) -> Option<Cow<'_, str>> {
        name::cluster_of(key, "task").map(Cow::Owned)
    }

    /// Not by names, of which a task has none: there are calls for each cluster.
    fn find(term: &Term) -> Find<'_> {
        let text = term.text();
        if term.arn().is_some() {
            let is_one = name::cluster_of(text, "task").is_some();
            return if is_one { Find::Key(Cow::Borrowed(text)) } else { Find::No };
        }
        let is_listed = is_id(text) || term.tag().is_some() || term.address().is_some();
        if is_listed { Find::List } else { Find::No }
    }

    fn answers_to(model: &Task, term: &Term) -> bool {
        if let Some(address) = term.address() {
            let mut addresses = model.private_addresses.iter();
            return addresses.any(|it| it.parse::<IpAddr>() == Ok(address));
        }
        let is_id = is_id(term.text()) && name::last(&model.arn) == term.text();
        is_id || model.arn == term.text() || model.tags.answer_to(term)
    }
}

/// Whether a text is the id of a task: 32 hexadecimal digits, or a UUID as old ones have.
fn is_id(text: &str) -> bool {
    let is_hex = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it) || it == b'-';
    matches!(text.len(), 32 | 36) && text.bytes().all(is_hex)
}

fn answer(cluster: &str, tasks: &[Described], answers: &mut Answers<Tasks>) {
    for task in tasks {
        let Some(arn) = task.task_arn().and_then(|arn| name::within(cluster, "task", arn)) else {
            answers.unreadable(None, "TaskArn");
            continue;
        };
        let roles = task.overrides();
        answers.found(Task {
            arn,
            cluster_arn: task.cluster_arn().map(str::to_owned),
            group: task.group().map(str::to_owned),
            task_definition_arn: task.task_definition_arn().map(str::to_owned),
            last_status: task.last_status().map(str::to_owned),
            launch_type: task.launch_type().map(|kind| kind.as_str().to_owned()),
            availability_zone: task.availability_zone().map(str::to_owned),
            container_instance_arn: task.container_instance_arn().map(str::to_owned),
            started_by: task.started_by().map(str::to_owned),
            created: task.created_at().map(ToString::to_string),
            subnets: details(task, "subnetId").collect(),
            private_addresses: addresses(task),
            task_role_arn: roles.and_then(|it| it.task_role_arn()).map(str::to_owned),
            execution_role_arn: roles.and_then(|it| it.execution_role_arn()).map(str::to_owned),
            tags: tags(task.tags()),
        });
    }
}

/// What the attachments of a task, which are network interfaces for the most part, say of something.
fn details<'t>(task: &'t Described, name: &'t str) -> impl Iterator<Item = String> + 't {
    let details = task.attachments().iter().flat_map(Attachment::details);
    let details = details.filter(move |detail| detail.name() == Some(name));
    details.filter_map(|detail| detail.value().map(str::to_owned))
}

/// In order, and each once: attachments and containers both tell them.
fn addresses(task: &Described) -> Vec<String> {
    let interfaces = task.containers().iter().flat_map(Container::network_interfaces);
    let addresses = interfaces.flat_map(|it| [it.private_ipv4_address(), it.ipv6_address()]);
    let addresses = addresses.flatten().filter(|it| !it.is_empty()).map(str::to_owned);
    let all: BTreeSet<String> = details(task, "privateIPv4Address").chain(addresses).collect();
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{KeyValuePair, NetworkInterface, Tag, TaskOverride};

    use super::*;
    use crate::aws::said::{aliases, answers_to, find, one, refs, told};

    const CLUSTER: &str = "arn:aws:ecs:eu-west-1:123456789012:cluster/web";
    const ID: &str = "0123456789abcdef0123456789abcdef";
    const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:task/web/0123456789abcdef0123456789abcdef";
    const SHORT: &str = "arn:aws:ecs:eu-west-1:123456789012:task/0123456789abcdef0123456789abcdef";

    fn task(arn: &str) -> Task {
        let detail = |name: &str, value: &str| KeyValuePair::builder().name(name).value(value).build();
        let interface =
            NetworkInterface::builder().private_ipv4_address("10.0.0.7").ipv6_address("2001:db8::7");
        let described = Described::builder()
            .task_arn(arn)
            .cluster_arn(CLUSTER)
            .group("service:api")
            .attachments(
                Attachment::builder()
                    .details(detail("subnetId", "subnet-1"))
                    .details(detail("privateIPv4Address", "10.0.0.7"))
                    .build(),
            )
            .containers(Container::builder().network_interfaces(interface.build()).build())
            .overrides(TaskOverride::builder().task_role_arn("arn:aws:iam::123456789012:role/api").build())
            .tags(Tag::builder().key("team").value("shop").build());
        let (models, unreadable) = told(|answers| answer(CLUSTER, &[described.build()], answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("a task")
    }

    #[test]
    fn its_key_names_the_cluster_whatever_its_arn_is() {
        for arn in [ARN, SHORT] {
            assert_eq!(Tasks::key(&task(arn)), ARN);
            assert_eq!(aliases::<Tasks>(&task(arn)), [ID]);
        }
        assert_eq!(Tasks::group(ARN).as_deref(), Some(CLUSTER));
        assert_eq!(Tasks::group(SHORT), None);
    }

    #[test]
    fn one_without_an_arn_does_not_cost_the_others() {
        let tasks = [Described::builder().build(), Described::builder().task_arn(ARN).build()];
        let (models, unreadable) = told(|answers| answer(CLUSTER, &tasks, answers));
        assert_eq!(models, [Task { arn: ARN.to_owned(), ..Task::default() }]);
        assert_eq!(unreadable, [(None, "TaskArn".to_owned())]);
    }

    #[test]
    fn it_refers_to_its_cluster_its_service_and_its_subnet() {
        let all = [
            one::<Clusters>("ClusterArn", CLUSTER),
            one::<Services>("Group", "arn:aws:ecs:eu-west-1:123456789012:service/web/api"),
            #[cfg(feature = "ec2")]
            one::<crate::aws::ec2::Subnets>("Subnets", "subnet-1"),
            #[cfg(feature = "iam")]
            crate::aws::said::one_in::<crate::aws::iam::Roles>(
                "TaskRoleArn",
                &crate::aws::said::here().global(),
                "api",
            ),
        ];
        assert_eq!(refs::<Tasks>(&task(ARN)), all);
        let alone = Task { group: Some("family:api".to_owned()), ..task(ARN) };
        assert_eq!(alone.service(), None);
    }

    #[test]
    fn its_addresses_are_told_once() {
        let task = task(ARN);
        assert_eq!(task.private_addresses, ["10.0.0.7", "2001:db8::7"]);
        assert_eq!(task.subnets, ["subnet-1"]);
    }

    #[test]
    fn terms() {
        for (term, how) in [
            (ARN, ARN),
            (SHORT, "No"),
            (CLUSTER, "No"),
            (ID, "List"),
            ("01234567-89ab-cdef-0123-456789abcdef", "List"),
            ("Name=api", "List"),
            ("10.0.0.7", "List"),
            ("api", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
        ] {
            assert_eq!(find::<Tasks>(term), how, "{term}");
        }
    }

    #[test]
    fn it_answers_to_its_id_its_addresses_and_its_tags() {
        let task = task(ARN);
        for term in [ARN, ID, "10.0.0.7", "2001:0db8::7", "team=shop"] {
            assert!(answers_to::<Tasks>(&task, term), "{term}");
        }
        for term in [CLUSTER, "fedcba9876543210fedcba9876543210", "10.0.0.8", "team=other"] {
            assert!(!answers_to::<Tasks>(&task, term), "{term}");
        }
    }
}
