"""Sides' SQLite databases: copies of the real one; put back in place, so that connections stay; compared row by row."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect  # as it is before the app's connections are watched
from urllib.parse import quote

from ...comparing.observation import RowChange
from ...errors import ReplayError
from .databases import LockedError, Rows, compare_rows, database_name, rows_by_key, with_database

LOCK_SECONDS = 0.5
"""Time that a lock of the app may last; one that lasts longer was forgotten."""
_WAL = b"\x02\x02"
"""Bytes 18 and 19 of a database whose changes wait in a file beside it."""


class SqliteIsolation:
    """Databases for one run: files below its directory, which goes as a whole.

    The real database is read once and never opened for writing.
    """

    def __init__(self, url: str | None, root: Path, directory: Path) -> None:
        """Copy the real file, if there is a `url`, below `directory`; a relative path of it starts at `root`.

        `baseline` is what all sides start from, once a first side has made it. Raises ReplayError.
        """
        self._url = url or "sqlite:///database.sqlite3"
        self._directory = directory
        self.notes: list[str] = []
        """What a reader of the run should know of the copy."""
        self._raw = directory / "raw.sqlite3"
        self.baseline = with_database(self._url, str(directory / "baseline.sqlite3"))
        if url is not None:
            copy_real(root / database_name(url), self._raw)

    def new_database(self, name: str) -> str:
        """Return the URL of a side's own database: a copy of the baseline, or, while there is none, of the real one."""
        own = self._directory / name / "database"
        own.mkdir(parents=True)
        path = own / "database.sqlite3"
        sources = (Path(database_name(self.baseline)), self._raw)
        if source := next(filter(Path.exists, sources), None):
            shutil.copyfile(source, path)
        else:
            path.touch()
        return with_database(self._url, str(path))

    def close(self) -> None:
        """Do nothing: the files go with their directory."""


class SqliteState:
    """The side's database beside what it was."""

    def __init__(self, path: str, baseline: str) -> None:
        """Make `baseline` from what is there now if there is none yet."""
        if not Path(baseline).exists():
            save(path, baseline)
        self._first = baseline
        self._own = connect_to(path)
        self._before = connect_to(":memory:")
        self._before.execute("ATTACH ? AS now", (path,))
        self._baseline = connect_to(":memory:")
        self._baseline_path = ""
        self._version = 0
        self._is_dirty = True
        self.use(None)
        _overwrite(self._before, self._baseline)

    def use(self, baseline: str | None) -> None:
        """Have `reset` go back to that file from now on; None is the run's own baseline."""
        baseline = baseline or self._first
        if baseline != self._baseline_path:
            copy(baseline, self._baseline)
            self._baseline_path = baseline
            self._is_dirty = True

    def reset(self) -> None:
        """Restore the baseline, if anything has changed. Raises LockedError when the app holds a lock."""
        if self._is_dirty or self._read_version() != self._version:
            _overwrite(self._own, self._baseline)
            _overwrite(self._before, self._baseline)
            self._version = self._read_version()
            self._is_dirty = False

    def changes(self) -> tuple[RowChange, ...]:
        """Return the rows that are not as they were at the last call, or at the reset; at first, in the baseline."""
        version = self._read_version()
        if version == self._version:
            return ()
        self._version, self._is_dirty = version, True
        old, new = _tables(self._before, "main"), _tables(self._before, "now")
        found = [*compare_rows("sqlite_schema", _as_rows(old), _as_rows(new))]
        for table in sorted(new):
            found += compare_rows(table, *_unequal_rows(self._before, table))
        if found:
            _overwrite(self._before, self._own)
        return tuple(found)

    def check_unlocked(self) -> None:
        """Raise LockedError when a transaction is still open: it would lock out the next request."""
        try:
            self._own.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise LockedError from error
        self._own.execute("ROLLBACK")

    def close(self) -> None:
        """Close every connection."""
        for connection in (self._own, self._before, self._baseline):
            connection.close()

    def _read_version(self) -> int:
        """Return a number that is another one when any other connection has changed the file."""
        version: int = self._own.execute("PRAGMA data_version").fetchone()[0]
        return version


