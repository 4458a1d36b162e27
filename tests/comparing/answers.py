"""Observations in one line, and what a comparison says of two of them."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.comparing.diff.comparison import compare
from gateway.comparing.observation import Compared, Effects, Observation
from gateway.comparing.result import Difference
from gateway.http.message import Headers, Request, Response

Found = list[tuple[str, str | None, str | None]]
JSON = "application/json"


def headers(*lines: str) -> Headers:
    """`"Name: value"` as pairs."""
    pairs = (line.partition(": ") for line in lines)
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, _, value in pairs)


def answer(
    body: str | bytes = b"",
    kind: str = JSON,
    *lines: str,
    status: int = 200,
    is_stream: bool = False,
    is_cut: bool = False,
) -> Response:
    """A response with a Content-Type and, where it is no stream, the Content-Length that it has."""
    raw = body.encode() if isinstance(body, str) else body
    framing = () if is_stream else (f"Content-Length: {len(raw)}",)
    return Response(status, headers(f"Content-Type: {kind}", *framing, *lines), raw, is_cut)


def observe(response: Response | None = None, error: str | None = None, **effects: object) -> Observation:
    """What a side did; by default an empty JSON object."""
    shown = answer("{}") if response is None and error is None else response
    return Observation(shown, error, 0.01, Effects(**effects))  # type: ignore[arg-type]


def found(
    control: Observation | Response, candidate: Observation | Response, *, method: str = "GET", json_mode: str = "typed"
) -> Found:
    """The differences as plain tuples."""
    sides = (side if isinstance(side, Observation) else observe(side) for side in (control, candidate))
    return plain(compare(*sides, method=method, json_mode=json_mode))


def plain(differences: Iterable[Difference]) -> Found:
    """Differences as plain tuples."""
    return [(one.where, one.control, one.candidate) for one in differences]


def step(
    control: Observation | Response,
    candidate: Observation | Response,
    *repeats: Observation | Response,
    request: Request | None = None,
) -> Compared:
    """One request asked on both sides, and of the repeats."""
    asked = request or Request("GET", b"/todos")
    both = [side if isinstance(side, Observation) else observe(side) for side in (control, candidate, *repeats)]
    return Compared(asked, asked, both[0], both[1], tuple(both[2:]))
