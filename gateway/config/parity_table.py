"""The `[parity]` table of the map: a ComparisonPolicy and ReplaySettings, with every fault that stands in the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from ..comparing.policy import ComparisonPolicy, IgnoreRule
from ..errors import Fault, suggest
from .replay_settings import ReplaySettings
from .toml_positions import KeyPath, Statement, key_text

_TABLE = ("parity",)
_IGNORE = ("parity", "ignore")


class _Kind(NamedTuple):
    """What a setting may be, and how that is said."""

    allows: Callable[[Any], bool]
    wanted: str


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_duration(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


_SETTINGS = {
    "corpus": _Kind(_is_text, 'a directory, "corpus"'),
    "store": _Kind(_is_text, 'a database URL, "sqlite:///.gateway/parity.sqlite3"'),
    "database": _Kind(_is_text, 'a database URL, "sqlite:///app.sqlite3"'),
    "environment": _Kind(lambda value: isinstance(value, dict), 'a table of texts, { DATABASE_URL = "{database}" }'),
    "arguments": _Kind(lambda value: isinstance(value, dict), 'a table of texts, { database_url = "{database}" }'),
    "minimum": _Kind(lambda value: type(value) is int and value > 0, "a whole number above 0"),
    "timeout": _Kind(_is_duration, "a number of seconds above 0"),
    "freeze": _Kind(lambda value: isinstance(value, bool), "true or false"),
    "json_mode": _Kind(lambda value: value in ("typed", "canonical", "bytes"), '"typed", "canonical" or "bytes"'),
    "leave_out": _Kind(lambda value: isinstance(value, dict), 'a table of reasons, { "GET /admin/" = "other pages" }'),
}
_RULE = {
    "where": _Kind(_is_text, 'a place, "header.vary" or "body.items[*].price"'),
    "reason": _Kind(_is_text, "a text that says why the difference is meant"),
    "route": _Kind(_is_text, 'a key of the map, "GET /todos"'),
    "expires": _Kind(_is_day, "a day without quotes, 2030-12-31"),
    "cause": _Kind(_is_text, 'the name of a known cause, "validation-status"'),
    "control": _Kind(lambda value: isinstance(value, str), 'a text, as a report shows it: "400"'),
    "candidate": _Kind(lambda value: isinstance(value, str), 'a text, as a report shows it: "422"'),
    "approved_by": _Kind(_is_text, "a text that says who answers for it"),
}
_REQUIRED = ("where", "reason")
_FIELDS = {"minimum": "min_requests", "timeout": "timeout_seconds", "leave_out": "exclude"}


def read_parity(
    table: Any, path: str, stands: Iterable[Statement]
) -> tuple[ComparisonPolicy, ReplaySettings, tuple[Fault, ...]]:
    """Return what a parsed `[parity]` table says and what is wrong in it; what cannot be read keeps its default.

    `stands`: every statement of the map's text, for the lines.
    """
    reader = _Reader(path, tuple(stands))
    comparison, replay = reader.parity(table)
    return comparison, replay, tuple(reader.faults)


class _Reader:
    def __init__(self, path: str, stands: tuple[Statement, ...]) -> None:
        self.faults: list[Fault] = []
        self._path = path
        self._lines = {key: statement.line for statement in reversed(stands) for key in statement.keys}
        self._rule_lines = _lines_of_rules(stands)

    def parity(self, table: Any) -> tuple[ComparisonPolicy, ReplaySettings]:
        if not isinstance(table, dict):
            self._fault(_TABLE, "not a table; write [parity] on a line of its own")
            return ComparisonPolicy(), ReplaySettings()
        given = self._read(_TABLE, {name: value for name, value in table.items() if name != "ignore"}, _SETTINGS)
        for name in ("environment", "arguments", "leave_out"):
            if name in given:
                given[name] = tuple(self._texts((*_TABLE, name), given[name]))
        comparison = ComparisonPolicy(given.pop("json_mode", "typed"), self._rules(table.get("ignore", [])))
        return comparison, ReplaySettings(**{_FIELDS.get(name, name): value for name, value in given.items()})

    def _texts(self, at: KeyPath, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, value in table.items():
            if isinstance(value, str):
                yield name, value
            else:
                self._fault((*at, name), f"{_shown(value)} is not a text")

    def _rules(self, rules: Any) -> tuple[IgnoreRule, ...]:
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            self._fault(_IGNORE, "not a list of tables; write [[parity.ignore]] above each rule")
            return ()
        found = (self._rule(index, rule) for index, rule in enumerate(rules))
        return tuple(rule for rule in found if rule is not None)

    def _rule(self, index: int, table: Mapping[str, Any]) -> IgnoreRule | None:
        before = len(self.faults)
        given = self._read(_IGNORE, table, _RULE, index)
        if "cause" in table:
            given.setdefault("where", "*")
        elif table.get("where") == "*":
            self._fault((*_IGNORE, "where"), '"*" is any place: name a cause, or the place', index)
        for name in _REQUIRED:
            if name not in table and name not in given:
                self._fault(_IGNORE, f"no {name}; write {name} = {_example(name)}", index)
        if len(self.faults) > before:
            return None
        return IgnoreRule(**given, line=self._line(_IGNORE, index))

    def _read(
        self, at: KeyPath, table: Mapping[str, Any], known: Mapping[str, _Kind], index: int | None = None
    ) -> dict[str, Any]:
        given = {}
        for name, value in table.items():
            if name not in known:
                choices = ", ".join((*known, "ignore") if at == _TABLE else known)
                close = suggest(name, choices.split(", ")) or f"; known are {choices}"
                self._fault((*at, name), f'unknown setting "{name}"{close}', index)
            elif known[name].allows(value):
                given[name] = value
            else:
                self._fault((*at, name), f"{_shown(value)} is not {known[name].wanted}", index)
        return given

    def _fault(self, at: KeyPath, message: str, index: int | None = None) -> None:
        self.faults.append(Fault(self._path, self._line(at, index), key_text(at), message))

    def _line(self, at: KeyPath, index: int | None = None) -> int | None:
        """The line of the statement that sets this key, or of the nearest one around it."""
        lines = self._lines
        if index is not None and index < len(self._rule_lines):
            lines = self._rule_lines[index]
        while at and at not in lines:
            at = at[:-1]
        return lines.get(at)


def _lines_of_rules(stands: tuple[Statement, ...]) -> list[dict[KeyPath, int]]:
    """Where each `[[parity.ignore]]` and the keys below it stand; none for rules that stand in one inline list."""
    rules: list[dict[KeyPath, int]] = []
    for statement in stands:
        if statement.table == _IGNORE:
            if statement.is_header:
                rules.append({})
            for key in statement.keys:
                rules[-1].setdefault(key, statement.line)
    return rules


def _example(name: str) -> str:
    return {"where": '"header.vary"', "reason": '"why it is meant"'}[name]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
