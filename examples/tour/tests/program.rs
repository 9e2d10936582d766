//! The program as a shell sees it.

use std::process::Command;

#[test]
fn it_takes_no_arguments() {
    let output = match Command::new(env!("CARGO_BIN_EXE_tour")).arg("--all").output() {
        Ok(output) => output,
        Err(error) => panic!("tour did not start: {error}"),
    };
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "tour: it takes no arguments, and --all is one\n");
}
