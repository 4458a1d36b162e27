"""Sides' PostgreSQL databases: beside the real one; made anew from the baseline when changed; compared row by row."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from time import perf_counter, sleep
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from ...comparing.observation import RowChange
from ...errors import ReplayError
from .databases import LockedError, Rows, compare_rows, database_name, rows_by_key, with_database

LEAVE_SECONDS = 0.5
"""Time in which a server notices a connection that was closed."""
LOOK_SECONDS = 0.002
MAINTENANCE = "postgres"
"""The database from which others are made and dropped."""
MARK = """SELECT pg_snapshot_xmax(pg_current_snapshot())::text,
    (SELECT string_agg(last_value::text, ',' ORDER BY schemaname, sequencename) FROM pg_sequences)"""
"""Changes with every write to the server, so more often than needed, and with every sequence of the database."""
TABLES = """SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum), COALESCE(
    (SELECT array_agg(k.attname ORDER BY array_position(i.indkey, k.attnum)) FROM pg_index i
     JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = ANY (i.indkey)
     WHERE i.indrelid = c.oid AND i.indisprimary), '{}')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    GROUP BY c.oid, n.nspname, c.relname ORDER BY 1, 2"""

WAYS_OUT = """SELECT extname FROM pg_extension WHERE extname = ANY (%s) OR oid IN (
    SELECT refobjid FROM pg_depend
    WHERE refclassid = 'pg_extension'::regclass AND classid = 'pg_foreign_data_wrapper'::regclass) ORDER BY 1"""
"""Extensions by which a database reaches others: foreign data wrappers, dblink among them, and these."""
_CONNECTING = ["aws_lambda", "aws_s3", "dblink", "http", "pg_cron", "pg_net", "pgsql_http", "plproxy"]

Snapshot = dict[str, Rows]


class PostgresqlIsolation:
    """Databases for one run: beside the real one, named after the run."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._prefix = f"gateway_parity_{token_hex(6)}"
        self._names: list[str] = []
        self.notes: list[str] = []
        """What a reader of the run should know of the copy."""
        self.baseline = with_database(url, f"{self._prefix}_baseline")

    def new_database(self, name: str) -> str:
        """Return the URL of a side's own database, as `SqliteIsolation` does. Raises ReplayError."""
        own, is_first = f"{self._prefix}_{name}".replace("-", "_"), not self._names
        template = database_name(self._url if is_first else self.baseline)
        try:
            with maintaining(make_url(self._url)) as connection:
                self._names.append(own)
                remake(connection, own, template)
            if is_first and (cut := cut_off(make_url(with_database(self._url, own)))):
                self.notes.append(f"the copy of the database leads nowhere: it is without {', '.join(cut)}")
        except psycopg.Error as error:
            name, text = make_url(self._url).render_as_string(), str(error).strip().replace("\n", " ")
            raise ReplayError(f'[parity] database: "{name}" cannot be copied: {text}') from error
        return with_database(self._url, own)

    def close(self) -> None:
        """Drop every database."""
        with suppress(psycopg.OperationalError), maintaining(make_url(self._url)) as connection:
            for name in (*self._names, database_name(self.baseline)):
                drop(connection, name)


