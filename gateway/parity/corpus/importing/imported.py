"""What an importer took of a file, and what it passed over: one odd member never costs the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, count

from ..case import Case

MAX_REASONS = 10
"""Reasons that are told one by one."""
MAX_REASON_CHARS = 300


@dataclass(slots=True)
class Remarks:
    """Counts what is not in the cases as it stands in the file, by its reason, with the place of the first of each."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, reason: str) -> None:
        """Count one more of a reason."""
        place, reason = printable(place), printable(reason)[:MAX_REASON_CHARS]
        self.counts[reason] = self.counts.get(reason, 0) + 1
        self.first.setdefault(reason, place)

    def lines(self, verb: str) -> Iterator[str]:
        """Yield a line for each reason, `passed over 3 (first: line 7): ...`; beyond `MAX_REASONS` one for all."""
        reasons = list(self.counts)
        for reason in reasons[:MAX_REASONS]:
            yield f"{verb} {self.counts[reason]} (first: {self.first[reason]}): {reason}"
        if rest := reasons[MAX_REASONS:]:
            total = sum(self.counts[reason] for reason in rest)
            yield f"{verb} {total} more (first: {self.first[rest[0]]}), for {len(rest)} other reasons"


@dataclass(frozen=True, slots=True)
class Imported:
    """The cases of a file of another tool, and what of it is in none of them."""

    cases: tuple[Case, ...]
    passed_over: Remarks
    altered: Remarks = field(default_factory=Remarks)
    """What was taken otherwise than it stands there."""
    given_out: frozenset[str] = frozenset()
    """Ids that its answers told, which are no secrets."""

    @property
    def notes(self) -> Iterator[str]:
        """Return what to tell of the file, a line each."""
        return chain(self.passed_over.lines("passed over"), self.altered.lines("note on"))


def printable(text: str) -> str:
    """Return a text in one line that any file and terminal takes; half a character of UTF-16 becomes `?`."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text).encode("utf-8", "replace").decode()


def with_unique_names(cases: Iterable[Case]) -> Iterator[Case]:
    """Yield the cases; of those with one name the later ones get the next free number."""
    taken: set[str] = set()
    for case in cases:
        numbered = (f"{case.name} ({number})" for number in count(2))
        name = next(name for name in chain([case.name], numbered) if name not in taken)
        taken.add(name)
        yield replace(case, name=name)
