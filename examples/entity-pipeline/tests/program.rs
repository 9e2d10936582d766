//! The program as a shell sees it, on the embedded AWS.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
    time::Duration,
};

use tidegate_local_aws::{Fault, FaultMode, Faults};

use self::world::{World, ended, program};

const ENTITIES: [&str; 5] = ["ant", "bee", "cat", "dog", "eel"];

/// 400 versions, each tenth of an entity sent after the next one.
fn versions() -> Vec<(&'static str, u64)> {
    let late = |n: u64| match n % 10 {
        3 => n + 1,
        4 => n - 1,
        _ => n,
    };
    (1..=80).flat_map(|n| ENTITIES.map(|entity| (entity, late(n)))).collect()
}

fn final_versions() -> BTreeMap<String, u64> {
    ENTITIES.map(|entity| (entity.to_owned(), 80)).into()
}

/// What a reader ends at who keeps the newest.
fn newest(news: &[(String, u64)]) -> BTreeMap<String, u64> {
    let mut newest = BTreeMap::new();
    for (entity, version) in news {
        let kept = newest.entry(entity.clone()).or_default();
        *kept = (*version).max(*kept);
    }
    newest
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_and_publishes_the_greatest_versions() {
    let world = World::new().await;
    world.send(versions());
    world.aws.sqs().send("orders", ["no order"]).unwrap();
    let said = world.run(&["--max-unprocessed", "50", "--work-ms", "0-3", "--fail-percent", "2"]).await;

    assert_eq!(said.status, Some(0), "{}", said.errors);
    assert_eq!((said.count("received"), said.count("deleted"), said.count("lost")), (401, 401, 0));
    assert_eq!(said.count("stored") + said.count("stale"), 400, "{}", said.errors);
    assert!(said.count("stale") > 0 && said.count("overtaken") == 0, "{}", said.errors);
    assert_eq!(world.stored().await, final_versions());
    let news = world.news();
    assert_eq!((news.len() as u64, newest(&news)), (said.count("stored"), final_versions()));
    let letters = world.aws.sqs().messages("letters").unwrap();
    assert!(
        letters.len() == 1 && letters[0].body.contains("the body is no version of an entity"),
        "{letters:?}"
    );
}

/// Of the versions that wait, only the newest of each entity is processed.
#[tokio::test(flavor = "multi_thread")]
async fn conflates() {
    let world = World::new().await;
    world.send(versions());
    let said = world.run(&["--conflate", "--work-ms", "20"]).await;
    assert_eq!((said.status, said.count("deleted")), (Some(0), 400), "{}", said.errors);
    assert!(said.count("conflated") > 200 && said.count("stored") < 100, "{}", said.errors);
    assert_eq!((world.stored().await, newest(&world.news())), (final_versions(), final_versions()));
}

/// A process was killed after each of its steps, and its message is delivered again; or another one comes first.
#[tokio::test(flavor = "multi_thread")]
async fn goes_on_where_another_was_cut_off() {
    let world = World::new().await;
    for entity in ["stored", "older first", "newer first"] {
        world.left(entity, 5, Some(4)).await;
    }
    world.left("stored first", 5, None).await;
    world.left("marked", 5, Some(5)).await;
    let others_first = [("older first", 4), ("newer first", 6)];
    world.send(
        others_first.into_iter().chain(
            ["stored", "stored first", "marked", "older first", "newer first"].map(|entity| (entity, 5)),
        ),
    );
    let said = world.run(&[]).await;

    assert_eq!((said.status, said.count("deleted")), (Some(0), 7), "{}", said.errors);
    let counts = ["stored", "of them again", "stale", "duplicates"].map(|word| said.count(word));
    assert_eq!(counts, [1, 4, 2, 4], "{}", said.errors);
    let news = world.news();
    let of = |entity: &str| news.iter().filter(|it| it.0 == entity).map(|it| it.1).collect::<Vec<_>>();
    assert_eq!(of("newer first"), [5, 6], "nothing is stored over what was never published");
    assert_eq!((of("stored"), of("stored first"), of("older first")), (vec![5], vec![5], vec![5]));
    assert_eq!(of("marked"), [0; 0]);
    let ends = [("stored", 5), ("stored first", 5), ("marked", 5), ("older first", 5), ("newer first", 6)];
    assert_eq!(world.stored().await, ends.map(|(entity, version)| (entity.to_owned(), version)).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_race() {
    let world = World::new().await;
    world.send(versions());
    let arguments = ["--max-unprocessed", "20", "--work-ms", "0-10"];
    let (one, other) = (world.begin("one", &arguments), world.begin("other", &arguments));
    let (one, other) = tokio::join!(ended(one), ended(other));

    assert_eq!((one.status, other.status), (Some(0), Some(0)), "{} {}", one.errors, other.errors);
    let both = |word| one.count(word) + other.count(word);
    assert_eq!((both("received"), both("deleted")), (400, 400));
    assert!(one.count("stored") > 0 && other.count("stored") > 0 && both("overtaken") > 0);
    // Each version is stored once, and whoever stored it published it, or the other one did.
    assert_eq!(world.stored().await, final_versions());
    let news = world.news();
    assert_eq!(news.len() as u64, both("published"));
    let published: BTreeSet<_> = news.iter().collect();
    assert_eq!(published.len() as u64, both("stored"));
    assert_eq!(newest(&news), final_versions());
}

/// The answer of every other write is lost. The SDK writes again, and finds its own version there: it is published as what is
/// stored, and not taken for somebody else's business.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_loses_no_publication() {
    let world = World::new().await;
    let lost = Fault::new(FaultMode::LostReply, 0.5).service("dynamodb").actions(["UpdateItem"]);
    let (new, known): (Vec<_>, Vec<_>) = (1..=10).map(|n| (format!("new {n}"), format!("known {n}"))).unzip();
    for entity in &known {
        world.left(entity, 1, Some(1)).await;
    }
    world.send(new.iter().chain(&known).map(|entity| (entity.as_str(), 2)));
    world.aws.set_faults(Faults::none().with(lost));
    let said = world.run(&[]).await;

    assert_eq!((said.status, said.count("deleted")), (Some(0), 20), "{}", said.errors);
    assert!(said.count("overtaken") > 0, "{}", said.errors);
    assert_eq!(said.count("stored") + said.count("overtaken"), 20, "{}", said.errors);
    let ends: BTreeMap<_, _> = new.into_iter().chain(known).map(|entity| (entity, 2)).collect();
    assert_eq!((world.stored().await, newest(&world.news())), (ends.clone(), ends));
}

/// What has begun is finished, published and marked; the rest is given back.
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_stops_it_whole() {
    let world = World::new().await;
    world.send(versions());
    let child = world.begin("stopped", &["--work-ms", "20-50"]);
    let begun = async {
        while world.news().len() < 10 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), begun).await.unwrap();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let said = ended(child).await;

    assert_eq!((said.status, said.count("lost")), (Some(0), 0), "{}", said.errors);
    let (deleted, given_back) = (said.count("deleted"), said.count("given back"));
    assert!(
        deleted > 0 && given_back > 0 && said.count("received") == deleted + given_back,
        "{}",
        said.errors
    );
    let orders = world.aws.sqs().queue("orders").unwrap();
    assert_eq!((orders.visible as u64, orders.in_flight), (400 - deleted, 0));
    assert_eq!(world.stored().await, newest(&world.news()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_will_not_do_is_told() {
    let world = World::new().await;
    world.create_table("others", "id").await;
    for (table, problem) in [
        ("nothing", "there is no table nothing\n"),
        ("others", "table others must have the key `entity`, a string, and no other: "),
    ] {
        let said = ended(world.begin_on(table, "entity", &[])).await;
        assert_eq!(said.status, Some(2), "{}", said.errors);
        assert!(said.errors.starts_with(&format!("entity-pipeline: {problem}")), "{}", said.errors);
    }
}

#[test]
fn wrong_input_is_told_in_one_line() {
    let (orders, news) = ("http://127.0.0.1:9/0/orders", "http://127.0.0.1:9/0/news");
    let cases: [(&[&str], &str); 5] = [
        (
            &["--queue-url", orders],
            "the following required arguments were not provided: --publish-url <PUBLISH_URL> --table <TABLE>; see --help\n",
        ),
        (
            &["--queue-url", orders, "--publish-url", "x.fifo", "--table", "t"],
            "invalid value 'x.fifo' for '--publish-url <PUBLISH_URL>': it is a FIFO queue, and needs not be: whoever reads it \
             keeps the newest version; see --help\n",
        ),
        (
            &["--queue-url", orders, "--publish-url", "news", "--table", "t"],
            "\"news\" is no URL of a queue; it is like https://sqs.eu-west-1.amazonaws.com/123456789012/orders\n",
        ),
        (
            &["--queue-url", orders, "--publish-url", news, "--table", "t", "--max-unprocessed", "0"],
            "max_unprocessed is 0; it must be 1 or more\n",
        ),
        (
            &["--queue-url", orders, "--publish-url", news, "--table", "t", "--fail-percent", "101"],
            "invalid value '101' for '--fail-percent <FAIL_PERCENT>': it is a number from 0 to 100; see --help\n",
        ),
    ];
    for (arguments, problem) in cases {
        let output = program("http://127.0.0.1:9").args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), error), (Some(2), format!("entity-pipeline: {problem}").into()));
    }
}
