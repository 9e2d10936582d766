"""Two kinds of workers on one lease table: one joins the other, and each takes over from the other."""

import time

import check
from fleet import Fleet, until
from traffic import Traffic

# 3.5.1 native writes rows that 2.x cannot read, and so is never beside it: see README.md.
PAIRS = [("2.7.2", "ours"), ("ours", "2.7.2"), ("3.5.1", "ours"), ("ours", "3.5.1"),
         ("3.5.1-phase1", "ours"), ("ours", "3.5.1-phase1"), ("2.7.2", "3.5.1-phase1")]
TAKE = 300  # seconds; the KCL's own worst was 146


def beside(server, folder, options, pair):
    first_kind, second_kind = pair
    traffic = Traffic(server, "beside", 4, options.seed)
    fleet = Fleet(server, folder, traffic.stream, "beside-app", failover_ms=options.failover_ms,
                  checkpoint_ms=options.checkpoint_ms)
    numbers, failures = [], []

    def step(what, condition):
        start = time.time()
        if until(TAKE, condition, every=0.2) is None:
            failures.append(f"not within {TAKE} s: {what}")
        numbers.append(f"{what} {time.time() - start:.1f} s")

    def all_to(run):
        shards = {shard["ShardId"] for shard in traffic.open()}
        return lambda: shards <= {line.shard for line in run.lines if line.at > asked}

    first = fleet.start(first_kind, "first")
    traffic.start(traffic.trickle, 0.25)
    asked = time.time()
    step(f"{first_kind} alone has all", all_to(first))
    second = fleet.start(second_kind, "second")
    step(f"{second_kind} joined", lambda: second.lines and fleet.owned("second"))
    asked = time.time()
    first.kill()
    step(f"{second_kind} after a crash of {first_kind}", all_to(second))
    shards = traffic.open()
    traffic.split(shards[0])
    traffic.merge(shards[2], shards[3])
    again = fleet.start(first_kind, "again")
    asked = time.time()
    step(f"{first_kind} joined", lambda: again.lines and fleet.owned("again"))
    asked = time.time()
    second.terminate()
    step(f"{first_kind} after a stop of {second_kind}", all_to(again))
    traffic.stop()
    step("drained", lambda: len(fleet.seen()) == traffic.written)
    fleet.stop()
    report = check.Report(fleet.lines(), traffic.numbers_written(), traffic.shards())
    failures += report.failures(explained_repeats=False) + fleet.exits()
    return failures, f"{report}; {', '.join(numbers)}"
