//! Route 53: zones, their record sets in AWS's order, tags, pages, errors and limits.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod described;

use aws_sdk_route53::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::list_resource_record_sets::builders::ListResourceRecordSetsFluentBuilder as ListSets,
    types::{HostedZoneType, ResourceRecord, ResourceRecordSet, RrType, TagResourceType},
};
use described::{ACCOUNT, calls, one_call, refused};
use tidegate_local_aws::{
    Limits, LocalAws,
    resources::{Alias, HostedZone, RecordSet, Resources, Tags},
};

async fn world(resources: Resources) -> (LocalAws, Client) {
    let (aws, config) = described::world(resources).await;
    (aws, Client::new(&config))
}

/// The status and the code of an error, or 200 and `success`.
fn code<T, E: ProvideErrorMetadata>(result: &Result<T, SdkError<E>>) -> (u16, &str) {
    match result {
        Ok(_) => (200, "success"),
        Err(error) => (error.raw_response().unwrap().status().as_u16(), error.code().unwrap_or("none")),
    }
}

fn zones(number: usize) -> Resources {
    let zone =
        |n| HostedZone { id: format!("Z{n}"), name: format!("zone-{n}.example."), ..HostedZone::default() };
    Resources { hosted_zones: (0..number).map(zone).collect(), ..Resources::default() }
}

fn zone(records: Vec<RecordSet>) -> Resources {
    let zone = HostedZone { id: "Z1".into(), name: "example.com.".into(), records, ..HostedZone::default() };
    Resources { hosted_zones: vec![zone], ..Resources::default() }
}

fn record(name: &str, kind: &str) -> RecordSet {
    RecordSet {
        name: name.into(),
        kind: kind.into(),
        values: vec!["192.0.2.1".into()],
        ..RecordSet::default()
    }
}

/// Name and type of all record sets, page by page, and how many pages there were.
async fn walk(list: ListSets) -> (Vec<ResourceRecordSet>, usize) {
    let (mut sets, mut pages, mut next) = (Vec::new(), 0, list.clone());
    loop {
        let page = next.send().await.unwrap();
        pages += 1;
        sets.extend(page.resource_record_sets);
        if !page.is_truncated {
            assert!(page.next_record_name.is_none() && page.next_record_type.is_none());
            return (sets, pages);
        }
        next = list
            .clone()
            .set_start_record_name(page.next_record_name)
            .set_start_record_type(page.next_record_type)
            .set_start_record_identifier(page.next_record_identifier);
    }
}

