"""The judge itself: each thing that must not happen is found, and what may happen is not."""

import unittest
from types import SimpleNamespace

from check import Report

SHARDS = {"parent": {}, "child": {"ParentShardId": "parent"}}


def run(killed=None, frozen=()):
    return SimpleNamespace(killed=killed, frozen=list(frozen))


def line(of, at, number, shard="parent", place=0):
    return SimpleNamespace(run=of, at=at, key="k", number=number, shard=shard, place=place)


class Judged(unittest.TestCase):
    def failures(self, *lines, written=2):
        return Report(lines, {"k": written}, SHARDS).failures(explained_repeats=True)

    def test_all_is_well(self):
        a = run()
        self.assertEqual(self.failures(line(a, 1, 0), line(a, 2, 1, "child", place=1)), [])

    def test_loss(self):
        self.assertEqual(self.failures(line(run(), 1, 0)), ["1 records lost"])

    def test_disorder_within_a_process_whatever_the_time(self):
        a = run()
        failures = self.failures(line(a, 1, 1), line(a, 1, 0, place=1))
        self.assertEqual(failures, ["1 records before their key's last one"])

    def test_disorder_between_processes(self):
        self.assertEqual(len(self.failures(line(run(), 1, 1), line(run(), 2, 0))), 1)
        self.assertEqual(self.failures(line(run(), 1, 1), line(run(), 1.1, 0)), [])

    def test_a_child_before_its_parents_end(self):
        failures = self.failures(line(run(), 1, 0, "child"), line(run(), 2, 1, "parent"))
        self.assertEqual(len(failures), 1)
        self.assertIn("children", failures[0])

    def test_a_repeat_needs_a_reason(self):
        for first, second, wrong in [(run(), run(), 1), (run(killed=2), run(), 0), (run(killed=9), run(), 1),
                                     (run(frozen=[2]), run(), 0), (run(frozen=[2, 9]), run(), 0), (run(), run(frozen=[2]), 0),
                                     (run(frozen=[9]), run(), 1), (run(frozen=[-99]), run(), 1)]:
            failures = self.failures(line(first, 1, 0), line(second, 3, 0), line(second, 4, 1, place=1))
            self.assertEqual(len(failures), wrong, (first, second))


if __name__ == "__main__":
    unittest.main()
