"""A request body that its view reads while it comes: what the view has not asked for stays with the server."""

from __future__ import annotations

import asyncio
import io
from queue import SimpleQueue
from typing import IO, Any

from starlette.types import Receive

UNREAD = 16 * 1024 * 1024
"""Bytes that a view may answer without a look at the rest of its body, before nobody waits for that look any more."""


class ClientGoneError(ConnectionError):
    """The client left before the end: of its request body, or of the answer."""


class Incoming(io.RawIOBase):
    """From the event loop to one worker thread, a piece at a time."""

    def __init__(self, receive: Receive, head: IO[bytes]) -> None:
        """`head` is what has come already, at its start; closed with this."""
        self._loop = asyncio.get_running_loop()
        self._receive = receive
        self._head: Any = head  # IO does not promise readinto; files and BytesIO have it
        self._piece = memoryview(b"")
        self._is_whole = False
        self._pieces: SimpleQueue[bytes | None] = SimpleQueue()
        """b"" is the end of the body; None says that it was cut."""
        self._asked = asyncio.Event()
        self._answered_unread: int | None = None
        """Bytes that were answered when the view had last read, as far as anybody has looked."""
        self._is_unwanted = False

    # The worker's side

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Waits for the client. Raises ClientGoneError when it leaves before the end."""
        if count := self._head.readinto(buffer):
            return int(count)
        if not self._piece and not self._is_whole:
            self._piece = memoryview(self._next())
        count = min(len(self._piece), len(buffer))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def _next(self) -> bytes:
        self._answered_unread = None
        self._loop.call_soon_threadsafe(self._asked.set)
        piece = self._pieces.get()
        if piece is None:
            self._pieces.put(None)  # for the next read, too
            raise ClientGoneError("the request body ends before its end")
        self._is_whole = not piece
        return piece

    def close(self) -> None:
        self._head.close()
        super().close()

    # The loop's side

    async def follow(self) -> None:
        """Hand over a piece each time one is asked for; returns when the client has left."""
        more = True
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

    def look_ahead(self, answered: int) -> None:
        """Ask for one piece more than the view has: a server tells that the client has left only to who reads.

        `answered` counts the bytes of the answer. A view that answers on and on, and does not read, has read enough.
        """
        if self._answered_unread is None:
            self._answered_unread = answered
        if self._pieces.empty():
            self._asked.set()
        elif answered - self._answered_unread > UNREAD and not self._is_unwanted:
            self._is_unwanted = True
            self.cut()
            self._asked.set()

    def cut(self) -> None:
        """No more will come: a read beyond what is here fails."""
        self._pieces.put(None)


class StreamingBody(io.BufferedReader):
    """`wsgi.input` of a body too long to be waited for."""

    def __init__(self, receive: Receive, head: IO[bytes]) -> None:
        self.incoming = Incoming(receive, head)
        super().__init__(self.incoming)
