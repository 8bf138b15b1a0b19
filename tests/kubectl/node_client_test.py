"""npm's @kubernetes/client-node: an informer that a restart and a 410 do not confuse."""

import json
import os
import pathlib
import queue
import subprocess
import tempfile
import threading
import unittest

from kubectl_case import KUBECONFIG, ServerCase

LOG_EVENTS = 20  # a watch that is further behind gets 410


class NodeClient(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.TemporaryDirectory()
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.data.cleanup()

    @classmethod
    def arguments(cls):
        number = os.getpid() % (1 << 22)  # an address of this process: its ports stay free
        address = f"127.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        return ["--folder", cls.data.name, "--log-events", str(LOG_EVENTS), "--address", address]

    def restart(self, port):
        """The same data at another port, or at an earlier one again."""
        self.stop_server()
        self.start_server(["--port", str(port)])

    def setUp(self):
        super().setUp()
        kubeconfig = self.home / "config"
        # This client takes no http without it.
        insecure = "{server: '{url}', insecure-skip-tls-verify: true}"
        text = KUBECONFIG.format(url=self.url, namespace=self.namespace)
        kubeconfig.write_text(text.replace("{server: '" + self.url + "'}",
                                           insecure.replace("{url}", self.url)))
        self.port = self.url.rsplit(":", 1)[1]
        script = pathlib.Path(__file__).with_name("node_informer.mjs")
        informer = subprocess.Popen(
            ["node", script, os.environ["NODE_MODULES"], kubeconfig, self.namespace],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()

        def read():
            for line in informer.stdout:
                self.lines.put(json.loads(line))

        reader = threading.Thread(target=read)
        reader.start()

        def stop():
            informer.stdin.close()
            informer.wait(timeout=60)
            reader.join()
            informer.stdout.close()

        self.addCleanup(stop)

    def next(self, *events):
        """The next that the informer says of these."""
        while True:
            line = self.lines.get(timeout=60)
            if line["event"] in events:
                return line

    def changes(self, count):
        lines = [self.next("add", "update", "delete") for _ in range(count)]
        return sorted((line["event"], line["name"], line["replicas"]) for line in lines)

    def create(self, name, replicas):
        self.request("POST", self.services(), {
            "apiVersion": "clickdeploy.io/v1alpha1", "kind": "Service", "metadata": {"name": name},
            "spec": {"cloudRef": {"name": "prod"}, "replicas": replicas, "template": {"spec": {
                "image": {"name": "u"}, "flavors": [{"name": "s"}],
                "networks": [{"name": "n", "network": {"name": "n"}, "scrape": True}]}}}})

    def scale(self, name, replicas):
        self.request("PATCH", self.services(f"/{name}"), {"spec": {"replicas": replicas}},
                     "application/merge-patch+json")

    def test_an_informer_goes_on_after_a_restart_and_after_a_410(self):
        self.create("a", 1)
        self.assertEqual(self.changes(1), [("add", "a", 1)])
        self.create("b", 1)
        self.scale("a", 2)
        self.assertEqual(self.changes(2), [("add", "b", 1), ("update", "a", 2)])

        self.restart(self.port)
        self.scale("a", 3)  # what it sees once it is back, and only that
        self.assertEqual(self.changes(1), [("update", "a", 3)])

        # While it cannot reach the server, more happens than the log holds: it lists again.
        self.restart(0)
        for replicas in range(4, 4 + 2 * LOG_EVENTS):
            self.scale("a", replicas)
        self.request("DELETE", self.services("/b"))
        self.create("c", 1)
        self.restart(self.port)
        last = 3 + 2 * LOG_EVENTS
        self.assertEqual(self.changes(3), [("add", "c", 1), ("delete", "b", 1),
                                           ("update", "a", last)])
        self.scale("c", 2)
        self.assertEqual(self.changes(1), [("update", "c", 2)])


class NodeWebSocket(ServerCase):
    def setUp(self):
        super().setUp()
        self.name = 0

    def watch(self, query):
        """A watch over a WebSocket; gives what says its next line, and what ends it."""
        script = pathlib.Path(__file__).with_name("node_websocket.mjs")
        address = self.url.replace("http", "ws", 1)
        path = f"/api/v1/namespaces/{self.namespace}/configmaps?watch=1&{query}"
        process = subprocess.Popen(["node", script, os.environ["NODE_MODULES"], address + path],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def stop():
            process.stdin.close()
            process.wait(timeout=60)
            process.stdout.close()

        self.addCleanup(stop)
        return (lambda: json.loads(process.stdout.readline())), process.stdin.close

    def create(self):
        self.name += 1
        self.request("POST", f"/api/v1/namespaces/{self.namespace}/configmaps", {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{self.name}"}})

    def test_a_watch_goes_over_a_websocket(self):
        self.create()
        line, close = self.watch("resourceVersion=0")
        said = [line(), line()]
        self.assertIn({"pong": True}, said)
        added = next(one for one in said if "type" in one)
        self.assertEqual((added["type"], added["object"]["metadata"]["name"]), ("ADDED", "c1"))
        self.create()
        self.assertEqual(line()["object"]["metadata"]["name"], "c2")
        close()
        self.assertEqual(line(), {"close": 1000})

    def test_it_ends_with_its_time(self):
        line, _ = self.watch("timeoutSeconds=1")
        self.assertEqual([line(), line()], [{"pong": True}, {"close": 1000}])

    def test_a_refusal_is_no_websocket(self):
        line, _ = self.watch("labelSelector=a%20b")
        self.assertEqual(line(), {"error": "Unexpected server response: 400"})


if __name__ == "__main__":
    unittest.main()
