"""Hold what the table says of a request. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .route import Backend, Route


@dataclass(frozen=True, slots=True)
class Match:
    """Say what the table has for (method, path), whoever asks: a canary has still to choose."""

    route: Route | None
    """None when no rule takes this method on this path."""
    backend: Backend | None
    """Who answers; None where a canary has to choose."""
    reason: str
    """Why: `route`; `canary`; `default`, no line names it; `other-method`, a line names the path for other methods;
    `other-route`, the new side would answer by a route of another line or of none; `not-on-new`, it has no such route;
    `newline`, the path ends with one, which the new side would not see."""
    redirect: str | None = None
    """The path that Werkzeug redirects to (a slash missing, slashes doubled); the backend does it, not the gateway."""
    allow: frozenset[str] = frozenset()
    """The methods of both sides, where no rule takes this method and the path is split between them; else empty."""
    other: str = ""
    """The new side's route that would answer, where the reason is `other-route`."""


class Decision(NamedTuple):
    """Say what the table has for one request. The backend is always decided, and `reason` says why it is this one."""

    method: str
    path: str
    """Decoded, below `root_path`."""
    route: Route | None
    """None when no rule takes this method on this path."""
    backend: Backend
    reason: str
    """As `Match.reason`, or `preflight`: a CORS preflight goes where the request that it asks for would go."""
    bucket: int | None
    """The client's bucket, 0 to 9999, where a canary chose."""
    allow: frozenset[str]
    """As `Match.allow`."""
    redirect: str | None
    """As `Match.redirect`."""
    map_version: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One route that takes the path, and why it won or lost."""

    route: Route
    verdict: str


@dataclass(frozen=True, slots=True)
class RouteExplanation:
    """The winner for one (method, path), and every other route that takes the path."""

    method: str
    path: str
    match: Match
    candidates: tuple[Candidate, ...]
