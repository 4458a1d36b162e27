"""Read columns of a parameter's name in the databases of a run: values that a filter finds. Nothing is written."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

from ...http.redaction.secret_texts import CARD, EMAIL, JWT, is_token
from ...http.secret_names import is_secret
from ..corpus.app_databases import MAX_BYTES
from ..corpus.case import Case
from ..corpus.files import STATES
from ..replaying.databases import database_name, is_sqlite
from ..replaying.sqlite_databases import has_idle_journal

MAX_VALUES = 3
"""Values of one parameter."""
MAX_CHARS = 40
"""Characters of a value."""
MAX_ROWS = 1000
"""Rows of a table that are looked at."""
MAX_FILES = 20
_COLUMNS = """SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c
    WHERE t.type = 'table' AND t.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY t.rowid, c.cid"""
_VALUES = """SELECT DISTINCT value FROM (SELECT {} AS value FROM {} LIMIT ?)
    WHERE typeof(value) IN ('text', 'integer') AND length(value) BETWEEN 1 AND ?"""
_PERSONAL = re.compile("|".join((EMAIL, CARD, JWT)))
Databases = Mapping[str | None, Path]
"""The SQLite file of each state that cases start from; None is the run's own."""
Values = Mapping[str | None, Mapping[str, tuple[str, ...]]]
"""State -> name of a parameter -> texts."""


def databases_of(samples: Iterable[Case], corpus: Path, url: str | None, root: Path) -> dict[str | None, Path]:
    """Return the first files that are there and not too large: the run's own, then those of the samples."""
    files: dict[str | None, Path] = {} if url is None or not is_sqlite(url) else {None: root / database_name(url)}
    files |= {case.state: corpus / STATES / case.state for case in samples if case.state is not None}
    fit = [(state, path) for state, path in files.items() if path.is_file() and path.stat().st_size <= MAX_BYTES]
    return dict(fit[:MAX_FILES])


def read_values(databases: Databases, names: Iterable[str]) -> Values:
    """Return the values in each of the files. One that cannot be read has none."""
    wanted = sorted({name for name in names if not is_secret(name)})
    found: dict[str | None, Mapping[str, tuple[str, ...]]] = {}
    for state, path in databases.items() if wanted else ():
        with suppress(OSError, sqlite3.Error):
            still = "&immutable=1" if has_idle_journal(path) else ""
            uri = f"{path.absolute().as_uri()}?mode=ro{still}"
            with closing(sqlite3.connect(uri, uri=True, timeout=1)) as database:
                found[state] = column_values(database, wanted)
    return found


def values_from(values: Values, state: str | None, name: str) -> tuple[str, ...]:
    """Return up to `MAX_VALUES` values of a parameter, those of this state before the others'."""
    first = sorted(values, key=lambda one: one != state)
    return tuple(dict.fromkeys(text for one in first for text in values[one].get(name, ())))[:MAX_VALUES]


def column_values(database: sqlite3.Connection, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return for each name up to `MAX_VALUES` texts in columns that are called so; nothing that looks like a secret.

    `city` is `city` or `cities`; `customer_id` is also `id` of `customers`. Raises sqlite3.Error.
    """
    columns = [one for one in database.execute(_COLUMNS) if not is_secret(one[1])]
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        texts: dict[str, None] = {}
        for table, column in columns:
            if _singular(name) in {_singular(column), f"{_singular(table)}_{_singular(column)}"}:
                texts |= dict.fromkeys(_values(database, table, column))
        found[name] = tuple(texts)[:MAX_VALUES]
    return found


def _singular(name: str) -> str:
    name = name.lower()
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def _values(database: sqlite3.Connection, table: str, column: str) -> Iterator[str]:
    quoted = ('"' + name.replace('"', '""') + '"' for name in (column, table))
    for (value,) in database.execute(_VALUES.format(*quoted), (MAX_ROWS, MAX_CHARS)):
        text = str(value)
        if text.isprintable() and text.strip() and not (_PERSONAL.search(text) or is_token(text)):
            yield text
