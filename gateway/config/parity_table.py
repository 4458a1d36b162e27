"""The `[parity]` table of the map: how a run replays, and which differences are deliberate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from ..comparing.policy import ComparisonPolicy, IgnoreRule
from . import checks
from .replay_settings import ReplaySettings
from .table_reader import Schema, TableReader

_PARITY = Schema(
    {
        "corpus": checks.text('is not a directory, "corpus"'),
        "store": checks.text('is not a database URL, "sqlite:///.gateway/parity.sqlite3"'),
        "database": checks.text('is not a database URL, "sqlite:///app.sqlite3"'),
        "environment": checks.of_type(dict, 'is not a table of texts, { DATABASE_URL = "{database}" }'),
        "arguments": checks.of_type(dict, 'is not a table of texts, { database_url = "{database}" }'),
        "min_requests": checks.count("is not a whole number above 0"),
        "timeout_seconds": checks.number(lambda given: 0 < given < math.inf, "is not a number of seconds above 0"),
        "freeze": checks.FLAG,
        "json_mode": checks.must(
            lambda mode: mode in ("typed", "canonical", "bytes"), 'is not "typed", "canonical" or "bytes"'
        ),
        "exclude": checks.of_type(dict, 'is not a table of reasons, { "GET /admin/" = "other pages" }'),
        "ignore": checks.tables("not a list of tables; write [[parity.ignore]] above each rule"),
    },
    renamed={"minimum": "min_requests", "timeout": "timeout_seconds", "leave_out": "exclude"},
)
_RULE = Schema(
    {
        "where": checks.text('is not a place, "header.vary" or "body.items[*].price"'),
        "reason": checks.text("is not a text that says why the difference is meant"),
        "route": checks.text('is not a key of the map, "GET /todos"'),
        "expires": checks.must(lambda day: type(day) is date, "is not a day without quotes, 2030-12-31"),
        "cause": checks.text('is not the name of a known cause, "validation-status"'),
        "control": checks.of_type(str, 'is not a text, as a report shows it: "400"'),
        "candidate": checks.of_type(str, 'is not a text, as a report shows it: "422"'),
        "approved_by": checks.text("is not a text that says who answers for it"),
    },
    required={"where": '"header.vary"', "reason": '"why it is meant"'},
)
_RULE_FOR_CAUSE = replace(_RULE, required={"reason": _RULE.required["reason"]})


def read_parity(reader: TableReader, table: Mapping[str, Any]) -> tuple[ComparisonPolicy, ReplaySettings]:
    """Return what a `[parity]` table says; what cannot be read keeps its default."""
    given = reader.settings(("parity",), table, _PARITY)
    for name in given.keys() & {"environment", "arguments", "exclude"}:
        given[name] = reader.pairs(("parity", name), given[name], checks.of_type(str, "is not a text"))
    rules = (_read_rule(reader, number, rule) for number, rule in enumerate(given.pop("ignore", []), 1))
    policy = ComparisonPolicy(given.pop("json_mode", "typed"), tuple(rule for rule in rules if rule is not None))
    return policy, ReplaySettings(**given)


def _read_rule(reader: TableReader, number: int, table: Mapping[str, Any]) -> IgnoreRule | None:
    at = ("parity", "ignore", number)
    before = len(reader.faults)
    given = reader.settings(at, table, _RULE_FOR_CAUSE if "cause" in table else _RULE)
    if table.get("where") == "*" and "cause" not in table:
        reader.fault((*at, "where"), '"*" is any place: name a cause, or the place')
    if len(reader.faults) > before:
        return None
    return IgnoreRule(**{"where": "*", **given}, line=reader.line(at))
