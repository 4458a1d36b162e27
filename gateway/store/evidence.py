"""Keep what a parity run has shown of a route, bound to what the verdict was made of. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..comparing.result import RouteOutcome


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Everything that a verdict on one route, or on a whole run, depends on. Equal values: nothing has changed."""

    control: str
    """Digest of the legacy side's code."""
    candidate: str
    """Digest of the new side's code."""
    policy: str
    """Digest of the settings and rules (`evidence.current.policy_fingerprint`)."""
    corpus: str
    """Digest of the cases (`evidence.current.corpus_fingerprint`)."""
    cases: int = 0
    """How many cases the corpus had."""
    control_name: str = ""
    """A person's name for the legacy handler: `todos.list_todos`."""
    candidate_name: str = ""
    """A person's name for the new handler: `new.todos:list_todos`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(RouteOutcome):
    """A run's verdict on one route, bound to what it was made of."""

    defect_rate_bound: float
    """The 95 % upper bound of the rate of defects among requests like the clean ones, 0 to 1."""
    fingerprints: Fingerprints
    made: datetime
    """Aware, UTC."""
    run: int
    map_line: str = ""
    """The map's word on the route at the time: `"GET /todos" = "legacy"`. Empty in evidence of a version-1 store."""
    id: int = 0
    """The row's id in the store; 0 before the evidence is kept."""
