"""Rows before and after, by their keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..observation import Row, RowChange

Rows = dict[tuple[str, ...], Row]


class LockedError(Exception):
    """The app holds what has to be put back: its process has to be started again."""


def compare_rows(table: str, before: Rows, after: Rows) -> Iterator[RowChange]:
    """Each row that is not the same, in the order of the keys."""
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, ()), after.get(key, ())
        if old != new:
            kind = "inserted" if not old else "deleted" if not new else "updated"
            yield RowChange(table, kind, key, old, new)
