//! Shards: split, merged, scaled, listed, read to their ends.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod kinesis;

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_kinesis::{
    operation::list_shards::ListShardsOutput,
    primitives::DateTime,
    types::{ScalingType, ShardFilter, ShardFilterType as Filter, ShardIteratorType as Type},
};
use kinesis::{STREAM, World, code, id, texts, world};
use proptest::prelude::*;
use tidegate_local_aws::{KinesisHandle, LocalAws};
use tokio::time::advance;

async fn filtered(world: &World, filter: aws_sdk_kinesis::types::builders::ShardFilterBuilder) -> Vec<u32> {
    let list = world.kinesis.list_shards().stream_name(STREAM).shard_filter(filter.build().unwrap());
    numbers(&list.send().await.unwrap())
}

fn numbers(page: &ListShardsOutput) -> Vec<u32> {
    page.shards().iter().map(|shard| shard.shard_id["shardId-".len()..].parse().unwrap()).collect()
}

/// What a consumer learns at the end of a shard: emulators that leave `ChildShards` out stop a KCL for ever.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_shard_names_its_children() {
    let world = world(2).await;
    world.handle.put(STREAM, (0..20).map(|n| (format!("k{n}"), "x"))).unwrap();
    let split = world.kinesis.split_shard().stream_name(STREAM).shard_to_split(id(0));
    split.new_starting_hash_key("1000").send().await.unwrap();
    let mut page = world.get(world.iterator(0, Type::TrimHorizon).await).await;
    let shards = world.shards().await;
    assert_eq!(page.records().len(), world.handle.shards(STREAM).unwrap()[0].records);
    assert_eq!((page.next_shard_iterator.take(), page.millis_behind_latest), (None, Some(0)));
    let children = page.child_shards();
    assert_eq!(children.iter().map(|child| child.shard_id.clone()).collect::<Vec<_>>(), [id(2), id(3)]);
    for (child, shard) in children.iter().zip(&shards[2..]) {
        assert_eq!(child.parent_shards(), [id(0)]);
        assert_eq!(child.hash_key_range(), shard.hash_key_range());
        assert_eq!((shard.parent_shard_id(), shard.adjacent_parent_shard_id()), (Some(&*id(0)), None));
    }
    assert_eq!(children[0].hash_key_range().unwrap().ending_hash_key, "999");

    // One record is still to come: the iterator goes on.
    let limit = world.kinesis.get_records().shard_iterator(world.iterator(0, Type::TrimHorizon).await);
    let part = limit.limit(i32::try_from(page.records().len()).unwrap() - 1).send().await.unwrap();
    assert!(part.child_shards.is_none());
    let rest = world.get(part.next_shard_iterator.unwrap()).await;
    assert_eq!((rest.records().len(), rest.child_shards().len()), (1, 2));

    world
        .kinesis
        .merge_shards()
        .stream_name(STREAM)
        .shard_to_merge(id(3))
        .adjacent_shard_to_merge(id(1))
        .send()
        .await
        .unwrap();
    for parent in [3, 1] {
        let end = world.get(world.iterator(parent, Type::Latest).await).await;
        assert_eq!(end.next_shard_iterator, None);
        assert_eq!((end.child_shards().len(), end.child_shards()[0].shard_id.as_str()), (1, &*id(4)));
        assert_eq!(end.child_shards()[0].parent_shards(), [id(3), id(1)]);
    }
    let merged = &world.shards().await[4];
    assert_eq!(merged.parent_shard_id(), Some(&*id(3)));
    assert_eq!(merged.adjacent_parent_shard_id(), Some(&*id(1)));
    // Closed shards have an end, and keep it.
    let range = |n: usize| shards[n].sequence_number_range().unwrap().clone();
    assert!(range(0).ending_sequence_number.unwrap() > range(0).starting_sequence_number);
    assert!(range(1).ending_sequence_number.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_resharded_is_refused() {
    let world = world(4).await;
    let split = |shard: String, hash: &str| {
        world
            .kinesis
            .split_shard()
            .stream_name(STREAM)
            .shard_to_split(shard)
            .new_starting_hash_key(hash)
            .send()
    };
    for hash in ["0", "1", "85070591730234615865843651857942052863", "85070591730234615865843651857942052864"]
    {
        assert_eq!(code(&split(id(0), hash).await), "InvalidArgumentException", "{hash}");
    }
    assert_eq!(code(&split(id(9), "7").await), "ResourceNotFoundException");
    assert_eq!(code(&split(id(0), "x").await), "ValidationException");
    split(id(0), "7").await.unwrap();
    assert_eq!(code(&split(id(0), "7").await), "InvalidArgumentException");
    let merge = |one: u32, other: u32| {
        let merge = world.kinesis.merge_shards().stream_name(STREAM);
        merge.shard_to_merge(id(one)).adjacent_shard_to_merge(id(other)).send()
    };
    for (one, other) in [(1, 3), (4, 2), (2, 2), (0, 1)] {
        assert_eq!(code(&merge(one, other).await), "InvalidArgumentException", "{one} {other}");
    }
    merge(2, 1).await.unwrap();
    let scale = |target| {
        let scale = world.kinesis.update_shard_count().stream_name(STREAM).target_shard_count(target);
        scale.scaling_type(ScalingType::UniformScaling).send()
    };
    assert_eq!(code(&scale(9).await), "InvalidArgumentException");
    assert_eq!(code(&scale(1).await), "InvalidArgumentException");
    for _ in 0..10 {
        scale(4).await.unwrap();
    }
    assert_eq!(code(&scale(4).await), "LimitExceededException");
    advance(Duration::from_hours(24)).await;
    assert_eq!(code(&scale(4).await), "success");
}

#[tokio::test(start_paused = true)]
async fn scaling_makes_equal_shards() {
    let world = world(3).await;
    for target in [6, 5, 3, 4, 2] {
        let scale = world.kinesis.update_shard_count().stream_name(STREAM).target_shard_count(target);
        let scaled = scale.scaling_type(ScalingType::UniformScaling).send().await.unwrap();
        assert_eq!(scaled.target_shard_count, Some(target));
        let target = u32::try_from(target).unwrap();
        let shards = world.handle.shards(STREAM).unwrap();
        let mut open = shards.iter().filter(|shard| shard.is_open).collect::<Vec<_>>();
        open.sort_by_key(|shard| *shard.hash_keys.start());
        assert_eq!(open.len(), target as usize);
        let width = u128::MAX / u128::from(target);
        for shard in open {
            let off = (shard.hash_keys.end() - shard.hash_keys.start()).abs_diff(width);
            assert!(off <= 1, "{off}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn filters_select_shards() {
    let world = world(2).await;
    let of = |r#type| ShardFilter::builder().r#type(r#type);
    let now = |world: &World| {
        world.handle.put(STREAM, [("k", "now")]).unwrap();
        let shards = world.handle.shards(STREAM).unwrap();
        let last = shards.iter().filter_map(|shard| world.handle.records(STREAM, &shard.id).unwrap().pop());
        last.map(|record| record.arrived).max().unwrap()
    };
    let start = now(&world);
    advance(Duration::from_mins(1)).await;
    world.handle.split(STREAM, &id(0)).unwrap();
    advance(Duration::from_mins(1)).await;
    world.handle.merge(STREAM, &id(3), &id(1)).unwrap();

    assert_eq!(filtered(&world, of(Filter::FromTrimHorizon)).await, [0, 1, 2, 3, 4]);
    assert_eq!(filtered(&world, of(Filter::AtTrimHorizon)).await, [0, 1]);
    assert_eq!(filtered(&world, of(Filter::AtLatest)).await, [2, 4]);
    assert_eq!(filtered(&world, of(Filter::AfterShardId).shard_id(id(2))).await, [3, 4]);
    let at = |r#type, seconds| of(r#type).timestamp(DateTime::from(start + Duration::from_secs(seconds)));
    for (seconds, at_time, from_time) in [
        (30, vec![0, 1], vec![0, 1, 2, 3, 4]),
        (90, vec![1, 2, 3], vec![1, 2, 3, 4]),
        (150, vec![2, 4], vec![2, 4]),
    ] {
        assert_eq!(filtered(&world, at(Filter::AtTimestamp, seconds)).await, at_time, "{seconds}");
        assert_eq!(filtered(&world, at(Filter::FromTimestamp, seconds)).await, from_time, "{seconds}");
    }
    let long_ago = |r#type| of(r#type).timestamp(DateTime::from_secs(0));
    assert_eq!(filtered(&world, long_ago(Filter::AtTimestamp)).await, [0, 1]);
    assert_eq!(filtered(&world, long_ago(Filter::FromTimestamp)).await, [0, 1, 2, 3, 4]);
    for wrong in [of(Filter::AfterShardId), of(Filter::AtTimestamp), of(Filter::from("AT_NOON"))] {
        let list =
            world.kinesis.list_shards().stream_name(STREAM).shard_filter(wrong.build().unwrap()).send().await;
        assert!(["InvalidArgumentException", "ValidationException"].contains(&code(&list)));
    }

    // Closed shards leave with their last records; then their children are what is at the horizon.
    advance(Duration::from_hours(24) - Duration::from_secs(30)).await;
    assert_eq!(filtered(&world, of(Filter::FromTrimHorizon)).await, [1, 2, 3, 4]);
    assert_eq!(filtered(&world, of(Filter::AtTrimHorizon)).await, [1, 2, 3]);
    advance(Duration::from_mins(2)).await;
    assert_eq!(filtered(&world, of(Filter::AtTrimHorizon)).await, [2, 4]);
    let gone = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(id(0));
    let gone = gone.shard_iterator_type(Type::TrimHorizon).send().await;
    assert_eq!(code(&gone), "ResourceNotFoundException");
    assert_eq!(world.shards().await[0].parent_shard_id(), Some(&*id(0)));
}

#[tokio::test(start_paused = true)]
async fn pages_of_shards_follow_by_token_alone() {
    let world = world(5).await;
    world.handle.split(STREAM, &id(0)).unwrap();
    let list = || world.kinesis.list_shards();
    let filter = ShardFilter::builder().r#type(Filter::AtLatest).build().unwrap();
    let first = list().stream_name(STREAM).max_results(2).shard_filter(filter.clone()).send().await.unwrap();
    assert_eq!(numbers(&first), [1, 2]);
    let token = first.next_token.unwrap();
    // The filter goes on with the token.
    let second = list().next_token(&token).max_results(10).send().await.unwrap();
    assert_eq!((numbers(&second), second.next_token.is_none()), (vec![3, 4, 5, 6], true));
    for beside in [
        list().next_token(&token).stream_name(STREAM),
        list().next_token(&token).shard_filter(filter),
        list().next_token(&token).exclusive_start_shard_id(id(1)),
    ] {
        assert_eq!(code(&beside.send().await), "InvalidArgumentException");
    }
    assert_eq!(code(&list().next_token("no token").send().await), "InvalidArgumentException");
    advance(Duration::from_millis(300_002)).await;
    assert_eq!(code(&list().next_token(&token).send().await), "ExpiredNextTokenException");
    let after = list().stream_name(STREAM).exclusive_start_shard_id(id(4)).send().await.unwrap();
    assert_eq!(numbers(&after), [5, 6]);
    assert_eq!(code(&list().stream_name(STREAM).max_results(0).send().await), "ValidationException");
}

/// One step of the property below: shards are picked by number among those that are open.
#[derive(Clone, Debug)]
enum Step {
    Put(Vec<u16>),
    Split(usize),
    Merge(usize),
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec(any::<u16>(), 1..20).prop_map(Step::Put),
        any::<usize>().prop_map(Step::Split),
        any::<usize>().prop_map(Step::Merge),
        (0_u16..2_000).prop_map(Step::Pass),
    ]
}

fn open(handle: &KinesisHandle) -> Vec<tidegate_local_aws::ShardView> {
    let mut open = handle.shards(STREAM).unwrap();
    open.retain(|shard| shard.is_open);
    open.sort_by_key(|shard| *shard.hash_keys.start());
    open
}

/// Whatever is split and merged: the open shards tile the space, each record is in the shard of its key, and the
/// records of a key have rising numbers over the whole lineage.
async fn lineage_holds(shards: u32, steps: Vec<Step>) {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let handle = aws.kinesis();
    handle.create_stream(STREAM, shards).unwrap();
    let (mut sent, mut count) = (BTreeMap::<String, Vec<String>>::new(), 0);
    for step in steps {
        let there = open(&handle);
        match step {
            Step::Put(keys) => {
                for key in keys {
                    let (key, data) = (format!("k{}", key % 50), count.to_string());
                    count += 1;
                    handle.put(STREAM, [(&key, &data)]).unwrap();
                    sent.entry(key).or_default().push(data);
                }
            }
            Step::Split(pick) => {
                // A shard may have become too small, after 128 splits.
                let _ = handle.split(STREAM, &there[pick % there.len()].id);
            }
            Step::Merge(pick) if there.len() > 1 => {
                let at = pick % (there.len() - 1);
                handle.merge(STREAM, &there[at].id, &there[at + 1].id).unwrap();
            }
            Step::Merge(_) => {}
            Step::Pass(millis) => advance(Duration::from_millis(millis.into())).await,
        }
        let there = open(&handle);
        assert_eq!(*there[0].hash_keys.start(), 0);
        assert_eq!(*there[there.len() - 1].hash_keys.end(), u128::MAX);
        for pair in there.windows(2) {
            assert_eq!(pair[0].hash_keys.end() + 1, *pair[1].hash_keys.start());
        }
    }
    let mut found = BTreeMap::<String, Vec<(String, String)>>::new();
    for shard in handle.shards(STREAM).unwrap() {
        for record in handle.records(STREAM, &shard.id).unwrap() {
            let data = String::from_utf8(record.data.to_vec()).unwrap();
            found.entry(record.partition_key).or_default().push((record.sequence_number, data));
        }
    }
    for (key, mut records) in found {
        // All have 56 digits: as texts they are ordered as the numbers are.
        records.sort();
        assert!(records.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let data = records.into_iter().map(|(_, data)| data).collect::<Vec<_>>();
        assert_eq!(sent.remove(&key), Some(data));
    }
    assert!(sent.is_empty(), "{sent:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn routing_and_lineage(shards in 1_u32..6, steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(lineage_holds(shards, steps));
    }
}

#[tokio::test(start_paused = true)]
async fn records_follow_their_keys_to_the_children() {
    let world = world(1).await;
    let (_, before) = world.put("a", "before").await;
    world.handle.split(STREAM, &id(0)).unwrap();
    let (shard, after) = world.put("a", "after").await;
    assert_eq!(shard, id(1));
    assert!(after > before);
    assert_eq!(texts(&world.get(world.iterator(1, Type::TrimHorizon).await).await), ["after"]);
}
