//! The program `tidegate-local-aws`: an AWS on one port of this machine.

// What the binary names comes from the library and from the feature `cli`.
#![allow(unreachable_pub, reason = "the modules of a binary have no public API")]

#[path = "program/args.rs"]
mod args;
#[cfg(any(feature = "s3", feature = "kinesis", feature = "resources"))]
#[path = "program/seed.rs"]
mod seed;

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use tracing_subscriber::EnvFilter;

use self::args::Args;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(status) => return status,
    };
    // The S3 protocol crate logs as errors what a client did wrong, which the client is told already. Internal
    // errors are logged by the services themselves.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error,s3s=off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidegate-local-aws: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let region = args.region.clone();
    #[cfg(any(feature = "s3", feature = "kinesis", feature = "resources"))]
    let seed = args.seed.as_deref().map(seed::Seed::read).transpose()?;
    let aws = args.builder()?.start().await?;
    #[cfg(any(feature = "s3", feature = "kinesis", feature = "resources"))]
    if let Some(seed) = seed {
        seed.plant(&aws)?;
    }
    let stop = StopSignals::watch()?;
    announce(&aws.endpoint_url(), &region);
    stop.requested().await;
    aws.shutdown().await;
    Ok(())
}

/// Says where it listens and how to point a client at it.
fn announce(url: &str, region: &str) {
    let lines = format!(
        "tidegate-local-aws listens on {url}\n\
         export AWS_ENDPOINT_URL={url}\n\
         export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\n\
         export AWS_REGION={region} AWS_DEFAULT_REGION={region}\n"
    );
    // A reader that has gone away is no reason to stop.
    let _ = io::stdout().write_all(lines.as_bytes()).and_then(|()| io::stdout().flush());
}

/// SIGINT and SIGTERM, watched from before the program says that it is ready.
#[cfg(unix)]
struct StopSignals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignals {
    fn watch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn requested(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct StopSignals;

#[cfg(not(unix))]
impl StopSignals {
    fn watch() -> io::Result<Self> {
        Ok(Self)
    }

    async fn requested(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
