"""Processes that drain a queue: started, stopped, killed, and what each of them printed."""

import atexit
import json
import os
import re
import subprocess
import threading
import time

STOP = 60  # seconds in which a process that was asked to stop has to be gone
REPORT = re.compile(r"^drain-queue: (\d+) received, (\d+) deleted, (\d+) given back, (\d+) lost$", re.MULTILINE)
RUNNING = {}


@atexit.register
def kill_all():
    for process in list(RUNNING.values()):
        process.kill()
        process.wait()


class Event:
    """A line of a process: `what` is start, end, or the outcome of a message that is deleted."""
    __slots__ = ("what", "id", "t_ms", "ok")

    def __init__(self, what, id, t_ms=None, ok=None):
        self.what, self.id, self.t_ms, self.ok = what, id, t_ms, ok


class Life:
    """A process from its start to its exit. Its access key is its name, by which the server knows what it holds."""

    def __init__(self, program, queue, name, bound, work_ms, fail_percent, folder):
        self.name, self.bound, self.killed = name, bound, None
        self.events, self.done, self.report = [], set(), None
        self.log = os.path.join(folder, f"{name}.log")
        environment = dict(os.environ, AWS_ENDPOINT_URL=queue.server.url, AWS_REGION="us-east-1",
                           AWS_ACCESS_KEY_ID=name, AWS_SECRET_ACCESS_KEY="test")
        command = [program, "--queue-url", queue.url, "--dead-letter-url", queue.letters_url, "--trace",
                   "--max-unprocessed", str(bound), "--work-ms", work_ms, "--fail-percent", str(fail_percent),
                   "--key", "group" if queue.fifo else "/entity/id", "--version", "/version"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment,
                                            bufsize=1 << 20)
        RUNNING[self.process.pid] = self.process
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                return  # cut short by a kill: it does not count as printed
            line = json.loads(line)
            if "outcome" in line:
                self.events.append(Event(line["outcome"], line["message_id"]))
                self.done.add(line["message_id"])
            else:
                self.events.append(Event(line["event"], line["message_id"], line["t_ms"], line.get("ok")))

    def kill(self):
        self.process.kill()
        self.join()
        self.killed = time.time() * 1000

    def stop(self):
        """Asks it to stop, and waits; how it exited, or None if it did not in time."""
        self.process.terminate()
        return self.stopped()

    def stopped(self):
        """Waits for one that was asked to stop."""
        try:
            status = self.join()
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        with open(self.log) as log:
            told = REPORT.search(log.read())
        self.report = dict(zip(("received", "deleted", "given_back", "lost"), map(int, told.groups()))) if told else None
        return status

    def join(self):
        status = self.process.wait(STOP)
        self.reader.join()
        RUNNING.pop(self.process.pid, None)
        return status
