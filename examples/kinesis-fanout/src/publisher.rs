//! [`Publisher`]: puts records into a stream, many with one request.

use std::{mem, sync::Arc};

use aws_sdk_kinesis::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata},
    primitives::Blob,
    types::PutRecordsRequestEntry as Entry,
};
use tidegate_throttle::{Call, Throttle, aws};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
const MOST_RECORDS: usize = 500;
const MOST_BYTES: usize = 5 << 20;

/// Requests at once. While they are under way, what comes gathers for the next one.
const AT_ONCE: usize = 4;

/// Puts records into a stream, many with one request.
///
/// Records of one request may succeed and fail in any mixture. So whoever wants a key in order has one record of it on its
/// way at a time.
#[derive(Clone, Debug)]
pub(crate) struct Publisher {
    queue: mpsc::Sender<Put>,
}

/// What is put.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) partition_key: String,
    pub(crate) explicit_hash_key: Option<String>,
    pub(crate) data: Blob,
}

#[derive(Debug)]
struct Put {
    message: Message,
    done: oneshot::Sender<Result<(), String>>,
}

impl Publisher {
    /// For a stream, on the current runtime. The client should have the SDK's retries off.
    pub(crate) fn start(client: Client, throttle: Arc<dyn Throttle>, stream: &str) -> Self {
        let (queue, puts) = mpsc::channel(2 * MOST_RECORDS);
        let region = client.config().region().map(ToString::to_string).unwrap_or_default();
        let call = Call::new("kinesis", "PutRecords").region(region).resource(stream.to_owned());
        let sender = Sender { client, throttle, call, stream: stream.to_owned() };
        tokio::spawn(publish(Arc::new(sender), puts));
        Self { queue }
    }

    /// Puts a record once.
    ///
    /// # Errors
    ///
    /// Why it is not there, or may not be.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the record may be put nevertheless.
    pub(crate) async fn put(&self, message: Message) -> Result<(), String> {
        let (done, put) = oneshot::channel();
        let gone = || "the publisher is gone".to_owned();
        self.queue.send(Put { message, done }).await.map_err(|_| gone())?;
        put.await.map_err(|_| gone())?
    }
}

struct Sender {
    client: Client,
    throttle: Arc<dyn Throttle>,
    call: Call,
    stream: String,
}

/// Ends when nobody can put any more.
async fn publish(sender: Arc<Sender>, mut puts: mpsc::Receiver<Put>) {
    let (mut requests, mut waiting) = (JoinSet::new(), Vec::new());
    loop {
        while requests.len() < AT_ONCE && !waiting.is_empty() {
            requests.spawn(send(Arc::clone(&sender), take(&mut waiting)));
        }
        tokio::select! {
            count = puts.recv_many(&mut waiting, MOST_RECORDS), if waiting.is_empty() => if count == 0 {
                break;
            },
            Some(_) = requests.join_next() => {}
        }
    }
    while requests.join_next().await.is_some() {}
}

/// As many as a request may have, at least one.
fn take(waiting: &mut Vec<Put>) -> Vec<Put> {
    let mut bytes = 0;
    let fits = waiting.iter().take(MOST_RECORDS).take_while(|put| {
        bytes += put.message.partition_key.len() + put.message.data.as_ref().len();
        bytes <= MOST_BYTES
    });
    let rest = waiting.split_off(fits.count().max(1));
    mem::replace(waiting, rest)
}

async fn send(sender: Arc<Sender>, puts: Vec<Put>) {
    let entries = puts.iter().map(|put| {
        let Message { partition_key, explicit_hash_key, data } = put.message.clone();
        let entry = Entry::builder().partition_key(partition_key).data(data);
        entry.set_explicit_hash_key(explicit_hash_key).build()
    });
    let answers = match entries.collect::<Result<Vec<_>, _>>() {
        Ok(entries) => {
            let request = sender.client.put_records().stream_name(&sender.stream).set_records(Some(entries));
            match aws::send(&*sender.throttle, &sender.call, || request.clone().send()).await {
                Err(error) if puts.len() > 1 && is_about_records(&error) => {
                    // One of them is refused, such as one that is too large for the stream, and the others with it.
                    for put in puts {
                        Box::pin(send(Arc::clone(&sender), vec![put])).await;
                    }
                    return;
                }
                answer => answer.map_err(|error| DisplayErrorContext(error).to_string()),
            }
        }
        Err(error) => Err(error.to_string()),
    };
    let mut answers = answers.map(|answer| answer.records.into_iter());
    for put in puts {
        let result = match &mut answers {
            Err(error) => Err(error.clone()),
            Ok(answers) => match answers.next() {
                None => Err("the answer lacks it".to_owned()),
                Some(answer) => match answer.error_code {
                    None => Ok(()),
                    Some(code) => Err(format!("{code}: {}", answer.error_message.unwrap_or_default())),
                },
            },
        };
        // One who does not wait any more puts it again.
        let _ = put.done.send(result);
    }
}

/// Whether a request was refused for what is in it.
fn is_about_records<E: ProvideErrorMetadata>(error: &E) -> bool {
    matches!(error.code(), Some("InvalidArgumentException" | "ValidationException"))
}

#[cfg(test)]
mod tests {
    use tidegate_local_aws::LocalAws;
    use tidegate_throttle::Adaptive;

    use super::*;

    #[test]
    fn a_request_is_bounded_by_count_and_bytes() {
        let put = |bytes: usize| Put {
            message: Message {
                partition_key: "k".to_owned(),
                explicit_hash_key: None,
                data: Blob::new(vec![0; bytes]),
            },
            done: oneshot::channel().0,
        };
        let mut many: Vec<_> = (0..1_200).map(|_| put(10)).collect();
        let sizes: Vec<_> = (0..3).map(|_| take(&mut many).len()).collect();
        assert_eq!((sizes, many.len()), (vec![500, 500, 200], 0));
        let mut large: Vec<_> = [2 << 20, 2 << 20, 2 << 20, 9 << 20, 1].map(put).into();
        let sizes: Vec<_> = (0..4).map(|_| take(&mut large).len()).collect();
        assert_eq!((sizes, large.len()), (vec![2, 1, 1, 1], 0));
    }

    #[tokio::test]
    async fn what_is_refused_takes_nobody_along() -> Result<(), Box<dyn std::error::Error>> {
        let aws = LocalAws::builder().in_process().start().await?;
        aws.kinesis().create_stream("orders", 1)?;
        let sender = Sender {
            client: Client::new(&aws.sdk_config()),
            throttle: Arc::new(Adaptive::new()),
            call: Call::new("kinesis", "PutRecords"),
            stream: "orders".to_owned(),
        };
        let (mut puts, mut results) = (Vec::new(), Vec::new());
        for hash_key in [None, Some("no number"), Some("7")] {
            let (done, result) = oneshot::channel();
            let explicit_hash_key = hash_key.map(str::to_owned);
            let data = Blob::new("data");
            puts.push(Put {
                message: Message { partition_key: "k".to_owned(), explicit_hash_key, data },
                done,
            });
            results.push(result);
        }
        send(Arc::new(sender), puts).await;
        let mut put = Vec::new();
        for result in results {
            put.push(result.await?.is_ok());
        }
        assert_eq!(put, [true, false, true]);
        Ok(())
    }
}
