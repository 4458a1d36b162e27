"""`pytest --gateway-record DIR`: a team's own Flask tests as cases, one a test, each with its database at the start."""

from __future__ import annotations

import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ....http.message import Exchange, end_to_end
from ....http.redaction.redaction import secrets_of
from ..app_databases import NoStateError, OpenedFiles, copy_database, database_of
from ..case import Case
from ..files import STATES, write_cases
from ..linking import link
from ..redacting import redact_case
from .client_calls import Call, observed_clients


@dataclass(slots=True)
class _Test:
    """A test that runs, with what it has asked so far."""

    name: str
    calls: list[Call] = field(default_factory=list)
    state: str | None = None


class TestRecorder:
    """The plugin while it records; the files are written when pytest ends, one for each module of tests."""

    __test__ = False

    def __init__(self, config: pytest.Config, directory: Path, *, raw: bool) -> None:
        self._directory = directory
        self._raw = raw
        self._salt = secrets.token_bytes(32)
        self._worker = getattr(config, "workerinput", {}).get("workerid", "")
        self._opened = OpenedFiles()
        self._test: _Test | None = None
        self._cases: dict[str, dict[str, Case]] = defaultdict(dict)
        self._reasons: Counter[str] = Counter()
        self._redacted = 0
        self._stack = ExitStack()

    def pytest_sessionstart(self) -> None:
        """Observe every test client from here on."""
        self._stack.enter_context(observed_clients(self._before_request, self._record))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Record one test, with its fixtures."""
        self._test = _Test(item.nodeid)
        try:
            return (yield)
        finally:
            self._finish(self._test)
            self._test = None

    def pytest_sessionfinish(self) -> None:
        """Write what was recorded: of tests/api/test_todos.py to tests-api-test_todos.toml, anew each time."""
        self._stack.close()
        for module, cases in self._cases.items():
            name = re.sub(r"[^\w.-]+", "-", module.removesuffix(".py"))
            write_cases(self._directory, f"{name}{self._worker and f'-{self._worker}'}.toml", cases.values())

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say how many cases there are, and which tests begin without their own database."""
        count = sum(map(len, self._cases.values()))
        terminalreporter.section("gateway")
        terminalreporter.line(f"recorded {count} cases in {self._directory}")
        if self._redacted:
            terminalreporter.line(
                f"{self._redacted} of them without their passwords, tokens and e-mails, so that a login in them fails "
                "on both sides; where tests hold no real ones, record with --gateway-record-raw"
            )
        for reason, tests in sorted(self._reasons.items()):
            terminalreporter.line(f"{tests} of them without their own database: {reason}")

    def _before_request(self, app: Any) -> None:
        if self._test is not None and not self._test.calls:
            try:
                self._test.state = copy_database(database_of(app, self._opened), self._directory / STATES)
            except NoStateError as error:
                self._reasons[str(error)] += 1

    def _record(self, call: Call) -> None:
        if self._test is not None:
            self._test.calls.append(call)

    def _finish(self, test: _Test) -> None:
        if not test.calls:
            return
        exchanges = [Exchange(end_to_end(call.request), call.response) for call in test.calls]
        case = Case(test.name, link(exchanges), source="tests", state=test.state, origin=f"recorded from {test.name}")
        if not self._raw:
            known = {secret for exchange in exchanges for secret in secrets_of(exchange)}
            redacted = redact_case(case, self._salt, known)
            self._redacted += redacted != case
            case = redacted
        self._cases[test.name.partition("::")[0]][test.name] = case
