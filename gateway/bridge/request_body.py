"""The request body, read before a worker is taken: a slow client holds none, a cut body runs no view.

One that is longer than the bridge will keep is handed on as it comes (live_body.py).
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from typing import IO

from starlette.types import Message, Receive, Scope

from .streaming_body import ClientGoneError, StreamingBody

MAX_MEMORY_BYTES = 1024 * 1024
"""Bytes of one body that stay in memory; a longer one goes to a temporary file."""


class LostBodyError(RuntimeError):
    """The server has given less than the client has sent, as plain uvicorn does beside `Upgrade: h2c`."""


async def read_body(scope: Scope, receive: Receive, most: int) -> IO[bytes]:
    """The whole body, at its start, or a StreamingBody when it has more than `most` bytes.

    Raises ClientGoneError when it is cut, LostBodyError when the server lost it.
    """
    if not _has_body(scope):
        return io.BytesIO()
    if _promised(scope) > most:
        return StreamingBody(receive, io.BytesIO())
    pieces, more = await _gather(receive)
    if more:
        return await _spool(pieces, receive, most)
    body = b"".join(pieces)
    if not body and (_promised(scope) or b"upgrade" in dict(scope["headers"])):
        raise LostBodyError("the server lost the request body")
    return io.BytesIO(body)


def _has_body(scope: Scope) -> bool:
    """Whether there may be one: on HTTP/1 a GET has none that its head does not announce (RFC 9112, 6.3)."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            return True
    return not (scope["method"] in ("GET", "HEAD") and scope["http_version"] in ("1.0", "1.1"))


def _promised(scope: Scope) -> int:
    """The bytes that the head promises; chunks promise none."""
    length = dict(scope["headers"]).get(b"content-length", b"")
    return int(length) if length.isdigit() else 0


async def _spool(pieces: list[bytes], receive: Receive, most: int) -> IO[bytes]:
    """The body that begins with `pieces`, from a temporary file; live from where it passes `most`."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever runs the request closes it
    try:
        more = True
        while True:
            # A disk may stall; the loop must not.
            await asyncio.to_thread(file.writelines, pieces)
            if not more or file.tell() > most:
                break
            pieces, more = await _gather(receive)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return StreamingBody(receive, file) if more else file


async def _gather(receive: Receive) -> tuple[list[bytes], bool]:
    """(The next pieces, a little more than MAX_MEMORY_BYTES at most, whether more may come)."""
    pieces, held, more = [], 0, True
    while more and held <= MAX_MEMORY_BYTES:
        message = await _next(receive)
        piece = message.get("body", b"")
        pieces.append(piece)
        held += len(piece)
        more = message.get("more_body", False)
    return pieces, more


async def _next(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGoneError("the client left before the end of its request body")
    return message
