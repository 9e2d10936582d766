//! What the catalog says of AWS's limits, and the laws of what a call draws from.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{any::type_name, collections::HashSet};

use proptest::prelude::*;
use tidegate_throttle::{
    Call, Limit,
    catalog::{Catalog, Cost, Draw, Per, Row},
};

const HEAD: &str = "# service per class cost refill burst quota bucket operations\n";

fn call(service: &'static str, operation: &'static str) -> Call {
    Call::new(service, operation).account("123456789012").region("eu-west-1")
}

fn names(draws: &[Draw]) -> Vec<&str> {
    draws.iter().map(|it| it.limit.name()).collect()
}

/// Rate in millionths, and burst.
fn size(draw: &Draw) -> Option<(u64, u32)> {
    draw.hint.map(|it| (it.rate.as_micros_per_second(), it.burst))
}

fn parse(rows: &str) -> Catalog {
    Catalog::parse(&format!("{HEAD}{rows}")).unwrap()
}

#[test]
fn every_row_parses_and_is_sourced_and_dated() {
    let catalog = Catalog::parse(include_str!("../data/aws-limits.txt")).unwrap();
    assert!(catalog.rows().len() > 300, "{}", catalog.rows().len());
    assert_eq!(catalog.rows(), Catalog::aws().rows());
    for row in catalog.rows() {
        assert!(row.source().starts_with("https://docs.aws.amazon.com/"), "{row}");
        assert!(("2026-11-23".."2100").contains(&row.checked()), "{row} {}", row.checked());
        assert!(row.hint().is_some() || row.service() == "dynamodb", "{row}");
    }
}

#[test]
fn rows_name_operations_that_the_sdk_has() {
    macro_rules! operations {
        ($sdk:ident, $($module:ident :: $operation:ident),* $(,)?) => {
            HashSet::from([$(type_name::<$sdk::operation::$module::$operation>()),*])
        };
    }
    let sdks = [
        (
            "kinesis",
            operations! { aws_sdk_kinesis,
                add_tags_to_stream::AddTagsToStream,
                create_stream::CreateStream,
                decrease_stream_retention_period::DecreaseStreamRetentionPeriod,
                delete_resource_policy::DeleteResourcePolicy,
                delete_stream::DeleteStream,
                deregister_stream_consumer::DeregisterStreamConsumer,
                describe_account_settings::DescribeAccountSettings,
                describe_limits::DescribeLimits,
                describe_stream::DescribeStream,
                describe_stream_consumer::DescribeStreamConsumer,
                describe_stream_summary::DescribeStreamSummary,
                disable_enhanced_monitoring::DisableEnhancedMonitoring,
                enable_enhanced_monitoring::EnableEnhancedMonitoring,
                get_records::GetRecords,
                get_resource_policy::GetResourcePolicy,
                get_shard_iterator::GetShardIterator,
                increase_stream_retention_period::IncreaseStreamRetentionPeriod,
                list_shards::ListShards,
                list_stream_consumers::ListStreamConsumers,
                list_streams::ListStreams,
                list_tags_for_stream::ListTagsForStream,
                merge_shards::MergeShards,
                put_record::PutRecord,
                put_records::PutRecords,
                put_resource_policy::PutResourcePolicy,
                register_stream_consumer::RegisterStreamConsumer,
                remove_tags_from_stream::RemoveTagsFromStream,
                split_shard::SplitShard,
                subscribe_to_shard::SubscribeToShard,
                update_account_settings::UpdateAccountSettings,
                update_stream_warm_throughput::UpdateStreamWarmThroughput,
            },
        ),
        (
            "s3",
            operations! { aws_sdk_s3,
                abort_multipart_upload::AbortMultipartUpload,
                complete_multipart_upload::CompleteMultipartUpload,
                copy_object::CopyObject,
                create_multipart_upload::CreateMultipartUpload,
                delete_object::DeleteObject,
                delete_object_tagging::DeleteObjectTagging,
                delete_objects::DeleteObjects,
                get_object::GetObject,
                get_object_acl::GetObjectAcl,
                get_object_attributes::GetObjectAttributes,
                get_object_legal_hold::GetObjectLegalHold,
                get_object_retention::GetObjectRetention,
                get_object_tagging::GetObjectTagging,
                get_object_torrent::GetObjectTorrent,
                head_object::HeadObject,
                put_object::PutObject,
                put_object_acl::PutObjectAcl,
                put_object_legal_hold::PutObjectLegalHold,
                put_object_retention::PutObjectRetention,
                put_object_tagging::PutObjectTagging,
                restore_object::RestoreObject,
                upload_part::UploadPart,
                upload_part_copy::UploadPartCopy,
            },
        ),
    ];
    for (service, types) in sdks {
        let catalog = Catalog::aws();
        let rows = catalog.rows().iter().filter(|row| row.service() == service);
        let named: HashSet<_> = rows.flat_map(Row::operations).collect();
        let known: HashSet<_> = types.iter().filter_map(|it| it.rsplit("::").next()).collect();
        assert_eq!(named, known);
    }
}

