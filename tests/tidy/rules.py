"""The house rules: each takes a Tree and yields a Finding for every breach.

A finding says what to write instead. tidy_test.py breaks every rule once.
"""

import fnmatch
import posixpath
import re

import table
from source import Finding, Tree, code_lines, includes, module_of

RULES = []


def rule(function):
    RULES.append(function)
    return function


@rule
def include_direction(tree: Tree):
    for path, text in tree.cpp("api/", "controller/"):
        module = module_of(path)
        if module not in table.MODULES:
            yield Finding(path, 0, f"module {module} is not in MODULES of tests/tidy/table.py: "
                                   "add it with what it may include")
            continue
        for line, name, ours in includes(text):
            if not ours:
                continue
            other = module_of(name)
            if other is None:
                yield Finding(path, line, f'write "{name}" from the root of the repository, as in '
                                          '"controller/base/error.h"')
            elif other != module and other not in table.MODULES[module]:
                yield Finding(path, line, f"{module} may not include {other}, only "
                              f"{', '.join(table.MODULES[module]) or 'itself'}: pass the value in, "
                              "or move the code to a module that may")
            for who, what, allowed, instead in table.NARROWER:
                if module == who and name.startswith(what) and name not in allowed:
                    yield Finding(path, line, f"{who} may not include {what}*: {instead}")


@rule
def depends_match_includes(tree: Tree):
    for path, text in tree.files.items():
        module = module_of(path)
        if module not in table.MODULES or not path.endswith("CMakeLists.txt"):
            continue
        text = re.sub(r"#[^\n]*", "", text)
        granted = table.MODULES[module]
        declared = set(re.findall(r"clickdeploy::(\w+)", text)) - {module}
        for other in sorted(declared - set(granted)):
            yield Finding(path, 0, f"DEPENDS names clickdeploy::{other}, which {module} may not "
                                   "include (MODULES in tests/tidy/table.py)")
        folder = posixpath.dirname(path) + "/"
        used = {module_of(name) for _, source in tree.cpp(folder)
                for _, name, ours in includes(source) if ours}
        for other in sorted((used & set(granted)) - declared):
            yield Finding(path, 0, f"add clickdeploy::{other} to DEPENDS: its headers are included")


@rule
def internal_headers_stay(tree: Tree):
    for path, text in tree.cpp("api/", "controller/", "tests/"):
        if path.startswith(table.INTERNALS_SEEN):
            continue
        home = path.split("/")[1] if path.startswith("tests/") else module_of(path)
        for line, name, ours in includes(text):
            if ours and name.endswith("_internal.h") and not name.startswith("tests/") \
                    and module_of(name) != home:
                yield Finding(path, line, f"{name} belongs to {module_of(name)} alone: include a "
                                          "public header of that module, or make one")


@rule
def heavy_headers_in_their_rooms(tree: Tree):
    for path, text in tree.cpp("api/", "controller/", "tests/"):
        if path.startswith(tuple(table.RAW_TESTS)):
            continue
        for line, name, ours in includes(text):
            if ours:
                continue
            for prefix, rooms, instead in table.HEAVY:
                if not name.startswith(prefix):
                    continue
                tests = ["tests/" + module_of(room + "x") + "/" for room in rooms]
                if not path.startswith((*rooms, *tests)):
                    yield Finding(path, line, f"<{name}> belongs in {', '.join(rooms)}: include "
                                              f"{instead}")
                elif path.startswith(tuple(rooms)) and path.endswith(".h") \
                        and not path.endswith("_internal.h"):
                    yield Finding(path, line, f"<{name}> in a public header: move it to a .cpp, or "
                                              "name the header …_internal.h")


def _banned(tree: Tree, folders, bans):
    for path, text in tree.cpp(*folders):
        if path.startswith(tuple(table.RAW_TESTS)):
            continue
        lines = None
        for pattern, rooms, instead in bans:
            if path.startswith(tuple(rooms)) or not re.search(pattern, text):
                continue
            lines = lines or code_lines(text)
            for number, line in enumerate(lines, 1):
                match = re.search(pattern, line)
                if match:
                    yield Finding(path, number, f"{match[0]} here: {instead}")


@rule
def banned_calls(tree: Tree):
    yield from _banned(tree, ("api/", "controller/"), table.BANNED)


@rule
def banned_calls_in_tests(tree: Tree):
    yield from _banned(tree, ("tests/",), table.BANNED_IN_TESTS)


