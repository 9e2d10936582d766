"""Limits and faults, as boto3 sees them with its retries off."""

import time

from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError
from expect import equal, error
from server import server


def limit(service, actions, refill, burst, status, code):
    return {"limits": [{"service": service, "actions": actions, "refill": refill, "burst": burst,
                        "error": {"status": status, "code": code, "message": "Rate exceeded"}}]}


def outcomes(call, times, **arguments):
    """How often each status and code was seen."""
    seen = {}
    for _ in range(times):
        try:
            call(**arguments)
            outcome = (200, None)
        except ClientError as failure:
            answer = failure.response
            outcome = (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"])
        seen[outcome] = seen.get(outcome, 0) + 1
    return seen


def describe_limits():
    with server() as aws:
        equal(aws.client("kinesis").describe_limits()["OpenShardCount"], 0)


def kinesis_throttles():
    with server(limits=limit("kinesis", ["DescribeLimits"], 20, 100, 400, "LimitExceededException")) as aws:
        call = aws.client("kinesis").describe_limits
        start = time.monotonic()
        seen = outcomes(call, 150)
        elapsed = time.monotonic() - start
        equal(set(seen), {(200, None), (400, "LimitExceededException")})
        counted = aws.counters("kinesis", "DescribeLimits")
        equal((counted["accepted"], counted["throttled"]), (seen[200, None], seen[400, "LimitExceededException"]))
        # The burst, and what was refilled meanwhile.
        assert 100 <= seen[200, None] <= 100 + 20 * elapsed, (seen, elapsed)


def s3_slows_down():
    with server(limits=limit("s3", ["GetObject"], 1, 5, 503, "SlowDown"),
                seed={"buckets": [{"name": "one", "objects": [{"key": "a", "body": ""}]}]}) as aws:
        seen = outcomes(aws.client("s3").get_object, 30, Bucket="one", Key="a")
        equal(set(seen), {(200, None), (503, "SlowDown")})
        counted = aws.counters("s3", "GetObject")
        equal((counted["accepted"], counted["throttled"]), (seen[200, None], seen[503, "SlowDown"]))


def fault(mode, **more):
    """A copy that meets the fault: what was raised, and whether the copy is there."""
    faults = {"faults": [{"mode": mode, "probability": 1, "service": "s3", "actions": ["CopyObject"], **more}]}
    seed = {"buckets": [{"name": "one", "objects": [{"key": "a", "body": "text"}]}]}
    with server(faults=faults, seed=seed) as aws:
        s3 = aws.client("s3")
        raised = None
        try:
            s3.copy_object(Bucket="one", Key="b", CopySource="one/a")
        except ClientError as failure:
            raised = failure.response["Error"]["Code"]
        except HTTPClientError as failure:
            raised = type(failure)
        return raised, s3.list_objects_v2(Bucket="one")["KeyCount"] == 2


def faults():
    for mode, expected in {
        "drop": (ConnectionClosedError, False),
        "error-500": ("InternalError", False),
        "error-503": ("ServiceUnavailable", False),
        "error-in-200": ("InternalError", False),
        "lost-reply": (ConnectionClosedError, True),
    }.items():
        equal((mode, *fault(mode)), (mode, *expected))
    equal(fault("slow-body", over_ms=300), (None, True))


CHECKS = [describe_limits, kinesis_throttles, s3_slows_down, faults]
