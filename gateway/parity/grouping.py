"""Thousands of differences as a few classes: one line each, with the routes it touches and one sample. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .result import Fate, ParityResult, Verdict

MOST = 50
"""Classes that a report shows; beyond it they are merged, coarser and coarser."""

Found = tuple[ParityResult, Verdict]


@dataclass(frozen=True, slots=True)
class Group:
    """Differences of one class."""

    where: str
    """The place they share, every index as `[*]`; shortened where classes had to be merged."""
    cause: str
    fate: Fate
    count: int
    routes: tuple[str, ...]
    sample: ParityResult
    """The one with the shortest answers: the easiest to read."""
    verdict: Verdict
    """The sample's."""


def group_differences(results: Iterable[ParityResult], most: int = MOST) -> tuple[Group, ...]:
    """At most `most` groups, mismatches first, then by size; classes become coarser, and then the smallest one."""
    found = [(result, verdict) for result in results for verdict in result.verdicts]
    for key in (_exact, _of_whole, _of_cause):
        members = _grouped(found, key)
        if len(members) <= most:
            break
    ranked = sorted(members.items(), key=lambda item: -len(item[1]))
    groups = [_group(where, cause, fate, those) for (cause, where, fate), those in ranked[: most - len(Fate)]]
    rest = [one for _, those in ranked[most - len(Fate) :] for one in those]
    groups += [_group(where, cause, fate, those) for (cause, where, fate), those in _grouped(rest, _any).items()]
    order = list(Fate)
    return tuple(sorted(groups, key=lambda group: (order.index(group.fate), -group.count, group.where)))


def outline(where: str) -> str:
    """`body.items[2].price` -> `body.items[*].price`."""
    return re.sub(r"\[\d+\]", "[*]", where)


def _exact(verdict: Verdict) -> tuple[str, str]:
    return verdict.cause, outline(verdict.difference.where)


def _of_whole(verdict: Verdict) -> tuple[str, str]:
    """Bodies as a whole: a header, a cookie or an effect keeps its name."""
    where = verdict.difference.where
    return verdict.cause, "body" if where.startswith("body") else outline(where)


def _of_cause(verdict: Verdict) -> tuple[str, str]:
    return verdict.cause, re.split(r"[.\[]", verdict.difference.where)[0]


def _any(_: Verdict) -> tuple[str, str]:
    return "", "others"


def _grouped(found: list[Found], key: Callable[[Verdict], tuple[str, str]]) -> dict[tuple[str, str, Fate], list[Found]]:
    groups: dict[tuple[str, str, Fate], list[Found]] = {}
    for result, verdict in found:
        groups.setdefault((*key(verdict), verdict.fate), []).append((result, verdict))
    return groups


def _group(where: str, cause: str, fate: Fate, members: list[Found]) -> Group:
    routes = tuple(sorted({result.route for result, _ in members}))
    sample, verdict = min(members, key=lambda member: _length(member[0]))
    return Group(where, cause, fate, len(members), routes, sample, verdict)


def _length(result: ParityResult) -> int:
    answers = (side.response for side in (result.control, result.candidate) if side is not None)
    return sum(len(answer.body) for answer in answers if answer is not None) + len(result.request.body)
