"""Buckets and objects."""

import urllib.request

from expect import equal, error
from server import server


def bucket():
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one")
        s3.head_bucket(Bucket="one")
        equal([found["Name"] for found in s3.list_buckets()["Buckets"]], ["one"])
        error("404", s3.head_bucket, Bucket="two")


def put_head_get_delete():
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one")
        s3.put_object(Bucket="one", Key="a", Body=b"text", ContentType="text/x", Metadata={"m": "1"})
        head = s3.head_object(Bucket="one", Key="a")
        equal((head["ContentLength"], head["ContentType"], head["Metadata"]), (4, "text/x", {"m": "1"}))
        equal(s3.get_object(Bucket="one", Key="a")["Body"].read(), b"text")
        s3.delete_object(Bucket="one", Key="a")
        error("NoSuchKey", s3.get_object, Bucket="one", Key="a")


def ranges():
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one")
        s3.put_object(Bucket="one", Key="a", Body=b"0123456789")
        for asked, body in (("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-2", b"89"), ("bytes=8-99", b"89")):
            answer = s3.get_object(Bucket="one", Key="a", Range=asked)
            equal((answer["Body"].read(), answer["ResponseMetadata"]["HTTPStatusCode"]), (body, 206))
        error("InvalidRange", s3.get_object, Bucket="one", Key="a", Range="bytes=10-")


def errors_and_conditions():
    with server() as aws:
        s3 = aws.client("s3")
        error("NoSuchBucket", s3.list_objects_v2, Bucket="one")
        error("NoSuchBucket", s3.put_object, Bucket="one", Key="a", Body=b"")
        s3.create_bucket(Bucket="one")
        etag = s3.put_object(Bucket="one", Key="a", Body=b"text")["ETag"]
        error("PreconditionFailed", s3.put_object, Bucket="one", Key="a", Body=b"", IfNoneMatch="*")
        error("PreconditionFailed", s3.get_object, Bucket="one", Key="a", IfMatch='"0"')
        error("304", s3.get_object, Bucket="one", Key="a", IfNoneMatch=etag)
        error("KeyTooLongError", s3.put_object, Bucket="one", Key="k" * 1025, Body=b"")


def tags_and_attributes():
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one")
        s3.put_object(Bucket="one", Key="a", Body=b"text", Tagging="x=1")
        tags = [{"Key": "y", "Value": "2"}]
        equal(s3.get_object_tagging(Bucket="one", Key="a")["TagSet"], [{"Key": "x", "Value": "1"}])
        s3.put_object_tagging(Bucket="one", Key="a", Tagging={"TagSet": tags})
        equal(s3.get_object_tagging(Bucket="one", Key="a")["TagSet"], tags)
        s3.delete_object_tagging(Bucket="one", Key="a")
        equal(s3.get_object_tagging(Bucket="one", Key="a")["TagSet"], [])
        seen = s3.get_object_attributes(Bucket="one", Key="a", ObjectAttributes=["ETag", "ObjectSize"])
        equal(seen["ObjectSize"], 4)


def presigned_url():
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one")
        s3.put_object(Bucket="one", Key="a b+c", Body=b"text")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "one", "Key": "a b+c"})
        with urllib.request.urlopen(url) as answer:
            equal(answer.read(), b"text")


CHECKS = [bucket, put_head_get_delete, ranges, errors_and_conditions, tags_and_attributes, presigned_url]
