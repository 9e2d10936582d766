"""Kinesis: streams, records, resharding and fan-out, through boto3."""

import time

from expect import equal, error
from server import server

STREAM = "orders"


def stream(kinesis, shards=1):
    kinesis.create_stream(StreamName=STREAM, ShardCount=shards)
    kinesis.get_waiter("stream_exists").wait(StreamName=STREAM)
    return kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]["StreamARN"]


def shard(number):
    return f"shardId-{number:012}"


def iterator(kinesis, number, kind="TRIM_HORIZON", **more):
    given = kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard(number), ShardIteratorType=kind, **more)
    return given["ShardIterator"]


def read(kinesis, number):
    """All records of a shard, and the last answer."""
    records, place = [], iterator(kinesis, number)
    while True:
        page = kinesis.get_records(ShardIterator=place, Limit=7)
        records += page["Records"]
        place = page.get("NextShardIterator")
        if place is None or page["MillisBehindLatest"] == 0:
            return records, page


def records_are_routed_and_come_back_in_order():
    with server() as aws:
        kinesis = aws.client("kinesis")
        stream(kinesis, shards=3)
        sent = [{"PartitionKey": f"k{n}", "Data": f"record {n}".encode()} for n in range(100)]
        put = kinesis.put_records(StreamName=STREAM, Records=sent)
        equal(put["FailedRecordCount"], 0)
        for number in range(3):
            wanted = [(answer["SequenceNumber"], record["PartitionKey"], record["Data"])
                      for record, answer in zip(sent, put["Records"]) if answer["ShardId"] == shard(number)]
            records, _ = read(kinesis, number)
            equal([(r["SequenceNumber"], r["PartitionKey"], r["Data"]) for r in records], wanted)
            assert [int(r["SequenceNumber"]) for r in records] == sorted(int(r["SequenceNumber"]) for r in records)
        age = time.time() - records[0]["ApproximateArrivalTimestamp"].timestamp()
        assert 0 <= age < 60, age


def shards_split_merge_and_end():
    with server() as aws:
        kinesis = aws.client("kinesis")
        stream(kinesis, shards=2)
        kinesis.put_record(StreamName=STREAM, PartitionKey="k", ExplicitHashKey="0", Data=b"x")
        kinesis.split_shard(StreamName=STREAM, ShardToSplit=shard(0), NewStartingHashKey="1000")
        records, page = read(kinesis, 0)
        equal((len(records), "NextShardIterator" in page), (1, False))
        equal([child["ShardId"] for child in page["ChildShards"]], [shard(2), shard(3)])
        kinesis.merge_shards(StreamName=STREAM, ShardToMerge=shard(3), AdjacentShardToMerge=shard(1))
        _, page = read(kinesis, 1)
        equal([child["ParentShards"] for child in page["ChildShards"]], [[shard(3), shard(1)]])
        error("InvalidArgumentException", kinesis.merge_shards, StreamName=STREAM, ShardToMerge=shard(3),
              AdjacentShardToMerge=shard(4))
        kinesis.update_shard_count(StreamName=STREAM, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
        latest = kinesis.list_shards(StreamName=STREAM, ShardFilter={"Type": "AT_LATEST"})["Shards"]
        equal(sorted(int(one["HashKeyRange"]["StartingHashKey"]) for one in latest), [n << 126 for n in range(4)])


def pages_of_shards_follow_by_token():
    with server() as aws:
        kinesis = aws.client("kinesis")
        stream(kinesis, shards=25)
        # Not by boto3's paginator: it repeats the name beside the token, which AWS refuses as well.
        pages = [kinesis.list_shards(StreamName=STREAM, MaxResults=10)]
        while "NextToken" in pages[-1]:
            pages.append(kinesis.list_shards(NextToken=pages[-1]["NextToken"], MaxResults=10))
        equal([len(page["Shards"]) for page in pages], [10, 10, 5])
        pages = kinesis.get_paginator("describe_stream").paginate(StreamName=STREAM, Limit=10)
        equal([one["ShardId"] for page in pages for one in page["StreamDescription"]["Shards"]],
              [shard(n) for n in range(25)])
        token = kinesis.list_shards(StreamName=STREAM, MaxResults=1)["NextToken"]
        error("InvalidArgumentException", kinesis.list_shards, StreamName=STREAM, NextToken=token)


def subscriptions_push_records():
    with server() as aws:
        kinesis = aws.client("kinesis")
        arn = stream(kinesis)
        consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="one")["Consumer"]["ConsumerARN"]
        kinesis.put_record(StreamName=STREAM, PartitionKey="k", Data=b"before")
        subscribe = dict(ConsumerARN=consumer, ShardId=shard(0), StartingPosition={"Type": "TRIM_HORIZON"})
        pushed = iter(kinesis.subscribe_to_shard(**subscribe)["EventStream"])
        event = next(pushed)["SubscribeToShardEvent"]
        equal([record["Data"] for record in event["Records"]], [b"before"])
        error("ResourceInUseException", kinesis.subscribe_to_shard, **subscribe)
        kinesis.put_record(StreamName=STREAM, PartitionKey="k", Data=b"after")
        event = next(pushed)["SubscribeToShardEvent"]
        equal([record["Data"] for record in event["Records"]], [b"after"])
        kinesis.split_shard(StreamName=STREAM, ShardToSplit=shard(0), NewStartingHashKey=str(1 << 127))
        rest = [one["SubscribeToShardEvent"] for one in pushed]
        equal([("ContinuationSequenceNumber" in one, len(one.get("ChildShards", []))) for one in rest], [(False, 2)])


