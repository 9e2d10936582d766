//! Aggregated records: those of others, our own, and broken ones.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use bytes::Bytes;
use md5::{Digest, Md5};
use proptest::{collection::vec, option, prelude::*, sample::Index};
use tidegate_kinesis_consumer::{
    HashRange,
    kpl::{self, Aggregator, Content, Filter, Reason, TooLarge, UserRecord},
};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn aggregated(message: &[u8]) -> Bytes {
    [&hex("f3899ac2"), message, &Md5::digest(message)].concat().into()
}

fn records(data: Bytes) -> Vec<UserRecord> {
    match kpl::open(data).unwrap() {
        Content::Aggregate(records) => records,
        Content::Plain(data) => panic!("plain: {data:?}"),
    }
}

/// Bytes from a test of the Go package `redshiftudfkpldeaggregate`: thirteen pings, and the KPL's unused key `a`.
#[test]
fn reads_what_another_producer_made() {
    let key = "34b94c1e237327cef7d12ee806b8b286";
    let ping = "{\"data\":\"this is ping message\"}\n";
    let record = [&hex("1a2408011a20"), ping.as_bytes()].concat();
    let head = [&hex("f3899ac20a01610a20"), key.as_bytes()].concat();
    let data = [head, record.repeat(13), hex("8ed8d0c14b003c2d35769582feb8b334")].concat();
    let records = records(data.into());
    assert_eq!(records.len(), 13);
    for (record, n) in records.iter().zip(0..) {
        assert_eq!((record.sub_sequence, &*record.partition_key), (n, key));
        assert_eq!((&record.data[..], record.explicit_hash_key), (ping.as_bytes(), None));
    }
}

/// Bytes from the same test: hash keys that are no numbers, which no shard could have taken.
#[test]
fn a_hash_key_that_is_no_number_is_corrupt() {
    let data = "f3899ac20a03666f6f0a036261721203666f6f12036261721a0b080010011a0564617461311a0b080010011a0564617461\
                326338f174dbbf14506cacdddc9314ee37";
    let data = Bytes::from(hex(data));
    let corrupt = kpl::open(data.clone()).unwrap_err();
    assert_eq!((corrupt.reason(), corrupt.into_data()), (Reason::HashKey, data));
}

#[test]
fn what_is_not_aggregated_is_plain() {
    let whole = aggregated(b"\x0a\x01k\x1a\x05\x08\x00\x1a\x01d");
    assert_eq!(records(whole.clone()).len(), 1);
    let mut wrong = whole.to_vec();
    wrong[6] ^= 1;
    let short = whole.slice(..19);
    for data in [Bytes::new(), "text".into(), short, whole.slice(1..), wrong.into()] {
        assert_eq!(kpl::open(data.clone()), Ok(Content::Plain(data)));
    }
}

#[test]
fn what_was_meant_to_be_aggregated_and_is_broken_is_corrupt() {
    let broken: [(&[u8], Reason); 12] = [
        (b"\x0a\x05k", Reason::Protobuf),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", Reason::Protobuf),
        (b"\x0b\x0c", Reason::Protobuf),
        (b"\x02\x00", Reason::Protobuf),
        (b"\x08\x01", Reason::Protobuf),
        (b"\x0a\x01k\x1a\x05\x08\x01\x1a\x01d", Reason::KeyIndex),
        (b"\x0a\x01k\x1a\x07\x08\x00\x10\x00\x1a\x01d", Reason::KeyIndex),
        (b"\x0a\x01k\x1a\x02\x08\x00", Reason::Incomplete),
        (b"\x0a\x01k\x1a\x03\x1a\x01d", Reason::Incomplete),
        (b"\x0a\x00", Reason::PartitionKey),
        (b"\x0a\x01\xff", Reason::PartitionKey),
        (b"\x12\x02+1", Reason::HashKey),
    ];
    for (message, reason) in broken {
        assert_eq!(kpl::open(aggregated(message)).unwrap_err().reason(), reason, "{message:x?}");
    }
}

/// As protobuf has it: fields in any order, unknown ones skipped, of repeated ones the last.
#[test]
fn reads_all_of_protobuf_that_it_may_meet() {
    let message =
        b"\x1a\x0d\x22\x03\x0a\x01t\x08\x07\x08\x00\x1a\x02ab\x31\x00\x00\x00\x00\x00\x00\x00\x00\x0a\x01k";
    let records = records(aggregated(message));
    assert_eq!((&*records[0].partition_key, &records[0].data[..]), ("k", &b"ab"[..]));
    assert_eq!(kpl::open(aggregated(b"")), Ok(Content::Aggregate(Vec::new())));
}

#[test]
fn data_is_not_copied() {
    let data = aggregated(b"\x0a\x01k\x1a\x05\x08\x00\x1a\x01d");
    let within = data.as_ptr_range();
    assert!(within.contains(&records(data)[0].data.as_ptr()));
}

