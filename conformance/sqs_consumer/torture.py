"""Three processes drain a queue that is being filled; two are stopped under load, one is killed, and each begins again."""

import random
import time

from check import Report
from fleet import Life
from orders import Queue
from traffic import Traffic, draw

BOUNDS = (11, 50, 110)  # what each process may hold: small enough to be reached, and not all of them whole receives
AT_ONCE = 20_000  # messages that wait at most

# A failed entry is one of up to ten of a call: 1 % of the entries.
FAULTS = [{"mode": "lost-reply", "probability": 0.01, "service": "sqs", "actions": ["ReceiveMessage", "DeleteMessageBatch"]},
          {"mode": "failed-entry", "probability": 0.1, "service": "sqs",
           "actions": ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"]},
          {"mode": "duplicate", "probability": 0.02, "service": "sqs", "actions": ["ReceiveMessage"]}]


class Torture:
    def __init__(self, server, folder, options, fifo, faults):
        self.options, self.folder, self.faults = options, folder, faults
        self.queue = Queue(server, fifo)
        self.lives, self.verdicts, self.begun = [], [], time.monotonic()
        messages = draw(options.messages, random.Random(options.seed))
        self.traffic = Traffic(self.queue, messages, options.bytes or (5_000, 100_000), AT_ONCE, options.seed)

    def run(self):
        """Pairs of what must hold and whether it does."""
        # So many wait before anybody begins that the queue is never empty under those who are stopped.
        self.until(lambda: len(self.traffic.sent) >= min(AT_ONCE * 3 // 4, self.options.messages * 3 // 4), "sent")
        if self.faults:
            self.queue.faults(FAULTS)
        running = [self.begin(slot) for slot in range(len(BOUNDS))]
        for share, slot, event in ((0.2, 0, self.stop), (0.45, 1, self.kill), (0.7, 2, self.stop)):
            self.until(lambda share=share: self.done() >= share * self.options.messages, f"done, {share:.0%}")
            event(running[slot])
            running[slot] = self.begin(slot)
        self.until(lambda: not self.traffic.thread.is_alive() and self.queue.is_empty(), "drained")
        took = time.monotonic() - self.begun
        self.queue.faults([])
        for life in running:
            life.process.terminate()
        for life in running:
            status, held = life.stopped(), self.holds(life)
            self.told(f"{life.name} was stopped on an empty queue: exit {status}, {held} held afterwards",
                      status == 0 and held == 0)
        self.bounds()
        report = Report(self.traffic.sent, self.lives, self.queue.letters(), self.queue.fifo, self.faults)
        self.verdicts += report.verdicts()
        numbers = f"{len(self.traffic.sent)} messages, {self.traffic.bytes / 1e6:.0f} MB, {took:.0f} s"
        return self.verdicts, numbers

    def begin(self, slot):
        name = f"p{slot}-{sum(life.name.startswith(f'p{slot}-') for life in self.lives) + 1}"
        life = Life(self.options.drain_queue, self.queue, name, BOUNDS[slot], self.options.work_ms,
                    self.options.fail_percent, self.folder)
        self.lives.append(life)
        return life

    def stop(self, life):
        waiting, before = self.queue.counts()["visible"], self.holds(life)
        status = life.stop()
        report, after = life.report or {}, self.holds(life)
        whole = report and report["received"] == report["deleted"] + report["given_back"] + report["lost"]
        # What a lost reply brought is held at the server, and nobody knows here.
        released = self.faults or after == report.get("lost") == 0
        self.told(f"{life.name} was stopped with {waiting} waiting and {before} held: exit {status}, {report}, "
                  f"{after} held afterwards",
                  2 * before >= life.bound and status == 0 and whole and released)

    def kill(self, life):
        held = self.holds(life)
        life.kill()
        print(f"      {life.name} was killed, and held {held}", flush=True)
        time.sleep(2)

    def holds(self, life):
        holding = self.queue.holding(life.name)
        return holding["in_flight"] + holding["requested"]

    def bounds(self):
        for slot, bound in enumerate(BOUNDS):
            most = [self.queue.holding(life.name)["max_reserved"] for life in self.lives if life.name[:2] == f"p{slot}"]
            text = f"p{slot} held and had asked for {most} at most, in each life; its bound is {bound}"
            if self.faults:
                # As above, until it is visible again.
                print(f"      {text}, and what lost replies brought", flush=True)
            else:
                self.told(text, max(most) == bound)

    def told(self, text, holds):
        self.verdicts.append((text, bool(holds)))

    def done(self):
        return len(set().union(*(life.done for life in self.lives)))

    def until(self, condition, what):
        """Waits as long as something moves."""
        state, since = None, time.monotonic()
        while not condition():
            if self.traffic.problem:
                raise self.traffic.problem
            now = (len(self.traffic.sent), self.done(), [life.process.poll() for life in self.lives])
            if now != state:
                state, since = now, time.monotonic()
            if time.monotonic() - since > self.options.patience:
                counts = self.queue.counts()
                raise RuntimeError(f"waited for {what}, and nothing moved: {now}, {counts}")
            time.sleep(0.1)
