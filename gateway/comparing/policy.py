"""What a comparison excuses: the ignore rules of the map, and how strictly JSON bodies are compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One deliberate difference, with its reason. A rule that matched nothing, or has expired, fails a run."""

    where: str
    """A location, `header.vary` or `body.items[*].price`; `[*]` is any index, a trailing `.*` everything below, `*` any
    location."""
    reason: str
    route: str | None = None
    """A key of the map, `GET /todos`; None is every route."""
    expires: date | None = None
    """Last day on which the rule ignores anything; None is for ever."""
    approved_by: str | None = None
    """Who answers for a candidate whose access control is weaker; without it such a difference is never ignored."""
    line: int | None = None
    """1-based line of the rule in the map; None for a rule that no file has."""
    cause: str | None = None
    """Name of a known cause (docs/differences.md): only differences that show its sign are ignored."""
    control: str | None = None
    """Text that the control must have there, as a report shows it; None is any."""
    candidate: str | None = None
    """Text that the candidate must have there, as a report shows it; None is any."""


@dataclass(frozen=True, slots=True)
class ComparisonPolicy:
    """What decides whether two observations of one request are the same, in a replay as in live traffic."""

    json_mode: str = "typed"
    """`typed`, `canonical` (`1` and `1.0` are equal) or `bytes`."""
    rules: tuple[IgnoreRule, ...] = ()
    """Deliberate differences, in the order of the map."""
