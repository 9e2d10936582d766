"""The judge itself: each thing that must not happen is found, and what may happen is not."""

import random
import unittest
from types import SimpleNamespace

from check import REASON, Report
from traffic import LATE, draw

SENT = {"a1": ("a", 1, 0), "a2": ("a", 2, 1), "b1": ("b", 1, 0), "x": ("x", None, 0)}
LETTERS = [("x", f"{REASON}: expected value")]


def message(key, version, place):
    return SimpleNamespace(key=key, version=version, place=place, late=False)


def life(*words, name="one", killed=None):
    """Of words such as `+a1@3`, begins; `-a1@5`, ends; `!a1@5`, fails; `a1`, processed; `~a1`, stale; `x`."""
    events = []
    for word in words:
        text, _, at = word.partition("@")
        sign, id = (text[0], text[1:]) if text[0] in "+-!~" else ("", text)
        what = {"+": "start", "-": "end", "!": "end", "~": "stale"}.get(sign, "dead-lettered" if id == "x" else "processed")
        events.append(SimpleNamespace(what=what, id=id, t_ms=int(at or 0), ok=sign == "-" if what == "end" else None))
    return SimpleNamespace(name=name, events=events, killed=killed, bound=3)


def done(id, at=0):
    return f"+{id}@{at}", f"-{id}@{at + 1}", id


class Judged(unittest.TestCase):
    def wrong(self, *lives, fifo=False, faults=False, letters=LETTERS):
        """What does not hold, of a run in which one message failed once, somewhere else."""
        sent = {id: message(*what) for id, what in SENT.items()} | {"f": message("f", 1, 0)}
        failing = life("+f", "!f", *done("f"), name="failing")
        report = Report(sent, [failing, *lives], letters, fifo, faults)
        return [text for text, holds in report.verdicts() if not holds]

    def one(self, needle, *lives, **how):
        wrong = self.wrong(*lives, **how)
        self.assertEqual(len(wrong), 1, wrong)
        self.assertIn(needle, wrong[0])

    def test_all_is_well(self):
        for fifo in (False, True):
            self.assertEqual(self.wrong(life(*done("a1", 1), *done("a2", 5), *done("b1"), "x"), fifo=fifo), [])

    def test_loss(self):
        self.one("1 lost", life(*done("a1"), *done("a2"), "x"))
        self.one("1 lost", life(*done("a1"), *done("a2"), "+b1", "-b1", "x"))

    def test_who_was_killed_may_have_deleted_what_it_finished_and_nothing_else(self):
        rest = life(*done("a1"), *done("b1"), "x")
        self.assertEqual(self.wrong(life("+a2", "-a2", name="two", killed=9), rest), [])
        self.one("1 lost", life("+a2", name="two", killed=9), rest)

    def test_what_was_stale_where_a_process_was_killed(self):
        self.assertEqual(self.wrong(life(*done("a2"), name="two", killed=9), life(*done("b1"), "x")), [])

    def test_two_at_once_in_a_process(self):
        wrong = self.wrong(life("+a1", "+a2", "-a1", "-a2", "a1", "a2", *done("b1"), "x"))
        self.assertTrue(any("two of a key at once" in text for text in wrong), wrong)
        self.one("two of a key at once", life("+b1", name="two"), life(*done("a1"), *done("a2"), *done("b1"), "x"))

    def test_two_at_once_in_two_processes(self):
        one, two = life("+a1@1", "-a1@5", "a1", *done("b1"), "x"), life("+a2@4", "-a2@6", "a2", name="two")
        self.assertEqual(self.wrong(one, two), [])
        self.one("two of a key at once", one, two, fifo=True)

    def test_a_process_that_was_killed_worked_until_then(self):
        rest = life(*done("a1", 8), *done("a2", 20), *done("b1"), "x")
        self.assertEqual(self.wrong(life("+a1@1", name="two", killed=7), rest, fifo=True), [])
        self.one("two of a key at once", life("+a1@1", name="two", killed=9), rest, fifo=True)

    def test_disorder(self):
        self.one("1 out of order", life(*done("a2", 1), *done("a1", 5), *done("b1"), "x"))
        one, two = life(*done("a2", 1), *done("b1"), "x"), life(*done("a1", 5), name="two")
        self.assertEqual(self.wrong(one, two), [])
        self.one("1 out of order", one, two, fifo=True)

    def test_stale(self):
        self.assertEqual(self.wrong(life(*done("a2"), "~a1", *done("b1"), "x")), [])
        self.one("1 stale", life("~a1", *done("a2"), *done("b1"), "x"))

    def test_dead_letters(self):
        all_of_them = life(*done("a1"), *done("a2"), *done("b1"), "x")
        self.one("dead letters", all_of_them, letters=[])
        self.one("dead letters", all_of_them, letters=[("x", "failed")])
        self.one("dead letters", all_of_them, letters=[*LETTERS, ("a1", REASON)])

    def test_comebacks_and_repeats_need_a_reason(self):
        rest = life(*done("a1"), *done("a2"), *done("b1"), "x")
        again = life(*done("b1"), name="two")
        self.assertEqual(len(self.wrong(rest, again)), 2)
        self.assertEqual(self.wrong(rest, again, faults=True), [])
        self.assertEqual(self.wrong(life("+b1", "-b1", name="two", killed=9), rest), [])
        self.one("1 came back", life(*done("a1"), *done("a2"), "~a1", *done("b1"), "x"))


class Drawn(unittest.TestCase):
    def test_so_many_versions_come_after_the_next_one(self):
        messages = draw(20_000, random.Random(1))
        self.assertEqual(len(messages), 20_000)
        late = sum(message.late for message in messages)
        versions = {}
        for message in messages:
            if message.version is not None:
                versions.setdefault(message.key, []).append(message.version)
        self.assertEqual(late, sum(later < earlier for all in versions.values() for earlier, later in zip(all, all[1:])))
        self.assertTrue(all(sorted(all) == list(range(1, len(all) + 1)) for all in versions.values()))
        self.assertEqual(late, LATE * 20_000)


if __name__ == "__main__":
    unittest.main()
