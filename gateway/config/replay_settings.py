"""How a parity run starts both sides and what it asks them: the `[parity]` table of the map but for its rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """What a parity run needs beside the map's two apps. `{database}`, `{directory}` and `{side}` stand for each side's
    own database URL, directory and name."""

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
    min_requests: int = 5
    """Compared requests that a route needs; fewer are inconclusive."""
    timeout_seconds: float = 10.0
    """Seconds that one answer may take."""
    freeze: bool = True
    """Whether both sides of a pair see the same clock, UUIDs and random numbers."""
    exclude: tuple[tuple[str, str], ...] = ()
    """(key of the map, reason) of routes that are not compared: there is no evidence of them."""