fn names(sets: &[ResourceRecordSet]) -> Vec<(&str, &str)> {
    sets.iter().map(|set| (set.name(), set.r#type().as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_zone_tells_what_it_is() {
    let (aws, client) = world(zone(vec![record("www.example.com.", "A")])).await;
    let private =
        HostedZone { id: "Z2".into(), name: "Inner.".into(), private: true, ..HostedZone::default() };
    aws.resources().add(Resources { hosted_zones: vec![private], ..Resources::default() });

    let got = client.get_hosted_zone().id("/hostedzone/Z1").send().await.unwrap();
    let zone = got.hosted_zone().unwrap();
    assert_eq!((zone.id(), zone.name()), ("/hostedzone/Z1", "example.com."));
    assert_eq!(zone.resource_record_set_count(), Some(3), "with NS and SOA");
    assert!(!zone.config().unwrap().private_zone());
    let servers = got.delegation_set().unwrap().name_servers().to_vec();
    assert_eq!(servers.len(), 4);
    assert!(servers.iter().all(|server| server.starts_with("ns-") && !server.ends_with('.')), "{servers:?}");

    let got = client.get_hosted_zone().id("Z2").send().await.unwrap();
    assert_eq!(got.hosted_zone().unwrap().name(), "inner.");
    assert!(got.hosted_zone().unwrap().config().unwrap().private_zone());
    assert!(got.delegation_set().is_none());

    let nothing = client.get_hosted_zone().id("Z3").send().await;
    assert_eq!(code(&nothing), (404, "NoSuchHostedZone"));
    let nothing = nothing.unwrap_err().into_service_error();
    assert!(nothing.is_no_such_hosted_zone());
    assert_eq!(nothing.message(), Some("No hosted zone found with ID: Z3"));
    assert!(aws_sdk_route53::operation::RequestId::request_id(&nothing).is_some());
}

#[tokio::test(start_paused = true)]
async fn zones_are_listed_in_pages() {
    let (aws, client) = world(zones(250)).await;
    let page = client.list_hosted_zones().send().await.unwrap();
    assert_eq!((page.hosted_zones().len(), page.is_truncated(), page.max_items()), (100, true, 100));
    assert_eq!((page.marker(), page.next_marker()), ("", Some("Z100")));

    let mut pages = client.list_hosted_zones().into_paginator().send();
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await {
        ids.extend(page.unwrap().hosted_zones.into_iter().map(|zone| zone.id));
    }
    assert_eq!(ids, (0..250).map(|n| format!("/hostedzone/Z{n}")).collect::<Vec<_>>());
    assert_eq!(calls(&aws, "route53", "ListHostedZones"), 4);

    let list = || client.list_hosted_zones();
    assert_eq!(list().max_items(1_000).send().await.unwrap().hosted_zones().len(), 100, "and no more");
    let end = list().max_items(7).marker("Z247").send().await.unwrap();
    assert_eq!((end.hosted_zones().len(), end.marker(), end.max_items()), (3, "Z247", 7));
    assert_eq!(code(&list().marker("Z999").send().await), (400, "InvalidInput"));
    assert_eq!(code(&list().max_items(0).send().await), (400, "InvalidInput"));
    assert_eq!(code(&list().delegation_set_id("N1").send().await).1, "NoSuchDelegationSet");
    let private = list().hosted_zone_type(HostedZoneType::PrivateHostedZone).send().await.unwrap();
    assert!(private.hosted_zones().is_empty());
}

#[tokio::test(start_paused = true)]
async fn zones_by_name() {
    let mut resources = Resources::default();
    for (id, name) in
        [("Z1", "b.com."), ("Z2", "a-b.com."), ("Z3", "a.com."), ("Z5", "a.com."), ("Z4", "z.aa.")]
    {
        resources.hosted_zones.push(HostedZone { id: id.into(), name: name.into(), ..HostedZone::default() });
    }
    let (_aws, client) = world(resources).await;
    let list = || client.list_hosted_zones_by_name();
    let ids = |zones: &[aws_sdk_route53::types::HostedZone]| {
        zones.iter().map(|zone| zone.id().trim_start_matches("/hostedzone/").to_owned()).collect::<Vec<_>>()
    };
    let all = list().send().await.unwrap();
    assert_eq!(ids(all.hosted_zones()), ["Z4", "Z2", "Z3", "Z5", "Z1"], "labels from behind");
    assert!(!all.is_truncated() && all.next_dns_name().is_none());

    let page = list().dns_name("A.com").max_items(1).send().await.unwrap();
    assert_eq!((ids(page.hosted_zones()), page.is_truncated()), (vec!["Z3".to_owned()], true));
    assert_eq!((page.dns_name(), page.next_dns_name()), (Some("A.com"), Some("a.com.")));
    assert_eq!(page.next_hosted_zone_id(), Some("Z5"));
    let page = list().dns_name("a.com.").hosted_zone_id("Z5").send().await.unwrap();
    assert_eq!(ids(page.hosted_zones()), ["Z5", "Z1"]);
    assert_eq!(code(&list().hosted_zone_id("Z5").send().await), (400, "InvalidInput"));
}

#[tokio::test(start_paused = true)]
async fn record_sets_tell_what_they_are() {
    let alias =
        Alias { dns_name: "dualstack.My-LB-1.us-east-1.elb.amazonaws.com".into(), hosted_zone_id: None };
    let (_aws, client) = world(zone(vec![
        RecordSet { alias: Some(alias), ..record("WWW.example.com", "A") },
        RecordSet {
            ttl: Some(60),
            values: vec!["\"a\"".into(), "\"<b>\"".into()],
            ..record("t.example.com.", "TXT")
        },
        RecordSet { set_identifier: Some("blue".into()), ..record("*.example.com.", "CNAME") },
    ]))
    .await;
    let (sets, pages) = walk(client.list_resource_record_sets().hosted_zone_id("Z1")).await;
    assert_eq!(pages, 1);
    let kinds = ["NS", "SOA", "CNAME", "TXT", "A"];
    assert_eq!(sets.iter().map(|set| set.r#type().as_str()).collect::<Vec<_>>(), kinds);
    let values = |n: usize| sets[n].resource_records().iter().map(ResourceRecord::value).collect::<Vec<_>>();

    let servers =
        client.get_hosted_zone().id("Z1").send().await.unwrap().delegation_set.unwrap().name_servers;
    assert_eq!(values(0), servers.iter().map(|server| format!("{server}.")).collect::<Vec<_>>());
    assert_eq!((sets[0].name(), sets[0].ttl()), ("example.com.", Some(172_800)));
    assert_eq!(
        values(1),
        [format!("{}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", servers[0])]
    );
    assert_eq!((sets[2].name(), sets[2].set_identifier()), ("\\052.example.com.", Some("blue")));
    assert_eq!((sets[2].ttl(), sets[3].ttl()), (Some(300), Some(60)));
    assert_eq!(values(3), ["\"a\"", "\"<b>\""]);

    let target = sets[4].alias_target().unwrap();
    assert_eq!(sets[4].name(), "www.example.com.");
    assert_eq!(
        target.dns_name(),
        "dualstack.my-lb-1.us-east-1.elb.amazonaws.com.",
        "in lower case, with a dot"
    );
    assert_eq!((target.hosted_zone_id(), target.evaluate_target_health()), ("Z35SXDOTRQ7X7K", false));
    assert!(sets[4].ttl().is_none() && sets[4].resource_records.is_none());
}

#[tokio::test(start_paused = true)]
async fn record_sets_are_listed_in_pages() {
    let records = (0..898).map(|n| record(&format!("r-{n:03}.example.com."), "A")).collect();
    let (aws, client) = world(zone(records)).await;
    let list = || client.list_resource_record_sets().hosted_zone_id("Z1");
    let (sets, pages) = walk(list()).await;
    assert_eq!((sets.len(), pages), (900, 3), "no page is empty");
    assert_eq!(calls(&aws, "route53", "ListResourceRecordSets"), 3);
    let first = list().max_items(301).send().await.unwrap();
    assert_eq!((first.resource_record_sets().len(), first.max_items()), (300, 300));
    assert_eq!(first.next_record_name(), Some("r-298.example.com."));
    let (again, pages) = walk(list().max_items(299)).await;
    assert_eq!((names(&again), pages), (names(&sets), 4));
}

#[tokio::test(start_paused = true)]
async fn record_sets_begin_where_they_are_asked_to() {
    let weighted = |id: &str| RecordSet { set_identifier: Some(id.into()), ..record("w.example.com.", "A") };
    let sets =
        vec![weighted("b"), weighted("a"), record("w.example.com.", "AAAA"), record("a.example.com.", "A")];
    let (_aws, client) = world(zone(sets)).await;
    let list = || client.list_resource_record_sets().hosted_zone_id("Z1");
    let from = async |list: ListSets| walk(list).await.0;

    let all = walk(list().max_items(1)).await;
    assert_eq!(all.1, 6, "pages of one, also among those of one name and type");
    let ids: Vec<_> = all.0.iter().filter_map(ResourceRecordSet::set_identifier).collect();
    assert_eq!(ids, ["a", "b"]);
    let some = from(list().start_record_name("b.example.com")).await;
    assert_eq!(names(&some)[0], ("w.example.com.", "A"));
    let some = from(list().start_record_name("w.example.com").start_record_type(RrType::Aaaa)).await;
    assert_eq!(names(&some), [("w.example.com.", "AAAA")]);
    let some = list().start_record_name("w.example.com").start_record_type(RrType::A);
    assert_eq!(from(some.start_record_identifier("b")).await.len(), 2);
    assert!(from(list().start_record_name("zzz.example.com")).await.is_empty());

    assert_eq!(code(&list().start_record_type(RrType::A).send().await), (400, "InvalidInput"));
    let bare = list().start_record_name("a").start_record_identifier("b").send().await;
    assert_eq!(code(&bare), (400, "InvalidInput"));
    let nothing = client.list_resource_record_sets().hosted_zone_id("Z9").send().await;
    assert_eq!(code(&nothing), (404, "NoSuchHostedZone"));
}

#[tokio::test(start_paused = true)]
async fn tags_of_zones() {
    let mut resources = zones(12);
    resources.hosted_zones[3].tags =
        Tags::from([("team".into(), "a & b".into()), ("env".into(), String::new())]);
    let (_aws, client) = world(resources).await;
    let zone = TagResourceType::Hostedzone;
    let one =
        client.list_tags_for_resource().resource_type(zone.clone()).resource_id("Z3").send().await.unwrap();
    let set = one.resource_tag_set().unwrap();
    assert_eq!((set.resource_id(), set.resource_type()), (Some("Z3"), Some(&zone)));
    let tags: Vec<_> = set.tags().iter().map(|tag| (tag.key().unwrap(), tag.value().unwrap())).collect();
    assert_eq!(tags, [("env", ""), ("team", "a & b")]);

    let many = |ids: std::ops::Range<u32>| {
        let ids = ids.map(|n| format!("Z{n}")).collect();
        client
            .list_tags_for_resources()
            .resource_type(TagResourceType::Hostedzone)
            .set_resource_ids(Some(ids))
            .send()
    };
    let sets = many(2..12).await.unwrap().resource_tag_sets;
    assert_eq!(sets.len(), 10);
    assert_eq!(sets.iter().map(|set| set.tags().len()).collect::<Vec<_>>(), [0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(code(&many(0..11).await), (400, "InvalidInput"));
    assert_eq!(code(&many(0..0).await), (400, "InvalidInput"));
    assert_eq!(code(&many(11..13).await), (404, "NoSuchHostedZone"));
    let check = client.list_tags_for_resource().resource_type(TagResourceType::Healthcheck).resource_id("h");
    assert_eq!(code(&check.send().await), (404, "NoSuchHealthCheck"));
}

#[tokio::test(start_paused = true)]
async fn zones_are_the_accounts_in_every_region() {
    let (aws, _) = world(zones(1)).await;
    let of = async |region: &'static str, key: &str| {
        let credentials = aws_sdk_route53::config::Credentials::new(key, "test", None, None, "test");
        let config = aws_sdk_route53::config::Builder::from(&aws.sdk_config());
        let config =
            config.region(aws_sdk_route53::config::Region::new(region)).credentials_provider(credentials);
        let client = Client::from_conf(config.build());
        client.list_hosted_zones().send().await.unwrap().hosted_zones().len()
    };
    assert_eq!((of("eu-west-1", "test").await, of("us-east-1", "111122223333").await), (1, 0));
    assert_eq!(of("us-east-1", ACCOUNT).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call() {
    let (aws, client) = world(zones(1)).await;
    aws.set_limits(Limits::aws());
    for _ in 0..50 {
        client.list_hosted_zones().send().await.unwrap();
    }
    let throttled = client.get_hosted_zone().id("Z0").send().await;
    assert_eq!((code(&throttled).0, refused(&throttled)), (400, ("Throttling", "Rate exceeded")));
    assert_eq!(aws.counters().action("route53", "GetHostedZone").throttled, 1, "all actions share a bucket");
    tokio::time::advance(std::time::Duration::from_millis(100)).await;
    assert_eq!(code(&client.get_hosted_zone().id("Z0").send().await).1, "success");
    aws.set_limits(one_call("route53", "ListTagsForResources"));
    let tags = client.list_tags_for_resources().resource_type(TagResourceType::Hostedzone).resource_ids("Z0");
    tags.clone().send().await.unwrap();
    assert_eq!(refused(&tags.send().await), ("Throttling", "Rate exceeded"));
}
