"""The request body, read before a worker is taken: a slow client holds none, a cut body runs no view.

A body that is longer than the bridge will keep is handed on as it comes (streaming_body.py).
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from typing import IO

from starlette.types import Receive, Scope

from .streaming_body import ClientGoneError, StreamingBody

MAX_MEMORY_BYTES = 1024 * 1024
"""Size of the bodies that stay in memory; a longer one goes to a temporary file."""


class LostBodyError(RuntimeError):
    """The server gave less than the client has sent, as plain uvicorn does beside `Upgrade: h2c`."""


async def read_body(scope: Scope, receive: Receive, max_bytes: int) -> IO[bytes]:
    """Return the whole body as a file at its start, or a StreamingBody when it has more than `max_bytes`.

    Raises ClientGoneError when it is cut, LostBodyError when the server lost it.
    """
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    is_announced = length != b"0" or b"transfer-encoding" in headers  # on HTTP/1 there is no other (RFC 9112, 6.3)
    if not is_announced and scope["method"] in ("GET", "HEAD") and scope["http_version"] in ("1.0", "1.1"):
        return io.BytesIO()
    promised_bytes = int(length) if length.isdigit() else 0
    if promised_bytes > max_bytes:
        return StreamingBody(receive, io.BytesIO())
    pieces, more = await _gather(receive)
    if more:
        return await _spool(pieces, receive, max_bytes)
    body = b"".join(pieces)
    if not body and (promised_bytes or b"upgrade" in headers):
        raise LostBodyError("the server lost the request body")
    return io.BytesIO(body)


async def _spool(pieces: list[bytes], receive: Receive, max_bytes: int) -> IO[bytes]:
    """Return the body that begins with `pieces`, from a temporary file; live from where it passes `max_bytes`."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever runs the request closes it
    try:
        more = True
        await asyncio.to_thread(file.writelines, pieces)  # a disk may stall; the loop must not
        while more and file.tell() <= max_bytes:
            pieces, more = await _gather(receive)
            await asyncio.to_thread(file.writelines, pieces)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return StreamingBody(receive, file) if more else file


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
