"""The `[parity]` table of the map: how a run replays, and which differences are deliberate."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ..comparing.policy import ComparisonPolicy, IgnoreRule
from ..errors import suggest
from . import checks
from .table_reader import Schema, TableReader


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """Say what a run needs beside the apps; `{database}` (a URL), `{directory}`, `{side}` stand for each side's own."""

    corpus: str = "corpus"
    """Directory of the cases, from the map's own directory."""
    store: str = "sqlite:///.gateway/parity.sqlite3"
    """SQLAlchemy URL of results, evidence and audit; a relative SQLite path starts at the map's own directory."""
    database: str | None = None
    """URL of the database that every side starts with a copy of; None is an empty SQLite file."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables that both apps read, `("DATABASE_URL", "{database}")`."""
    pass_environment: tuple[str, ...] = ()
    """Names of variables that both apps get as they are set where the run starts."""
    arguments: tuple[tuple[str, str], ...] = ()
    """Keyword arguments for both factories, where they take them."""
    base_url: str | None = None
    """Scheme and host of the requests that name no host of their own: `https` is told as a proxy tells it. None is what
    most requests of the corpus name."""
    min_requests: int = 5
    """Compared requests that a route needs; fewer are inconclusive."""
    timeout_seconds: float = 10.0
    """Seconds that one answer may take."""
    freeze: bool = True
    """Whether both sides of a pair see the same clock, UUIDs and random numbers."""
    exclude: tuple[tuple[str, str], ...] = ()
    """(key of the map, reason) of routes that are not compared: there is no evidence of them."""


_PARITY = Schema(
    {
        "corpus": checks.text('is not a directory, "corpus"'),
        "store": checks.text('is not a database URL, "sqlite:///.gateway/parity.sqlite3"'),
        "database": checks.text('is not a database URL, "sqlite:///app.sqlite3"'),
        "environment": checks.of_type(dict, 'is not a table of texts, { DATABASE_URL = "{database}" }'),
        "pass_environment": checks.must(
            lambda given: isinstance(given, list) and all(isinstance(name, str) for name in given),
            'is not a list of names, ["SECRET_KEY"]',
        ),
        "arguments": checks.of_type(dict, 'is not a table of texts, { database_url = "{database}" }'),
        "base_url": checks.matching(r"https?://[^\s/?#]+", 'is not a scheme and a host, "https://shop.example"'),
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
_LOCATION = re.compile(
    r"""\* | (?: status | error | framing | more | authentication | secret
    | effect (?: \. (?: outbound | errors | files | open_connections | (?: rows | statements) (?: \.[^*]+ )? ) )?
    | header (?: \.[^A-Z*]+ )? | cookie (?: \.[^*]+ )?
    | body (?: \.\w+ | \[ (?: \d+ | \* | "(?:[^"\\]|\\.)*" ) \] )*
    ) (?: \.\* )?""",
    re.VERBOSE,
)
"""Every place that a difference may have: a rule for any other would match nothing, for ever."""
_NO_LOCATION = (
    'is no place that can differ; write "status", "header.vary" in lower case, "cookie.session.*", '
    '"body.items[*].price", "effect.rows.todos"; a "*" stands alone, after the last dot or as "[*]"'
)
_RULE_FOR_CAUSE = replace(_RULE, required={"reason": _RULE.required["reason"]})


def read_parity(reader: TableReader, table: Mapping[str, Any]) -> tuple[ComparisonPolicy, ReplaySettings]:
    """Return what a `[parity]` table says; what cannot be read keeps its default."""
    given = reader.settings(("parity",), table, _PARITY)
    for name in given.keys() & {"environment", "arguments", "exclude"}:
        given[name] = reader.pairs(("parity", name), given[name], checks.of_type(str, "is not a text"))
    given["pass_environment"] = tuple(given.get("pass_environment", ()))
    rules = (_read_rule(reader, number, rule) for number, rule in enumerate(given.pop("ignore", []), 1))
    policy = ComparisonPolicy(given.pop("json_mode", "typed"), tuple(rule for rule in rules if rule is not None))
    return policy, ReplaySettings(**given)


def _read_rule(reader: TableReader, number: int, table: Mapping[str, Any]) -> IgnoreRule | None:
    at = ("parity", "ignore", number)
    before = len(reader.faults)
    given = reader.settings(at, table, _RULE_FOR_CAUSE if "cause" in table else _RULE)
    if table.get("where") == "*" and "cause" not in table:
        reader.fault((*at, "where"), '"*" is any place: name a cause, or the place')
    if "where" in given and not _LOCATION.fullmatch(given["where"]):
        reader.fault((*at, "where"), f"{checks.format_value(given['where'])} {_NO_LOCATION}")
    if "cause" in given:
        from ..comparing.causes import CAUSES  # none of its business is a service's that has no such rule

        if given["cause"] not in CAUSES:
            reader.fault((*at, "cause"), f'"{given["cause"]}" is no known cause{suggest(given["cause"], CAUSES)}')
    if len(reader.faults) > before:
        return None
    return IgnoreRule(**{"where": "*", **given}, line=reader.line(at))
