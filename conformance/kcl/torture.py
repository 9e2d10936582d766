"""Workers are killed, terminated and frozen, and shards split and merged, while records are written."""

import random
import time

import check
from fleet import Fleet, until
from traffic import Traffic

FREEZE = 20.0  # seconds: twice the failover time, so that the others take over


def torture(server, folder, options, workers, fetch):
    chance = random.Random(options.seed)
    traffic = Traffic(server, f"torture-{fetch}", 8, options.seed)
    fleet = Fleet(server, folder, traffic.stream, f"torture-{fetch}-app", fetch=fetch,
                  failover_ms=options.failover_ms, checkpoint_ms=options.checkpoint_ms)
    lives = [0] * len(workers)
    counts = dict.fromkeys(("kill", "term", "freeze", "split", "merge"), 0)

    def begin(slot):
        lives[slot] += 1
        return fleet.start(workers[slot], f"w{slot}-{lives[slot]}")

    running = [begin(slot) for slot in range(len(workers))]
    # Nothing can go wrong for workers that have nothing yet.
    if not until(300, lambda: any(fleet.owned(run.name) for run in running)):
        fleet.stop()
        return ["no worker took a lease within 300 s"], "nothing was consumed"
    traffic.start(traffic.spread, options.records, options.seconds)
    later = []  # (when, what to do then)
    next_event = time.time() + options.event_seconds
    while traffic.thread.is_alive():
        time.sleep(0.1)
        now = time.time()
        for at, act in [entry for entry in later if entry[0] <= now]:
            later.remove((at, act))
            act()
        if now < next_event:
            continue
        next_event = now + chance.uniform(0.5, 1.5) * options.event_seconds
        event, slot = chance.choice(list(counts)), chance.randrange(len(workers))
        run = running[slot]
        if event in ("split", "merge"):
            reshard(traffic, event, chance)
        elif run is None or sum(run is not None for run in running) == 1:
            continue  # one is left alone, so that there is somebody to take over
        else:
            running[slot] = None
            disturb(run, event)

            def again(slot=slot, run=run, event=event):
                if event == "freeze":
                    run.thaw()
                    running[slot] = run
                else:
                    running[slot] = begin(slot)
            later.append((now + (FREEZE if event == "freeze" else chance.uniform(0, 10)), again))
        counts[event] += 1
        whom = "" if event in ("split", "merge") else run.name
        print(f"    {now - fleet.runs[0].started:6.1f} s  {event} {whom}", flush=True)
    for _, act in later:
        act()
    traffic.stop()
    drained = drain(fleet, traffic, options.patience)
    fleet.stop()
    report = check.Report(fleet.lines(), traffic.numbers_written(), traffic.shards())
    start = fleet.runs[0].started
    for first, again, shard, count, *times in report.unexplained_by():
        print(f"    {count} repeats of {shard}: {first} at {times[0] - start:.1f}-{times[1] - start:.1f} s, "
              f"{again} at {times[2] - start:.1f}-{times[3] - start:.1f} s", flush=True)
    failures = report.failures(explained_repeats=set(workers) == {"ours"})
    failures += fleet.exits()
    return failures, f"{traffic.written} written, {report}; {counts}; drained in {drained:.1f} s"


def disturb(run, event):
    {"kill": run.kill, "term": run.terminate, "freeze": run.freeze}[event]()


def reshard(traffic, event, chance):
    shards = traffic.open()
    place = chance.randrange(len(shards) - 1)
    # As many as at the start, or nearly, so that neither runs out.
    if event == "split" and len(shards) <= 10:
        traffic.split(shards[place])
    elif len(shards) >= 6:
        traffic.merge(shards[place], shards[place + 1])


def drain(fleet, traffic, patience):
    """Waits until all is printed, or until nothing came for so long; how long it took."""
    start, seen, progress = time.time(), 0, time.time()
    while len(fleet.seen()) < traffic.written and time.time() - progress < patience:
        time.sleep(0.5)
        if len(fleet.seen()) > seen:
            seen, progress = len(fleet.seen()), time.time()
    return time.time() - start
