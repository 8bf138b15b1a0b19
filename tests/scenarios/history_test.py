"""Random concurrent histories over HTTP, against the store's promises (history.py).

Writers and readers work on few objects at once, and watches follow. One history is of a server whose
log is short, so that watches that begin late get every event or 410; the other is of the daemon, killed
by SIGKILL while all this goes on.
"""

import http.client
import json
import os
import random
import subprocess
import tempfile
import threading
import time
import unittest

from history import Event, Operation, problems, watch_problems

OBJECTS = "/api/v1/namespaces/default/configmaps"
KEYS = ["a", "b", "c", "d"]
WRITERS = 4
PATIENCE = 60


class Connection:
    """One at a time to the server, opened again when it broke."""

    def __init__(self, address):
        self.address = address
        self.connection = None

    def send(self, method, path, body=None, content_type="application/json"):
        """Status and answer; OSError or HTTPException if there was none."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body),
                                    {"Content-Type": content_type})
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            raise

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Worker(threading.Thread):
    """Random requests, one after the other, and what became of each."""

    def __init__(self, address, name, seed, count):
        super().__init__(name=name)
        self.connection = Connection(address)
        self.random = random.Random(seed)
        self.count = count
        self.operations = []
        self.known = {}  # key → (revision, uid): what it last saw of it

    def run(self):
        for i in range(self.count):
            kind = self.random.choice(["create", "create", "put", "put", "patch", "patch",
                                       "delete", "get", "list"])
            key = self.random.choice(KEYS)
            operation = Operation(kind, key, value=f"{self.name}-{i}")
            if kind in ("put", "delete") and key not in self.known:
                operation.kind = "get"
            if operation.kind == "list":
                operation.key = ""
            self.perform(operation)
            self.operations.append(operation)
        self.connection.close()

    def perform(self, one):
        deadline = time.monotonic() + PATIENCE
        while True:
            one.start = time.monotonic()
            try:
                status, answer = getattr(self, one.kind)(one)
                break
            except ConnectionRefusedError:  # the server is not there: nothing was sent
                if time.monotonic() > deadline:
                    return
                time.sleep(0.02)
            except (OSError, http.client.HTTPException, ValueError):
                return
        one.end = time.monotonic()
        if status >= 500 or status == 429:
            return
        one.outcome = "ok" if status < 300 else "refused"
        if one.kind == "get":
            self.read(one, status, answer)
        elif one.kind == "list" and status == 200:
            one.revision = int(answer["metadata"]["resourceVersion"])
            one.items = {item["metadata"]["name"]: (item["data"]["v"], revision_of(item))
                         for item in answer["items"]}
        elif one.kind == "delete":
            self.known.pop(one.key, None)
        elif status < 300:
            one.revision = revision_of(answer)
            self.known[one.key] = (one.revision, answer["metadata"]["uid"])
        elif status == 404:
            self.known.pop(one.key, None)

    def read(self, one, status, answer):
        one.outcome, one.value = "ok", ""
        if status == 404:
            self.known.pop(one.key, None)
            return
        one.revision, one.value = revision_of(answer), answer["data"]["v"]
        self.known[one.key] = (one.revision, answer["metadata"]["uid"])

    def create(self, one):
        return self.connection.send("POST", OBJECTS, config_map(one))

    def put(self, one):
        one.base, one.uid = self.known[one.key]
        return self.connection.send("PUT", f"{OBJECTS}/{one.key}", config_map(one, one.base))

    def patch(self, one):
        return self.connection.send("PATCH", f"{OBJECTS}/{one.key}", {"data": {"v": one.value}},
                                    "application/merge-patch+json")

    def delete(self, one):
        _, one.uid = self.known[one.key]
        return self.connection.send("DELETE", f"{OBJECTS}/{one.key}",
                                    {"preconditions": {"uid": one.uid}})

    def get(self, one):
        return self.connection.send("GET", f"{OBJECTS}/{one.key}")

    def list(self, _):
        return self.connection.send("GET", OBJECTS)


def config_map(one, revision=None):
    metadata = {"name": one.key}
    if revision:
        metadata["resourceVersion"] = str(revision)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata,
            "data": {"v": one.value}}


def revision_of(item):
    return int(item["metadata"]["resourceVersion"])


class Watcher(threading.Thread):
    """A watch that begins at a revision, and goes on where it was when the connection breaks."""

    def __init__(self, address, start):
        super().__init__()
        self.address = address
        self.first = self.position = start
        self.events = []
        self.expired = False
        self.until = None  # a revision: then it may end

    def run(self):
        deadline = time.monotonic() + 3 * PATIENCE
        while not self.done() and time.monotonic() < deadline:
            connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
            try:
                connection.request("GET", f"{OBJECTS}?watch=true&timeoutSeconds=2"
                                          f"&resourceVersion={self.position}")
                for line in connection.getresponse():
                    self.take(json.loads(line))
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.05)
            finally:
                connection.close()

    def done(self):
        return self.expired or (self.until is not None and self.position >= self.until)

    def take(self, event):
        item = event["object"]
        if event["type"] == "ERROR":
            assert item["code"] == 410, item
            self.expired = True
            return
        self.position = revision_of(item)
        self.events.append(Event(event["type"], item["metadata"]["name"], self.position,
                                 item["data"]["v"], item["metadata"]["uid"]))


class Histories(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.process = None
        self.addCleanup(self.kill)
        self.seed = random.SystemRandom().randrange(1 << 32)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=PATIENCE)
            self.process.stdout.close()
            self.process.stdin.close()
            self.process = None

    def start(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def ask(self, path):
        connection = Connection(self.address)
        try:
            return connection.send("GET", path)
        except (OSError, http.client.HTTPException, ValueError):
            return None, None
        finally:
            connection.close()

    def is_ready(self):
        return self.ask(OBJECTS)[0] == 200

    def revision(self):
        return revision_of(self.ask(OBJECTS)[1])

    def begin(self, count):
        self.recorder = Watcher(self.address, self.revision())
        self.recorder.start()
        self.workers = [Worker(self.address, f"w{i}", self.seed + i, count)
                        for i in range(WRITERS)]
        for worker in self.workers:
            worker.start()

    def operations(self):
        return [one for worker in self.workers for one in worker.operations]

    def written(self):
        return sum(len(worker.operations) for worker in self.workers)

    def check(self, watchers=()):
        """Ends all threads, and judges."""
        for worker in self.workers:
            worker.join()
        last = Connection(self.address)
        final = last.send("POST", OBJECTS, {"apiVersion": "v1", "kind": "ConfigMap",
                                            "metadata": {"name": "end"}, "data": {"v": "end"}})[1]
        last.close()
        for watcher in [self.recorder, *watchers]:
            watcher.until = revision_of(final)
            watcher.join()
        operations = [*self.operations(), Operation(
            "create", "end", time.monotonic(), time.monotonic(), "ok", "end", revision_of(final))]
        events = self.recorder.events
        self.assertFalse(self.recorder.expired)
        self.assertEqual(problems(operations, events), [], f"seed {self.seed}")
        for watcher in watchers:
            self.assertEqual(watch_problems(watcher.first, watcher.events, events), [])
            if not watcher.expired:
                self.assertEqual(watcher.position, revision_of(final))
        return operations, events


class ShortLog(Histories):
    def test_late_watches_see_every_change_once_or_get_410(self):
        self.start(os.environ["KUBECTL_SERVE"], "--log-events", "100")
        host, port = self.process.stdout.readline().strip().rsplit("/", 1)[1].split(":")
        self.address = (host, int(port))
        start = self.revision()
        self.begin(250)
        watchers = []
        chance = random.Random(self.seed)
        while any(worker.is_alive() for worker in self.workers):
            watchers.append(Watcher(self.address, chance.randint(start, self.revision())))
            watchers[-1].start()
            time.sleep(0.2)
        operations, events = self.check(watchers)
        expired = sum(watcher.expired for watcher in watchers)
        print(f"{len(operations)} requests, {len(events)} changes, {len(watchers)} watches, "
              f"{expired} of them got 410")
        self.assertGreater(sum(one.outcome == "ok" for one in operations), 200)


class Killed(Histories):
    def setUp(self):
        super().setUp()
        number = os.getpid() % (1 << 22)  # an address of this process
        self.address = (f"127.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}", 7180)

    def start_daemon(self):
        self.start(os.environ["CLICKDEPLOYD"], "--data", f"{self.folder}/data", "--listen",
                   "{}:{}".format(*self.address), "--log-level", "error")
        self.until(self.is_ready, "the daemon")

    def test_what_was_acknowledged_is_there_after_a_kill(self):
        self.start_daemon()
        self.begin(200)
        chance = random.Random(self.seed)
        for part in (0.2, 0.45, 0.7):
            self.until(lambda share=part: self.written() >= share * WRITERS * 200, "requests")
            time.sleep(chance.random() * 0.1)
            self.kill()
            self.start_daemon()
        operations, events = self.check()
        unknown = [one for one in operations if one.outcome == "unknown"]
        print(f"{len(operations)} requests, {len(unknown)} without an answer, "
              f"{len(events)} changes")
        self.assertGreater(sum(one.outcome == "ok" for one in operations), 200)


if __name__ == "__main__":
    unittest.main()
