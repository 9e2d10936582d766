"""Consumes queues by three processes, disturbs them, and prints PASS or FAIL with the numbers. drain: drain-queue, on standard
and FIFO queues, clean and with faults. entities: entity-pipeline, on a standard queue with faults, killed at random.
elasticmq: two of drain-queue, on queues of ElasticMQ."""

import argparse
import os
import signal
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "local_aws"))

import elasticmq  # noqa: E402
import server  # noqa: E402
from entities import Storm  # noqa: E402
from torture import Torture  # noqa: E402


def sizes(text):
    least, most = map(int, text.split("-"))
    if not 200 <= least <= most <= 1 << 20:
        raise ValueError
    return least, most


parser = argparse.ArgumentParser(prog="conformance/sqs_consumer/run", description=__doc__)
parser.add_argument("--local-aws", required=True, help=argparse.SUPPRESS)
parser.add_argument("--drain-queue", required=True, help=argparse.SUPPRESS)
parser.add_argument("--entity-pipeline", required=True, help=argparse.SUPPRESS)
parser.add_argument("scenario", nargs="?", choices=("drain", "entities", "elasticmq"), default="drain", help="default: drain")
parser.add_argument("--queues", default="standard,fifo",
                    help="of drain and elasticmq; default: standard,fifo")
parser.add_argument("--modes", default="clean,faults", help="of drain; default: clean,faults")
parser.add_argument("--messages", type=int, default=20_000,
                    help="default: 20000; at most 20000 wait at a time, of entities 2000")
parser.add_argument("--bytes", type=sizes,
                    help="of a message, from 200; default: 5000-100000, of entities 200-2000, on ElasticMQ 200-20000")
parser.add_argument("--work-ms", default="0-50", help="that a handler takes; default: 0-50")
parser.add_argument("--fail-percent", type=float, default=1.0, help="of the handlers; default: 1")
parser.add_argument("--patience", type=float, default=120, help="seconds in which nothing moves; default: 120")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--logs", help="where the processes' standard error is kept; default: thrown away")
chosen = parser.parse_args()
if chosen.scenario == "drain" and chosen.messages < 10_000:
    parser.error("--messages is 10000 or more: with fewer, nobody is stopped under load")
server.PROGRAM = chosen.local_aws
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are ended, too


def run(title, scenario, endpoint=server.server):
    """How many verdicts failed."""
    print(f"----  {title}", flush=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, endpoint() as at:
        folder = scratch
        if chosen.logs:
            folder = os.path.join(chosen.logs, title.replace(" ", "-"))
            os.makedirs(folder, exist_ok=True)
        torture = scenario(at, folder)
        try:
            verdicts, numbers = torture.run()
        except RuntimeError as problem:
            verdicts, numbers = [(str(problem), False)], "it did not end"
        finally:
            for life in torture.lives:
                if life.process.poll() is None:
                    life.kill()
    for text, holds in verdicts:
        print(f"{'PASS' if holds else 'FAIL'}  {text}")
    print(f"      {numbers}; {time.monotonic() - start:.0f} s in all", flush=True)
    return sum(not holds for _, holds in verdicts)


def drain(queue, mode):
    return run(f"{queue} {mode}", lambda local_aws, folder: Torture(local_aws, folder, chosen, queue == "fifo", mode == "faults"))


def peer(queue):
    return run(f"{queue} on ElasticMQ", lambda at, folder: elasticmq.Peer(at, folder, chosen, queue == "fifo"), elasticmq.endpoint)


if chosen.scenario == "elasticmq":
    try:
        failed = sum(peer(queue) for queue in chosen.queues.split(","))
    except elasticmq.peers.Absent as absent:
        print(f"skipped {absent}")
        failed = 0
elif chosen.scenario == "entities":
    failed = run("entities", lambda local_aws, folder: Storm(local_aws, folder, chosen))
else:
    failed = sum(drain(queue, mode) for queue in chosen.queues.split(",") for mode in chosen.modes.split(","))
sys.exit(1 if failed else 0)
