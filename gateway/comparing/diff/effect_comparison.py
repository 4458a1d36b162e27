"""Compare the effects of two requests; fewer statements and open connections than the control's are fine. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest

from ..observation import Effects, Observation, RowChange
from ..result import Difference
from .difference_text import described, unequal

_KINDS = ("inserted", "updated", "deleted")
_UNHANDLED = re.compile(r"[^:]*: Exception (?:on .* \[[A-Z]+\]|in ASGI application)")
"""The record of an exception that no view caught, as Flask and uvicorn log it."""


def has_unhandled(observation: Observation) -> bool | None:
    """Tell whether an exception left the app, or left the view and was logged as such; None when nobody watched."""
    if observation.error is not None:
        return True
    return None if observation.effects is None else any(map(_UNHANDLED.match, observation.effects.errors))


def compare_effects(control: Effects | None, candidate: Effects | None) -> Iterator[Difference]:
    """Yield every difference at an `effect.` location; none where a side was not watched."""
    if control is None or candidate is None or control == candidate:
        return
    sides = control, candidate
    yield from _rows(control.rows, candidate.rows)
    before, after = (_by_table(side.statements) for side in sides)
    for shape, count in sorted(after.items()):
        if count > before[shape]:
            sent = str(before[shape]) if shape in before else None
            yield from unequal(f"effect.statements.{shape}", sent, str(count))
    attempts = ([f"{attempt.kind} {attempt.target}" for attempt in side.outbound] for side in sides)
    yield from _unequal_counts("effect.outbound", *attempts)
    # The first line of a record, without its numbers and the logger, which is named after a module of one side.
    texts = ([text.partition(": ")[2] for text in side.errors if not _UNHANDLED.match(text)] for side in sides)
    records = ([re.sub(r"\d+", "0", text.partition("\n")[0]) for text in side] for side in texts)
    yield from _unequal_counts("effect.errors", *records)
    yield from _unequal_counts("effect.files", control.files, candidate.files)
    if candidate.open_connections > control.open_connections:
        yield from unequal("effect.open_connections", str(control.open_connections), str(candidate.open_connections))


def _rows(control: tuple[RowChange, ...], candidate: tuple[RowChange, ...]) -> Iterator[Difference]:
    for table in sorted({change.table for change in (*control, *candidate)}):
        where = f"effect.rows.{table}"
        before, after = ([change for change in side if change.table == table] for side in (control, candidate))
        yield from unequal(where, _summary(before), _summary(after))
        for kind in _KINDS:
            of_kind = ([change for change in side if change.kind == kind] for side in (before, after))
            for pair in _paired(*of_kind):
                one, other = (dict(change.before if kind == "deleted" else change.after) for change in pair)
                for column in dict.fromkeys((*one, *other)):
                    yield from unequal(f"{where}.{column}", one.get(column), other.get(column))


def _summary(changes: list[RowChange]) -> str | None:
    counts = Counter(change.kind for change in changes)
    words = ", ".join(f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind])
    return described(words) if words else None


def _paired(control: list[RowChange], candidate: list[RowChange]) -> Iterator[tuple[RowChange, RowChange]]:
    """Yield changes of the same key together, then the rest in order: another key is another value."""
    by_key: dict[tuple[str, ...], deque[RowChange]] = defaultdict(deque)
    for other in candidate:
        by_key[other.key].append(other)
    alone = []
    for one in control:
        if by_key[one.key]:
            yield one, by_key[one.key].popleft()
        else:
            alone.append(one)
    yield from zip(alone, chain.from_iterable(by_key.values()), strict=False)


def _by_table(statements: Iterable[str]) -> Counter[str]:
    """Return counts of shapes of one table each, so that `SELECT todos+users` is no more than the two it replaces."""
    counts: Counter[str] = Counter()
    for shape in statements:
        verb, _, tables = shape.partition(" ")
        counts.update(f"{verb} {table}".strip() for table in tables.split("+"))
    return counts


def _unequal_counts(where: str, control: Iterable[str], candidate: Iterable[str]) -> Iterator[Difference]:
    """Yield a difference for each text whose count differs; those of one side alone are set against each other."""
    before, after = Counter(control), Counter(candidate)
    for name in sorted(before.keys() & after.keys()):
        yield from unequal(where, _times(name, before[name]), _times(name, after[name]))
    for left, right in zip_longest(sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())):
        yield from unequal(where, left and _times(left, before[left]), right and _times(right, after[right]))


def _times(name: str, count: int) -> str:
    return name if count == 1 else f"{count} times {name}"
