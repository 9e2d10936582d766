"""Versions: what is kept, listed, deleted and copied; locks."""

import datetime
from contextlib import contextmanager

from expect import equal, error
from server import server

SEED = {"buckets": [{"name": "src", "versioning": True, "generate": {"objects": 30, "prefixes": 3}}]}
NAMES = {"Version": "Versions", "DeleteMarker": "DeleteMarkers"}


@contextmanager
def bucket():
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one")
        s3.put_bucket_versioning(Bucket="one", VersioningConfiguration={"Status": "Enabled"})
        yield s3


def put(s3, body, key="a"):
    return s3.put_object(Bucket="one", Key=key, Body=body).get("VersionId")


def body(s3, key="a", **version):
    return s3.get_object(Bucket="one", Key=key, **version)["Body"].read()


def versions_and_markers():
    with bucket() as s3:
        first, second = put(s3, b"1"), put(s3, b"2")
        marker = s3.delete_object(Bucket="one", Key="a")
        equal(marker["DeleteMarker"], True)
        marker = marker["VersionId"]
        missing = error("NoSuchKey", s3.get_object, Bucket="one", Key="a")
        equal(missing["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"], "true")
        equal(missing["ResponseMetadata"]["HTTPHeaders"]["x-amz-version-id"], marker)
        refused = error("MethodNotAllowed", s3.get_object, Bucket="one", Key="a", VersionId=marker)
        equal(refused["ResponseMetadata"]["HTTPHeaders"]["allow"], "DELETE")
        error("405", s3.head_object, Bucket="one", Key="a", VersionId=marker)
        error("404", s3.head_object, Bucket="one", Key="a")
        equal(body(s3, VersionId=first), b"1")
        listed = s3.list_object_versions(Bucket="one")
        equal([found["VersionId"] for found in listed["Versions"]], [second, first])
        equal([found["IsLatest"] for found in listed["Versions"]], [False, False])
        equal([(found["VersionId"], found["IsLatest"]) for found in listed["DeleteMarkers"]], [(marker, True)])
        equal(s3.delete_object(Bucket="one", Key="a", VersionId=marker)["DeleteMarker"], True)
        equal(body(s3), b"2")


def null_versions():
    with bucket() as s3:
        first = put(s3, b"1")
        s3.put_bucket_versioning(Bucket="one", VersioningConfiguration={"Status": "Suspended"})
        equal(put(s3, b"2"), None)
        equal(put(s3, b"3"), None)
        equal(body(s3, VersionId="null"), b"3")
        listed = s3.list_object_versions(Bucket="one")["Versions"]
        equal([found["VersionId"] for found in listed], ["null", first])
        equal(s3.delete_object(Bucket="one", Key="a")["VersionId"], "null")
        equal(body(s3, VersionId=first), b"1")
        error("NoSuchKey", s3.get_object, Bucket="one", Key="a")


def pages():
    with server(seed=SEED) as aws:
        s3 = aws.client("s3")
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket="src")["Contents"]]
        for key in keys[::2]:
            s3.delete_object(Bucket="src", Key=key)
        s3.put_object(Bucket="src", Key=keys[0])
        def found(**arguments):
            pages = s3.get_paginator("list_object_versions").paginate(Bucket="src", **arguments)
            return [(entry["Key"], entry["VersionId"]) for page in pages for name in NAMES.values()
                    for entry in page.get(name, [])]
        every = found()
        equal(len(every), 30 + 15 + 1)
        for size in (1, 7, 46):
            equal(sorted(found(PaginationConfig={"PageSize": size})), sorted(every))
        equal(sorted({key for key, _ in found(Prefix="prefix-1/")}), [key for key in keys if key[7] == "1"])
        groups = [common["Prefix"] for page in s3.get_paginator("list_object_versions").paginate(
            Bucket="src", Delimiter="/", PaginationConfig={"PageSize": 2}) for common in page["CommonPrefixes"]]
        equal(groups, [f"prefix-{number}/" for number in range(3)])
        raw = s3.list_object_versions(Bucket="src", Prefix=keys[0])
        equal([entry["IsLatest"] for entry in raw["Versions"]], [True, False])
        equal([entry["IsLatest"] for entry in raw["DeleteMarkers"]], [False])


