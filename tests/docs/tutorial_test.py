"""Usage: tutorial_test.py BIN_FOLDER

Does what docs/tutorials/first-service.md says, against a real `clickdeployd dev`, and compares what
comes out with what the page shows.

Executed are the ```console blocks, in order, from the repository's root: lines that begin with
"$ " are commands, the lines after one are its output. Compared is after what differs from run to
run (names of Instances, ids, addresses, ages, revisions) has been made the same on both sides. In
the page, "…" alone on a line stands for any lines, and inside a line for any text. Commands that
only look are repeated until they show it, as a reader would do.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/tutorials/first-service.md"
READY_WITHIN = 120
COMMAND_WITHIN = 150
LOOK_WITHIN = 60
LOOKS = re.compile(r"^(clickctl( -n demo)? (get|why|events|api-resources)|promtool query) ")
KILL = re.compile(r"^kill -KILL \d+")

VARYING = [
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
    (r"\b[0-9a-f]{32}\b", "ID"),
    (r"\bweb-[0-9a-f]{4}-[a-z0-9]{4}\b", "INSTANCE"),
    (r"\b127(\.\d+){3}\b", "ADDRESS"),
    (r"\b\d+\.\d+\.\d+\+ds\d*\b", "VERSION"),
    (r"(?<![\w.])(\d+[dhms])+(?![\w.])", "AGE"),
    (r"\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b", "REVISION"),
    (r"\s+", " "),
]


def normal(line: str) -> str:
    for pattern, name in VARYING:
        line = re.sub(pattern, name, line)
    return line.strip()


def pattern_of(expected: list[str]) -> re.Pattern:
    text = ""
    for line in expected:
        if line.strip() == "…":
            text += r"(?:.*\n)*?"
        else:
            text += ".*".join(re.escape(part) for part in normal(line).split("…")) + r"\n"
    return re.compile(text)


def commands(page: str) -> list[tuple[str, list[str]]]:
    found = []
    inside = False
    for line in page.splitlines():
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            found.append((line[2:], []))
        elif inside:
            found[-1][1].append(line)
    return found


class Dev:
    """clickdeployd dev, with a data folder of its own and free ports."""

    def __init__(self, programs: pathlib.Path, data: str):
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        self.output = open(f"{data}.out", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [programs / "clickdeployd", "dev", "--data", data, "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
            env=environment, cwd=ROOT)

    def text(self) -> str:
        return pathlib.Path(self.output.name).read_text(encoding="utf-8")

    def wait_until_ready(self):
        end = time.monotonic() + READY_WITHIN
        while "Ctrl-C stops everything" not in self.text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("dev did not become ready:\n" + self.text())
            time.sleep(0.2)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()
            self.output.close()


class Tutorial(unittest.TestCase):
    programs: pathlib.Path

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="clickdeploy-tutorial-")
        self.addCleanup(folder.cleanup)
        data = folder.name + "/data"
        self.dev = Dev(self.programs, data)
        self.addCleanup(self.dev.stop)
        self.dev.wait_until_ready()
        self.environment = {**os.environ, "KUBECONFIG": data + "/kubeconfig", "HOME": folder.name,
                            "PATH": f"{self.programs}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}

    def run_once(self, command: str) -> str:
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=COMMAND_WITHIN, check=False)
        return done.stdout.decode()

    def follow(self, command: str, expected: list[str]):
        if KILL.match(command):
            printed = KILL.search(self.kill_line())
            command = printed[0]
        while expected and not expected[-1].strip():
            expected = expected[:-1]
        pattern = pattern_of(expected)
        end = time.monotonic() + (LOOK_WITHIN if LOOKS.match(command) else 0)
        while True:
            output = self.run_once(command)
            lines = output.rstrip().splitlines()
            if pattern.fullmatch("".join(normal(line) + "\n" for line in lines)):
                return
            if time.monotonic() >= end:
                break
            time.sleep(0.5)
        self.fail(f"$ {command}\n--- the page shows ---\n" + "\n".join(expected) +
                  f"\n--- it printed ---\n{output}\n--- dev ---\n{self.dev.text()}")

    def kill_line(self) -> str:
        lines = [line.strip() for line in self.dev.text().splitlines() if "kill -KILL" in line]
        self.assertTrue(lines, "dev printed no kill command")
        return lines[0]

    def test_the_page_tells_what_happens(self):
        found = commands(PAGE.read_text(encoding="utf-8"))
        self.assertGreater(len(found), 10)
        for command, expected in found:
            self.follow(command, expected)
        self.assertEqual(self.dev.stop(), 0)


if __name__ == "__main__":
    Tutorial.programs = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
