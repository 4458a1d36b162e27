"""Say what a comparison has found: differences, what became of each, and the outcome. Values only.

Locations have one notation, `body.items[2].price`, `body["a b"]`, `header.vary`: a key of JSON that is an ASCII
identifier follows a dot; any other stands in brackets as a JSON string, so that no key can look like a path.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum

from ..http.message import Request
from .observation import Observation

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED_OR_INDEX = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')


class Outcome(Enum):
    """Say how the comparison of one request, of one route or of a whole run ended."""

    MATCHED = "matched"
    IGNORED = "ignored"
    """There are differences, and every one of them is deliberate or the control's own noise."""
    MISMATCHED = "mismatched"
    INCONCLUSIVE = "inconclusive"
    """Nothing was shown: too few cases, a side that could not run, or a request whose predecessor differed."""


class Disposition(Enum):
    """Say what became of one difference."""

    MISMATCH = "mismatch"
    IGNORED = "ignored"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Difference:
    """One location where the candidate is not as the control."""

    where: str
    """`status`, `header.vary`, `cookie.session.samesite`, `body.items[2].price`, `effect.rows.todos`, `secret`."""
    control: str | None
    """The control's text there; of JSON its text, so that `1`, `1.0` and `"1"` differ. None where it has nothing."""
    candidate: str | None
    """The candidate's text there, in the form of `control`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A difference with what became of it."""

    difference: Difference
    disposition: Disposition
    reason: str = ""
    """Why it is excused: the ignore rule's reason, or what the noise was; empty for a mismatch."""
    cause: str = ""
    """Name of the known cause (causes/); empty when none is known."""


@dataclass(frozen=True, slots=True)
class ParityResult:
    """One request of one case, on both sides."""

    case: str
    step: int
    """0-based."""
    route: str
    """Key of the map, `GET /todos/<int:todo_id>`; empty for a path that no rule takes."""
    request: Request
    """The request as the control was asked."""
    control: Observation | None
    candidate: Observation | None
    verdicts: tuple[Verdict, ...]
    outcome: Outcome
    note: str = ""
    """Why the outcome is inconclusive; empty for any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteOutcome:
    """Hold what a run has shown of one route: its requests, counted and judged."""

    route: str
    """Key of the map; empty for paths that no rule takes."""
    outcome: Outcome
    matched: int = 0
    ignored: int = 0
    mismatched: int = 0
    inconclusive: int = 0
    note: str = ""
    """Why it is inconclusive: `3 of 5 different requests needed`; empty for any other outcome."""

    @property
    def requests(self) -> int:
        """Count the requests that were compared."""
        return self.matched + self.ignored + self.mismatched + self.inconclusive


def member(where: str, key: str) -> str:
    """Return the location of a key: `body` and `price` -> `body.price`; `a b` -> `body["a b"]`."""
    return f"{where}.{key}" if _IDENTIFIER.fullmatch(key) else f"{where}[{json.dumps(key)}]"


def field_of(where: str) -> str:
    """Return a location with every index as `[*]`: `body.items[2].price` -> `body.items[*].price`."""
    return _QUOTED_OR_INDEX.sub(lambda found: found[0] if found[0].startswith('["') else "[*]", where)
