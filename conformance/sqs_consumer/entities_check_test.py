"""The judge of the entities itself: each thing that must not happen is found, and what may happen is not."""

import unittest
from collections import Counter

from entities_check import Report
from store import Item

SENT = {"a": {1: "a1", 2: "a2", 3: "a3"}, "b": {1: "b1"}}


def item(entity, version, published=None, state=None):
    return Item(entity, version, published, state or f"{entity}{version}")


def stored(entity, version, base=None):
    """The two writes of a version that takes its course."""
    before = base and item(entity, base, base)
    return [(before, item(entity, version, base)), (item(entity, version, base), item(entity, version, version))]


class Judged(unittest.TestCase):
    # Version 2 of a is stale.
    WRITES = [*stored("a", 1), *stored("b", 1), *stored("a", 3, 1)]
    NEWS = [("a", 1, "a1"), ("b", 1, "b1"), ("a", 3, "a3")]

    def wrong(self, writes=None, news=None, items=None, overtaken=3, lost=1):
        """What does not hold."""
        writes = self.WRITES if writes is None else writes
        ends = {after.entity: after for _, after in writes}
        report = Report(SENT, writes, ends if items is None else items, self.NEWS if news is None else news)
        totals = Counter(overtaken=overtaken, stale=1)
        return [text for text, holds in report.verdicts(totals, lost, late=1) if not holds]

    def one(self, needle, **how):
        wrong = self.wrong(**how)
        self.assertEqual(len(wrong), 1, wrong)
        self.assertIn(needle, wrong[0])

    def test_all_is_well(self):
        self.assertEqual(self.wrong(), [])

    def test_again_and_late_is_well(self):
        self.assertEqual(self.wrong(news=[*self.NEWS, ("a", 1, "a1"), ("a", 3, "a3")]), [])
        self.assertEqual(self.wrong(writes=[*self.WRITES, (item("a", 3, 3), item("a", 3, 3))]), [])

    def test_an_end_that_is_not_the_greatest(self):
        wrong = self.wrong(writes=[*stored("a", 1), *stored("b", 1)], news=self.NEWS[:2])
        self.assertEqual(len(wrong), 2)
        self.assertIn("1 of 2 entities do not end at the greatest", wrong[0])
        self.assertIn("1 entities at another version with a reader", wrong[1])

    def test_an_entity_that_is_missing(self):
        self.assertEqual(len(self.wrong(writes=[*stored("a", 1), *stored("a", 3, 1)], news=[self.NEWS[0], self.NEWS[2]])), 2)

    def test_a_version_that_was_never_published(self):
        self.one("1 versions that were stored and never published", news=self.NEWS[1:])

    def test_a_version_stored_over_one_that_was_not_published(self):
        writes = [stored("a", 1)[0], *stored("b", 1), (item("a", 1), item("a", 3)), (item("a", 3), item("a", 3, 3))]
        self.one("1 over what was not published", writes=writes)

    def test_an_older_version_over_a_newer_one(self):
        writes = [*stored("a", 2), *stored("a", 1, 2), *stored("a", 3, 1), *stored("b", 1)]
        self.one("1 of an older version", writes=writes, news=[*self.NEWS, ("a", 2, "a2")])

    def test_a_version_that_is_born_published(self):
        born = [(None, item("b", 1, 1))]
        self.one("1 published before they were stored", writes=[*stored("a", 1), *born, *stored("a", 3, 1)])

    def test_a_state_that_was_not_sent(self):
        other = [(None, item("b", 1, None, "x")), (item("b", 1, None, "x"), item("b", 1, 1, "x"))]
        self.one("1 of another state", writes=[*stored("a", 1), *other, *stored("a", 3, 1)])
        self.one("1 with another state", news=[*self.NEWS[:2], ("a", 3, "a1")])

    def test_a_mark_that_does_more(self):
        writes = [*self.WRITES, (item("a", 3, 3), item("a", 3, 2)), (item("a", 3, 2), item("a", 3, 3))]
        self.one("1 other than marks", writes=writes)

    def test_a_publication_of_what_was_never_stored(self):
        self.one("1 published that were never stored", news=[*self.NEWS, ("a", 2, "a2")])

    def test_an_end_that_is_not_marked(self):
        self.one("1 end unpublished", writes=self.WRITES[:-1])

    def test_a_write_that_nobody_saw(self):
        items = {"a": item("a", 3, 3), "b": item("b", 1, 1, "x")}
        self.one("1 not as the last write left them", items=items)
        wrong = self.wrong(writes=[self.WRITES[0], *self.WRITES[2:]])
        self.assertTrue(any("1 unseen" in text for text in wrong), wrong)

    def test_races_that_lost_answers_explain(self):
        self.one("writes overtaken", lost=3)


if __name__ == "__main__":
    unittest.main()
