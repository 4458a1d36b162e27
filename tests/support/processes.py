"""Every test that starts a process or a server is marked `process`, so that the run without them takes seconds.

The marker cannot rot: Python's audit events tell what a test and the fixtures that it asks for have started, and a
test without the marker fails for it. What a fixture of several tests has started counts for each of them.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

import pytest

STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "socket.bind"})


class StartedBy(NamedTuple):
    """A fixture that has started something: where it is defined, its name, its parameter, and the audit event."""

    baseid: str
    name: str
    parameter: object
    event: str

    def is_asked_for_by(self, item: pytest.Item) -> bool:
        """Tell whether the test has this fixture with this parameter."""
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        asked = self.name in getattr(item, "fixturenames", ()) and item.nodeid.startswith(self.baseid)
        return asked and parameters.get(self.name) == self.parameter


class ProcessGuard:
    """A pytest plugin that fails a test which starts something and is not marked."""

    def __init__(self) -> None:
        self._events: list[str] = []
        self._fixtures: list[StartedBy] = []
        sys.addaudithook(self._hear)
        self._hear_multiprocessing()

    def _hear(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if event in STARTS:
            self._events.append(event)

    def _hear_multiprocessing(self) -> None:
        """It spawns without an audit event."""
        start = BaseProcess.start

        def start_heard(process: BaseProcess) -> None:
            self._events.append("multiprocessing")
            start(process)

        BaseProcess.start = start_heard  # type: ignore[method-assign]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self._events.clear()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        before = len(self._events)
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function" and len(self._events) > before:
                parameter, event = getattr(request, "param", None), self._events[before]
                self._fixtures.append(StartedBy(fixturedef.baseid, fixturedef.argname, parameter, event))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        result = yield
        if item.get_closest_marker("process") is None:
            by_fixtures = [f"{one.event} in {one.name}" for one in self._fixtures if one.is_asked_for_by(item)]
            if started := by_fixtures or self._events:
                pytest.fail(f"not marked `process`, but it starts one or listens: {started[0]}", pytrace=False)
        return result
