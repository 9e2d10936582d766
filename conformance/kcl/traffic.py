"""A stream and what is written to it: numbers per key, so that loss and disorder show in the data."""

import random
import threading
import time


class Traffic:
    """Writes `key:number` records from a thread of its own until it is stopped or all are written."""

    def __init__(self, server, stream, shards, seed=0, keys=5000):
        self.kinesis, self.stream = server.client("kinesis", attempts=5), stream
        self.random, self.keys = random.Random(seed), keys
        self.numbers, self.written, self.problem = {}, 0, None
        self.halt = threading.Event()
        self.thread = None
        self.kinesis.create_stream(StreamName=stream, ShardCount=shards)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=stream)

    def shards(self):
        pages = self.kinesis.get_paginator("list_shards").paginate(StreamName=self.stream)
        return {shard["ShardId"]: shard for page in pages for shard in page["Shards"]}

    def open(self):
        return sorted((shard for shard in self.shards().values()
                       if "EndingSequenceNumber" not in shard["SequenceNumberRange"]),
                      key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

    def put(self, entries):
        """`entries` are (key, hash key or None)."""
        records = []
        for key, place in entries:
            number = self.numbers[key] = self.numbers.get(key, -1) + 1
            record = {"PartitionKey": key, "Data": f"{key}:{number}".encode()}
            records.append(record | ({"ExplicitHashKey": place} if place else {}))
        answer = self.kinesis.put_records(StreamName=self.stream, Records=records)
        if answer["FailedRecordCount"]:
            raise RuntimeError(f"{answer['FailedRecordCount']} records were not written")
        self.written += len(records)

    def spread(self, records, seconds):
        """Random keys, evenly over the time."""
        start, batch = time.time(), max(1, min(500, records // 100))
        while self.written < records and not self.halt.is_set():
            keys = self.random.choices(range(self.keys), k=min(batch, records - self.written))
            self.put([(f"key-{key}", None) for key in keys])
            self.halt.wait(max(0, start + seconds * self.written / records - time.time()))

    def trickle(self, every):
        """A record to each open shard, again and again: what a shard's next record is, is only a matter of time."""
        while not self.halt.is_set():
            start = time.time()
            shards = self.open()
            places = [(shard["ShardId"], shard["HashKeyRange"]["StartingHashKey"]) for shard in shards]
            try:
                self.put([(f"of-{shard}", place) for shard, place in places])
            except self.kinesis.exceptions.ResourceInUseException:
                pass
            self.halt.wait(max(0, start + every - time.time()))

    def start(self, how, *arguments):
        def write():
            try:
                how(*arguments)
            except Exception as problem:
                self.problem = problem
        self.thread = threading.Thread(target=write, daemon=True)
        self.thread.start()

    def stop(self):
        self.halt.set()
        self.thread.join()
        if self.problem:
            raise self.problem

    def numbers_written(self):
        """How many records there are by key."""
        return {key: number + 1 for key, number in self.numbers.items()}

    def split(self, shard):
        low, high = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
        self.kinesis.split_shard(StreamName=self.stream, ShardToSplit=shard["ShardId"],
                                 NewStartingHashKey=str((low + high) // 2 + 1))

    def merge(self, left, right):
        self.kinesis.merge_shards(StreamName=self.stream, ShardToMerge=left["ShardId"],
                                  AdjacentShardToMerge=right["ShardId"])