#[test]
fn what_a_call_draws_from() {
    for (service, operation, resource, expected) in [
        ("ec2", "RunInstances", "", &["RunInstances", "run-instances-resources"][..]),
        ("ec2", "DescribeInstances", "", &["DescribeInstances"]),
        ("ec2", "ModifyHosts", "", &["ModifyHosts"]),
        ("route53", "ChangeResourceRecordSets", "", &["ChangeResourceRecordSets", "changes", "account"]),
        ("route53", "ListHostedZones", "", &["ListHostedZones", "account"]),
        ("s3", "PutObject", "b/p", &["writes"]),
        ("s3", "CopyObject", "b/p", &["writes"]),
        ("s3", "GetObject", "b/p", &["reads"]),
        ("s3", "ListObjectsV2", "b/p", &["ListObjectsV2"]),
        ("kms", "Encrypt", "rsa", &["cryptographic-rsa"]),
        ("kms", "Encrypt", "symmetric", &["cryptographic-symmetric"]),
        ("kms", "Encrypt", "", &["cryptographic-symmetric"]),
        ("kms", "Sign", "ml-dsa", &["cryptographic-ml-dsa"]),
        ("kms", "Sign", "", &["Sign"]),
        ("dynamodb", "Query", "orders/read", &["reads"]),
        ("dynamodb", "DescribeTable", "", &["control-plane"]),
        ("lambda", "GetFunction", "", &["GetFunction"]),
        ("lambda", "ListFunctions", "", &["control-plane"]),
        ("lambda", "Invoke", "", &["Invoke"]),
        ("sqs", "SendMessageBatch", "https://sqs/1/orders.fifo", &["send"]),
        ("sqs", "SendMessageBatch", "https://sqs/1/orders", &["SendMessageBatch"]),
        ("apigateway", "CreateDeployment", "", &["CreateDeployment", "operations"]),
        ("apigateway", "GetRestApis", "", &["GetRestApis", "operations"]),
        ("iam", "CreateRole", "", &["CreateRole"]),
    ] {
        let draws = Catalog::aws().draws(&call(service, operation).resource(resource));
        assert_eq!(names(&draws), expected, "{service} {operation} {resource}");
    }
}

#[test]
fn what_is_documented_of_the_limits_of_run_instances() {
    let draws = Catalog::aws().draws(&call("ec2", "RunInstances").resource("ignored"));
    let limit = |name: &str| Limit::new("ec2", name).with_account("123456789012").with_region("eu-west-1");
    assert_eq!(draws[0].limit, limit("RunInstances"));
    assert_eq!((draws[0].cost, size(&draws[0])), (Cost::One, Some((2_000_000, 5))));
    assert_eq!(draws[1].limit, limit("run-instances-resources"));
    assert_eq!((draws[1].cost, size(&draws[1])), (Cost::OfCall, Some((2_000_000, 1000))));
}

