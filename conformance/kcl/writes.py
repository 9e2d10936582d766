"""What a worker of 100 busy leases writes to the lease table."""

import json
import math
import time
import urllib.request

from fleet import Fleet, until
from traffic import Traffic

LEASES, MEASURED = 100, 60  # seconds
WRITES = ("PutItem", "UpdateItem", "DeleteItem")


def writes(server, folder, options, kind):
    traffic = Traffic(server, "writes", LEASES, options.seed)
    fleet = Fleet(server, folder, traffic.stream, "writes-app", failover_ms=options.failover_ms, checkpoint_ms=3000)
    run = fleet.start(kind, "only")
    traffic.start(traffic.trickle, 0.5)
    busy = until(600, lambda: len({line.shard for line in run.lines}) == LEASES, every=0.5)
    if busy:
        time.sleep(15)  # what belongs to the start is over
        before, start = written(server), time.time()
        time.sleep(MEASURED)
        after, seconds = written(server), time.time() - start
        # A write is a unit for each KiB that the item has, begun ones too.
        largest = max(len(json.dumps(item)) for item in fleet.leases().values())
    traffic.stop()
    fleet.stop()
    if not busy:
        return [f"not all of {LEASES} leases were consumed within 600 s"], ""
    per_second = (after - before) / seconds * math.ceil(largest / 1024)
    failures = []
    if kind == "ours" and per_second > 35:
        failures.append("the bar is 35 a second")
    return failures, f"{per_second:.1f} write units a second; items of at most {largest} bytes as JSON"


def written(server):
    with urllib.request.urlopen(server.url + "/_tidegate/counters") as answer:
        counters = json.load(answer)["services"]["dynamodb"]
    return sum(counters[action]["accepted"] for action in WRITES if action in counters)
