//! The command line.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use tidegate_local_aws::{Builder, Error, Faults, Latency, Limits, LocalAws};

/// An AWS on one port of this machine, with AWS's documented limits, latency and faults.
#[derive(Debug, Parser)]
#[command(name = "tidegate-local-aws", version)]
pub struct Args {
    /// The port to listen on; 0 takes any that is free.
    #[arg(long, default_value = "4566", value_parser = port)]
    port: u16,
    /// The address to listen on. Whoever can reach it can do everything.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// The region of requests that do not name one.
    #[arg(long, default_value = "us-east-1")]
    pub region: String,
    /// What the services may be asked: `aws`, `none`, or a JSON file.
    #[arg(long, value_name = "aws|none|FILE", default_value = "aws")]
    limits: PathBuf,
    /// How long answers take: `aws`, `none`, or a JSON file.
    #[arg(long, value_name = "aws|none|FILE", default_value = "none")]
    latency: PathBuf,
    /// What goes wrong, and how often: a JSON file.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// The buckets, streams, queues and resources to start with: a JSON file.
    #[cfg(any(feature = "s3", feature = "kinesis", feature = "resources"))]
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// What latency and faults are drawn from; the same number repeats a run.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    random_seed: u64,
}

impl Args {
    /// Reads the command line. What is wrong is one line on standard error and exit status 2.
    pub fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                // Help or version: what was asked for.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            eprintln!("tidegate-local-aws: {}", one_line(&error.to_string()));
            ExitCode::from(2)
        })
    }

    /// What is to be started.
    pub fn builder(self) -> Result<Builder, Error> {
        let limits = match self.limits.to_str() {
            Some("aws") => Limits::aws(),
            Some("none") => Limits::none(),
            _ => Limits::from_file(&self.limits)?,
        };
        let latency = match self.latency.to_str() {
            Some("aws") => Latency::aws(),
            Some("none") => Latency::none(),
            _ => Latency::from_file(&self.latency)?,
        };
        let faults = self.faults.map_or_else(|| Ok(Faults::none()), Faults::from_file)?;
        Ok(LocalAws::builder()
            .limits(limits)
            .latency(latency)
            .faults(faults)
            .seed(self.random_seed)
            .region(self.region)
            .address(SocketAddr::new(self.bind, self.port)))
    }
}

fn port(value: &str) -> Result<u16, String> {
    value.parse().map_err(|_| "a port is a number from 0 to 65535".to_owned())
}

/// The problem and the hint of a message, without the usage below them.
fn one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let line = lines.collect::<Vec<_>>().join("; ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}
