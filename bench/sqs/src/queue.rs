//! [`Queue`]: a queue of the embedded AWS.

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Region},
    types::{QueueAttributeName, SendMessageBatchRequestEntry},
};
use aws_smithy_http_client::Builder;
use aws_types::SdkConfig;

use crate::Result;

/// A queue of the embedded AWS.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) client: Client,
    pub(crate) url: String,
}

impl Queue {
    pub(crate) fn new(endpoint_url: &str, name: &str) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "bench-sqs");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint_url)
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Builder::new().build_http())
            .build();
        Self { client: Client::new(&config), url: format!("{endpoint_url}/000000000000/{name}") }
    }

    /// With this visibility timeout, in seconds.
    pub(crate) async fn create(endpoint_url: &str, name: &str, visibility: u64) -> Result<Self> {
        let queue = Self::new(endpoint_url, name);
        let create = queue.client.create_queue().queue_name(name);
        create.attributes(QueueAttributeName::VisibilityTimeout, visibility.to_string()).send().await?;
        Ok(queue)
    }

    /// So many messages of this size, ten in a call. Their bodies begin with a number, from `first` on.
    pub(crate) async fn send(&self, first: u64, messages: u64, bytes: usize) -> Result<()> {
        let numbers: Vec<_> = (first..first + messages).collect();
        for chunk in numbers.chunks(10) {
            let entries = chunk.iter().map(|number| {
                let body = format!("{number} {}", "x".repeat(bytes.saturating_sub(8)));
                SendMessageBatchRequestEntry::builder().id(number.to_string()).message_body(body).build()
            });
            let entries = entries.collect::<std::result::Result<Vec<_>, _>>()?;
            let send = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let answer = send.send().await?;
            if let Some(failed) = answer.failed.first() {
                return Err(format!("a message was not sent: {}", failed.code).into());
            }
        }
        Ok(())
    }
}
