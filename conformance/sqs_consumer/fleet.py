"""Processes that consume a queue: started, stopped, killed, and what each of them printed."""

import atexit
import json
import os
import re
import subprocess
import threading
import time

STOP = 60  # seconds in which a process that was asked to stop has to be gone
REPORT = re.compile(r"^(?:drain-queue|entity-pipeline): (\d+ received, .*)$", re.MULTILINE)
COUNT = re.compile(r"(\d+) ([a-z ]+)")
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


class Process:
    """A process from its start to its exit. Its access key is its name, by which the server knows what it holds."""

    def __init__(self, server, name, folder, command):
        self.name, self.killed, self.report = name, None, None
        self.log = os.path.join(folder, f"{name}.log")
        environment = dict(os.environ, AWS_ENDPOINT_URL=server.url, AWS_REGION="us-east-1",
                           AWS_ACCESS_KEY_ID=name, AWS_SECRET_ACCESS_KEY="test")
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
            self.hear(json.loads(line))

    def hear(self, line):
        raise ValueError(f"{self.name} printed {line}")

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
        if told:
            self.report = {word.strip().replace(" ", "_"): int(count) for count, word in COUNT.findall(told[1])}
        return status

    def join(self):
        status = self.process.wait(STOP)
        self.reader.join()
        RUNNING.pop(self.process.pid, None)
        return status


class Life(Process):
    """A drain-queue."""

    def __init__(self, program, queue, name, bound, work_ms, fail_percent, folder):
        self.bound, self.events, self.done = bound, [], set()
        super().__init__(queue.server, name, folder, [
            program, "--queue-url", queue.url, "--dead-letter-url", queue.letters_url, "--trace",
            "--max-unprocessed", str(bound), "--work-ms", work_ms, "--fail-percent", str(fail_percent),
            "--key", "group" if queue.fifo else "/entity/id", "--version", "/version"])

    def hear(self, line):
        if "outcome" in line:
            self.events.append(Event(line["outcome"], line["message_id"]))
            self.done.add(line["message_id"])
        else:
            self.events.append(Event(line["event"], line["message_id"], line["t_ms"], line.get("ok")))


class Worker(Process):
    """An entity-pipeline."""

    def __init__(self, program, queue, news_url, table, name, bound, work_ms, fail_percent, folder):
        super().__init__(queue.server, name, folder, [
            program, "--queue-url", queue.url, "--publish-url", news_url, "--table", table,
            "--max-unprocessed", str(bound), "--work-ms", work_ms, "--fail-percent", str(fail_percent)])
