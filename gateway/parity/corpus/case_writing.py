"""A case as TOML: the shortest text that reads back as this very case. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from ...http.message import Headers, Request
from .bodies import describe_body
from .case import Case, Step
from .case_reading import HOST, read_step
from .toml_text import WIDTH, key_line

_PLAIN = Case("", ())
"""A case whose file has no key but its name and its steps."""


def case_text(case: Case, comment: str = "") -> str:
    """Return the case as `[[case]]`, under its comment.

    Raises ValueError for one that no text gives: an empty name, a target that is none.
    """
    keys = (key for key in ("source", "origin", "state", "credential") if getattr(case, key) != getattr(_PLAIN, key))
    given = {"name": case.name} | {key: getattr(case, key) for key in keys}
    text = "".join(f"# {line}\n" for line in comment.splitlines()) + "[[case]]\n" + _lines_for(given)
    if len(case.steps) == 1:
        return text + _lines_for(_step_entry(case.steps[0]))
    return text + "".join(f"\n[[case.step]]\n{_lines_for(_step_entry(step))}" for step in case.steps)


def recorded_case_text(name: str, request: Request, comment: str) -> str:
    """Return the text of a case of one recorded request, as the live recorder writes it."""
    return case_text(Case(name, (Step(request),), source="recorded"), comment)


def _lines_for(entry: Mapping[str, Any]) -> str:
    return "".join(key_line(key, value) for key, value in entry.items())


def _step_entry(step: Step) -> dict[str, Any]:
    """Return the first of the possible entries, shortest first, that reads back as the step."""
    reason = ""
    for entry in _step_entries(step):
        try:
            if read_step(entry) == step:
                return entry
        except ValueError as error:
            reason = str(error)
    raise ValueError(f"{step.request.method} {step.request.target!r}: {reason}")


def _step_entries(step: Step) -> Iterator[dict[str, Any]]:
    request = step.request
    bodies: list[dict[str, Any]] = [{}, {"text": ""}]
    if request.body:
        bodies = [{form: value} for form, value in describe_body(request.body, request.header("content-type"))]
    for body, (headers, exact) in product(bodies, _header_choices(request.headers)):
        entry: dict[str, Any] = {"request": request.line}
        if headers:
            pairs = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]
            table: dict[Any, Any] = dict(pairs)
            fits = len(table) == len(pairs) and len(key_line("headers", table)) <= WIDTH
            entry["headers"] = table if fits else pairs
        entry |= body
        if exact:
            entry["exact"] = True
        if step.captures:
            entry["capture"] = dict(step.captures)
        yield entry


def _header_choices(headers: Headers) -> Iterator[tuple[Headers, bool]]:
    """Yield (headers that a step may name, whether it is exact): what follows from the rest needs no naming."""
    rest = headers[1:] if headers[:1] == (HOST,) else headers
    short = rest[:-1] if rest and rest[-1][0] == b"content-length" else rest
    if short != rest and short and short[-1][0] == b"content-type":
        yield short[:-1], False
    yield from ((short, False), (rest, False), (headers, False), (headers, True))
