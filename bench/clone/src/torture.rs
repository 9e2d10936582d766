//! Clones that are killed at a random moment, and gone on with: nothing may be lost, and little be copied twice.

use std::{process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::{
    Result,
    data::Data,
    server::{Conditions, Server},
};

/// What the clone takes when nobody kills it, about.
const LIFE: Duration = Duration::from_secs(13);

/// The most objects that may be copied twice, in percent.
const TWICE: f64 = 2.0;

/// Kills a cloner so many times, each in a clone of its own; gives how many clones were not as they must be.
pub(crate) async fn bench(runs: u32) -> Result<usize> {
    let data = Data::Torture;
    println!(
        "| run | killed after s | accepted copies by then | of {} in all | copied twice | missing | |",
        data.objects()
    );
    println!("|---|---|---|---|---|---|---|");
    let (mut missed, mut worst) = (0, 0.0_f64);
    for run in 1..=runs {
        let moment = LIFE.mul_f64(fastrand::f64());
        let conditions = Conditions { data, writes: 3_500, copy_ms: 60, list_ms: 60, fault: None };
        let mut server = Server::start(conditions).await?;
        let mut first = cloner(&server)?;
        let began = Instant::now();
        let ended = tokio::select! {
            status = first.wait() => Some(status?),
            () = sleep(moment) => None,
        };
        first.start_kill().or_else(|error| if ended.is_some() { Ok(()) } else { Err(error) })?;
        first.wait().await?;
        let life = began.elapsed().as_secs_f64();
        let then = counted(&mut server, "accepted").await?;
        let second = cloner(&server)?.wait_with_output().await?;
        let (accepted, arrived) =
            (counted(&mut server, "accepted").await?, counted(&mut server, "arrived").await?);
        server.stop().await?;
        let missing = data.objects() - arrived;
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let twice = accepted.saturating_sub(arrived) as f64 * 100.0 / data.objects() as f64;
        let met = second.status.success() && missing == 0 && twice <= TWICE;
        missed += usize::from(!met);
        worst = worst.max(twice);
        println!(
            "| {run} | {life:.1}{} | {then} | {accepted} | {twice:.2} % | {missing} | {} |",
            if ended.is_some() { " (it had ended)" } else { "" },
            if met { "met" } else { "MISSED" },
        );
    }
    println!("\n{runs} runs, {missed} missed; at most {worst:.2} % copied twice");
    Ok(missed)
}

/// A cloner with a journal, in a process of its own.
fn cloner(server: &Server) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["clone", "--journal", "--endpoint-url", &server.endpoint_url]);
    Ok(command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?)
}

async fn counted(server: &mut Server, what: &str) -> Result<u64> {
    let counted: Value = server.counted().await?;
    counted[what].as_u64().ok_or_else(|| format!("the server does not count {what}").into())
}
