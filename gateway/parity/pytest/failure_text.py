"""One request that did not match, as a test's failure tells it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import shorten

from ...comparing.causes import CAUSES
from ...comparing.result import Disposition, ParityResult
from ..reporting.report import format_request, format_verdict
from ..reporting.side_by_side import Piece, side_by_side

WIDTH = 56
"""Characters of each side."""
LONGEST = 200
"""Characters of a difference: the whole of it is below."""


def failure_text(result: ParityResult, origin: str = "") -> str:
    """Return the note, the differences, what to do about them, the origin, the request and both answers beside.

    `origin` is the case's; empty gives no line.
    """
    head = [result.note] if result.note else []
    head += [shorten(format_verdict(verdict), LONGEST, placeholder="...") for verdict in result.verdicts]
    known = dict.fromkeys(
        one.cause for one in result.verdicts if one.cause in CAUSES and one.disposition is Disposition.MISMATCH
    )
    head += [f"{name}: {CAUSES[name].title}\n    fix: {CAUSES[name].advice}" for name in known]
    head += [f"origin: {origin}"] if origin else []
    return "\n".join([*head, "", format_request(result.request), "", *_columns(result)])


def _columns(result: ParityResult) -> Iterator[str]:
    """`|` stands between lines that differ, `<` and `>` beside one that the other side does not have."""
    yield f"{'legacy':<{WIDTH}}   new"
    for line in side_by_side(result.control, result.candidate):
        left, right = _text(line.control), _text(line.candidate)
        sign = ">" if line.control is None else "<" if line.candidate is None else "|" if line.differs else " "
        yield f"{left:<{WIDTH}} {sign} {right}".rstrip()


def _text(pieces: tuple[Piece, ...] | None) -> str:
    text = "".join(piece for piece, _ in pieces or ())
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."
