//! Elastic Beanstalk: what it tells, pages, filters and errors.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod described;

use aws_sdk_elasticbeanstalk::{
    Client,
    types::{ConfigurationOptionSetting, EnvironmentDescription, EnvironmentHealth, EnvironmentStatus, Tag},
};
use described::{ACCOUNT, calls, one_call, refused, world};
use tidegate_local_aws::resources::{Application, Environment, Resources, Sizes, Tags};

const SERVICE: &str = "elasticbeanstalk";
const REGION: &str = "us-east-1";

fn environment(id: &str, name: &str, application: &str, status: Option<&str>) -> Environment {
    Environment {
        id: id.to_owned(),
        name: name.to_owned(),
        application: application.to_owned(),
        status: status.map(str::to_owned),
        ..Environment::default()
    }
}

/// Two applications; `web` was terminated and made anew.
fn shops() -> Resources {
    let application = |name: &str| Application {
        name: name.to_owned(),
        tags: Tags::from([("of".to_owned(), name.to_owned())]),
        ..Application::default()
    };
    Resources {
        applications: vec![application("shop"), application("blog")],
        environments: vec![
            environment("e-old", "web", "shop", Some("Terminated")),
            environment("e-web", "web", "shop", None),
            environment("e-jobs", "jobs", "shop", Some("Updating")),
            environment("e-blog", "blog", "blog", Some("Launching")),
        ],
        ..Resources::default()
    }
}

