"""What must hold of all that was printed: nothing lost, in order, parents first, repeats only after a failure."""

# Lines of two processes are received by two threads: what is nearer together than this has no order.
SLACK = 0.25
# So long after it was frozen a process may still finish what it held.
THAW = 30


class Report:
    def __init__(self, lines, written, shards):
        """`lines` in the order of reception, `written` the count by key, `shards` as ListShards tells them."""
        first, repeats = {}, []
        for line in lines:
            place = (line.key, line.number)
            if place in first:
                repeats.append((first[place], line))
            else:
                first[place] = line
        self.printed, self.repeats = len(lines), len(repeats)
        self.lost = sum(written.values()) - len(first)
        self.disorder = [line for line in first.values() if line.number
                         and not before(first.get((line.key, line.number - 1)), line)]
        self.early = self.children_before_parents(first.values(), shards)
        self.unexplained = [pair for pair in repeats if not explained(*pair)]

    @staticmethod
    def children_before_parents(lines, shards):
        begin, end = {}, {}
        for line in lines:
            begin.setdefault(line.shard, line)
            end[line.shard] = line
        pairs = [(parent, child) for child, shard in shards.items()
                 for parent in (shard.get("ParentShardId"), shard.get("AdjacentParentShardId")) if parent]
        return [(parent, child) for parent, child in pairs
                if parent in end and child in begin and end[parent].at > begin[child].at + SLACK]

    def failures(self, explained_repeats):
        checks = [(self.lost, f"{self.lost} records lost"),
                  (self.disorder, f"{len(self.disorder)} records before their key's last one"),
                  (self.early, f"children before their parents' end: {self.early}"),
                  (explained_repeats and self.unexplained,
                   f"{len(self.unexplained)} repeats of which nobody had died nor been frozen")]
        return [text for wrong, text in checks if wrong]

    def unexplained_by(self):
        """Who printed them first, who again, of which shard, and when."""
        groups = {}
        for earlier, later in self.unexplained:
            groups.setdefault((earlier.run.name, later.run.name, later.shard), []).append((earlier.at, later.at))
        return [(*whose, len(times), *(f(at) for at in zip(*times) for f in (min, max)))
                for whose, times in sorted(groups.items())]

    def __str__(self):
        return (f"{self.printed} printed, {self.lost} lost, {len(self.disorder)} out of order, "
                f"{len(self.early)} children early, {self.repeats} repeats, {len(self.unexplained)} unexplained")


def before(earlier, later):
    if earlier is None:
        return False
    # Within a process the order of its lines counts, many of which are received at once.
    return earlier.place < later.place if earlier.run is later.run else earlier.at <= later.at + SLACK


def explained(earlier, later):
    """A repeat is right when who printed it first was killed, or either of them was frozen meanwhile."""
    return bool(earlier.run.killed and earlier.run.killed <= later.at + SLACK
                or any(earlier.at - THAW <= at <= later.at for run in (earlier.run, later.run) for at in run.frozen))
