"""The checker of histories bites: each kind of fault is found, and a good history passes."""

import unittest

from history import Event, Operation, problems, watch_problems


def good():
    operations = [
        Operation("create", "a", 1, 2, "ok", "v1", 10, uid="u1"),
        Operation("get", "a", 3, 4, "ok", "v1", 10),
        Operation("put", "a", 3, 5, "ok", "v2", 11, base=10),
        Operation("patch", "a", 6, 7, "unknown", "v3"),
        Operation("put", "a", 6, 8, "refused", "v4", base=10),
        Operation("list", "", 9, 10, "ok", revision=12, items={"a": ("v3", 12)}),
        Operation("delete", "a", 11, 12, "ok", uid="u1"),
        Operation("get", "a", 13, 14, "ok", revision=0),
    ]
    events = [Event("ADDED", "a", 10, "v1", "u1"), Event("MODIFIED", "a", 11, "v2", "u1"),
              Event("MODIFIED", "a", 12, "v3", "u1"), Event("DELETED", "a", 13, "v3", "u1")]
    return operations, events


class Checker(unittest.TestCase):
    def setUp(self):
        self.operations, self.events = good()

    def found(self, what):
        found = problems(self.operations, self.events)
        self.assertTrue(any(what in problem for problem in found), found)

    def test_a_good_history(self):
        self.assertEqual(problems(self.operations, self.events), [])

    def test_a_lost_write(self):
        del self.events[1]
        self.found("acknowledged, but never seen")

    def test_a_lost_delete(self):
        del self.events[3]
        self.found("acknowledged, but never seen")

    def test_an_event_twice(self):
        self.events.insert(2, self.events[1])
        self.found("comes after revision 11")
        self.found("seen twice")

    def test_a_refused_write_that_was_made(self):
        self.events.insert(3, Event("MODIFIED", "a", 13, "v4", "u1"))
        self.found("was refused")

    def test_a_value_of_nobody(self):
        self.events[2] = Event("MODIFIED", "a", 12, "v9", "u1")
        self.found("nobody wrote it")

    def test_another_revision(self):
        self.operations[2].revision = 12
        self.found("acknowledged as another revision")

    def test_a_put_over_what_it_did_not_read(self):
        self.operations[2].base = 9
        self.found("replaced what it had not read")

    def test_a_write_out_of_time(self):
        self.operations[0].start, self.operations[0].end = 20, 21
        self.found("was over before one with a lower revision began")

    def test_a_stale_read(self):
        self.operations[1].start, self.operations[1].end = 8, 9
        self.found("a read that is older")
        self.operations[7].start, self.operations[7].end = 8, 9
        self.operations[6].start, self.operations[6].end = 20, 21
        self.events.pop()
        self.found("not found, but it was there")

    def test_a_list_of_what_was_not_there(self):
        self.operations[5].items = {}
        self.found("a list of what was not there")

    def test_watches(self):
        self.assertEqual(watch_problems(10, self.events[1:3], self.events), [])
        self.assertNotEqual(watch_problems(10, self.events[2:], self.events), [])
        self.assertNotEqual(watch_problems(9, self.events[:1] * 2, self.events), [])
        self.assertNotEqual(watch_problems(13, self.events[3:], self.events), [])


if __name__ == "__main__":
    unittest.main()
