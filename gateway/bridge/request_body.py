"""The request body, read before a worker is taken: a slow client holds none, a cut body runs no view.

A body that is longer than the bridge will keep, or for which the disk that all bodies share has no room left, is handed
on as it comes (streaming_body.py).
"""

from __future__ import annotations

import asyncio
import io
import logging
import tempfile
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import IO

from starlette.types import Receive, Scope

from .streaming_body import ClientGoneError, StreamingBody

LOGGER = logging.getLogger("gateway.bridge")

NOT_KEPT = "a request body goes to its view as it comes, for it cannot be kept on the temporary disk: %s"
MAX_MEMORY_BYTES = 1024 * 1024
"""Size of the bodies that stay in memory; a longer one goes to a temporary file."""


UPGRADE_DECLINED = "gateway.upgrade_declined"
"""The ASGI extension of a server that hands on the body of a request which offers another protocol."""


class LostBodyError(RuntimeError):
    """The server gave less than the client has sent, as plain uvicorn does beside `Upgrade: h2c`."""


class Spool:
    """The temporary files of request bodies: how large one may become, and all of them together."""

    def __init__(self, file_bytes: int, total_bytes: int) -> None:
        """Let a file have `file_bytes` and all files `total_bytes`, each a megabyte more: what came, is kept."""
        self.file_bytes = file_bytes
        self.used_bytes = 0
        """Bytes on disk now."""
        self._total_bytes = total_bytes
        self._lock = Lock()

    @property
    def is_full(self) -> bool:
        """Whether no file may grow any more."""
        return self.used_bytes > self._total_bytes

    def note(self, byte_count: int) -> None:
        """Count bytes that were written, or, below zero, given back; in any thread."""
        with self._lock:
            self.used_bytes += byte_count


class SpooledBody(io.BufferedReader):
    """One body in a temporary file, which is gone when it is closed."""

    def __init__(self, spool: Spool) -> None:
        """Make the file. Raises OSError."""
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - whoever runs the request closes it
        super().__init__(self._file)
        self._spool = spool
        self._size = 0
        self.rest = b""
        """What has come and the disk did not take."""

    def add(self, pieces: Iterable[bytes]) -> bool:
        """Write what has come; tell whether there is room for more."""
        unwritten = memoryview(b"".join(pieces))
        try:
            while unwritten:
                count = self._file.write(unwritten)
                self._size += count
                self._spool.note(count)
                unwritten = unwritten[count:]
        except OSError as error:
            LOGGER.warning(NOT_KEPT, error.strerror)
            self.rest = bytes(unwritten)
            return False
        return self._size <= self._spool.file_bytes and not self._spool.is_full

    def rewind(self) -> None:
        """Go to the start, where the reader believes to be: it has not seen what was written."""
        self._file.seek(0)

    def close(self) -> None:
        """Give the disk back."""
        if not self.closed:
            self._spool.note(-self._size)
        super().close()


def may_have_body(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a body may come: on HTTP/1 only one that is announced (RFC 9112, 6.3)."""
    if scope["method"] not in ("GET", "HEAD") or scope["http_version"] not in ("1.0", "1.1"):
        return True
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


async def read_body(scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, spool: Spool) -> IO[bytes]:
    """Return the whole body as a file at its start, or a StreamingBody when the spool has no room for it.

    Raises ClientGoneError when it is cut, LostBodyError when the server lost it.
    """
    length = headers.get(b"content-length", b"0")
    promised_bytes = int(length) if length.isdigit() else 0
    if promised_bytes > spool.file_bytes:
        return StreamingBody(receive, io.BytesIO())
    pieces, more = await _gather(receive)
    if more:
        return await _spool(pieces, receive, spool)
    body = b"".join(pieces)
    may_be_lost = b"upgrade" in headers and UPGRADE_DECLINED not in scope.get("extensions", ())
    if not body and (promised_bytes or may_be_lost):
        raise LostBodyError("the server lost the request body")
    return io.BytesIO(body)


async def _spool(pieces: list[bytes], receive: Receive, spool: Spool) -> IO[bytes]:
    """Return the body that begins with `pieces`, from a temporary file; live from where there is no room for it."""
    try:
        body = SpooledBody(spool)
    except OSError as error:
        LOGGER.warning(NOT_KEPT, error.strerror)
        return StreamingBody(receive, io.BytesIO(b"".join(pieces)))
    try:
        has_room, more = await asyncio.to_thread(body.add, pieces), True  # a disk may stall; the loop must not
        while more and has_room:
            pieces, more = await _gather(receive)
            has_room = await asyncio.to_thread(body.add, pieces)
        body.rewind()
    except BaseException:
        body.close()
        raise
    return StreamingBody(receive, body, body.rest, is_whole=not more) if more or body.rest else body


async def _gather(receive: Receive) -> tuple[list[bytes], bool]:
    """Return the next pieces, hardly more than MAX_MEMORY_BYTES, and whether more may come. Raises ClientGoneError."""
    pieces, held, more = [], 0, True
    while more and held <= MAX_MEMORY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError("the client left before the end of its request body")
        piece = message.get("body", b"")
        pieces.append(piece)
        held += len(piece)
        more = message.get("more_body", False)
    return pieces, more
