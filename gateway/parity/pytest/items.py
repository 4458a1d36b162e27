"""`pytest --parity [MAP]`: a test for each route and case of a map, and the `parity` fixture. No data is a failure.

The plan is read when the map is collected, the sides start with the first test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from textwrap import shorten
from typing import Any

import pytest

from ...comparing.causes import CAUSES
from ...comparing.policy import unused_rules
from ...comparing.result import Disposition, Outcome, ParityResult
from ...errors import GatewayError, ReplayError
from ..corpus.case import Case
from ..corpus.case_reading import read_step
from ..plan import Plan, plan_routes, with_cases
from ..reporting.report import format_request, format_verdict
from ..reporting.side_by_side import Piece, side_by_side
from ..session import ParitySession

GREEN = (Outcome.MATCHED, Outcome.IGNORED)
WIDTH_CHARS = 56
"""Width of each side."""
MAX_DIFFERENCE_CHARS = 200
"""Length of a difference in its line: the whole of it is below."""


class LazySession:
    """A plan and its sides, each case replayed once. `close` ends it."""

    def __init__(self, path: Path, *, generated: bool) -> None:
        """Prepare for the map at `path`."""
        self.path = path
        self._generated = generated
        self._session: ParitySession | ReplayError | None = None
        """Why it did not start, where it did not: that is not tried again."""
        self._results: dict[str, tuple[ParityResult, ...]] = {}

    @cached_property
    def plan(self) -> Plan:
        """The plan, read when it is first asked for; raises as `plan_routes` and `with_cases` do."""
        return with_cases(plan_routes(self.path, ()), generated=self._generated, seed=0)

    def results(self, case: Case) -> tuple[ParityResult, ...]:
        """Return the results of one of the plan's cases. Raises ReplayError when a side cannot be started."""
        if case.name not in self._results:
            self._results[case.name] = self.replay(case)
        return self._results[case.name]

    def replay(self, case: Case) -> tuple[ParityResult, ...]:
        """Return the results of any case, without keeping them. Raises ReplayError when a side cannot be started."""
        if self._session is None:
            try:
                session = ParitySession(self.plan, needs_legacy_beside=bool(self.plan.one_sided))
                self._session = session.__enter__()
            except ReplayError as error:
                self._session = error
        if isinstance(self._session, ReplayError):
            raise self._session
        found = self._session.replay([self.plan.prepared(case)])
        return tuple(result for _, results in found for result in results)

    def complaints(self) -> tuple[str, ...] | None:
        """Return what is wrong with the ignore rules, or None while not every case was replayed."""
        if not self._generated or any(case.name not in self._results for case in self.plan.cases):
            return None
        found = (result for results in self._results.values() for result in results)
        return unused_rules(found, self.plan.map.comparison.rules, datetime.now(UTC).date())

    def close(self) -> None:
        """End the sides; no process and no directory is left."""
        if isinstance(self._session, ParitySession):
            self._session.__exit__()
            self._session = None


SESSION = pytest.StashKey[LazySession]()
"""The session of a run with `--parity`, in its config."""


class ParityTests:
    """The plugin while `--parity` is given."""

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Collect the map as a file of tests."""
        return MapFile.from_parent(parent, path=file_path) if file_path == parent.config.stash[SESSION].path else None

    @pytest.hookimpl(tryfirst=True)  # before `-m` selects
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Mark every test with the fixture."""
        for item in items:
            if "parity" in getattr(item, "fixturenames", ()):
                item.add_marker("parity")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End the sides."""
        session.config.stash[SESSION].close()


class MapFile(pytest.File):
    """A map: each route that both apps have, and the ignore rules."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yield the tests of the map. Raises CollectError with what is wrong in map, corpus or apps."""
        try:
            plan = self.config.stash[SESSION].plan
        except GatewayError as error:
            raise self.CollectError(str(error)) from error
        for route in plan.routes:
            yield RouteTests.from_parent(self, name=route)
        if plan.map.comparison.rules:
            yield ParityTest.from_parent(self, name="ignore rules", check=self._check_rules)

    def _check_rules(self) -> None:
        complaints = self.config.stash[SESSION].complaints()
        if complaints is None:
            pytest.skip("only a run of every case, generated ones too, shows that a rule matches nothing")
        if complaints:
            _fail("\n".join(complaints))


