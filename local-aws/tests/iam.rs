//! IAM: roles and instance profiles, in pages; tags; errors and limits.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod described;

use aws_sdk_iam::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{InstanceProfile as Profile, Tag},
};
use described::{ACCOUNT, calls, names, one_call, refused};
use tidegate_local_aws::{
    LocalAws,
    resources::{InstanceProfile, Resources, Role, Tags},
};

async fn world(resources: Resources) -> (LocalAws, Client) {
    let (aws, config) = described::world(resources).await;
    (aws, Client::new(&config))
}

/// The status and the code of an error, or 200 and `success`.
fn code<T, E: ProvideErrorMetadata>(
    result: &Result<T, SdkError<E, aws_smithy_runtime_api::http::Response>>,
) -> (u16, &str) {
    let status = result.as_ref().err().map_or(200, |error| error.raw_response().unwrap().status().as_u16());
    (status, refused(result).0)
}

fn tags(tags: &[Tag]) -> Vec<(&str, &str)> {
    tags.iter().map(|tag| (tag.key(), tag.value())).collect()
}

fn web() -> Resources {
    let tags = Tags::from([("env".into(), "<prod>".into()), ("team".into(), "web".into())]);
    let profile = |name: &str, role: Option<&str>| InstanceProfile {
        name: name.into(),
        role: role.map(str::to_owned),
        tags: tags.clone(),
    };
    Resources {
        roles: vec![
            Role { name: "web".into(), service: Some("lambda.amazonaws.com".into()), tags: tags.clone() },
            Role { name: "other".into(), ..Role::default() },
        ],
        instance_profiles: vec![
            profile("web-a", Some("web")),
            profile("web-b", Some("web")),
            profile("bare", None),
            profile("odd", Some("gone")),
        ],
        ..Resources::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_is_told_whole() {
    let (_aws, iam) = world(web()).await;
    let got = iam.get_role().role_name("web").send().await.unwrap().role.unwrap();
    assert_eq!((got.role_name(), got.path()), ("web", "/"));
    assert_eq!(got.arn(), format!("arn:aws:iam::{ACCOUNT}:role/web"));
    assert!(got.role_id().starts_with("AROA") && got.role_id().len() == 21, "{}", got.role_id());
    assert_eq!(got.create_date().to_string(), "2026-01-01T00:00:00Z");
    let policy = got.assume_role_policy_document().unwrap();
    assert!(policy.starts_with("%7B%22") && policy.contains("lambda.amazonaws.com"), "{policy}");
    assert_eq!(tags(got.tags()), [("env", "<prod>"), ("team", "web")]);
    assert_eq!(got.max_session_duration(), Some(3_600));

    let listed = iam.list_roles().send().await.unwrap();
    let [listed, other] = listed.roles() else { panic!("{listed:?}") };
    assert_eq!((listed.arn(), listed.role_id()), (got.arn(), got.role_id()));
    assert!(listed.tags().is_empty(), "lists leave them out");
    assert_ne!(other.role_id(), got.role_id());
    assert!(other.assume_role_policy_document().unwrap().contains("ec2.amazonaws.com"));

    let list = iam.list_role_tags().role_name("web");
    let all = list.clone().send().await.unwrap();
    assert_eq!((tags(all.tags()), all.is_truncated()), (vec![("env", "<prod>"), ("team", "web")], false));
    let first = list.clone().max_items(1).send().await.unwrap();
    assert_eq!((tags(first.tags()), first.is_truncated()), (vec![("env", "<prod>")], true));
    let second = list.set_marker(first.marker).send().await.unwrap();
    assert_eq!(tags(second.tags()), [("team", "web")]);
    let policies = iam.list_attached_role_policies().role_name("web").send().await.unwrap();
    assert!(policies.attached_policies().is_empty() && !policies.is_truncated());
}

#[tokio::test(start_paused = true)]
async fn an_instance_profile_is_told_whole() {
    let (_aws, iam) = world(web()).await;
    let get = |name: &'static str| iam.get_instance_profile().instance_profile_name(name);
    let got = get("web-a").send().await.unwrap().instance_profile.unwrap();
    assert_eq!((got.instance_profile_name(), got.path()), ("web-a", "/"));
    assert_eq!(got.arn(), format!("arn:aws:iam::{ACCOUNT}:instance-profile/web-a"));
    assert!(got.instance_profile_id().starts_with("AIPA"), "{}", got.instance_profile_id());
    let [role] = got.roles() else { panic!("{got:?}") };
    assert_eq!(role.arn(), format!("arn:aws:iam::{ACCOUNT}:role/web"));
    assert!(role.assume_role_policy_document().unwrap().contains("lambda"));
    assert_eq!(tags(got.tags()), [("env", "<prod>"), ("team", "web")]);
    assert!(get("bare").send().await.unwrap().instance_profile.unwrap().roles().is_empty());
    let odd = get("odd").send().await.unwrap().instance_profile.unwrap();
    assert_eq!(odd.roles()[0].role_name(), "gone");

    let listed = iam.list_instance_profiles().send().await.unwrap();
    assert_eq!(listed.instance_profiles().len(), 4);
    assert!(listed.instance_profiles().iter().all(|it| it.tags().is_empty()));
    assert_eq!(listed.instance_profiles()[1].roles()[0].role_name(), "web");
    let of_role = iam.list_instance_profiles_for_role().role_name("web").send().await.unwrap();
    let of_role: Vec<_> = of_role.instance_profiles().iter().map(Profile::instance_profile_name).collect();
    assert_eq!(of_role, ["web-a", "web-b"]);
    let listed = iam.list_instance_profile_tags().instance_profile_name("bare").send().await.unwrap();
    assert_eq!(tags(listed.tags()).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages_of_a_hundred() {
    let role = |name| Role { name, ..Role::default() };
    let profile = |name| InstanceProfile { name, ..InstanceProfile::default() };
    let resources = Resources {
        roles: names("r", 300).into_iter().map(role).collect(),
        instance_profiles: names("p", 101).into_iter().map(profile).collect(),
        ..Resources::default()
    };
    let (aws, iam) = world(resources).await;
    let roles =
        iam.list_roles().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(roles.iter().map(aws_sdk_iam::types::Role::role_name).collect::<Vec<_>>(), names("r", 300));
    assert_eq!(calls(&aws, "iam", "ListRoles"), 3, "no page is empty");
    let profiles = iam.list_instance_profiles().into_paginator().items().send();
    assert_eq!(profiles.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 101);
    assert_eq!(calls(&aws, "iam", "ListInstanceProfiles"), 2);

    let all = iam.list_roles().max_items(1_000).send().await.unwrap();
    assert_eq!((all.roles().len(), all.is_truncated(), all.marker()), (300, false, None));
    for bad in [0, 1_001] {
        assert_eq!(code(&iam.list_roles().max_items(bad).send().await), (400, "ValidationError"), "{bad}");
    }
    assert_eq!(code(&iam.list_roles().marker("x").send().await), (400, "ValidationError"));
    let marker = iam.list_instance_profiles().send().await.unwrap().marker;
    assert_eq!(
        code(&iam.list_roles().set_marker(marker).send().await),
        (400, "ValidationError"),
        "of another list"
    );
    let prefixed = |prefix| iam.list_roles().path_prefix(prefix).send();
    assert_eq!(prefixed("/").await.unwrap().roles().len(), 100);
    assert!(prefixed("/team/").await.unwrap().roles().is_empty());
    assert_eq!(code(&prefixed("team").await), (400, "ValidationError"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there() {
    let (_aws, iam) = world(web()).await;
    let gone = iam.get_role().role_name("gone").send().await;
    assert_eq!(
        (code(&gone).0, refused(&gone)),
        (404, ("NoSuchEntity", "The role with name gone cannot be found."))
    );
    assert!(gone.unwrap_err().into_service_error().is_no_such_entity_exception());
    let gone = iam.get_instance_profile().instance_profile_name("gone").send().await;
    assert_eq!(
        (code(&gone).0, refused(&gone)),
        (404, ("NoSuchEntity", "Instance Profile gone cannot be found."))
    );
    assert_eq!(code(&iam.list_role_tags().role_name("gone").send().await), (404, "NoSuchEntity"));
    let gone = iam.list_instance_profiles_for_role().role_name("gone").send().await;
    assert_eq!(code(&gone), (404, "NoSuchEntity"));
    let gone = iam.list_attached_role_policies().role_name("gone").send().await;
    assert_eq!(code(&gone), (404, "NoSuchEntity"));
    assert_eq!(code(&iam.get_role().role_name("").send().await), (400, "ValidationError"));
}

#[tokio::test(start_paused = true)]
async fn roles_are_the_accounts_in_every_region() {
    let (aws, _) = world(web()).await;
    let of = async |key: &str| {
        let credentials = aws_sdk_iam::config::Credentials::new(key, "test", None, None, "test");
        let config = aws_sdk_iam::config::Builder::from(&aws.sdk_config());
        let config =
            config.region(aws_sdk_iam::config::Region::new("eu-west-1")).credentials_provider(credentials);
        Client::from_conf(config.build()).list_roles().send().await.unwrap().roles().len()
    };
    assert_eq!((of("test").await, of("111122223333").await), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call() {
    let (aws, iam) = world(web()).await;
    aws.set_limits(one_call("iam", "ListRoles"));
    iam.list_roles().send().await.unwrap();
    let throttled = iam.list_roles().send().await;
    assert_eq!((code(&throttled).0, refused(&throttled)), (400, ("Throttling", "Rate exceeded")));
    iam.get_role().role_name("web").send().await.unwrap();
}
