"""A case as TOML: the shortest text that reads back as this very case, as a person would write it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from ...http.message import Headers, Request
from .bodies import describe_body
from .case import Case, Step
from .case_reading import HOST, read_step

WIDTH = 120
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PLAIN = Case("", ())
"""A case whose file has no key but its name and its steps."""


def case_text(case: Case) -> str:
    """Return the case as `[[case]]`.

    Raises ValueError for one that no text gives: an empty name, a target that is none.
    """
    keys = (key for key in ("source", "origin", "state", "credential") if getattr(case, key) != getattr(_PLAIN, key))
    given = {"name": case.name} | {key: getattr(case, key) for key in keys}
    text = "[[case]]\n" + _lines_for(given)
    if len(case.steps) == 1:
        return text + _lines_for(_step_entry(case.steps[0]))
    return text + "".join(f"\n[[case.step]]\n{_lines_for(_step_entry(step))}" for step in case.steps)


def recorded_case_text(name: str, request: Request, outcome: str) -> str:
    """Return the text of a case of one recorded request, as the live recorder writes it, with how it was answered."""
    return case_text(Case(name, (Step(request),), source="recorded", origin=f"recorded from traffic, {outcome}"))


def _step_entry(step: Step) -> dict[str, Any]:
    """Return the first of the possible entries, shortest first, that reads back as the step.

    Who is to be asked is a plan's to say and in no file.
    """
    step, request, reason = replace(step, by_legacy=False), step.request, "it reads back as another request"
    bodies: list[dict[str, Any]] = [{}, {"text": ""}]
    if request.body:
        bodies = [{form: value} for form, value in describe_body(request.body, request.header("content-type"))]
    for body, (headers, exact) in product(bodies, _header_choices(request.headers)):
        entry: dict[str, Any] = {"request": request.line}
        if headers:
            pairs = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]
            table: dict[Any, Any] = dict(pairs)
            fits = len(table) == len(pairs) and len(_key_line("headers", table)) <= WIDTH
            entry["headers"] = table if fits else pairs
        entry |= body
        if exact:
            entry["exact"] = True
        if step.captures:
            entry["capture"] = dict(step.captures)
        if step.status is not None:
            entry["status"] = step.status
        try:
            if read_step(entry) == step:
                return entry
        except ValueError as error:
            reason = str(error)
    raise ValueError(f"{request.method} {request.target!r}: {reason}")


def _header_choices(headers: Headers) -> Iterator[tuple[Headers, bool]]:
    """Yield (headers that a step may name, whether it is exact): what follows from the rest needs no naming."""
    rest = headers[1:] if headers[:1] == (HOST,) else headers
    short = rest[:-1] if rest and rest[-1][0] == b"content-length" else rest
    if short != rest and short and short[-1][0] == b"content-type":
        yield short[:-1], False
    yield from ((short, False), (rest, False), (headers, False), (headers, True))


# --- TOML: one key a line, the kind of quotes that needs the fewest escapes ---


def _lines_for(entry: Mapping[str, Any]) -> str:
    return "".join(_key_line(key, value) for key, value in entry.items())


def _key_line(key: str, value: Any) -> str:
    """Return `key = value` with its line end: a text of several lines as such a block, a long list an item a line."""
    text = _toml_value(value)
    if isinstance(value, str) and "\n" in value.rstrip("\n"):
        escaped = value.replace("\\", "\\\\").replace('""', '"\\"')
        escaped = _CONTROL_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)
        if escaped.endswith('"') and not escaped.endswith('\\"'):
            escaped = escaped[:-1] + '\\"'
        text = f'"""\n{escaped}"""'
    elif isinstance(value, list) and len(key) + 3 + len(text) > WIDTH:
        text = "[\n" + "".join(f"  {_toml_value(item)},\n" for item in value) + "]"
    return f"{_toml_key(key)} = {text}\n"


def _toml_value(value: Any) -> str:
    """Return a value in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    pairs = ", ".join(f"{_toml_key(key)} = {_toml_value(item)}" for key, item in value.items())
    return f"{{ {pairs} }}" if pairs else "{}"


def _toml_key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    if ('"' in text or "\\" in text) and "'" not in text and not _CONTROL.search(text):
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
