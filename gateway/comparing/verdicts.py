"""What becomes of each difference between two observations of one request. Pure; the day is an argument.

Theory of operation. `judge` walks the differences in the order in which `every_difference` yields them and gives each
the first disposition that applies:

| # | the difference                                                            | disposition |
|---|---------------------------------------------------------------------------|-------------|
| 1 | is covered by an ignore rule in force                                     | ignored     |
| 2 | is missing only because the answer is another one (`not-run`), and an ignore rule covered the status | ignored |
| 3 | is within what the control says differently when it is asked again        | noise       |
| 4 | anything else                                                             | mismatch    |

ORDER MATTERS: rule 2 looks back at the status, so the status must come before everything that can follow from it.
`every_difference` yields it first, and access control and leaked secrets, which rule 2 never concerns, go before it.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from .access_control import find_weaker_access
from .causes.explain import Explainer
from .compared import Compared
from .diff.comparison import MAX_DIFFERENCES, every_difference, more
from .ignore_rules import find_rule
from .leaked_secrets import find_leaked_secrets
from .location import field_of
from .noise import Noise
from .policy import ComparisonPolicy
from .result import Disposition, Outcome, Verdict

CONSEQUENCE = "not-run"
"""The cause of what is missing because the answer is another one: it is meant where that is."""
_WORST = (Disposition.MISMATCH, Disposition.IGNORED, Disposition.NOISE)


def judge(compared: Compared, route: str, policy: ComparisonPolicy, today: date) -> tuple[Verdict, ...]:
    """Return a verdict for every difference of one request, in the order in which they were found.

    `route` is a key of the map, empty for a path that no rule takes. An ignore rule holds through the day it expires.
    """
    differences = list(
        every_difference(
            compared.control,
            compared.candidate,
            method=compared.control_request.method,
            json_mode=policy.json_mode,
        )
    )
    if not differences:
        return ()
    noise, explanation = Noise(compared, policy.json_mode), Explainer(compared, policy.json_mode)
    looseness = find_weaker_access(compared)
    verdicts = []
    ignored_status = ""
    for difference in (*((looseness,) if looseness else ()), *find_leaked_secrets(compared), *differences):
        known = explanation.cause_of(difference)
        cause = "" if known is None else known.name
        rule = find_rule(policy.rules, route, difference, cause, today)
        if rule is not None:
            ignored_status = rule.reason if difference.where == "status" else ignored_status
            verdict = Verdict(difference, Disposition.IGNORED, rule.reason, cause)
        elif cause == CONSEQUENCE and ignored_status:
            verdict = Verdict(difference, Disposition.IGNORED, ignored_status, cause)
        elif reason := noise.covers(difference):
            verdict = Verdict(difference, Disposition.NOISE, reason, cause)
        else:
            verdict = Verdict(difference, Disposition.MISMATCH, cause=cause)
        verdicts.append(verdict)
    return tuple(verdicts)


def outcome_of(verdicts: tuple[Verdict, ...]) -> Outcome:
    """Return the outcome of one request: mismatched, ignored, or matched where there is no verdict at all."""
    if mismatched_locations(verdicts):
        return Outcome.MISMATCHED
    return Outcome.IGNORED if verdicts else Outcome.MATCHED


def mismatched_locations(verdicts: tuple[Verdict, ...]) -> frozenset[str]:
    """Return the locations of the differences that nothing excuses."""
    return frozenset(one.difference.where for one in verdicts if one.disposition is Disposition.MISMATCH)


def bounded(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Return at most `MAX_DIFFERENCES` verdicts, some of every field and disposition.

    What is left out becomes one verdict at `more`, with the worst disposition among it.
    """
    if len(verdicts) <= MAX_DIFFERENCES:
        return verdicts
    seen: Counter[tuple[Disposition, str]] = Counter()
    ranked = []
    for index, verdict in enumerate(verdicts):
        field = verdict.disposition, field_of(verdict.difference.where)
        seen[field] += 1
        ranked.append((seen[field], index))
    kept = {index for _, index in sorted(ranked)[:MAX_DIFFERENCES]}
    rest = [verdict.disposition for index, verdict in enumerate(verdicts) if index not in kept]
    last = Verdict(more(len(rest)), min(rest, key=_WORST.index))
    return (*(verdict for index, verdict in enumerate(verdicts) if index in kept), last)
