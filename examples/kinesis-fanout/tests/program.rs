//! The program as a shell sees it.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinesis-fanout"));
    let command = command.args(arguments).env("AWS_EC2_METADATA_DISABLED", "true").env_remove("AWS_REGION");
    match command.output() {
        Ok(output) => output,
        Err(error) => panic!("kinesis-fanout did not start: {error}"),
    }
}

/// Faults, a restart, and a target that is not there: nothing is lost and every key is in order, after a replay.
#[test]
fn the_demo_loses_nothing() {
    let output = run(&["demo", "--records", "2000"]);
    let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{text}{error}");
    assert!(text.contains("orders-for-9: 2"), "all of them are kept: {text}");
    let rows =
        text.lines().filter(|line| line.starts_with("orders-for-") && line.split_whitespace().count() == 5);
    let lost: Vec<_> = rows.filter_map(|line| line.split_whitespace().next_back()).collect();
    assert_eq!(lost, ["0"; 10], "{text}");
}

#[test]
fn wrong_input_is_told_in_one_line() {
    let cases: [(&[&str], &str); 4] = [
        (
            &["replay", "--to", "a", "--failures", "kept"],
            "invalid value 'kept' for '--failures <FAILURES>': kept is no place for failures; it is s3://BUCKET or \
             s3://BUCKET/PREFIX; see --help\n",
        ),
        (
            &["replay", "--to", "a", "--to", "a", "--failures", "s3://b"],
            "target a is given twice; see --help\n",
        ),
        (
            &["run", "--stream", "a", "--application", "x", "--to", "a", "--failures", "s3://b"],
            "a is read, and cannot be a target, too; see --help\n",
        ),
        (
            &["replay", "--to", "a", "--failures", "s3://b"],
            "no region: set AWS_REGION, or region in the profile\n",
        ),
    ];
    for (arguments, problem) in cases {
        let output = run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), error), (Some(2), format!("kinesis-fanout: {problem}").into()));
    }
}
