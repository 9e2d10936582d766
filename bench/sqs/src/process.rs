//! The processes that the bench starts of itself.

use std::{
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, Command},
};

use crate::{
    Measured, Result,
    case::{Case, Run},
    queue::Queue,
};

/// The embedded AWS in a process of its own. Dropped, it ends.
pub(crate) struct Server {
    pub(crate) endpoint_url: String,
    queues: AtomicU32,
    _child: Child,
    /// The server serves until this is closed.
    stdin: ChildStdin,
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let mut child =
            this()?.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no standard output")?;
        let endpoint_url =
            BufReader::new(stdout).lines().next_line().await?.ok_or("the server did not start")?;
        let stdin = child.stdin.take().ok_or("the server has no standard input")?;
        Ok(Self { endpoint_url, queues: AtomicU32::new(0), _child: child, stdin })
    }

    /// A new queue with so many messages.
    pub(crate) async fn fill(&self, case: Case, messages: u64) -> Result<Run> {
        let name = format!("queue-{}", self.queues.fetch_add(1, Relaxed));
        let queue = Queue::create(&self.endpoint_url, &name, 60).await?;
        queue.send(0, messages, case.bytes).await?;
        let endpoint_url = self.endpoint_url.clone();
        Ok(Run { endpoint_url, queue: name, messages, handler: case.handler })
    }

    /// Messages of a queue that may be in flight.
    pub(crate) async fn limit(&mut self, queue: &str, most: usize) -> Result<()> {
        Ok(self.stdin.write_all(format!("limit {queue} {most}\n").as_bytes()).await?)
    }
}

/// Runs one side, and hears what it took.
pub(crate) async fn run(part: &str, run: &Run) -> Result<Measured> {
    let output = this()?
        .arg(part)
        .args(["--endpoint-url", &run.endpoint_url, "--queue", &run.queue])
        .args(["--messages", &run.messages.to_string(), "--handler", &run.handler.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .await?;
    if !output.status.success() {
        return Err(format!("{part} ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

pub(crate) fn this() -> Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}
