//! Prints what the adaptive throttle costs, each with its bar; exit status 1 if one is missed.

use std::process::ExitCode;

use bench_overhead::{
    Error,
    acquire::{self, Callers},
    call::{self, Layer},
    instructions, parked,
    server::{self, Server},
};
use clap::{Parser, Subcommand};

/// Measures what the adaptive throttle costs a caller. Takes about two minutes, and needs valgrind.
#[derive(Parser)]
struct Args {
    /// How often each instruction count is made; the median is shown.
    #[arg(long, default_value_t = 5)]
    runs: u32,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// The server of the measured calls.
    #[command(hide = true)]
    Serve,
    /// The callers whose heap is counted.
    #[command(hide = true)]
    Park { callers: u32 },
    /// The calls that are counted.
    #[command(hide = true)]
    Call { layer: Layer, times: u32, endpoint: Option<String> },
}

fn main() -> Result<ExitCode, Error> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match args.command {
        Some(Command::Serve) => runtime.block_on(server::serve())?,
        Some(Command::Call { layer, times, endpoint }) => {
            runtime.block_on(call::send(layer, times, endpoint.as_deref()))?;
        }
        Some(Command::Park { callers }) => {
            parked::park(callers, || 0)?;
        }
        None => return table(args.runs),
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether one of the lines has missed its bar.
#[derive(Default)]
struct Table {
    missed: bool,
}

impl Table {
    fn line(&mut self, what: &str, measured: &str, bar: &str, met: bool) {
        println!("{what:<52} {measured:>24} {bar:>12}  {}", if met { "met" } else { "MISSED" });
        self.missed |= !met;
    }

    /// A line to compare with, which has no bar.
    fn other(what: &str, measured: &str) {
        println!("{what:<52} {measured:>24}");
    }
}

fn table(runs: u32) -> Result<ExitCode, Error> {
    println!("{:<52} {:>24} {:>12}", "", "measured", "bar");
    let mut table = Table::default();
    times(&mut table)?;
    waits(&mut table)?;
    let server = Server::start()?;
    for (client, endpoint) in [("hyper", Some(server.endpoint())), ("in process", None)] {
        calls(&mut table, client, endpoint, runs)?;
    }
    Ok(if table.missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn times(table: &mut Table) -> Result<(), Error> {
    for callers in Callers::ALL {
        let taken = acquire::nanoseconds(callers)?;
        let (what, measured) = (format!("acquire and finish, {}", callers.name()), format!("{taken} ns"));
        // The bar is for callers who are not in each other's way.
        match callers {
            Callers::One => table.line(&what, &measured, "500 ns", taken <= 500),
            _ => Table::other(&what, &measured),
        }
    }
    Ok(())
}

fn waits(table: &mut Table) -> Result<(), Error> {
    let bytes = parked::bytes_per_caller()?;
    table.line(
        "10,000 callers parked, heap of each",
        &format!("{bytes} bytes"),
        "1,024 bytes",
        bytes <= 1_024,
    );
    for (callers, name) in [(1_000, "1,000"), (10_000, "10,000")] {
        let polls = parked::park(callers, || 0)?.centipolls;
        let measured = format!("{}.{:02} polls", polls / 100, polls % 100);
        table.line(&format!("{name} callers released, each"), &measured, "3 polls", polls <= 300);
    }
    Ok(())
}

fn calls(table: &mut Table, client: &str, endpoint: Option<&str>, runs: u32) -> Result<(), Error> {
    let counts = instructions::per_call(&[Layer::None, Layer::Attach, Layer::SdkConfig], endpoint, runs)?;
    let [plain, layered @ ..] = counts.as_slice() else { return Ok(()) };
    for (layer, count) in ["attach!", "sdk_config"].iter().zip(layered) {
        let more = i128::from(*count) - i128::from(*plain);
        let hundredths = more * 10_000 / i128::from((*plain).max(1));
        let sign = if hundredths < 0 { "-" } else { "+" };
        let (percent, rest) = (hundredths.abs() / 100, hundredths.abs() % 100);
        let what = format!("instructions per call, {client}, {layer}");
        let measured = format!("{plain} {more:+} = {sign}{percent}.{rest:02} %");
        // The bar is for what a service has: an HTTP client.
        if endpoint.is_some() {
            table.line(&what, &measured, "+3 %", hundredths <= 300);
        } else {
            Table::other(&what, &measured);
        }
    }
    Ok(())
}