#[test]
fn categories_of_ec2_give_each_operation_a_bucket_of_its_own() {
    let size_of = |operation, resource| {
        let draws = Catalog::aws().draws(&call("ec2", operation).resource(resource));
        assert_eq!(names(&draws), [operation]);
        size(&draws[0])
    };
    assert_eq!(size_of("DescribeInstances", ""), Some((20_000_000, 100)));
    assert_eq!(size_of("DescribeInstances", "unfiltered"), Some((10_000_000, 50)));
    assert_eq!(size_of("DescribeHosts", "unfiltered"), Some((20_000_000, 100)));
    assert_eq!(size_of("DescribeInstanceTopology", ""), Some((1_000_000, 1)));
    assert_eq!(size_of("ModifyHosts", ""), Some((5_000_000, 50)));
    assert_eq!(size_of("CreateVpcEndpoint", ""), Some((300_000, 4)));
    assert_eq!(size_of("DescribeCapacityBlockOfferings", ""), Some((150_000, 10)));
    let limit =
        |resource| Catalog::aws().draws(&call("ec2", "DescribeVolumes").resource(resource))[0].limit.clone();
    assert_ne!(limit(""), limit("unfiltered"));
}

#[test]
fn route_53_counts_in_all_regions_together() {
    let draws = Catalog::aws().draws(&call("route53", "ChangeResourceRecordSets").resource("zone"));
    let limits: Vec<_> = draws.iter().map(|it| it.limit.to_string()).collect();
    assert_eq!(
        limits,
        [
            "123456789012 route53 ChangeResourceRecordSets",
            "123456789012 route53 changes",
            "123456789012 route53 account",
        ]
    );
    assert_eq!(draws.iter().map(|it| it.cost).collect::<Vec<_>>(), [Cost::One, Cost::OfCall, Cost::One]);
    let sizes: Vec<_> = draws.iter().filter_map(size).collect();
    assert_eq!(sizes, [(10_000_000, 50), (100_000_000, 1500), (10_000_000, 50)]);
}

#[test]
fn a_limit_per_resource_is_one_for_each_and_has_no_known_size_without_one() {
    let draws = |operation, resource| Catalog::aws().draws(&call("s3", operation).resource(resource));
    assert_eq!(draws("PutObject", "b/p"), draws("CopyObject", "b/p"));
    assert_eq!(size(&draws("PutObject", "b/p")[0]), Some((3_500_000_000, 3500)));
    assert_ne!(draws("PutObject", "b/p")[0].limit, draws("PutObject", "b/q")[0].limit);
    let unknown = &draws("PutObject", "")[0];
    assert_eq!((unknown.limit.resource(), unknown.hint), ("", None));
}

#[test]
fn a_quota_is_known_by_its_code() {
    let draws = Catalog::aws().draws(&call("kms", "Decrypt"));
    assert_eq!(draws[0].quota.unwrap().as_str(), "L-6E3AF000");
}

#[test]
fn an_empty_catalog_gives_each_operation_and_resource_a_limit() {
    let call = call("s3", "PutObject").resource("b/p");
    let draws = Catalog::empty().draws(&call);
    assert_eq!(draws.iter().map(|it| &it.limit).collect::<Vec<_>>(), [&Limit::of(&call)]);
    assert_eq!((draws[0].cost, draws[0].hint, draws[0].quota), (Cost::OfCall, None, None));
}

#[test]
fn rows_that_were_added_last_count_first() {
    let ours = parse("ec2 region - one 7 9 - - RunInstances\nkms region - one 1 - - mine GetKeyPolicy");
    let catalog = Catalog::aws().with(ours);
    let run = catalog.draws(&call("ec2", "RunInstances"));
    assert_eq!(names(&run), ["RunInstances", "run-instances-resources"]);
    assert_eq!(size(&run[0]), Some((7_000_000, 9)));
    assert_eq!(names(&catalog.draws(&call("kms", "GetKeyPolicy"))), ["GetKeyPolicy", "mine"]);
    // A row for all operations does not take the place of one that names the operation.
    let catalog = Catalog::aws().with(parse("ec2 region - one 1 - - - *"));
    assert_eq!(size(&catalog.draws(&call("ec2", "RunInstances"))[0]), Some((2_000_000, 5)));
    assert_eq!(size(&catalog.draws(&call("ec2", "ModifyHosts"))[0]), Some((1_000_000, 1)));
}

