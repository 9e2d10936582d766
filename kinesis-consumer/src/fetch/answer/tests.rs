//! That records are read as the SDK reads them.

use aws_sdk_kinesis::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    error::ProvideErrorMetadata as _,
};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::HttpRequest,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Answers the same, always.
#[derive(Clone, Debug)]
struct Canned(u16, String);

impl HttpConnector for Canned {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = StatusCode::try_from(self.0).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.1.as_str()))))
    }
}

/// A request that is answered like this.
fn request(status: u16, body: &str) -> GetRecordsFluentBuilder {
    let connector = SharedHttpConnector::new(Canned(status, body.to_owned()));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(Credentials::from_keys("a", "b", None))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()));
    Client::from_conf(config.build()).get_records().shard_iterator("here")
}

/// What ours and what the SDK make of an answer, in the same terms.
async fn both(body: &str) -> [Result<(Vec<RawRecord>, GetRecordsOutput), String>; 2] {
    let ours = match get(request(200, body)).await {
        Ok((records, rest)) => records.map(|records| (records, rest)).map_err(|error| error.to_string()),
        Err(error) => Err(format!("{:?}", error.into_source().map(|it| it.to_string()))),
    };
    let theirs = match request(200, body).send().await {
        Ok(mut output) => {
            let records = mem::take(&mut output.records).into_iter().map(raw).collect::<Result<Vec<_>, _>>();
            records.map(|records| (records, output)).map_err(|error| error.to_string())
        }
        Err(error) => Err(format!("{:?}", error.into_source().map(|it| it.to_string()))),
    };
    [ours, theirs]
}

fn row(sequence: &str, key: &str, data: &[u8], millis: u64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "it is what the service sends")]
    let seconds = millis as f64 / 1_000.0;
    json!({
        "SequenceNumber": sequence,
        "PartitionKey": key,
        "Data": base64::encode(data),
        "ApproximateArrivalTimestamp": seconds,
        "EncryptionType": "NONE",
        "Unheard": [{"of": null}],
    })
}

fn page(records: &[Value]) -> Value {
    json!({"Records": records, "NextShardIterator": "there", "MillisBehindLatest": 7})
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_are_what_the_sdk_makes_of_them(
        records in prop::collection::vec(
            ("0|[1-9][0-9]{0,75}", any::<String>(), prop::collection::vec(any::<u8>(), 0..300), 0..4_000_000_000_000_u64),
            0..20,
        ),
        pretty: bool,
    ) {
        let rows: Vec<_> = records.iter().map(|(sequence, key, data, at)| row(sequence, key, data, *at)).collect();
        let page = page(&rows);
        let body = if pretty { serde_json::to_string_pretty(&page) } else { serde_json::to_string(&page) }.unwrap();
        prop_assert!(serde_json::from_str::<Page<'_>>(&body).is_ok(), "it is not left to the SDK");
        let [ours, theirs] = runtime().block_on(both(&body));
        prop_assert_eq!(&ours, &theirs);
        let (ours, _) = ours.unwrap();
        for (ours, (sequence, key, data, at)) in ours.iter().zip(&records) {
            prop_assert_eq!((ours.sequence.to_string(), &ours.partition_key), (sequence.clone(), key));
            prop_assert_eq!((&ours.data[..], ours.arrived_at.0), (&data[..], *at));
        }
        prop_assert_eq!(ours.len(), records.len());
    }
}

#[tokio::test]
async fn what_is_unusual_is_left_to_the_sdk() {
    let good = row("49", "key", b"data", 1_700_000_000_123);
    let with = |field: &str, value: Value| {
        let mut row = good.clone();
        row[field] = value;
        page(&[good.clone(), row]).to_string()
    };
    let shard = json!({
        "ShardId": "shardId-1", "ParentShards": ["shardId-0"],
        "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "9"},
    });
    let unusual = [
        json!({"Records": [good.clone()], "MillisBehindLatest": 0, "ChildShards": [shard]}).to_string(),
        json!({"Records": [good.clone()], "NextShardIterator": null}).to_string(),
        json!({"Records": null, "NextShardIterator": "there"}).to_string(),
        json!({"NextShardIterator": "there"}).to_string(),
        json!({}).to_string(),
        with("PartitionKey", Value::Null),
        with("SequenceNumber", json!("many")),
        with("SequenceNumber", Value::Null),
        with("Data", json!("no base64!")),
        with("Data", Value::Null),
        with("Data", json!(7)),
        with("ApproximateArrivalTimestamp", json!("yesterday")),
        page(&[]).to_string().replace('}', ""),
        String::new(),
        "<html>".to_owned(),
    ];
    for body in unusual {
        assert!(serde_json::from_str::<Page<'_>>(&body).is_err(), "{body}");
        let [ours, theirs] = both(&body).await;
        assert_eq!(ours, theirs, "{body}");
    }
}

#[tokio::test]
async fn a_refusal_is_the_sdks() {
    let body = json!({"__type": "ExpiredIteratorException", "message": "too late"}).to_string();
    let error = get(request(400, &body)).await.unwrap_err();
    assert_eq!(error.code(), Some("ExpiredIteratorException"));
    // A body that looks like an answer is none under a status that says otherwise.
    let error = get(request(500, &page(&[]).to_string())).await.unwrap_err();
    assert_eq!(error.raw_response().map(|it| it.status().as_u16()), Some(500));
}
