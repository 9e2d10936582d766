//! Notifications of buckets, from S3 to SQS, each through its SDK.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use aws_sdk_s3::{
    Client, config,
    error::ProvideErrorMetadata,
    types::{
        CompletedMultipartUpload, CompletedPart, Delete, Event, FilterRule, FilterRuleName,
        NotificationConfiguration, NotificationConfigurationFilter, ObjectIdentifier, QueueConfiguration,
        S3KeyFilter,
    },
};
use serde_json::{Value, json};
use tidegate_local_aws::LocalAws;

struct World {
    aws: LocalAws,
    s3: Client,
    sqs: aws_sdk_sqs::Client,
}

/// A bucket `uploads`, and a queue `events`.
async fn world() -> World {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let config = aws.sdk_config();
    let s3 = Client::from_conf(config::Builder::from(&config).force_path_style(true).build());
    aws.s3().create_bucket("uploads");
    aws.sqs().create_queue::<&str, &str>("events", []).unwrap();
    World { s3, sqs: aws_sdk_sqs::Client::new(&config), aws }
}

fn queue(arn: &str, event: &str, rules: &[(&str, &str)]) -> QueueConfiguration {
    let rules = rules
        .iter()
        .map(|(name, value)| FilterRule::builder().name(FilterRuleName::from(*name)).value(*value).build());
    let key = S3KeyFilter::builder().set_filter_rules(Some(rules.collect())).build();
    let filter = NotificationConfigurationFilter::builder().key(key).build();
    QueueConfiguration::builder().queue_arn(arn).events(Event::from(event)).filter(filter).build().unwrap()
}

impl World {
    fn arn(&self) -> String {
        self.aws.sqs().arn("events")
    }

    /// The error code, or `success`.
    async fn configure(&self, queues: Vec<QueueConfiguration>) -> String {
        let asked = NotificationConfiguration::builder().set_queue_configurations(Some(queues)).build();
        let put = self.s3.put_bucket_notification_configuration().bucket("uploads");
        match put.notification_configuration(asked).send().await {
            Ok(_) => "success".to_owned(),
            Err(error) => error.code().unwrap_or("none").to_owned(),
        }
    }

