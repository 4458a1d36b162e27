"""Who runs next: a bounded queue, a lane for views and one for long streams, and as many at once as the loop bears.

All of it is decided on the event loop, so nothing here needs a lock; the threads only run what they are handed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread, current_thread

from ..config.bridge_limits import BridgeLimits
from .response_channel import call_on
from .wsgi_call import State, WSGICall

LOGGER = logging.getLogger("gateway.bridge")

ENDING_S = 0.3
"""Seconds at the end for generators that were cut to be closed."""
IDLE_THREAD_SECONDS = 30.0
"""Seconds that a thread without work stays."""
TICK_S = 0.02
BUSY_SHARE = 0.8
"""Of one CPU: views that use more than this fill the interpreter, and more of them at once only delay the loop."""
IDLE_SHARE = 0.6
FEWEST = 2
FIRST = 8
STREAM_S = 1.0
"""Seconds after its first byte from which an answer counts as a stream."""
WATCH_S = 0.1
"""Seconds after which a request is worth watching for its client's leaving."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """The bridge at this moment."""

    busy: int
    streams: int
    queued: int
    oldest_wait: float
    """Seconds."""
    abandoned: int
    """Scheduler still busy for a client that has left."""
    limit: int
    """Views that may run at once now."""


class Scheduler:
    """Threads for one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: BridgeLimits) -> None:
        self._loop = loop
        self._limits = limits
        self._limit = min(FIRST, limits.workers)
        self._queue: deque[WSGICall] = deque()
        self._active: set[WSGICall] = set()
        self._running = 0
        self._streaming = 0
        self._handed: SimpleQueue[WSGICall | None] = SimpleQueue()
        self._threads: set[Thread] = set()
        self._tick: asyncio.TimerHandle | None = None
        self._others = 0.0
        self._looked = 0.0
        self._closed = False

    @property
    def gauges(self) -> Gauges:
        waited = self._loop.time() - self._queue[0].since if self._queue else 0.0
        abandoned = sum(turn.is_abandoned for turn in self._active)
        return Gauges(self._running, self._streaming, len(self._queue), waited, abandoned, self._limit)

    def submit(self, turn: WSGICall) -> None:
        """Start the turn, or queue it, or refuse it when the queue is full; one with a live body never waits."""
        turn.since = self._loop.time()
        if turn.is_live:
            self._begin_live(turn)
        elif self._running < self._limit and not self._queue:
            self._begin(turn)
        elif len(self._queue) < self._limits.queue:
            self._queue.append(turn)
        else:
            turn.refuse()
        if self._tick is None:
            self._others, self._looked = time.process_time() - time.thread_time(), self._loop.time()
            self._schedule_tick()

    def to_streams(self, turn: WSGICall) -> None:
        """Move a running turn out of the views' lane, if the streams' lane has room."""
        if turn.state is State.RUNNING and self._streaming < self._limits.streams:
            turn.state = State.STREAMING
            self._running -= 1
            self._streaming += 1
            self._begin_next()

    def done(self, turn: WSGICall) -> None:
        """The turn's worker is free again, or the turn is no longer wanted before it began."""
        if turn.state is State.QUEUED and turn in self._queue:
            self._queue.remove(turn)
        elif turn.state is State.RUNNING:
            self._running -= 1
        elif turn.state is State.STREAMING:
            self._streaming -= 1
        turn.state = State.OVER
        self._active.discard(turn)
        self._begin_next()

    def close(self) -> None:
        """Idle threads end at once, busy ones when they are through, if that is soon; what is queued is refused."""
        self._closed = True
        for _ in self._threads:
            self._handed.put(None)
        while self._queue:
            self._queue.popleft().refuse()
        if self._tick is not None:
            self._tick.cancel()
        until = time.monotonic() + ENDING_S
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))

    def _begin_next(self) -> None:
        while self._queue and self._running < self._limit:
            self._begin(self._queue.popleft())

    def _begin(self, turn: WSGICall) -> None:
        if self._hand(turn):
            turn.state = State.RUNNING
            self._running += 1

    def _begin_live(self, turn: WSGICall) -> None:
        if self._streaming >= self._limits.streams:
            turn.refuse()
        elif self._hand(turn):
            turn.state = State.STREAMING
            self._streaming += 1

    def _hand(self, turn: WSGICall) -> bool:
        """Give the turn to a thread, unless there is none for it."""
        if len(self._threads) <= self._running + self._streaming and not self._add_thread():
            turn.refuse()
            return False
        turn.since = self._loop.time()
        self._active.add(turn)
        self._handed.put(turn)
        return True

    def _add_thread(self) -> bool:
        """One thread more, unless the system has none left."""
        thread = Thread(target=self._work, name="wsgi", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            LOGGER.exception("the system gives no more threads")
            return False
        self._threads.add(thread)
        return True

    def _work(self) -> None:
        """A worker thread: daemonic, for a stuck one must not keep the process from ending."""
        while True:
            try:
                turn = self._handed.get(timeout=IDLE_THREAD_SECONDS)
            except Empty:
                turn = None
            if turn is None:
                call_on(self._loop, self._thread_ended, current_thread())
                return
            turn.run()
            del turn

    def _thread_ended(self, thread: Thread) -> None:
        self._threads.discard(thread)
        # One that was handed a turn between its last look and now is replaced.
        if not self._closed and len(self._threads) < self._running + self._streaming:
            self._add_thread()

    def _schedule_tick(self) -> None:
        self._tick = self._loop.call_later(TICK_S, self._on_tick)

    def _adapt(self, now: float) -> None:
        """Widen the views' lane while they wait more than they run, narrow it while they fill the interpreter."""
        others = time.process_time() - time.thread_time()
        share = (others - self._others) / max(now - self._looked, 1e-6)
        self._others, self._looked = others, now
        if share > BUSY_SHARE:
            self._limit = max(self._limit - 1 - self._limit // 4, min(FEWEST, self._limits.workers))
        elif share < IDLE_SHARE and self._queue and self._running >= self._limit:
            self._limit = min(self._limit + 2, self._limits.workers)
            self._begin_next()

    def _on_tick(self) -> None:
        """Adapt the views' lane; watch who is slow; move streams; refuse who has waited too long."""
        now = self._loop.time()
        self._adapt(now)
        for turn in (*self._active, *self._queue):
            age = now - turn.since
            if age > WATCH_S:
                turn.watch()
            if turn.has_begun and age > STREAM_S:
                self.to_streams(turn)
        while self._queue and now - self._queue[0].since > self._limits.wait_seconds:
            self._queue.popleft().refuse()
        if self._active or self._queue:
            self._schedule_tick()
        else:
            self._tick = None
