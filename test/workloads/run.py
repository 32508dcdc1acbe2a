"""Runs the tests of one file and prints one JSON line for each, for workloads.test.ts: {"name", "ok", "skipped", "detail"}."""

import json
import sys
import unittest


class Lines(unittest.TestResult):
    """Prints each test as it ends; the name is the sentence that the method's name makes."""

    def addSuccess(self, test):
        self.say(test, True)

    def addFailure(self, test, error):
        self.say(test, False, self._exc_info_to_string(error, test))

    addError = addFailure

    def addSkip(self, test, reason):
        self.say(test, True, reason, True)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.say(subtest, False, self._exc_info_to_string(error, test))

    def say(self, test, ok, detail="", skipped=False):
        name = getattr(test, "_testMethodName", None) or str(test)
        print(
            json.dumps({"name": name.removeprefix("test_").replace("_", " "), "ok": ok, "skipped": skipped, "detail": detail}),
            flush=True,
        )


if __name__ == "__main__":
    unittest.defaultTestLoader.loadTestsFromName(sys.argv[1]).run(Lines())
