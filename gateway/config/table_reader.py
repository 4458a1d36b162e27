"""Reads the tables of one TOML text into values; what cannot be read becomes a fault with its line and is left out.

A table is described by a Schema: the name of each setting with a check of its value.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..errors import Fault, suggest
from .checks import Check
from .toml_positions import KeyPath, Statement, key_text, statements


@dataclass(frozen=True, slots=True)
class Schema:
    """Say what one table may have."""

    checks: Mapping[str, Check | None]
    """Every setting with its check; None is for a value that the caller looks at."""
    kind: str = "setting"
    """The word for one key of the table."""
    required: Mapping[str, str] = field(default_factory=dict)
    """Settings that must be there, each with an example of its value."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Names of older versions, each with today's."""


class TableReader:
    """Reads one text, and collects its faults."""

    def __init__(self, path: str, text: str = "", *, counts_tables: bool = True) -> None:
        """Read nothing yet. `counts_tables`: whether faults say the how many-th table of an array they stand in."""
        self.path = path
        self.faults: list[Fault] = []
        self._text = text
        self._counts_tables = counts_tables

    def parse(self) -> dict[str, Any] | None:
        """Return the values of the text, or None, and a fault, when it is not TOML."""
        try:
            return tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            self._add_syntax_fault(error)
        except RecursionError:
            self.fault((), "not TOML that anybody wrote: its lists or tables are too deep")
        return None

    def settings(self, at: KeyPath, table: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
        """Return the values of the table at a key path that its schema allows; all else in it becomes faults."""
        for name in table:
            if name in schema.renamed:
                self.fault((*at, name), f'is called "{schema.renamed[name]}" now')
            elif name not in schema.checks:
                close = suggest(name, schema.checks) or f"; known are {', '.join(schema.checks)}"
                self.fault((*at, name), f'unknown {schema.kind} "{name}"{close}')
        given = {
            name: value
            for name, value in table.items()
            if name in schema.checks and self.accepts((*at, name), value, schema.checks[name])
        }
        for name, example in schema.required.items():
            if name not in table:
                self.fault(at, f"no {name}; write {name} = {example}")
        return given

    def pairs(self, at: KeyPath, table: Mapping[str, Any], check: Check) -> tuple[tuple[str, Any], ...]:
        """Return (name, value) of each value that the check allows, of a table with any names."""
        return tuple((name, value) for name, value in table.items() if self.accepts((*at, name), value, check))

    def accepts(self, at: KeyPath, value: Any, check: Check | None) -> bool:
        """Tell whether a check allows a value; what it complains of becomes a fault."""
        complaint = check(value) if check else ""
        if complaint:
            self.fault(at, complaint)
        return not complaint

    def fault(self, at: KeyPath, message: str, line: int | None = None) -> None:
        """Add a fault of the key at a path, on that key's line unless another is given."""
        shown = at if self._counts_tables else tuple(part for part in at if isinstance(part, str))
        self.faults.append(Fault(self.path, line or self.line(at), key_text(shown), message))

    def line(self, at: KeyPath) -> int | None:
        """Return the 1-based line of the statement that sets a key, or the nearest one around it."""
        while at and at not in self._lines:
            at = at[:-1]
        return self._lines.get(at)

    @cached_property
    def _lines(self) -> dict[KeyPath, int]:
        return {key: found.line for found in reversed(list(statements(self._text))) for key in found.keys}

    def _add_syntax_fault(self, error: tomllib.TOMLDecodeError) -> None:
        reason, line = str(error), None
        if found := re.search(r" \(at line (\d+), column (\d+)\)", reason):
            reason, line = f"{reason.removesuffix(found[0])} at column {found[2]}", int(found[1])
        seen: dict[KeyPath, Statement] = {}
        # Whether a key stands twice, tomllib says in these words; lines that are no TOML cost a search each.
        searched = self._text.split("\n")[:line] if reason.startswith(("Cannot", "Duplicate")) else []
        for statement in statements("\n".join(searched)):
            for key in statement.keys:
                if key in seen and not statement.is_header and _clash(seen[key], statement):
                    first = seen[key].line
                    self.fault(key, f"stands twice (first on line {first}); keep one of the two", statement.line)
                    return
                seen[key] = statement
        self.fault((), f"not TOML: {reason}; texts need quotes", line)


def _clash(one: Statement, other: Statement) -> bool:
    """Tell whether two statements of one key exclude each other, as dotted parts of it do not."""
    try:
        tomllib.loads(one.text + other.text)
    except tomllib.TOMLDecodeError:
        return True
    return False
