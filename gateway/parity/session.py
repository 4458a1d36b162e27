"""Both apps of one map for as long as somebody asks: started with the first case, each case replayed once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from ..comparing.ignore_rules import unused_rules
from ..comparing.result import ParityResult
from ..errors import ReplayError
from .corpus.case import Case
from .plan import Plan, make_plan
from .replaying.replay import Replay
from .run import judged, wrong_in


class BothSides:
    """A plan and its replay. `close` ends it."""

    def __init__(self, path: Path, *, generated: bool, seed: int = 0) -> None:
        """`path` is the map's."""
        self.path = path
        self._generated = generated
        self._seed = seed
        self._replay: Replay | None = None
        self._failure: ReplayError | None = None
        self._results: dict[str, tuple[ParityResult, ...]] = {}

    @cached_property
    def plan(self) -> Plan:
        """Read when it is first asked for; raises as `make_plan` does."""
        return make_plan(self.path, (), generated=self._generated, seed=self._seed)

    def results(self, case: Case) -> tuple[ParityResult, ...]:
        """Of each request of one of the plan's cases. Raises ReplayError when a side cannot be started."""
        if case.name not in self._results:
            self._results[case.name] = self.replay(case)
        return self._results[case.name]

    def replay(self, case: Case) -> tuple[ParityResult, ...]:
        """The same of any case, and not kept."""
        plan, policy, today = self.plan, self.plan.map.policy, datetime.now(UTC).date()
        pairs = self._started().run([plan.prepared(case)], wrong_in(plan))
        return tuple(result for pair in pairs for result in judged(pair, plan, policy, today))

    def complaints(self) -> tuple[str, ...] | None:
        """About the ignore rules; None where nothing can be said, for not every case was replayed."""
        if not self._generated or any(case.name not in self._results for case in self.plan.cases):
            return None
        found = (result for results in self._results.values() for result in results)
        return unused_rules(found, self.plan.map.policy, datetime.now(UTC).date())

    def close(self) -> None:
        """No process and no directory is left."""
        if self._replay is not None:
            self._replay.__exit__(None, None, None)
            self._replay = None

    def _started(self) -> Replay:
        """A start that failed is not tried again."""
        if self._failure is not None:
            raise self._failure
        if self._replay is None:
            try:
                setup = replace(self.plan.setup, needs_legacy_beside=bool(self.plan.one_sided))
                self._replay = Replay(setup, workers=1, seed=self._seed).__enter__()
            except ReplayError as error:
                self._failure = error
                raise
        return self._replay
