"""Usage: tidy.py ROOT

Checks the house rules of rules.py over the tree. Prints each breach with what to write instead;
exit code 1 if there is one.
"""

import pathlib
import sys

from rules import RULES
from source import Tree


def main(root: str) -> int:
    tree = Tree.read(pathlib.Path(root))
    count = 0
    for check in RULES:
        for finding in check(tree):
            print(f"{finding} [{check.__name__}]")
            count += 1
    print(f"{len(tree.files)} files, {len(RULES)} rules, {count} findings")
    return 1 if count or not tree.files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
