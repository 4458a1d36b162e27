"""Keep what one backend did with one request, and both with the same one: answers and what else they did. Values only.

WARNING: None is "not watched", which is never "nothing happened". A replay watches effects, a live shadow does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..http.message import Request, Response

Row = tuple[tuple[str, str], ...]
"""(column, value as JSON text) of each column, in the table's order."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that is not as it was."""

    table: str
    kind: str
    """`inserted`, `updated` or `deleted`."""
    key: tuple[str, ...]
    """Values of the primary key as JSON text; those of the whole row in a table without one."""
    before: Row = ()
    after: Row = ()


@dataclass(frozen=True, slots=True)
class Outbound:
    """One attempt to reach something outside; it was not let through."""

    kind: str
    """`connect`, `resolve`, `subprocess`, `database` or `write` (a file outside the side's own directory)."""
    target: str
    """`smtp.example.com:25`, a command, a path."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Keep what a request did besides answering."""

    rows: tuple[RowChange, ...] = ()
    statements: tuple[str, ...] = ()
    """Shape of each SQL statement in order, `SELECT todos`; those of transaction control are left out."""
    outbound: tuple[Outbound, ...] = ()
    errors: tuple[str, ...] = ()
    """`logger: message` of each log record of level error and above."""
    files: tuple[str, ...] = ()
    """`written NAME SHA256` or `deleted NAME` in the side's own directory."""
    open_connections: int = 0
    """Database connections that were taken and not given back."""


@dataclass(frozen=True, slots=True)
class Access:
    """Tell how the request came past, or did not come past, what guards the view."""

    is_refused: bool
    by: str
    """Name of the hook, decorator or dependency that let the request in or refused it."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Keep what one backend did with one request."""

    response: Response | None
    """None when an exception left the app before it answered."""
    error: str | None = None
    """`ValueError: text` of an exception that left the app."""
    duration: float = 0.0
    """Seconds from the call to the last byte."""
    effects: Effects | None = None
    """None when nobody watched; an `Effects` without anything when it was watched and nothing happened."""
    access: Access | None = None
    """None when nobody watched the guards: then only the answer tells who was refused."""
    failure: str = ""
    """`OperationalError: no such table: users` of the last exception that was logged, as Flask does of a view's."""
    refusals: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    """Errors of FastAPI's validation (`RequestValidationError.errors()`), however the app words its answer to them."""
    by_view: bool | None = None
    """Whether a view of Flask's was called: the router, or a hook before it, may answer in its place. None when nobody
    watched."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """Keep what both sides did when they were asked, in an unambiguous request, what each is thought to have read."""

    cause: str
    """Name of the known cause that the two interpretations are."""
    control: tuple[Observation, Observation]
    """Of the control and of the candidate, with the request that Flask is thought to have read."""
    candidate: tuple[Observation, Observation]
    """Of both in this order, with the request that FastAPI is thought to have read."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One request as each side was asked (captured values filled in) and what each did."""

    control_request: Request
    candidate_request: Request
    control: Observation
    candidate: Observation
    repeats: tuple[Observation, ...] = ()
    """The control's with other random numbers and another hash seed; empty where no difference may be noise."""
    experiments: tuple[Experiment, ...] = ()
    """Empty but where both differ and the frameworks may have read the request in two ways."""
    credential: str = "given"
    """`given`, or how the request's credential was made invalid: `anonymous`, `wrong`, `other-user`, `no-csrf`."""
