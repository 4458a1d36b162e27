"""The request body, read to its end before a worker is taken: a slow client holds none, a cut body runs no view."""

from __future__ import annotations

import asyncio
import io
import tempfile
from typing import IO

from starlette.types import Message, Receive, Scope

MEMORY = 1024 * 1024
"""Bytes of one body that stay in memory; a longer one goes to a temporary file."""


class ClientGoneError(ConnectionError):
    """The client left before the end: of its request body, or of the answer."""


class LostBodyError(RuntimeError):
    """The server has given less than the client has sent: httptools gives no body beside `Upgrade: h2c`."""


async def read_body(scope: Scope, receive: Receive) -> IO[bytes]:
    """The whole body, at its start. Raises ClientGoneError when it is cut, LostBodyError when the server lost it."""
    if not _has_body(scope):
        return io.BytesIO()
    message = await _next(receive)
    if not message.get("more_body", False):
        body = message.get("body", b"")
        if not body and _must_have_body(scope):
            raise LostBodyError("the server lost the request body")
        return io.BytesIO(body)
    spool = tempfile.SpooledTemporaryFile(MEMORY)  # noqa: SIM115 - whoever runs the request closes it
    try:
        await _copy(message, receive, spool)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool


def _has_body(scope: Scope) -> bool:
    """Whether there may be one: on HTTP/1 a GET has none that its head does not announce (RFC 9112, 6.3)."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            return True
    return not (scope["method"] in ("GET", "HEAD") and scope["http_version"] in ("1.0", "1.1"))


def _must_have_body(scope: Scope) -> bool:
    """Whether the head promises bytes; chunks promise none, but beside an upgrade nobody knows."""
    headers = dict(scope["headers"])
    return headers.get(b"content-length", b"0").strip(b"0") != b"" or b"upgrade" in headers


async def _copy(message: Message, receive: Receive, spool: tempfile.SpooledTemporaryFile[bytes]) -> None:
    pieces: list[bytes] = []
    held = written = 0
    while True:
        piece = message.get("body", b"")
        pieces.append(piece)
        held += len(piece)
        more = message.get("more_body", False)
        if held >= MEMORY or not more:
            written += held
            # A disk may stall; the loop must not.
            if written > MEMORY:
                await asyncio.to_thread(spool.write, b"".join(pieces))
            else:
                spool.write(b"".join(pieces))
            pieces, held = [], 0
        if not more:
            return
        message = await _next(receive)


async def _next(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGoneError("the client left before the end of its request body")
    return message
