"""What a parity run has shown of a route, bound to what it was made of. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..comparing.result import Outcome


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Everything that a verdict on one route, or on a whole run, depends on. Equal values: nothing has changed."""

    control: str
    """Of the legacy side's code ."""
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
    defect_rate_bound: float
    """The 95 % upper bound of the rate of defects among requests like the clean ones, 0 to 1."""
    fingerprints: Fingerprints
    made: datetime
    """Aware, UTC."""
    run: int
    note: str = ""
    """Why it is inconclusive: `3 of 5 different requests needed`."""
    map_line: str = ""
    """What the map said of the route at the time: `"GET /todos" = "legacy"`. Empty in evidence of a version-1 store."""
    id: int = 0
    """The store's; 0 before it is kept."""

    @property
    def requests(self) -> int:
        return self.matched + self.ignored + self.mismatched + self.inconclusive
