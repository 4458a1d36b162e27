"""Two answers as aligned lines, with what differs in each line marked. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from ...comparing.observation import Observation
from ...http.message import Response
from .report import visible

MAX_LINES = 200
"""Lines of one answer that are aligned; what is beyond is only counted."""
MAX_LINE_CHARS = 2_000

Piece = tuple[str, bool]
"""(text, whether the other side has something else here)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of both answers. None: the side has no such line."""

    control: tuple[Piece, ...] | None
    candidate: tuple[Piece, ...] | None

    @property
    def differs(self) -> bool:
        return self.control is None or self.candidate is None or any(marked for _, marked in self.control)


def side_by_side(control: Observation | None, candidate: Observation | None) -> tuple[Line, ...]:
    """Return the lines of both answers: status, exception, headers, then the body, JSON with its keys sorted."""
    parts = zip(_parts(control), _parts(candidate), strict=True)
    return tuple(line for left, right in parts for line in _aligned(left, right))


def _aligned(left: list[str], right: list[str]) -> Iterator[Line]:
    for operation, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if operation == "equal":
            yield from (Line(((text, False),), ((text, False),)) for text in left[a:b])
            continue
        for old, new in zip_longest(left[a:b], right[c:d]):
            if old is None or new is None:
                yield Line(None if old is None else ((old, True),), None if new is None else ((new, True),))
            else:
                yield _marked(old, new)


def _marked(left: str, right: str) -> Line:
    control: list[Piece] = []
    candidate: list[Piece] = []
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < 0.4:
        return Line(((left, True),), ((right, True),))
    for operation, a, b, c, d in matcher.get_opcodes():
        if a < b:
            control.append((left[a:b], operation != "equal"))
        if c < d:
            candidate.append((right[c:d], operation != "equal"))
    if not any(marked for _, marked in control):
        control = [(left, True)]  # only the other side has more: both lines are marked, or it would look alike
    return Line(tuple(control), tuple(candidate))


def _parts(observation: Observation | None) -> tuple[list[str], list[str], list[str]]:
    """Return status, exception and the rest; each is aligned alone, so that an exception of one side shifts nothing."""
    if observation is None:
        return ["(not run)"], [], []
    raised = _cut(visible(f"raised {observation.error}").splitlines()) if observation.error else []
    response = observation.response
    if response is None:
        return [], raised, []
    pairs = sorted((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers)
    head = (visible(f"{name}: {value}") for name, value in pairs)
    return [str(response.status)], raised, _cut([*head, "", *visible(_body_text(response)).splitlines()])


def _cut(lines: list[str]) -> list[str]:
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"... {len(lines) - MAX_LINES} lines more"]
    most = MAX_LINE_CHARS
    return [line if len(line) <= most else f"{line[:most]} ... {len(line) - most} more" for line in lines]


def _body_text(response: Response) -> str:
    if not response.body:
        return "(no body)"
    try:
        text = response.body.decode("utf-8")
    except UnicodeDecodeError:
        return f"({len(response.body):,} bytes, not text)\n{response.body[:64].hex(' ')}"
    if response.media_type.endswith("json"):
        with suppress(ValueError, TypeError, RecursionError):  # what is not JSON is shown as it came
            return json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False)
    return text
