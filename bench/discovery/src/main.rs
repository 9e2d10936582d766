//! Walks a graph of resources behind an API that has a limit, in four ways: time is virtual, and so exact.

mod api;
mod graph;
mod memory;
mod ours;
mod rivals;

use std::{process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;

use self::{api::Api, graph::Graph, memory::Memory};

#[derive(Parser)]
#[command(name = "bench-discovery", about = "Compares ways to walk a graph behind a limited API.")]
struct Args {
    /// How many resources there are.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    nodes: u32,
    /// Only ours: for graphs that the others take too long for.
    #[arg(long)]
    ours: bool,
    /// What the graph is made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What a walk took.
struct Took {
    found: usize,
    time: Duration,
    /// Bytes that became resident, models included, where they were counted.
    bytes: Option<f64>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let graph = Arc::new(Graph::new(args.nodes, args.seed));
    println!(
        "{} resources that refer to {} others each; {} ids a call, {} ms a call, {} calls at once, then {} a second",
        args.nodes,
        graph::DEGREE,
        api::AT_ONCE,
        api::LATENCY.as_millis(),
        api::BURST,
        api::RATE
    );
    let least = graph.reachable().div_ceil(api::AT_ONCE);
    let least_time = api::least_time(least);
    println!("the least: {least} calls, {least_time:.1} s\n");
    println!("| | calls | throttled | virtual s | of the least | bytes a node | real s |");
    println!("|---|---|---|---|---|---|---|");
    // Taken first, before anything has been freed that could be taken again.
    let models = Memory::of(|| (0..args.nodes).map(ours::model).collect::<Vec<_>>());
    let mut whole = true;
    let mut run = |name: &str, walk: &dyn Fn(Arc<Api>) -> Took| {
        let api = Arc::new(Api::new(Arc::clone(&graph)));
        #[allow(clippy::disallowed_methods, reason = "a measurement")]
        let began = std::time::Instant::now();
        let Took { found, time, bytes } = walk(Arc::clone(&api));
        // What is kept for each beside its model.
        let bytes = bytes.zip(models.bytes).map(|(bytes, models)| (bytes - models) / f64::from(args.nodes));
        let (calls, throttled) = api.counts();
        let bytes = bytes.map_or_else(String::new, |bytes| format!("{bytes:.0}"));
        #[allow(clippy::disallowed_methods, reason = "a measurement")]
        let real = began.elapsed().as_secs_f64();
        let ratio = time.as_secs_f64() / least_time.max(0.03);
        println!(
            "| {name} | {calls} | {throttled} | {:.1} | {ratio:.2} | {bytes} | {real:.1} |",
            time.as_secs_f64()
        );
        whole &= found == graph.reachable();
    };
    run("tidegate, the limit unknown", &|api| ours::walk(&api, false));
    run("tidegate, the limit documented", &|api| Took { bytes: None, ..ours::walk(&api, true) });
    if !args.ours {
        run("rounds with a barrier", &|api| rivals::rounds(&api));
        run("a dataloader with a window of 1 ms", &|api| rivals::dataloader(&api));
        run("a task for each id", &|api| rivals::task_per_id(&api));
    }
    if whole {
        return ExitCode::SUCCESS;
    }
    eprintln!("bench-discovery: one of them did not find all");
    ExitCode::FAILURE
}
