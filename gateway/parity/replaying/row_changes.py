"""Rows before and after, by their keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...comparing.observation import Row, RowChange

Rows = dict[tuple[str, ...], Row]
ALIKE = "(rows alike)"
"""A column that a table without a key has besides its own: how many rows are equal."""


class LockedError(Exception):
    """The app holds what has to be put back: its process has to be started again."""


def key_of(row: Row, key: Sequence[str]) -> tuple[str, ...]:
    """Return the values of the key's columns; without a key, of all columns of the table."""
    values = dict(row)
    return tuple(values[column] for column in key or values if column != ALIKE)


def compare_rows(table: str, before: Rows, after: Rows) -> Iterator[RowChange]:
    """Yield each row that is not the same, in the order of the keys."""
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, ()), after.get(key, ())
        if old != new:
            kind = "inserted" if not old else "deleted" if not new else "updated"
            yield RowChange(table, kind, key, old, new)
