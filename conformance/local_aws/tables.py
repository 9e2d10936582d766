"""DynamoDB: tables and items, through boto3's client and its retries."""

from expect import equal, error
from server import server

TABLE = "leases"


def table(dynamodb):
    """A table with a key, and an index of the owners."""
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("k", "owner")]
    index = {"IndexName": "by-owner", "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
             "Projection": {"ProjectionType": "ALL"}}
    dynamodb.create_table(TableName=TABLE, BillingMode="PAY_PER_REQUEST", AttributeDefinitions=attributes,
                          KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}], GlobalSecondaryIndexes=[index])
    dynamodb.get_waiter("table_exists").wait(TableName=TABLE)


def item(key, owner):
    return {"k": {"S": key}, "owner": {"S": owner}}


def conditions_tell_what_is_there():
    with server() as aws:
        dynamodb = aws.client("dynamodb")
        table(dynamodb)
        put = dict(TableName=TABLE, ConditionExpression="attribute_not_exists(k)",
                   ReturnValuesOnConditionCheckFailure="ALL_OLD")
        dynamodb.put_item(Item=item("a", "me"), **put)
        answer = error("ConditionalCheckFailedException", dynamodb.put_item, Item=item("a", "you"), **put)
        equal(answer["Item"], item("a", "me"))
        legacy = {"owner": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "you"}]}}
        error("ConditionalCheckFailedException", dynamodb.delete_item, TableName=TABLE, Key={"k": {"S": "a"}},
              Expected=legacy)


def batches_pages_and_an_index():
    with server() as aws:
        dynamodb = aws.client("dynamodb")
        table(dynamodb)
        items = [item(f"k{n:02}", "me" if n % 2 else "you") for n in range(50)]
        for start in range(0, 50, 25):
            puts = [{"PutRequest": {"Item": one}} for one in items[start:start + 25]]
            equal(dynamodb.batch_write_item(RequestItems={TABLE: puts})["UnprocessedItems"], {})
        pages = list(dynamodb.get_paginator("scan").paginate(TableName=TABLE, PaginationConfig={"PageSize": 7}))
        equal(sorted(one["k"]["S"] for page in pages for one in page["Items"]), [one["k"]["S"] for one in items])
        assert len(pages) >= 8, len(pages)
        found = dynamodb.query(TableName=TABLE, IndexName="by-owner", KeyConditionExpression="#o = :me",
                               ExpressionAttributeNames={"#o": "owner"},
                               ExpressionAttributeValues={":me": {"S": "me"}})
        equal(found["Count"], 25)


def transactions_tell_their_reasons():
    with server() as aws:
        dynamodb = aws.client("dynamodb")
        table(dynamodb)
        check = {"TableName": TABLE, "Key": {"k": {"S": "a"}}, "ConditionExpression": "attribute_exists(k)"}
        put = {"TableName": TABLE, "Item": item("b", "me")}
        answer = error("TransactionCanceledException", dynamodb.transact_write_items,
                       TransactItems=[{"ConditionCheck": check}, {"Put": put}])
        equal([reason["Code"] for reason in answer["CancellationReasons"]], ["ConditionalCheckFailed", "None"])
        equal(dynamodb.scan(TableName=TABLE)["Count"], 0)


def a_throttle_is_tried_again():
    row = {"service": "dynamodb", "actions": ["PutItem"], "per": "resource", "refill": 5, "burst": 1,
           "error": {"status": 400, "code": "ProvisionedThroughputExceededException", "message": "too much"}}
    with server(limits={"limits": [row]}) as aws:
        table(aws.client("dynamodb"))
        put = dict(TableName=TABLE, Item=item("a", "me"))
        patient = aws.client("dynamodb", attempts=10)
        for _ in range(3):
            patient.put_item(**put)
        assert aws.counters("dynamodb", "PutItem")["throttled"] > 0
        error("ProvisionedThroughputExceededException", lambda: [aws.client("dynamodb").put_item(**put)
                                                                 for _ in range(5)])


CHECKS = [conditions_tell_what_is_there, batches_pages_and_an_index, transactions_tell_their_reasons,
          a_throttle_is_tried_again]
