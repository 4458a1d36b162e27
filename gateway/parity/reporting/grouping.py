"""Thousands of differences as a few classes: one line each, with the routes it touches and one sample. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from ..place import outline
from ..result import Fate, ParityResult, Verdict

MOST = 50
"""Classes that a report shows; beyond it they are merged, coarser and coarser."""

Found = tuple[ParityResult, Verdict]


@dataclass(frozen=True, slots=True)
class Group:
    """Differences of one class."""

    places: tuple[str, ...]
    """Where they stand, every index as `[*]`."""
    cause: str
    """Name of the known cause that they share; empty for those of one place without a known cause."""
    fate: Fate
    harm: int
    """A rank, 0 is worst."""
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

    Where there would be more, classes become coarser, and then the last ones are one. `generated` are the names of
    cases that are no sample while there is another.
    """

    def rank(found: Found) -> tuple[bool, int]:
        return found[0].case in generated, _length(found[0])

    found = [(result, verdict) for result in results for verdict in result.verdicts]
    for key in (_by_place, _by_part):
        members = _grouped(found, key)
        if len(members) <= most:
            break
    ranked = sorted(members.items(), key=lambda item: (_harm(item[1]), -len(item[1])))
    groups = [_group(cause, fate, those, rank) for (cause, _, fate), those in ranked[: most - len(Fate)]]
    rest = [one for _, those in ranked[most - len(Fate) :] for one in those]
    groups += [_group("", fate, those, rank) for (_, _, fate), those in _grouped(rest, lambda _: ("", "")).items()]
    order = list(Fate)
    return tuple(sorted(groups, key=lambda group: (order.index(group.fate), group.harm, -group.count, group.places)))


def _harm(members: Iterable[Found]) -> int:
    """A rank, 0 is worst: who gets in and what gets out, then what is stored, then what is answered."""
    places = {re.split(r"[.\[]", verdict.difference.where)[0] for _, verdict in members}
    rows = any(verdict.difference.where.startswith("effect.rows") for _, verdict in members)
    return 0 if places & {"authentication", "secret"} else 1 if rows else 2


def _by_place(verdict: Verdict) -> tuple[str, str]:
    """A known cause is one class wherever it shows; without one, a place is."""
    return verdict.cause, "" if verdict.cause else outline(verdict.difference.where)


def _by_part(verdict: Verdict) -> tuple[str, str]:
    return verdict.cause, "" if verdict.cause else re.split(r"[.\[]", verdict.difference.where)[0]


def _grouped(found: list[Found], key: Callable[[Verdict], tuple[str, str]]) -> dict[tuple[str, str, Fate], list[Found]]:
    groups: dict[tuple[str, str, Fate], list[Found]] = {}
    for result, verdict in found:
        groups.setdefault((*key(verdict), verdict.fate), []).append((result, verdict))
    return groups


def _group(cause: str, fate: Fate, members: list[Found], rank: Callable[[Found], tuple[bool, int]]) -> Group:
    routes = tuple(sorted({result.route for result, _ in members}))
    places = Counter(outline(verdict.difference.where) for _, verdict in members)
    sample, verdict = min(members, key=rank)
    shown = tuple(place for place, _ in places.most_common())
    return Group(shown, cause, fate, _harm(members), len(members), routes, sample, verdict)


def _length(result: ParityResult) -> int:
    answers = (side.response for side in (result.control, result.candidate) if side is not None)
    return sum(len(answer.body) for answer in answers if answer is not None) + len(result.request.body)