fn ids(told: &[EnvironmentDescription]) -> Vec<&str> {
    told.iter().map(|it| it.environment_id().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_environment_is_told_whole() {
    let (_aws, config) = world(Resources::story()).await;
    let told = Client::new(&config).describe_environments().send().await.unwrap();
    assert_eq!(told.next_token(), None);
    let [it] = told.environments() else { panic!("{told:?}") };
    assert_eq!((it.environment_id(), it.environment_name()), (Some("e-shopprod01"), Some("shop-production")));
    assert_eq!(it.application_name(), Some("shop"));
    assert_eq!(it.cname(), Some("shop-production.us-east-1.elasticbeanstalk.com"));
    let endpoint = "awseb-e-s-AWSEBLoa-7G8H9I-1234567890.us-east-1.elb.amazonaws.com";
    assert_eq!(it.endpoint_url(), Some(endpoint));
    assert_eq!(
        (it.status(), it.health()),
        (Some(&EnvironmentStatus::Ready), Some(&EnvironmentHealth::Green))
    );
    let arn = "arn:aws:elasticbeanstalk:us-east-1:000000000000:environment/shop/shop-production";
    assert_eq!(it.environment_arn(), Some(arn));
    assert_eq!(it.date_created().unwrap().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(it.abortable_operation_in_progress(), Some(false));
    let tier = it.tier().unwrap();
    assert_eq!(
        (tier.name(), tier.r#type(), tier.version()),
        (Some("WebServer"), Some("Standard"), Some("1.0"))
    );
    assert!(
        it.solution_stack_name().is_some() && it.platform_arn().unwrap().contains(":us-east-1::platform/")
    );
    assert_eq!((it.version_label(), it.description()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn environments_by_what_they_are() {
    let (_aws, config) = world(shops()).await;
    let client = Client::new(&config);
    let ask = || client.describe_environments();
    let all = ask().send().await.unwrap();
    assert_eq!(ids(all.environments()), ["e-old", "e-web", "e-jobs", "e-blog"]);
    let statuses: Vec<_> = all.environments().iter().map(|it| it.status().unwrap().as_str()).collect();
    assert_eq!(statuses, ["Terminated", "Ready", "Updating", "Launching"]);
    let health: Vec<_> = all.environments().iter().map(|it| it.health().unwrap().as_str()).collect();
    assert_eq!(health, ["Grey", "Green", "Green", "Grey"]);
    assert_eq!(all.environments()[1].cname(), Some("web.us-east-1.elasticbeanstalk.com"));
    assert_eq!(all.environments()[1].endpoint_url(), None);
    for (expected, ask) in [
        (vec!["e-web", "e-jobs", "e-blog"], ask().include_deleted(false)),
        (vec!["e-old", "e-web", "e-jobs"], ask().application_name("shop")),
        (
            vec!["e-web", "e-blog"],
            ask().environment_ids("e-blog").environment_ids("gone").environment_ids("e-web"),
        ),
        (vec!["e-old", "e-web"], ask().environment_names("web")),
        (vec!["e-web"], ask().environment_names("web").include_deleted(false)),
        (vec![], ask().environment_names("web").application_name("blog")),
        (vec![], ask().environment_ids("e-web").environment_names("jobs")),
        (vec![], ask().application_name("gone")),
        (vec![], ask().version_label("v1")),
    ] {
        assert_eq!(ids(ask.send().await.unwrap().environments()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn pages() {
    let sizes = Sizes { others: 120, ..Sizes::default() };
    let (aws, config) = world(Resources::generate(sizes)).await;
    let client = Client::new(&config);
    let all = client.describe_environments().send().await.unwrap();
    assert_eq!((all.environments().len(), all.next_token()), (120, None), "one page, unasked");
    aws.reset_counters();
    let (mut told, mut token) = (Vec::new(), None);
    loop {
        let page = client.describe_environments().max_records(50).set_next_token(token).send().await.unwrap();
        told.extend(ids(page.environments()).into_iter().map(str::to_owned));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(told, ids(all.environments()));
    assert_eq!(calls(&aws, SERVICE, "DescribeEnvironments"), 3);
    let large = client.describe_environments().max_records(1_001).send().await;
    assert!(refused(&large).1.ends_with("less than or equal to 1000"), "{large:?}");
    let bad = client.describe_environments().max_records(5).next_token("x").send().await;
    assert_eq!(refused(&bad).0, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn resources_of_an_environment() {
    let mut resources = Resources::story();
    resources.environments[0].launch_templates = vec!["lt-1".to_owned()];
    let (_aws, config) = world(resources).await;
    let client = Client::new(&config);
    let ask = || client.describe_environment_resources();
    for ask in [
        ask().environment_id("e-shopprod01"),
        ask().environment_name("shop-production"),
        ask().environment_name("shop-production").environment_id("e-shopprod01"),
    ] {
        let told = ask.send().await.unwrap();
        let told = told.environment_resources().unwrap();
        assert_eq!(told.environment_name(), Some("shop-production"));
        let group = "awseb-e-shopprod01-stack-AWSEBAutoScalingGroup-1A2B3C";
        let groups: Vec<_> = told.auto_scaling_groups().iter().map(|it| it.name().unwrap()).collect();
        assert_eq!(groups, [group]);
        let instances: Vec<_> = told.instances().iter().map(|it| it.id().unwrap()).collect();
        assert_eq!(instances, ["i-0a1b2c3d4e5f60001", "i-0a1b2c3d4e5f60002"]);
        let configurations: Vec<_> =
            told.launch_configurations().iter().map(|it| it.name().unwrap()).collect();
        let configuration = "awseb-e-shopprod01-stack-AWSEBAutoScalingLaunchConfiguration-4D5E6F";
        assert_eq!(configurations, [configuration]);
        assert_eq!(told.launch_templates()[0].id(), Some("lt-1"));
        assert_eq!(told.load_balancers()[0].name(), Some("awseb-e-s-AWSEBLoa-7G8H9I"));
        assert!(told.triggers.is_some() && told.queues.is_some(), "lists are there, if empty");
    }
}

#[tokio::test(start_paused = true)]
async fn resources_of_no_environment() {
    let (_aws, config) = world(shops()).await;
    let client = Client::new(&config);
    let ask = || client.describe_environment_resources();
    for (ask, what) in [
        (ask().environment_name("x"), "EnvironmentName = 'x'"),
        (ask().environment_id("e-x"), "EnvironmentId = 'e-x'"),
        (ask().environment_id("e-old"), "EnvironmentId = 'e-old'"),
        (ask().environment_id("e-web").environment_name("jobs"), "EnvironmentId = 'e-web'"),
    ] {
        let message = format!("No Environment found for {what}.");
        assert_eq!(refused(&ask.send().await), ("InvalidParameterValue", &*message));
    }
    assert!(ask().environment_name("web").send().await.is_ok(), "the one that lives");
    assert_eq!(refused(&ask().send().await).0, "MissingRequiredParameter");
}

#[tokio::test(start_paused = true)]
async fn applications() {
    let mut resources = shops();
    resources.applications[1].description = Some("about <things>".to_owned());
    let (_aws, config) = world(resources).await;
    let client = Client::new(&config);
    let told = client.describe_applications().send().await.unwrap();
    let [shop, blog] = told.applications() else { panic!("{told:?}") };
    assert_eq!((shop.application_name(), shop.description()), (Some("shop"), None));
    let arn = "arn:aws:elasticbeanstalk:us-east-1:000000000000:application/shop";
    assert_eq!(shop.application_arn(), Some(arn));
    assert_eq!(blog.description(), Some("about <things>"));
    assert_eq!(shop.date_created().unwrap().to_string(), "2026-01-01T00:00:00Z");
    assert!(shop.versions.is_some() && shop.configuration_templates.is_some(), "lists are there, if empty");
    let rules = shop.resource_lifecycle_config().unwrap().version_lifecycle_config().unwrap();
    assert_eq!(rules.max_count_rule().unwrap().max_count(), Some(200));
    assert_eq!(rules.max_age_rule().unwrap().max_age_in_days(), Some(180));
    let some = client.describe_applications().application_names("gone").application_names("blog");
    let some = some.send().await.unwrap();
    let [it] = some.applications() else { panic!("{some:?}") };
    assert_eq!(it.application_name(), Some("blog"));
    let versions = client.describe_application_versions().send().await.unwrap();
    assert_eq!(versions.application_versions.as_deref(), Some(&[][..]));
}

#[tokio::test(start_paused = true)]
async fn tags() {
    let mut resources = shops();
    resources.environments[1].tags = Tags::from([("a".to_owned(), "1".to_owned())]);
    let (environment, application) = (resources.environments[1].clone(), resources.applications[0].clone());
    let (_aws, config) = world(resources).await;
    let client = Client::new(&config);
    let ask = |arn: String| client.list_tags_for_resource().resource_arn(arn).send();
    let told = |tags: &[Tag]| -> Vec<String> {
        tags.iter().map(|it| format!("{}={}", it.key().unwrap(), it.value().unwrap())).collect()
    };
    let of = ask(application.arn(ACCOUNT, REGION)).await.unwrap();
    assert_eq!(told(of.resource_tags()), ["of=shop"]);
    assert_eq!(of.resource_arn(), Some(&*application.arn(ACCOUNT, REGION)));
    let of = ask(environment.arn(ACCOUNT, REGION)).await.unwrap();
    let expected =
        ["Name=web", "a=1", "elasticbeanstalk:environment-id=e-web", "elasticbeanstalk:environment-name=web"];
    assert_eq!(told(of.resource_tags()), expected);
    let missing = ask(application.arn(ACCOUNT, "eu-west-1")).await;
    assert_eq!(refused(&missing).0, "ResourceNotFoundException");
    assert!(missing.unwrap_err().into_service_error().is_resource_not_found_exception());
    let none = client.list_tags_for_resource().send().await;
    assert!(refused(&none).1.contains("null at 'resourceArn'"), "{none:?}");
}

#[tokio::test(start_paused = true)]
async fn settings() {
    let (_aws, config) = world(Resources::story()).await;
    let client = Client::new(&config);
    let ask = || client.describe_configuration_settings();
    let shop = || ask().application_name("shop");
    let told = shop().environment_name("shop-production").send().await.unwrap();
    let [it] = told.configuration_settings() else { panic!("{told:?}") };
    assert_eq!((it.application_name(), it.environment_name()), (Some("shop"), Some("shop-production")));
    let setting = |it: &ConfigurationOptionSetting| {
        [it.namespace(), it.option_name(), it.value()].map(|text| text.unwrap().to_owned()).join("/")
    };
    let settings: Vec<_> = it.option_settings().iter().map(setting).collect();
    for expected in [
        "aws:autoscaling:asg/MinSize/1",
        "aws:autoscaling:asg/MaxSize/4",
        "aws:ec2:vpc/Subnets/subnet-0a1b2c3d4e5f60001",
        "aws:autoscaling:launchconfiguration/EC2KeyName/shop-deploy",
        "aws:autoscaling:launchconfiguration/IamInstanceProfile/aws-elasticbeanstalk-ec2-role",
        "aws:autoscaling:launchconfiguration/SecurityGroups/sg-0a1b2c3d4e5f60001",
        "aws:elasticbeanstalk:environment/EnvironmentType/LoadBalanced",
        "aws:elasticbeanstalk:environment/LoadBalancerType/classic",
    ] {
        assert!(settings.iter().any(|it| it == expected), "{expected} in {settings:?}");
    }
    let none = ask().environment_name("shop-production").send().await;
    assert!(refused(&none).1.contains("null at 'applicationName'"), "{none:?}");
    let wrong = ask().application_name("x").environment_name("shop-production").send().await;
    assert_eq!(refused(&wrong), ("InvalidParameterValue", "No Application named 'x' found."));
    let wrong = shop().environment_name("x").send().await;
    let message = "No Environment found for EnvironmentName = 'x'.";
    assert_eq!(refused(&wrong), ("InvalidParameterValue", message));
    assert_eq!(refused(&shop().template_name("x").send().await).0, "InvalidParameterValue");
    let both = shop().template_name("x").environment_name("shop-production").send().await;
    assert_eq!(refused(&both).0, "InvalidParameterCombination");
    assert_eq!(refused(&shop().send().await).0, "MissingRequiredParameter");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call() {
    let (aws, config) = world(Resources::story()).await;
    aws.set_limits(one_call(SERVICE, "DescribeEnvironmentResources"));
    let client = Client::new(&config);
    let ask = || client.describe_environment_resources().environment_id("e-shopprod01").send();
    ask().await.unwrap();
    assert_eq!(refused(&ask().await), ("Throttling", "Rate exceeded"));
    assert_eq!(aws.counters().action(SERVICE, "DescribeEnvironmentResources").throttled, 1);
    client.describe_environments().send().await.unwrap();
}
