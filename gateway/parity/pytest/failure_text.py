"""The text of a test's failure: one request that did not match. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import shorten

from ...comparing.causes import CAUSES
from ...comparing.result import Disposition, ParityResult
from ..reporting.report import format_request, format_verdict
from ..reporting.side_by_side import Piece, side_by_side

WIDTH_CHARS = 56
"""Width of each side."""
MAX_DIFFERENCE_CHARS = 200
"""Length of a difference in its line: the whole of it is below."""


def failure_text(result: ParityResult, origin: str = "") -> str:
    """Return the note, the differences, what to do about them, the origin, the request and both answers side by side.

    `origin` is the case's; "" gives no line.
    """
    head = [result.note] if result.note else []
    head += [shorten(format_verdict(verdict), MAX_DIFFERENCE_CHARS, placeholder="...") for verdict in result.verdicts]
    known = dict.fromkeys(
        one.cause for one in result.verdicts if one.cause in CAUSES and one.disposition is Disposition.MISMATCH
    )
    head += [f"{name}: {CAUSES[name].title}\n    fix: {CAUSES[name].advice}" for name in known]
    head += [f"origin: {origin}"] if origin else []
    return "\n".join([*head, "", format_request(result.request), "", *_columns(result)])


def _columns(result: ParityResult) -> Iterator[str]:
    """Yield both answers line by line: `|` between lines that differ, `<` or `>` beside one that one side has alone."""
    yield f"{'legacy':<{WIDTH_CHARS}}   new"
    for line in side_by_side(result.control, result.candidate):
        left, right = _text(line.control), _text(line.candidate)
        sign = ">" if line.control is None else "<" if line.candidate is None else "|" if line.differs else " "
        yield f"{left:<{WIDTH_CHARS}} {sign} {right}".rstrip()


def _text(pieces: tuple[Piece, ...] | None) -> str:
    text = "".join(piece for piece, _ in pieces or ())
    return text if len(text) <= WIDTH_CHARS else f"{text[: WIDTH_CHARS - 3]}..."
