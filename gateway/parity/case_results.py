"""The result of each request of a case, from what became of its differences. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..comparing.observation import Compared
from ..comparing.result import Outcome, ParityResult
from ..comparing.verdicts import bounded, mismatched_locations, outcome_of
from ..http.message import Request
from .compared_case import ComparedCase
from .corpus.case import Step, example

_AFTER = "an earlier request of this case differed"
_BEGINNING = "only the beginning of the answer was read: it is too long, or endless"
_PASSING = re.compile(r"header\..+|cookie\..+\.(?:samesite|httponly|secure|path|domain|max-age|expires|partitioned)")
"""Locations that no later request depends on: a replay sends what the case says, whatever a browser would."""


def case_results(pair: ComparedCase, route_of: Callable[[Request], str]) -> tuple[ParityResult, ...]:
    """Return a result for each request of the case, in order; one that was not asked is inconclusive.

    What differs after a request that mismatched shows nothing by itself, unless only headers did that no later request
    uses; neither does what matches in a case that was refused. `route_of` gives a route's key, empty for a path that no
    rule takes.
    """
    results: list[ParityResult] = []
    has_diverged = False
    for number, (compared, verdicts) in enumerate(zip(pair.steps, pair.verdicts, strict=True)):
        outcome, note = outcome_of(verdicts), ""
        if outcome is Outcome.MISMATCHED and has_diverged:
            outcome, note = Outcome.INCONCLUSIVE, _AFTER
        elif pair.refused and outcome is not Outcome.MISMATCHED:
            outcome, note = Outcome.INCONCLUSIVE, pair.refused
        elif _is_cut(compared) and outcome is not Outcome.MISMATCHED:
            outcome, note = Outcome.INCONCLUSIVE, _BEGINNING
        if outcome is Outcome.MISMATCHED:
            has_diverged |= _changes_what_follows(pair.case.steps[number], mismatched_locations(verdicts))
        results.append(
            ParityResult(
                pair.case.name,
                number,
                route_of(compared.control_request),
                compared.control_request,
                compared.control,
                compared.candidate,
                bounded(verdicts),
                outcome,
                note,
            )
        )
    return (*results, *_not_asked(pair, route_of))


def _changes_what_follows(step: Step, mismatched: frozenset[str]) -> bool:
    """Return whether a mismatch may be why a later request of the case differs."""
    captured = {location for _, location in step.captures}
    return any(location in captured or not _PASSING.fullmatch(location) for location in mismatched)


def _is_cut(compared: Compared) -> bool:
    answers = (compared.control.response, compared.candidate.response)
    return any(answer is not None and answer.is_cut for answer in answers)


def _not_asked(pair: ComparedCase, route_of: Callable[[Request], str]) -> Iterator[ParityResult]:
    """Yield an inconclusive result for each request that was not asked.

    What a generated case goes on with is a guess, that an answer has an ETag for example: a wrong one is no loss.
    """
    if pair.control_lacks and not pair.refused and pair.case.is_generated:
        return
    for index in range(len(pair.steps), len(pair.case.steps)):
        request = pair.case.steps[index].request
        note = pair.refused or pair.control_lacks or pair.candidate_lacks or "not asked"
        yield ParityResult(
            pair.case.name, index, route_of(example(request)), request, None, None, (), Outcome.INCONCLUSIVE, note
        )