def copies():
    with bucket() as s3:
        first = put(s3, b"1")
        put(s3, b"2")
        old = {"Bucket": "one", "Key": "a", "VersionId": first}
        copied = s3.copy_object(Bucket="one", Key="a", CopySource=old)
        equal(copied["CopySourceVersionId"], first)
        equal(body(s3), b"1")
        marker = s3.delete_object(Bucket="one", Key="a")["VersionId"]
        error("NoSuchKey", s3.copy_object, Bucket="one", Key="b", CopySource="one/a")
        error("InvalidRequest", s3.copy_object, Bucket="one", Key="b", CopySource={**old, "VersionId": marker})
        s3.put_object(Bucket="one", Key="a", Body=b"4", IfNoneMatch="*")
        error("PreconditionFailed", s3.put_object, Bucket="one", Key="a", IfNoneMatch="*")


def delete_objects():
    with bucket() as s3:
        first = put(s3, b"1")
        entries = s3.delete_objects(Bucket="one", Delete={"Objects": [{"Key": "a"}]})["Deleted"]
        marker = entries[0]["DeleteMarkerVersionId"]
        equal(entries, [{"Key": "a", "DeleteMarker": True, "DeleteMarkerVersionId": marker}])
        answer = s3.delete_objects(Bucket="one", Delete={"Objects": [
            {"Key": "a", "VersionId": first}, {"Key": "a", "VersionId": marker}, {"Key": "a", "VersionId": "x"}]})
        equal(answer["Deleted"], [
            {"Key": "a", "VersionId": first},
            {"Key": "a", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker}])
        equal([found["Code"] for found in answer["Errors"]], ["NoSuchVersion"])
        s3.delete_bucket(Bucket="one")


def locks():
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one", ObjectLockEnabledForBucket=True)
        until = datetime.datetime(2099, 1, 1, tzinfo=datetime.timezone.utc)
        version = s3.put_object(Bucket="one", Key="a", ObjectLockMode="GOVERNANCE",
                                ObjectLockRetainUntilDate=until)["VersionId"]
        head = s3.head_object(Bucket="one", Key="a")
        equal((head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]), ("GOVERNANCE", until))
        error("AccessDenied", s3.delete_object, Bucket="one", Key="a", VersionId=version)
        s3.delete_object(Bucket="one", Key="a", VersionId=version, BypassGovernanceRetention=True)


def owners_and_grants():
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one", ObjectOwnership="ObjectWriter")
        s3.put_object(Bucket="one", Key="a", ACL="public-read", ExpectedBucketOwner="000000000000")
        error("AccessDenied", s3.put_object, Bucket="one", Key="a", ExpectedBucketOwner="1" * 12)
        acl = s3.get_object_acl(Bucket="one", Key="a")
        equal([grant["Permission"] for grant in acl["Grants"]], ["FULL_CONTROL", "READ"])
        equal([grant["Grantee"]["Type"] for grant in acl["Grants"]], ["CanonicalUser", "Group"])
        s3.put_object_acl(Bucket="one", Key="a", AccessControlPolicy={"Grants": acl["Grants"], "Owner": acl["Owner"]})
        equal(s3.get_object_acl(Bucket="one", Key="a")["Grants"], acl["Grants"])
        s3.create_bucket(Bucket="two")
        error("AccessControlListNotSupported", s3.put_object, Bucket="two", Key="a", ACL="public-read")
        equal(s3.head_object(Bucket="one", Key="a")["ServerSideEncryption"], "AES256")


CHECKS = [versions_and_markers, null_versions, pages, copies, delete_objects, locks, owners_and_grants]