class RouteTests(pytest.Collector):
    """One route: a test for each case that asks it, and one more where they are too few."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the tests in the order of the corpus."""
        plan, requests = self.config.stash[SESSION].plan, 0
        for case in plan.cases:
            if asked := plan.routes_of(case).count(self.name):
                requests += asked
                yield ParityTest.from_parent(self, name=case.name, check=partial(self._check, case))
        if requests < (minimum := plan.map.replay.min_requests):
            fail = partial(_fail, f"{requests} of {minimum} different requests needed")
            yield ParityTest.from_parent(self, name="enough requests", check=fail)

    def _check(self, case: Case) -> None:
        found = tuple(result for result in self.config.stash[SESSION].results(case) if result.route == self.name)
        if not found and case.is_generated:
            pytest.skip("a wrong guess: no answer of legacy has the value that it goes on with")
        _check_green(found, case.origin)


class ParityTest(pytest.Item):
    """One thing to check."""

    def __init__(self, *, check: Callable[[], None], **rest: Any) -> None:
        super().__init__(**rest)
        self._check = check
        self.add_marker("parity")

    def runtest(self) -> None:
        """Raise AssertionError with what differs, ReplayError when a side cannot be started."""
        self._check()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what differs; a traceback through the gateway's own lines says nothing about it."""
        if isinstance(excinfo.value, AssertionError | GatewayError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the heading of a failure."""
        route = f"{self.parent.name}: " if isinstance(self.parent, RouteTests) else ""
        return self.path, None, f"{route}{self.name}"


class Parity:
    """The `parity` fixture: one request, or several from one state, on both sides."""

    def __init__(self, sides: LazySession, name: str) -> None:
        self._sides = sides
        self._name = name

    def check(self, request: str, **step: Any) -> ParityResult:
        """Ask both sides, `check("POST /todos", json={"title": "x"})`; `step` has the keys of a step of a case file.

        Raises AssertionError with what differs, ValueError for what is no step.
        """
        __tracebackhide__ = True
        return self.check_steps({"request": request, **step})[0]

    def check_steps(self, *steps: dict[str, Any]) -> tuple[ParityResult, ...]:
        """Ask both sides several requests, each with its `request`; what one captures is used in the next."""
        __tracebackhide__ = True
        return self.check_case(Case(self._name, tuple(map(read_step, steps))))

    def check_case(self, case: Case) -> tuple[ParityResult, ...]:
        """Ask both sides a case, from its state."""
        __tracebackhide__ = True
        results = self._sides.replay(case)
        _check_green(results, case.origin)
        return results


def _check_green(found: tuple[ParityResult, ...], origin: str) -> None:
    __tracebackhide__ = True
    if failed := [one for one in found if one.outcome not in GREEN]:
        texts = (f"{one.outcome.value} at request {one.step + 1}\n{_failure_text(one, origin)}" for one in failed)
        _fail("\n\n".join(texts))
    if not found:
        _fail("nothing was compared: no request was of a route that both sides have")


def _fail(text: str) -> None:
    __tracebackhide__ = True
    raise AssertionError(text)


def _failure_text(result: ParityResult, origin: str = "") -> str:
    """Return the note, the differences, what to do about them, the origin, the request and both answers side by side.

    `origin` is the case's; "" gives no line. `|` is between lines that differ, `<` or `>` beside one of one side only.
    """
    lines = [result.note] if result.note else []
    lines += [shorten(format_verdict(verdict), MAX_DIFFERENCE_CHARS, placeholder="...") for verdict in result.verdicts]
    known = dict.fromkeys(
        one.cause for one in result.verdicts if one.cause in CAUSES and one.disposition is Disposition.MISMATCH
    )
    lines += [f"{name}: {CAUSES[name].title}\n    fix: {CAUSES[name].advice}" for name in known]
    lines += [f"origin: {origin}"] if origin else []
    lines += ["", format_request(result.request), "", f"{'legacy':<{WIDTH_CHARS}}   new"]
    for line in side_by_side(result.control, result.candidate):
        left, right = _text(line.control), _text(line.candidate)
        sign = ">" if line.control is None else "<" if line.candidate is None else "|" if line.differs else " "
        lines.append(f"{left:<{WIDTH_CHARS}} {sign} {right}".rstrip())
    return "\n".join(lines)


def _text(pieces: tuple[Piece, ...] | None) -> str:
    text = "".join(piece for piece, _ in pieces or ())
    return text if len(text) <= WIDTH_CHARS else f"{text[: WIDTH_CHARS - 3]}..."
