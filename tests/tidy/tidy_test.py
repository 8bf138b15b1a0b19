"""Breaks every house rule once, on a made-up tree, so that no check can stop working unseen."""

import unittest

import rules
import source
import table

HEADER = "// What it is for.\n\n#pragma once\n"
GOOD = {
    "controller/base/CMakeLists.txt": "clickdeploy_library(base SOURCES error.cpp LINK yaml-cpp)\n",
    "controller/base/error.h": HEADER,
    "controller/base/error.cpp": '#include "controller/base/error.h"\n',
    "controller/async/CMakeLists.txt":
        "clickdeploy_library(async SOURCES clock.cpp DEPENDS clickdeploy::base)\n",
    "controller/async/clock.h": HEADER + '#include "controller/base/error.h"\n',
    "controller/async/clock.cpp": "auto now = std::chrono::steady_clock::now();\n",
    "controller/store/CMakeLists.txt":
        "clickdeploy_library(store SOURCES a.cpp DEPENDS clickdeploy::base clickdeploy::async)\n",
    "controller/store/a.cpp": "int a;\n",
    "api/CMakeLists.txt": "file(GLOB sources *.cpp meta/*.cpp)\n"
                          "clickdeploy_library(api SOURCES ${sources} DEPENDS clickdeploy::base)\n",
    "api/meta/meta.cpp": "int b;\n",
    "tests/base/CMakeLists.txt": "clickdeploy_test(base SOURCES error_test.cpp)\n",
    "tests/base/error_test.cpp": '#include "controller/base/error_internal.h"\n',
    "docs/architecture.md": "# Architecture\n\n[a part](#a-part), [set up](developer/set-up.md)\n\n"
                            "## A part\n\n```\n# not a title, [nor a link](nowhere.md)\n```\n",
    "docs/developer/set-up.md": "# Set up\n\n[up](../architecture.md#a-part) [dir](../developer)\n",
}

# Rule, file, text added to (or, with "=", put in place of) the good tree's; each is one breach.
BREACHES = [
    ("include_direction", "controller/base/error.cpp", '#include "controller/async/clock.h"\n'),
    ("include_direction", "controller/base/error.cpp", '#include "error.h"\n'),
    ("include_direction", "controller/store/a.cpp", '#include "api/scheme.h"\n'),
    ("include_direction", "controller/news/a.cpp", "int a;\n"),
    ("include_direction", "controller/runtime/a.cpp", '#include "api/v1alpha1/service.h"\n'),
    ("depends_match_includes", "controller/base/CMakeLists.txt",
     "clickdeploy_library(more DEPENDS clickdeploy::async)\n"),
    ("depends_match_includes", "controller/async/CMakeLists.txt", "=# clickdeploy::base\n"),
    ("internal_headers_stay", "controller/store/a.cpp",
     '#include "controller/async/clock_internal.h"\n'),
    ("internal_headers_stay", "tests/base/error_test.cpp",
     '#include "controller/store/database_internal.h"\n'),
    ("heavy_headers_in_their_rooms", "controller/store/a.cpp", "#include <curl/curl.h>\n"),
    ("heavy_headers_in_their_rooms", "controller/base/json.h",
     HEADER + "#include <rapidjson/reader.h>\n"),
    ("heavy_headers_in_their_rooms", "tests/base/error_test.cpp", "#include <sqlite3.h>\n"),
    ("no_dead_sources", "controller/base/dead.cpp", "int a;\n"),
    ("no_dead_sources", "api/meta/deep/dead.cpp", "int a;\n"),
    ("no_dead_sources", "controller/none/dead.cpp", "int a;\n"),
    ("files_are_short", "controller/base/long.cpp", "\n" * (table.MAX_LINES + 1)),
    ("lines_are_short", "tests/base/error_test.cpp", "int a;" + " " * table.MAX_COLUMNS + "\n"),
    ("headers_open_with_their_purpose", "controller/base/bare.h", "#pragma once\n"),
    ("headers_open_with_their_purpose", "controller/base/twice.h", "// What it is for.\n"),
    ("nothing_left_to_do", "controller/base/error.cpp", "// TODO: later\n"),
    ("nothing_left_to_do", "docs/architecture.md", "FIXME\n"),
    ("no_paths_of_one_machine", "controller/base/error.cpp", 'auto a = "/home/me/x";\n'),
    ("no_paths_of_one_machine", "docs/architecture.md", "see /work/main\n"),
    ("links_resolve", "docs/architecture.md", "[gone](gone.md)\n"),
    ("links_resolve", "docs/developer/set-up.md", "[gone](../architecture.md#gone)\n"),
    ("one_title", "docs/architecture.md", "# Another\n"),
    ("banned_calls_in_tests", "tests/base/error_test.cpp", "std::random_device device;\n"),
    ("banned_calls_in_tests", "tests/base/error_test.cpp", "TEST(A, DISABLED_B) {}\n"),
    ("banned_calls_in_tests", "tests/base/error_test.cpp", "GTEST_SKIP();\n"),
] + [
    ("banned_calls", "controller/store/a.cpp", line + "\n") for line in [
        "auto a = std::chrono::system_clock::now();",
        "auto a = steady_clock::now();",
        "auto a = time(nullptr);",
        "std::random_device device;",
        "int a = rand();",
        "std::thread thread(run);",
        "std::jthread thread(run);",
        "boost::asio::steady_timer timer(executor);",
        "co_spawn(executor, run(), boost::asio::detached);",
        "std::this_thread::sleep_for(1s);",
        "sleep(1);",
        "getaddrinfo(a, b, c, d);",
        "fork();",
        "system(command);",
        "std::getenv(name);",
        "int big = 1'000'000; std::thread thread(run);",
        'auto a = "\\""; std::thread thread(run);',
    ]
]