class PostgresqlState:
    """The side's database beside what it was."""

    def __init__(self, url: str, baseline: str, release: Callable[[], bool]) -> None:
        """Make `baseline` from what is there now if there is none yet.

        `release` has the app close its idle connections; it says whether it could.
        """
        self._url = make_url(url)
        self._baseline = database_name(baseline)
        self._release = release
        self._own: psycopg.Connection[Any] | None = None
        with maintaining(self._url) as server:
            if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self._baseline,)).fetchone():
                release()
                remake(server, self._baseline, database_name(url))
        with connect_to(make_url(baseline)) as connection:
            self._at_start = read_snapshot(connection)
        self._before = self._at_start
        self._mark: object = None
        self._is_dirty = True

    def use(self, baseline: str | None) -> None:
        """Raise LockedError for a case that brings a state: the run's own baseline is the only one."""
        if baseline is not None:
            raise LockedError

    def reset(self) -> None:
        """Make the database anew from the baseline, if anything has changed. Raises LockedError while it is in use."""
        if not self._is_dirty and self._read_mark() == self._mark:
            return
        name = str(self._url.database)
        self.close()
        with maintaining(self._url) as server:
            if self._release() and not is_left(server, name):
                raise LockedError
            remake(server, name, self._baseline)
        self._before = self._at_start
        self._mark = self._read_mark()
        self._is_dirty = False

    def check_unlocked(self) -> None:
        """Do nothing: the database is dropped anyway, whoever reads or writes it."""

    def changes(self) -> tuple[RowChange, ...]:
        """Return the rows that are not as they were at the last call, or at the reset; at first, in the baseline."""
        mark = self._read_mark()
        if mark == self._mark:
            return ()
        now = read_snapshot(self._connection())
        found: list[RowChange] = []
        for table in sorted(self._before.keys() | now.keys()):
            found += compare_rows(table, self._before.get(table, {}), now.get(table, {}))
        # Another database of the server may have been written to; a sequence goes on without a row.
        self._is_dirty = self._is_dirty or bool(found) or not isinstance(self._mark, tuple) or mark[1] != self._mark[1]
        self._before, self._mark = now, mark
        return tuple(found)

    def close(self) -> None:
        """Close the connection that looks for changes."""
        if self._own is not None:
            self._own.close()
            self._own = None

    def _connection(self) -> psycopg.Connection[Any]:
        if self._own is None:
            self._own = connect_to(self._url)
        return self._own

    def _read_mark(self) -> tuple[Any, ...]:
        mark: tuple[Any, ...] = self._connection().execute(MARK).fetchone() or ()
        return mark


def read_snapshot(connection: psycopg.Connection[Any]) -> Snapshot:
    """Return every row of every table, values as JSON text; equal rows without a key once, with their count."""
    snapshot: Snapshot = {}
    for schema, table, columns, key in connection.execute(TABLES).fetchall():
        counted = "{0}" if key else "{0}, (count(*) OVER (PARTITION BY {0}))::text"
        values = sql.SQL(", ").join(sql.SQL("to_json({})::text").format(sql.Identifier(column)) for column in columns)
        query = sql.SQL(f"SELECT {counted} FROM {{1}}").format(values, sql.Identifier(schema, table))
        texts = ((value or "null" for value in row) for row in connection.execute(query))
        name = table if schema == "public" else f"{schema}.{table}"
        snapshot[name] = rows_by_key(columns, key, texts)
    return snapshot


def connect_to(url: URL) -> psycopg.Connection[Any]:
    """Return a connection to the database of a URL, whatever driver it names; a `with` closes it."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.Connection.connect(plain, autocommit=True)


def maintaining(url: URL) -> psycopg.Connection[Any]:
    """Return a connection to the server's maintenance database."""
    return connect_to(url.set(database=MAINTENANCE))


def is_left(server: psycopg.Connection[Any], name: str) -> bool:
    """Tell whether no client is connected to a database, after the moment that a server takes to notice it."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
    until = perf_counter() + LEAVE_SECONDS
    while (someone := server.execute(query, (name,)).fetchone()) is not None and perf_counter() < until:
        sleep(LOOK_SECONDS)
    return someone is None


def remake(server: psycopg.Connection[Any], name: str, template: str) -> None:
    """Make a database anew, like another, which no client may be connected to."""
    drop(server, name)
    server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def cut_off(url: URL) -> list[str]:
    """Drop from a copy whatever leads out of it, with what depends on it; return what that was.

    Foreign servers with their tables and logins, and extensions that connect. Raises psycopg.Error where the role may
    not: then there is no copy that is contained.
    """
    cut = []
    with connect_to(url) as connection:
        for (name,) in connection.execute("SELECT srvname FROM pg_foreign_server ORDER BY 1").fetchall():
            connection.execute(sql.SQL("DROP SERVER {} CASCADE").format(sql.Identifier(name)))
            cut.append(f"server {name}")
        for (name,) in connection.execute(WAYS_OUT, (_CONNECTING,)).fetchall():
            connection.execute(sql.SQL("DROP EXTENSION {} CASCADE").format(sql.Identifier(name)))
            cut.append(f"extension {name}")
    return cut


def drop(server: psycopg.Connection[Any], name: str) -> None:
    """Drop a database if it is there, also one that is in use."""
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
