"""The questions: each is asked of an endpoint through boto3, and answered in a few words.

QUESTIONS holds, for each, what AWS's documentation says: alternatives are parted by " | "; None where it says
nothing.
"""

import itertools
import json
import threading
import time

import botocore.exceptions

number = itertools.count(1)


class Endpoint:
    def __init__(self, client):
        """`client` makes a client, with the configuration that it is given."""
        self.sqs, self.client = client(), client

    def queue(self, fifo=False, **attributes):
        name = f"probe-{int(time.time())}-{next(number)}" + (".fifo" if fifo else "")
        attributes = {key: str(value) for key, value in attributes.items()}
        if fifo:
            attributes["FifoQueue"] = "true"
        self.name = name
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def send(self, url, body="x", group=None, once=None, **more):
        if group:
            more["MessageGroupId"] = group
        if once or ".fifo" in url:
            more["MessageDeduplicationId"] = once or str(next(number))
        return self.sqs.send_message(QueueUrl=url, MessageBody=body, **more)

    def receive(self, url, most=10, **more):
        return self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most, AttributeNames=["All"],
                                        **more).get("Messages", [])

    def left(self, url):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)

    def delete(self, url, message):
        """What it is answered, and whether a message is left."""
        said = said_by(self.sqs.delete_message, QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return f"{said}, {'kept' if self.left(url) else 'gone'}"

    def arn(self, url):
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return told["Attributes"]["QueueArn"]


def said_by(call, **arguments):
    """`success`, or the code of the error without its family."""
    try:
        call(**arguments)
        return "success"
    except botocore.exceptions.ClientError as failure:
        return failure.response["Error"]["Code"].removeprefix("AWS.SimpleQueueService.")


def entry(name, body="x"):
    return {"Id": name, "MessageBody": body}


def delete_twice(at):
    url = at.queue()
    at.send(url)
    message, = at.receive(url)
    at.delete(url, message)
    return at.delete(url, message)


def delete_after_the_timeout(at, fifo=False):
    url = at.queue(fifo, VisibilityTimeout=1)
    at.send(url, group="g" if fifo else None)
    message, = at.receive(url)
    time.sleep(1.5)
    return at.delete(url, message)


def delete_by_an_older_handle(at):
    url = at.queue(VisibilityTimeout=1)
    at.send(url)
    older, = at.receive(url)
    time.sleep(1.5)
    at.receive(url, VisibilityTimeout=30)
    return at.delete(url, older)


def change_after_the_timeout(at):
    url = at.queue(VisibilityTimeout=1)
    at.send(url)
    message, = at.receive(url)
    time.sleep(1.5)
    return said_by(at.sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=message["ReceiptHandle"],
                   VisibilityTimeout=10)


def release_by_zero(at):
    url = at.queue()
    at.send(url)
    message, = at.receive(url)
    at.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    again = at.receive(url)
    return f"receive count {again[0]['Attributes']['ApproximateReceiveCount']}" if again else "not visible"


def change_beyond_twelve_hours_in_all(at):
    url = at.queue()
    at.send(url)
    message, = at.receive(url)
    time.sleep(1.5)
    return said_by(at.sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=message["ReceiptHandle"],
                   VisibilityTimeout=43_200)


def batch(at, entries):
    return said_by(at.sqs.send_message_batch, QueueUrl=at.queue(), Entries=entries)


def one_bad_entry(at):
    url = at.queue(MaximumMessageSize=1024)
    answer = at.sqs.send_message_batch(QueueUrl=url, Entries=[entry("a"), entry("b", "x" * 2000)])
    return f"{len(answer.get('Successful', []))} sent, {len(answer.get('Failed', []))} failed"


def send_too_much(at):
    return said_by(at.sqs.send_message, QueueUrl=at.queue(), MessageBody="x" * ((1 << 20) + 1))


def send_as_much_as_may_be(at):
    return said_by(at.sqs.send_message, QueueUrl=at.queue(), MessageBody="x" * (1 << 20))


def send_a_control_character(at):
    return said_by(at.sqs.send_message, QueueUrl=at.queue(), MessageBody="\x01")


def receive_with(at, **arguments):
    return said_by(at.sqs.receive_message, QueueUrl=at.queue(), **arguments)


def wake_a_long_poll(at):
    url, found = at.queue(), []
    other = at.client()

    def poll():
        start = time.monotonic()
        messages = other.receive_message(QueueUrl=url, WaitTimeSeconds=10).get("Messages", [])
        found.append((len(messages), time.monotonic() - start))
    thread = threading.Thread(target=poll)
    thread.start()
    time.sleep(1)
    at.send(url)
    thread.join()
    (count, took), = found
    return "at once" if count == 1 and took < 4 else f"{count} after {took:.0f} s"


def hang_up_in_a_long_poll(at):
    url = at.queue(VisibilityTimeout=60)
    hasty = at.client(read_timeout=1, retries={"total_max_attempts": 1})
    try:
        hasty.receive_message(QueueUrl=url, WaitTimeSeconds=10)
    except botocore.exceptions.ReadTimeoutError:
        pass
    hasty.close()
    at.send(url)
    time.sleep(0.5)
    return "not taken" if at.receive(url) else "taken"


def lock_a_group(at):
    url = at.queue(True)
    for body, group in [("a1", "a"), ("a2", "a"), ("b1", "b")]:
        at.send(url, body, group)
    at.receive(url, most=1)
    return ", ".join(message["Body"] for message in at.receive(url))


def deduplicate(at):
    url = at.queue(True)
    first, again = (at.send(url, group="g", once="same") for _ in range(2))
    same = "same id" if first["MessageId"] == again["MessageId"] else "another id"
    return f"{same}, {at.left(url)} message"


def deduplicate_after_the_delete(at):
    url = at.queue(True)
    at.send(url, group="g", once="same")
    message, = at.receive(url)
    at.delete(url, message)
    at.send(url, group="g", once="same")
    return f"{at.left(url)} messages"


def repeat_an_attempt(at):
    url = at.queue(True)
    at.send(url, group="g")
    first, again = (at.receive(url, ReceiveRequestAttemptId="attempt") for _ in range(2))
    if not again:
        return "nothing"
    return "same handle" if first[0]["ReceiptHandle"] == again[0]["ReceiptHandle"] else "another handle"


def number_a_sequence(at):
    url = at.queue(True)
    one, two = (at.send(url, group="g")["SequenceNumber"] for _ in range(2))
    return f"{len(one)} digits, {'rising' if int(one) < int(two) else 'not rising'}"


def send_without_a_group(at):
    return said_by(at.sqs.send_message, QueueUrl=at.queue(True), MessageBody="x", MessageDeduplicationId="1")


def delay_one_on_fifo(at):
    return said_by(at.sqs.send_message, QueueUrl=at.queue(True), MessageBody="x", MessageGroupId="g",
                   MessageDeduplicationId="1", DelaySeconds=1)


def group_on_standard(at):
    url = at.queue()
    at.send(url, group="tenant")
    message, = at.receive(url)
    return message["Attributes"].get("MessageGroupId", "none")


def bury(at):
    dead = at.queue()
    policy = json.dumps({"deadLetterTargetArn": at.arn(dead), "maxReceiveCount": 1})
    url = at.queue(VisibilityTimeout=0, RedrivePolicy=policy)
    at.send(url)
    at.receive(url), at.receive(url)
    messages = at.receive(dead)
    if not messages:
        return "not there"
    source = messages[0]["Attributes"].get("DeadLetterQueueSourceArn")
    return "there, source named" if source == at.arn(url) else "there, no source"


def ask_a_queue_that_is_not_there(at):
    url = at.queue().replace("probe-", "absent-")
    return said_by(at.sqs.send_message, QueueUrl=url, MessageBody="x")


def create_with_other_attributes(at):
    at.queue()
    return said_by(at.sqs.create_queue, QueueName=at.name, Attributes={"DelaySeconds": "7"})


def create_just_after_the_delete(at):
    at.sqs.delete_queue(QueueUrl=at.queue())
    return said_by(at.sqs.create_queue, QueueName=at.name)


def purge_twice(at):
    url = at.queue()
    at.sqs.purge_queue(QueueUrl=url)
    return said_by(at.sqs.purge_queue, QueueUrl=url)


QUESTIONS = [
    (delete_twice, "success, gone", delete_twice),
    ("delete after the timeout", "success, gone", delete_after_the_timeout),
    ("delete after the timeout, FIFO", "InvalidParameterValue, kept", lambda at: delete_after_the_timeout(at, True)),
    (delete_by_an_older_handle, "success, kept | success, gone", delete_by_an_older_handle),
    (change_after_the_timeout, "MessageNotInflight", change_after_the_timeout),
    (change_beyond_twelve_hours_in_all, "InvalidParameterValue", change_beyond_twelve_hours_in_all),
    (release_by_zero, "receive count 2", release_by_zero),
    ("batch of none", "EmptyBatchRequest", lambda at: batch(at, [])),
    ("batch of 11", "TooManyEntriesInBatchRequest", lambda at: batch(at, [entry(str(n)) for n in range(11)])),
    ("batch with one id twice", "BatchEntryIdsNotDistinct", lambda at: batch(at, [entry("a"), entry("a")])),
    ("batch id of 81 characters", "InvalidBatchEntryId", lambda at: batch(at, [entry("a" * 81)])),
    ("batch id with a dot", "InvalidBatchEntryId", lambda at: batch(at, [entry("a.b")])),
    ("batch above 1 MiB", "BatchRequestTooLong", lambda at: batch(at, [entry(n, "x" * 600_000) for n in "ab"])),
    (one_bad_entry, "1 sent, 1 failed", one_bad_entry),
    ("message of 1 MiB", "success", send_as_much_as_may_be),
    ("message above 1 MiB", "InvalidParameterValue", send_too_much),
    (send_a_control_character, "InvalidMessageContents", send_a_control_character),
    ("receive 11", "InvalidParameterValue", lambda at: receive_with(at, MaxNumberOfMessages=11)),
    ("receive waiting 21 s", "InvalidParameterValue", lambda at: receive_with(at, WaitTimeSeconds=21)),
    (wake_a_long_poll, "at once", wake_a_long_poll),
    (hang_up_in_a_long_poll, None, hang_up_in_a_long_poll),
    (lock_a_group, "b1", lock_a_group),
    (deduplicate, "same id, 1 message", deduplicate),
    (deduplicate_after_the_delete, "0 messages", deduplicate_after_the_delete),
    (repeat_an_attempt, "same handle", repeat_an_attempt),
    (number_a_sequence, "20 digits, rising", number_a_sequence),
    (send_without_a_group, "MissingParameter", send_without_a_group),
    (delay_one_on_fifo, "InvalidParameterValue", delay_one_on_fifo),
    (group_on_standard, "tenant", group_on_standard),
    ("dead letter", "there, source named", bury),
    (ask_a_queue_that_is_not_there, "NonExistentQueue", ask_a_queue_that_is_not_there),
    (create_with_other_attributes, "QueueAlreadyExists", create_with_other_attributes),
    (create_just_after_the_delete, "QueueDeletedRecently", create_just_after_the_delete),
    (purge_twice, "PurgeQueueInProgress", purge_twice),
]
QUESTIONS = [(name if isinstance(name, str) else name.__name__.replace("_", " "), aws, ask)
             for name, aws, ask in QUESTIONS]
