"""Requests that Flask and FastAPI read in two ways, each way as a request that can be read in one way only. Pure.

A replay asks them to learn by experiment whether a difference comes from the two ways (which of the repeated values
counts, what is a number), whatever the answers make of it. What the experiment has explained is told here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ...http.message import FORM_TYPE, Request, pair_name
from ...http.multipart import join_parts, read_part, split_parts
from ..diff.comparison import compare
from ..observation import Compared, Experiment, Observation

_WHOLE = re.compile(rb"([^=]*=[+-]?\d+)\.0+")
"""A pair of a query whose value is a whole number with a fraction of zeros."""


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One way in which the frameworks may have read one request differently."""

    cause: str
    """Name of the known cause that this is."""
    control: Request
    """The request that Flask is thought to have read."""
    candidate: Request
    """The request that FastAPI is thought to have read."""


def interpretations_of(request: Request) -> Iterator[Interpretation]:
    """Yield every interpretation that fits the request; none for most."""
    first, last = (_with_single_values(request, is_last=is_last) for is_last in (False, True))
    if first != last:
        yield Interpretation("repeated-parameter", first, last)
    path, question, query = request.target.partition(b"?")
    pairs = query.split(b"&")
    if any(map(_WHOLE.fullmatch, pairs)):
        absent = b"&".join(pair for pair in pairs if not _WHOLE.fullmatch(pair))
        whole = b"&".join(_WHOLE.sub(rb"\1", pair) if _WHOLE.fullmatch(pair) else pair for pair in pairs)
        targets = (path + question * bool(text) + text for text in (absent, whole))
        yield Interpretation("lenient-parameter", *(replace(request, target=target) for target in targets))


def explained_locations(experiment: Experiment, compared: Compared, json_mode: str) -> frozenset[str]:
    """Return the locations where an experiment leaves no other reason for the difference than the two interpretations.

    There each side answers as it does to its own interpretation, and both sides answer both interpretations alike, or
    one of the two where a side refuses the other: that refusal is another difference, by itself.
    """

    def locations(one: Observation, other: Observation) -> frozenset[str]:
        found = compare(one, other, method=compared.control_request.method, json_mode=json_mode)
        return frozenset(difference.where for difference in found)

    control, candidate = experiment.control, experiment.candidate
    unlike = locations(compared.control, control[0]) | locations(compared.candidate, candidate[1])
    between = {both: locations(*both) for both in (control, candidate)}
    answered = [
        found for both, found in between.items() if all(one.response and one.response.status < 400 for one in both)
    ]
    return frozenset(
        where
        for where in locations(compared.control, compared.candidate)
        if not any(_is_near(where, found) for found in (unlike, *answered))
        and not all(_is_near(where, found) for found in between.values())
    )


def _with_single_values(request: Request, *, is_last: bool) -> Request:
    """Return the request with one value of each name of query, form, parts and cookies; every other byte stays."""

    def picked(pieces: list[bytes], name_of: Callable[[bytes], str]) -> list[bytes]:
        order = -1 if is_last else 1
        found: dict[str, bytes] = {}
        for piece in pieces[::order]:
            found.setdefault(name_of(piece), piece)
        return list(found.values())[::order]

    path, question, query = request.target.partition(b"?")
    headers = tuple(
        (name, b";".join(picked(value.split(b";"), _cookie_name)) if name.lower() == b"cookie" else value)
        for name, value in request.headers
    )
    body = request.body
    if request.media_type == FORM_TYPE:
        body = b"&".join(picked(body.split(b"&"), pair_name))
    elif request.boundary:
        first, *parts = split_parts(body, request.boundary)
        body = join_parts([first, *picked(parts[:-1], _part_name), *parts[-1:]])
    target = path + question + b"&".join(picked(query.split(b"&"), pair_name))
    return replace(request, target=target, headers=headers).with_body(body)


def _cookie_name(piece: bytes) -> str:
    return piece.partition(b"=")[0].strip().decode("latin-1")


def _part_name(piece: bytes) -> str:
    """Return the name of a part, and whether it is a file: files and fields have names of their own."""
    part = read_part(piece)
    return f"{part.filename is not None} {part.name}" if part else ""


def _is_near(where: str, locations: frozenset[str]) -> bool:
    """Tell whether one of the locations is this one, around it or inside it."""
    return any(
        one == where or one.startswith((f"{where}.", f"{where}[")) or where.startswith((f"{one}.", f"{one}["))
        for one in locations
    )
