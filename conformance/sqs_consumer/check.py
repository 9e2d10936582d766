"""What must hold of all that was printed: nothing lost, one at a time, in order, and repeats only where there is a reason."""

from collections import Counter

OUTCOMES = ("processed", "stale", "dead-lettered")
REASON = "the body is no JSON"


class Report:
    def __init__(self, sent, lives, letters, fifo, faults):
        """`sent` are the messages by id, `letters` pairs of an id and a reason."""
        self.sent, self.lives, self.fifo, self.faults = sent, lives, fifo, faults
        self.outcomes = Counter(event.what for life in lives for event in life.events if event.what in OUTCOMES)
        self.failed = sum(event.what == "end" and not event.ok for life in lives for event in life.events)
        self.late = sum(message.late for message in sent.values())
        self.read(letters)

    def read(self, letters):
        self.together, self.disorder, self.not_stale, work, first, told = [], [], [], {}, {}, Counter()
        finishes = Counter()  # how often a message was worked on with success
        self.repeats = self.unexplained = self.comebacks = self.late_elsewhere = 0
        killed = {}  # by key, the newest version that a killed process had processed
        self.killed_finished = set()
        for life in self.lives:
            self.read_life(life, work, first, told, finishes, killed)
        self.repeats = sum(times - 1 for times in finishes.values())
        # What was deleted and came again: printed twice, or worked on after it was printed.
        self.comebacks += sum(times - 1 for times in told.values())
        missing = [id for id in self.sent if id not in told]
        reasons = dict(letters)
        self.unsaid = [id for id in missing if self.excused(id, killed, reasons)]
        self.lost = len(missing) - len(self.unsaid)
        broken = {id for id, message in self.sent.items() if message.version is None}
        self.letters, self.broken = len(reasons), len(broken)
        self.letters_wrong = len(broken ^ reasons.keys()) + sum(REASON not in reason for reason in reasons.values())
        if self.fifo:
            self.read_fifo(work, first)

    def read_life(self, life, work, first, told, finishes, killed):
        at_work, newest, printed = {}, {}, set()
        for event in life.events:
            message = self.sent[event.id]
            if event.what == "start":
                if message.key in at_work:
                    self.together.append((life.name, message.key))
                self.comebacks += event.id in printed
                at_work[message.key] = event
            elif event.what == "end":
                begun = at_work.pop(message.key, None)
                if begun is None or begun.id != event.id:
                    self.together.append((life.name, message.key))
                    continue
                work.setdefault(message.key, []).append((begun.t_ms, event.t_ms, life.name))
                if not event.ok:
                    continue
                if message.version <= newest.get(message.key, 0):
                    self.disorder.append((life.name, message.key, message.version))
                newest[message.key] = max(newest.get(message.key, 0), message.version)
                finishes[event.id] += 1
                first.setdefault(message.key, []).append((event.t_ms, message.place, event.id))
                if life.killed:
                    self.killed_finished.add(event.id)
                elif finishes[event.id] > 1 and event.id not in self.killed_finished:
                    self.unexplained += 1
            else:
                printed.add(event.id)
                told[event.id] += 1
                if event.what == "stale" and not newest.get(message.key, 0) >= message.version:
                    self.not_stale.append((life.name, message.key, message.version))
        for key, begun in at_work.items():
            if life.killed:
                work.setdefault(key, []).append((begun.t_ms, life.killed, life.name))
            else:
                self.together.append((life.name, key))
        if life.killed:
            killed.update((key, max(version, killed.get(key, 0))) for key, version in newest.items())

    def excused(self, id, killed, letters):
        """A killed process may have deleted a message, and not have come to print it."""
        message = self.sent[id]
        if message.version is None:
            return bool(killed) and id in letters
        return id in self.killed_finished or killed.get(message.key, 0) > message.version

    def read_fifo(self, work, first):
        """Over all processes: one of a group at a time, and in the order in which they were sent."""
        for key, times in work.items():
            times.sort()
            for (_, end, one), (start, _, other) in zip(times, times[1:]):
                if start < end and one != other:
                    self.together.append((f"{one} and {other}", key))
        for key, ends in first.items():
            seen, last, newest = set(), -1, 0
            for _, place, id in sorted(ends):
                if id in seen:
                    continue
                seen.add(id)
                if place < last:
                    self.disorder.append(("over all", key, place))
                last = max(last, place)
                # Only its own newest version is known to a process: for all of them a store has to be asked.
                self.late_elsewhere += self.sent[id].version < newest
                newest = max(newest, self.sent[id].version)

    def verdicts(self):
        """Pairs of what must hold, with its numbers, and whether it does."""
        clean = not self.faults
        bound = sum(life.bound for life in self.lives if life.killed)
        where = "within a process and over all" if self.fifo else "within a process"
        outcomes = ", ".join(f"{self.outcomes[name]} {name}" for name in OUTCOMES)
        yield (f"all of {len(self.sent)} are accounted for: {outcomes}, {len(self.unsaid)} deleted by the killed "
               f"process unprinted (at most {bound}), {self.lost} lost", not self.lost and len(self.unsaid) <= bound)
        yield f"{len(self.together)} times two of a key at once, {where}", not self.together
        yield f"{len(self.disorder)} out of order, {where}; {self.late} were sent late", not self.disorder
        yield f"{len(self.not_stale)} stale without a newer version before", not self.not_stale
        yield f"{self.failed} failures, tried again", self.failed > 0
        yield (f"{self.letters} dead letters of {self.broken} broken bodies, {self.letters_wrong} missing, too many or "
               f"without the reason", not self.letters_wrong and self.broken > 0)
        if clean:
            yield f"{self.comebacks} came back after their delete", not self.comebacks
            yield (f"{self.repeats} processed again, {self.unexplained} of them not held by the killed process",
                   not self.unexplained and self.repeats <= bound)
        else:
            # A FIFO queue has no duplicates, and repeats a receive by its name.
            yield (f"{self.comebacks} delivered again after their delete, {self.repeats} processed again",
                   self.fifo or self.comebacks > 0)
        if self.fifo:
            yield f"{self.late_elsewhere} late versions processed where another process had the newer one", True
