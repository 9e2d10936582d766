"""Listing: pages, prefixes, delimiters."""

from expect import equal
from server import server

SEED = {"buckets": [{"name": "src", "generate": {"objects": 2500, "prefixes": 5, "bytes": 2500}}]}


def pages(s3, operation, **arguments):
    return list(s3.get_paginator(operation).paginate(Bucket="src", **arguments))


def keys(pages):
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def pages_of_1000():
    with server(seed=SEED) as aws:
        s3 = aws.client("s3")
        for operation in ("list_objects", "list_objects_v2"):
            seen = pages(s3, operation)
            equal([len(page["Contents"]) for page in seen], [1000, 1000, 500])
            equal(len(set(keys(seen))), 2500)
            equal(keys(seen), sorted(keys(seen)))


def prefix_delimiter_start():
    with server(seed=SEED) as aws:
        s3 = aws.client("s3")
        for operation, start in (("list_objects", "Marker"), ("list_objects_v2", "StartAfter")):
            every = keys(pages(s3, operation))
            equal(keys(pages(s3, operation, Prefix="prefix-3/")), [key for key in every if key[7] == "3"])
            found = [common["Prefix"] for page in pages(s3, operation, Delimiter="/", PaginationConfig={"PageSize": 2})
                     for common in page["CommonPrefixes"]]
            equal(found, [f"prefix-{number}/" for number in range(5)])
            equal(keys(pages(s3, operation, **{start: every[1700]})), every[1701:])


def a_hundred_thousand():
    seed = {"buckets": [{"name": "src", "generate": {"objects": 100_000, "bytes": 10**12}}]}
    with server(seed=seed) as aws:
        # boto3 takes a while to parse a hundred pages.
        seen = pages(aws.client("s3"), "list_objects_v2")
        equal(sum(len(page["Contents"]) for page in seen), 100_000)
        equal(sum(found["Size"] for page in seen for found in page["Contents"]), 10**12)
        peak = aws.peak_memory_mb()
        assert peak < 100, f"{peak:.0f} MB"


CHECKS = [pages_of_1000, prefix_delimiter_start, a_hundred_thousand]
