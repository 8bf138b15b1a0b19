"""Usage: scenarios_test.py

The table of hard scenarios in docs/reliability.md: thirty of them, and each test that it names is
one of ours. "Aimed/NAME" is a run of tests/simulation/aimed_runs.h.
"""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def names_of_tests() -> set[str]:
    names = set()
    for path in sorted((ROOT / "tests").rglob("*.cpp")):
        text = path.read_text(encoding="utf-8")
        for suite, name in re.findall(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", text, re.MULTILINE):
            names.add(f"{suite}.{name}")
    for path in sorted((ROOT / "tests/simulation").glob("aimed_*.cpp")):
        text = path.read_text(encoding="utf-8")
        names.update(f"Aimed/{name}" for name in re.findall(r'^\s+\{"([a-z-]+)",', text, re.MULTILINE))
    return names


def rows() -> list[tuple[int, str, str]]:
    page = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    section = re.search(r"^## Hard scenarios$(.*?)(?=^## )", page, re.MULTILINE | re.DOTALL)
    found = re.findall(r"^\| (\d+) \| (.+?) \| (.+) \|$", section[1] if section else "", re.MULTILINE)
    return [(int(number), story, tests) for number, story, tests in found]


class Scenarios(unittest.TestCase):
    def test_all_thirty_are_there(self):
        self.assertEqual([number for number, _, _ in rows()], list(range(1, 31)))

    def test_each_names_tests_that_exist_or_what_the_product_lacks(self):
        names = names_of_tests()
        for number, _, tests in rows():
            named = re.findall(r"`([\w/]+[./][\w-]+)`", tests)
            with self.subTest(scenario=number):
                self.assertTrue(named or tests.startswith("not yet: "), tests)
                for name in named:
                    self.assertIn(name, names)

    def test_each_scenario_test_is_in_the_table(self):
        told = " ".join(tests for _, _, tests in rows())
        for name in sorted(names_of_tests()):
            if name.startswith("Scenario."):
                self.assertIn(f"`{name}`", told)


if __name__ == "__main__":
    unittest.main()
