"""A queue of local-aws and the one of its dead letters, as the harness sees them."""

import json
import urllib.request


class Queue:
    def __init__(self, server, fifo, attempts=1):
        self.server, self.fifo = server, fifo
        self.sqs = server.client("sqs", attempts)
        self.name = "orders.fifo" if fifo else "orders"
        self.url, self.letters_url = self.create(self.name), self.create("letters.fifo" if fifo else "letters")

    def create(self, name):
        attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def send(self, entries):
        answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
        if answer.get("Failed"):
            raise RuntimeError(f"{len(answer['Failed'])} messages were not sent: {answer['Failed'][0]}")
        return answer["Successful"]

    def counts(self):
        """What the server knows of the queue: its messages, and its clients by access key."""
        with urllib.request.urlopen(self.server.url + "/_tidegate/queues") as answer:
            return next(queue for queue in json.load(answer) if queue["name"] == self.name)

    def holding(self, client):
        return self.counts()["clients"].get(client, dict.fromkeys(("in_flight", "requested", "max_reserved"), 0))

    def is_empty(self):
        counts = self.counts()
        return not counts["visible"] and not counts["in_flight"] and not counts["delayed"]

    def faults(self, rows):
        body = json.dumps({"faults": rows}).encode()
        put = urllib.request.Request(self.server.url + "/_tidegate/faults", data=body, method="PUT")
        urllib.request.urlopen(put).close()

    def letters(self):
        """All dead letters, as (message id, reason)."""
        return [(letter["position"], letter["error"]) for letter in self.bodies(self.letters_url)]

    def bodies(self, url):
        """What is in a queue, as it comes."""
        found = []
        while True:
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
            messages = answer.get("Messages", [])
            if not messages:
                return found
            found += (json.loads(message["Body"]) for message in messages)
