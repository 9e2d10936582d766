"""What must hold of the versions that were sent, of every write to the table, and of what was published."""

from collections import Counter


class Report:
    def __init__(self, sent, writes, items, news):
        """`sent` are states by entity and version; `writes` pairs of items; `news` entity, version and state, as they came."""
        self.sent, self.items, self.news = sent, items, news
        self.commits = self.marks = 0
        self.broken = Counter()
        committed, self.last = set(), {}
        for before, after in writes:
            self.write(before, after, committed)
        self.told = {(entity, version) for entity, version, _ in news}
        self.unpublished = committed - self.told
        self.unheard = self.told - committed  # published, and never stored
        self.changed = sum(self.state(entity, version) != state for entity, version, state in news)
        self.older, self.newest = 0, {}
        for entity, version, _ in news:
            self.older += version < self.newest.get(entity, version)
            self.newest[entity] = max(version, self.newest.get(entity, version))

    def write(self, before, after, committed):
        """One write to the table."""
        if self.last.get(after.entity) != before:
            self.broken["unseen"] += 1
        self.last[after.entity] = after
        if before and after.version == before.version:
            self.marks += 1
            if after != before._replace(published=after.version):
                self.broken["other than marks"] += 1
            return
        self.commits += 1
        committed.add((after.entity, after.version))
        if self.state(after.entity, after.version) != after.state:
            self.broken["of another state than was sent"] += 1
        if before and after.version < before.version:
            self.broken["of an older version"] += 1
        if before and before.published != before.version:
            self.broken["over what was not published"] += 1
        if after.published != (before and before.published):
            self.broken["published before they were stored"] += 1

    def state(self, entity, version):
        return self.sent.get(entity, {}).get(version)

    def ends(self, versions):
        """Of how many entities this is not the greatest version that was sent."""
        greatest = {entity: max(states) for entity, states in self.sent.items()}
        return sum(versions.get(entity) != greatest.get(entity) for entity in versions.keys() | greatest.keys())

    def verdicts(self, totals, lost, late):
        """Pairs of what must hold, with its numbers, and whether it does. `totals` are those of the processes that could tell,
        and `lost` is of how many writes the answer was lost."""
        wrong = ", ".join(f"{count} {what}" for what, count in self.broken.items()) or "none"
        stored = {entity: item.version for entity, item in self.items.items()}
        versions = sum(map(len, self.sent.values()))
        yield (f"{self.commits} versions of {versions} were stored, {self.marks} marks; writes that must not be: {wrong}",
               self.commits > 0 and not self.broken)
        yield (f"{self.ends(stored)} of {len(self.sent)} entities do not end at the greatest version that was sent; {late} "
               f"were sent late", not self.ends(stored) and late > 0)
        behind = sum(item.published != item.version for item in self.items.values())
        unlike = sum(self.last.get(entity) != self.items.get(entity) for entity in self.last.keys() | self.items.keys())
        yield f"{behind} end unpublished, {unlike} not as the last write left them", not behind and not unlike
        yield f"{len(self.unpublished)} versions that were stored and never published", not self.unpublished
        yield (f"{len(self.unheard)} published that were never stored, {self.changed} with another state",
               not self.unheard and not self.changed)
        yield (f"{self.ends(self.newest)} entities at another version with a reader who keeps the newest; {len(self.news)} "
               f"published, {len(self.news) - len(self.told)} of them again, {self.older} after a newer one",
               not self.ends(self.newest))
        # Whoever was killed told nothing: there were more.
        races = totals["overtaken"] - lost
        yield (f"{totals['overtaken']} writes overtaken, of which a lost answer explains {lost} at most; {totals['stale']} "
               f"stale, {totals['duplicates']} duplicates", races > 0 and totals["stale"] > 0)
