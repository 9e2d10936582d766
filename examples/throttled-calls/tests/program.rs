//! The program as a shell sees it.

use std::process::{Command, Output};

fn throttled_calls(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throttled-calls"));
    // Nothing listens on port 9 of the loopback, and nothing else is asked.
    command
        .env_clear()
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    match command.envs(environment.iter().copied()).args(arguments).output() {
        Ok(output) => output,
        Err(error) => panic!("throttled-calls did not start: {error}"),
    }
}

/// Wrong input ends with status 2, and one line that says what is wrong.
fn refuses(arguments: &[&str], with: &str) {
    let output = throttled_calls(arguments, &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.contains(with), "{arguments:?}: {said}");
    assert_eq!(said.trim().lines().count(), 1, "{arguments:?}: {said}");
}

#[test]
fn wrong_input_is_refused_in_one_line() {
    refuses(&[], "--tasks");
    refuses(&["--tasks", "0", "--seconds", "1"], "'0'");
    refuses(&["--tasks", "1", "--seconds", "1", "--mode", "hope"], "'hope'");
    refuses(&["--tasks", "1", "--seconds", "1"], "no region");
}

/// Calls that fail at once must not keep the clock from being looked at.
#[test]
fn it_ends_in_time_though_every_call_fails() {
    let environment =
        [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
    let arguments = ["--tasks", "8", "--seconds", "1", "--mode", "none", "--json"];
    let output = throttled_calls(&arguments, &environment);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("\"ok\":0") && !said.contains("\"failed\":0"), "{said}");
}
