"""What a run has to say, whatever it is written as: terminal, JSON, JUnit or HTML. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ...comparing.causes.symptom import Cause
from ...comparing.result import Outcome, ParityResult
from ..summary import RouteSummary, defect_rate_bound, worst
from .difference_classes import DifferenceClass, classify_differences


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run has to say."""

    legacy: str
    new: str
    began: datetime
    seconds: float
    seed: int
    cases: int
    summaries: tuple[RouteSummary, ...]
    results: tuple[ParityResult, ...]
    causes: Mapping[str, Cause]
    """The known causes, by name."""
    complaints: tuple[str, ...] = ()
    """Ignore rules that matched nothing or have expired: each fails the run."""
    was_interrupted: bool = False
    notes: tuple[str, ...] = ()
    """What a reader should know besides: cases left out, what a side tried while it started."""
    generated: frozenset[str] = frozenset()
    """Names of the cases that the run made up by itself."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """What made each case, by the case's name."""

    @property
    def outcome(self) -> Outcome:
        """The worst of the routes. A path that no rule takes is the default's, flipped or not: it only informs."""
        if self.complaints:
            return Outcome.MISMATCHED
        routes = [one.outcome for one in self.summaries if one.route]
        return worst([Outcome.INCONCLUSIVE, *routes] if self.was_interrupted else routes)

    @property
    def counts(self) -> tuple[tuple[Outcome, int], ...]:
        """Requests by outcome."""
        return tuple((outcome, sum(result.outcome is outcome for result in self.results)) for outcome in Outcome)

    @property
    def clean(self) -> int:
        """Requests of all routes that count as clean pairs (`RouteSummary.clean`)."""
        return sum(one.clean for one in self.summaries)

    @property
    def classes(self) -> tuple[DifferenceClass, ...]:
        """The classes of all differences, deliberate ones included."""
        return classify_differences(self.results, self.generated)


def exit_code(outcome: Outcome) -> int:
    """Return 0 for matched (deliberate differences aside), 1 for mismatched, 3 for inconclusive."""
    return {Outcome.MISMATCHED: 1, Outcome.INCONCLUSIVE: 3}.get(outcome, 0)


def format_defect_rate(clean: int) -> str:
    """Return `9.8 % of requests like these`, where a defect would have been seen; `-` where nothing was clean."""
    return f"{100 * defect_rate_bound(clean):.1f} % of requests like these" if clean else "-"
