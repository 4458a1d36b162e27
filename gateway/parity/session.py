"""Both sides of a plan, up from the first case to the end: each case replayed, judged and turned into results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from ..comparing.noise import MIN_REPEATS
from ..comparing.observation import Compared
from ..comparing.result import ParityResult, Verdict
from ..comparing.verdicts import judge
from .compared_case import ComparedCase, case_results
from .corpus.case import Case
from .plan import Plan
from .replaying.replay import Replay
from .replaying.sandbox import ReplaySetup


class ParitySession(Replay):
    """The sides of one plan. Use it as a context manager: a session that is left has no process and no directory."""

    def __init__(
        self,
        plan: Plan,
        *,
        workers: int = 1,
        seed: int = 0,
        repeats: int = MIN_REPEATS,
        needs_legacy_beside: bool = False,
    ) -> None:
        """`repeats` is how often the control is asked again about what differs; below `MIN_REPEATS` nothing is noise.

        Give `needs_legacy_beside` where cases will be asked that the plan does not have yet.
        """
        beside = needs_legacy_beside or any(step.by_legacy for case in plan.cases for step in case.steps)
        setup = ReplaySetup(plan.map.legacy or "", plan.map.new or "", plan.map.replay, plan.root, beside)
        super().__init__(setup, workers=workers, seed=seed, repeats=repeats)
        self._plan = plan
        self._today = datetime.now(UTC).date()

    def replay(self, cases: Iterable[Case]) -> Iterator[tuple[ComparedCase, tuple[ParityResult, ...]]]:
        """Yield (what both sides did with a case, the results of its requests) in the order of completion.

        Results are those of compared routes and of paths that no rule takes. Raises ReplayError when a side cannot be
        restarted.
        """
        plan = self._plan

        def verdicts_of(compared: Compared) -> tuple[Verdict, ...]:
            return judge(compared, plan.route_of(compared.control_request), plan.map.comparison, self._today)

        for compared in self.run(cases, verdicts_of):
            results = case_results(compared, plan.route_of)
            yield compared, tuple(one for one in results if one.route in plan.routes or not one.route)
