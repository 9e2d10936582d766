"""Asks the questions of each peer and prints a table of the answers. Exits 1 if local-aws answers otherwise than
AWS's documentation."""

import argparse
import os
import sys

# The client's own environment must not choose another endpoint, account or proxy.
given = argparse.ArgumentParser(prog="conformance/sqs/run", description=__doc__)
given.add_argument("--local-aws", required=True, help=argparse.SUPPRESS)
given.add_argument("--peers", required=True, help=argparse.SUPPRESS)
given.add_argument("--only", action="append", choices=["local-aws", "elasticmq", "moto"], help="only this peer")
given.add_argument("--endpoint", help="this endpoint instead, with the credentials of the environment; it creates "
                                      "some 40 queues, and leaves them")
given = given.parse_args()
if not given.endpoint:
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_EC2_METADATA_DISABLED="true",
                      AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_REGION="us-east-1")

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402

import peers  # noqa: E402
from questions import QUESTIONS, Endpoint  # noqa: E402


def ask(url):
    """The answers of one endpoint, in the order of the questions."""
    def client(**config):
        config = Config(**{"retries": {"total_max_attempts": 1}, "read_timeout": 40, **config})
        region = os.environ.get("AWS_REGION", "us-east-1")
        return boto3.client("sqs", endpoint_url=url, region_name=region, config=config)
    at, answers = Endpoint(client), []
    for _, _, question in QUESTIONS:
        try:
            answers.append(question(at))
        except Exception as problem:
            answers.append(f"{type(problem).__name__}: {problem}"[:60])
    return answers


def table(columns):
    names = ["question", "AWS documents", *columns]
    rows = []
    for row, (name, aws, _) in enumerate(QUESTIONS):
        answers = [answers[row] for answers in columns.values()]
        # What differs from the documentation stands out.
        told = [answer if is_documented(aws, answer) else f"{answer} *" for answer in answers]
        rows.append([name, aws or "nothing", *told])
    wide = [max(len(row[n]) for row in [names, *rows]) for n in range(len(names))]
    for row in [names, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, wide)).rstrip())


def is_documented(aws, answer):
    return aws is None or answer in aws.split(" | ")


columns, skipped = {}, []
if given.endpoint:
    columns[given.endpoint] = ask(given.endpoint)
else:
    starts = {"local-aws": lambda: peers.local_aws(given.local_aws), "elasticmq": lambda: peers.elasticmq(given.peers),
              "moto": lambda: peers.moto(given.peers)}
    for peer in given.only or starts:
        try:
            with starts[peer]() as url:
                columns[peer] = ask(url)
        except peers.Absent as absent:
            skipped.append(str(absent))
table(columns)
for line in skipped:
    print(f"skipped {line}")
wrong = [name for (name, aws, _), answer in zip(QUESTIONS, columns.get("local-aws", []))
         if not is_documented(aws, answer)]
print(f"local-aws differs from the documentation: {', '.join(wrong)}" if wrong else "* differs from the documentation")
sys.exit(1 if wrong else 0)