def has_idle_journal(path: Path) -> bool:
    """Tell whether nobody has a SQLite file open whose changes wait beside it: to open it would make files there."""
    with path.open("rb") as file:
        is_wal = file.read(20)[18:] == _WAL
    return is_wal and not path.with_name(f"{path.name}-shm").exists()


def copy_real(real: Path, target: Path) -> None:
    """Copy a database file as it is now, also while a service writes to it. Raises ReplayError where there is none."""
    if not real.is_file():
        raise ReplayError(f'no database "{real}"; [parity] database names the one that a parity run copies')
    beside = real.with_name(real.name + "-wal")
    if has_idle_journal(real):
        shutil.copyfile(real, target)
        if beside.exists():
            shutil.copyfile(beside, target.with_name(target.name + "-wal"))
        whole = target.with_name("whole.sqlite3")
        save(str(target), str(whole))
        whole.replace(target)
    else:
        save(str(real), str(target))


def save(path: str, copy_path: str) -> None:
    """Copy a database file as it is now, also while it is in use."""
    with closing(connect_to(copy_path)) as target:
        copy(path, target)


def copy(path: str, target: sqlite3.Connection) -> None:
    """Read a database file into `target`, which is overwritten; the file is not touched."""
    with closing(connect(f"file:{quote(path)}?mode=ro", uri=True)) as source:
        source.backup(target)


def connect_to(path: str) -> sqlite3.Connection:
    """Return a connection of ours: autocommit, in no haste to reach the disk."""
    connection = connect(path, isolation_level=None, timeout=LOCK_SECONDS, check_same_thread=False)
    connection.execute("PRAGMA synchronous = OFF")  # nothing here outlives the run
    return connection


def _overwrite(target: sqlite3.Connection, source: sqlite3.Connection) -> None:
    def progress(status: int, _remaining: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):  # else it would be tried for ever
            raise LockedError

    source.backup(target, progress=progress)


def _unequal_rows(before: sqlite3.Connection, table: str) -> Iterator[Rows]:
    """Yield the rows of `main` that `now` has not, and the other way round, in the columns that both have."""
    (had, had_key), (columns, key) = (_columns(before, schema, table) for schema in ("main", "now"))
    tables = [f"main.{_quoted(table)}", f"now.{_quoted(table)}"]
    if both := tuple(column for column in columns if column in had):
        columns, key = both, key if key == had_key else ()
    else:  # made since, or made anew as another table
        tables[0] = f"{tables[1]} WHERE false"
    values = ", ".join(f"quote({_quoted(column)})" for column in columns)
    if not key:
        values = f"{values}, quote(count(*) OVER (PARTITION BY {values}))"
    queries = [f"SELECT {values} FROM {source}" for source in tables]
    for order in (queries, queries[::-1]):
        found = before.execute(" EXCEPT ".join(order))
        yield rows_by_key(columns, key, (map(_as_json, literals) for literals in found))


def _as_rows(tables: dict[str, str]) -> Rows:
    return {(json.dumps(name),): (("sql", json.dumps(sql)),) for name, sql in tables.items()}


def _tables(connection: sqlite3.Connection, schema: str) -> dict[str, str]:
    """Return each table's CREATE statement by its name. SQLite's own count of ids is no table of the app."""
    rows = connection.execute(
        f"SELECT name, sql FROM {schema}.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return dict(rows.fetchall())


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (all columns, those of the primary key) of a table; none for a table that is not there."""
    found = connection.execute(f"PRAGMA {schema}.table_info({_quoted(table)})").fetchall()
    keyed = sorted((row for row in found if row[5]), key=lambda row: row[5])
    return tuple(row[1] for row in found), tuple(row[1] for row in keyed)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_json(literal: str) -> str:
    """Return a literal of SQLite's `quote` as JSON text; bytes as text `x'00ff'`. `1` and `1.0` stay apart."""
    if literal == "NULL":
        return "null"
    if literal.startswith("'"):
        return json.dumps(literal[1:-1].replace("''", "'"))
    return json.dumps(literal.lower()) if re.match("[xX]'", literal) else literal
