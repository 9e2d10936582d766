//! SQS: the queue.
//!
//! Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>

use super::{CallHint, MOST, resource};
use crate::aws::document::{head, member};

/// The name at the end of the URL.
pub(super) fn read(_: &str, body: &[u8]) -> CallHint {
    let url = member(head(body, MOST), "QueueUrl");
    resource(url.and_then(|url| url.rsplit('/').next()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_read() {
        let send = br#"{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo","MessageBody":"QueueUrl"}"#;
        assert_eq!(read("SendMessage", send).resource_name(), "orders.fifo");
        assert_eq!(read("ListQueues", br#"{"QueueNamePrefix":"orders"}"#).resource_name(), "");
    }
}