def throughput_is_limited_by_shard():
    limit = {"service": "kinesis", "per": "shard",
             "error": {"status": 400, "code": "ProvisionedThroughputExceededException",
                       "message": "Rate exceeded for shard {shard} in stream {stream} under account {account}."}}
    rows = [{**limit, "actions": ["PutRecords"], "count": "records", "refill": 1, "burst": 10},
            {**limit, "actions": ["GetRecords"], "count": "bytes", "refill": 1, "burst": 5}]
    with server(limits={"limits": rows}) as aws:
        kinesis = aws.client("kinesis")
        stream(kinesis)
        put = kinesis.put_records(StreamName=STREAM, Records=[{"PartitionKey": "k", "Data": b"x"}] * 15)
        codes = [answer.get("ErrorCode") for answer in put["Records"]]
        equal((put["FailedRecordCount"], codes[9], codes[14]), (5, None, "ProvisionedThroughputExceededException"))
        place = iterator(kinesis, 0)
        # Ten records of two bytes are more than the bucket has: the next reader waits.
        equal(len(kinesis.get_records(ShardIterator=place)["Records"]), 10)
        answer = error("ProvisionedThroughputExceededException", kinesis.get_records, ShardIterator=place)
        equal(answer["Error"]["Message"],
              f"Rate exceeded for shard {shard(0)} in stream {STREAM} under account 000000000000.")
        equal(aws.counters("kinesis", "GetRecords")["throttled"], 1)


def streams_of_the_seed_are_there():
    seed = {"buckets": [], "streams": [{"name": STREAM, "shards": 2, "records": [{"key": "k", "data": "text"}],
                                        "generate": {"records": 500, "keys": 10, "bytes": 100}}]}
    with server(seed=seed) as aws:
        kinesis = aws.client("kinesis")
        records = [record for number in range(2) for record in read(kinesis, number)[0]]
        equal(len(records), 501)
        equal(sorted({len(record["Data"]) for record in records}), [4, 100])
        equal(len({record["PartitionKey"] for record in records}), 11)


def names_and_tags():
    with server() as aws:
        kinesis = aws.client("kinesis")
        arn = stream(kinesis)
        error("ResourceInUseException", kinesis.create_stream, StreamName=STREAM, ShardCount=1)
        kinesis.add_tags_to_stream(StreamARN=arn, Tags={"team": "blue"})
        equal(kinesis.list_tags_for_stream(StreamName=STREAM)["Tags"], [{"Key": "team", "Value": "blue"}])
        equal(kinesis.list_streams()["StreamNames"], [STREAM])
        kinesis.delete_stream(StreamARN=arn)
        kinesis.get_waiter("stream_not_exists").wait(StreamName=STREAM)
        error("ResourceNotFoundException", kinesis.list_shards, StreamName=STREAM)


CHECKS = [records_are_routed_and_come_back_in_order, shards_split_merge_and_end, pages_of_shards_follow_by_token,
          subscriptions_push_records, throughput_is_limited_by_shard, streams_of_the_seed_are_there, names_and_tags]
