"""What a test needs from the machine: absent, the test is skipped with how to get it, or fails where it is required.

GATEWAY_REQUIRE names markers, as in `postgresql,browser`. Such a test must run, and not one of them may be skipped.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

PACKAGES = {"browser": "chromium chromium-driver", "postgresql": "postgresql"}


def required() -> frozenset[str]:
    """The markers that GATEWAY_REQUIRE names; a name that is none of them is an error, not a requirement unmet."""
    named = frozenset(filter(None, os.environ.get("GATEWAY_REQUIRE", "").replace(",", " ").split()))
    if unknown := named - set(PACKAGES):
        raise pytest.UsageError(f"GATEWAY_REQUIRE: {', '.join(sorted(unknown))}: none of {', '.join(PACKAGES)}")
    return named


def absent(marker: str, program: str, *, insist: bool) -> NoReturn:
    sentence = f"{program} is not installed: apt-get install {PACKAGES[marker]}"
    if insist:
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


class Requirements:
    """A pytest plugin: the run fails unless, for each marker, a test passed and none was skipped."""

    def __init__(self, markers: frozenset[str]) -> None:
        self.markers = markers
        self.unmet: list[str] = []
        self._passed: set[str] = set()
        self._skipped: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for marker in self.markers.intersection(report.keywords):
            if report.skipped:
                self._skipped[marker] = report.nodeid
            elif report.passed and report.when == "call":
                self._passed.add(marker)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.unmet = [f"no test marked {marker} has run" for marker in sorted(self.markers - self._passed)]
        self.unmet += [f"{test} is marked {marker} and was skipped" for marker, test in self._skipped.items()]
        if self.unmet:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for sentence in self.unmet:
            terminalreporter.line(f"GATEWAY_REQUIRE: {sentence}", red=True)