#[test]
fn rows_are_read_as_they_are_written() {
    let catalog = parse(
        "source https://example.com/limits 2026-02-28
         widgets resource *.fifo call 0.3 - L-1194F27D reads Get* !GetAll
         + List*   # ListAll is not AWS's
         source -
         widgets account - one 40 50 - - *",
    );
    let [reads, rest] = catalog.rows() else { panic!("{catalog}") };
    assert_eq!((reads.service(), reads.class(), reads.bucket()), ("widgets", Some("*.fifo"), Some("reads")));
    assert_eq!((reads.per(), reads.cost()), (Per::Resource, Cost::OfCall));
    assert_eq!(reads.quota().unwrap().as_str(), "L-1194F27D");
    assert_eq!(reads.operations().collect::<Vec<_>>(), ["Get*", "!GetAll", "List*"]);
    assert_eq!((reads.source(), reads.checked()), ("https://example.com/limits", "2026-02-28"));
    // A burst that is not documented is a second's refill, and at least a token.
    assert_eq!(reads.hint().map(|it| (it.rate.as_micros_per_second(), it.burst)), Some((300_000, 1)));
    assert_eq!((rest.source(), rest.checked(), rest.bucket(), rest.class()), ("", "", None, None));
    let draws = |operation: &'static str| catalog.draws(&call("widgets", operation).resource("q.fifo"));
    assert_eq!(names(&draws("GetOne")), ["reads"]);
    // What is excepted is for the other row, and so is a call of another class.
    assert_eq!(names(&draws("GetAll")), ["GetAll"]);
    assert_eq!(names(&catalog.draws(&call("widgets", "GetOne").resource("q"))), ["GetOne"]);
}

#[test]
fn errors_name_the_line_and_what_would_be_right() {
    for (rows, expected) in [
        ("ec2 region - one", "line 2: a row is: service per class cost refill burst quota bucket operations"),
        (
            "EC2 region - one 1 1 - - *",
            "line 2: `EC2` is no service: lower-case letters and digits, as in `aws-sdk-ec2`",
        ),
        ("ec2 zone - one 1 1 - - *", "line 2: `zone` is not one of: account, region, resource"),
        ("ec2 region - two 1 1 - - *", "line 2: `two` is not one of: one, call"),
        ("ec2 region - one fast 1 - - *", "line 2: `fast` is no refill: 20 and 0.3 are"),
        ("ec2 region - one 0.0 1 - - *", "line 2: `0.0` is no refill: 20 and 0.3 are"),
        ("ec2 region - one -1 1 - - *", "line 2: `-1` is no refill: 20 and 0.3 are"),
        ("ec2 region - one 1. 1 - - *", "line 2: `1.` is no refill: 20 and 0.3 are"),
        ("ec2 region - one 0.0000001 1 - - *", "line 2: `0.0000001` is no refill: 20 and 0.3 are"),
        (
            "ec2 region - one 99999999999999999999 1 - - *",
            "line 2: `99999999999999999999` is no refill: 20 and 0.3 are",
        ),
        ("ec2 region - one 1 0 - - *", "line 2: `0` is no burst: 1 and 100 are"),
        ("ec2 region - one 1 0.5 - - *", "line 2: `0.5` is no burst: 1 and 100 are"),
        ("ec2 region - one - 5 - - *", "line 2: a burst without a refill"),
        ("ec2 region - one 1 1 L-1 - *", "line 2: `L-1` is no code of Service Quotas: L-1194F27D is one"),
        ("ec2 region - one 1 1 - Reads *", "line 2: `Reads` is no bucket: begin with a lower-case letter"),
        (
            "ec2 region - one 1 1 - - Get,List",
            "line 2: `Get,List` is no operation: GetItem, Get*, * and !GetItem are",
        ),
        ("ec2 region - one 1 1 - - !", "line 2: `!` is no operation: GetItem, Get*, * and !GetItem are"),
        ("ec2 region - one 1 1 - - **", "line 2: `**` is no operation: GetItem, Get*, * and !GetItem are"),
        ("ec2 region - one 1 1 - -", "line 2: no operations"),
        ("ec2 region - one 1 1 - - !Get", "line 2: no operations"),
        ("ec2 region - one 1 1 - - Get !List", "line 2: an exception from what is named one by one"),
        ("+ Get", "line 2: `+` continues no row"),
        ("source here", "line 2: a source is an address and a day, or `-`"),
        ("source https://aws 2026-13-01", "line 2: `2026-13-01` is no day: 2026-11-23 is one"),
        ("source https://aws 26-11-01", "line 2: `26-11-01` is no day: 2026-11-23 is one"),
        (
            "ec2 region - one 1 1 - - Get\n\nec2 account - call 2 2 - - List\n+ Get",
            "line 4: ec2 Get has this in line 2 already",
        ),
    ] {
        let error = Catalog::parse(&format!("{HEAD}{rows}")).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(expected.starts_with(&format!("line {}:", error.line())));
    }
}

