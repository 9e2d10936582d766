"""SQS: standard and FIFO queues, dead letters, batches and digests, through boto3."""

import hashlib
import json
import os
import subprocess
import sys
import time

from expect import equal, error
from server import server

QUERY = os.path.expanduser("~/.cache/tidegate/botocore-query")


def queue(sqs, name="orders", **attributes):
    attributes = {key: str(value) for key, value in attributes.items()}
    if name.endswith(".fifo"):
        attributes["FifoQueue"] = "true"
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def receive(sqs, url, most=10, **more):
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most, AttributeNames=["All"],
                               MessageAttributeNames=["All"], **more).get("Messages", [])


def counts(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
             "ApproximateNumberOfMessagesDelayed"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(told[name]) for name in names)


def arn(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def messages_come_back_whole():
    with server() as aws:
        sqs = aws.client("sqs")
        url = queue(sqs)
        attributes = {"text": {"DataType": "String", "StringValue": "é"},
                      "number": {"DataType": "Number.int", "StringValue": "7"},
                      "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
        # boto3 checks the digests of what it sent and received, and fails if they are others.
        body = "line\n\ttab, <xml> & 😀"
        sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
        equal(sent["MD5OfMessageBody"], hashlib.md5(body.encode()).hexdigest())
        message, = receive(sqs, url)
        equal((message["MessageId"], message["Body"]), (sent["MessageId"], body))
        equal(message["MessageAttributes"], attributes)
        equal(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"])
        equal(message["Attributes"]["ApproximateReceiveCount"], "1")
        age = time.time() - int(message["Attributes"]["SentTimestamp"]) / 1000
        assert 0 <= age < 60, age
        equal(counts(sqs, url), (0, 1, 0))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        equal(counts(sqs, url), (0, 0, 0))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        error("ReceiptHandleIsInvalid", sqs.delete_message, QueueUrl=url, ReceiptHandle="nothing")
        error("InvalidMessageContents", sqs.send_message, QueueUrl=url, MessageBody="\x01")


def a_long_poll_wakes_at_once():
    with server() as aws:
        sqs, other = aws.client("sqs"), aws.client("sqs")
        url = queue(sqs)
        start = time.monotonic()
        sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=1)
        equal([message["Body"] for message in receive(other, url, WaitTimeSeconds=20)], ["late"])
        took = time.monotonic() - start
        assert 0.9 < took < 5, took
        start = time.monotonic()
        equal(receive(other, url, WaitTimeSeconds=1), [])
        took = time.monotonic() - start
        assert 0.9 < took < 5, took


def visibility_is_changed_and_ends():
    with server() as aws:
        sqs = aws.client("sqs")
        url = queue(sqs, VisibilityTimeout=1)
        sqs.send_message(QueueUrl=url, MessageBody="a")
        first, = receive(sqs, url)
        equal(receive(sqs, url), [])
        again, = receive(sqs, url, WaitTimeSeconds=5)
        equal(again["Attributes"]["ApproximateReceiveCount"], "2")
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=100)
        equal(counts(sqs, url), (0, 1, 0))
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=0)
        equal(counts(sqs, url), (1, 0, 0))
        error("AWS.SimpleQueueService.MessageNotInflight", sqs.change_message_visibility, QueueUrl=url,
              ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=1)
        error("InvalidParameterValue", sqs.change_message_visibility, QueueUrl=url,
              ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=43_201)


def batches_fail_by_entry_or_whole():
    with server() as aws:
        sqs = aws.client("sqs")
        url = queue(sqs, MaximumMessageSize=1024)
        entries = [{"Id": str(n), "MessageBody": "x" * (2000 if n == 3 else 10)} for n in range(10)]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        equal([entry["Id"] for entry in answer["Failed"]], ["3"])
        equal(answer["Failed"][0]["SenderFault"], True)
        equal(len(answer["Successful"]), 9)
        messages = receive(sqs, url)
        equal(len(messages), 9)
        entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
        entries[4]["ReceiptHandle"] = "nothing"
        answer = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        equal([(entry["Id"], entry["Code"]) for entry in answer["Failed"]], [("4", "ReceiptHandleIsInvalid")])
        equal(counts(sqs, url), (0, 1, 0))
        prefix, entry = "AWS.SimpleQueueService.", lambda name: {"Id": name, "MessageBody": "x"}
        for code, entries in [("EmptyBatchRequest", []),
                              ("TooManyEntriesInBatchRequest", [entry(str(n)) for n in range(11)]),
                              ("BatchEntryIdsNotDistinct", [entry("a"), entry("a")]),
                              ("InvalidBatchEntryId", [entry("a.b")]),
                              ("BatchRequestTooLong", [{**entry(name), "MessageBody": "x" * 600_000} for name in "ab"])]:
            error(prefix + code, sqs.send_message_batch, QueueUrl=url, Entries=entries)


