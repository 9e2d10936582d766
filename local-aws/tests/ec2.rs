//! EC2: ids, filters, pages and errors.
//!
//! Source of codes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod described;

use aws_sdk_ec2::{
    Client,
    types::{Filter, Instance as Told, LaunchTemplateVersion as ToldVersion, Reservation},
};
use described::{ACCOUNT, calls, one_call, refused, world};
use tidegate_local_aws::{
    LocalAws,
    resources::{Instance, LaunchTemplate, LaunchTemplateVersion, Resources, Sizes, Tags, Volume},
};

const SERVICE: &str = "ec2";

fn id(number: usize) -> String {
    format!("i-{number:017x}")
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn instance(number: usize, name: &str, state: &str) -> Instance {
    Instance {
        id: id(number),
        state: state.to_owned(),
        private_ip: Some(format!("10.0.0.{number}")),
        tags: tags(&[("Name", name), ("Team", "shop")]),
        ..Instance::default()
    }
}

/// Instances 1 to 4.
async fn four() -> (LocalAws, Client) {
    let mut last = instance(4, "*?\\", "stopped");
    (last.key_name, last.tags) = (Some("deploy".to_owned()), tags(&[("Name", "*?\\")]));
    let instances = vec![
        instance(1, "web-1", "running"),
        instance(2, "web-2", "stopped"),
        instance(3, "Web-3", "running"),
        last,
    ];
    let (aws, config) = world(Resources { instances, ..Resources::default() }).await;
    (aws, Client::new(&config))
}

fn filter(name: &str, values: &[&str]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.iter().map(ToString::to_string).collect())).build()
}

async fn found(ec2: &Client, filters: Vec<Filter>) -> Result<Vec<String>, (String, String)> {
    let told = ec2.describe_instances().set_filters(Some(filters)).send().await;
    let (code, message) = refused(&told);
    let problem = (code.to_owned(), message.to_owned());
    let told = told.map_err(|_| problem)?;
    let instances = told.reservations().iter().flat_map(Reservation::instances);
    Ok(instances.map(|it| it.instance_id().unwrap().to_owned()).collect())
}

