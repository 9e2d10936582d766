//! The query protocol, as SDKs before JSON speak it, and clients that hang up: over the socket.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use tidegate_local_aws::LocalAws;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn ask(aws: &LocalAws, form: &str) -> TcpStream {
    let url = aws.endpoint_url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: sqs.us-east-1.amazonaws.com\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        form.len()
    );
    stream.write_all(format!("{head}{form}").as_bytes()).await.unwrap();
    stream
}

/// The head and the body of an answer.
async fn query(aws: &LocalAws, form: &str) -> (String, String) {
    let mut answer = String::new();
    ask(aws, form).await.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

const URL: &str = "QueueUrl=http%3A%2F%2Fsqs%2F000000000000%2Forders";

#[tokio::test]
async fn the_query_protocol_says_the_same_in_xml() {
    let aws = LocalAws::builder().start().await.unwrap();
    let (_, created) =
        query(&aws, "Action=CreateQueue&QueueName=orders&Attribute.1.Name=DelaySeconds&Attribute.1.Value=0")
            .await;
    assert!(
        created.contains("<QueueUrl>http://sqs.us-east-1.amazonaws.com/000000000000/orders</QueueUrl>"),
        "{created}"
    );
    let message = "MessageBody=a%3Cb&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=Number\
                   &MessageAttribute.1.Value.StringValue=5";
    let (head, sent) = query(&aws, &format!("Action=SendMessage&{URL}&{message}")).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(sent.starts_with("<?xml version=\"1.0\"?><SendMessageResponse xmlns="), "{sent}");
    // MD5 of "a<b".
    assert!(sent.contains("<MD5OfMessageBody>1a382af93ed4b8a29ebd8e859a0168d7</MD5OfMessageBody>"), "{sent}");
    let names = "AttributeName.1=All&MessageAttributeName.1=n&MaxNumberOfMessages=10";
    let (_, received) = query(&aws, &format!("Action=ReceiveMessage&{URL}&{names}")).await;
    assert!(received.contains("<Body>a&lt;b</Body>"), "{received}");
    let count = "<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>";
    assert!(received.contains(count) && received.contains("<StringValue>5</StringValue>"), "{received}");
    let entries = "SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=1\
                   &SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=%01";
    let (_, batch) = query(&aws, &format!("Action=SendMessageBatch&{URL}&{entries}")).await;
    assert!(batch.contains("<SendMessageBatchResultEntry><Id>a</Id>"), "{batch}");
    assert!(
        batch.contains("<BatchResultErrorEntry>") && batch.contains("<SenderFault>true</SenderFault>"),
        "{batch}"
    );
    let (head, error) = query(&aws, "Action=GetQueueUrl&QueueName=nothing").await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    assert!(
        error.contains("<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>"),
        "{error}"
    );
    let (_, purged) = query(&aws, &format!("Action=PurgeQueue&{URL}")).await;
    assert!(purged.contains("<PurgeQueueResponse xmlns=") && !purged.contains("Result>"), "{purged}");
    let (head, _) = query(&aws, "Action=DoIt").await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
}

#[tokio::test]
async fn a_client_that_hangs_up_in_a_long_poll_strands_nothing() {
    let aws = LocalAws::builder().start().await.unwrap();
    let handle = aws.sqs();
    handle.create_queue("orders", [("DelaySeconds", "0")]).unwrap();
    let poll = ask(&aws, &format!("Action=ReceiveMessage&{URL}&WaitTimeSeconds=20")).await;
    while aws.counters().action("sqs", "ReceiveMessage").in_flight == 0 {
        tokio::task::yield_now().await;
    }
    drop(poll);
    while aws.counters().action("sqs", "ReceiveMessage").in_flight > 0 {
        tokio::task::yield_now().await;
    }
    handle.send("orders", ["one"]).unwrap();
    assert_eq!(handle.queue("orders").unwrap().visible, 1);
}
