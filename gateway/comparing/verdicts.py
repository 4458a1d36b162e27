"""What became of each difference of a case, and the outcome of each of its requests. Pure; the day is an argument."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date

from ..http.message import Request
from ..parity.corpus.case import Step, example
from .access_control import find_looseness
from .causes.explain import Explanation
from .compared import CasePair, StepPair
from .diff.comparison import MOST, every_difference, more
from .ignore_rules import find_rule
from .leaked_secrets import find_echoes
from .location import outline
from .noise import Noise
from .policy import Policy
from .result import Difference, Fate, Outcome, ParityResult, Verdict

CONSEQUENCE = "not-run"
"""The cause of what is missing because the answer is another one: it is meant where that is."""
_AFTER = "an earlier request of this case differed"
_BEGINNING = "only the beginning of the answer was read: it is too long, or endless"
_PASSING = re.compile(r"header\..+|cookie\..+\.(?:samesite|httponly|secure|path|domain|max-age|expires|partitioned)")
"""Places that no later request hangs on: a replay sends what the case says, whatever a browser would."""
_WORST = (Fate.MISMATCH, Fate.IGNORED, Fate.NOISE)


def judge(pair: CasePair, route_of: Callable[[Request], str], policy: Policy, today: date) -> tuple[ParityResult, ...]:
    """A result for each request of the case, in order; one that was not asked is inconclusive.

    What differs after a request that mismatched shows nothing by itself, unless only headers did that no later request
    uses; neither does what matches in a case that was refused. `route_of` gives a route's key, empty for a path that no
    rule takes.
    """
    results: list[ParityResult] = []
    for step in pair.steps:
        route = route_of(step.control_request)
        verdicts = tuple(_verdicts(step, pair.case.credential, route, policy, today))
        outcome, note = _outcome(verdicts), ""
        if outcome is Outcome.MISMATCHED and any(map(_goes_on, pair.case.steps, results)):
            outcome, note = Outcome.INCONCLUSIVE, _AFTER
        elif pair.refused and outcome is not Outcome.MISMATCHED:
            outcome, note = Outcome.INCONCLUSIVE, pair.refused
        elif _is_cut(step) and outcome is not Outcome.MISMATCHED:
            outcome, note = Outcome.INCONCLUSIVE, _BEGINNING
        results.append(
            ParityResult(
                pair.case.name,
                len(results),
                route,
                step.control_request,
                step.control,
                step.candidate,
                _bounded(verdicts),
                outcome,
                note,
            )
        )
    return (*results, *_not_asked(pair, route_of))


def wrong_places(step: StepPair, route: str, policy: Policy, today: date) -> frozenset[str]:
    """Where anything differs that no rule ignores: what the twin and the trials are asked for."""
    verdicts = _verdicts(step, "given", route, policy, today)
    return frozenset(verdict.difference.where for verdict in verdicts if verdict.fate is Fate.MISMATCH)


def _differences(step: StepPair, policy: Policy) -> Iterator[Difference]:
    method = step.control_request.method
    return every_difference(step.control, step.candidate, method=method, json_mode=policy.json_mode)


def _verdicts(step: StepPair, credential: str, route: str, policy: Policy, today: date) -> Iterator[Verdict]:
    differences = list(_differences(step, policy))
    if not differences:
        return
    noise, explanation = Noise(step, policy.json_mode), Explanation(step, policy.json_mode)
    looseness = find_looseness(step, credential)
    of_status = ""
    for difference in (*((looseness,) if looseness else ()), *find_echoes(step), *differences):
        known = explanation.cause_of(difference)
        cause = "" if known is None else known.name
        rule = find_rule(policy.ignore, route, difference, cause, today)
        if rule is not None:
            of_status = rule.reason if difference.where == "status" else of_status
            yield Verdict(difference, Fate.IGNORED, rule.reason, cause)
        elif cause == CONSEQUENCE and of_status:
            yield Verdict(difference, Fate.IGNORED, of_status, cause)
        elif reason := noise.covers(difference):
            yield Verdict(difference, Fate.NOISE, reason, cause)
        else:
            yield Verdict(difference, Fate.MISMATCH, cause=cause)


def _goes_on(step: Step, result: ParityResult) -> bool:
    """Whether what mismatched there may be why a later request of the case differs."""
    if result.outcome is not Outcome.MISMATCHED:
        return False
    kept = {place for _, place in step.keep}
    wrong = (verdict.difference.where for verdict in result.verdicts if verdict.fate is Fate.MISMATCH)
    return any(place in kept or not _PASSING.fullmatch(place) for place in wrong)


def _is_cut(step: StepPair) -> bool:
    answers = (step.control.response, step.candidate.response)
    return any(answer is not None and answer.is_cut for answer in answers)


def _outcome(verdicts: tuple[Verdict, ...]) -> Outcome:
    if any(verdict.fate is Fate.MISMATCH for verdict in verdicts):
        return Outcome.MISMATCHED
    return Outcome.IGNORED if verdicts else Outcome.MATCHED


def _bounded(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """At most `MOST`, some of every field and fate, and one at `more` with the worst fate among the rest."""
    if len(verdicts) <= MOST:
        return verdicts
    seen: Counter[tuple[Fate, str]] = Counter()
    ranked = []
    for index, verdict in enumerate(verdicts):
        field = verdict.fate, outline(verdict.difference.where)
        seen[field] += 1
        ranked.append((seen[field], index))
    kept = {index for _, index in sorted(ranked)[:MOST]}
    rest = [verdict.fate for index, verdict in enumerate(verdicts) if index not in kept]
    last = Verdict(more(len(rest)), min(rest, key=_WORST.index))
    return (*(verdict for index, verdict in enumerate(verdicts) if index in kept), last)


def _not_asked(pair: CasePair, route_of: Callable[[Request], str]) -> Iterator[ParityResult]:
    """What a generated case goes on with is a guess, that an answer has an ETag for example: a wrong one is no loss."""
    if pair.control_lacks and not pair.refused and pair.case.is_generated:
        return
    for index in range(len(pair.steps), len(pair.case.steps)):
        request = pair.case.steps[index].request
        note = pair.refused or pair.control_lacks or pair.candidate_lacks or "not asked"
        yield ParityResult(
            pair.case.name, index, route_of(example(request)), request, None, None, (), Outcome.INCONCLUSIVE, note
        )
