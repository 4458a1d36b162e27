"""Which group of the generator found which defects, by the origins of the cases. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from gateway.parity.generating.variation import Group

RECORDED = "recorded case"


def group_of(origin: str) -> str:
    """Return the group of the generator that made a case of this origin; `RECORDED` where none did."""
    return max((group.value for group in Group if origin.startswith(group)), key=len, default=RECORDED)


def table(cases: Iterable[str], finds: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a table of groups: how many cases each has, and how many defects its cases found first.

    `cases` are the origins of all cases, `finds` those of the cases that were the first to show a defect.
    """
    sizes, found = Counter(map(group_of, cases)), Counter(map(group_of, finds))
    yield f"{'group':<28} {'cases':>6} {'found first':>12}"
    for group, size in sorted(sizes.items(), key=lambda item: (-found[item[0]], item[0])):
        yield f"{group:<28} {size:>6} {found[group]:>12}"
    yield f"found nothing: {', '.join(sorted(sizes.keys() - found.keys())) or 'none'}"
    yield f"no case: {', '.join(sorted({*Group} - sizes.keys())) or 'none'}"
