"""What the tests with foreign clients share: a server, a kubeconfig, and ways to run commands.

A test class gets one server and one namespace of its own for each test, so that tests do not see
each other's objects. The program is named by KUBECTL, the server by KUBECTL_SERVE.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest
import urllib.request

SERVICE = """\
apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata:
  name: {name}
  labels: {{app: {app}}}
spec:
  cloudRef: {{name: prod}}
  replicas: {replicas}
  template:
    spec:
      image: {{name: ubuntu}}
      flavors: [{{name: small}}]
      networks: [{{name: app, network: {{name: net}}, scrape: true}}]
"""

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: test
clusters:
- name: test
  cluster: {{server: '{url}'}}
contexts:
- name: test
  context: {{cluster: test, user: test, namespace: {namespace}}}
users:
- name: test
  user: {{}}
"""


class Run:
    """The end of one command."""

    def __init__(self, words, process):
        self.words = words
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def __str__(self):
        return f"kubectl {' '.join(self.words)} → {self.code}\n{self.out}{self.err}"


class ServerCase(unittest.TestCase):
    """Tests of one server."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.home = pathlib.Path(cls.folder.name)
        cls.count = 0
        cls.start_server()

    @classmethod
    def tearDownClass(cls):
        cls.stop_server()
        cls.folder.cleanup()

    @classmethod
    def arguments(cls):
        """Of the server."""
        return []

    @classmethod
    def start_server(cls, more=()):
        cls.server = subprocess.Popen([os.environ["KUBECTL_SERVE"], *cls.arguments(), *more],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.url = cls.server.stdout.readline().strip()

    @classmethod
    def stop_server(cls):
        cls.server.stdin.close()
        cls.server.wait(timeout=60)
        cls.server.stdout.close()

    def setUp(self):
        type(self).count += 1
        self.namespace = f"t{self.count}"
        self.request("POST", "/api/v1/namespaces", {
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})

    def request(self, method, path, body=None, content_type="application/json"):
        """The answer as JSON; an HTTPError for refusals."""
        request = urllib.request.Request(self.url + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", content_type)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def services(self, rest=""):
        return f"/apis/clickdeploy.io/v1alpha1/namespaces/{self.namespace}/services{rest}"

    def set_ready(self, name, status="True", generation=1):
        condition = {"type": "Ready", "status": status, "reason": "Succeeded", "message": "",
                     "lastTransitionTime": "2026-11-22T00:00:00Z", "observedGeneration": generation}
        self.request("PATCH", self.services(f"/{name}/status"),
                     {"status": {"observedGeneration": generation, "conditions": [condition]}},
                     "application/merge-patch+json")


class KubectlCase(ServerCase):
    """Tests of one server with one kubectl."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = os.environ["KUBECTL"]
        version = subprocess.run([cls.program, "version", "--client", "-o", "json"],
                                 capture_output=True, text=True, check=True).stdout
        cls.minor = int(json.loads(version)["clientVersion"]["minor"].rstrip("+"))

    def setUp(self):
        super().setUp()
        self.kubeconfig = self.home / f"config-{self.namespace}"
        self.kubeconfig.write_text(KUBECONFIG.format(url=self.url, namespace=self.namespace))

    def environment(self, **extra):
        return {"PATH": os.environ["PATH"], "HOME": str(self.home),
                "KUBECONFIG": str(self.kubeconfig), "TMPDIR": str(self.home), **extra}

    def command(self, words):
        # Before a plugin's name no flag may stand, and 1.20 takes new commands for plugins.
        return [self.program, *words, f"--cache-dir={self.home}/cache"]

    def kubectl(self, *words, stdin="", **extra):
        words = [str(word) for word in words]
        process = subprocess.run(self.command(words), input=stdin, capture_output=True, text=True,
                                 timeout=90, env=self.environment(**extra), cwd=self.home,
                                 check=False)
        return Run(words, process)

    def good(self, *words, **extra):
        """The output of a command that must succeed."""
        run = self.kubectl(*words, **extra)
        self.assertEqual(run.code, 0, run)
        return run.out

    def bad(self, *words, code=1, **extra):
        """What a command that must fail says on its standard error."""
        run = self.kubectl(*words, **extra)
        self.assertEqual(run.code, code, run)
        return run.err

    def start(self, *words):
        """A command in the background; what it says goes to one file, its requests to another."""
        log = self.home / f"log-{self.namespace}"
        requests = self.home / f"requests-{self.namespace}"
        with log.open("w") as output, requests.open("w") as errors:
            process = subprocess.Popen(self.command([*words, "-v=6"]), stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=errors,
                                       env=self.environment(), cwd=self.home)

        def stop():
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=30)

        self.addCleanup(stop)
        return process, log

    def start_watching(self, *words):
        """The same, once its watch has begun: what happens from now on it must see."""
        process, log = self.start(*words)
        requests = self.home / f"requests-{self.namespace}"
        self.until(lambda: "watch=true" in requests.read_text() or process.poll() is not None,
                   "the watch")
        self.assertIsNone(process.poll(), requests.read_text())
        return process, log

    def until(self, condition, what):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    # Objects.

    def service(self, name="web", replicas=2, app="web"):
        return SERVICE.format(name=name, replicas=replicas, app=app)

    def file(self, name, text):
        path = self.home / f"{self.namespace}-{name}"
        path.write_text(text)
        return str(path)

    def apply(self, name="web", replicas=2, app="web"):
        return self.good("apply", "-f", "-", stdin=self.service(name, replicas, app))

    def value(self, name, path):
        return self.good("get", "csvc", name, "-o", f"jsonpath={{{path}}}")

    def columns(self, text):
        """Lines of a table as lists of words."""
        return [line.split() for line in text.splitlines()]
