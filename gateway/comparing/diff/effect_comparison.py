"""What two requests did besides answering. Pure.

More statements and more open connections than the control's differ; fewer are fine.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, zip_longest

from ..observation import Effects, Observation, RowChange
from ..result import Difference
from .difference_text import described, unequal

_KINDS = ("inserted", "updated", "deleted")
_UNHANDLED = re.compile(r"[^:]*: Exception (?:on .* \[[A-Z]+\]|in ASGI application)")
"""How Flask and uvicorn log an exception that no view caught."""


def has_unhandled(observation: Observation) -> bool | None:
    """Tell whether an exception left the app, or left the view and was logged as such; None when nobody watched."""
    if observation.error is not None:
        return True
    return None if observation.effects is None else any(map(_UNHANDLED.match, observation.effects.errors))


def compare_effects(control: Effects | None, candidate: Effects | None) -> Iterator[Difference]:
    """Yield every difference at an `effect.` location; none where a side was not watched."""
    if control is None or candidate is None or control == candidate:
        return
    yield from _rows(control.rows, candidate.rows)
    yield from _statements(_by_table(control.statements), _by_table(candidate.statements))
    ours, theirs = ([f"{attempt.kind} {attempt.target}" for attempt in side.outbound] for side in (control, candidate))
    yield from _unequal_counts("effect.outbound", ours, theirs)
    yield from _unequal_counts("effect.errors", _errors(control), _errors(candidate), _class_of_record)
    yield from _unequal_counts("effect.files", control.files, candidate.files)
    if candidate.open_connections > control.open_connections:
        yield from unequal("effect.open_connections", str(control.open_connections), str(candidate.open_connections))


def _rows(control: tuple[RowChange, ...], candidate: tuple[RowChange, ...]) -> Iterator[Difference]:
    for table in sorted({change.table for change in (*control, *candidate)}):
        ours, theirs = ([change for change in side if change.table == table] for side in (control, candidate))
        yield from unequal(f"effect.rows.{table}", _summary(ours), _summary(theirs))
        for kind in _KINDS:
            pairs = _paired([one for one in ours if one.kind == kind], [one for one in theirs if one.kind == kind])
            for one, other in pairs:
                yield from _columns(f"effect.rows.{table}", _values(one), _values(other))


def _summary(changes: list[RowChange]) -> str | None:
    counts = Counter(change.kind for change in changes)
    words = ", ".join(f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind])
    return described(words) if words else None


def _paired(ours: list[RowChange], theirs: list[RowChange]) -> Iterator[tuple[RowChange, RowChange]]:
    """Changes of the same key together, the rest in order: another key is another value."""
    by_key: dict[tuple[str, ...], deque[RowChange]] = defaultdict(deque)
    for other in theirs:
        by_key[other.key].append(other)
    alone = []
    for one in ours:
        if by_key[one.key]:
            yield one, by_key[one.key].popleft()
        else:
            alone.append(one)
    yield from zip(alone, chain.from_iterable(by_key.values()), strict=False)


def _values(change: RowChange) -> dict[str, str]:
    return dict(change.before if change.kind == "deleted" else change.after)


def _columns(where: str, control: dict[str, str], candidate: dict[str, str]) -> Iterator[Difference]:
    for column in dict.fromkeys((*control, *candidate)):
        yield from unequal(f"{where}.{column}", control.get(column), candidate.get(column))


def _by_table(statements: Iterable[str]) -> Counter[str]:
    """`SELECT todos+users` as one of each table: a join in place of a query a row is no more than what it replaces."""
    counts: Counter[str] = Counter()
    for shape in statements:
        verb, _, tables = shape.partition(" ")
        counts.update(f"{verb} {table}".strip() for table in tables.split("+"))
    return counts


def _statements(control: Counter[str], candidate: Counter[str]) -> Iterator[Difference]:
    for shape, count in sorted(candidate.items()):
        if count > control[shape]:
            before = str(control[shape]) if shape in control else None
            yield from unequal(f"effect.statements.{shape}", before, str(count))


def _errors(effects: Effects) -> list[str]:
    return [record for record in effects.errors if not _UNHANDLED.match(record)]


def _class_of_record(record: str) -> str:
    """The first line without its numbers, and without the logger, whose name is its module's and so another one."""
    return re.sub(r"\d+", "0", record.partition(": ")[2].partition("\n")[0])


def _unequal_counts(
    where: str, control: Iterable[str], candidate: Iterable[str], class_of: Callable[[str], str] = str
) -> Iterator[Difference]:
    """One difference for each class whose count differs; those of one side alone are set against each other."""
    ours, theirs = Counter(map(class_of, control)), Counter(map(class_of, candidate))
    for name in sorted(ours.keys() & theirs.keys()):
        yield from unequal(where, _times(name, ours[name]), _times(name, theirs[name]))
    alone = (sorted(one.keys() - other.keys()) for one, other in ((ours, theirs), (theirs, ours)))
    for left, right in zip_longest(*alone):
        yield from unequal(where, left and _times(left, ours[left]), right and _times(right, theirs[right]))


def _times(name: str, count: int) -> str:
    return name if count == 1 else f"{count} times {name}"
