//! DynamoDB, as the SDK sees it: tables, items, conditions, indexes, pages and transactions.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod dynamodb;

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{
        AttributeValue, ConditionCheck, ExpectedAttributeValue, Put, ReturnValue,
        ReturnValuesOnConditionCheckFailure, TableStatus, TransactWriteItem,
    },
};
use tidegate_local_aws::LocalAws;

use crate::dynamodb::{TABLE, client, create_table, lease, n, s};

async fn world() -> (LocalAws, aws_sdk_dynamodb::Client) {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let client = client(&aws);
    create_table(&client).await;
    (aws, client)
}

#[tokio::test(start_paused = true)]
async fn tables() {
    let (_aws, client) = world().await;
    let table = client.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    assert_eq!(table.table_status(), Some(&TableStatus::Active));
    let arn = table.table_arn().unwrap();
    assert_eq!(arn, "arn:aws:dynamodb:us-east-1:000000000000:table/leases");
    let index = &table.global_secondary_indexes()[0];
    assert_eq!(index.index_arn().unwrap(), format!("{arn}/index/by-owner"));

    let tag = aws_sdk_dynamodb::types::Tag::builder().key("a").value("b").build().unwrap();
    client.tag_resource().resource_arn(arn).tags(tag.clone()).send().await.unwrap();
    assert_eq!(client.list_tags_of_resource().resource_arn(arn).send().await.unwrap().tags(), [tag]);

    assert_eq!(client.list_tables().send().await.unwrap().table_names(), [TABLE]);
    client.delete_table().table_name(TABLE).send().await.unwrap();
    let error = client.describe_table().table_name(TABLE).send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_fails_tells_what_is_there() {
    let (_aws, client) = world().await;
    let put = |owner| {
        let put = client.put_item().table_name(TABLE).set_item(Some(lease("shard-1", owner)));
        let put = put.condition_expression("attribute_not_exists(leaseKey)");
        put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).send()
    };
    put("a").await.unwrap();
    let error = put("b").await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    let PutItemError::ConditionalCheckFailedException(failed) = error.into_service_error() else { panic!() };
    assert_eq!(failed.item().unwrap()["leaseOwner"], s("a"));

    let got = client.get_item().table_name(TABLE).key("leaseKey", s("shard-1")).send().await.unwrap();
    assert_eq!(got.item, Some(lease("shard-1", "a")));
    let none = client.get_item().table_name(TABLE).key("leaseKey", s("shard-2")).send().await.unwrap();
    assert_eq!(none.item, None);
}

