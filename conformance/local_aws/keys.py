"""Every key that S3 allows comes back as it was given."""

from expect import equal
from server import server

ODD = [f"byte{chr(byte)}x" for byte in range(1, 128)] + [
    "%2B", "%25", " lead", "trail ", "a//b", "/lead", "//", "a/./b", "a/../b", ".", "..", "folder/", "soap",
    "k" * 1024, "\u00e9" * 512, "\U0001f600" * 256, "\u00e9", "e\u0301", "\U00010000", "\ue000", "\uffff",
    "a", "a-b", "a.b", "a/b", "ab", "?versionId=1", "a&b=c;d", "\"'\\<>[]{}|^~*",
]


def put_list_copy_get_delete():
    with server() as aws:
        s3 = aws.client("s3")
        for bucket in ("src", "dst"):
            s3.create_bucket(Bucket=bucket)
        for key in ODD:
            s3.put_object(Bucket="src", Key=key, Body=key.encode())
        expected = sorted(ODD, key=str.encode)
        equal([found["Key"] for found in s3.list_objects_v2(Bucket="src")["Contents"]], expected)
        for key in ODD:
            s3.copy_object(Bucket="dst", Key=key, CopySource={"Bucket": "src", "Key": key})
            equal(s3.get_object(Bucket="dst", Key=key)["Body"].read(), key.encode())
        equal([found["Key"] for found in s3.list_objects(Bucket="dst")["Contents"]], expected)
        for key in ODD:
            s3.delete_object(Bucket="dst", Key=key)
        equal(s3.list_objects_v2(Bucket="dst")["KeyCount"], 0)


CHECKS = [put_list_copy_get_delete]
