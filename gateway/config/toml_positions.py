"""Find where each key of a TOML text stands: a statement is the shortest run of lines that parses alone.

tomllib gives values without places; this gives the places, with tomllib still the only reader of TOML.
"""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

KeyPath = tuple[str | int, ...]
"""Keys, outermost first; behind an array of tables the number of the table, from 1: `("case", 3, "name")`."""
_MAX_LINES = 200
"""Lines that one statement may take; keeps a quote that nobody closed from costing the square of the file."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One header or one key with its value, as written."""

    line: int
    """1-based."""
    text: str
    """Lines of the statement, their ends included."""
    keys: tuple[KeyPath, ...]
    """Key paths that it sets, outermost first; the third `[[case]]` sets `("case",)` and `("case", 3)`."""
    is_header: bool


def statements(text: str) -> Iterator[Statement]:
    """Yield every statement of the text in order. Blank lines, comments and lines that never parse are passed over."""
    lines = list(io.StringIO(text, newline="\n"))
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    at = 0
    while at < len(lines):
        length, tree = _shortest(lines, at)
        chunk = "".join(lines[at : at + length])
        if tree:
            is_header = chunk.lstrip().startswith("[")
            keys = list(_paths(tree, ()))
            if is_header:
                header = keys[-1]
                if chunk.lstrip().startswith("[["):
                    counts = {key: n for key, n in counts.items() if key[: len(header)] != header or key == header}
                    counts[header] = counts.get(header, 0) + 1
                table = ()  # the header with the number of the current table behind each array of tables
                for depth, part in enumerate(header, 1):
                    count = (counts[header[:depth]],) if header[:depth] in counts else ()
                    table = (*table, part, *count)
                keys = [table[:depth] for depth in range(1, len(table) + 1)]
            else:
                keys = [(*table, *key) for key in keys]
            yield Statement(at + 1, chunk, tuple(keys), is_header)
        at += length


def key_text(key: KeyPath) -> str:
    """Return a key path in TOML's notation, `routes."GET /todos".mode`, or `case[3].name`."""
    parts = (
        f"[{part}]" if isinstance(part, int) else f".{part}" if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'."{part}"'
        for part in key
    )
    return "".join(parts).removeprefix(".")


def _shortest(lines: list[str], at: int) -> tuple[int, dict[str, Any] | None]:
    """Return how many lines from `at` on are a statement, and its values; (1, None) where none begins."""
    if not lines[at].strip() or lines[at].lstrip().startswith("#"):
        return 1, None
    for end in range(at + 1, min(len(lines), at + _MAX_LINES) + 1):
        try:
            return end - at, tomllib.loads("".join(lines[at:end]))
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
    return 1, None


def _paths(tree: Any, before: KeyPath) -> Iterator[KeyPath]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield (*before, key)
            yield from _paths(value, (*before, key))
