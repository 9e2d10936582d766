"""Uploads in parts."""

import io
import random

from boto3.s3.transfer import TransferConfig
from expect import equal, error
from server import server

MIB = 1 << 20


def transfer_manager():
    body = random.Random(1).randbytes(17 * MIB + 1)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one")
        s3.upload_fileobj(io.BytesIO(body), "one", "a", Config=config)
        assert s3.head_object(Bucket="one", Key="a")["ETag"].endswith('-4"')
        seen = io.BytesIO()
        s3.download_fileobj("one", "a", seen, Config=config)
        assert seen.getvalue() == body, "other bytes"


def parts_by_copy():
    body = random.Random(2).randbytes(6 * MIB)
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one")
        s3.put_object(Bucket="one", Key="a", Body=body)
        upload = {"Bucket": "one", "Key": "b"}
        upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
        parts = []
        for number, span in ((1, (0, 5 * MIB - 1)), (2, (5 * MIB, 6 * MIB - 1))):
            part = s3.upload_part_copy(PartNumber=number, CopySource={"Bucket": "one", "Key": "a"},
                                       CopySourceRange="bytes=%d-%d" % span, **upload)
            parts.append({"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]})
        s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload)
        assert s3.get_object(Bucket="one", Key="b")["Body"].read() == body, "other bytes"


def part_rules():
    with server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="one")
        upload = {"Bucket": "one", "Key": "a"}
        upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
        parts = [{"PartNumber": number, "ETag": s3.upload_part(PartNumber=number, Body=b"x", **upload)["ETag"]}
                 for number in (1, 2)]
        complete = s3.complete_multipart_upload
        error("EntityTooSmall", complete, MultipartUpload={"Parts": parts}, **upload)
        error("InvalidPartOrder", complete, MultipartUpload={"Parts": parts[::-1]}, **upload)
        s3.abort_multipart_upload(**upload)
        error("NoSuchUpload", s3.list_parts, **upload)


CHECKS = [transfer_manager, parts_by_copy, part_rules]
