"""Decide what becomes of each difference between two observations of one request. Pure; the day is an argument.

Theory of operation. `judge` walks the differences in this order: weaker access, leaked secrets, then those of
`compare`, of which `status` is the first. Each gets the first disposition that applies:

| # | the difference                                                                    | disposition | reason       |
|---|-----------------------------------------------------------------------------------|-------------|--------------|
| 1 | is covered by an ignore rule in force                                             | ignored     | the rule's   |
| 2 | follows from the status, which 1 covered                                          | ignored     | the status's |
| 3 | is within what the control says differently when it is asked again                | noise       | what varies  |
| 4 | is any other                                                                      | mismatch    | none         |

A request with a mismatch is mismatched, one with other verdicts alone is ignored, one without verdicts has matched.
That a request shows nothing (inconclusive) is for those to say who know the rest of its case.

What follows from a status: effects that are missing with the answer (`not-run`). Where the rule names both statuses or
a cause, and the candidate's is below 500: of an error the headers that say of what kind it is, and the body where the
candidate's alone is one; cookies that it lacks. Never what protects: CORS, policies, caches, who may log in.

ORDER MATTERS: rule 2 looks back at the status, so `status` has to come before everything else.
WARNING: `authentication` and `secret` meet rule 1 only by a rule that names location, route and who approved it
(policy.py); rules 2 and 3 never concern them, whatever is ignored at `status` or anywhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from .causes import Explainer
from .causes.effects import not_run
from .diff.comparison import compare
from .exposure import find_leaked_secrets, find_weaker_access
from .noise import Noise
from .observation import Compared
from .policy import ComparisonPolicy, find_rule
from .result import Difference, Disposition, Outcome, Verdict, field_of

MAX_VERDICTS = 200
"""Verdicts on one request that are kept; a last one, at `more`, says how many there are beside them."""
_OF_STATUS = frozenset(f"header.{name}" for name in ("allow", "content-length", "content-type", "location", "vary"))
_WORST = (Disposition.MISMATCH, Disposition.IGNORED, Disposition.NOISE)


def judge(compared: Compared, route: str, policy: ComparisonPolicy, today: date) -> tuple[Verdict, ...]:
    """Return a verdict for every difference of one request, in the order of the module's theory of operation.

    `route` is a key of the map, empty for a path that no rule takes. An ignore rule holds through the day it expires.
    """
    method, json_mode = compared.control_request.method, policy.json_mode
    found = [
        *find_weaker_access(compared),
        *find_leaked_secrets(compared),
        *compare(compared.control, compared.candidate, method=method, json_mode=json_mode),
    ]
    if not found:
        return ()
    noise, explainer = Noise(compared, json_mode), Explainer(compared, json_mode)
    verdicts, reason_of_status, is_named = [], "", False
    answers = compared.control.response, compared.candidate.response
    statuses = [500 if answer is None else answer.status for answer in answers]
    for difference in found:
        known = explainer.cause_of(difference)
        cause = known.name if known else ""
        if rule := find_rule(policy.rules, route, difference, cause, today):
            disposition, reason = Disposition.IGNORED, rule.reason
        elif reason_of_status and (cause == not_run.name or (is_named and _follows(difference, statuses))):
            disposition, reason = Disposition.IGNORED, reason_of_status
        elif reason := noise.reason_for(difference):
            disposition = Disposition.NOISE
        else:
            disposition = Disposition.MISMATCH
        if difference.where == "status" and disposition is Disposition.IGNORED:
            reason_of_status = reason  # before all that follows: `compare` yields the status first
            is_named = rule is not None and (rule.cause is not None or None not in (rule.control, rule.candidate))
        verdicts.append(Verdict(difference, disposition, reason, cause))
    return tuple(verdicts)


def _follows(difference: Difference, statuses: Sequence[int]) -> bool:
    """Tell whether a part of an answer is another one because one of the two statuses is an error."""
    control, candidate = statuses
    where = difference.where
    if candidate >= 500 or not (control >= 400 or candidate >= 400):
        return False
    if where.startswith("cookie."):
        return candidate >= 400 and difference.candidate is None
    return where in _OF_STATUS or (control < 400 <= candidate and where.startswith(("body", "framing")))


def outcome_of(verdicts: tuple[Verdict, ...]) -> Outcome:
    """Return the outcome of one request: mismatched, ignored, or matched where there is no verdict at all."""
    if mismatched_locations(verdicts):
        return Outcome.MISMATCHED
    return Outcome.IGNORED if verdicts else Outcome.MATCHED


def mismatched_locations(verdicts: tuple[Verdict, ...]) -> frozenset[str]:
    """Return the locations of the differences that nothing excuses."""
    return frozenset(one.difference.where for one in verdicts if one.disposition is Disposition.MISMATCH)


def bounded(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Return at most `MAX_VERDICTS`, some of every field and disposition, and at `more` the worst of the others."""
    if len(verdicts) <= MAX_VERDICTS:
        return verdicts
    seen: Counter[tuple[Disposition, str]] = Counter()
    ranked = []
    for index, verdict in enumerate(verdicts):
        field = verdict.disposition, field_of(verdict.difference.where)
        seen[field] += 1
        ranked.append((seen[field], index))
    kept = {index for _, index in sorted(ranked)[:MAX_VERDICTS]}
    rest = [verdict.disposition for index, verdict in enumerate(verdicts) if index not in kept]
    text = f"{len(rest):,} more difference{'s' if len(rest) > 1 else ''}"
    last = Verdict(Difference("more", None, text), min(rest, key=_WORST.index))
    return (*(verdict for index, verdict in enumerate(verdicts) if index in kept), last)
