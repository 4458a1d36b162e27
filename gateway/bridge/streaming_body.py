"""A request body that its view reads while it comes: what the view has not asked for stays with the server."""

from __future__ import annotations

import asyncio
import io
from queue import SimpleQueue
from typing import IO, Any

from starlette.types import Receive

MAX_UNREAD_BYTES = 16 * 1024 * 1024
"""Bytes that a view may answer without a read of its body before it is taken to want no more of it."""


class ClientGoneError(ConnectionError):
    """The client left before the end: of its request body, or of the answer."""


class IncomingBody(io.RawIOBase):
    """The bytes of one request body, from the event loop to its worker thread, a piece at a time."""

    def __init__(self, receive: Receive, head: IO[bytes], rest: bytes = b"", *, is_whole: bool = False) -> None:
        """Begin with what has come already: `head`, at its start, which is closed together with the body, and `rest`.

        A body that `is_whole` has come to its end with that.
        """
        self._loop = asyncio.get_running_loop()
        self._receive = receive
        self._head: Any = head  # IO does not promise readinto; files and BytesIO have it
        self._piece = memoryview(rest)
        self._is_whole = is_whole
        self._pieces: SimpleQueue[bytes | None] = SimpleQueue()
        """Pieces that were asked for; b"" is the end of the body, None says that it was cut."""
        self._asked = asyncio.Event()
        self._answered_at_read: int | None = None
        """Bytes that were answered at the first look after the view's last read; None before such a look."""
        self._is_unwanted = False

    # The worker's side

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for a piece of the body and return how much of it was read. Raises ClientGoneError when it was cut."""
        if count := self._head.readinto(buffer):
            return int(count)
        if not self._piece and not self._is_whole:
            self._answered_at_read = None
            self._loop.call_soon_threadsafe(self._asked.set)
            piece = self._pieces.get()
            if piece is None:
                self._pieces.put(None)  # for the next read, too
                raise ClientGoneError("the request body ends before its end")
            self._piece, self._is_whole = memoryview(piece), not piece
        count = min(len(self._piece), len(buffer))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def close(self) -> None:
        self._head.close()
        super().close()

    # The loop's side

    async def follow(self) -> None:
        """Hand over a piece each time one is asked for; return when the client has left."""
        more = not self._is_whole
        while more:
            await self._asked.wait()
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.cut()
                return
            more = message.get("more_body", False)
            piece = message.get("body", b"")
            if piece and not self._is_unwanted:
                self._asked.clear()
                self._pieces.put(piece)
        if not self._is_unwanted:
            self._pieces.put(b"")
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def look_ahead(self, answered_bytes: int) -> None:
        """Ask for one piece more than the view has: only who reads hears from a server that the client has left.

        `answered_bytes` is the size of the answer so far, by which a view that reads no more is known.
        """
        if self._answered_at_read is None:
            self._answered_at_read = answered_bytes
        if self._pieces.empty():
            self._asked.set()
        elif answered_bytes - self._answered_at_read > MAX_UNREAD_BYTES and not self._is_unwanted:
            self._is_unwanted = True
            self.cut()
            self._asked.set()

    def cut(self) -> None:
        """End the body before its end: a read beyond what is here raises ClientGoneError."""
        self._pieces.put(None)


class StreamingBody(io.BufferedReader):
    """The `wsgi.input` of a body that is too long to be waited for."""

    def __init__(self, receive: Receive, head: IO[bytes], rest: bytes = b"", *, is_whole: bool = False) -> None:
        self.incoming = IncomingBody(receive, head, rest, is_whole=is_whole)
        super().__init__(self.incoming)
