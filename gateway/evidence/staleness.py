"""Tell whether evidence still holds for today's code, cases and policy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple, replace
from datetime import date

from ..comparing.policy import ComparisonPolicy, is_expired
from ..comparing.result import Outcome
from ..config.parity_table import ReplaySettings
from ..parity.corpus.case import Case
from ..store.evidence import Evidence, Fingerprints
from .fingerprint import digest

NEVER_COVERED = ("no parity run has covered it",)
"""Why a route without evidence must not be flipped."""


def missing_or_stale(evidence: Evidence, now: Fingerprints) -> tuple[str, ...]:
    """Return why the route must not be flipped, a sentence a reason; nothing when fresh evidence shows a match."""
    then = evidence.fingerprints
    if evidence.outcome is Outcome.MISMATCHED:
        verdict = f"mismatched: {evidence.mismatched} of {evidence.requests} requests differ"
    elif evidence.outcome is Outcome.INCONCLUSIVE:
        verdict = f"inconclusive: {evidence.note}" if evidence.note else "inconclusive"
    else:
        return tuple(_changes(then, now, evidence))
    # What it found may be why the run itself has kept cases.
    return (*_changes(replace(then, corpus=now.corpus), now, evidence), verdict)


def corpus_fingerprint(cases: Iterable[Case]) -> str:
    """Return the digest of what the cases ask, whatever their order, the files that hold them, and their origin."""
    return digest(sorted(repr(replace(case, origin="")) for case in cases))


def policy_fingerprint(comparison: ComparisonPolicy, replay: ReplaySettings, today: date) -> str:
    """Return a digest of all settings that a verdict depends on; give only the rules that concern the route.

    Where things are kept, on which line a rule stands and a rule that has expired do not count.
    """
    in_force = (rule for rule in comparison.rules if not is_expired(rule, today))
    settings = astuple(replace(replay, store="", corpus=""))
    return digest([comparison.json_mode, repr(settings), *sorted(repr(replace(rule, line=None)) for rule in in_force)])


def _changes(then: Fingerprints, now: Fingerprints, evidence: Evidence) -> Iterator[str]:
    said = f", when the map said {evidence.map_line}" if evidence.map_line else ""
    handlers = (
        ("legacy", then.control, now.control, now.control_name),
        ("new", then.candidate, now.candidate, now.candidate_name),
    )
    for side, before, after, name in handlers:
        if before != after:
            handler = f"handler {name}" if name else f"{side} app"
            yield f"the {handler} changed since {evidence.made:%Y-%m-%d %H:%M} UTC{said}"
            said = ""  # once is enough
    if then.corpus != now.corpus:
        moved = f"{_cases(then.cases)} then, {now.cases} now"
        same = f"{_cases(now.cases)} as before, but not the same"
        yield f"the corpus changed: {same if then.cases == now.cases else moved}"
    if then.policy != now.policy:
        yield "the policy changed"


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"
