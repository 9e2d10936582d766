//! [`Server`]: the handle of the server's process.

use std::process::Stdio;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::Conditions;
use crate::Result;

/// A server in a process of its own; dropped, it is killed.
pub(crate) struct Server {
    process: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    pub(crate) endpoint_url: String,
}

impl Server {
    pub(crate) async fn start(conditions: Conditions) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let Conditions { data, writes, copy_ms, list_ms, .. } = conditions;
        command.args(["serve", "--data", data.name()]);
        let numbers = [("--writes", u64::from(writes)), ("--copy-ms", copy_ms), ("--list-ms", list_ms)];
        for (name, number) in numbers {
            command.args([name, &number.to_string()]);
        }
        if let Some(mode) = conditions.fault {
            command.args(["--fault", mode.name()]);
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let (Some(questions), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("the server has no pipes".into());
        };
        let mut answers = BufReader::new(answers).lines();
        let endpoint_url = answers.next_line().await?.ok_or("the server did not start")?;
        Ok(Self { process, questions, answers, endpoint_url })
    }

    /// What it counted so far.
    pub(crate) async fn counted(&mut self) -> Result<Value> {
        self.questions.write_all(b"count\n").await?;
        let line = self.answers.next_line().await?.ok_or("the server has ended")?;
        Ok(serde_json::from_str(&line)?)
    }

    pub(crate) async fn stop(self) -> Result<()> {
        let Self { mut process, questions, .. } = self;
        drop(questions);
        process.wait().await?;
        Ok(())
    }
}
