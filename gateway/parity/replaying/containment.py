"""Refuse and record what an app tries beyond its own side: other hosts, programs, files and databases.

An audit hook (PEP 578): it sees what Python does, whatever library asks, and cannot be taken away again.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import Any, NoReturn

from ...comparing.observation import Outbound
from ..corpus.app_databases import sqlite_path
from .drivers import UNSEEN
from .probes import ATTACH

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NO_FILES = ("/dev/null",)
OWN = "{own}"
"""Stands for the side's own directory in what was refused: a program's scratch file, say."""
_Stamp = tuple[int, int] | None
"""(time, size) of a file; None where it is not there."""
MAX_STATEMENT_CHARS = 200
"""Length of a refused statement as it is recorded."""


class ContainedConnectionError(ConnectionRefusedError):
    """A connection that a parity run does not allow."""


class ContainedFileError(PermissionError):
    """A file, a database or a program that a parity run does not allow."""


class ContainedImportError(ImportError):
    """A library whose connections cannot be watched."""


class Containment:
    """Knows what the process may reach, and what it has tried beyond. There is one; `install` is for good."""

    def __init__(self, directories: tuple[str, ...], addresses: tuple[object, ...] = ()) -> None:
        """Let `directories` be written to, `addresses` be connected to: `("db.example", 5432)` or a socket's path."""
        self._directories = tuple(os.path.realpath(directory) for directory in directories)
        self._own = sorted({*directories, *self._directories}, key=len, reverse=True)
        self._addresses = addresses
        self._hosts = {address[0] for address in addresses if isinstance(address, tuple)}
        self._opened_by: int | None = None
        self._unseen = UNSEEN
        self.attempts: list[Outbound] = []
        """What was refused since the last `take`."""
        self._wrote = False
        self._written: dict[str, _Stamp] = {}
        """Files that were opened for writing, as they were at the last look: a handle may be kept."""
        self.has_memory_database = False
        """Whether a SQLite database that is no file has been opened."""

    def install(self) -> None:
        """Refuse from now on, to the end of the process."""
        checks: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "import": self._import,
            "open": self._open,
            **dict.fromkeys(("socket.connect", "socket.sendto", "socket.sendmsg"), self._connect),
            **dict.fromkeys(("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"), self._resolve),
            "sqlite3.connect": self._sqlite,
            ATTACH: lambda args: self._refuse("database", " ".join(args[0].split())[:MAX_STATEMENT_CHARS]),
            "subprocess.Popen": lambda args: self._refuse("subprocess", _command(args[1] or args[0])),
            "os.system": lambda args: self._refuse("subprocess", _command(args[0])),
            "os.exec": lambda args: self._refuse("subprocess", _command(args[1])),
            "os.posix_spawn": lambda args: self._refuse("subprocess", _command(args[1])),
            "os.spawn": lambda args: self._refuse("subprocess", _command(args[2])),
            **dict.fromkeys(("os.fork", "os.forkpty"), lambda _: self._refuse("subprocess", "fork")),
            "os.link": lambda args: self._write(args[1], args[3]),
            "os.symlink": lambda args: self._write(args[1], args[2]),
            "os.rename": self._rename,
            **dict.fromkeys(("os.remove", "os.rmdir"), lambda args: self._write(args[0], args[1])),
            "os.mkdir": self._mkdir,
            "os.chmod": lambda args: self._write(args[0], args[2]),
            **dict.fromkeys(("os.chown", "os.utime"), lambda args: self._write(args[0], args[3])),
            "os.truncate": lambda args: self._write(args[0], -1),
        }

        def hook(event: str, args: tuple[Any, ...]) -> None:
            check = checks.get(event)
            if check is not None and self._opened_by != get_ident():
                check(args)

        self._unseen = UNSEEN - sys.modules.keys()  # what is there already is watched
        sys.addaudithook(hook)
        self._refuse_spawning()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Allow this thread everything meanwhile: it does the side's own work. Threads of the app are refused still."""
        self._opened_by = get_ident()
        try:
            yield
        finally:
            self._opened_by = None

    def take(self) -> tuple[Outbound, ...]:
        """Return what was refused since the last call."""
        taken, self.attempts = tuple(self.attempts), []
        return taken

    def take_wrote(self) -> bool:
        """Tell whether a file below the directories may have changed since the last call, by whatever handle."""
        now = {path: _stamp(path) for path in self._written}
        wrote = self._wrote or now != self._written
        self._written = {path: stamp for path, stamp in now.items() if stamp is not None}
        self._wrote = False
        return wrote

    def refuse_database(self, url: str) -> None:
        """Raise ContainedFileError, for a driver is about to connect to another database than the side's own."""
        if self._opened_by != get_ident():
            self._refuse("database", url)

    def _refuse_spawning(self) -> None:
        """Refuse the function that starts multiprocessing's processes, which raises no audit event."""
        import _posixsubprocess

        def fork_exec(args: Any, *_: Any) -> NoReturn:
            self._refuse("subprocess", _command(args))

        _posixsubprocess.fork_exec = fork_exec

    def _import(self, args: tuple[Any, ...]) -> None:
        # An import by `importlib.import_module` raises no event for what it names, but for the imports inside it.
        first, second, *_ = f"{args[0]}..".split(".")
        for package in {first, f"{first}.{second}"} & self._unseen:
            self.attempts.append(Outbound("connect", f"by {package}, whose connections cannot be watched"))
            raise ContainedImportError(f"a parity run cannot watch the connections of {package}")

    def _refuse(self, kind: str, target: str) -> NoReturn:
        own = next((path for path in self._own if path in target), "")  # each side has its own: that is no difference
        self.attempts.append(Outbound(kind, target.replace(own, OWN) if own else target))
        text = f"a parity run lets nothing out: {kind} {target}"
        raise ContainedConnectionError(text) if kind in ("connect", "resolve") else ContainedFileError(text)

    def _connect(self, args: tuple[Any, ...]) -> None:
        address = args[1]
        if isinstance(address, tuple):
            if address[:2] not in self._addresses:
                self._refuse("connect", f"{address[0]}:{address[1]}")
        elif address is not None and os.fsdecode(address) not in self._addresses:
            self._refuse("connect", os.fsdecode(address))

    def _resolve(self, args: tuple[Any, ...]) -> None:
        host = args[0].decode() if isinstance(args[0], bytes) else args[0]
        if host is None or host in self._hosts:
            return
        port = args[1] if len(args) > 1 else None
        self._refuse("resolve", host if port is None else f"{host}:{port}")

    def _open(self, args: tuple[Any, ...]) -> None:
        path, _, flags = args
        if flags & WRITES and not isinstance(path, int):
            self._write(path, -1)
            name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
            self._written[name] = _stamp(name)

    def _mkdir(self, args: tuple[Any, ...]) -> None:
        if args[2] != -1 or not os.path.isdir(args[0]):  # noqa: PTH112 - a directory that is there is not made
            self._write(args[0], args[2])

    def _rename(self, args: tuple[Any, ...]) -> None:
        self._write(args[0], args[2])
        self._write(args[1], args[3])

    def _write(self, path: Any, directory: int) -> None:
        if isinstance(path, int):
            return
        name = os.fsdecode(path)
        if name in NO_FILES:
            return
        if directory not in (-1, None):
            name = os.path.join(Path(f"/proc/self/fd/{directory}").readlink(), name)  # noqa: PTH118 - `name` may be absolute
        # The last part is not followed: removing a link does not touch what it points to.
        parent, last = os.path.split(os.path.abspath(name))  # noqa: PTH100
        real = os.path.join(os.path.realpath(parent), last)  # noqa: PTH118
        if not self._is_inside(real) or not self._is_inside(os.path.realpath(real)):
            self._refuse("write", name)
        self._wrote = True

    def _is_inside(self, path: str) -> bool:
        return any(path == directory or path.startswith(directory + os.sep) for directory in self._directories)

    def _sqlite(self, args: tuple[Any, ...]) -> None:
        name = os.fsdecode(args[0])
        path = sqlite_path(name)
        if path is None:
            self.has_memory_database = True
        elif not self._is_inside(os.path.realpath(path)):
            self._refuse("database", name)


def _stamp(path: str) -> _Stamp:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _command(args: Any) -> str:
    if isinstance(args, str | bytes | os.PathLike):
        return os.fsdecode(args)
    return shlex.join(os.fsdecode(arg) for arg in args)
