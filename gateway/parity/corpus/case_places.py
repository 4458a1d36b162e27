"""Where each key of a case file stands, with arrays of tables counted from 1: `case[3].step[2].capture`. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping

from ...config.toml_positions import statements
from ...errors import Fault

At = tuple[str | int, ...]
"""A key path; in an array of tables the number of the table, from 1."""


def faults_at(text: str, path: str, found: Iterable[tuple[At, str]]) -> tuple[Fault, ...]:
    """Faults with the lines of their keys, or of the nearest keys around them."""
    lines = _lines_of(text)
    return tuple(Fault(path, _line(lines, at), _key_text(at), message) for at, message in found)


def syntax_fault(path: str, error: tomllib.TOMLDecodeError) -> Fault:
    """What tomllib says, at its line."""
    found = re.search(r" \(at line (\d+), column (\d+)\)", str(error))
    reason = str(error).removesuffix(found[0]) if found else str(error)
    column = f" at column {found[2]}" if found else ""
    return Fault(path, int(found[1]) if found else None, "", f"not TOML: {reason}{column}; texts need quotes")


def _lines_of(text: str) -> dict[At, int]:
    lines: dict[At, int] = {}
    case = step = 0
    for statement in statements(text):
        if statement.is_header and statement.text.lstrip().startswith("[["):
            case, step = (case + 1, 0) if statement.table == ("case",) else (case, step + 1)
        for key in statement.keys:
            lines.setdefault(_numbered(key, case, step), statement.line)
    return lines


def _numbered(key: tuple[str, ...], case: int, step: int) -> At:
    if key[0] != "case" or not case:
        return key
    if key[1:2] == ("step",) and step:
        return ("case", case, "step", step, *key[2:])
    return ("case", case, *key[1:])


def _line(lines: Mapping[At, int], at: At) -> int | None:
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at)


def _key_text(at: At) -> str:
    text = ""
    for part in at:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"'
            text += f".{shown}" if text else shown
    return text
