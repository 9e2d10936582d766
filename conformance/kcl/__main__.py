"""Runs scenarios, and prints PASS or FAIL and the numbers of each."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "local_aws"))

import kinds  # noqa: E402
import server  # noqa: E402
from beside import PAIRS, beside  # noqa: E402
from times import times  # noqa: E402
from torture import torture  # noqa: E402
from writes import writes  # noqa: E402


def options():
    parser = argparse.ArgumentParser(prog="conformance/kcl/run", description=__doc__)
    parser.add_argument("scenarios", nargs="+", choices=("torture", "times", "writes", "beside"))
    parser.add_argument("--local-aws", required=True, help="the program tidegate-local-aws")
    parser.add_argument("--ours", help="the program consume-stream; without it only Java workers run")
    parser.add_argument("--workers", default="ours,ours,ours", help=f"kinds, of {', '.join(kinds.KINDS)}")
    parser.add_argument("--fetch", default="polling,fan-out", help="of torture")
    parser.add_argument("--pairs", default=",".join(":".join(pair) for pair in PAIRS), help="of beside, first:second")
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=90, help="in which they are written")
    parser.add_argument("--event-seconds", type=float, default=6, help="between two things that happen")
    parser.add_argument("--patience", type=float, default=180, help="seconds without a record")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--failover-ms", type=int, default=10_000)
    parser.add_argument("--checkpoint-ms", type=int, default=3_000)
    parser.add_argument("--heal", action="store_true", help="times: also wait for a deleted lease, minutes with Java")
    parser.add_argument("--logs", help="where the workers' standard error is kept; default: thrown away")
    return parser.parse_args()


def jobs(chosen):
    workers = chosen.workers.split(",")
    for scenario in chosen.scenarios:
        if scenario == "torture":
            for fetch in chosen.fetch.split(","):
                yield f"torture {fetch} {chosen.workers}", workers, lambda *a, f=fetch: torture(*a, workers, f)
        elif scenario == "beside":
            for pair in (tuple(text.split(":")) for text in chosen.pairs.split(",")):
                yield f"beside {pair[0]} then {pair[1]}", pair, lambda *a, p=pair: beside(*a, p)
        else:
            what = {"times": times, "writes": writes}[scenario]
            for kind in dict.fromkeys(workers):
                yield f"{scenario} {kind}", [kind], lambda *a, w=what, k=kind: w(*a, k)


def prepare(kind):
    """Makes a kind startable; says why it cannot be, if it cannot."""
    if kind == "ours":
        kinds.OURS = chosen.ours
        return None if chosen.ours else "no --ours"
    version = kind.split("-")[0]
    if version not in kinds.CLASS_PATHS:
        jars = os.path.join(os.path.dirname(os.path.abspath(__file__)), "jars")
        answer = subprocess.run([jars, version], stdout=subprocess.PIPE, text=True, check=False)
        if answer.returncode:
            return f"KCL {version} cannot be had here"
        kinds.CLASS_PATHS[version] = answer.stdout.strip()
    return None


chosen = options()
server.PROGRAM = chosen.local_aws
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are ended, too
failed = 0
for name, needed, run in jobs(chosen):
    if missing := next(filter(None, map(prepare, needed)), None):
        print(f"SKIP  {name}: {missing}", flush=True)
        continue
    print(f"----  {name}", flush=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, server.server() as local_aws:
        folder = scratch
        if chosen.logs:
            folder = os.path.join(chosen.logs, name.replace(" ", "_").replace(",", "_"))
            os.makedirs(folder, exist_ok=True)
        failures, numbers = run(local_aws, folder, chosen)
    failed += bool(failures)
    print(f"      {numbers}")
    verdict = "FAIL" if failures else "PASS"
    print(f"{verdict}  {name} ({time.monotonic() - start:.0f} s) {'; '.join(failures)}", flush=True)
sys.exit(1 if failed else 0)
