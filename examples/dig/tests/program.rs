//! The program as a shell sees it.

use std::process::{Command, Output};

fn dig(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dig"));
    // Nothing of whoever runs the tests.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    match command.args(args).output() {
        Ok(output) => output,
        Err(error) => panic!("dig did not start: {error}"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn bad_input_is_one_line_and_status_2() {
    for (args, expected) in [
        (&[][..], "dig: the following required arguments were not provided"),
        (&["--all", "web"], "cannot be used with"),
        (&["web", "--format", "xml"], "invalid value 'xml'"),
        (&["web", "--role", "reader"], "a role's ARN is such as"),
        (&["--embedded", "--template", "/no/such/file"], "cannot read the template /no/such/file"),
        (&["--embedded", "--region", "europe"], "\"europe\" is no region"),
        (&["--embedded", "--since", "/no/such/file"], "cannot read /no/such/file"),
        (&["--embedded", "--since", env!("CARGO_MANIFEST_PATH")], "is not what `dig --format json` prints"),
        (&["--embedded", "--since", "x", "--format", "dot"], "with --since, --format is tree or json"),
    ] {
        let output = dig(args);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(expected) && error.trim_end().lines().count() == 1, "{args:?}: {error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_whole_circle_as_a_tree_each_once() {
    let output = dig(&["--embedded"]);
    let tree = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{tree}{}", text(&output.stderr));
    for line in [
        "route53:record-set Z0SHOP1EXAMPLE/www.shop.example/A",
        "elb:load-balancer awseb-e-s-AWSEBLoa-7G8H9I",
        "ec2:instance i-0a1b2c3d4e5f60001",
        "ec2:key-pair shop-deploy",
        "elasticbeanstalk:application shop",
    ] {
        let printed = tree.lines().filter(|it| it.ends_with(line)).count();
        assert_eq!(printed, 1, "{line} once in\n{tree}");
    }
    assert!(tree.contains('↑'), "a circle is marked");
}

#[test]
fn json_is_one_object_whose_edges_are_between_its_nodes() {
    let output = dig(&["--embedded", "shop-production", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(json["complete"], true);
    let nodes = json["nodes"].as_array().unwrap();
    assert!(nodes.len() >= 15, "{}", nodes.len());
    let ids: Vec<_> = nodes.iter().map(|node| &node["id"]).collect();
    for edge in json["edges"].as_array().unwrap() {
        assert!(ids.contains(&&edge["from"]) && ids.contains(&&edge["to"]) && edge["via"].is_string());
    }
    let environment = nodes.iter().find(|node| node["type"] == "elasticbeanstalk:environment").unwrap();
    assert_eq!(
        (&environment["account"], &environment["region"], &environment["outcome"]),
        (&"000000000000".into(), &"us-east-1".into(), &"found".into())
    );
    assert!(json["calls"]["route53:ListHostedZones"].is_u64());
}

#[test]
fn every_format_prints_something_of_its_own() {
    for (format, start) in [
        ("dot", "digraph resources {"),
        ("mermaid", "flowchart LR"),
        ("graphml", "<?xml version=\"1.0\""),
        ("cypher", "CREATE CONSTRAINT"),
        ("html", "<!doctype html>"),
    ] {
        let output = dig(&["--embedded", "--format", format]);
        let printed = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{format}: {}", text(&output.stderr));
        assert!(
            printed.starts_with(start) && printed.contains("shop-production"),
            "{format}: {printed:.200}"
        );
    }
}

#[test]
fn a_template_of_ones_own() {
    let folder = std::env::temp_dir().join(format!("dig-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("keys.txt");
    std::fs::write(
        &file,
        "{% for node in nodes if node.type == 'ec2:instance' %}{{ node.key }}\n{% endfor %}",
    )
    .unwrap();
    let output = dig(&["--embedded", "--template", file.to_str().unwrap()]);
    assert_eq!(text(&output.stdout), "i-0a1b2c3d4e5f60001\ni-0a1b2c3d4e5f60002\n");
    std::fs::write(&file, "{% for %}").unwrap();
    assert_eq!(dig(&["--embedded", "--template", file.to_str().unwrap()]).status.code(), Some(2));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_nothing_answers_to_is_status_1() {
    let output = dig(&["--embedded", "no-such-thing"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "dig: nothing answers to no-such-thing\n");
}

#[test]
fn each_term_that_finds_nothing_is_named() {
    let output = dig(&["--embedded", "shop-production", "no-such-thing", "shop-deploy", "nor=this"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "dig: nothing answers to no-such-thing, nor=this\n");
    assert!(text(&output.stdout).contains("ec2:key-pair shop-deploy"), "what was found is printed");
}

#[test]
fn what_changed_since_an_earlier_run() {
    let path = std::env::temp_dir().join(format!("tidegate-dig-since-{}.json", std::process::id()));
    let name = path.to_str().unwrap();
    let earlier = dig(&["--embedded", "--all", "--format", "json"]);
    std::fs::write(&path, &earlier.stdout).unwrap();
    let same = dig(&["--embedded", "--all", "--since", name]);
    assert_eq!((same.status.code(), text(&same.stdout)), (Some(0), String::new()), "{}", text(&same.stderr));

    // As if one had had another key pair, and there had been one more.
    let mut json: serde_json::Value = serde_json::from_slice(&earlier.stdout).unwrap();
    let nodes = json["nodes"].as_array_mut().unwrap();
    let instance = nodes.iter_mut().find(|node| node["type"] == "ec2:instance").unwrap();
    instance["model"]["KeyName"] = "another".into();
    let mut gone = instance.clone();
    gone["id"] = nodes.len().into();
    gone["key"] = "i-0gone".into();
    nodes.push(gone);
    std::fs::write(&path, json.to_string()).unwrap();
    let changed = dig(&["--embedded", "--all", "--since", name]);
    let lines = text(&changed.stdout);
    assert!(lines.contains("- ec2:instance i-0gone"), "{lines}{}", text(&changed.stderr));
    assert!(lines.contains("/KeyName: \"another\" -> \"shop-deploy\""), "{lines}");
    let as_json = dig(&["--embedded", "--all", "--since", name, "--format", "json"]);
    let diff: serde_json::Value = serde_json::from_slice(&as_json.stdout).unwrap();
    assert_eq!(
        (diff["removed"][0]["key"].as_str(), diff["added"].as_array().unwrap().len()),
        (Some("i-0gone"), 0)
    );
    std::fs::remove_file(path).unwrap();
}

#[test]
fn the_least_policy() {
    let output = dig(&["--policy"]);
    let policy: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let actions = policy["Statement"][0]["Action"].as_array().unwrap();
    assert!(
        actions.contains(&"s3:ListAllMyBuckets".into()) && actions.contains(&"ec2:DescribeInstances".into())
    );
    assert!(actions.iter().all(|action| !action.as_str().unwrap().starts_with("elasticloadbalancingv2")));
}