#[tokio::test(start_paused = true)]
async fn an_update_counts_and_returns() {
    let (_aws, client) = world().await;
    client.put_item().table_name(TABLE).set_item(Some(lease("k", "a"))).send().await.unwrap();
    let renew = |counter: u32| {
        let update = client.update_item().table_name(TABLE).key("leaseKey", s("k"));
        let update = update.update_expression("SET leaseCounter = leaseCounter + :one");
        let update = update.condition_expression("leaseCounter = :seen AND leaseOwner = :me");
        let update =
            update.expression_attribute_values(":one", n(1)).expression_attribute_values(":me", s("a"));
        update.expression_attribute_values(":seen", n(counter)).return_values(ReturnValue::AllNew).send()
    };
    assert_eq!(renew(0).await.unwrap().attributes.unwrap()["leaseCounter"], n(1));
    assert_eq!(renew(1).await.unwrap().attributes.unwrap()["leaseCounter"], n(2));
    assert!(renew(1).await.unwrap_err().into_service_error().is_conditional_check_failed_exception());

    let delete = client.delete_item().table_name(TABLE).key("leaseKey", s("k"));
    let old = delete.return_values(ReturnValue::AllOld).send().await.unwrap();
    assert_eq!(old.attributes.unwrap()["leaseCounter"], n(2));
    let scan = client.scan().table_name(TABLE).send().await.unwrap();
    assert_eq!(scan.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_legacy_expected() {
    let (_aws, client) = world().await;
    let put = |expected: ExpectedAttributeValue| {
        let put = client.put_item().table_name(TABLE).set_item(Some(lease("k", "a")));
        put.expected("leaseKey", expected).send()
    };
    let absent = ExpectedAttributeValue::builder().exists(false).build();
    put(absent.clone()).await.unwrap();
    let error = put(absent).await.unwrap_err().into_service_error();
    assert!(error.is_conditional_check_failed_exception(), "{error:?}");
    put(ExpectedAttributeValue::builder().value(s("k")).build()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_index_is_queried() {
    let (_aws, client) = world().await;
    for number in 0..9 {
        let owner = if number % 3 == 0 { "a" } else { "b" };
        let item = lease(&format!("k{number}"), owner);
        client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
    }
    let query = client.query().table_name(TABLE).index_name("by-owner");
    let query = query.key_condition_expression("leaseOwner = :me").expression_attribute_values(":me", s("a"));
    let found = query.send().await.unwrap();
    let mut keys = found.items().iter().map(|item| item["leaseKey"].as_s().unwrap()).collect::<Vec<_>>();
    keys.sort();
    assert_eq!(keys, ["k0", "k3", "k6"]);
}

#[tokio::test(start_paused = true)]
async fn a_scan_has_pages() {
    let (_aws, client) = world().await;
    for number in 0..10 {
        let mut item = lease(&format!("k{number}"), "a");
        item.insert("payload".to_owned(), s(&"x".repeat(300_000)));
        client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
    }
    let (mut pages, mut keys, mut start) = (0, Vec::new(), None);
    loop {
        let page = client.scan().table_name(TABLE).set_exclusive_start_key(start).send().await.unwrap();
        // A page ends at 1 MB, with the item that goes over it.
        assert!(page.count() <= 4, "{}", page.count());
        keys.extend(page.items().iter().map(|item| item["leaseKey"].as_s().unwrap().clone()));
        pages += 1;
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 10);
    assert!(pages >= 3, "{pages}");
    assert_eq!(client.scan().table_name(TABLE).limit(2).send().await.unwrap().count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_tells_its_reasons() {
    let (_aws, client) = world().await;
    client.put_item().table_name(TABLE).set_item(Some(lease("a", "me"))).send().await.unwrap();
    let put = Put::builder().table_name(TABLE).set_item(Some(lease("b", "me"))).build().unwrap();
    let check = ConditionCheck::builder().table_name(TABLE).key("leaseKey", s("a"));
    let check = check.condition_expression("leaseOwner = :me").expression_attribute_values(":me", s("you"));
    let write = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().put(put).build())
        .transact_items(TransactWriteItem::builder().condition_check(check.build().unwrap()).build());
    let error = write.send().await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else { panic!("{error:?}") };
    let codes = canceled.cancellation_reasons().iter().map(|reason| reason.code().unwrap());
    assert_eq!(codes.collect::<Vec<_>>(), ["None", "ConditionalCheckFailed"]);
    // Nothing of it was written.
    let got = client.get_item().table_name(TABLE).key("leaseKey", s("b")).send().await.unwrap();
    assert_eq!(got.item, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_named() {
    let (_aws, client) = world().await;
    let mut item = lease("k", "a");
    item.insert("leaseKey".to_owned(), AttributeValue::N("1".to_owned()));
    let error = client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    assert!(error.message().unwrap().contains("Type mismatch for key leaseKey"), "{error:?}");

    // Refused while the request is read.
    let error = client.get_item().table_name("a b").key("leaseKey", s("k")).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    assert!(error.message().unwrap().starts_with("1 validation error detected: "), "{error:?}");

    let error = client.describe_limits().send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnknownOperationException"));
    assert!(error.message().unwrap().contains("\"DescribeLimits\""), "{error:?}");
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
}