async fn all(ec2: &Client, page: i32) -> Vec<Told> {
    let pages = ec2.describe_instances().max_results(page).into_paginator().items().send();
    let reservations = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    reservations.into_iter().flat_map(|it| it.instances.unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_told_whole() {
    let (_aws, config) = world(Resources::story()).await;
    let ec2 = Client::new(&config);
    let told = ec2.describe_instances().instance_ids("i-0a1b2c3d4e5f60001").send().await.unwrap();
    let [reservation] = told.reservations() else { panic!("{told:?}") };
    assert_eq!(reservation.owner_id(), Some(ACCOUNT));
    let [it] = reservation.instances() else { panic!("{told:?}") };
    assert_eq!(it.instance_id(), Some("i-0a1b2c3d4e5f60001"));
    assert_eq!(it.state().unwrap().name().unwrap().as_str(), "running");
    assert_eq!(it.state().unwrap().code(), Some(16));
    assert!(it.key_name().is_some() && it.vpc_id().is_some() && it.subnet_id().is_some());
    assert!(it.placement().unwrap().availability_zone().unwrap().starts_with("us-east-1"));
    let groups: Vec<_> = it.security_groups().iter().map(|it| it.group_id().unwrap()).collect();
    assert_eq!(groups.len(), 1);
    let volume = it.block_device_mappings()[0].ebs().unwrap().volume_id().unwrap();
    let volumes = ec2.describe_volumes().volume_ids(volume).send().await.unwrap();
    let attachment = &volumes.volumes()[0].attachments()[0];
    assert_eq!(attachment.instance_id(), it.instance_id(), "each names the other");
    assert_eq!(it.launch_time().unwrap().to_string(), "2026-01-01T00:00:00Z");
}

/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>.
#[tokio::test(start_paused = true)]
async fn ids() {
    let (_aws, ec2) = four().await;
    let of = |ids: &[&str]| {
        let ids = ids.iter().map(ToString::to_string).collect();
        ec2.describe_instances().set_instance_ids(Some(ids)).send()
    };
    let (one, two, gone) = (id(1), id(2), id(9));
    let told = of(&[&two, &one, &two]).await.unwrap();
    assert_eq!(told.reservations().len(), 2, "each once");
    let told = of(&[&one, &gone, &two]).await;
    let expected = format!("The instance ID '{gone}' does not exist");
    assert_eq!(refused(&told), ("InvalidInstanceID.NotFound", &*expected), "the whole call fails");
    let told = of(&[&gone, &id(8)]).await;
    let expected = format!("The instance IDs '{gone}, {}' do not exist", id(8));
    assert_eq!(refused(&told), ("InvalidInstanceID.NotFound", &*expected));
    for malformed in
        ["", "i-", "i-1", "web", "i-zzzzzzzzzzzzzzzzz", "vol-00000000000000001", "I-00000000000000001"]
    {
        let told = of(&[&one, malformed]).await;
        assert_eq!(refused(&told).0, "InvalidInstanceID.Malformed", "{malformed:?}");
    }
    let told = ec2.describe_instances().instance_ids(&one).max_results(5).send().await;
    assert_eq!(refused(&told).0, "InvalidParameterCombination");
    let both =
        ec2.describe_instances().instance_ids(&one).filters(filter("tag:Name", &["web-2"])).send().await;
    assert!(both.unwrap().reservations().is_empty(), "ids and filters must both fit");
    let empty = of(&[]).await.unwrap();
    assert_eq!(empty.reservations().len(), 4, "no ids are all");
}

/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>: values are joined by or, filters
/// by and; they are case-sensitive, and `*` and `?` stand for any characters and for one.
#[tokio::test(start_paused = true)]
async fn filters() {
    let (_aws, ec2) = four().await;
    for (filters, expected) in [
        (vec![], vec![1, 2, 3, 4]),
        (vec![filter("tag:Name", &["web-1"])], vec![1]),
        (vec![filter("tag:Name", &["web-1", "web-2", "web-9"])], vec![1, 2]),
        (vec![filter("tag:Name", &["web-*"])], vec![1, 2]),
        (vec![filter("tag:Name", &["?eb-?"])], vec![1, 2, 3]),
        (vec![filter("tag:Name", &["web-"])], vec![]),
        (vec![filter("tag:Name", &["\\*\\?\\\\"])], vec![4]),
        (vec![filter("tag:Name", &["*"])], vec![1, 2, 3, 4]),
        (vec![filter("tag:Nobody", &["*"])], vec![]),
        (vec![filter("tag-key", &["Te?m"])], vec![1, 2, 3]),
        (vec![filter("tag-value", &["shop"])], vec![1, 2, 3]),
        (vec![filter("key-name", &["*"])], vec![4]),
        (vec![filter("instance-id", &[&id(3), &id(77)])], vec![3]),
        (vec![filter("instance-id", &[&id(77)])], vec![]),
        (vec![filter("private-ip-address", &["10.0.0.?"])], vec![1, 2, 3, 4]),
        (vec![filter("tag:Name", &["web-*"]), filter("instance-state-name", &["running"])], vec![1]),
        (vec![filter("instance-state-name", &["stopped"]), filter("tag:Team", &["shop", "mail"])], vec![2]),
    ] {
        let expected: Vec<String> = expected.into_iter().map(id).collect();
        assert_eq!(found(&ec2, filters.clone()).await, Ok(expected), "{filters:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn filters_that_are_refused() {
    let (_aws, ec2) = four().await;
    for name in ["colour", "Instance-Id", "", "volume-id", "tag"] {
        let (code, message) = found(&ec2, vec![filter(name, &["x"])]).await.unwrap_err();
        assert_eq!((&*code, message), ("InvalidParameterValue", format!("The filter '{name}' is invalid")));
    }
    let names: Vec<String> = (0..200).map(id).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(
        found(&ec2, vec![filter("instance-id", &names)]).await.unwrap().len(),
        4,
        "200 values are allowed"
    );
    names.push("i-00000000000000fff");
    let (code, _) = found(&ec2, vec![filter("instance-id", &names)]).await.unwrap_err();
    assert_eq!(code, "FilterLimitExceeded");
    let volumes = ec2.describe_volumes().filters(filter("key-name", &["x"])).send().await;
    assert_eq!(
        refused(&volumes),
        ("InvalidParameterValue", "The filter 'key-name' is invalid"),
        "of an instance"
    );
}

#[tokio::test(start_paused = true)]
async fn pages() {
    let (aws, config) = world(Resources::generate(Sizes::default())).await;
    let ec2 = Client::new(&config);
    let first = ec2.describe_instances().send().await.unwrap();
    assert_eq!(first.reservations().len(), 1_000, "as many as fit, unasked");
    assert!(first.next_token().is_some());
    aws.reset_counters();
    let told = all(&ec2, 1_000).await;
    let mut names: Vec<_> = told.iter().map(|it| it.instance_id().unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(
        (names.len(), calls(&aws, SERVICE, "DescribeInstances")),
        (2_000, 2),
        "no empty page at the end"
    );
    assert_eq!(all(&ec2, 7).await.len(), 2_000);
    for (page, fits) in [(4, false), (5, true), (1_000, true), (1_001, false), (0, false), (-1, false)] {
        let told = ec2.describe_instances().max_results(page).send().await;
        assert_eq!(refused(&told).0, if fits { "success" } else { "InvalidParameterValue" }, "{page}");
    }
    let filtered =
        ec2.describe_instances().max_results(5).filters(filter("instance-id", &[&told_id(&told, 1_999)]));
    let filtered = filtered.send().await.unwrap();
    assert_eq!((filtered.reservations().len(), filtered.next_token()), (1, None), "pages are of what fits");
}

fn told_id(told: &[Told], place: usize) -> String {
    told[place].instance_id().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_none() {
    let (_aws, config) = world(Resources::generate(Sizes::default())).await;
    let ec2 = Client::new(&config);
    let volumes = ec2.describe_volumes().max_results(5).send().await.unwrap();
    for junk in ["junk", "bmV4dA==", volumes.next_token().unwrap()] {
        let told = ec2.describe_instances().next_token(junk).send().await;
        assert_eq!(refused(&told).0, "InvalidNextToken", "{junk}");
    }
    let next =
        ec2.describe_volumes().max_results(5).next_token(volumes.next_token().unwrap()).send().await.unwrap();
    assert_ne!(next.volumes()[0].volume_id(), volumes.volumes()[0].volume_id());
}

/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplates.html>: 1 to 200.
#[tokio::test(start_paused = true)]
async fn launch_templates_have_pages_of_their_own() {
    let template = |number: usize| LaunchTemplate {
        id: format!("lt-{number:017x}"),
        versions: vec![LaunchTemplateVersion::default(); 3],
        ..LaunchTemplate::default()
    };
    let launch_templates = (0..201).map(template).collect();
    let (_aws, config) = world(Resources { launch_templates, ..Resources::default() }).await;
    let ec2 = Client::new(&config);
    let first = ec2.describe_launch_templates().send().await.unwrap();
    assert_eq!((first.launch_templates().len(), first.next_token().is_some()), (200, true));
    let one = ec2.describe_launch_templates().max_results(1).send().await.unwrap();
    assert_eq!(one.launch_templates().len(), 1);
    let told = ec2.describe_launch_templates().max_results(201).send().await;
    assert_eq!(refused(&told).0, "InvalidParameterValue");
    let id = one.launch_templates()[0].launch_template_id().unwrap();
    let versions =
        ec2.describe_launch_template_versions().launch_template_id(id).max_results(2).send().await.unwrap();
    let numbers: Vec<_> =
        versions.launch_template_versions().iter().map(ToldVersion::version_number).collect();
    assert_eq!(numbers, [Some(3), Some(2)], "the latest first");
    let latest = ec2
        .describe_launch_template_versions()
        .launch_template_id(id)
        .versions("$Latest")
        .send()
        .await
        .unwrap();
    assert_eq!(latest.launch_template_versions().len(), 1);
    let none = ec2.describe_launch_template_versions().send().await;
    assert_eq!(refused(&none).0, "MissingParameter");
}

/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.
#[tokio::test(start_paused = true)]
async fn each_type_has_its_own_errors() {
    let (_aws, ec2) = four().await;
    let volumes = |id: &'static str| ec2.describe_volumes().volume_ids(id).send();
    assert_eq!(refused(&volumes("vol-00000000000000001").await).0, "InvalidVolume.NotFound");
    assert_eq!(refused(&volumes("i-00000000000000001").await).0, "InvalidVolumeID.Malformed");
    let groups = |id: &'static str| ec2.describe_security_groups().group_ids(id).send();
    assert_eq!(refused(&groups("sg-00000000000000001").await).0, "InvalidGroup.NotFound");
    let subnets = ec2.describe_subnets().subnet_ids("subnet-00000000000000001").send().await;
    assert_eq!(refused(&subnets).0, "InvalidSubnetID.NotFound");
    let vpcs = ec2.describe_vpcs().vpc_ids("vpc-00000000000000001").send().await;
    assert_eq!(refused(&vpcs).0, "InvalidVpcID.NotFound");
    let keys = ec2.describe_key_pairs().key_names("nobody").send().await;
    assert_eq!(refused(&keys), ("InvalidKeyPair.NotFound", "The key pair 'nobody' does not exist"));
    let templates = ec2.describe_launch_templates().launch_template_ids("lt-00000000000000001").send().await;
    assert_eq!(refused(&templates).0, "InvalidLaunchTemplateId.NotFound");
    let templates = ec2.describe_launch_templates().launch_template_names("nobody").send().await;
    assert_eq!(refused(&templates).0, "InvalidLaunchTemplateName.NotFoundException");
}

#[tokio::test(start_paused = true)]
async fn volumes_are_filtered_by_what_they_are_attached_to() {
    let volume =
        |number: usize, size: u32| Volume { id: format!("vol-{number:017x}"), size, ..Volume::default() };
    let attached = Instance { volumes: vec![format!("vol-{:017x}", 1)], ..instance(1, "web", "running") };
    let resources = Resources {
        instances: vec![attached],
        volumes: vec![volume(1, 8), volume(2, 80)],
        ..Resources::default()
    };
    let (_aws, config) = world(resources).await;
    let ec2 = Client::new(&config);
    for (name, value, expected) in [
        ("attachment.instance-id", id(1), vec![1]),
        ("status", "available".to_owned(), vec![2]),
        ("status", "in-use".to_owned(), vec![1]),
        ("size", "8?".to_owned(), vec![2]),
        ("size", "8".to_owned(), vec![1]),
    ] {
        let told = ec2.describe_volumes().filters(filter(name, &[&value])).send().await.unwrap();
        let ids: Vec<_> = told.volumes().iter().map(|it| it.volume_id().unwrap().to_owned()).collect();
        let expected: Vec<_> = expected.into_iter().map(|number| format!("vol-{number:017x}")).collect();
        assert_eq!(ids, expected, "{name}={value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_answered_as_ec2_answers_it() {
    let aws = LocalAws::builder()
        .in_process()
        .limits(one_call(SERVICE, "DescribeInstances"))
        .start()
        .await
        .unwrap();
    let retries = aws_smithy_types::retry::RetryConfig::disabled();
    let ec2 = Client::new(&aws.sdk_config().into_builder().retry_config(retries).build());
    assert_eq!(refused(&ec2.describe_instances().send().await).0, "success");
    assert_eq!(refused(&ec2.describe_instances().send().await).0, "Throttling");
    assert_eq!(refused(&ec2.describe_volumes().send().await).0, "success", "each action has its own");
}
