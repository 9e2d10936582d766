//! The contest: both tools in turn, each run with a server and a destination bucket of its own.

use std::process::Stdio;

use serde_json::Value;
use tokio::{process::Command, time::Instant};

use crate::{
    Result,
    case::Case,
    cpu,
    measured::Measured,
    memory::{self, Watch},
    s5cmd::S5cmd,
    server::{Conditions, Server},
};

/// What each tool made of one case.
pub(crate) struct Pair {
    pub(crate) clone: Measured,
    pub(crate) s5cmd: Option<Measured>,
}

/// Runs both tools in turn; the medians count.
pub(crate) async fn run(case: &Case, runs: Option<u32>, s5cmd: &S5cmd) -> Result<Pair> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..case.runs.or(runs).unwrap_or(3) {
        ours.push(once(case.conditions, cloner, true).await?);
        if case.has_rival {
            let syncs = case.conditions.data.is_equal();
            theirs.push(once(case.conditions, |url| Ok(s5cmd.command(url, syncs)), false).await?);
        }
    }
    Ok(Pair { clone: Measured::median(ours).ok_or("no runs")?, s5cmd: Measured::median(theirs) })
}

/// The command that is this program as the cloner.
fn cloner(endpoint_url: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["clone", "--endpoint-url", endpoint_url]);
    Ok(command)
}

async fn once(
    conditions: Conditions,
    tool: impl FnOnce(&str) -> Result<Command>,
    reports: bool,
) -> Result<Measured> {
    let mut server = Server::start(conditions).await?;
    let mut command = tool(&server.endpoint_url)?;
    // What a tool prints for each object must not cost this process time.
    let stdout = if reports { Stdio::piped() } else { Stdio::null() };
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null()).kill_on_drop(true);
    let (cpu, start) = (cpu::children(), Instant::now());
    let child = command.spawn()?;
    let memory = child.id().map(memory::watch);
    let output = child.wait_with_output().await?;
    let (seconds, cpu) =
        (start.elapsed().as_secs_f64(), cpu::children().zip(cpu).map(|(now, then)| now - then));
    let counted = server.counted().await?;
    server.stop().await?;
    let report = if reports { Some(serde_json::from_slice::<Value>(&output.stdout)?) } else { None };
    let megabytes = memory.map(Watch::end);
    Ok(Measured::new(conditions, (seconds, cpu, megabytes), &counted, report.as_ref()))
}