@rule
def no_dead_sources(tree: Tree):
    for path, _ in tree.cpp("api/", "controller/", "tests/"):
        if not path.endswith(".cpp"):
            continue
        folder = posixpath.dirname(path)
        while folder and f"{folder}/CMakeLists.txt" not in tree.files:
            folder = posixpath.dirname(folder)
        if not folder:
            yield Finding(path, 0, "no CMakeLists.txt above names it: add it to one or delete it")
            continue
        name = posixpath.relpath(path, folder)
        text = re.sub(r"#[^\n]*", "", tree.files[f"{folder}/CMakeLists.txt"])
        words = re.findall(r'[^\s()"]+', text)
        globs = "GLOB" in words
        if name not in words and not (globs and any(
                "*" in word and word.count("/") == name.count("/") and
                fnmatch.fnmatchcase(name, word) for word in words)):
            yield Finding(path, 0, f"{folder}/CMakeLists.txt does not build it: add it or delete it")


@rule
def files_are_short(tree: Tree):
    for path, text in tree.cpp("api/", "controller/"):
        count = text.count("\n")
        if count > table.MAX_LINES:
            yield Finding(path, 0, f"{count} lines, at most {table.MAX_LINES}: split it by idea")


@rule
def lines_are_short(tree: Tree):
    for path, text in tree.cpp("api/", "cmake/", "controller/", "tests/"):
        # What is inside a raw string is data, which no line break may change.
        text = re.sub(r'R"([^(\s]*)\((.*?)\)\1"', lambda raw: "\n" * raw[2].count("\n"), text,
                      flags=re.DOTALL)
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > table.MAX_COLUMNS:
                yield Finding(path, number, f"{len(line)} columns, at most {table.MAX_COLUMNS}: "
                                            "break the line (`make format` breaks code)")


@rule
def headers_open_with_their_purpose(tree: Tree):
    for path, text in tree.cpp("api/", "cmake/", "controller/", "tests/"):
        if not path.endswith(".h"):
            continue
        if not text.startswith(("//", "/*")):
            yield Finding(path, 1, "open with a comment that says what the header is for, before "
                                   "#pragma once")
        if "\n#pragma once\n" not in "\n" + text:
            yield Finding(path, 1, "add #pragma once")


# The rules' own words, and a test that plants breaches, must name what they look for.
_OWN_FOLDER = "tests/tidy/"


@rule
def nothing_left_to_do(tree: Tree):
    for path, text in tree.files.items():
        if path.startswith(_OWN_FOLDER):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            match = re.search(r"\b(TODO|FIXME|XXX)\b", line)
            if match:
                yield Finding(path, number, f"{match[0]}: do it now, or write down as a limit in "
                                            "docs/ what is not there")


@rule
def no_paths_of_one_machine(tree: Tree):
    for path, text in tree.files.items():
        if path.startswith((_OWN_FOLDER, *table.GUEST_FILES)):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            match = re.search(r"(?<![\w./*})~-])/(work|root|home)/", line)
            if match:
                yield Finding(path, number, f"{match[0]}… is a path of one machine: name it from "
                                            "the repository's root, a setting or a temporary folder")


def _without_code(text: str) -> list[str]:
    """Markdown's lines, those inside code fences emptied."""
    lines, fenced = [], False
    for line in text.splitlines():
        fence = line.lstrip().startswith(("```", "~~~"))
        lines.append("" if fenced or fence else re.sub(r"`[^`]*`", lambda m: "`" * len(m[0]), line))
        fenced ^= fence
    return lines


def _anchors(text: str) -> set[str]:
    """The anchors that a Markdown file's headings make, as the usual renderers name them."""
    anchors, fenced = set(), False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        heading = None if fenced else re.match(r"#+\s+(.*?)\s*#*$", line)
        if heading:
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            anchors.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return anchors


@rule
def links_resolve(tree: Tree):
    folders = {posixpath.dirname(path) for path in tree.files}
    folders |= {parent for folder in folders for parent in _parents(folder)}
    for path, text in tree.files.items():
        if not path.endswith(".md"):
            continue
        for number, line in enumerate(_without_code(text), 1):
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                file = posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) \
                    if name else path
                if file not in tree.files and file not in folders:
                    yield Finding(path, number, f"the link {target} leads nowhere: name an "
                                                "existing file, relative to this one")
                elif anchor and file.endswith(".md") and anchor not in _anchors(tree.files[file]):
                    yield Finding(path, number, f"{target}: {file} has no such heading")


def _parents(folder: str):
    while folder:
        folder = posixpath.dirname(folder)
        yield folder


@rule
def one_title(tree: Tree):
    for path, text in tree.files.items():
        if path.endswith(".md"):
            titles = [line for line in _without_code(text) if line.startswith("# ")]
            if len(titles) != 1:
                yield Finding(path, 0, f"{len(titles)} titles: a document has one line `# Title`")
