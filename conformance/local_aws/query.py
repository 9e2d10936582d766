"""SQS by the query protocol, as SDKs before 2023 speak it. It is run by queues.py under a botocore of that age."""

import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError


def equal(seen, expected):
    assert seen == expected, f"{seen} is not {expected}"


session = botocore.session.Session()
sqs = session.create_client("sqs", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="test",
                            aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}))
equal(sqs.meta.service_model.metadata["protocol"], "query")

url = sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "60"},
                       tags={"team": "blue"})["QueueUrl"]
equal(sqs.list_queues()["QueueUrls"], [url])
equal(sqs.list_queue_tags(QueueUrl=url)["Tags"], {"team": "blue"})
attributes = {"text": {"DataType": "String", "StringValue": "<é>"},
              "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
entries = [{"Id": str(n), "MessageBody": f"<{n}> & more", "MessageGroupId": "g", "MessageDeduplicationId": str(n),
            "MessageAttributes": attributes} for n in range(3)]
answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
equal(([entry["Id"] for entry in answer["Successful"]], answer.get("Failed", [])), (["0", "1", "2"], []))
messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"],
                               MessageAttributeNames=["All"])["Messages"]
equal([message["Body"] for message in messages], [entry["MessageBody"] for entry in entries])
equal(messages[0]["MessageAttributes"], attributes)
equal([message["Attributes"]["SequenceNumber"] for message in messages],
      [entry["SequenceNumber"] for entry in answer["Successful"]])
handles = [message["ReceiptHandle"] for message in messages]
entries = [{"Id": "a", "ReceiptHandle": handles[0]}, {"Id": "b", "ReceiptHandle": "nothing"}]
answer = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
equal([(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]],
      [("b", "ReceiptHandleIsInvalid", True)])
sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles[1], VisibilityTimeout=0)
told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
equal((told["ApproximateNumberOfMessages"], told["ApproximateNumberOfMessagesNotVisible"]), ("1", "1"))
try:
    sqs.get_queue_url(QueueName="absent")
    raise AssertionError("no error")
except ClientError as failure:
    equal(failure.response["Error"]["Code"], "AWS.SimpleQueueService.NonExistentQueue")
    equal(failure.response["ResponseMetadata"]["HTTPStatusCode"], 400)
