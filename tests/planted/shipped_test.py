"""Usage: shipped_test.py BIN_FOLDER

Planted bugs are for tests/planted alone: no other build has them, and the programs hold none of
their names. Each is at a place in the product and is told once.
"""

import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = "controller/base/planted.h"
PROGRAMS = ["clickdeployd", "clickctl"]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def product():
    for folder in ("api", "controller"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cpp") and path.stem != "planted":
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def bugs() -> list[str]:
    body = re.search(r"enum class Bug[^{]*\{(.*?)\}", read(HEADER), re.DOTALL)[1]
    return [name for name in re.findall(r"\w+", re.sub(r"//.*", "", body)) if name != "None"]


class NothingIsShipped(unittest.TestCase):
    def test_only_one_preset_plants_bugs(self):
        presets = json.loads(read("CMakePresets.json"))["configurePresets"]
        with_bugs = [preset["name"] for preset in presets
                     if "CLICKDEPLOY_PLANTED" in preset.get("cacheVariables", {})]
        self.assertEqual(with_bugs, ["planted"])
        self.assertFalse([preset["name"] for preset in presets
                          if preset.get("inherits") == "planted"])
        self.assertRegex(read("CMakeLists.txt"), r"option\(CLICKDEPLOY_PLANTED [^)]* OFF\)")

    def test_programs_hold_no_bug(self):
        for program in PROGRAMS:
            content = (pathlib.Path(BIN_FOLDER) / program).read_bytes()
            found = [name for name in bugs() if name.encode() in content]
            self.assertEqual(found, [], program)
            self.assertNotIn(b"clickdeploy7planted", content, program)
            self.assertNotIn(b"clickdeploy5plant", content, program)


class EachBug(unittest.TestCase):
    def test_is_at_a_place_in_the_product(self):
        used = {name for _, text in product() for name in re.findall(r"\bBug::(\w+)", text)}
        self.assertEqual(used, set(bugs()))

    def test_is_told_once(self):
        told = re.findall(r'\{Bug::(\w+),\s*"(\w+)"', read("tests/planted/bugs.cpp"))
        self.assertEqual(sorted(told), sorted((name, name) for name in bugs()))

    def test_is_in_a_source_that_the_build_knows_of(self):
        for path, text in product():
            includes = f'#include "{HEADER}"' in text
            self.assertEqual(includes, "planted(Bug::" in text, path)
            if includes:
                self.assertTrue(path.endswith(".cpp"), f"{path}: only sources may include {HEADER}")


if __name__ == "__main__":
    BIN_FOLDER = sys.argv.pop(1)
    unittest.main()
