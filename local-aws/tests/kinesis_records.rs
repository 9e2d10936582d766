//! Records: put, routed, numbered, read.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod kinesis;

use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::{
    primitives::{Blob, DateTime},
    types::{PutRecordsRequestEntry, ShardIteratorType as Type},
};
use kinesis::{STREAM, World, code, id, texts, world};
use tokio::time::advance;

fn entry(key: &str, data: impl Into<Vec<u8>>) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(data)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn records_come_back_in_order_and_once() {
    let world = world(3).await;
    let entries = (0..100).map(|n| entry(&format!("key {n}"), format!("record {n}")));
    let put = world.kinesis.put_records().stream_name(STREAM).set_records(Some(entries.collect()));
    let put = put.send().await.unwrap();
    assert_eq!(put.failed_record_count, Some(0));
    let mut found = 0;
    for shard in 0..3 {
        // Answers are in the order of the request: so are the records of each shard.
        let wanted = put.records().iter().enumerate().filter(|(_, put)| put.shard_id() == Some(&id(shard)));
        let wanted = wanted
            .map(|(n, put)| (put.sequence_number().unwrap().to_owned(), format!("record {n}")))
            .collect::<Vec<_>>();
        let page = world.get(world.iterator(shard, Type::TrimHorizon).await).await;
        let numbers = page.records().iter().map(|record| record.sequence_number.clone());
        assert_eq!(numbers.zip(texts(&page)).collect::<Vec<_>>(), wanted);
        assert!(wanted.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(wanted.iter().all(|(number, _)| number.len() == 56 && number.starts_with("49")));
        found += wanted.len();
        // An open shard goes on.
        let next = world.get(page.next_shard_iterator.unwrap()).await;
        assert!(next.records().is_empty() && next.next_shard_iterator.is_some());
        assert!(next.child_shards.is_none());
    }
    assert_eq!(found, 100);
}

#[tokio::test(start_paused = true)]
async fn hash_keys_route() {
    let world = world(4).await;
    let put = |hash: &str| {
        let put = world.kinesis.put_record().stream_name(STREAM).partition_key("a").data(Blob::new("x"));
        put.explicit_hash_key(hash)
    };
    for (hash, shard) in [
        ("0", 0),
        ("85070591730234615865843651857942052863", 0),
        ("85070591730234615865843651857942052864", 1),
        ("340282366920938463463374607431768211455", 3),
    ] {
        assert_eq!(put(hash).send().await.unwrap().shard_id, id(shard), "{hash}");
    }
    for hash in ["340282366920938463463374607431768211456", "-1", "x", "+1"] {
        assert_eq!(code(&put(hash).send().await), "InvalidArgumentException", "{hash}");
    }
    // The MD5 of "a" starts with 0c.
    assert_eq!(world.put("a", "x").await.0, id(0));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_refused_whole() {
    let world = world(1).await;
    let put = |entries: Vec<PutRecordsRequestEntry>| {
        let put = world.kinesis.put_records().stream_name(STREAM).set_records(Some(entries));
        async move { code(&put.send().await).to_owned() }
    };
    let mebibyte = 1 << 20;
    assert_eq!(put((0..501).map(|_| entry("a", "x")).collect()).await, "ValidationException");
    assert_eq!(put(vec![entry("a", "x"), entry("a", vec![0; mebibyte])]).await, "ValidationException");
    assert_eq!(put(vec![entry("", "x")]).await, "ValidationException");
    assert_eq!(put(vec![entry(&"k".repeat(257), "x")]).await, "ValidationException");
    assert_eq!(
        put((0..11).map(|_| entry("a", vec![0; mebibyte - 1])).collect()).await,
        "InvalidArgumentException"
    );
    assert_eq!(world.handle.shards(STREAM).unwrap()[0].records, 0);
    assert_eq!(put((0..10).map(|_| entry("a", vec![0; mebibyte - 1])).collect()).await, "success");
}

#[tokio::test(start_paused = true)]
async fn the_five_kinds_of_start() {
    let world = world(1).await;
    let mut numbers = Vec::new();
    for n in 0..5 {
        numbers.push(world.put("a", &n.to_string()).await.1);
        advance(Duration::from_secs(10)).await;
    }
    let read = async |iterator: String| texts(&world.get(iterator).await).join("");
    assert_eq!(read(world.iterator(0, Type::TrimHorizon).await).await, "01234");
    let latest = world.iterator(0, Type::Latest).await;
    assert_eq!(read(latest.clone()).await, "");
    assert_eq!(read(world.at(0, Type::AtSequenceNumber, &numbers[2]).await).await, "234");
    assert_eq!(read(world.at(0, Type::AfterSequenceNumber, &numbers[2]).await).await, "34");
    assert_eq!(read(world.at(0, Type::AfterSequenceNumber, &numbers[4]).await).await, "");
    let shards = world.shards().await;
    let start = &shards[0].sequence_number_range().unwrap().starting_sequence_number;
    assert_eq!(read(world.at(0, Type::AtSequenceNumber, start).await).await, "01234");
    world.put("a", "5").await;
    assert_eq!(read(latest).await, "5");

    let arrived = world.handle.records(STREAM, &id(0)).unwrap()[3].arrived;
    let at = |time: SystemTime| {
        let get = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(id(0));
        get.shard_iterator_type(Type::AtTimestamp).timestamp(DateTime::from(time)).send()
    };
    for (time, expected) in
        [(arrived, "345"), (arrived + Duration::from_millis(1), "45"), (SystemTime::UNIX_EPOCH, "012345")]
    {
        assert_eq!(read(at(time).await.unwrap().shard_iterator.unwrap()).await, expected);
    }
    assert_eq!(code(&at(arrived + Duration::from_hours(1)).await), "InvalidArgumentException");
}

#[tokio::test(start_paused = true)]
async fn numbers_of_elsewhere_are_refused() {
    let world = world(2).await;
    let get = |shard: &str, number: &str| {
        let get = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(shard);
        get.shard_iterator_type(Type::AtSequenceNumber).starting_sequence_number(number).send()
    };
    let (shard, number) = world.put("a", "x").await;
    assert_eq!(code(&get(&shard, &number).await), "success");
    assert_eq!(code(&get(&id(1), &number).await), "InvalidArgumentException");
    assert_eq!(code(&get(&shard, "1").await), "InvalidArgumentException");
    assert_eq!(code(&get(&shard, "LATEST").await), "InvalidArgumentException");
    assert_eq!(code(&get(&id(2), &number).await), "ResourceNotFoundException");
    let none = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(shard);
    let none = none.shard_iterator_type(Type::AfterSequenceNumber).send().await;
    assert_eq!(code(&none), "InvalidArgumentException");
}

#[tokio::test(start_paused = true)]
async fn iterators_expire_after_five_minutes() {
    let world = world(1).await;
    let get = |iterator: &str| world.kinesis.get_records().shard_iterator(iterator).send();
    let first = world.iterator(0, Type::TrimHorizon).await;
    advance(Duration::from_mins(5)).await;
    let next = get(&first).await.unwrap().next_shard_iterator.unwrap();
    advance(Duration::from_millis(2)).await;
    assert_eq!(code(&get(&first).await), "ExpiredIteratorException");
    // Each answer brings a fresh one.
    assert_eq!(code(&get(&next).await), "success");
    assert_eq!(code(&get("no iterator").await), "InvalidArgumentException");
    world.kinesis.delete_stream().stream_name(STREAM).send().await.unwrap();
    assert_eq!(code(&get(&next).await), "ResourceNotFoundException");
    world.handle.create_stream(STREAM, 1).unwrap();
    assert_eq!(code(&get(&next).await), "ResourceNotFoundException");
}

/// An answer of a real service ends at 10 MiB or 10,000 records; an emulator that sends more hides what a
/// consumer's memory does.
#[tokio::test(start_paused = true)]
async fn answers_end_at_ten_mebibytes_and_ten_thousand_records() {
    let world = world(1).await;
    let large = vec![b'x'; 1_000_000];
    world.handle.put(STREAM, (0..12).map(|_| ("k", &large))).unwrap();
    let mut iterator = world.iterator(0, Type::TrimHorizon).await;
    let mut pages = Vec::new();
    loop {
        let page = world.get(&iterator).await;
        if page.records().is_empty() {
            assert_eq!(page.millis_behind_latest, Some(0));
            break;
        }
        pages.push(page.records().len());
        iterator = page.next_shard_iterator.unwrap();
    }
    assert_eq!(pages, [10, 2]);

    world.handle.put(STREAM, (0..10_001).map(|n| ("k", n.to_string()))).unwrap();
    let page = world.get(iterator.clone()).await;
    assert_eq!(page.records().len(), 10_000);
    assert!(page.millis_behind_latest.unwrap() > 0);
    let few = world.kinesis.get_records().shard_iterator(&iterator).limit(3).send().await.unwrap();
    assert_eq!(texts(&few), ["0", "1", "2"]);
    let get = |limit| world.kinesis.get_records().shard_iterator(&iterator).limit(limit).send();
    assert_eq!(code(&get(0).await), "ValidationException");
    assert_eq!(code(&get(10_001).await), "ValidationException");
}

#[tokio::test(start_paused = true)]
async fn the_lag_is_the_age_of_what_is_unread() {
    let world = world(1).await;
    world.put("a", "0").await;
    advance(Duration::from_secs(7)).await;
    world.put("a", "1").await;
    advance(Duration::from_secs(4)).await;
    let iterator = world.iterator(0, Type::TrimHorizon).await;
    let one = world.kinesis.get_records().shard_iterator(&iterator).limit(1).send().await.unwrap();
    let lag = one.millis_behind_latest.unwrap();
    assert!((4_000..4_010).contains(&lag), "{lag}");
    assert_eq!(world.get(one.next_shard_iterator.unwrap()).await.millis_behind_latest, Some(0));
}

#[tokio::test(start_paused = true)]
async fn records_beyond_the_retention_are_gone() {
    let world = world(1).await;
    let (_, old) = world.put("a", "old").await;
    advance(Duration::from_hours(23)).await;
    world.put("a", "new").await;
    let read = async |world: &World| texts(&world.get(world.iterator(0, Type::TrimHorizon).await).await);
    assert_eq!(read(&world).await, ["old", "new"]);
    advance(Duration::from_hours(2)).await;
    assert_eq!(read(&world).await, ["new"]);
    // A number that was trimmed is a start all the same.
    let at = world.at(0, Type::AtSequenceNumber, &old).await;
    assert_eq!(texts(&world.get(at).await), ["new"]);
}

#[tokio::test(start_paused = true)]
async fn bytes_and_keys_of_any_kind_come_back() {
    let world = world(1).await;
    let bytes = (0..=255).cycle().take(1_000).collect::<Vec<u8>>();
    let key = "\"key\\ \u{1} é 😀";
    for end in 0..4 {
        let put = world.kinesis.put_record().stream_name(STREAM).partition_key(key);
        put.data(Blob::new(&bytes[..end * 333])).send().await.unwrap();
    }
    let page = world.get(world.iterator(0, Type::TrimHorizon).await).await;
    for (end, record) in page.records().iter().enumerate() {
        assert_eq!(record.data.as_ref(), &bytes[..end * 333]);
        assert_eq!(record.partition_key(), Some(key));
        let arrived = world.handle.records(STREAM, &id(0)).unwrap()[end].arrived;
        let told = SystemTime::try_from(*record.approximate_arrival_timestamp().unwrap()).unwrap();
        assert!(
            arrived.duration_since(told).unwrap_or_else(|late| late.duration()) < Duration::from_millis(1)
        );
    }
    assert_eq!(page.records().len(), 4);
}