    /// What the queue has got since it was asked last.
    async fn events(&self) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let receive = self.sqs.receive_message().queue_url("http://127.0.0.1:0/000000000000/events");
            let messages =
                receive.max_number_of_messages(10).send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return events;
            }
            events.extend(
                messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()),
            );
        }
    }

    /// The names and keys of the events since it was asked last.
    async fn told(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let records = self.events().await.into_iter().map(|event: Value| event["Records"][0].clone());
        records.map(|record| (text(&record["eventName"]), text(&record["s3"]["object"]["key"]))).collect()
    }

    async fn put(&self, key: &str) {
        self.s3.put_object().bucket("uploads").key(key).body(b"hello".to_vec().into()).send().await.unwrap();
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(event, key)| ((*event).to_owned(), (*key).to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_told_of_an_upload() {
    let world = world().await;
    let both = QueueConfiguration::builder().id("mine").queue_arn(world.arn());
    let both = both.events(Event::from("s3:ObjectCreated:*")).events(Event::from("s3:ObjectRemoved:*"));
    assert_eq!(world.configure(vec![both.build().unwrap()]).await, "success");
    let test = &world.events().await[0];
    assert_eq!(
        (&test["Service"], &test["Event"], &test["Bucket"]),
        (&json!("Amazon S3"), &json!("s3:TestEvent"), &json!("uploads"))
    );

    world.put("in/red flower.jpg").await;
    let event = world.events().await.remove(0);
    let record = &event["Records"][0];
    assert_eq!(
        (&record["eventSource"], &record["awsRegion"], &record["eventName"]),
        (&json!("aws:s3"), &json!("us-east-1"), &json!("ObjectCreated:Put"))
    );
    let told = &record["s3"];
    assert_eq!((&told["configurationId"], &told["bucket"]["name"]), (&json!("mine"), &json!("uploads")));
    assert_eq!(
        told["object"],
        json!({
            "key": "in/red+flower.jpg",
            "size": 5,
            "eTag": "5d41402abc4b2a76b9719d911017c592",
            "sequencer": told["object"]["sequencer"],
        })
    );

    world.s3.delete_object().bucket("uploads").key("in/red flower.jpg").send().await.unwrap();
    let removed = world.events().await.remove(0);
    let later = &removed["Records"][0]["s3"]["object"];
    assert_eq!(removed["Records"][0]["eventName"], "ObjectRemoved:Delete");
    assert!(later.get("size").is_none(), "{later}");
    assert!(later["sequencer"].as_str() > told["object"]["sequencer"].as_str());
    // What is not there is not removed.
    world.s3.delete_object().bucket("uploads").key("nothing").send().await.unwrap();
    assert_eq!(world.told().await, []);
}

#[tokio::test(start_paused = true)]
async fn every_way_to_create_and_to_remove_is_told() {
    let world = world().await;
    let both = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"].map(|event| queue(&world.arn(), event, &[]));
    assert_eq!(world.configure(both.into()).await, "success");
    assert_eq!(world.events().await.len(), 2);
    world.put("a").await;
    let (s3, bucket) = (&world.s3, "uploads");
    s3.copy_object().bucket(bucket).key("b").copy_source("uploads/a").send().await.unwrap();
    let upload =
        s3.create_multipart_upload().bucket(bucket).key("c").send().await.unwrap().upload_id.unwrap();
    let part = s3.upload_part().bucket(bucket).key("c").upload_id(&upload).part_number(1);
    let part = part.body(b"x".to_vec().into()).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    for _again in 0..2 {
        let complete = s3.complete_multipart_upload().bucket(bucket).key("c").upload_id(&upload);
        complete.multipart_upload(parts.clone()).send().await.unwrap();
    }
    let created = [
        ("ObjectCreated:Put", "a"),
        ("ObjectCreated:Copy", "b"),
        ("ObjectCreated:CompleteMultipartUpload", "c"),
    ];
    assert_eq!(world.told().await, pairs(&created));

    let keys = ["a", "b", "b", "nothing"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(keys.into())).build().unwrap();
    s3.delete_objects().bucket(bucket).delete(delete).send().await.unwrap();
    let removed = [("ObjectRemoved:Delete", "a"), ("ObjectRemoved:Delete", "b")];
    assert_eq!(world.told().await, pairs(&removed));
    // A write that is refused tells nothing.
    let refused = s3.put_object().bucket(bucket).key("c").if_none_match("*").send().await;
    assert_eq!(refused.unwrap_err().code(), Some("PreconditionFailed"));
    assert_eq!(world.told().await, []);
}

#[tokio::test(start_paused = true)]
async fn filters_choose_the_keys() {
    let world = world().await;
    let rules = [("prefix", "in/"), ("suffix", ".json")];
    let created = queue(&world.arn(), "s3:ObjectCreated:Put", &rules);
    assert_eq!(world.configure(vec![created]).await, "success");
    assert_eq!(world.events().await.len(), 1);
    for key in ["in/a.json", "in/a.xml", "out/a.json", "in/b.json"] {
        world.put(key).await;
    }
    assert_eq!(
        world.told().await,
        pairs(&[("ObjectCreated:Put", "in/a.json"), ("ObjectCreated:Put", "in/b.json")])
    );
    let got = world.s3.get_bucket_notification_configuration().bucket("uploads").send().await.unwrap();
    let told = &got.queue_configurations()[0];
    assert_eq!((told.id().is_some(), told.queue_arn()), (true, world.arn().as_str()));
    assert_eq!(told.filter().unwrap().key().unwrap().filter_rules().len(), 2);
    // An empty configuration ends it.
    assert_eq!(world.configure(vec![]).await, "success");
    world.put("in/c.json").await;
    assert_eq!(world.told().await, []);
    let got = world.s3.get_bucket_notification_configuration().bucket("uploads").send().await.unwrap();
    assert!(got.queue_configurations().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_changes_nothing() {
    let world = world().await;
    world.aws.sqs().create_queue::<&str, &str>("events.fifo", []).unwrap();
    let (arn, sqs) = (world.arn(), world.aws.sqs());
    let all = "s3:ObjectCreated:*";
    for queues in [
        vec![queue(&sqs.arn("nowhere"), all, &[])],
        vec![queue(&sqs.arn("events.fifo"), all, &[])],
        vec![queue(&sqs.region("eu-west-1").arn("events"), all, &[])],
        vec![queue("events", all, &[])],
        vec![queue(&arn, "s3:ObjectRead", &[])],
        vec![queue(&arn, all, &[("infix", "a")])],
        vec![queue(&arn, all, &[("prefix", "a"), ("prefix", "b")])],
        vec![queue(&arn, all, &[("prefix", "a")]), queue(&arn, "s3:ObjectCreated:Put", &[("prefix", "ab")])],
    ] {
        assert_eq!(world.configure(queues.clone()).await, "InvalidArgument", "{queues:?}");
    }
    world.put("a").await;
    assert_eq!(world.events().await, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn versions_are_told_by_their_ids() {
    let world = world().await;
    world.aws.s3().set_versioning("uploads", true).unwrap();
    let both = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"].map(|event| queue(&world.arn(), event, &[]));
    assert_eq!(world.configure(both.into()).await, "success");
    world.events().await;
    world.put("a").await;
    world.s3.delete_object().bucket("uploads").key("a").send().await.unwrap();
    let ids = world.aws.s3().versions("uploads").unwrap().into_iter().map(|version| version.version_id);
    let [marker, object] = ids.collect::<Vec<_>>().try_into().unwrap();
    world.s3.delete_object().bucket("uploads").key("a").version_id(&marker).send().await.unwrap();
    world.s3.delete_object().bucket("uploads").key("a").version_id(&marker).send().await.unwrap();
    let told = world.events().await.into_iter().map(|event| {
        let record = &event["Records"][0];
        (record["eventName"].clone(), record["s3"]["object"]["versionId"].clone())
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (json!("ObjectCreated:Put"), json!(object)),
            (json!("ObjectRemoved:DeleteMarkerCreated"), json!(marker)),
            (json!("ObjectRemoved:Delete"), json!(marker)),
        ]
    );
}
