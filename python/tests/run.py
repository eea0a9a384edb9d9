"""Runs test modules and reports each test as a line of JSON, for the test that started this.

python3 run.py MODULE... runs modules of this folder. By hand, ``python3 -m unittest`` does as well,
if the environment says where the servers are (support.py).
"""

from __future__ import annotations

import json
import sys
import traceback
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


class JsonLines(unittest.TestResult):
    def addSuccess(self, test: unittest.TestCase) -> None:
        self._report(test, "passed")

    def addFailure(self, test: unittest.TestCase, error: object) -> None:
        self._report(test, "failed", "".join(traceback.format_exception(*error)))

    addError = addFailure

    def addSubTest(self, test: unittest.TestCase, subtest: object, error: object) -> None:
        if error is not None:
            self.addFailure(test, error)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self._report(test, "skipped", reason)

    def _report(self, test: unittest.TestCase, outcome: str, reason: str = "") -> None:
        title = test.shortDescription() or str(test)
        name = f"{type(test).__name__}: {title.rstrip('.')}"
        print(json.dumps({"test": name, "outcome": outcome, "reason": reason}), flush=True)


def main(modules: list[str]) -> None:
    sys.path[:0] = [str(HERE.parent / "src"), str(HERE)]
    suite = unittest.defaultTestLoader.loadTestsFromNames(modules)
    suite.run(JsonLines())
    print(json.dumps({"done": True}), flush=True)


main(sys.argv[1:])
