"""Where each key of a TOML text stands: a statement is the shortest run of lines that parses alone.

tomllib gives values without places; this gives the places, with tomllib still the only reader of TOML.
"""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

KeyPath = tuple[str, ...]
_LONGEST = 200
"""Lines that one statement may take; keeps a quote that nobody closed from costing the square of the file."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One header or one key with its value, as written."""

    line: int
    """1-based."""
    text: str
    """With its line ends."""
    table: KeyPath
    """The header that it stands under; of a header, the header itself."""
    keys: tuple[KeyPath, ...]
    """The key paths that it sets, outermost first."""
    is_header: bool


def statements(text: str) -> Iterator[Statement]:
    """Every statement of the text in order. Blank lines, comments and lines that never parse are passed over."""
    lines = list(io.StringIO(text, newline="\n"))
    table: KeyPath = ()
    at = 0
    while at < len(lines):
        length, tree = _shortest(lines, at)
        chunk = "".join(lines[at : at + length])
        if tree:
            is_header = chunk.lstrip().startswith("[")
            inside = tuple(_paths(tree, ()))
            if is_header:
                table = inside[-1]
            keys = inside if is_header else tuple((*table, *key) for key in inside)
            yield Statement(at + 1, chunk, table, keys, is_header)
        at += length


def key_text(key: KeyPath) -> str:
    """A key path in TOML's notation: `routes."GET /todos".mode`."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"' for part in key)


def _shortest(lines: list[str], at: int) -> tuple[int, dict[str, Any] | None]:
    if not lines[at].strip() or lines[at].lstrip().startswith("#"):
        return 1, None
    for end in range(at + 1, min(len(lines), at + _LONGEST) + 1):
        try:
            return end - at, tomllib.loads("".join(lines[at:end]))
        except tomllib.TOMLDecodeError:
            continue
    return 1, None


def _paths(tree: Any, before: KeyPath) -> Iterator[KeyPath]:
    if isinstance(tree, list) and tree:
        yield from _paths(tree[-1], before)
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield (*before, key)
            yield from _paths(value, (*before, key))
