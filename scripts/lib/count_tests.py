"""Usage: count_tests.py JUNIT_FILE CTEST_EXIT_CODE

Prints ctest's results as one line, "N passed, N failed". A test that did not run counts as failed:
there are no skipped tests here. Exit code 0 only if tests ran, all passed, and ctest agrees.
"""

import sys
import xml.etree.ElementTree as ElementTree


def main(report: str, ctest_code: int) -> int:
    try:
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        print(f"No test report: {error}")
        cases = []
    failed = [case.get("name") for case in cases if case.get("status") != "run"]
    if failed:
        print("Failed:")
        for name in failed:
            print(f"  {name}")
    print(f"{len(cases) - len(failed)} passed, {len(failed)} failed")
    return 0 if cases and not failed and ctest_code == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
