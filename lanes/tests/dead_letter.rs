//! Every implementation keeps the contract of dead letters, and a letter reads back as what was written.

#![cfg(not(tidegate_loom))]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use aws_sdk_kinesis::config::retry::RetryConfig;
use proptest::{collection::btree_map, prelude::*};
use tidegate_lanes::{
    DeadLetter, Envelope,
    dead_letter::{Kinesis, Memory, S3, Sqs, conformance},
};
use tidegate_local_aws::{Fault, FaultMode, Faults, LocalAws, RecordView};

#[tokio::test]
async fn memory_conforms() {
    let letters = Memory::new();
    conformance::all(&letters, async || letters.letters()).await;
}

/// A bucket, with answers that get lost after their effect: the next attempt finds the letter there.
#[tokio::test(start_paused = true)]
async fn s3_conforms() {
    for lost in [0.0, 0.3] {
        let aws = LocalAws::builder().in_process().start().await.unwrap();
        aws.s3().create_bucket("letters");
        let config = aws_sdk_s3::config::Builder::from(&aws.sdk_config())
            .force_path_style(true)
            .retry_config(RetryConfig::standard().with_max_attempts(20));
        let client = aws_sdk_s3::Client::from_conf(config.build());
        aws.set_faults(
            Faults::none().with(Fault::new(FaultMode::LostReply, lost).service("s3").actions(["PutObject"])),
        );
        let read = async || {
            let mut found = Vec::new();
            for object in aws.s3().objects("letters").unwrap() {
                assert!(object.key.starts_with("below/"), "{}", object.key);
                let get = client.get_object().bucket("letters").key(&object.key).send().await.unwrap();
                let body = get.body.collect().await.unwrap().into_bytes();
                found.push(Envelope::from_json(str::from_utf8(&body).unwrap()).unwrap());
            }
            found
        };
        conformance::all(S3::new(client.clone(), "letters", "below"), read).await;
        let nowhere = S3::new(client.clone(), "no-such-bucket", "");
        assert!(nowhere.put(&Envelope::new("a", "1", "")).await.is_err());
    }
}

/// A stream, with answers that get lost after their effect: a letter that is put again is there twice.
#[tokio::test(start_paused = true)]
async fn kinesis_conforms() {
    for lost in [0.0, 0.3] {
        let aws = LocalAws::builder().in_process().start().await.unwrap();
        aws.kinesis().create_stream("letters", 4).unwrap();
        let config = aws_sdk_kinesis::config::Builder::from(&aws.sdk_config())
            .retry_config(RetryConfig::standard().with_max_attempts(20));
        let client = aws_sdk_kinesis::Client::from_conf(config.build());
        aws.set_faults(Faults::none().with(Fault::new(FaultMode::LostReply, lost).service("kinesis")));
        let letters = Kinesis::new(client.clone(), "letters");
        let read = async || {
            let letters = records(&aws).into_iter().map(|record| {
                let letter = Envelope::from_json(str::from_utf8(&record.data).unwrap()).unwrap();
                let key = if letter.key.is_empty() { letter.id() } else { letter.key.clone() };
                assert_eq!(record.partition_key, key);
                letter
            });
            letters.collect()
        };
        conformance::all(&letters, read).await;

        let long = Envelope::new("a", "1", "").key("\u{e4}".repeat(1_000));
        letters.put(&long).await.unwrap();
        assert!(records(&aws).iter().any(|it| it.partition_key == "\u{e4}".repeat(256)));
        let nowhere = Kinesis::new(client, "no-such-stream");
        assert!(nowhere.put(&Envelope::new("a", "1", "")).await.is_err());
    }
}

