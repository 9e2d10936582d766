"""Processes of one application: started, stopped, killed, frozen, and what each of them printed."""

import atexit
import json
import os
import re
import signal
import subprocess
import threading
import time

import kinds

STOP = 60  # seconds in which a worker that was asked to stop has to be gone
RUNNING = {}


@atexit.register
def kill_all():
    for process in list(RUNNING.values()):
        process.kill()
        process.wait()


class Line:
    """A record as a worker printed it, as its `place`-th; `at` is when it was received here, in seconds."""
    __slots__ = ("run", "place", "at", "shard", "key", "number")

    def __init__(self, run, place, at, fields):
        self.run, self.place, self.at, self.shard = run, place, at, fields["shard"]
        self.key, number = fields["data"].split(":")
        self.number = int(number)


class Run:
    """One life of a worker: from its start to its exit."""

    def __init__(self, fleet, kind, name):
        self.fleet, self.kind, self.name = fleet, kind, name
        self.lines, self.stopping, self.killed, self.thaws = [], None, None, []
        self.frozen = []  # each time that it was stopped
        self.log = open(os.path.join(fleet.folder, f"{len(fleet.runs)}-{name}.log"), "wb")
        environment = dict(os.environ, AWS_ENDPOINT_URL=fleet.server.url, AWS_REGION="us-east-1",
                           AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
        self.started = time.time()
        self.process = subprocess.Popen(kinds.command(kind, name, fleet.flags), stdout=subprocess.PIPE,
                                        stderr=self.log, env=environment)
        RUNNING[self.process.pid] = self.process
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        rest = b""
        while chunk := os.read(self.process.stdout.fileno(), 1 << 16):
            at = time.time()
            # What follows the last newline was cut short by a kill, and does not count as printed.
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.lines.append(Line(self, len(self.lines), at, json.loads(line)))

    def alive(self):
        return self.process.poll() is None

    def terminate(self):
        self.stopping = time.time()
        self.process.terminate()

    def kill(self):
        self.killed = time.time()
        self.process.kill()
        self.join()

    def freeze(self):
        self.frozen.append(time.time())
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)
        self.thaws.append(time.time())

    def join(self, seconds=STOP):
        status = self.process.wait(seconds)
        self.reader.join(seconds)
        RUNNING.pop(self.process.pid, None)
        return status

    def memory_mb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024


class Fleet:
    """All runs of an application on one stream."""

    def __init__(self, server, folder, stream, application, **flags):
        self.server, self.folder, self.application = server, folder, application
        self.flags = {"stream": stream, "application": application, **flags}
        self.runs = []
        self.table = server.client("dynamodb")

    def start(self, kind, name):
        run = Run(self, kind, name)
        self.runs.append(run)
        return run

    def alive(self):
        return [run for run in self.runs if run.alive()]

    def lines(self, after=0.0):
        """Everything that was received since then, in the order of reception."""
        lines = [line for run in self.runs for line in list(run.lines) if line.at >= after]
        return sorted(lines, key=lambda line: line.at)

    def seen(self):
        return {(line.key, line.number) for run in self.runs for line in list(run.lines)}

    def leases(self):
        """Items of the lease table by shard; rows of 3.x that are no leases are left out."""
        try:
            pages = self.table.get_paginator("scan").paginate(TableName=self.application)
            items = [item for page in pages for item in page["Items"]]
        except self.table.exceptions.ResourceNotFoundException:
            return {}
        return {item["leaseKey"]["S"]: item for item in items if item["leaseKey"]["S"].startswith("shardId-")}

    def owned(self, name):
        return {shard for shard, item in self.leases().items()
                if item.get("leaseOwner", {}).get("S") == name and item["checkpoint"]["S"] != "SHARD_END"
                and "checkpointOwner" not in item}

    def exits(self):
        """What is wrong about how the runs ended, now that all have."""
        wrong = []
        for run in self.runs:
            status = run.process.returncode
            if run.stopping and run.killed:
                wrong.append(f"{run.name} did not stop within {STOP} s")
            elif run.stopping and status not in kinds.stopped(run.kind):
                wrong.append(f"{run.name} was stopped and exited with {status}")
            elif not run.stopping and not run.killed:
                wrong.append(f"{run.name} exited by itself with {status}")
        return wrong

    def stop(self):
        for run in self.alive():
            if not run.stopping:
                run.terminate()
        for run in self.runs:
            try:
                run.join()
            except subprocess.TimeoutExpired:
                run.kill()


def until(seconds, condition, every=0.05):
    """Waits until the condition holds; what it gave then, or None when the time was over."""
    end = time.time() + seconds
    while time.time() < end:
        if result := condition():
            return result
        time.sleep(every)
    return None
