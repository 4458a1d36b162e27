"""The session of a pytest run: the plan is read when the map is collected, the sides start with the first test."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from ...comparing.policy import unused_rules
from ...comparing.result import ParityResult
from ...errors import ReplayError
from ..corpus.case import Case
from ..plan import Plan, make_plan
from ..session import ParitySession


class LazySession:
    """A plan and its sides, each case replayed once. `close` ends it."""

    def __init__(self, path: Path, *, generated: bool, seed: int = 0) -> None:
        """`path` is that of the map."""
        self.path = path
        self._generated = generated
        self._seed = seed
        self._session: ParitySession | ReplayError | None = None
        """Why it did not start, where it did not: that is not tried again."""
        self._results: dict[str, tuple[ParityResult, ...]] = {}

    @cached_property
    def plan(self) -> Plan:
        """The plan, read when it is first asked for; raises as `make_plan` does."""
        return make_plan(self.path, (), generated=self._generated, seed=self._seed)

    def results(self, case: Case) -> tuple[ParityResult, ...]:
        """Return the results of one of the plan's cases. Raises ReplayError when a side cannot be started."""
        if case.name not in self._results:
            self._results[case.name] = self.replay(case)
        return self._results[case.name]

    def replay(self, case: Case) -> tuple[ParityResult, ...]:
        """Return the results of any case, without keeping them. Raises ReplayError when a side cannot be started."""
        if self._session is None:
            session = ParitySession(self.plan, seed=self._seed, needs_legacy_beside=bool(self.plan.one_sided))
            try:
                self._session = session.__enter__()
            except ReplayError as error:
                self._session = error
        if isinstance(self._session, ReplayError):
            raise self._session
        found = self._session.replay([self.plan.prepared(case)])
        return tuple(result for one in found for result in one.results)

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
