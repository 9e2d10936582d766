"""The table of entity-pipeline, and every write to it: a DynamoDB stream is the witness."""

import json
from collections import namedtuple

# `published` is the version that was published last; None before the first.
Item = namedtuple("Item", "entity version published state")


class Store:
    NAME = "entities"

    def __init__(self, server):
        self.dynamodb = server.client("dynamodb", attempts=5)
        # The ids of shards are shorter than AWS's.
        self.streams = server.client("dynamodbstreams", attempts=5, parameter_validation=False)
        table = self.dynamodb.create_table(
            TableName=self.NAME, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "entity", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "entity", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
        self.stream = table["TableDescription"]["LatestStreamArn"]

    def items(self):
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.NAME, ConsistentRead=True)
        return {item.entity: item for page in pages for item in map(read, page["Items"])}

    def writes(self):
        """Every write that was made, in order: the item before, None if there was none, and the item after."""
        found = []
        for shard in self.streams.describe_stream(StreamArn=self.stream)["StreamDescription"]["Shards"]:
            place = self.streams.get_shard_iterator(StreamArn=self.stream, ShardId=shard["ShardId"],
                                                    ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while place:
                answer = self.streams.get_records(ShardIterator=place)
                for record in (record["dynamodb"] for record in answer["Records"]):
                    before = record.get("OldImage")
                    found.append((read(before) if before else None, read(record["NewImage"])))
                place = answer.get("NextShardIterator") if answer["Records"] else None
        return found


def read(item):
    published = item.get("published")
    return Item(item["entity"]["S"], int(item["version"]["N"]), published and int(published["N"]),
                json.loads(item["state"]["S"]))
