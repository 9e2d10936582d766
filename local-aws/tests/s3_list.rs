//! Listings of the embedded S3, against a model.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod s3;

use std::collections::BTreeSet;

use aws_sdk_s3::types::EncodingType;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use s3::{World, code, odd_keys, world};

fn decode(name: &str) -> String {
    percent_decode_str(&name.replace('+', " ")).decode_utf8().unwrap().into_owned()
}

/// All pages of a listing by version 2: keys, and common prefixes with a mark before them.
async fn list_v2(
    world: &World,
    prefix: &str,
    delimiter: Option<&str>,
    after: Option<&str>,
    max: i32,
) -> Vec<String> {
    let (mut listed, mut token) = (Vec::new(), None);
    loop {
        let list = world.s3.list_objects_v2().bucket("src").prefix(prefix).max_keys(max);
        let list = list.set_delimiter(delimiter.map(str::to_owned)).set_start_after(after.map(str::to_owned));
        let list = list.encoding_type(EncodingType::Url).set_continuation_token(token);
        let page = list.send().await.unwrap();
        assert_eq!(
            usize::try_from(page.key_count().unwrap()),
            Ok(page.contents().len() + page.common_prefixes().len())
        );
        assert!(page.key_count().unwrap() <= max);
        listed.extend(page.contents().iter().map(|object| decode(object.key().unwrap())));
        listed.extend(
            page.common_prefixes().iter().map(|group| format!("P {}", decode(group.prefix().unwrap()))),
        );
        token = page.next_continuation_token().map(str::to_owned);
        assert_eq!(page.is_truncated(), Some(token.is_some()));
        if token.is_none() {
            return listed;
        }
    }
}

/// All pages of a listing by version 1.
async fn list_v1(
    world: &World,
    prefix: &str,
    delimiter: Option<&str>,
    marker: Option<&str>,
    max: i32,
) -> Vec<String> {
    let (mut listed, mut marker) = (Vec::new(), marker.map(str::to_owned));
    loop {
        let list = world.s3.list_objects().bucket("src").prefix(prefix).max_keys(max);
        let list = list.set_delimiter(delimiter.map(str::to_owned)).set_marker(marker);
        let page = list.encoding_type(EncodingType::Url).send().await.unwrap();
        listed.extend(page.contents().iter().map(|object| decode(object.key().unwrap())));
        listed.extend(
            page.common_prefixes().iter().map(|group| format!("P {}", decode(group.prefix().unwrap()))),
        );
        if page.is_truncated() != Some(true) {
            return listed;
        }
        assert_eq!(page.next_marker().is_some(), delimiter.is_some());
        let final_key = page.contents().last().and_then(|object| object.key());
        marker = page.next_marker().or(final_key).map(decode);
    }
}

fn model(
    keys: &BTreeSet<String>,
    prefix: &str,
    delimiter: Option<&str>,
    after: Option<&str>,
) -> BTreeSet<String> {
    let name = |key: &String| match delimiter.and_then(|delimiter| key[prefix.len()..].find(delimiter)) {
        Some(at) => (true, key[..prefix.len() + at + delimiter.unwrap().len()].to_owned()),
        None => (false, key.clone()),
    };
    let names = keys.iter().filter(|key| key.starts_with(prefix)).map(name);
    let names = names.filter(|(_, name)| after.is_none_or(|after| name.as_str() > after));
    names.map(|(group, name)| if group { format!("P {name}") } else { name }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn both_versions_list_what_the_model_says(
        keys in prop::collection::btree_set("[ab/+ é😀]{1,5}", 0..25),
        prefix in "[ab/]{0,2}",
        delimiter in prop::option::of("/|a|//"),
        after in prop::option::of("[ab/+ ]{1,4}"),
        max in 1..6_i32,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = world().await;
            world.handle.seed("src", keys.iter().map(|key| (key.clone(), 1))).unwrap();
            let (delimiter, after) = (delimiter.as_deref(), after.as_deref());
            let expected = model(&keys, &prefix, delimiter, after);
            for listed in [
                list_v2(&world, &prefix, delimiter, after, max).await,
                list_v1(&world, &prefix, delimiter, after, max).await,
            ] {
                assert_eq!(listed.len(), expected.len(), "nothing twice");
                assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), expected);
            }
        });
    }
}

#[tokio::test]
async fn every_key_is_listed_in_byte_order() {
    let world = world().await;
    world.handle.seed("src", odd_keys().into_iter().map(|key| (key, 1))).unwrap();
    assert_eq!(list_v2(&world, "", None, None, 7).await, odd_keys());
    // From the middle of every place, whatever it is made of.
    for (at, key) in odd_keys().iter().enumerate() {
        assert_eq!(list_v2(&world, "", None, Some(key), 1_000).await, odd_keys()[at + 1..], "{key:?}");
    }
}

#[tokio::test]
async fn without_an_encoding_keys_come_as_references() {
    let world = world().await;
    let keys: Vec<String> = odd_keys();
    world.handle.seed("src", keys.iter().map(|key| (key.clone(), 1))).unwrap();
    let page = world.s3.list_objects_v2().bucket("src").send().await.unwrap();
    let listed: Vec<&str> = page.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(listed, keys);
}

#[tokio::test]
async fn pages_are_at_most_a_thousand() {
    let world = world().await;
    world.handle.seed("src", (0..2_500).map(|number| (format!("{number:05}"), 1))).unwrap();
    let page = world.s3.list_objects_v2().bucket("src").max_keys(5_000).send().await.unwrap();
    assert_eq!(
        (page.contents().len(), page.max_keys(), page.is_truncated()),
        (1_000, Some(1_000), Some(true))
    );
    assert_eq!(list_v2(&world, "", None, None, 1_000).await.len(), 2_500);
    let none = world.s3.list_objects_v2().bucket("src").max_keys(0).send().await.unwrap();
    assert_eq!((none.contents().len(), none.is_truncated()), (0, Some(false)));
    let negative = world.s3.list_objects_v2().bucket("src").max_keys(-1).send().await;
    assert_eq!(code(negative).0, "InvalidArgument");
    let token = world.s3.list_objects_v2().bucket("src").continuation_token("x").send().await;
    assert_eq!(code(token), ("InvalidArgument".to_owned(), 400));
}

#[tokio::test]
async fn an_entry_tells_what_the_object_is() {
    let world = world().await;
    world.handle.put("src", "k", "hello").unwrap();
    let page = world.s3.list_objects_v2().bucket("src").send().await.unwrap();
    let object = &page.contents()[0];
    assert_eq!(object.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!((object.size(), object.storage_class().unwrap().as_str()), (Some(5), "STANDARD"));
    assert!(object.last_modified().unwrap().secs() > 1_700_000_000);
}
