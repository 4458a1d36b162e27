"""Live traffic as cases: an observer around the gateway, which may drop a request, never delay, fail or alter one.

A sample of the requests goes through a bounded queue to a writer thread, which redacts each before it writes it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Full, Queue

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..http.message import Request, values_of
from ..http.redaction.end_to_end import end_to_end
from ..http.redaction.redaction import redact_request
from ..http.scope import path_of
from .probes import is_reserved

LOGGER = logging.getLogger("gateway")
MOST_BODY = 64 * 1024
"""Bytes of a body; a request with a larger one is not recorded."""
MOST_WAITING = 256
"""Requests between the gateway and the writer; one more is dropped."""
MOST_FILE = 4 * 1024 * 1024
"""Bytes from which on a file is followed by the next."""
MOST_FILES = 64
"""Files that one worker writes; after the last it records no more."""
LAST_WAIT_S = 5.0
WriteCase = Callable[[str, Request, str], str]
"""Gives the text of a case file for (name, request, comment)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A request as it came, with the status of its answer."""

    request: Request
    status: int


class Recording:
    """An ASGI app around another one: each message goes through untouched, some requests are looked at."""

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_reserved(path_of(scope)) and self._recorder.chooses():
            await self._observe(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                self._recorder.close()

    async def _observe(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = _Seen()

        async def observed_receive() -> Message:
            message = await receive()
            seen.received(message)
            return message

        async def observed_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
            await send(message)

        await self._app(scope, observed_receive, observed_send)
        self._recorder.take(scope, seen)


@dataclass(slots=True)
class _Seen:
    """What went by of one request."""

    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    is_whole: bool = False
    status: int = 0

    def received(self, message: Message) -> None:
        """Keeps nothing of a body that has become too large."""
        if message["type"] != "http.request" or self.is_whole:
            return
        body = message.get("body", b"")
        self.size += len(body)
        if self.size <= MOST_BODY:
            self.pieces.append(body)
        else:
            self.pieces.clear()
        self.is_whole = not message.get("more_body", False)


def recorded(app: ASGIApp, directory: Path | None, share: float, write: WriteCase) -> ASGIApp:
    """The app with its recorder around it, or bare where there is no directory. Raises OSError as `Recorder` does."""
    return app if directory is None else Recording(app, Recorder(directory, share, write))


class Recorder:
    """Writes what it is given below a directory; `counts` says how many requests were written, dropped, failed..."""

    def __init__(self, directory: Path, share: float, write: WriteCase, *, most_waiting: int = MOST_WAITING) -> None:
        """Raises OSError when the directory cannot be made: later faults are counted and logged once."""
        directory.mkdir(parents=True, exist_ok=True)
        self.counts: Counter[str] = Counter()
        self._share = share
        self._case_text = write
        self._queue: Queue[Taken | None] = Queue(most_waiting)
        self._files = _Files(directory)
        self._salt = secrets.token_bytes(32)
        self._seen: set[bytes] = set()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def chooses(self) -> bool:
        """Whether the next request belongs to the sample."""
        return random.random() < self._share

    def take(self, scope: Scope, seen: _Seen) -> None:
        """Puts a request in the queue if there is room. Never waits, never raises."""
        try:
            headers = tuple((bytes(name), bytes(value)) for name, value in scope["headers"])
            has_body = values_of(headers, b"content-length") not in {(), (b"0",)} or _is_chunked(headers)
            if self._is_closed or (has_body and not seen.is_whole) or seen.size > MOST_BODY:
                self.counts["passed over"] += 1
                return
            body = b"".join(seen.pieces)
            self._put(Taken(Request(scope["method"], _target(scope), headers, body), seen.status))
        except Exception:  # noqa: BLE001 - whatever is wrong here, the client has its answer
            self.counts["failed"] += 1

    def close(self) -> None:
        """Writes what is waiting, for five seconds at most, and no more after."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._thread is not None:
            with suppress(Full):
                self._queue.put(None, timeout=LAST_WAIT_S)
            self._thread.join(LAST_WAIT_S)
        shown = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items())) or "none"
        LOGGER.info("recorded requests: %s", shown)

    def _put(self, taken: Taken) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="gateway-recorder", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(taken)
        except Full:
            self.counts["dropped"] += 1

    def _run(self) -> None:
        while (taken := self._queue.get()) is not None:
            try:
                self._write(taken)
            except Exception as error:  # noqa: BLE001 - one request that cannot be written is not the last
                self.counts["failed"] += 1
                if self.counts["failed"] == 1:
                    LOGGER.warning("a request could not be recorded: %s: %s", type(error).__name__, error)

    def _write(self, taken: Taken) -> None:
        request = redact_request(end_to_end(taken.request), self._salt)
        digest = hashlib.sha256(repr(request).encode()).digest()
        if digest in self._seen:
            self.counts["seen before"] += 1
            return
        shown = request.target.partition(b"?")[0].decode("latin-1")
        name = f"{request.method} {shown} ({self._files.name}-{self.counts['written'] + 1})"
        text = self._case_text(name, request, f"answered {taken.status}")
        self._files.append(text.encode())
        self._seen.add(digest)
        self.counts["written"] += 1


class _Files:
    """Case files that grow to a bound, one after the other."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}"
        self._number = 0
        self._size = 0
        self._path: Path | None = None

    def append(self, text: bytes) -> None:
        """A whole case or nothing. Raises OSError."""
        if self._path is None or self._size + len(text) > MOST_FILE:
            self._next()
        assert self._path is not None
        try:
            with self._path.open("ab") as file:
                file.write(text + b"\n")
        except OSError:
            self._shorten()
            raise
        self._size += len(text) + 1

    def _next(self) -> None:
        if self._number == MOST_FILES:
            raise OSError(f"{MOST_FILES} files of {MOST_FILE} bytes are full")
        self._number += 1
        self._size = 0
        self._path = self._directory / f"recorded-{self.name}-{self._number}.toml"

    def _shorten(self) -> None:
        """Takes back what a full disk took of a case, so that the file can still be read."""
        try:
            if self._path is not None and self._path.exists():
                os.truncate(self._path, self._size)
        except OSError:
            self._path = None


def _target(scope: Scope) -> bytes:
    raw = bytes(scope.get("raw_path") or scope["path"].encode())
    query = bytes(scope.get("query_string", b""))
    return raw + (b"?" + query if query else b"")


def _is_chunked(headers: tuple[tuple[bytes, bytes], ...]) -> bool:
    return bool(values_of(headers, b"transfer-encoding"))
