"""What a worker thread has answered and the event loop has not sent yet: bounded, without a lock.

Theory of operation
===================
Rule 1: one thread puts, one takes. The worker thread calls `hold`, `put` and `finish`; the event loop all the rest,
and `finish` of a call that no thread has had. Each counter and flag is written by one of the two, but `_is_wake_due`.

Rule 2: write first, then look whether the other one has to hear of it. The worker appends, then reads `_is_wake_due`;
the loop clears that flag, then looks for messages: one wake-up is under way at most, and what is put after the loop's
look asks for the next. The loop reads `is_finished`, then takes: no message can come between that is never taken.

Rule 3: `put` waits while more than MAX_UNSENT_BYTES are put and not taken. The worker shows `_room`, the event that it
will wait for, then counts once more; the loop counts what it takes, then sets the event that it sees. Meanwhile
`on_full` runs on the loop: the scheduler has a lane for slow clients.

Rule 4: two flags end a channel. Each is set once and stays set, in either order.

    is_finished  is_abandoned  `put` of the worker       `take` of the loop
    no           no            appends, waits for room   waits for messages and returns them
    yes          no            (the worker is through)   returns the rest, and that it is all
    no           yes           raises ClientGoneError    (nobody sends any more)
    yes          yes           (the worker is through)   (nobody sends any more)

`finish` is the worker's last word, whether or not its client has left; `on_end` follows it on the loop, once.

WARNING: THE ORDER OF LINES IS THE LOCK, in `put`, `finish`, `_wake` and `take`. Another one loses a wake-up, once in a
million requests, and that request hangs. tests/bridge/test_response_channel.py stops both threads at each line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from threading import Event

from starlette.types import Message

from .streaming_body import ClientGoneError

MAX_UNSENT_BYTES = 512 * 1024
"""Bytes that may wait for a slow client before its worker has to."""
MIN_LARGE_BYTES = 16 * 1024
"""Size from which a message costs less to send than to copy."""
MESSAGE_BYTES = 256
"""Size of a message beside its body: crumbs fill the channel too."""


def call_on(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: object) -> None:
    """Have the loop call it; do nothing once the loop is closed, for nobody is left to hear of it."""
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        if not loop.is_closed():
            raise


def _nothing() -> None:
    """Stand where a callback was."""


class ResponseChannel:
    """The messages of one answer, from its worker thread to the event loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_full: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        """Call `on_full` on the loop each time the worker has to wait, `on_end` once it is through."""
        self._loop = loop
        self._on_full = on_full
        self._on_end = on_end
        self._messages: deque[tuple[Message, int]] = deque()
        self._taken_bytes = 0
        self._is_wake_due = False
        self._room: Event | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._has_ended = False
        self.put_bytes = 0
        """Bytes put so far, MESSAGE_BYTES for each message counted in."""
        self.is_abandoned = False
        """Whether the client has left: nothing more is wanted."""
        self.is_finished = False
        """Whether the worker is through."""
        self.error: BaseException | None = None
        """What the app has raised; of use once `is_finished`."""

    # The worker's side

    def hold(self, message: Message) -> None:
        """Keep a message to travel with the next."""
        self._messages.append((message, 0))

    def put(self, message: Message) -> None:
        """Hand a body message over; wait only while too much is unsent. Raises ClientGoneError."""
        size = len(message["body"]) + MESSAGE_BYTES
        self._messages.append((message, size))
        self.put_bytes += size
        self._ask_for_wake()
        if self._is_full():
            call_on(self._loop, self._on_full)
            while self._is_full():
                self._room = Event()
                if self._is_full():  # asked again now that the loop can see the event: it may just have made room
                    self._room.wait()
            self._room = None
        if self.is_abandoned:
            raise ClientGoneError("the client left before the end of the answer")

    def finish(self, error: BaseException | None) -> None:
        """End the answer: the app is through, its close() too."""
        self.error = error
        self.is_finished = True
        self._ask_for_wake()

    def _is_full(self) -> bool:
        return self.put_bytes - self._taken_bytes > MAX_UNSENT_BYTES and not self.is_abandoned

    def _ask_for_wake(self) -> None:
        if not self._is_wake_due:
            self._is_wake_due = True
            call_on(self._loop, self._wake)

    # The loop's side

    def _wake(self) -> None:
        self._is_wake_due = False
        if self.is_finished and not self._has_ended:
            self._has_ended = True
            self._on_end()
            self._on_full = self._on_end = _nothing  # its call and it hold each other; the collector has nothing to do
        self._wake_waiter()

    def _wake_waiter(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self) -> tuple[list[Message], bool]:
        """Wait for messages; return those there are, bodies that follow each other as one, and whether that is all.

        Suspends, but for the last: a worker that answers as fast as its client reads must leave the loop to the others.
        """
        if self._messages or self.is_finished or self.is_abandoned:
            if not self.is_finished:
                await asyncio.sleep(0)
        else:
            self._waiter = self._loop.create_future()
            await self._waiter
        is_last = self.is_finished  # asked before the messages: one may still come as long as it is False
        taken: list[Message] = []
        for _ in range(len(self._messages)):
            message, size = self._messages.popleft()
            taken.append(message)
            self._taken_bytes += size
        self._make_room()
        return joined(taken), is_last

    def abandon(self) -> None:
        """Refuse from now on what the worker puts: the client has left."""
        self.is_abandoned = True
        self._make_room()
        self._wake_waiter()

    def _make_room(self) -> None:
        room = self._room  # asked once: the worker may take it away at any time
        if room is not None:
            room.set()


def joined(messages: list[Message]) -> list[Message]:
    """Return an answer in fewer messages, its head and one body, unless its bodies are large."""
    if len(messages) < 3:
        return messages
    head = messages[:1] if messages[0]["type"] == "http.response.start" else []
    bodies = [message["body"] for message in messages[len(head) :]]
    if sum(map(len, bodies)) > MIN_LARGE_BYTES * len(bodies):
        return messages
    return [*head, {**messages[-1], "body": b"".join(bodies)}]
