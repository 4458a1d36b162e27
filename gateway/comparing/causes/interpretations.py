"""Requests that Flask and FastAPI read in two ways, each way as a request that can be read in one way only. Pure.

They are asked in a replay to learn by experiment whether a difference comes from the reading (repetition of a name, a
number's spelling), whatever the answers make of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ...http.message import FORM_TYPE, Request, pair_name
from ...http.multipart import join_parts, read_part, split_parts

_WHOLE = re.compile(rb"([^=]*=[+-]?\d+)\.0+")
_Pieces = list[bytes]
_Pick = Callable[[_Pieces, Callable[[bytes], str]], _Pieces]


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One way in which the frameworks may have read one request differently."""

    cause: str
    """Name of the known cause that this is."""
    control: Request
    """What Flask is thought to have read."""
    candidate: Request
    """What FastAPI is thought to have read."""


def interpretations_of(request: Request) -> Iterator[Interpretation]:
    """Every way that fits the request; none for most."""
    first, last = (_with_single_values(request, pick) for pick in (_firsts, _lasts))
    if first != last:
        yield Interpretation("repeated-parameter", first, last)
    path, question, query = request.target.partition(b"?")
    pairs = query.split(b"&")
    if any(map(_WHOLE.fullmatch, pairs)):
        absent = b"&".join(pair for pair in pairs if not _WHOLE.fullmatch(pair))
        whole = b"&".join(_WHOLE.sub(rb"\1", pair) if _WHOLE.fullmatch(pair) else pair for pair in pairs)
        ours, theirs = (replace(request, target=path + question * bool(text) + text) for text in (absent, whole))
        yield Interpretation("lenient-parameter", ours, theirs)


def _with_single_values(request: Request, pick: _Pick) -> Request:
    """With one value of each name of the query, the form, the parts and the cookies; every other byte stays."""
    path, question, query = request.target.partition(b"?")
    headers = tuple(
        (name, b";".join(pick(value.split(b";"), _crumb_name)) if name.lower() == b"cookie" else value)
        for name, value in request.headers
    )
    target = path + question + _pairs(query, pick)
    return replace(request, target=target, headers=headers).with_body(_body(request, pick))


def _firsts(pieces: _Pieces, name_of: Callable[[bytes], str]) -> _Pieces:
    seen: dict[str, bytes] = {}
    for piece in pieces:
        seen.setdefault(name_of(piece), piece)
    return list(seen.values())


def _lasts(pieces: _Pieces, name_of: Callable[[bytes], str]) -> _Pieces:
    return _firsts(pieces[::-1], name_of)[::-1]


def _body(request: Request, pick: _Pick) -> bytes:
    if request.media_type == FORM_TYPE:
        return _pairs(request.body, pick)
    if not request.boundary:
        return request.body
    first, *parts = split_parts(request.body, request.boundary)
    return join_parts([first, *pick(parts[:-1], _part_name), *parts[-1:]])


def _pairs(text: bytes, pick: _Pick) -> bytes:
    return b"&".join(pick(text.split(b"&"), pair_name))


def _crumb_name(crumb: bytes) -> str:
    return crumb.partition(b"=")[0].strip().decode("latin-1")


def _part_name(part: bytes) -> str:
    """Files and fields have names of their own."""
    read = read_part(part)
    return f"{read.filename is not None} {read.name}" if read else ""
