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
fn flags_that_do_not_fit_are_refused() {
    for (flags, with) in [
        (&["--workers", "2"][..], "--journal"),
        (&["--workers", "some", "--journal", "s3://j"], "a number from 1 on, or remote"),
        (&["--max-delete", "5"], "--delete"),
        (&["--versions", "--delete"], "--delete"),
        (&["--versions", "--journal", "s3://j"], "--journal"),
        (&["--compare", "hope"], "'hope'"),
        (&["--preserve", "acl,hope"], "'hope'"),
        (&["--include", "a[b"], "a[b"),
        (&["--journal", "j"], "must begin with s3://"),
        (&["--hints", "Cargo.toml"], "Cargo.toml holds no hints: it must be a JSON array of keys"),
        (&["--hints", "src"], "cannot read src"),
        (&["--hints", "h", "--journal", "s3://j", "--workers", "2"], "--workers"),
    ] {
        refuses(&[&["s3://src", "s3://dst"], flags].concat(), with);
    }
    for (flags, with) in [
        (&["--dry-run", "--journal", "s3://j/x"][..], "nothing to keep in a journal"),
        (&["--delete", "--compare", "always"], "nothing can be deleted"),
        (&["--journal", "s3://story-clone/x"], "in what is cloned"),
        (&["--delete", "--journal", "s3://j", "--workers", "2"], "workers delete nothing"),
        (&["--versions", "--compare", "etag"], "versions cannot be cloned with another comparison"),
        (&["--versions", "--verify", "checksums"], "proves what is current"),
        (&["--source-owner", "me"], "\"me\" of story is no account: it has 12 digits"),
        (&["--destination-owner", "12"], "\"12\" of story-clone is no account"),
    ] {
        refuses(&[&["--embedded"], flags].concat(), with);
    }
}

#[test]
fn buckets_of_others_are_refused() {
    let flags = ["--embedded", "--requester-pays", "--source-owner", "111122223333"];
    let output = clone_bucket(&flags);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the bucket story is expected to belong to the account 111122223333"), "{said}");
    let ours = ["--source-owner", "000000000000", "--destination-owner", "000000000000"];
    let report = embedded(&[&ours[..], &["--requester-pays", "--include", "group-00?/*"]].concat());
    assert_eq!(report["outcome"], "complete");
}

fn embedded(flags: &[&str]) -> serde_json::Value {
    let output = clone_bucket(&[&["--embedded", "--json"], flags].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{flags:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{flags:?}: {error}"))
}

#[test]
fn hints_are_written_and_read() {
    let file = std::env::temp_dir().join(format!("clone-bucket-hints-{}.json", std::process::id()));
    let path = file.to_str().unwrap_or_default();
    let listed =
        |flags: &[&str]| embedded(&[&["--dry-run", "--hints", path], flags].concat())["listed"].as_u64();
    assert_eq!(listed(&[]), Some(7_500));
    let hints = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(hints.starts_with("[\"group-") && hints.ends_with("\"]"), "enough pages for one hint: {hints}");
    // The wrong ones cost requests, and nothing else.
    let wrong = std::fs::write(
        &file,
        r#"["z", "", "group-100", "group-100", "\u0001", "a/b"]"#.replace(r#""", "#, ""),
    );
    assert!(wrong.is_ok() && listed(&[]) == Some(7_500));
    let again = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(again.starts_with("[\"group-"), "better ones are written: {again}");
    let _ = std::fs::remove_file(&file);
}

#[test]
fn a_clone_is_filtered_kept_and_verified() {
    let report = embedded(&[
        "--include",
        "group-00?/*",
        "--exclude",
        "*5",
        "--verify",
        "checksums",
        "--journal",
        "s3://jobs/x",
    ]);
    assert_eq!(report["outcome"], "complete");
    let copied = report["copied"].as_u64();
    assert_eq!(report["listed"].as_u64(), copied);
    assert!(copied > Some(100) && report["left_out"].as_u64() == copied.map(|copied| 7_500 - copied));
    assert_eq!((&report["verified"]["whole"], report["verified"]["same"].as_u64()), (&true.into(), copied));
    assert!(report["requests"]["journal"].as_u64() > Some(5));
}

#[test]
fn what_is_preserved_is_looked_at() {
    let report = embedded(&["--include", "group-00?/*", "--preserve", "kms,acl", "--preserve", "lock"]);
    let (copied, requests) = (report["copied"].as_u64(), &report["requests"]);
    assert!(copied > Some(100));
    assert_eq!((requests["head"].as_u64(), requests["acl"].as_u64()), (copied, copied));
}

#[test]
fn versions_are_cloned() {
    let report = embedded(&["--include", "group-00?/*", "--versions", "--verify", "relist"]);
    let copied = report["copied"].as_u64();
    assert!(copied > Some(100) && copied == report["listed"].as_u64());
    assert_eq!((report["delete_markers"].as_u64(), &report["verified"]["whole"]), (Some(0), &true.into()));
}

#[test]
fn a_dry_run_says_what_would_be() {
    let report = embedded(&["--dry-run", "--delete", "--include", "group-00*"]);
    assert_eq!((report["copied"].as_u64(), report["requests"]["copy"].as_u64()), (Some(0), Some(0)));
    assert!(report["not_attempted"].as_u64() > Some(100));
}

#[test]
fn workers_of_this_process_share_a_clone() {
    let report = embedded(&[
        "--workers",
        "2",
        "--journal",
        "s3://jobs",
        "--include",
        "group-01*",
        "--verify",
        "relist",
    ]);
    assert_eq!((&report["outcome"], &report["verified"]["whole"]), (&"complete".into(), &true.into()));
    assert_eq!(report["counts"]["copied"], report["verified"]["same"]);
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
