"""Reach a store: its URL, its engine, and the version of its schema."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, delete, event, func, insert, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from ..errors import StoreError
from ..http.private_files import DIRECTORY_MODE
from .schema import METADATA, VERSION

BUSY_SECONDS = 30
CONNECT_SECONDS = 5
"""Time that a server is given to answer; a silent one would be waited for without an end."""
_PASSWORD = re.compile(r":(?!//).*@")
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[/\\]|.*\\")
_UNFILLED = re.compile(r"^~|[${}\0]")
_MIGRATION_LOCK = 0x6761746577  # PostgreSQL's advisory lock while one process makes the schema
_LOOK = "`store` under [parity] says where it is"
_STEPS = (
    (
        "ALTER TABLE gateway_evidence ADD COLUMN map_line TEXT DEFAULT '' NOT NULL",
        "ALTER TABLE gateway_evidence RENAME COLUMN power TO defect_rate_bound",
    ),
    (
        "ALTER TABLE gateway_evidence DROP COLUMN defect_rate_bound",
        "ALTER TABLE gateway_runs DROP COLUMN began",
        "ALTER TABLE gateway_runs DROP COLUMN outcome",
    ),
)
"""The statements that bring a store of version 1 to 2, and so on; an empty database gets the tables as they are now."""
_VERSION = len(_STEPS) + 1


def parse_url(url: str, root: Path) -> URL:
    """Return a store's URL, a SQLite path made absolute from `root`. Raises StoreError for what can be no store."""
    shown = _PASSWORD.sub(":***@", url)
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):  # it reads the port as a number
        message = f'"{shown}" is not the URL of a database, like "sqlite:///.gateway/parity.sqlite3"'
        raise StoreError(f'store: {message} or "postgresql://user@host/name"') from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f'store "{shown}": neither SQLite nor PostgreSQL; write sqlite:///FILE or postgresql://...')
    try:
        if parsed.get_dialect().is_async:
            raise StoreError(f'store "{shown}": the driver is asynchronous; leave "+{parsed.get_driver_name()}" out')
        fault = _file_fault(parsed, root) if parsed.get_backend_name() == "sqlite" else None
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f'store "{shown}": {getattr(error, "strerror", None) or error}; {_LOOK}') from None
    if fault is not None:
        raise StoreError(f'store "{shown}": {fault}')
    return parsed.set(database=str(root / (parsed.database or ""))) if is_file(parsed) else parsed


def _file_fault(url: URL, root: Path) -> str | None:
    """Say why the file would not be the one that the writer of a SQLite URL means; None where it would."""
    name = url.database or ""
    faults = {
        "a SQLite file has no host; write three slashes, sqlite:///FILE": url.host or url.username or url.port,
        "memory keeps no evidence and no audit; name a file, sqlite:///FILE": name in ("", ":memory:"),
        "a SQLite file is opened by its path alone; write sqlite:///FILE without options": (
            url.query or name.startswith("file:")
        ),
        "a path of Windows, which would be one odd name here; write sqlite:///FILE with slashes": (
            os.name != "nt" and _WINDOWS_PATH.match(name)
        ),
        "nothing fills in ~, $NAME or {name} here; write the path itself": _UNFILLED.search(name),
        "is a directory; name a file in it": name.endswith("/") or (root / name.replace("\0", "")).is_dir(),
    }
    return next((fault for fault, is_one in faults.items() if is_one), None)


def is_file(url: URL) -> bool:
    """Tell whether the store is a SQLite file."""
    return url.get_backend_name() == "sqlite"


def make_directory(url: URL) -> None:
    """Make the directory of a store that is a file, kept out of version control. Raises StoreError where it cannot."""
    directory = Path(url.database or "").parent
    if not is_file(url) or directory.exists():
        return
    try:
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        (directory / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f'store "{url}": "{directory}" cannot be made: {error.strerror}; {_LOOK}') from None


def open_engine(url: URL, busy_seconds: int = BUSY_SECONDS) -> Engine:
    """Return an engine whose connections several processes can use at once."""
    if not is_file(url):
        is_libpq = url.get_driver_name().startswith("psycopg")
        try:
            return create_engine(url, connect_args={"connect_timeout": CONNECT_SECONDS} if is_libpq else {})
        except ImportError as error:
            ways = "install psycopg and write postgresql+psycopg://..., or install this driver"
            raise StoreError(f'store "{url.render_as_string()}": {error}; {ways}') from None
    engine = create_engine(url, connect_args={"timeout": busy_seconds})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        path = Path(url.database or "")
        if path.is_file() and path.stat().st_size == 0:  # made just now; its journals get its mode
            path.chmod(0o600)
        connection.isolation_level = None  # the driver would begin late, and not before DDL at all
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # What will write takes its turn at the start: SQLite refuses a transaction that turns into a writer later.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def migrate(connection: Connection, url: URL) -> None:
    """Bring the schema to this version. Raises StoreError for a newer one."""
    if url.get_backend_name() == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
    version = version_of(connection)
    if version > _VERSION:
        known = f"this one knows versions up to {_VERSION}; upgrade migration-gateway"
        raise StoreError(f'store "{url.render_as_string()}": of version {version}, made by a newer gateway; {known}')
    if version == _VERSION:
        return
    if version == 0:
        METADATA.create_all(connection)
    else:
        for statement in chain.from_iterable(_STEPS[version - 1 :]):
            connection.exec_driver_sql(statement)
    connection.execute(delete(VERSION))
    connection.execute(insert(VERSION).values(version=_VERSION))


def version_of(connection: Connection) -> int:
    """Return the version of the schema in a database; 0 where there is none."""
    if not inspect(connection).has_table(VERSION.name):
        return 0
    return connection.execute(select(func.max(VERSION.c.version))).scalar() or 0


@contextmanager
def store_errors(url: URL) -> Iterator[None]:
    """Turn what the database refuses into a StoreError that names the store."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise StoreError(f'store "{url.render_as_string()}": {cause}; {_LOOK}') from error
