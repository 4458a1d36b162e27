"""Moves one route of a map's text to another mode: its statement changes, every other byte stays."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import InlineTable, Table

from ..errors import Fault, MapError, suggest
from ..routing.route import Mode
from .map_file import parse_route_key
from .toml_positions import Statement, statements

LOCK_SECONDS = 20
_NOT_OURS = {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM}


@dataclass(frozen=True, slots=True)
class MapEdit:
    """A map in which one route has moved."""

    text: str
    """Whole text after the edit."""
    line: int
    """1-based line on which the route's statement begins."""
    before: str
    """Statement of the route before the edit, without its line end."""
    after: str
    """Statement of the route after the edit, without its line end."""


def edit_mode(text: str, path: str, key: str, mode: Mode, percent: float | None = None) -> MapEdit:
    """Return a map's text with a route moved to a mode. `percent` is for a canary that has none yet, or is to change.

    Raises MapError for a route that the map does not have, naming the closest that it has, and for one whose options
    stand on lines of their own.
    """
    text, mark = text.removeprefix("\ufeff"), "\ufeff" if text.startswith("\ufeff") else ""
    name, statement = _find(text, path, key)
    document = tomlkit.parse(statement.text)
    if statement.keys[0] != ("routes", name) or isinstance(document[name], Table):
        raise MapError((Fault(path, statement.line, f'routes."{name}"', "not on one line; edit it by hand"),))
    document[name] = _value(document[name], mode, percent)
    after = tomlkit.dumps(document)
    lines = text.split("\n")
    end = statement.line + statement.text.removesuffix("\n").count("\n")
    changed = "\n".join([*lines[: statement.line - 1], after.removesuffix("\n"), *lines[end:]])
    return MapEdit(mark + changed, statement.line, statement.text.strip(), after.strip())


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Keep other flips of maps in the same directory waiting; raise MapError where one holds it for LOCK_SECONDS.

    Where the directory cannot be locked (one that cannot be read, some network file systems) nobody waits.
    """
    with contextlib.ExitStack() as stack:
        try:
            directory = os.open(path.resolve().parent, os.O_RDONLY)
        except OSError:
            pass
        else:
            stack.callback(os.close, directory)
            end = time.monotonic() + LOCK_SECONDS
            while not _is_locked(directory):
                if time.monotonic() > end:
                    message = "another flip has not come to its end; end that one and flip again"
                    raise MapError((Fault(str(path), None, "", message),))
                time.sleep(0.05)
        yield


def _is_locked(directory: int) -> bool:
    """Take the lock if it is free; tell whether there is nobody to wait for."""
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def write_map(path: Path, text: str) -> None:
    """Replace a file in one step, so that no reader ever sees half of it. A link stays one, and the file whose it was.

    Where it cannot be replaced (a single file that is mounted, a directory or an owner that is not ours) it is written
    in place. Raises MapError where that cannot be done either.
    """
    target, data = path.resolve(), text.encode("utf-8")
    try:
        try:
            _replace(target, data)
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise
            _overwrite(target, data)
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}; nothing was changed"
        raise MapError((Fault(str(path), None, "", message),)) from None


def _overwrite(target: Path, data: bytes) -> None:
    """Write a file in place, or what it held where that fails. Raises OSError."""
    with target.open("r+b", buffering=0) as file:
        before = file.read()
        file.seek(0)
        try:
            written = data
            while written:
                written = written[file.write(written) :]
            file.truncate(len(data))
            os.fsync(file.fileno())
        except OSError:
            file.seek(0)
            file.write(before)
            file.truncate(len(before))
            raise


def _replace(target: Path, data: bytes) -> None:
    """Put a new file, with the owner, mode and attributes of the old, in its place. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        before = target.stat()
        os.chown(temporary, before.st_uid, before.st_gid)
        shutil.copystat(target, temporary)
        os.utime(temporary)  # its time is that of the change
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def _find(text: str, path: str, key: str) -> tuple[str, Statement]:
    """Return the key of a route as the file spells it, and its statement. Raises MapError."""
    try:
        wanted = parse_route_key(key)
    except ValueError as error:
        raise MapError((Fault(path, None, f'routes."{key}"', str(error)),)) from None
    known: dict[str, Statement] = {}
    for statement in statements(text):
        for keys in statement.keys:
            if len(keys) > 1 and keys[0] == "routes" and isinstance(keys[1], str):
                known.setdefault(keys[1], statement)
    for name, statement in known.items():
        with contextlib.suppress(ValueError):
            if parse_route_key(name) == wanted:
                return name, statement
    same_rule = [name for name in known if f" {name}".endswith(f" {wanted[1]}")]
    ways = "; `gateway routes` lists them all, and an unlisted one needs a line under [routes]"
    message = f"the map has no such route{suggest(key, same_rule or known) or ways}"
    raise MapError((Fault(path, None, f'routes."{key}"', message),))


def _value(before: Any, mode: Mode, percent: float | None) -> Any:
    """Return the new value of a route: a word where a word is enough, else the table with its mode changed."""
    has_options = isinstance(before, InlineTable)
    only_percent = not has_options or set(before) <= {"mode", "percent"}
    if percent is None and only_percent and not (has_options and mode is Mode.CANARY):
        return mode.value
    table: Any = before if has_options else tomlkit.value(f'{{ mode = "{mode.value}", percent = 0 }}')
    table["mode"] = mode.value
    if percent is not None:
        table["percent"] = int(percent) if percent == int(percent) else percent
    return table
