"""Three processes of entity-pipeline on a queue that is being filled: at random, one is killed or stopped, and begins again."""

import json
import random
import time
from collections import Counter, defaultdict

from entities_check import Report
from fleet import Worker
from orders import Queue
from store import Store
from traffic import Traffic, draw

ENTITIES = 300
SKEW = 2  # the busiest entity has 6 % of the versions
BOUNDS = (11, 50, 110)
AT_ONCE = 2_000  # messages that wait at most: so many that the last ones are sent long after the first kill
PAUSE = (0.5, 3)  # seconds between two kills
KILLS = 0.8  # of the disturbances; the others are stops

FAULTS = [{"mode": "lost-reply", "probability": 0.01, "service": "sqs",
           "actions": ["ReceiveMessage", "DeleteMessageBatch", "SendMessageBatch"]},
          {"mode": "lost-reply", "probability": 0.01, "service": "dynamodb", "actions": ["GetItem", "UpdateItem"]},
          {"mode": "duplicate", "probability": 0.02, "service": "sqs", "actions": ["ReceiveMessage"]}]


class Versions(Traffic):
    """Versions of entities, and the states that they were sent with."""

    def __init__(self, *arguments):
        self.states = defaultdict(dict)
        super().__init__(*arguments)

    def body(self, message):
        size = self.chance.randint(*self.sizes)
        start = self.chance.randint(0, len(self.noise) - size)
        state = {"text": self.noise[start:start + size]}
        self.states[message.key][message.version] = state
        return json.dumps({"entity": message.key, "version": message.version, "data": state})


class Storm:
    def __init__(self, server, folder, options):
        self.server, self.options, self.folder = server, options, folder
        self.queue = Queue(server, fifo=False, attempts=10)
        self.news_url = self.queue.create("news")
        self.store = Store(server)
        self.lives, self.verdicts, self.begun = [], [], time.monotonic()
        self.chance = random.Random(options.seed)
        self.messages = draw(options.messages, self.chance, ENTITIES, SKEW, broken=0)
        self.traffic = Versions(self.queue, self.messages, options.bytes or (200, 2_000), AT_ONCE, options.seed)

    def run(self):
        """Pairs of what must hold and whether it does, and what it took."""
        self.queue.faults(FAULTS)
        running = [self.begin(slot) for slot in range(len(BOUNDS))]
        while self.traffic.thread.is_alive():
            time.sleep(self.chance.uniform(*PAUSE))
            slot = self.chance.randrange(len(BOUNDS))
            self.end(running[slot], self.chance.random() < KILLS)
            running[slot] = self.begin(slot)
        if self.traffic.problem:
            raise self.traffic.problem
        self.drained()
        took = time.monotonic() - self.begun
        self.queue.faults([])
        for life in running:
            life.process.terminate()
        for life in running:
            self.stopped(life, life.stopped())
        self.judge()
        kills = sum(life.killed is not None for life in self.lives)
        return self.verdicts, f"{len(self.traffic.sent)} messages, {len(self.lives)} lives, {kills} killed, {took:.0f} s"

    def begin(self, slot):
        name = f"p{slot}-{sum(life.name.startswith(f'p{slot}-') for life in self.lives) + 1}"
        life = Worker(self.options.entity_pipeline, self.queue, self.news_url, Store.NAME, name, BOUNDS[slot],
                      self.options.work_ms, self.options.fail_percent, self.folder)
        self.lives.append(life)
        return life

    def end(self, life, kill):
        if kill:
            life.kill()
        else:
            self.stopped(life, life.stop())

    def stopped(self, life, status):
        if status != 0 or not life.report:
            self.told(f"{life.name} was stopped: exit {status}, {life.report}", False)

    def drained(self):
        """Waits until the queue is empty, as long as something moves. What a killed process held comes again."""
        state, since = None, time.monotonic()
        while not self.queue.is_empty():
            counts = self.queue.counts()
            now = [counts[name] for name in ("visible", "in_flight", "delayed")]
            if now != state:
                state, since = now, time.monotonic()
            if time.monotonic() - since > self.options.patience:
                raise RuntimeError(f"nothing moved, and the queue is not empty: {now}")
            time.sleep(0.2)

    def judge(self):
        totals = Counter()
        for life in self.lives:
            totals.update(life.report or {})
        ended = sum(life.report is not None for life in self.lives)
        kills = len(self.lives) - ended
        self.told(f"{ended} processes were stopped, and told what they did; {kills} were killed", ended and kills)
        lost = self.server.counters("dynamodb", "UpdateItem")["failed"]
        late = sum(message.late for message in self.messages)
        news = [(item["entity"], item["version"], item["state"]) for item in self.queue.bodies(self.news_url)]
        report = Report(self.traffic.states, self.store.writes(), self.store.items(), news)
        self.verdicts += report.verdicts(totals, lost, late)

    def told(self, text, holds):
        self.verdicts.append((text, bool(holds)))
