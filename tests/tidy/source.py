"""Reading the tree and its C++, as far as the house rules need it."""

import dataclasses
import pathlib
import re

# In a worktree .git is a file.
SKIPPED = {".git", ".cache", "build", "node_modules", "__pycache__"}


@dataclasses.dataclass(frozen=True)
class Finding:
    path: str
    line: int  # 0: the whole file
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else \
            f"{self.path}: {self.message}"


class Tree:
    """The project's text files: path from the root (with slashes) to text."""

    def __init__(self, files: dict[str, str]):
        self.files = dict(sorted(files.items()))

    @staticmethod
    def read(root: pathlib.Path) -> "Tree":
        files = {}
        folders = [root]
        while folders:
            for entry in folders.pop().iterdir():
                if entry.name in SKIPPED:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    folders.append(entry)
                elif entry.is_file():
                    data = entry.read_bytes()
                    if b"\0" not in data:
                        name = entry.relative_to(root).as_posix()
                        files[name] = data.decode(errors="replace")
        return Tree(files)

    def cpp(self, *folders: str):
        """Pairs of path and text of the C++ files in the folders."""
        for path, text in self.files.items():
            if path.startswith(folders) and path.endswith((".cpp", ".h")):
                yield path, text


def module_of(path: str) -> str | None:
    """The module of a source file or of an included header; None outside api/ and controller/."""
    parts = path.split("/")
    if parts[0] == "api" and len(parts) > 1:
        return "api"
    if parts[0] == "controller" and len(parts) > 2:
        return parts[1]
    return None


def includes(text: str):
    """(line number, name, is it ours) of each include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if match:
            yield number, match[1] or match[2], match[1] is not None


_NOT_CODE = re.compile(
    r'R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
    r"|//[^\n]*"
    r"|/\*.*?\*/"
    r"|^[ \t]*#[ \t]*include[^\n]*",
    re.DOTALL | re.MULTILINE)


def code_lines(text: str) -> list[str]:
    """The lines without comments, strings and includes."""
    blank = _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return blank.split("\n")