fn calls() -> impl Strategy<Value = Call> {
    let rows = Catalog::aws().rows().to_vec();
    let of_rows = prop::sample::select(rows).prop_flat_map(|row| {
        let operations: Vec<_> = row.operations().map(|it| it.trim_matches(['!', '*']).to_owned()).collect();
        (
            Just(row.service().to_owned()),
            prop::sample::select(operations),
            Just(row.bucket().unwrap_or("").to_owned()),
        )
    });
    let resource = prop::sample::select(vec!["", "rsa", "ecc", "unfiltered", "orders/read", "orders.fifo"]);
    (of_rows, "[A-Z]?[a-z]{0,4}", 0..4_u8, resource).prop_map(
        |((service, operation, bucket), noise, kind, resource)| {
            let (service, operation) = match kind {
                0 => (service, operation),
                1 => (service, format!("{operation}{noise}")),
                // Nothing keeps who makes other calls than the SDK's from naming them as a bucket is named.
                2 => (service, bucket),
                _ => (noise, operation),
            };
            Call::new(service, operation).account("1").region("r").resource(resource)
        },
    )
}

proptest! {
    #[test]
    fn draws_are_never_none_never_one_limit_twice_and_always_the_same(call in calls()) {
        let catalog = Catalog::aws();
        let draws = catalog.draws(&call);
        prop_assert!(!draws.is_empty());
        let limits: HashSet<_> = draws.iter().map(|it| &it.limit).collect();
        prop_assert_eq!(limits.len(), draws.len());
        prop_assert!(draws.iter().all(|it| it.limit.service() == call.service_name()));
        prop_assert_eq!(&draws, &catalog.draws(&call));
        prop_assert_eq!(&draws, &catalog.clone().with(catalog).draws(&call));
    }

    #[test]
    fn the_first_limit_is_the_narrowest(call in calls()) {
        let catalog = Catalog::aws();
        // How many of the operations that the catalog names draw from a limit.
        let width = |draw: &Draw| {
            let of_service = catalog.rows().iter().filter(|it| it.service() == call.service_name());
            let operations: HashSet<_> = of_service.flat_map(Row::operations).map(str::to_owned).collect();
            let draws = operations.into_iter().filter(|it| {
                let other = renamed(&call, it.trim_matches(['!', '*']).to_owned());
                catalog.draws(&other).iter().any(|other| other.limit == draw.limit)
            });
            draws.count()
        };
        let widths: Vec<_> = catalog.draws(&call).iter().map(width).collect();
        prop_assert!(widths.is_sorted(), "{:?}", widths);
    }
}

fn renamed(call: &Call, operation: String) -> Call {
    let [account, region, service, _, resource] = Limit::of(call).parts().map(str::to_owned);
    Call::new(service, operation).account(account).region(region).resource(resource)
}

#[test]
fn a_catalog_is_shown_as_it_is_read() {
    let ours = parse(
        "widgets resource *.fifo call 0.3 - L-1194F27D reads Get* !GetAll\nwidgets account - one 40 50 - - *",
    );
    for catalog in [Catalog::empty(), Catalog::aws(), Catalog::aws().with(ours)] {
        assert_eq!(Catalog::parse(&catalog.to_string()).unwrap().rows(), catalog.rows());
    }
    assert_eq!(Catalog::aws().rows()[0].per(), Per::Region);
    assert_eq!(
        Catalog::aws().rows()[0].to_string(),
        "ec2 region - one 20.000000 100 - - Describe* Get* List* Search*"
    );
}
