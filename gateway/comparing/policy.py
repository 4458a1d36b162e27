"""The `[parity]` table of the map: how both sides are started for a replay, and which differences are deliberate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One deliberate difference, with its reason. A rule that matched nothing, or has expired, fails a run."""

    where: str
    """A place, `header.vary` or `body.items[*].price`; `[*]` is any index, a trailing `.*` everything below, `*` any
    place."""
    reason: str
    route: str | None = None
    """A key of the map, `GET /todos`; None is every route."""
    expires: date | None = None
    approved_by: str | None = None
    """Who answers for a candidate that is looser than the control; without it such a difference is never ignored."""
    line: int | None = None
    """Where the map has it."""
    cause: str | None = None
    """Name of a known cause (docs/differences.md): only differences that show its sign."""
    control: str | None = None
    """Only where the control has this, as the report shows it."""
    candidate: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What a parity run is allowed to believe. `{database}`, `{directory}` and `{side}` stand for each side's own."""

    corpus: str = "corpus"
    """Directory of the cases, from the map's own directory."""
    store: str = "sqlite:///.gateway/parity.sqlite3"
    """SQLAlchemy URL of results, evidence and audit; a relative SQLite path starts at the map's own directory."""
    database: str | None = None
    """URL of the database that every side starts with a copy of; None is an empty SQLite file."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables that both apps read, `("DATABASE_URL", "{database}")`."""
    arguments: tuple[tuple[str, str], ...] = ()
    """Keyword arguments for both factories, where they take them."""
    minimum: int = 5
    """Compared requests that a route needs; fewer are inconclusive."""
    timeout: float = 10.0
    """Seconds that one answer may take."""
    freeze: bool = True
    """Whether both sides of a pair see the same clock, UUIDs and random numbers."""
    json_mode: str = "typed"
    """`typed`, `canonical` (`1` and `1.0` are equal) or `bytes`."""
    leave_out: tuple[tuple[str, str], ...] = ()
    """(key of the map, reason) of routes that are not compared: there is no evidence of them."""
    ignore: tuple[IgnoreRule, ...] = ()
