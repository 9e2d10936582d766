//! The listing alone, against one serial walk of the same bucket.

use std::process::Stdio;

use serde::Deserialize;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::{
    Result,
    data::Data,
    server::{Conditions, Server},
};

/// What a listing takes, in milliseconds.
const LIST_MS: u64 = 200;

/// As the cloner's default.
const IN_FLIGHT: usize = 64;

/// A shape of keys, and how its listing must be, measured by one serial walk.
struct Shape {
    name: &'static str,
    data: Data,
    faster: f64,
    requests: f64,
}

const SHAPES: [Shape; 3] = [
    Shape { name: "one flat prefix", data: Data::FlatMillion, faster: 20.0, requests: 1.6 },
    Shape { name: "one hot prefix of 90 %", data: Data::HotMillion, faster: 12.0, requests: 3.5 },
    Shape { name: "200,000 prefixes", data: Data::PrefixesMillion, faster: 20.0, requests: 1.6 },
];

/// What a listing took, as the process that listed says.
#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "listed")]
    keys: u64,
    complete: bool,
    requests: u64,
    seconds: f64,
    hints: Vec<String>,
}

/// Lists each shape by one serial walk, without hints, and with those of the run before; gives how many bars were missed.
pub(crate) async fn bench() -> Result<usize> {
    // They wait nearly all of the time, so that they may do so together.
    let [one, two, three] = SHAPES.map(|shape| list(shape.data, 1, Vec::new()));
    let (one, two, three) = tokio::try_join!(one, two, three)?;
    println!(
        "| a million keys | serial walk: s, requests | in segments: s, requests | times as fast | times the requests \
         | with hints: s, requests | bar |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut missed = 0;
    for (Shape { name, data, faster, requests }, serial) in SHAPES.into_iter().zip([one, two, three]) {
        let ours = list(data, IN_FLIGHT, Vec::new()).await?;
        let again = list(data, IN_FLIGHT, ours.hints.clone()).await?;
        let is_whole = |it: &Listed| it.complete && it.keys == data.objects();
        let times = serial.seconds / ours.seconds;
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let cost = ours.requests as f64 / serial.requests as f64;
        let met = times >= faster && cost <= requests && [&serial, &ours, &again].into_iter().all(is_whole);
        missed += usize::from(!met);
        println!(
            "| {name} | {:.1}, {} | {:.2}, {} | {times:.1} | {cost:.2} | {:.2}, {} | ≥ {faster} times, ≤ {requests}: {} |",
            serial.seconds,
            serial.requests,
            ours.seconds,
            ours.requests,
            again.seconds,
            again.requests,
            if met { "met" } else { "MISSED" },
        );
    }
    Ok(missed)
}

/// Lists a bucket of a server of its own, in a process of its own.
async fn list(data: Data, in_flight: usize, hints: Vec<String>) -> Result<Listed> {
    let server =
        Server::start(Conditions { data, writes: 3_500, copy_ms: 60, list_ms: LIST_MS, fault: None }).await?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["list", "--endpoint-url", &server.endpoint_url, "--in-flight", &in_flight.to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(hints.join("\n").as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    server.stop().await?;
    Ok(serde_json::from_slice(&output.stdout)?)
}
