"""What a worker has answered and the loop has not sent yet: bounded, lock-free, one wake-up of the loop at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from threading import Event

from starlette.types import Message

from .streaming_body import ClientGoneError

ROOM = 512 * 1024
"""Bytes that may wait for a slow client before its worker has to."""
LARGE = 16 * 1024
"""Bytes from which a message costs less to send than to copy."""
WEIGHT = 256
"""Bytes that a message takes beside its body: crumbs fill the room too."""


def call_on(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: object) -> None:
    """Have the loop call it. Once the loop is closed nobody is left to tell."""
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        if not loop.is_closed():
            raise


class ResponseChannel:
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
        self._has_ended = False
        self.is_abandoned = False
        """The client has left: nothing more is wanted."""
        self.finished = False
        self.error: BaseException | None = None

    # The worker's side

    def hold(self, message: Message) -> None:
        """Keep a message to travel with the next."""
        self._messages.append((message, 0))

    def put(self, message: Message) -> None:
        """Hand a body message over; waits only while more than ROOM bytes are unsent. Raises ClientGoneError."""
        size = len(message["body"]) + WEIGHT
        self._messages.append((message, size))
        self._put_bytes += size
        self._tell()
        if self._put_bytes - self._taken_bytes > ROOM:
            self._wait_for_room()
        if self.is_abandoned:
            raise ClientGoneError("the client left before the end of the answer")

    def _wait_for_room(self) -> None:
        self._on_full()
        while self._put_bytes - self._taken_bytes > ROOM and not self.is_abandoned:
            self._room = Event()
            # Asked again now that the loop can see the event: it may have made room just before.
            if self._put_bytes - self._taken_bytes > ROOM and not self.is_abandoned:
                self._room.wait()
        self._room = None

    def finish(self, error: BaseException | None) -> None:
        """The app is through, its close() too."""
        self.error = error
        self.finished = True  # before a look at what was told: a wake-up that is under way sees it
        self._tell()

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            call_on(self._loop, self._wake)

    # The loop's side

    def _wake(self) -> None:
        self._told = False
        if self.finished and not self._has_ended:
            self._has_ended = True
            self._on_end()
        self._awake()

    def _awake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def answered(self) -> int:
        """Bytes handed over so far, a little for each message counted in."""
        return self._put_bytes

    async def take(self) -> tuple[list[Message], bool]:
        """Wait; then (what there is to send now, whether that is all). Bodies that follow each other come as one.

        Suspends each time: a worker that answers as fast as its client reads must leave the loop to the others.
        """
        if self._messages or self.finished or self.is_abandoned:
            await asyncio.sleep(0)
        else:
            self._waiter = self._loop.create_future()
            await self._waiter
        finished = self.finished  # asked first: a last message may be put at any time before it is
        taken = [self._messages.popleft() for _ in range(len(self._messages))]
        self._taken_bytes += sum(size for _, size in taken)
        self._make_room()
        return joined([message for message, _ in taken]), finished

    def leave(self) -> None:
        """The client is gone: whatever the worker still puts is refused."""
        self.is_abandoned = True
        self._make_room()
        self._awake()

    def _make_room(self) -> None:
        room = self._room  # asked once: the worker may take it away at any time
        if room is not None:
            room.set()


def joined(messages: list[Message]) -> list[Message]:
    """The same answer in fewer messages, its head and one body, unless its bodies are large."""
    if len(messages) < 3:
        return messages
    head = messages[:1] if messages[0]["type"] == "http.response.start" else []
    bodies = [message["body"] for message in messages[len(head) :]]
    if sum(map(len, bodies)) > LARGE * len(bodies):
        return messages
    return [*head, {**messages[-1], "body": b"".join(bodies)}]