def fifo_groups_keep_their_order():
    with server() as aws:
        sqs = aws.client("sqs")
        url = queue(sqs, "orders.fifo", ContentBasedDeduplication="true")
        sent = [sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body[0])
                for body in ("a1", "b1", "a2", "a3", "b2")]
        numbers = [one["SequenceNumber"] for one in sent]
        equal((sorted(numbers), {len(number) for number in numbers}), (numbers, {20}))
        # The same content within five minutes is the same message.
        again = sqs.send_message(QueueUrl=url, MessageBody="a1", MessageGroupId="a")
        equal(again["MessageId"], sent[0]["MessageId"])
        first, = receive(sqs, url, most=1)
        equal(first["Body"], "a1")
        # While one of its messages is in flight, a group gives no more.
        others = receive(sqs, url)
        equal([message["Body"] for message in others], ["b1", "b2"])
        equal(receive(sqs, url), [])
        sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
        equal([message["Body"] for message in receive(sqs, url)], ["a2", "a3"])
        error("MissingParameter", sqs.send_message, QueueUrl=url, MessageBody="x")


def a_receive_attempt_is_repeated():
    with server() as aws:
        sqs = aws.client("sqs")
        url = queue(sqs, "orders.fifo", ContentBasedDeduplication="true")
        for body in "ab":
            sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body)
        first = receive(sqs, url, ReceiveRequestAttemptId="attempt")
        again = receive(sqs, url, ReceiveRequestAttemptId="attempt")
        handles = [[message["ReceiptHandle"] for message in messages] for messages in (first, again)]
        equal((len(first), handles[0]), (2, handles[1]))
        equal(receive(sqs, url, ReceiveRequestAttemptId="other"), [])


