"""How long a fleet takes to go on: after starts, stops, crashes, splits, and a lease that was deleted."""

import time

from fleet import Fleet, until
from traffic import Traffic

EVERY = 0.1  # seconds between two records of a shard: what is measured is up to so much too long
LONG = 400   # seconds after which a time is given up

# Seconds; the bars of consume-stream with a failover of 10 s.
BARS = {"start, new application": 2, "restart": 2, "crash": 11.5, "stop": 1, "half of 100": 10,
        "child, same worker": 0.1 + EVERY, "child, other worker": 2, "healed": 60, "memory, MB": 60}


class Found(dict):
    """What was measured; each figure is printed when it is there, because the next may take minutes."""

    def __setitem__(self, what, value):
        super().__setitem__(what, value)
        print(f"    {what} {'none' if value is None else f'{value:.2f}'}", flush=True)


def times(server, folder, options, kind):
    found = Found()
    traffic = Traffic(server, "times", 8, options.seed)
    fleet = Fleet(server, folder, traffic.stream, "times-app", failover_ms=options.failover_ms,
                  checkpoint_ms=options.checkpoint_ms)
    traffic.start(traffic.trickle, EVERY)
    try:
        single(fleet, traffic, options, kind, found)
    finally:
        traffic.stop()
        fleet.stop()
    found["half of 100"] = half(server, folder, options, kind)
    failures = [f"{what}: {found[what]}" for what, bar in BARS.items()
                if what in found and (found[what] is None or kind == "ours" and found[what] > bar)]
    table = ", ".join(f"{what} {'none' if value is None else f'{value:.2f}'}" for what, value in found.items())
    return failures, table


def next_of(run, shards, since):
    """Seconds until the last of these shards gave its first record to `run`."""
    def all_came():
        came = {}
        for line in list(run.lines):
            if line.at > since and line.shard in shards:
                came.setdefault(line.shard, line.at)
        return max(came.values(), default=since) - since if len(came) == len(shards) else None
    return until(LONG, all_came)


def first(run):
    until(LONG, lambda: run.lines)
    return run.lines[0].at - run.started if run.lines else None


def single(fleet, traffic, options, kind, found):
    a = fleet.start(kind, "a")
    found["start, new application"] = first(a)
    shards = {shard["ShardId"] for shard in traffic.open()}
    next_of(a, shards, a.started)
    time.sleep(20)
    found["memory, MB"] = a.memory_mb()
    a.terminate()
    a.join()
    a = fleet.start(kind, "a")
    found["restart"] = first(a)
    next_of(a, shards, a.started)

    b = fleet.start(kind, "b")
    found["half of 8"] = reached(fleet, "b", 4, b.started)
    mine = fleet.owned("b")
    b.kill()
    found["crash"] = next_of(a, mine, b.killed)

    b = fleet.start(kind, "c")
    reached(fleet, "c", 4, b.started)
    time.sleep(5)  # a steal that has just been made is no stop
    mine = fleet.owned("c")
    b.terminate()
    found["stop"] = next_of(a, mine, b.stopping)
    b.join()

    b = fleet.start(kind, "d")
    reached(fleet, "d", 4, b.started)
    time.sleep(5)
    children(fleet, traffic, found)
    if options.heal:
        shard = next(iter(fleet.owned("a")))
        fleet.table.delete_item(TableName=fleet.application, Key={"leaseKey": {"S": shard}})
        start = time.time()
        found["healed"] = until(600, lambda: shard in fleet.leases() and time.time() - start, every=0.2)


def children(fleet, traffic, found):
    """Three splits: from the parent's last record to each child's first, by whether the same worker goes on."""
    for parent in traffic.open()[:3]:
        traffic.split(parent)
        split = time.time()
        names = {name for name, shard in traffic.shards().items() if shard.get("ParentShardId") == parent["ShardId"]}
        until(LONG, lambda names=names: names <= {line.shard for line in fleet.lines(split)})
        lines = fleet.lines()
        last = [line for line in lines if line.shard == parent["ShardId"]][-1]
        for name in names:
            child = next((line for line in lines if line.shard == name), None)
            which = "other" if child and child.run is not last.run else "same"
            # A shard that is split while it is idle ends at the split.
            took = child.at - max(last.at, split) if child else None
            worst = found.get(f"child, {which} worker", 0)
            found[f"child, {which} worker"] = None if took is None or worst is None else max(worst, took)


def reached(fleet, name, count, since):
    return until(LONG, lambda: len(fleet.owned(name)) >= count and time.time() - since, every=0.2)


def half(server, folder, options, kind):
    traffic = Traffic(server, "hundred", 100, options.seed)
    fleet = Fleet(server, folder, traffic.stream, "hundred-app", failover_ms=options.failover_ms,
                  checkpoint_ms=options.checkpoint_ms)
    try:
        fleet.start(kind, "a")
        if reached(fleet, "a", 100, 0) is None:
            return None
        b = fleet.start(kind, "b")
        return reached(fleet, "b", 50, b.started)
    finally:
        fleet.stop()
