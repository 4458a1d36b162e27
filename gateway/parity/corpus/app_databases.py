"""The database of a Flask app under test, and a copy of it named by its content."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError

from ...http.private_files import DIRECTORY_MODE

PART = ".part"
MAX_BYTES = 64 * 1024 * 1024
"""Size of a database that is still copied, or read for values."""
MAX_IN_MEMORY = 20
"""Connections to databases in memory that are known; of tests each may have one of its own."""
_COUNTERS = (slice(24, 28), slice(92, 96))
"""What SQLite counts in a file's head; two databases of the same content differ in it (sqlite.org/fileformat2.html)."""


class NoStateError(Exception):
    """There is no copy; the text says why."""


class OpenedDatabases:
    """The SQLite databases that this process has opened through sqlite3, newest last.

    A hook cannot be taken away again (PEP 578), so make one only.
    """

    def __init__(self) -> None:
        self._paths: dict[str, None] = {}
        self._in_memory: deque[sqlite3.Connection] = deque(maxlen=MAX_IN_MEMORY)
        self._is_in_memory = False
        sys.addaudithook(self._hear)

    def last_file(self) -> Path | None:
        """Return the file that was opened last and is still there."""
        return next((Path(path) for path in reversed(self._paths) if Path(path).is_file()), None)

    def last_in_memory(self) -> sqlite3.Connection | None:
        """Return the newest open connection of this thread to a database in memory that has tables."""
        for connection in reversed(self._in_memory):
            with suppress(sqlite3.Error):  # closed, or another thread's
                if connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                    return connection
        return None

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect/handle" and self._is_in_memory:
            self._in_memory.append(arguments[0])
        if event == "sqlite3.connect":
            name = arguments[0]
            path = sqlite_path(os.fsdecode(name)) if isinstance(name, str | bytes | os.PathLike) else None
            self._is_in_memory = path is None
            if path is not None and not path.endswith(PART):  # a copy of ours
                self._paths.pop(path, None)
                self._paths[path] = None


def sqlite_path(name: str) -> str | None:
    """Return the file of what `sqlite3.connect` is given, URI or not; None for a database in memory."""
    path, _, options = name.partition("?")
    if name.startswith("file:"):
        path = unquote(path.removeprefix("file:").removeprefix("//localhost").removeprefix("//"))
        if "mode=memory" in options:
            return None
    return None if path in ("", ":memory:") else str(Path(path).absolute())


def redirected(name: Any, *, real: str, own: str) -> Any:
    """Return what `sqlite3.connect` is given, with the file `own` where it names `real`; a URI keeps its options."""
    if not real or not isinstance(name, str | bytes | os.PathLike):
        return name
    text = os.fsdecode(name)
    path = sqlite_path(text)
    if path is None or os.path.realpath(path) != real:
        return name
    _, mark, options = text.partition("?")
    return f"file:{quote(own)}{mark}{options}" if text.startswith("file:") else own


def database_of(app: Any, opened: OpenedDatabases) -> Path | sqlite3.Connection:
    """Return the SQLite file that an app works on, or its connection to one in memory. Raises NoStateError."""
    urls = [*_urls(app)]
    for url in urls:
        name = url.database or ""
        if url.get_backend_name() == "sqlite" and name and ":memory:" not in name and "mode=memory" not in str(url):
            path = Path(name)
            return path if path.is_absolute() or path.exists() else Path(getattr(app, "instance_path", ".")) / name
    others = {name for url in urls if (name := url.get_backend_name()) != "sqlite"}
    if others:
        raise NoStateError(f"its database is {', '.join(sorted(others))}, and only SQLite can be copied")
    last = None if urls else opened.last_file()
    found = last or opened.last_in_memory()
    if found is None:
        raise NoStateError("its database in memory was not found" if urls else "no database of its app was found")
    return found


def copy_database(source: Path | sqlite3.Connection, directory: Path) -> str:
    """Copy a database below the directory and return the copy's name, which follows from its content.

    What is still in the journal is copied too; the copy has none, so it is one file. Raises NoStateError.
    """
    directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    try:
        if isinstance(source, Path) and source.stat().st_size > MAX_BYTES:
            raise NoStateError(f"its database has more than {MAX_BYTES // 2**20} MiB")
        with tempfile.TemporaryDirectory(dir=directory, prefix=".") as scratch:
            part = Path(scratch) / f"copy{PART}"
            with _reading(source) as old, closing(sqlite3.connect(part)) as new:
                old.backup(new)
                new.execute("PRAGMA journal_mode = DELETE")
            part.chmod(0o600)
            content = bytearray(part.read_bytes())
            for counter in _COUNTERS:
                content[counter] = bytes(4)
            name = f"{hashlib.sha256(content).hexdigest()[:16]}.sqlite"
            part.replace(directory / name)
    except (OSError, sqlite3.Error) as error:
        raise NoStateError(f"its database could not be copied: {error}") from None
    return name


@contextmanager
def _reading(source: Path | sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    if isinstance(source, sqlite3.Connection):
        yield source
        return
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
        yield connection


def _urls(app: Any) -> Iterator[Any]:
    extensions = getattr(app, "extensions", {})
    for extension in extensions.values():
        if isinstance(extension, Engine):
            yield extension.url
    engines = getattr(extensions.get("sqlalchemy"), "_app_engines", {})  # `engines` asks for an app context
    try:
        found = dict(engines.get(app, {}))
    except TypeError:
        found = {}
    yield from (engine.url for engine in found.values())
    config = getattr(app, "config", {})
    for key in ("SQLALCHEMY_DATABASE_URI", "DATABASE_URL", "DATABASE_URI"):
        if isinstance(config.get(key), str) and not found:
            with suppress(ArgumentError):
                yield make_url(config[key])
