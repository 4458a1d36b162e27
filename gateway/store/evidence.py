"""What a parity run has shown of a route, and whether it still holds for today's code, cases and policy. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime

from ..comparing.policy import IgnoreRule, Policy
from ..comparing.result import Outcome
from ..parity.corpus.case import Case


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Everything that a verdict on one route, or on a whole run, depends on. Equal values: nothing has changed."""

    control: str
    """Of the legacy side's code (fingerprint.py)."""
    candidate: str
    policy: str
    """`policy_fingerprint`."""
    corpus: str
    """`corpus_fingerprint`."""
    cases: int = 0
    """How many the corpus had."""
    control_name: str = ""
    """What a person calls the handler: `todos.list_todos`."""
    candidate_name: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A run's verdict on one route, bound to what it was made of."""

    route: str
    """Key of the map."""
    outcome: Outcome
    matched: int
    ignored: int
    mismatched: int
    inconclusive: int
    power: float
    """The rate of defects that the clean requests would have shown with 95 % certainty."""
    fingerprints: Fingerprints
    made: datetime
    """Aware, UTC."""
    run: int
    note: str = ""
    """Why it is inconclusive: `3 of 5 different requests needed`."""
    id: int = 0
    """The store's; 0 before it is kept."""

    @property
    def requests(self) -> int:
        return self.matched + self.ignored + self.mismatched + self.inconclusive


NEVER_COVERED = ("no parity run has covered it",)
"""Why a route without evidence must not be flipped."""


def missing_or_stale(evidence: Evidence, now: Fingerprints) -> tuple[str, ...]:
    """Why the route must not be flipped, a sentence a reason; empty when fresh evidence says that both sides match."""
    verdict = tuple(_verdict(evidence))
    then = evidence.fingerprints
    if verdict:  # which may be why the run itself has kept cases
        then = replace(then, corpus=now.corpus)
    return (*_changes(then, now, evidence.made), *verdict)


def parity_command(route: str) -> str:
    """What a person types to cover the route."""
    return f'gateway parity "{route}"'


def corpus_fingerprint(cases: Iterable[Case]) -> str:
    """Of the cases themselves, whatever their order and the files that hold them."""
    return _digest(sorted(repr(case) for case in cases))


def policy_fingerprint(policy: Policy, today: date, rules: Iterable[IgnoreRule]) -> str:
    """Of what a run may believe: `rules` are those that concern the route. Where things are kept, on which line a
    rule stands and a rule that has expired do not count."""
    in_force = sorted(repr(replace(rule, line=None)) for rule in rules if rule.expires is None or rule.expires >= today)
    return _digest([repr(astuple(replace(policy, ignore=(), store="", corpus=""))), *in_force])


def _changes(then: Fingerprints, now: Fingerprints, made: datetime) -> Iterator[str]:
    when = f"{made:%Y-%m-%d %H:%M} UTC"
    handlers = (
        ("legacy", then.control, now.control, now.control_name),
        ("new", then.candidate, now.candidate, now.candidate_name),
    )
    for side, before, after, name in handlers:
        if before != after:
            yield f"the {f'handler {name}' if name else f'{side} app'} changed since {when}"
    if then.corpus != now.corpus:
        moved = f"{_cases(then.cases)} then, {now.cases} now"
        same = f"{_cases(now.cases)} as before, but not the same"
        yield f"the corpus changed: {same if then.cases == now.cases else moved}"
    if then.policy != now.policy:
        yield "the policy changed"


def _verdict(evidence: Evidence) -> Iterator[str]:
    if evidence.outcome is Outcome.MISMATCHED:
        yield f"mismatched: {evidence.mismatched} of {evidence.requests} requests differ"
    elif evidence.outcome is Outcome.INCONCLUSIVE:
        yield f"inconclusive: {evidence.note}" if evidence.note else "inconclusive"


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
