//! What the tests of SQS share: an embedded AWS without a socket, a client of it, and short ways to ask.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    config::retry::RetryConfig,
    error::{ProvideErrorMetadata, SdkError},
    types::{Message, MessageSystemAttributeName, QueueAttributeName},
};
use tidegate_local_aws::{LocalAws, SqsHandle};

/// An embedded AWS with one queue.
pub(crate) struct World {
    pub(crate) sqs: Client,
    pub(crate) handle: SqsHandle,
    #[allow(dead_code, reason = "it keeps the services; not every test sets conditions")]
    pub(crate) aws: LocalAws,
    pub(crate) queue: &'static str,
}

/// With one queue, without limits.
pub(crate) async fn world(queue: &'static str, attributes: &[(&str, &str)]) -> World {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let config = aws.sdk_config().into_builder().retry_config(RetryConfig::disabled()).build();
    let handle = aws.sqs();
    handle.create_queue(queue, attributes.iter().copied()).unwrap();
    World { sqs: Client::new(&config), handle, aws, queue }
}

/// The error code, or `success`.
#[allow(dead_code, reason = "not every test looks at errors")]
pub(crate) fn code<T, E: ProvideErrorMetadata>(result: &Result<T, SdkError<E>>) -> &str {
    match result {
        Ok(_) => "success",
        Err(error) => error.code().unwrap_or("none"),
    }
}

pub(crate) fn url(queue: &str) -> String {
    format!("http://127.0.0.1:0/000000000000/{queue}")
}

#[allow(dead_code, reason = "not every test asks everything")]
impl World {
    pub(crate) fn url(&self) -> String {
        url(self.queue)
    }

    /// Up to ten messages at once, with all that SQS tells of them.
    pub(crate) async fn receive(&self) -> Vec<Message> {
        self.poll(self.queue, 0).await
    }

    pub(crate) async fn poll(&self, queue: &str, wait: i32) -> Vec<Message> {
        let receive = self.sqs.receive_message().queue_url(url(queue)).max_number_of_messages(10);
        let receive = receive.wait_time_seconds(wait).message_attribute_names("All");
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        receive.send().await.unwrap().messages.unwrap_or_default()
    }

    pub(crate) async fn delete(&self, message: &Message) {
        let delete = self.sqs.delete_message().queue_url(self.url());
        delete.set_receipt_handle(message.receipt_handle.clone()).send().await.unwrap();
    }

    pub(crate) async fn attribute(&self, queue: &str, name: QueueAttributeName) -> Option<String> {
        let get = self.sqs.get_queue_attributes().queue_url(url(queue)).attribute_names(name.clone());
        get.send().await.unwrap().attributes?.remove(&name)
    }

    /// Visible, in flight, delayed.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let queue = self.handle.queue(self.queue).unwrap();
        (queue.visible, queue.in_flight, queue.delayed)
    }
}

#[allow(dead_code, reason = "not every test reads")]
pub(crate) fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body().unwrap()).collect()
}

#[allow(dead_code, clippy::needless_pass_by_value, reason = "not every test reads; the names are constants")]
pub(crate) fn system(message: &Message, name: MessageSystemAttributeName) -> Option<&str> {
    message.attributes()?.get(&name).map(String::as_str)
}

#[allow(dead_code, reason = "not every test waits")]
pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
