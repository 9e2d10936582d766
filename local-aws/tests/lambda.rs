//! Lambda: functions by name and ARN, in pages of fifty; tags; errors and limits.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod described;

use aws_sdk_lambda::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{FunctionVersion, LastUpdateStatus, PackageType, Runtime, State},
};
use described::{ACCOUNT, calls, names, one_call, refused};
use tidegate_local_aws::{
    Limits, LocalAws,
    resources::{Function, Resources, Tags},
};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function";

async fn world(functions: Vec<Function>) -> (LocalAws, Client) {
    let (aws, config) = described::world(Resources { functions, ..Resources::default() }).await;
    (aws, Client::new(&config))
}

/// The status and the code of an error, or 200 and `success`.
fn code<T, E: ProvideErrorMetadata>(
    result: &Result<T, SdkError<E, aws_smithy_runtime_api::http::Response>>,
) -> (u16, &str) {
    let status = result.as_ref().err().map_or(200, |error| error.raw_response().unwrap().status().as_u16());
    (status, refused(result).0)
}

fn functions(many: usize) -> Vec<Function> {
    let function = |name| Function { name, role: "r".into(), ..Function::default() };
    names("f", many).into_iter().map(function).collect()
}

fn bill() -> Function {
    Function {
        name: "bill".into(),
        role: "biller".into(),
        runtime: Some("python3.13".into()),
        subnets: vec!["subnet-1".into(), "subnet-2".into()],
        security_groups: vec!["sg-1".into()],
        vpc: Some("vpc-1".into()),
        dead_letter_target: Some("arn:aws:sqs:us-east-1:000000000000:dead".into()),
        tags: Tags::from([("team".into(), "money".into())]),
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_is_told_whole() {
    let mut all = functions(1);
    all.push(bill());
    let (_aws, lambda) = world(all).await;
    let got = lambda.get_function().function_name("bill").send().await.unwrap();
    let told = got.configuration().unwrap();
    assert_eq!((told.function_name(), told.function_arn()), (Some("bill"), Some(&*format!("{ARN}:bill"))));
    assert_eq!(told.role(), Some(&*format!("arn:aws:iam::{ACCOUNT}:role/biller")));
    assert_eq!((told.runtime(), told.handler()), (Some(&Runtime::from("python3.13")), Some("index.handler")));
    let vpc = told.vpc_config().unwrap();
    assert_eq!((vpc.subnet_ids().len(), vpc.vpc_id()), (2, Some("vpc-1")));
    assert_eq!(vpc.security_group_ids(), ["sg-1"]);
    let dead = told.dead_letter_config().unwrap().target_arn();
    assert_eq!(dead, Some("arn:aws:sqs:us-east-1:000000000000:dead"));
    assert_eq!(
        (told.state(), told.last_update_status()),
        (Some(&State::Active), Some(&LastUpdateStatus::Successful))
    );
    assert_eq!((told.version(), told.package_type()), (Some("$LATEST"), Some(&PackageType::Zip)));
    assert_eq!(told.last_modified(), Some("2026-01-01T00:00:00.000+0000"));
    assert_eq!(told.code_sha256().unwrap().len(), 44);
    assert_eq!(got.tags().unwrap()["team"], "money");
    assert_eq!(got.code().unwrap().repository_type(), Some("S3"));

    let same = lambda.get_function_configuration().function_name("bill").send().await.unwrap();
    assert_eq!((same.function_arn(), same.role()), (told.function_arn(), told.role()));
    assert_eq!((same.state(), same.vpc_config().unwrap()), (Some(&State::Active), vpc));

    let plain = lambda.get_function().function_name("f0").send().await.unwrap();
    assert!(plain.tags().is_none());
    let plain = plain.configuration().unwrap();
    assert_eq!(
        (plain.runtime(), plain.handler()),
        (Some(&Runtime::from("provided.al2023")), Some("bootstrap"))
    );
    assert!(plain.vpc_config().is_none() && plain.dead_letter_config().is_none());

    let listed = lambda.list_functions().send().await.unwrap();
    let [_, listed] = listed.functions() else { panic!("{listed:?}") };
    assert_eq!((listed.role(), listed.vpc_config()), (told.role(), told.vpc_config()));
    assert_eq!(
        (listed.revision_id(), listed.state()),
        (told.revision_id(), None),
        "a list leaves the state out"
    );
}

#[tokio::test(start_paused = true)]
async fn functions_by_any_name() {
    let (_aws, lambda) = world(vec![bill()]).await;
    let get = |name: &str| lambda.get_function().function_name(name);
    for name in [
        "bill",
        "bill:$LATEST",
        "000000000000:function:bill",
        &format!("{ARN}:bill"),
        &format!("{ARN}:bill:$LATEST"),
    ] {
        let got = get(name).send().await.unwrap();
        assert_eq!(got.configuration().unwrap().function_arn(), Some(&*format!("{ARN}:bill")), "{name}");
    }
    assert_eq!(code(&get("bill").qualifier("$LATEST").send().await).1, "success");

    let gone = get("gone").send().await;
    assert_eq!(code(&gone), (404, "ResourceNotFoundException"));
    assert_eq!(refused(&gone).1, format!("Function not found: {ARN}:gone"));
    let raw = gone.as_ref().unwrap_err().raw_response().unwrap();
    assert_eq!(raw.headers().get("x-amzn-errortype"), Some("ResourceNotFoundException"));
    let gone = gone.unwrap_err().into_service_error();
    assert!(gone.is_resource_not_found_exception());
    let version = get("bill").qualifier("7").send().await;
    assert_eq!(refused(&version).1, format!("Function not found: {ARN}:bill:7"));
    let region = get("arn:aws:lambda:eu-west-1:000000000000:function:bill").send().await;
    assert_eq!(code(&region), (404, "ResourceNotFoundException"));
    let account = get("arn:aws:lambda:us-east-1:111122223333:function:bill").send().await;
    assert_eq!(code(&account), (404, "ResourceNotFoundException"));
    assert_eq!(code(&get("a:b:c").send().await), (400, "ValidationException"));
    let configuration = lambda.get_function_configuration().function_name("gone").send().await;
    assert_eq!(code(&configuration), (404, "ResourceNotFoundException"));
}

#[tokio::test(start_paused = true)]
async fn functions_are_listed_in_pages_of_fifty() {
    let (aws, lambda) = world(functions(150)).await;
    let pages = lambda.list_functions().into_paginator().items().send();
    let all: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(all.iter().map(|it| it.function_name().unwrap()).collect::<Vec<_>>(), names("f", 150));
    assert_eq!(calls(&aws, "lambda", "ListFunctions"), 3, "no page is empty");
    let list = || lambda.list_functions();
    let most = list().max_items(10_000).send().await.unwrap();
    assert_eq!(most.functions().len(), 50, "whatever is asked for");
    let next = list().set_marker(most.next_marker).max_items(7).send().await.unwrap();
    assert_eq!((next.functions().len(), next.functions()[0].function_name()), (7, Some("f50")));
    for bad in [0, -1, 10_001] {
        assert_eq!(code(&list().max_items(bad).send().await), (400, "ValidationException"), "{bad}");
    }
    assert_eq!(code(&list().marker("x").send().await), (400, "InvalidParameterValueException"));
    let all = list().function_version(FunctionVersion::All).max_items(1).send().await.unwrap();
    assert_eq!(all.functions()[0].function_arn(), Some(&*format!("{ARN}:f0:$LATEST")));
    assert_eq!(all.functions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn tags_and_event_sources() {
    let mut all = functions(1);
    all.push(bill());
    let (_aws, lambda) = world(all).await;
    let tags = |name: &str| lambda.list_tags().resource(format!("{ARN}:{name}")).send();
    assert_eq!(tags("bill").await.unwrap().tags().unwrap()["team"], "money");
    assert!(tags("f0").await.unwrap().tags().unwrap().is_empty());
    assert_eq!(code(&tags("gone").await), (404, "ResourceNotFoundException"));
    assert_eq!(code(&lambda.list_tags().resource("bill").send().await), (400, "ValidationException"));

    let mappings = || lambda.list_event_source_mappings();
    assert!(mappings().send().await.unwrap().event_source_mappings().is_empty());
    assert!(mappings().function_name("bill").send().await.unwrap().next_marker().is_none());
    assert_eq!(code(&mappings().function_name("gone").send().await), (404, "ResourceNotFoundException"));
}

#[tokio::test(start_paused = true)]
async fn throttled_calls() {
    let (aws, lambda) = world(functions(1)).await;
    aws.set_limits(Limits::aws());
    for _ in 0..15 {
        lambda.list_functions().send().await.unwrap();
    }
    let throttled = lambda.list_tags().resource(format!("{ARN}:f0")).send().await;
    assert_eq!(code(&throttled), (429, "TooManyRequestsException"), "they share a bucket");
    assert_eq!(refused(&throttled).1, "Rate exceeded");
    assert!(throttled.unwrap_err().into_service_error().is_too_many_requests_exception());
    assert_eq!(code(&lambda.get_function().function_name("f0").send().await).1, "success", "it has its own");
    aws.set_limits(one_call("lambda", "ListTags"));
    lambda.list_tags().resource(format!("{ARN}:f0")).send().await.unwrap();
    assert_eq!(code(&lambda.list_tags().resource(format!("{ARN}:f0")).send().await), (400, "Throttling"));
}
