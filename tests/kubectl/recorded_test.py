"""What a real API server was recorded to answer, compared with what ours answers to the same.

recorded/ has exchanges with Kubernetes 1.32 and a kind of its own (kind.yaml): the request, what of
the objects that are there must be brought about before it, and the answer. Where ours answers
otherwise is in differences.json, each with its reason.
"""

import json
import pathlib
import re
import time
import unittest

from kubectl_case import ServerCase
from replay import Replay

RECORDED = pathlib.Path(__file__).with_name("recorded")
SERVICES = "/apis/clickdeploy.io/v1alpha1/namespaces/default/services"
PARTS = ["client_side_apply", "get", "diff", "server_side_apply", "writes", "small_writes",
         "deletion", "wait", "errors", "lists", "watches", "more"]


class Recorded(ServerCase):
    @classmethod
    def arguments(cls):
        return ["--kind", str(RECORDED / "kind.yaml")]

    def setUp(self):
        pass  # the recorded namespace is default

    def test_answers_are_those_of_a_real_server(self):
        known = json.loads((RECORDED / "differences.json").read_text())
        host, port = self.url.rsplit("/", 1)[1].split(":")
        used = set()
        count = 0
        for part in PARTS:
            replay = Replay((host, int(port)))
            replay.remove_all(SERVICES)
            for exchange in json.loads((RECORDED / f"{part}.json").read_text()):
                count += 1
                with self.subTest(part, title=exchange["title"], url=exchange["url"]):
                    new, reasons = judge(replay, exchange, known)
                    used.update(reasons)
                    self.assertFalse(new, "\n".join(new))
        for i, one in enumerate(known):
            self.assertTrue(one["why"])
            self.assertTrue(i in used or one.get("may"), f"does not differ any more: {one}")
        print(f"{count} exchanges")


def judge(replay, exchange, known):
    """The differences that are not known, and the numbers of those that are."""
    deadline = time.monotonic() + 10
    while True:
        new, reasons = [], set()
        for place, what in replay.differences(exchange):
            found = [i for i, one in enumerate(known) if is_known(one, exchange, place)]
            reasons.update(found)
            if not found:
                new.append(f"{place}: {what}"[:600])
        # What the collector does after a write may take a moment.
        if not new or exchange["method"] != "GET" or time.monotonic() > deadline:
            return new, reasons
        time.sleep(0.1)


def is_known(one, exchange, place):
    return (one.get("title") in (None, exchange["title"])
            and re.fullmatch(one["place"], place) is not None)


if __name__ == "__main__":
    unittest.main()
