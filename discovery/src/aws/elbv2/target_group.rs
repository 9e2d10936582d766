//! [`TargetGroups`]: the mirror of target groups.

use std::borrow::Cow;

use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{TargetGroup as Described, TargetHealthDescription},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{
    AT_ONCE, LoadBalancers, PAGE, api, arns_and_names,
    tags::{TAGS, TAGS_AT_ONCE, tags},
};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Index, Mirror, Parts, Plan, Refs, Term,
    aws::{Clients, Tags, code, ec2_id::is_ec2_id, failure},
};

const DESCRIBE: Api = api("DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroups");
const HEALTH: Api = api("DescribeTargetHealth", "elasticloadbalancing:DescribeTargetHealth");

/// The part that tells the targets.
const TARGETS: &str = "targets";

/// Mirrors target groups: `elbv2:target-group`, by ARN or name.
///
/// All or some by `DescribeTargetGroups`; their tags by `DescribeTags` and their targets by `DescribeTargetHealth`,
/// which are parts.
#[derive(Clone, Debug)]
pub struct TargetGroups {
    clients: Clients<Client>,
}

/// A target group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetGroup {
    /// The ARN.
    #[serde(rename = "TargetGroupArn")]
    pub arn: String,
    /// The name.
    #[serde(rename = "TargetGroupName")]
    pub name: Option<String>,
    /// `HTTP`, `HTTPS`, `TCP`, …
    pub protocol: Option<String>,
    /// The port that targets listen on if they do not say otherwise.
    pub port: Option<i32>,
    /// The VPC's id.
    pub vpc_id: Option<String>,
    /// `instance`, `ip`, `lambda` or `alb`: what the ids of its targets are of.
    pub target_type: Option<String>,
    /// What health checks ask for.
    pub health_check_path: Option<String>,
    /// ARNs of the load balancers that send to it.
    pub load_balancer_arns: Vec<String>,
    /// What it sends to, by id and port.
    pub targets: Vec<Target>,
    /// Tags.
    pub tags: Tags,
}

