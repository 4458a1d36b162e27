"""A case as both sides answered it, and what that shows: a result for each request, from its verdicts. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from ..comparing.observation import Compared
from ..comparing.result import Outcome, ParityResult, Verdict
from ..comparing.verdicts import bounded, mismatched_locations, outcome_of
from ..http.message import Request
from .corpus.case import Case, example

_AFTER = "an earlier request of this case differed"
_BEGINNING = "only the beginning of the answer was read: it is too long, or endless"
_PASSING = re.compile(r"header\..+|cookie\..+\.(?:samesite|httponly|secure|path|domain|max-age|expires|partitioned)")
"""Locations that no later request depends on: a replay sends what the case says, whatever a browser would."""
Judge = Callable[[Compared], tuple[Verdict, ...]]
"""Gives a verdict on each difference of one request."""


@dataclass(frozen=True, slots=True)
class ComparedCase:
    """One case on both sides."""

    case: Case
    steps: tuple[Compared, ...]
    """The requests that both sides answered."""
    verdicts: tuple[tuple[Verdict, ...], ...]
    """The verdicts on the differences of each of the steps."""
    refused: str = ""
    """Why it was not run, or not to its end: what cannot be contained is not run."""
    control_lacks: str = ""
    """Why the rest was not asked: a value that it needs was in none of the control's answers."""
    candidate_lacks: str = ""
    """Why the rest was not asked of the candidate, which may be a difference by itself."""

    def judged(self, judge: Judge, numbers: Iterable[int]) -> ComparedCase:
        """Return the case with new verdicts on the steps of these numbers."""
        verdicts = list(self.verdicts)
        for number in numbers:
            verdicts[number] = judge(self.steps[number])
        return replace(self, verdicts=tuple(verdicts))


def case_results(compared: ComparedCase, route_of: Callable[[Request], str]) -> tuple[ParityResult, ...]:
    """Return a result for each request of the case, in order; one that was not asked is inconclusive.

    What differs after a request that mismatched shows nothing by itself, unless only headers did that no later request
    uses; neither does what matches in a case that was refused. `route_of` gives a route's key, "" for a path that no
    rule takes.
    """
    results: list[ParityResult] = []
    has_diverged = False
    for number, (one, verdicts) in enumerate(zip(compared.steps, compared.verdicts, strict=True)):
        outcome, note = outcome_of(verdicts), ""
        answers = (one.control.response, one.candidate.response)
        if outcome is Outcome.MISMATCHED:
            if has_diverged:
                outcome, note = Outcome.INCONCLUSIVE, _AFTER
            else:
                captured = {location for _, location in compared.case.steps[number].captures}
                mismatched = mismatched_locations(verdicts)
                has_diverged = any(where in captured or not _PASSING.fullmatch(where) for where in mismatched)
        elif compared.refused:
            outcome, note = Outcome.INCONCLUSIVE, compared.refused
        elif any(answer is not None and answer.is_cut for answer in answers):
            outcome, note = Outcome.INCONCLUSIVE, _BEGINNING
        results.append(
            ParityResult(
                case=compared.case.name,
                step=number,
                route=route_of(one.control_request),
                request=one.control_request,
                control=one.control,
                candidate=one.candidate,
                verdicts=bounded(verdicts),
                outcome=outcome,
                note=note,
            )
        )
    return (*results, *_not_asked(compared, route_of))


def _not_asked(compared: ComparedCase, route_of: Callable[[Request], str]) -> Iterator[ParityResult]:
    """Yield an inconclusive result for each request that was not asked.

    What a generated case goes on with is a guess, that an answer has an ETag for example: a wrong one is no loss.
    """
    if compared.control_lacks and not compared.refused and compared.case.is_generated:
        return
    note = compared.refused or compared.control_lacks or compared.candidate_lacks or "not asked"
    for number, step in list(enumerate(compared.case.steps))[len(compared.steps) :]:
        yield ParityResult(
            case=compared.case.name,
            step=number,
            route=route_of(example(step.request)),
            request=step.request,
            control=None,
            candidate=None,
            verdicts=(),
            outcome=Outcome.INCONCLUSIVE,
            note=note,
        )
