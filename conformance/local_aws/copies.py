"""Copies: directives and conditions; deleting many."""

from contextlib import contextmanager

from expect import equal, error
from server import server


@contextmanager
def source():
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one")
        s3.put_object(Bucket="one", Key="a", Body=b"text", Metadata={"m": "1"}, Tagging="x=1")
        yield s3, {"Bucket": "one", "CopySource": {"Bucket": "one", "Key": "a"}}


def metadata_and_tags():
    with source() as (s3, copy):
        s3.copy_object(Key="b", **copy)
        s3.copy_object(Key="c", MetadataDirective="REPLACE", Metadata={"n": "2"},
                       TaggingDirective="REPLACE", Tagging="y=2", **copy)
        for key, metadata, tag in (("b", {"m": "1"}, ("x", "1")), ("c", {"n": "2"}, ("y", "2"))):
            equal(s3.head_object(Bucket="one", Key=key)["Metadata"], metadata)
            tags = s3.get_object_tagging(Bucket="one", Key=key)["TagSet"]
            equal([(found["Key"], found["Value"]) for found in tags], [tag])


def conditions():
    with source() as (s3, copy):
        etag = s3.head_object(Bucket="one", Key="a")["ETag"]
        s3.copy_object(Key="b", CopySourceIfMatch=etag, **copy)
        error("PreconditionFailed", s3.copy_object, Key="c", CopySourceIfMatch='"0"', **copy)
        error("PreconditionFailed", s3.copy_object, Key="c", CopySourceIfNoneMatch=etag, **copy)
        error("PreconditionFailed", s3.copy_object, Key="b", IfNoneMatch="*", **copy)
        error("NoSuchKey", s3.copy_object, Bucket="one", Key="c", CopySource={"Bucket": "one", "Key": "no"})
        error("InvalidRequest", s3.copy_object, Key="a", **copy)


def delete_objects():
    with source() as (s3, _):
        answer = s3.delete_objects(Bucket="one", Delete={"Objects": [{"Key": "a"}, {"Key": "no"}]})
        equal(sorted(found["Key"] for found in answer["Deleted"]), ["a", "no"])
        equal(s3.list_objects_v2(Bucket="one")["KeyCount"], 0)


CHECKS = [metadata_and_tags, conditions, delete_objects]