/// What a target group sends to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Target {
    /// An instance's id, an address, or the ARN of a function or a load balancer.
    pub id: String,
    /// The port.
    pub port: Option<i32>,
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unused`, …
    pub state: Option<String>,
}

impl TargetGroups {
    /// The target groups that a load balancer sends to, by its ARN.
    pub const OF_LOAD_BALANCER: Index<Self> =
        Index::over_list("load-balancer", |group: &TargetGroup, add| {
            group.load_balancer_arns.iter().for_each(|arn| add(arn));
        });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    async fn describe(
        &self,
        cx: &Fetch,
        arns: Vec<String>,
        names: Vec<String>,
        answers: &mut Answers<Self>,
    ) -> Result<(), FetchError> {
        if arns.is_empty() && names.is_empty() {
            return Ok(());
        }
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_target_groups()
            .set_target_group_arns(Some(arns).filter(|arns| !arns.is_empty()))
            .set_names(Some(names).filter(|names| !names.is_empty()));
        match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
            Ok(output) => {
                answer(output.target_groups(), answers);
                Ok(())
            }
            // What is no ARN of one is a validation error.
            Err(error) if matches!(code(&error), Some("TargetGroupNotFound" | "ValidationError")) => {
                Err(FetchError::poisoned(error))
            }
            Err(error) => Err(failure(error)),
        }
    }

    async fn complete_targets(
        &self,
        cx: &Fetch,
        models: &[&TargetGroup],
        parts: &mut Parts<Self>,
    ) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for model in models {
            let operation = client.describe_target_health().target_group_arn(&model.arn);
            match send(cx, &cx.call(HEALTH), || operation.clone().send()).await {
                Ok(output) => {
                    let targets = targets(output.target_health_descriptions());
                    parts.add(&model.arn, |model| model.targets = targets);
                }
                Err(error) if code(&error) == Some("TargetGroupNotFound") => parts.absent(&model.arn),
                Err(error) => return Err(failure(error)),
            }
        }
        Ok(())
    }
}

impl Mirror for TargetGroups {
    const TYPE: &'static str = "elbv2:target-group";

    type Model = TargetGroup;

    fn key(model: &TargetGroup) -> Cow<'_, str> {
        Cow::Borrowed(&model.arn)
    }

    fn aliases(model: &TargetGroup, add: &mut dyn FnMut(&str)) {
        model.name.iter().for_each(|name| add(name));
    }

    fn refs(model: &TargetGroup, refs: &mut Refs<'_>) {
        refs.many::<LoadBalancers>("LoadBalancerArns", &model.load_balancer_arns);
        #[cfg(feature = "ec2")]
        refs.maybe::<crate::aws::ec2::Vpcs>("VpcId", model.vpc_id.as_deref());
        for target in &model.targets {
            match model.target_type.as_deref() {
                #[cfg(feature = "ec2")]
                Some("instance") => refs.to::<crate::aws::ec2::Instances>("Targets", &target.id),
                #[cfg(feature = "lambda")]
                Some("lambda") => function(&target.id, refs),
                Some("alb") => refs.to::<LoadBalancers>("Targets", &target.id),
                _ => {}
            }
        }
        #[cfg(feature = "autoscaling")]
        refs.holders(&crate::aws::autoscaling::Groups::OF_TARGET_GROUP, &model.arn);
    }

    fn plan(&self) -> Plan {
        let page = usize::try_from(PAGE).unwrap_or(1);
        let plan = Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, page);
        plan.part("tags", TAGS, TAGS_AT_ONCE).part(TARGETS, HEALTH, 1)
    }

    /// One call, or two if there are ARNs and names: AWS takes one of them.
    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let (arns, names) = arns_and_names(keys);
        self.describe(cx, arns, Vec::new(), answers).await?;
        self.describe(cx, Vec::new(), names, answers).await
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
            .describe_target_groups()
            .set_marker(page.map(str::to_owned))
            .page_size(PAGE);
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.target_groups(), answers);
        Ok(output.next_marker)
    }

    async fn complete(
        &self,
        part: &'static str,
        cx: &Fetch,
        models: &[&TargetGroup],
        parts: &mut Parts<Self>,
    ) -> Result<(), FetchError> {
        if part == TARGETS {
            return self.complete_targets(cx, models, parts).await;
        }
        let arns = models.iter().map(|model| model.arn.clone()).collect();
        for (arn, tags) in tags(&self.clients.of(cx.scope())?, cx, arns).await? {
            parts.add(arn, |model| model.tags = tags);
        }
        Ok(())
    }

    /// Not by the addresses of targets: there is a call for each group.
    fn find(term: &Term) -> Find<'_> {
        if let Some(arn) = term.arn() {
            let is_one = arn.service == "elasticloadbalancing" && arn.resource.starts_with("targetgroup/");
            return if is_one { Find::Key(Cow::Borrowed(term.text())) } else { Find::No };
        }
        match term.tag() {
            Some(_) => Find::Whole,
            None if is_name(term.text()) && !is_ec2_id(term.text()) => Find::List,
            None => Find::No,
        }
    }

    fn answers_to(model: &TargetGroup, term: &Term) -> bool {
        let is_name = model.name.as_deref() == Some(term.text());
        is_name || model.arn == term.text() || model.tags.answer_to(term)
    }
}

/// The function of an ARN: its key is its name, whichever version is meant.
#[cfg(feature = "lambda")]
fn function(arn: &str, refs: &mut Refs<'_>) {
    let Some(arn) = crate::Arn::parse(arn) else { return };
    let Some(name) = arn.resource.strip_prefix("function:").and_then(|rest| rest.split(':').next()) else {
        return;
    };
    let scope = crate::aws::arns::scope_of(&arn, refs.scope());
    refs.to_in::<crate::aws::lambda::Functions>("Targets", &scope, name);
}

/// Whether a text may be a name: letters, digits and hyphens.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html>.
fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
}

/// By id and port, whatever order AWS tells them in.
fn targets(described: &[TargetHealthDescription]) -> Vec<Target> {
    let target = |it: &TargetHealthDescription| {
        let (target, health) = (it.target()?, it.target_health());
        Some(Target {
            id: target.id()?.to_owned(),
            port: target.port(),
            state: health.and_then(|health| health.state()).map(|state| state.as_str().to_owned()),
        })
    };
    let mut targets: Vec<Target> = described.iter().filter_map(target).collect();
    targets.sort();
    targets
}

fn answer(groups: &[Described], answers: &mut Answers<TargetGroups>) {
    for group in groups {
        let Some(arn) = group.target_group_arn() else {
            answers.unreadable(group.target_group_name(), "TargetGroupArn");
            continue;
        };
        answers.found(TargetGroup {
            arn: arn.to_owned(),
            name: group.target_group_name().map(str::to_owned),
            protocol: group.protocol().map(|protocol| protocol.as_str().to_owned()),
            port: group.port(),
            vpc_id: group.vpc_id().map(str::to_owned),
            target_type: group.target_type().map(|kind| kind.as_str().to_owned()),
            health_check_path: group.health_check_path().map(str::to_owned),
            load_balancer_arns: group.load_balancer_arns().to_vec(),
            targets: Vec::new(),
            tags: Tags::default(),
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{
        TargetDescription, TargetHealth, TargetHealthStateEnum, TargetTypeEnum,
    };

    use super::*;
    use crate::aws::said::{Said, aliases, answers_to, find, keys, one, refs, told};

    const ARN: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef";
    const BALANCER: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef";

    fn group(kind: TargetTypeEnum, target: &str) -> TargetGroup {
        let described = Described::builder()
            .target_group_arn(ARN)
            .target_group_name("web")
            .vpc_id("vpc-1")
            .target_type(kind)
            .load_balancer_arns(BALANCER);
        let (models, unreadable) = told(|answers| answer(&[described.build()], answers));
        assert_eq!(unreadable, []);
        let mut group = models.into_iter().next().expect("a target group");
        group.targets = vec![Target { id: target.to_owned(), ..Target::default() }];
        group
    }

    /// What is said of any group but of its targets.
    fn others() -> (Vec<Said>, Vec<Said>) {
        #[allow(unused_mut, reason = "which services are there is a matter of features")]
        let (mut before, mut after) = (vec![one::<LoadBalancers>("LoadBalancerArns", BALANCER)], Vec::new());
        #[cfg(feature = "ec2")]
        before.push(one::<crate::aws::ec2::Vpcs>("VpcId", "vpc-1"));
        #[cfg(feature = "autoscaling")]
        after.push(crate::aws::said::holders_in(
            crate::aws::autoscaling::Groups::OF_TARGET_GROUP,
            &crate::aws::said::here(),
            ARN,
        ));
        (before, after)
    }

    fn said(kind: TargetTypeEnum, target: &str, expected: Option<Said>) {
        let (mut all, after) = others();
        all.extend(expected);
        all.extend(after);
        assert_eq!(refs::<TargetGroups>(&group(kind, target)), all);
    }

    #[test]
    fn one_without_an_arn_does_not_cost_the_others() {
        let groups =
            [Described::builder().build(), Described::builder().target_group_arn(ARN).port(80).build()];
        let (models, unreadable) = told(|answers| answer(&groups, answers));
        assert_eq!(models, [TargetGroup { arn: ARN.to_owned(), port: Some(80), ..TargetGroup::default() }]);
        assert_eq!(unreadable, [(None, "TargetGroupArn".to_owned())]);
    }

    #[test]
    fn a_target_is_what_the_type_says() {
        said(TargetTypeEnum::Alb, BALANCER, Some(one::<LoadBalancers>("Targets", BALANCER)));
        said(TargetTypeEnum::Ip, "10.0.0.1", None);
        #[cfg(feature = "ec2")]
        said(TargetTypeEnum::Instance, "i-1", Some(one::<crate::aws::ec2::Instances>("Targets", "i-1")));
        #[cfg(feature = "lambda")]
        for function in ["resize", "resize:live"] {
            said(
                TargetTypeEnum::Lambda,
                &format!("arn:aws:lambda:eu-west-1:123456789012:function:{function}"),
                Some(one::<crate::aws::lambda::Functions>("Targets", "resize")),
            );
        }
    }

    #[test]
    fn targets_are_in_order() {
        let described = |id: &str, port| {
            let health = TargetHealth::builder().state(TargetHealthStateEnum::Healthy).build();
            let target = TargetDescription::builder().id(id).port(port).build();
            TargetHealthDescription::builder().target(target).target_health(health).build()
        };
        let nameless = TargetHealthDescription::builder().build();
        let targets = targets(&[described("i-2", 80), nameless, described("i-1", 443), described("i-1", 80)]);
        let told: Vec<_> = targets.iter().map(|it| (&*it.id, it.port, it.state.as_deref())).collect();
        let healthy = Some("healthy");
        assert_eq!(
            told,
            [("i-1", Some(80), healthy), ("i-1", Some(443), healthy), ("i-2", Some(80), healthy)]
        );
    }

    #[test]
    fn it_has_a_name_and_load_balancers() {
        let group = group(TargetTypeEnum::Ip, "10.0.0.1");
        assert_eq!(aliases::<TargetGroups>(&group), ["web"]);
        assert_eq!(keys(TargetGroups::OF_LOAD_BALANCER, &group), [BALANCER]);
    }

    #[test]
    fn terms() {
        for (term, how) in [
            (ARN, ARN),
            (BALANCER, "No"),
            ("web", "List"),
            ("web.example.com", "No"),
            ("10.0.0.1", "No"),
            ("Name=web", "Whole"),
            ("i-0a1b2c3d4e5f60001", "No"),
        ] {
            assert_eq!(find::<TargetGroups>(term), how, "{term}");
        }
    }

    #[test]
    fn it_answers_to_its_name_and_its_tags() {
        let mut group = group(TargetTypeEnum::Ip, "10.0.0.1");
        group.tags = [(Some("team"), Some("shop"))].into_iter().collect();
        for term in [ARN, "web", "team=shop"] {
            assert!(answers_to::<TargetGroups>(&group, term), "{term}");
        }
        for term in [BALANCER, "10.0.0.1", "team=other"] {
            assert!(!answers_to::<TargetGroups>(&group, term), "{term}");
        }
    }
}
