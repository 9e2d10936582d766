//! The program as a shell sees it.

use std::process::{Command, Output};

fn clone_bucket(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clone-bucket"));
    // Nothing listens on port 9 of the loopback, and nothing else is asked.
    command
        .env_clear()
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1");
    match command.args(arguments).output() {
        Ok(output) => output,
        Err(error) => panic!("clone-bucket did not start: {error}"),
    }
}

/// Wrong input ends with status 2, and one line that says what is wrong.
fn refuses(arguments: &[&str], with: &str) {
    ends(arguments, 2, with);
}

fn ends(arguments: &[&str], status: i32, with: &str) {
    let output = clone_bucket(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    assert!(said.contains(with), "{arguments:?}: {said}");
    assert_eq!(said.trim().lines().count(), 1, "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn wrong_input_is_refused_in_one_line() {
    refuses(&[], "s3://SRC[/PREFIX]");
    refuses(&["s3://src"], "s3://DST[/PREFIX]");
    refuses(&["src", "s3://dst"], "must begin with s3://");
    refuses(&["s3://src", "s3:///prefix"], "a bucket must follow");
    refuses(&["s3://src", "s3://dst", "--verify", "hope"], "'hope'");
}

#[test]
fn flags_that_are_not_there_yet_are_refused() {
    for flag in ["--journal", "--delete", "--dry-run", "--workers"] {
        refuses(&["s3://src", "s3://dst", flag], flag);
    }
}

#[test]
fn a_server_that_does_not_answer_is_named_as_such() {
    ends(&["s3://src", "s3://dst"], 1, "cannot reach S3");
}

#[test]
fn help_is_no_error() {
    let output = clone_bucket(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("--verify"));
}
