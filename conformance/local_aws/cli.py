"""The AWS CLI, told of the endpoint by `AWS_ENDPOINT_URL` alone."""

import json
import os
import subprocess
import sys
import tempfile

from expect import equal
from server import server


def aws(at, command):
    environment = dict(os.environ, AWS_ENDPOINT_URL=at.url, AWS_ACCESS_KEY_ID="test",
                       AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1", AWS_MAX_ATTEMPTS="1")
    program = os.path.join(os.path.dirname(sys.executable), "aws")
    done = subprocess.run([program, *command.split()], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"aws {command}: {done.stderr.strip()}"
    return done.stdout


def mb_cp_ls_mv_sync_rm():
    with server() as at, tempfile.TemporaryDirectory() as folder:
        for name in ("a", "b"):
            with open(os.path.join(folder, name), "w") as file:
                file.write(name)
        aws(at, "s3 mb s3://one")
        aws(at, f"s3 cp {folder}/a s3://one/x/a")
        aws(at, "s3 mv s3://one/x/a s3://one/y/a")
        aws(at, f"s3 sync {folder} s3://one/z")
        listed = aws(at, "s3 ls s3://one --recursive").splitlines()
        equal([line.split()[-1] for line in listed], ["y/a", "z/a", "z/b"])
        equal(aws(at, "s3 cp s3://one/z/b -"), "b")
        aws(at, "s3 rm s3://one --recursive")
        equal(aws(at, "s3 ls s3://one"), "")


def s3api_and_kinesis():
    seed = {"buckets": [{"name": "one", "objects": [{"key": "a", "body": "text"}]}]}
    with server(seed=seed) as at:
        aws(at, "s3api copy-object --bucket one --key b --copy-source one/a")
        found = json.loads(aws(at, "s3api list-objects-v2 --bucket one --output json"))
        equal([entry["Key"] for entry in found["Contents"]], ["a", "b"])
        equal(json.loads(aws(at, "kinesis describe-limits --output json"))["OpenShardCount"], 0)


def dynamodb():
    with server() as at:
        aws(at, "dynamodb create-table --table-name leases --billing-mode PAY_PER_REQUEST"
                " --attribute-definitions AttributeName=k,AttributeType=S"
                " --key-schema AttributeName=k,KeyType=HASH")
        aws(at, "dynamodb wait table-exists --table-name leases")
        aws(at, 'dynamodb put-item --table-name leases --item {"k":{"S":"a"},"n":{"N":"1"}}')
        found = json.loads(aws(at, "dynamodb scan --table-name leases --output json"))
        equal(found["Items"], [{"k": {"S": "a"}, "n": {"N": "1"}}])


CHECKS = [mb_cp_ls_mv_sync_rm, s3api_and_kinesis, dynamodb]
