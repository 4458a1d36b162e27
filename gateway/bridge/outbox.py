"""What a worker has answered and the loop has not sent yet: bounded, lock-free, one wake-up of the loop at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from threading import Event

from starlette.types import Message

from .request_body import ClientGoneError

ROOM = 256 * 1024
"""Bytes that may wait for a slow client before its worker has to."""


class Outbox:
    """From one worker thread to the event loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_full: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        """`on_full` is called by the worker before it waits, `on_end` by the loop once the worker is through."""
        self._loop = loop
        self._on_full = on_full
        self._on_end = on_end
        self._messages: deque[tuple[Message, int]] = deque()
        self._put_bytes = 0
        self._taken_bytes = 0
        self._told = False
        self._room: Event | None = None
        """Set when there is room again; there only while the worker waits for it."""
        self._waiter: asyncio.Future[None] | None = None
        self.gone = False
        """The client has left: nothing more is wanted."""
        self.finished = False
        self.error: BaseException | None = None

    # The worker's side

    def hold(self, message: Message) -> None:
        """Keep a message to travel with the next."""
        self._messages.append((message, 0))

    def put(self, message: Message, size: int) -> None:
        """Hand a message over; waits only while more than ROOM bytes are unsent. Raises ClientGoneError."""
        self._messages.append((message, size))
        self._put_bytes += size
        self._tell()
        if self._put_bytes - self._taken_bytes > ROOM:
            self._wait_for_room()
        if self.gone:
            raise ClientGoneError("the client left before the end of the answer")

    def _wait_for_room(self) -> None:
        self._on_full()
        while self._put_bytes - self._taken_bytes > ROOM and not self.gone:
            self._room = Event()
            # Asked again now that the loop can see the event: it may have made room just before.
            if self._put_bytes - self._taken_bytes > ROOM and not self.gone:
                self._room.wait()
        self._room = None

    def finish(self, error: BaseException | None) -> None:
        """The app is through, its close() too."""
        self.error = error
        self.finished = True
        # Also when told already: that wake-up may be under way and have looked before.
        self._told = False
        self._tell()

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            self._loop.call_soon_threadsafe(self._wake)

    # The loop's side

    def _wake(self) -> None:
        self._told = False
        if self.finished:
            self._on_end()
        self._awake()

    def _awake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def ready(self) -> None:
        """Wait until there is something to take, or the end."""
        if not self._messages and not self.finished and not self.gone:
            self._waiter = self._loop.create_future()
            await self._waiter

    def take(self) -> Message | None:
        """The next message, if there is one."""
        if not self._messages:
            return None
        message, size = self._messages.popleft()
        self._taken_bytes += size
        if self._room is not None:
            self._room.set()
        return message

    def leave(self) -> None:
        """The client is gone: whatever the worker still puts is refused."""
        self.gone = True
        if self._room is not None:
            self._room.set()
        self._awake()
