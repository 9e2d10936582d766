"""Two processes drain a queue of ElasticMQ, a peer that is not ours; one is stopped under load, and begins again."""

import os
import random
import sys
import time
from contextlib import contextmanager

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sqs"))

import peers
import server
from check import Report
from fleet import Life
from orders import Queue
from torture import AT_ONCE, Torture
from traffic import Traffic, draw

BOUNDS = (50, 110)
FOLDER = os.path.expanduser("~/.cache/tidegate/sqs")  # where conformance/sqs/run install puts it


@contextmanager
def endpoint():
    with peers.elasticmq(FOLDER) as url:
        yield server.Server(None, url)


class Elsewhere(Queue):
    """A queue that tells no more of itself than SQS does: what each process holds, nobody counts."""

    def create(self, name):
        attributes = {"VisibilityTimeout": "30"} | ({"FifoQueue": "true"} if name.endswith(".fifo") else {})
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def counts(self):
        names = {"visible": "", "in_flight": "NotVisible", "delayed": "Delayed"}
        told = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return {name: int(told[f"ApproximateNumberOfMessages{ours}"]) for name, ours in names.items()}


class Peer(Torture):
    def __init__(self, server, folder, options, fifo):
        self.options, self.folder, self.faults = options, folder, False
        self.queue = Elsewhere(server, fifo)
        self.lives, self.verdicts, self.begun = [], [], time.monotonic()
        messages = draw(options.messages, random.Random(options.seed))
        self.traffic = Traffic(self.queue, messages, options.bytes or (200, 20_000), AT_ONCE, options.seed)

    def run(self):
        self.until(lambda: len(self.traffic.sent) >= self.options.messages * 3 // 4, "sent")
        running = [self.begin(slot) for slot in range(len(BOUNDS))]
        self.until(lambda: self.done() >= 0.4 * self.options.messages, "done, 40%")
        self.leaves(running[0], "under load")
        running[0] = self.begin(0)
        self.until(lambda: not self.traffic.thread.is_alive() and self.queue.is_empty(), "drained")
        took = time.monotonic() - self.begun
        for life in running:
            self.leaves(life, "on an empty queue")
        report = Report(self.traffic.sent, self.lives, self.queue.letters(), self.queue.fifo, self.faults)
        self.verdicts += report.verdicts()
        return self.verdicts, f"{len(self.traffic.sent)} messages, {took:.0f} s"

    def begin(self, slot):
        name = f"p{slot}-{sum(life.name.startswith(f'p{slot}-') for life in self.lives) + 1}"
        life = Life(self.options.drain_queue, self.queue, name, BOUNDS[slot], self.options.work_ms,
                    self.options.fail_percent, self.folder)
        self.lives.append(life)
        return life

    def leaves(self, life, where):
        status, report = life.stop(), life.report or {}
        whole = report and report["received"] == report["deleted"] + report["given_back"] and report["lost"] == 0
        self.told(f"{life.name} was stopped {where}: exit {status}, {report}", status == 0 and whole)
