"""Thousands of differences as a few classes: one line each, with the routes it touches and one sample. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from ...comparing.location import field_of
from ...comparing.result import Disposition, ParityResult, Verdict

MOST = 50
"""Classes that a report shows; beyond it they are merged, coarser and coarser."""

Found = tuple[ParityResult, Verdict]
Key = tuple[str, str, str, Disposition]
"""(cause, route, place, disposition) of a class; what does not tell it apart is empty."""

_CONSEQUENCE = "not-run"
"""The cause of rows that are absent because the view did not run: why it did not is a class of its own."""


@dataclass(frozen=True, slots=True)
class Group:
    """Differences of one class."""

    places: tuple[str, ...]
    """Where they stand, every index as `[*]`."""
    cause: str
    """Name of the known cause that they share; empty where none is known, and for what is left over.

    Without one a mismatch is of one place, or part of the answer, and of one route.
    """
    disposition: Disposition
    harm: int
    """A rank, 0 is worst: 0 who gets in and what gets out, 1 what is stored, 2 what no known cause explains, 3 what one
    explains, 4 what only follows from another difference, 5 what only paths that no rule takes show."""
    count: int
    routes: tuple[str, ...]
    sample: ParityResult
    """Of a case that somebody wrote or recorded, where there is one; of these the shortest, the easiest to read."""
    verdict: Verdict
    """The sample's."""


def group_differences(
    results: Iterable[ParityResult], generated: Container[str] = (), most: int = MOST
) -> tuple[Group, ...]:
    """At most `most` groups: mismatches first, then what harms most, then by size.

    Where there would be more, classes become coarser, and then the last ones are one, which comes last. `generated` are
    the names of cases that are no sample while there is another.
    """

    def rank(found: Found) -> tuple[bool, int]:
        return found[0].case in generated, _length(found[0])

    found = [(result, verdict) for result in results for verdict in result.verdicts]
    for key in (_by_place, _by_part):
        members = _grouped(found, key)
        if len(members) <= most:
            break
    order = list(Disposition)
    ranked = sorted(
        members.items(), key=lambda item: (order.index(item[0][-1]), _harm(item[1]), -len(item[1]), item[0][:-1])
    )
    groups = [
        _group(cause, disposition, those, rank) for (cause, *_, disposition), those in ranked[: most - len(Disposition)]
    ]
    rest = [one for _, those in ranked[most - len(Disposition) :] for one in those]
    by_fate = _grouped(rest, lambda one: ("", "", "", one[1].disposition))
    groups += [_group("", disposition, those, rank) for (*_, disposition), those in by_fate.items()]
    return tuple(sorted(groups, key=lambda group: order.index(group.disposition)))


def _harm(members: Sequence[Found]) -> int:
    """As `Group.harm` has it."""
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


def _by_place(found: Found) -> Key:
    """A known cause is one class wherever it shows; without one, a place is."""
    return _class(found, field_of(found[1].difference.where))


def _by_part(found: Found) -> Key:
    return _class(found, _part(found[1]))


def _class(found: Found, place: str) -> Key:
    """What nobody explains on two routes may be two mistakes; what a rule ignores or legacy varies in is explained."""
    result, verdict = found
    if verdict.cause:
        return verdict.cause, "", "", verdict.disposition
    return "", result.route if verdict.disposition is Disposition.MISMATCH else "", place, verdict.disposition


def _part(verdict: Verdict) -> str:
    return re.split(r"[.\[]", verdict.difference.where)[0]


def _grouped(found: list[Found], key: Callable[[Found], Key]) -> dict[Key, list[Found]]:
    groups: dict[Key, list[Found]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return groups


def _group(
    cause: str, disposition: Disposition, members: list[Found], rank: Callable[[Found], tuple[bool, int]]
) -> Group:
    routes = tuple(sorted({result.route for result, _ in members}))
    places = Counter(field_of(verdict.difference.where) for _, verdict in members)
    sample, verdict = min(members, key=rank)
    shown = tuple(place for place, _ in places.most_common())
    return Group(shown, cause, disposition, _harm(members), len(members), routes, sample, verdict)


def _length(result: ParityResult) -> int:
    answers = (side.response for side in (result.control, result.candidate) if side is not None)
    return sum(len(answer.body) for answer in answers if answer is not None) + len(result.request.body)