#[test]
fn the_filter_of_the_kcl_drops_all_or_nothing() {
    let mut aggregator = Aggregator::new(1000, 10);
    for key in [5, 15] {
        aggregator.add("k", Some(key), b"").unwrap();
    }
    let all = records(aggregator.finish().unwrap().data);
    let shard = |first, last| HashRange { first, last };
    for (filter, shard, dropped) in
        [(Filter::All, shard(0, 9), 0), (Filter::Kcl, shard(0, 9), 2), (Filter::Kcl, shard(5, 15), 0)]
    {
        let mut records = all.clone();
        assert_eq!(filter.apply(&mut records, shard), dropped);
        assert_eq!(records.len(), 2 - dropped);
    }
}

/// As RFC 1321 has it for "abc".
#[test]
fn hash_keys_are_those_of_kinesis() {
    assert_eq!(kpl::hash_key("abc"), 0x9001_5098_3cd2_4fb0_d696_3f7d_28e1_7f72);
}

#[test]
fn what_cannot_be_aggregated_is_refused() {
    let mut aggregator = Aggregator::new(100, 10);
    assert_eq!(aggregator.add("", None, b""), Err(TooLarge::PartitionKey));
    assert_eq!(aggregator.add(&"k".repeat(257), None, b""), Err(TooLarge::PartitionKey));
    assert_eq!(aggregator.add("k", None, &[0; 90]), Err(TooLarge::Record));
    assert_eq!(aggregator.finish(), None);
}

type Put = (String, Option<u128>, Vec<u8>);

fn puts() -> impl Strategy<Value = Vec<Put>> {
    let put =
        ("[a-c]{1,2}|é{1,256}", option::of(prop_oneof![0_u128..3, Just(u128::MAX)]), vec(any::<u8>(), 0..60));
    vec(put, 1..40)
}

fn aggregate(puts: &[Put], max_bytes: usize, max_count: usize) -> Vec<kpl::Aggregated> {
    let mut aggregator = Aggregator::new(max_bytes, max_count);
    let add = |(key, hash_key, data): &Put| aggregator.add(key, *hash_key, data).unwrap();
    let mut all: Vec<_> = puts.iter().filter_map(add).collect();
    all.extend(aggregator.finish());
    all
}

proptest! {
    #[test]
    fn what_is_aggregated_is_read_back(puts in puts(), max_bytes in 1000_usize..4_000, max_count in 1_usize..50) {
        let made = aggregate(&puts, max_bytes, max_count);
        let mut read = Vec::new();
        for one in &made {
            prop_assert!(one.data.len() <= max_bytes && one.count <= max_count);
            let records = records(one.data.clone());
            prop_assert_eq!(records.len(), one.count);
            prop_assert_eq!((&records[0].partition_key, records[0].explicit_hash_key), (&one.partition_key, one.explicit_hash_key));
            prop_assert!(records.iter().zip(0..).all(|(it, n)| it.sub_sequence == n));
            read.extend(records.iter().map(|it| (it.partition_key.to_string(), it.explicit_hash_key, it.data.to_vec())));
        }
        prop_assert_eq!(read, puts);
    }

    /// The bound is exact: a byte less and they are two.
    #[test]
    fn an_aggregate_fills_its_bound(puts in puts()) {
        let length = aggregate(&puts, usize::MAX, usize::MAX)[0].data.len();
        prop_assert_eq!(aggregate(&puts, length, usize::MAX).len(), 1);
        if puts.len() > 1 {
            prop_assert!(aggregate(&puts, length - 1, usize::MAX).len() > 1);
        }
    }

    /// Bytes changed, cut out and doubled, under an MD5 that is right: it ends, and gives no more than was there.
    #[test]
    fn hostile_bytes_are_harmless(
        puts in puts(),
        edits in vec((any::<Index>(), 0_usize..40, any::<u8>(), 0..3), 0..8),
    ) {
        let whole = aggregate(&puts, usize::MAX, usize::MAX).swap_remove(0).data;
        let mut message = whole[4..whole.len() - 16].to_vec();
        for (at, length, byte, how) in edits {
            if message.is_empty() {
                break;
            }
            let at = at.index(message.len());
            let end = (at + length).min(message.len());
            match how {
                0 => message[at] = byte,
                1 => drop(message.drain(at..end)),
                _ => message.extend_from_within(at..end),
            }
        }
        bounded(&message)?;
    }

    #[test]
    fn any_bytes_are_harmless(message in vec(prop_oneof![any::<u8>(), 0_u8..0x24], 0..400)) {
        bounded(&message)?;
    }
}

fn bounded(message: &[u8]) -> Result<(), TestCaseError> {
    let Ok(Content::Aggregate(records)) = kpl::open(aggregated(message)) else { return Ok(()) };
    prop_assert!(records.len() <= message.len() / 6);
    prop_assert!(records.capacity() <= message.len() / 6);
    prop_assert!(records.iter().map(|it| it.data.len()).sum::<usize>() <= message.len());
    prop_assert!(records.iter().all(|it| it.partition_key.chars().count() <= 256));
    Ok(())
}