/// A queue, with answers that get lost after their effect: on a standard queue a letter that is put again is there twice, on a
/// FIFO queue it is not.
#[tokio::test(start_paused = true)]
async fn sqs_conforms() {
    for (queue, attributes) in [("letters", vec![]), ("letters.fifo", vec![("FifoQueue", "true")])] {
        let aws = LocalAws::builder().in_process().start().await.unwrap();
        aws.sqs().create_queue(queue, attributes).unwrap();
        let config = aws_sdk_sqs::config::Builder::from(&aws.sdk_config())
            .retry_config(RetryConfig::standard().with_max_attempts(20));
        let client = aws_sdk_sqs::Client::from_conf(config.build());
        aws.set_faults(Faults::none().with(Fault::new(FaultMode::LostReply, 0.3).service("sqs")));
        let url = |name| format!("https://sqs.us-east-1.amazonaws.com/000000000000/{name}");
        let letters = Sqs::new(client.clone(), url(queue));
        let read = async || {
            let letters = aws.sqs().messages(queue).unwrap().into_iter();
            letters.map(|message| Envelope::from_json(&message.body).unwrap()).collect()
        };
        conformance::all(&letters, read).await;

        let odd =
            Envelope::new("odd", "1", "").key("\u{fffe}\u{0} \u{e4}".repeat(100)).attribute("\u{ffff}", "");
        letters.put(&odd).await.unwrap();
        letters.put(&odd).await.unwrap();
        let found = aws.sqs().messages(queue).unwrap();
        let found = found.iter().filter(|it| Envelope::from_json(&it.body).as_ref() == Ok(&odd)).count();
        assert!(if queue == "letters" { found >= 2 } else { found == 1 }, "{found} in {queue}");

        // One id, two letters.
        let (one, two) =
            (Envelope::new("c:d", "1", "one").key("k"), Envelope::new("c", "d:1", "two").key("k"));
        letters.put(&one).await.unwrap();
        letters.put(&two).await.unwrap();
        let found = aws.sqs().messages(queue).unwrap();
        for letter in [&one, &two] {
            let kept = found.iter().find(|it| Envelope::from_json(&it.body).as_ref() == Ok(letter)).unwrap();
            assert_eq!(kept.group.as_deref(), (queue != "letters").then_some("k"));
        }

        let large = Envelope::new("a", "2", vec![0; 800_000]);
        let error = letters.put(&large).await.unwrap_err().to_string();
        assert!(
            error.starts_with("the letter has 1066") && error.ends_with("takes 1048576 at most"),
            "{error}"
        );
        let nowhere = Sqs::new(client, url("no-such-queue"));
        assert!(nowhere.put(&Envelope::new("a", "1", "")).await.is_err());
    }
}

fn records(aws: &LocalAws) -> Vec<RecordView> {
    let shards = aws.kinesis().shards("letters").unwrap();
    shards.iter().flat_map(|shard| aws.kinesis().records("letters", &shard.id).unwrap()).collect()
}

proptest! {
    /// Whatever is in a letter, its JSON reads back.
    #[test]
    fn json_reads_back(
        (source, position, key) in any::<(String, String, String)>(),
        attributes in btree_map(any::<String>(), any::<String>(), 0..4),
        body in any::<Vec<u8>>(),
        (attempts, error, first_seen_ms, failed_at_ms) in any::<(u32, String, u64, u64)>(),
    ) {
        let mut letter = Envelope::new(source, position, body).key(key);
        letter.attributes = attributes;
        (letter.attempts, letter.error) = (attempts, error);
        (letter.first_seen_ms, letter.failed_at_ms) = (first_seen_ms, failed_at_ms);
        prop_assert_eq!(Envelope::from_json(&letter.to_json()), Ok(letter));
    }

    /// Whatever is read, a letter or an error comes of it.
    #[test]
    fn reading_never_panics(json in any::<String>()) {
        let _ = Envelope::from_json(&json);
    }
}

/// A later release may add fields, and says so if it changes what is there.
#[test]
fn versions_are_told_apart() {
    let json = Envelope::new("a", "1", "x").to_json();
    let more = json.replacen('{', r#"{"more":[1],"#, 1);
    assert_eq!(Envelope::from_json(&more), Ok(Envelope::new("a", "1", "x")));
    let text = |json: &str| Envelope::from_json(json).unwrap_err().to_string();
    let later = json.replace(r#""version":1"#, r#""version":2"#);
    assert_eq!(text(&later), "not a dead letter: of version 2, and 1 is known");
    assert_eq!(text(&json.replace("eA==", "e")), r#"not a dead letter: without a valid "body""#);
    assert_eq!(
        text(&json.replace(r#""attempts":0"#, r#""attempts":-1"#)),
        r#"not a dead letter: without a valid "attempts""#
    );
    assert_eq!(text("[]"), "not a dead letter: no object");
    assert!(text("{").starts_with("not a dead letter: EOF"));
}
