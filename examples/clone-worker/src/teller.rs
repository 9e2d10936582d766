//! [`Teller`]: tells the queue of segments that are cut off, where the journal's bucket does not.

use std::error::Error;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use tidegate_clone::{Announce, SegmentRequest};

/// Tells the queue of segments that are cut off, where the journal's bucket does not.
#[derive(Debug)]
pub(crate) struct Teller {
    pub(crate) client: Client,
    pub(crate) queue_url: String,
}

#[async_trait]
impl Announce for Teller {
    async fn announce(&self, request: &SegmentRequest) -> Result<(), Box<dyn Error + Send + Sync>> {
        let body = serde_json::to_string(request)?;
        self.client.send_message().queue_url(&self.queue_url).message_body(body).send().await?;
        Ok(())
    }
}
