//! The program: what it says, and how it ends.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    fs,
    io::{BufRead, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tidegate-local-aws"))
}

/// A file of its own for each test.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
#[cfg(feature = "s3")]
fn a_bad_seed_is_one_clear_line() {
    let seed = file("bad-seed.json", r#"{"buckets":[{"name":"src","generate":{"objects":0}}]}"#);
    let seed = seed.to_str().unwrap();
    let line = refused(&["--port", "0", "--seed", seed]);
    assert!(line.contains(seed) && line.contains("\"objects\" must be at least 1"), "{line}");
}

#[test]
#[cfg(feature = "kinesis")]
fn a_bad_stream_of_the_seed_is_one_clear_line() {
    for (name, seed, expected) in [
        ("no-shards.json", r#"{"streams":[{"name":"s","shards":0}]}"#, "\"shards\" must be at least 1"),
        ("no-name.json", r#"{"streams":[{"name":"s t"}]}"#, "stream \"s t\": ValidationException"),
    ] {
        let seed = file(name, seed);
        let line = refused(&["--port", "0", "--seed", seed.to_str().unwrap()]);
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
#[cfg(feature = "sqs")]
fn a_bad_queue_of_the_seed_is_one_clear_line() {
    let policy =
        r#"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":1}"#;
    let early = format!(r#"{{"queues":[{{"name":"q","attributes":{{"RedrivePolicy":"{policy}"}}}}]}}"#);
    for (name, seed, expected) in [
        ("bad-queue-name.json", r#"{"queues":[{"name":"q q"}]}"#, "queue \"q q\": InvalidParameterValue"),
        ("no-dead-letter-queue.json", &early, "Dead letter target does not exist"),
    ] {
        let seed = file(name, seed);
        let line = refused(&["--port", "0", "--seed", seed.to_str().unwrap()]);
        assert!(line.contains(expected), "{line}");
    }
}

/// Runs it on bad input: the one line that it writes.
fn refused(arguments: &[&str]) -> String {
    let output = program().args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("tidegate-local-aws: "), "{text}");
    text
}

#[test]
fn bad_input_is_one_clear_line() {
    let unknown = file("unknown-field.json", r#"{"limits":[{"service":"s3","actions":["*"],"refil":1}]}"#);
    let unknown = unknown.to_str().unwrap();
    let broken = file("broken.json", "{");
    let broken = broken.to_str().unwrap();
    for (arguments, expected) in [
        (&["--port", "high"][..], &["'high'", "--port", "a number from 0 to 65535"][..]),
        (&["--port", "65536"], &["'65536'", "a number from 0 to 65535"]),
        (&["--limit", "aws"], &["'--limit'", "'--limits'"]),
        (&["extra"], &["'extra'"]),
        (&["--limits", "/no/such/file"], &["cannot read /no/such/file"]),
        (&["--limits", unknown], &[unknown, "unknown field `refil`", "`refill`"]),
        (&["--latency", unknown], &[unknown, "unknown field `limits`"]),
        (&["--faults", broken], &[broken, "EOF"]),
        (&["--bind", "everywhere"], &["'everywhere'", "--bind"]),
    ] {
        let line = refused(arguments);
        for part in expected {
            assert!(line.contains(part), "{arguments:?}: {line}");
        }
    }
}

#[test]
fn a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let line = refused(&["--port", &port]);
    assert!(line.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{line}");
}

#[test]
#[cfg(unix)]
fn it_says_where_it_listens_and_stops_when_told() {
    let mut running = program().args(["--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let url = first.strip_prefix("tidegate-local-aws listens on ").unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(lines.next().unwrap().unwrap(), format!("export AWS_ENDPOINT_URL={url}"));
    let id = running.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(0));
}

#[test]
#[cfg(all(unix, feature = "s3"))]
fn what_a_client_does_wrong_is_not_logged() {
    let mut command = program();
    command.args(["--port", "0"]).env_remove("RUST_LOG").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let mut client = TcpStream::connect(first.rsplit_once('/').unwrap().1).unwrap();
    // The other lines are read before their reader goes away.
    assert_eq!(lines.by_ref().take(3).count(), 3);
    client.write_all(b"GET /unsigned/ HTTP/1.1\r\nhost: s3\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap().success());
    let output = running.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
#[cfg(feature = "resources")]
fn bad_resources_of_the_seed_are_one_clear_line() {
    for (name, seed, expected) in [
        ("no-id.json", r#"{"resources":{"instances":[{}]}}"#, r#""instances": one has no "id""#),
        (
            "two-ids.json",
            r#"{"resources":{"vpcs":[{"id":"vpc-1"},{"id":"vpc-1"}]}}"#,
            r#""vpcs": two have the id "vpc-1""#,
        ),
        ("no-type.json", r#"{"resources":{"servers":[]}}"#, "unknown field `servers`"),
        (
            "no-field.json",
            r#"{"resources":{"instances":[{"id":"i-1","colour":"red"}]}}"#,
            "unknown field `colour`",
        ),
        ("no-list.json", r#"{"resources":[{"id":"i-1"}]}"#, "invalid type"),
        ("no-story.json", r#"{"story":"yes"}"#, "invalid type: string \"yes\""),
        ("no-size.json", r#"{"generate":{"instances":-1}}"#, "invalid value: integer `-1`"),
        ("no-sizes.json", r#"{"generate":{"servers":1}}"#, "unknown field `servers`"),
        ("no-seed.json", r#"{"storey":true}"#, "unknown field `storey`"),
    ] {
        let seed = file(name, seed);
        let seed = seed.to_str().unwrap();
        let line = refused(&["--port", "0", "--seed", seed]);
        assert!(line.contains(seed) && line.contains(expected), "{line}");
    }
    let twice = r#"{"story":true,"resources":{"instances":[{"id":"i-0a1b2c3d4e5f60001"}]}}"#;
    let line = refused(&["--port", "0", "--seed", file("twice.json", twice).to_str().unwrap()]);
    assert!(line.contains(r#""instances": two have the id "i-0a1b2c3d4e5f60001""#), "{line}");
}

/// What EC2 answers to an action in a region.
#[cfg(feature = "resources")]
fn ec2(address: &str, region: &str, action: &str) -> String {
    let body = format!("Action={action}&Version=2016-11-15");
    let credential = format!("test/20260101/{region}/ec2/aws4_request");
    let mut client = TcpStream::connect(address).unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\
         authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0\r\n\r\n{body}",
        body.len()
    );
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

#[test]
#[cfg(all(unix, feature = "resources"))]
fn the_resources_of_the_seed_are_there() {
    let one = r#"{"instances":[{"id":"i-00000000000000001","key_name":"deploy"}]}"#;
    for (name, seed, instances, keys) in [
        ("resources.json", format!(r#"{{"resources":{one}}}"#), &["i-00000000000000001"][..], 0),
        ("story.json", r#"{"story":true}"#.to_owned(), &["i-0a1b2c3d4e5f60001", "i-0a1b2c3d4e5f60002"], 1),
        ("none.json", r#"{"story":false}"#.to_owned(), &[], 0),
        ("generate.json", r#"{"generate":{"instances":3,"others":2}}"#.to_owned(), &["i-", "i-", "i-"], 2),
        (
            "all.json",
            format!(r#"{{"resources":{one},"story":true,"generate":{{"instances":1,"others":4}}}}"#),
            &["i-00000000000000001", "i-0a1b2c3d4e5f60001", "i-0a1b2c3d4e5f60002", "i-"],
            5,
        ),
    ] {
        let seed = file(name, &seed);
        let mut command = program();
        command.args(["--port", "0", "--seed", seed.to_str().unwrap()]).stdout(Stdio::piped());
        let mut running = command.spawn().unwrap();
        let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        // The other lines are read before their reader goes away.
        assert_eq!(lines.by_ref().take(3).count(), 3);
        let address = first.rsplit_once('/').unwrap().1;
        let (told, pairs) =
            (ec2(address, "us-east-1", "DescribeInstances"), ec2(address, "us-east-1", "DescribeKeyPairs"));
        assert_eq!(told.matches("<instanceId>").count(), instances.len(), "{name}");
        for id in instances {
            assert!(told.contains(&format!("<instanceId>{id}")), "{name}: {told}");
        }
        assert_eq!(pairs.matches("<keyName>").count(), keys, "{name}");
        let elsewhere = ec2(address, "eu-west-1", "DescribeInstances");
        assert_eq!(elsewhere.matches("<instanceId>").count(), 0, "another region has none");
        assert!(Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap().success());
        assert_eq!(running.wait().unwrap().code(), Some(0));
    }
}