def dead_letters_are_buried_and_moved_back():
    with server() as aws:
        sqs = aws.client("sqs")
        dead = queue(sqs, "dead")
        policy = json.dumps({"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": 2})
        url = queue(sqs, VisibilityTimeout=0, RedrivePolicy=policy)
        sent = sqs.send_message(QueueUrl=url, MessageBody="poison")
        equal([len(receive(sqs, url)) for _ in range(3)], [1, 1, 0])
        message, = receive(sqs, dead)
        equal((message["MessageId"], message["Attributes"]["DeadLetterQueueSourceArn"]),
              (sent["MessageId"], arn(sqs, url)))
        equal(sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"], [url])
        sqs.change_message_visibility(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        sqs.start_message_move_task(SourceArn=arn(sqs, dead))
        moved, = receive(sqs, url, WaitTimeSeconds=5)
        equal(moved["Body"], "poison")
        task, = sqs.list_message_move_tasks(SourceArn=arn(sqs, dead))["Results"]
        equal((task["Status"], task["ApproximateNumberOfMessagesMoved"]), ("COMPLETED", 1))


def queues_are_named_tagged_and_paged():
    with server() as aws:
        sqs = aws.client("sqs")
        urls = sorted(queue(sqs, f"orders-{n}") for n in range(5))
        equal(queue(sqs, "orders-0"), urls[0])
        error("QueueAlreadyExists", sqs.create_queue, QueueName="orders-0", Attributes={"DelaySeconds": "7"})
        equal(sqs.get_queue_url(QueueName="orders-3")["QueueUrl"], urls[3])
        error("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName="absent")
        pages = list(sqs.get_paginator("list_queues").paginate(QueueNamePrefix="orders", PaginationConfig={"PageSize": 2}))
        equal([len(page["QueueUrls"]) for page in pages], [2, 2, 1])
        sqs.tag_queue(QueueUrl=urls[0], Tags={"team": "blue"})
        equal(sqs.list_queue_tags(QueueUrl=urls[0])["Tags"], {"team": "blue"})
        sqs.send_message(QueueUrl=urls[0], MessageBody="x")
        sqs.purge_queue(QueueUrl=urls[0])
        equal(counts(sqs, urls[0]), (0, 0, 0))
        error("AWS.SimpleQueueService.PurgeQueueInProgress", sqs.purge_queue, QueueUrl=urls[0])
        sqs.delete_queue(QueueUrl=urls[0])
        error("AWS.SimpleQueueService.QueueDeletedRecently", sqs.create_queue, QueueName="orders-0")


def queues_of_the_seed_are_there():
    seed = {"queues": [{"name": "dead"},
                       {"name": "orders", "attributes": {"VisibilityTimeout": "77"}, "messages": [{"body": "text"}],
                        "generate": {"messages": 500, "bytes": 100}},
                       {"name": "orders.fifo", "generate": {"messages": 20, "groups": 4}}]}
    with server(seed=seed) as aws:
        sqs = aws.client("sqs")
        url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        equal(counts(sqs, url), (501, 0, 0))
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        equal(told["Attributes"], {"VisibilityTimeout": "77"})
        fifo = sqs.get_queue_url(QueueName="orders.fifo")["QueueUrl"]
        equal([message["Attributes"]["MessageGroupId"] for message in receive(sqs, fifo)],
              ["group-0"] * 5 + ["group-1"] * 5)


def faults_repeat_lose_and_fail():
    faults = {"faults": [{"mode": "duplicate", "probability": 0.5, "actions": ["ReceiveMessage"]},
                         {"mode": "failed-entry", "probability": 0.5, "actions": ["DeleteMessageBatch"]}]}
    with server(faults=faults, seed={"queues": [{"name": "orders", "generate": {"messages": 50}}]}) as aws:
        sqs = aws.client("sqs")
        url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        received, failed, pending = [], 0, []
        while messages := receive(sqs, url, most=5):
            received += [message["Body"] for message in messages]
            pending += [message["ReceiptHandle"] for message in messages]
            entries = [{"Id": str(n), "ReceiptHandle": handle} for n, handle in enumerate(pending[:10])]
            answer = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
            kept = [pending[int(entry["Id"])] for entry in answer.get("Failed", [])]
            failed += len(kept)
            pending = kept + pending[10:]
        equal(len(set(received)), 50)
        assert len(received) > 50 and failed > 0, (len(received), failed)
        while pending:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=pending.pop())
        equal(counts(sqs, url), (0, 0, 0))


def buckets_notify():
    with server() as aws:
        sqs, s3 = aws.client("sqs"), aws.client("s3")
        url = queue(sqs)
        s3.create_bucket(Bucket="uploads")
        rules = [{"Name": "prefix", "Value": "in/"}]
        asked = {"QueueArn": arn(sqs, url), "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
        s3.put_bucket_notification_configuration(
            Bucket="uploads", NotificationConfiguration={"QueueConfigurations": [asked]})
        equal(json.loads(receive(sqs, url)[0]["Body"])["Event"], "s3:TestEvent")
        told, = s3.get_bucket_notification_configuration(Bucket="uploads")["QueueConfigurations"]
        equal((told["QueueArn"], told["Events"]), (asked["QueueArn"], asked["Events"]))
        for key in ("out/a", "in/red flower"):
            s3.put_object(Bucket="uploads", Key=key, Body=b"hello")
        event, = [json.loads(message["Body"])["Records"][0] for message in receive(sqs, url)]
        equal((event["eventName"], event["s3"]["object"]["key"], event["s3"]["object"]["size"]),
              ("ObjectCreated:Put", "in/red+flower", 5))


def an_older_boto_speaks_the_query_protocol():
    """The last botocore before SQS spoke JSON, in a process of its own."""
    assert os.path.isdir(QUERY), f"botocore 1.29 is not in {QUERY}: conformance/run puts it there"
    with server() as aws:
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "query.py")
        subprocess.run([sys.executable, script, aws.url], env={**os.environ, "PYTHONPATH": QUERY}, check=True)


CHECKS = [messages_come_back_whole, a_long_poll_wakes_at_once, visibility_is_changed_and_ends,
          batches_fail_by_entry_or_whole, fifo_groups_keep_their_order, a_receive_attempt_is_repeated,
          dead_letters_are_buried_and_moved_back, queues_are_named_tagged_and_paged, queues_of_the_seed_are_there,
          faults_repeat_lose_and_fail, buckets_notify, an_older_boto_speaks_the_query_protocol]
