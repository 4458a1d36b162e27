"""Control against candidate: every location where the candidate is not as the control. Pure, no clock, no I/O.

Of effects, fewer statements and open connections than the control's are fine.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from ..observation import Effects, Observation, RowChange
from ..result import Difference
from .body_comparison import compare_bodies, have_locations
from .difference_text import described, paired, unequal
from .header_comparison import compare_cookies, compare_headers, compare_length, has_body

_KINDS = ("inserted", "updated", "deleted")
_UNHANDLED = re.compile(r"[^:]*: Exception (?:on .* \[[A-Z]+\]|in ASGI application)")
"""The record of an exception that no view caught, as Flask and uvicorn log it."""


def compare(
    control: Observation, candidate: Observation, *, method: str, json_mode: str = "typed"
) -> Iterator[Difference]:
    """Yield all that differs but durations: the status first, the rest of the message in its order, errors, effects."""
    sides = control, candidate
    # An app that ends without an answer leaves it to its server, which answers 500.
    yield from unequal("status", *(str(side.response.status) if side.response else "500" for side in sides))
    before, after = control.response, candidate.response
    if before and after and before != after:
        yield from compare_headers(before.headers, after.headers)
        yield from compare_cookies(before.set_cookies, after.set_cookies)
        is_by_meaning = before.status == after.status and json_mode != "bytes" and have_locations(before, after)
        yield from compare_length(before, after, method, is_by_meaning=is_by_meaning)
        if has_body(before, method) and has_body(after, method):
            yield from compare_bodies(before, after, json_mode)
    # An exception that one side alone did not handle, or of another class; its text is for people, no client.
    unhandled = [has_unhandled(side) for side in sides]
    classes = [side.error and side.error.partition(":")[0] for side in sides]
    if set(unhandled) == {True, False} or (all(classes) and classes[0] != classes[1]):
        logged = ["an unhandled exception, logged" if one else None for one in unhandled]
        yield from unequal("error", *(side.error or text for side, text in zip(sides, logged, strict=True)))
    yield from compare_effects(control.effects, candidate.effects)


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
            for pair in paired(*of_kind, key=lambda change: change.key):
                sides = [dict(each.before if kind == "deleted" else each.after) for each in pair if each is not None]
                for column in dict.fromkeys(chain(*sides)) if len(sides) == 2 else ():  # else the summary says it
                    yield from unequal(f"{where}.{column}", *(side.get(column) for side in sides))


def _summary(changes: list[RowChange]) -> str | None:
    counts = Counter(change.kind for change in changes)
    words = ", ".join(f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind])
    return described(words) if words else None


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
    for names in paired(sorted(before), sorted(after), key=str):
        sides = zip(names, (before, after), strict=True)
        times = (name if name is None or side[name] == 1 else f"{side[name]} times {name}" for name, side in sides)
        yield from unequal(where, *times)
