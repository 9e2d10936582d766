"""Versions of entities, sent to a queue: what was sent is known, so that what became of it can be judged."""

import json
import random
import string
import threading
import time

ENTITIES = 250_000
LATE = 0.05  # of the versions change places with the next one of their entity
BROKEN = 0.001  # of the bodies are no JSON
BATCH_BYTES = 1 << 20
SKEW = 4  # the busiest entity has 4.5 % of the versions, the busiest hundred 14 %


class Message:
    """A message as it was sent, the `place`-th of its key; one without a version is broken."""
    __slots__ = ("key", "version", "place", "late")

    def __init__(self, key, version, place, late):
        self.key, self.version, self.place, self.late = key, version, place, late


def draw(count, chance, entities=ENTITIES, skew=SKEW, broken=BROKEN):
    """The messages in the order in which they are to be sent."""
    order, latest, pairs = [], {}, []  # keys and versions; where the latest of a key is; neighbours of a key
    for number in range(count):
        if chance.random() < broken:
            order.append((f"broken-{number}", None))
            continue
        key = f"entity-{int(entities * chance.random() ** skew)}"
        version = 1
        if key in latest:
            version += order[latest[key]][1]
            pairs.append((latest[key], number))
        latest[key] = number
        order.append((key, version))
    chance.shuffle(pairs)
    late, moved = set(), set()  # the places of late versions; those, and of the ones that overtook them
    for early, place in pairs:
        if len(late) < int(count * LATE) and early not in moved and place not in moved:
            order[early], order[place] = order[place], order[early]
            late.add(place)
            moved.update((early, place))
    places, messages = {}, []
    for number, (key, version) in enumerate(order):
        places[key] = places.get(key, -1) + 1
        messages.append(Message(key, version, places[key], number in late))
    return messages


class Traffic:
    """Sends messages from a thread of its own, as long as fewer than `most` wait."""

    def __init__(self, queue, messages, sizes, most, seed):
        self.queue, self.messages, self.sizes, self.most = queue, messages, sizes, most
        self.chance = random.Random(seed)
        self.noise = "".join(self.chance.choices(string.ascii_letters, k=1 << 20))
        self.sent, self.bytes, self.problem = {}, 0, None  # messages by their ids
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            rest = list(reversed(self.messages))
            while rest:
                counts = self.queue.counts()
                room = self.most - counts["visible"] - counts["in_flight"]
                if room < 10:
                    time.sleep(0.05)
                for _ in range(min(room, 1000) // 10):
                    self.send(rest)
        except Exception as problem:  # told by whoever waits for the thread
            self.problem = problem

    def send(self, rest):
        batch, size = [], 0
        while rest and len(batch) < 10:
            body = self.body(rest[-1])
            size += len(body)
            if size > BATCH_BYTES:
                break
            batch.append((rest.pop(), body))
        if not batch:
            return
        entries = []
        for number, (message, body) in enumerate(batch):
            entry = {"Id": str(number), "MessageBody": body}
            if self.queue.fifo:
                entry |= {"MessageGroupId": message.key,
                          "MessageDeduplicationId": f"{message.key}:{message.version}"}
            entries.append(entry)
        for answer in self.queue.send(entries):
            self.sent[answer["MessageId"]] = batch[int(answer["Id"])][0]
        self.bytes += size

    def body(self, message):
        size = self.chance.randint(*self.sizes)
        head = {"entity": {"id": message.key}, "version": message.version}
        text = "no JSON " if message.version is None else json.dumps(head)[:-1] + ', "text": "'
        pad = max(0, size - len(text) - 2)
        start = self.chance.randint(0, len(self.noise) - pad)
        return text + self.noise[start:start + pad] + ("" if message.version is None else '"}')
