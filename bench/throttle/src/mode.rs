//! [`Mode`]: who decides when a call may be sent.

use aws_sdk_kinesis::{
    Client,
    config::{
        Builder,
        retry::{RetryConfig, RetryPartition},
    },
};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use clap::ValueEnum;
use tidegate_local_aws::LocalAws;
use tidegate_throttle::{Adaptive, attach, aws, coordinator::DynamoDb};

use crate::Error;

/// Who decides when a call may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// `tidegate-throttle`, attached to the client.
    Throttle,
    /// `tidegate-throttle` with a coordinator on a DynamoDB table, for cases of more than one process.
    Coordinated,
    /// The SDK's adaptive retry mode.
    Adaptive,
    /// The SDK's standard retry mode, its default.
    Standard,
}

/// Where coordinators meet.
const TABLE: &str = "throttle";

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Coordinated => "coordinated",
            Self::Adaptive => "SDK adaptive",
            Self::Standard => "SDK standard",
        }
    }

    /// Whether there is a bar for it.
    pub(crate) fn is_judged(self) -> bool {
        matches!(self, Self::Throttle | Self::Coordinated)
    }

    /// Makes what the processes of this mode meet by.
    pub(crate) async fn prepare(self, aws: &LocalAws) -> Result<(), Error> {
        if self == Self::Coordinated { coordinator(aws).create_table().await } else { Ok(()) }
    }

    /// The client of a process, which shares nothing with that of another.
    pub(crate) fn client(self, aws: &LocalAws, process: u32) -> Client {
        let config = aws.sdk_config().to_builder().http_client(http_client()).build();
        let builder = Builder::from(&config);
        Client::from_conf(match self {
            Self::Throttle => attach!(builder.retry_config(aws::retry_config()), &Adaptive::new()).build(),
            Self::Coordinated => {
                let throttle = Adaptive::builder().coordinator(coordinator(aws)).build();
                attach!(builder.retry_config(aws::retry_config()), &throttle).build()
            }
            Self::Adaptive => {
                builder.retry_config(RetryConfig::adaptive()).retry_partition(own(aws, process)).build()
            }
            Self::Standard => {
                builder.retry_config(RetryConfig::standard()).retry_partition(own(aws, process)).build()
            }
        })
    }
}

/// Clients of one OS process share the SDK's retry quota and rate by the name of a partition.
fn own(aws: &LocalAws, process: u32) -> RetryPartition {
    RetryPartition::new(format!("{} {process}", aws.endpoint_url()))
}

fn coordinator(aws: &LocalAws) -> DynamoDb {
    let config = aws.sdk_config().to_builder().http_client(http_client()).build();
    DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), TABLE)
}

/// With connections of its own.
fn http_client() -> aws_sdk_kinesis::config::SharedHttpClient {
    let provider = tls::Provider::Rustls(CryptoMode::Ring);
    aws_smithy_http_client::Builder::new().tls_provider(provider).build_https()
}
