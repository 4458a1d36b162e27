"""Merge thousands of differences into a few classes: one line each, with the routes it touches and one sample. Pure.

A class is what the terminal, the JSON (`classes`) and the page show and count: differences of one disposition that
share a known cause or, where no cause is known, a location and, if they are mismatches, a route.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from ...comparing.result import Disposition, ParityResult, Verdict, field_of

MAX_CLASSES = 50
"""Classes that a report shows; where there would be more they are merged, coarser and coarser."""

Found = tuple[ParityResult, Verdict]
Key = tuple[str, str, str, Disposition]
"""(cause, route, location, disposition) of a class; what does not tell it apart is empty."""

_CONSEQUENCE = "not-run"
"""The cause of rows that are absent because the view did not run: why it did not is a class of its own."""


@dataclass(frozen=True, slots=True)
class DifferenceClass:
    """Differences that are shown and counted as one."""

    locations: tuple[str, ...]
    """Where they stand, every index as `[*]`, the most frequent first."""
    cause: str
    """Name of the known cause that they share; empty where none is known, and for what is left over.

    A mismatch without a cause is of one location, or part of the answer, and of one route.
    """
    disposition: Disposition
    count: int
    routes: tuple[str, ...]
    sample: ParityResult
    """Of a case that somebody wrote or recorded, where there is one; of these the shortest, the easiest to read."""
    verdict: Verdict
    """The sample's difference."""


def classify_differences(
    results: Iterable[ParityResult], generated: Container[str] = (), limit: int = MAX_CLASSES
) -> tuple[DifferenceClass, ...]:
    """Return at most `limit` classes: mismatches first, then what harms most, then by size.

    Where there would be more, classes become coarser, and then the last ones are one, which comes last. `generated` are
    the names of cases that are no sample while there is another.
    """

    def rank(found: Found) -> tuple[bool, int]:
        result, _ = found
        answers = (side.response for side in (result.control, result.candidate) if side is not None)
        length = sum(len(answer.body) for answer in answers if answer is not None) + len(result.request.body)
        return result.case in generated, length

    def merged(key: Key, members: list[Found]) -> DifferenceClass:
        routes = tuple(sorted({result.route for result, _ in members}))
        locations = Counter(field_of(verdict.difference.where) for _, verdict in members)
        shown = tuple(location for location, _ in locations.most_common())
        return DifferenceClass(shown, key[0], key[-1], len(members), routes, *min(members, key=rank))

    found = [(result, verdict) for result in results for verdict in result.verdicts]
    classes = _grouped(found, lambda one: _key(one, field_of(one[1].difference.where)))
    if len(classes) > limit:
        classes = _grouped(found, lambda one: _key(one, _part(one[1])))
    order = list(Disposition)
    ranked = sorted(
        classes.items(), key=lambda item: (order.index(item[0][-1]), _harm(item[1]), -len(item[1]), item[0][:-1])
    )
    kept, rest = ranked[: limit - len(order)], ranked[limit - len(order) :]
    left_over = _grouped((one for _, members in rest for one in members), lambda one: ("", "", "", one[1].disposition))
    shown = [merged(key, members) for key, members in (*kept, *left_over.items())]
    return tuple(sorted(shown, key=lambda each: order.index(each.disposition)))


def _harm(members: Sequence[Found]) -> int:
    """Return a rank: 0 who gets in and what gets out, 1 what is stored, 2 what no known cause explains, 3 what one
    explains, 4 what only follows from another difference, 5 what only paths that no rule takes show."""
    causes = {verdict.cause for _, verdict in members}
    if not any(result.route for result, _ in members):
        return 5
    if {_part(verdict) for _, verdict in members} & {"authentication", "secret"}:
        return 0
    if causes == {_CONSEQUENCE}:
        return 4
    if any(verdict.difference.where.startswith("effect.rows") for _, verdict in members):
        return 1
    return 2 if "" in causes else 3


def _key(found: Found, location: str) -> Key:
    """Return the class of one difference, which stands at `location`.

    What nobody explains on two routes may be two mistakes; what a rule ignores or legacy varies in is explained.
    """
    result, verdict = found
    if verdict.cause:
        return verdict.cause, "", "", verdict.disposition
    return "", result.route if verdict.disposition is Disposition.MISMATCH else "", location, verdict.disposition


def _part(verdict: Verdict) -> str:
    return re.split(r"[.\[]", verdict.difference.where)[0]


def _grouped(found: Iterable[Found], key: Callable[[Found], Key]) -> dict[Key, list[Found]]:
    groups: dict[Key, list[Found]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return groups