# What looks like a breach and is none.
INNOCENT = [
    ("controller/store/a.cpp", "// system_clock::now is banned here, and std::thread too.\n"),
    ("controller/store/a.cpp", 'auto a = "rand() getenv";\n'),
    ("controller/store/a.cpp", 'auto a = R"(std::thread "sleep_for(" )";\n'),
    ("controller/store/a.cpp", "/* fork();\n   getaddrinfo */\n"),
    ("controller/store/a.cpp", "clock.sleep(1s); int operand(2); std::this_thread::get_id();\n"),
    ("controller/store/a.cpp", "// https://example.com/home/page and ${root}/work/x\n"),
    ("controller/store/a.cpp", 'auto a = "clickdeploy-XXXXXX";\n'),
    ("controller/store/a.cpp", 'auto a = R"(' + "x" * 200 + ')";\n'),
    ("controller/runtime/a.h", HEADER + '#include "api/v1alpha1/codec.h"\n'),
    ("tests/store/a.h", HEADER + "#include <sqlite3.h>\n"),
    ("tests/bench/a.h", HEADER + "#include <sqlite3.h>\n"),
    ("tests/agents/a.h", HEADER + '// "/root/done" on the server\n'),
]


def findings(files: dict[str, str]) -> list[tuple[str, source.Finding]]:
    tree = source.Tree(files)
    return [(check.__name__, finding) for check in rules.RULES for finding in check(tree)]


class HouseRules(unittest.TestCase):
    def test_good_tree_has_no_finding(self):
        self.assertEqual(findings(GOOD), [])

    def test_each_breach_is_found_in_its_file(self):
        for name, path, text in BREACHES:
            with self.subTest(rule=name, path=path, text=text[:60]):
                new = text[1:] if text.startswith("=") else GOOD.get(path, "") + text
                found = [(check, finding.path) for check, finding in findings(GOOD | {path: new})]
                self.assertIn((name, path), found)

    def test_innocent_text_is_left_alone(self):
        for path, text in INNOCENT:
            with self.subTest(path=path, text=text[:60]):
                self.assertEqual(findings(GOOD | {path: GOOD.get(path, "") + text}), [])

    def test_every_rule_and_every_ban_is_broken_above(self):
        self.assertEqual({check.__name__ for check in rules.RULES},
                         {name for name, _, _ in BREACHES})

    def test_findings_say_where(self):
        found = findings(GOOD | {"controller/store/a.cpp": "int a;\n\nstd::thread b;\n"})
        self.assertEqual([str(finding).split(": ")[0] for _, finding in found],
                         ["controller/store/a.cpp:3"])

    def test_table_has_no_circle(self):
        seen = set()
        for module, granted in table.MODULES.items():
            self.assertLessEqual(set(granted), seen, module)
            seen.add(module)


if __name__ == "__main__":
    unittest.main()
