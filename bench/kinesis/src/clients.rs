//! The clients of the embedded AWS, and what is read from it.

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_kinesis::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Builder;
use aws_types::SdkConfig;
use clap::Args;

/// A stream of the embedded AWS.
#[derive(Args, Clone, Debug)]
pub(crate) struct Target {
    /// Where it listens.
    #[arg(long)]
    pub(crate) endpoint_url: String,
    /// The stream.
    #[arg(long)]
    pub(crate) stream: String,
    /// How many records it has.
    #[arg(long)]
    pub(crate) records: u64,
}

impl Target {
    pub(crate) fn config(&self) -> SdkConfig {
        let credentials = Credentials::new("test", "test", None, None, "bench-kinesis");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&self.endpoint_url)
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Builder::new().build_http())
            .build()
    }

    pub(crate) fn kinesis(&self) -> aws_sdk_kinesis::Client {
        aws_sdk_kinesis::Client::new(&self.config())
    }
}
