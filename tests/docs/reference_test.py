"""Usage: reference_test.py BIN_FOLDER

Is the reference complete and true? Compares docs/ with the programs' help, the schemas, and the
names that the sources use.
"""

import pathlib
import posixpath
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md"])
COMMANDS = ["get", "describe", "events", "wait", "apply", "create", "delete", "why", "alerts",
            "rollout", "orphans", "abandon", "prometheus-config", "alertmanager-config", "api-resources", "version"]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def sources(folder: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.cpp")))


def section(text: str, heading: str) -> str:
    match = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


class Reference(unittest.TestCase):
    programs: pathlib.Path

    def help_of(self, program: str, *arguments: str) -> str:
        done = subprocess.run([self.programs / program, *arguments, "--help"],
                              stdout=subprocess.PIPE, check=True, timeout=30)
        return done.stdout.decode()

    def flags_of(self, *command: str) -> set[str]:
        return set(re.findall(r"--[a-z][a-z-]+", self.help_of("clickctl", *command)))

    def test_the_table_of_settings_is_the_help(self):
        told = re.findall(r"^  (--[a-z-]+) VALUE\n        (.*) \[([A-Z_]+)\]$",
                          self.help_of("clickdeployd"), re.MULTILINE)
        self.assertGreater(len(told), 5)
        page = read("docs/reference/settings.md")
        rows = re.findall(r"^\| `(--[a-z-]+)` \| `(\w+)` \| `([A-Z_]+)` \| (.*?) \| (.*) \|$", page,
                          re.MULTILINE)
        self.assertEqual([flag for flag, _, _ in told], [row[0] for row in rows])
        settings = sources("controller/app")
        header = read("controller/app/settings.h")
        for (flag, words, variable), (_, key, in_page, default, meaning) in zip(told, rows):
            with self.subTest(flag=flag):
                self.assertEqual(variable, in_page)
                self.assertEqual(words.split(". Default:")[0], meaning)
                self.assertRegex(settings, rf'"{flag}",\s*"{key}",\s*"{variable}"')
                member = re.sub(r"(?<=[a-z])([A-Z]+)", r"_\1", key).lower()
                value = re.search(rf" {member}(?: = ([^;]+))?;", header)
                self.assertIsNotNone(value, member)
                if value[1] is not None:
                    self.assertEqual(f"`{value[1].strip(chr(34))}`", default)

    def test_every_command_and_flag_of_clickctl_is_described(self):
        page = read("docs/reference/clickctl.md")
        listed = re.search(r"^(?:Subcommands|SUBCOMMANDS):\n(.*)", self.help_of("clickctl"),
                           re.MULTILINE | re.DOTALL)
        self.assertEqual(sorted(COMMANDS),
                         sorted(re.findall(r"^  ([a-z-]+) ", listed[1], re.MULTILINE)))
        for command in re.findall(r"^  ([a-z-]+) ", listed[1], re.MULTILINE):
            heading = next((line[3:] for line in page.splitlines() if line.startswith("## ") and
                            command in line[3:].split(", ")), None)
            self.assertIsNotNone(heading, f"docs/reference/clickctl.md has no section {command}")
            text = section(page, heading)
            for flag in sorted(self.flags_of(command) - self.flags_of() - {"--help", "--selector"}):
                self.assertIn(flag, text, f"clickctl {command}")
        for flag in sorted(self.flags_of() - {"--help"}):
            self.assertIn(flag, section(page, "Which server"))

    def test_every_clickctl_line_in_the_documents_is_possible(self):
        common = self.flags_of() | {"-n", "-A", "-h"}
        checked = 0
        for path in DOCS:
            for line in path.read_text(encoding="utf-8").splitlines():
                for text in re.findall(r"clickctl ([^`|]*)", line):
                    words = text.split()
                    command = next((word for word in words if word in COMMANDS), None)
                    if command is None:
                        continue
                    known = common | self.flags_of(command)
                    flags = {word.split("=")[0] for word in words if word.startswith("--")}
                    self.assertLessEqual(flags, known, f"{path.name}: clickctl {text}")
                    checked += 1
        self.assertGreater(checked, 20)

    def test_the_tables_of_fields_are_the_schemas(self):
        done = subprocess.run([sys.executable, "-B", ROOT / "scripts/lib/kind_reference.py",
                               "--check", ROOT], stdout=subprocess.PIPE, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout.decode())

    def test_every_condition_and_reason_is_described(self):
        code = sources("controller/reconcilers")
        names = set(re.findall(r'set(?:_bool)?\(\s*"([A-Z]\w+)"', code))
        names |= set(re.findall(r'count_condition\(\s*"([A-Z]\w+)"', code))
        names |= set(re.findall(r'inline constexpr std::string_view k\w+ = "(\w+)"',
                                read("api/meta/condition.h")))
        self.assertGreater(len(names), 20)
        page = read("docs/reference/conditions.md")
        self.assertEqual([], sorted(name for name in names if f"`{name}`" not in page))

    def test_every_event_is_described(self):
        calls = re.findall(r"events\.record\((.*?)\);", sources("controller/reconcilers"), re.DOTALL)
        names = {name for call in calls for name in re.findall(r'"([A-Z][A-Za-z]+)"', call)}
        self.assertGreater(len(names), 10)
        page = read("docs/reference/events.md")
        self.assertEqual(names, set(re.findall(r"^\| `(\w+)` \| (?:Normal|Warning)", page, re.M)))

    def test_every_metric_is_described(self):
        page = read("docs/reference/metrics.md")
        golden = "\n".join(path.read_text(encoding="utf-8")
                           for path in (ROOT / "tests/golden/prometheus").glob("*.yml"))
        names = set(re.findall(r"record: \"?(click_deploy_\w+)", golden))
        names |= set(re.findall(r'family\("(\w+)"', sources("controller/app")))
        self.assertGreater(len(names), 10)
        self.assertEqual([], sorted(name for name in names if f"`{name}" not in page))

    def test_every_label_and_finalizer_is_described(self):
        names = re.findall(r'"(clickdeploy\.io/[a-z]+)"', read("api/v1alpha1/common.h"))
        page = read("docs/reference/kinds/README.md")
        self.assertEqual([], [name for name in names if f"`{name}`" not in page])

    def test_every_document_is_reached_from_the_readme(self):
        reached, todo = set(), ["README.md"]
        while todo:
            path = todo.pop()
            if path in reached or not (ROOT / path).is_file():
                continue
            reached.add(path)
            for target in re.findall(r"\]\(([^)#\s]+)", read(path)):
                if target.endswith(".md") and ":" not in target:
                    todo.append(posixpath.normpath(posixpath.join(posixpath.dirname(path), target)))
        every = {str(path.relative_to(ROOT)) for path in DOCS}
        self.assertEqual([], sorted(every - reached))


if __name__ == "__main__":
    Reference.programs = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
