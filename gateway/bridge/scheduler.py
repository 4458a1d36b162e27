"""Runs the calls of the WSGI app in threads, as many at once as the process bears.

Theory of operation
===================
Rule 1: only the event loop decides. `submit`, `done`, `to_streams`, the tick and `close` run on it, one at a time, so
nothing here has a lock. A worker thread runs what it is handed and says that it is through (response_channel.py).

Rule 2: `Lanes` decides (lanes.py), on plain values: it knows neither threads nor clocks. This module looks at the
clocks, starts threads, hands calls over and refuses them.

Rule 3: a call has one state, which `Lanes.move` alone changes. What this table lacks is an error.

    from       to         when
    NEW        RUNNING    it is submitted; the views' lane has room and no call waits before it
    NEW        STREAMING  it is submitted with a live body; the streams' lane has room
    NEW        QUEUED     it is submitted; the views' lane has no room, the queue has
    NEW        DONE       it is submitted; neither has room, or the scheduler is closed: 503
    QUEUED     RUNNING    it has waited longest, and a call left the views' lane or the lane was widened
    QUEUED     DONE       it has waited too long, or the scheduler is closed: 503; or its client left
    RUNNING    STREAMING  its answer fills the channel, or lasts for a second; the streams' lane has room
    RUNNING    DONE       its thread is through, or the system has no thread for it: 503
    STREAMING  DONE       its thread is through, or the system has no thread for it: 503

A request whose body is being read is no call yet (request_body.py): a slow upload takes no place.

Rule 4: a thread lives for each call that is STREAMING, and for each that is RUNNING up to `max_running`. Views that
fill the interpreter run one at a time: a second thread would only take the interpreter away from the loop. Further
calls are RUNNING then too, handed over ahead, so that the thread goes from one to the next without the loop. A None
ends a thread that is too many. One that ends for want of work may have been handed a call in its last moment: the loop
hears of its end and starts another where one lacks.

Rule 5: `close` hands each thread a None, behind all calls, and refuses what waits and what comes later. Threads are
daemonic: one that is stuck ends with the process.

WARNING: A CLIENT THAT LEAVES FREES NO PLACE. "Abandoned" is no state, for nothing can stop a Python thread: the call
stays RUNNING or STREAMING until its thread comes back, mostly at its next chunk. If it gave its place away at once,
each request to a view that is stuck would take one more thread, without an end.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread, current_thread

from ..config.bridge_limits import BridgeLimits
from .lanes import DONE, QUEUED, Lanes
from .response_channel import call_on
from .wsgi_call import WSGICall

LOGGER = logging.getLogger("gateway.bridge")

CLOSE_SECONDS = 0.3
"""Time at the end for generators that were cut to be closed."""
IDLE_THREAD_SECONDS = 30.0
"""Time that a thread without work stays."""
TICK_SECONDS = 0.02
LATE_WEIGHT = 0.2
"""Of the newest tick in the mean lateness."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """The load of the bridge at one moment."""

    busy: int = 0
    """Calls in the views' lane."""
    streams: int = 0
    queued: int = 0
    oldest_wait_seconds: float = 0.0
    abandoned: int = 0
    """Threads still busy for a client that has left."""
    limit: int = 0
    """Views that may run at once now."""
    spooled_bytes: int = 0
    """Of request bodies, in temporary files."""


class Scheduler:
    """The worker threads of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: BridgeLimits) -> None:
        self.loop = loop
        self._lanes: Lanes[WSGICall] = Lanes(limits)
        self._handed: SimpleQueue[WSGICall | None] = SimpleQueue()
        self._threads: set[Thread] = set()
        self._told_to_end = 0
        """Threads for which a None is on its way."""
        self._tick: asyncio.TimerHandle | None = None
        self._process_seconds = self._loop_seconds = 0.0
        """CPU time of the process and of the loop's thread when it was last looked at, which was at `_looked_at`."""
        self._looked_at = 0.0
        self._due = 0.0
        """When the next tick should be."""
        self._late_seconds = 0.0
        """How late ticks are, a moving mean."""

    @property
    def gauges(self) -> Gauges:
        lanes = self._lanes
        waited = self.loop.time() - next(iter(lanes.queued)).since if lanes.queued else 0.0
        abandoned = sum(call.is_abandoned for call in (*lanes.running, *lanes.streaming))
        busy, streams, queued = len(lanes.running), len(lanes.streaming), len(lanes.queued)
        return Gauges(busy, streams, queued, waited, abandoned, lanes.max_running)

    def submit(self, call: WSGICall) -> None:
        """Start a new call, or queue it, or refuse it; one with a live body is never queued."""
        now = self.loop.time()
        state = self._lanes.admit(call, now)
        if state is DONE:
            call.refuse()
        elif state is not QUEUED:
            self._hand_over(call)
        if self._tick is None:
            self._cpu_shares(now)
            self._tick = self._tick_later(now)

    def to_streams(self, call: WSGICall) -> None:
        """Move a call out of the views' lane, if the streams' lane has room."""
        if self._lanes.move_to_streams(call):
            self._start_next(self.loop.time())
            self._add_missing_threads()

    def done(self, call: WSGICall) -> None:
        """End a call whose thread is through, or whose client left before it was started."""
        if call.state is not DONE:  # a call that was refused has ended before its channel
            self._lanes.move(call, DONE)
            if self._lanes.queued:
                self._start_next(self.loop.time())

    def close(self) -> None:
        """End idle threads, refuse what is queued and give busy threads CLOSE_SECONDS to come back."""
        self._lanes.is_closed = True
        for _ in self._threads:
            self._handed.put(None)
        for call in self._lanes.expire(self.loop.time()):
            call.refuse()
        if self._tick is not None:
            self._tick.cancel()
        until = time.monotonic() + CLOSE_SECONDS
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))

    def _start_next(self, now: float) -> None:
        while (call := self._lanes.start_next(now)) is not None:
            self._hand_over(call)

    def _hand_over(self, call: WSGICall) -> None:
        if self._add_missing_threads():
            self._handed.put(call)
        else:
            self._lanes.move(call, DONE)
            call.refuse()

    def _add_missing_threads(self) -> bool:
        """Start the threads that rule 4 asks for; tell whether the system had them left."""
        lanes = self._lanes
        while len(self._threads) - self._told_to_end < lanes.thread_count:
            thread = Thread(target=self._work, name="wsgi", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                LOGGER.exception("the system gives no more threads")
                return False
            self._threads.add(thread)
        return True

    def _work(self) -> None:
        """Run calls in a thread of its own until None comes or nothing for IDLE_THREAD_SECONDS."""
        _let_the_loop_go_first()
        was_told = False
        with suppress(Empty):
            while (call := self._handed.get(timeout=IDLE_THREAD_SECONDS)) is not None:
                call.run()
                del call  # or it would live until the next one comes
            was_told = True
        call_on(self.loop, self._thread_ended, current_thread(), was_told)

    def _thread_ended(self, thread: Thread, was_told: bool) -> None:
        self._threads.discard(thread)
        self._told_to_end -= was_told
        if not self._lanes.is_closed:
            self._add_missing_threads()

    def _end_threads_too_many(self) -> None:
        may_live = len(self._lanes.streaming) + self._lanes.max_running
        for _ in range(len(self._threads) - self._told_to_end - may_live):
            self._told_to_end += 1
            self._handed.put(None)

    def _cpu_shares(self, now: float) -> tuple[float, float]:
        """Return how much of a CPU all threads but the loop's, and all, have used since the last look; look anew."""
        process, loop = time.process_time(), time.thread_time()
        seconds = max(now - self._looked_at, 1e-6)
        in_process, in_loop = process - self._process_seconds, loop - self._loop_seconds
        self._process_seconds, self._loop_seconds, self._looked_at = process, loop, now
        return (in_process - in_loop) / seconds, in_process / seconds

    def _tick_later(self, now: float) -> asyncio.TimerHandle:
        self._due = now + TICK_SECONDS
        return self.loop.call_at(self._due, self._on_tick)

    def _on_tick(self) -> None:
        now, lanes = self.loop.time(), self._lanes
        self._late_seconds += (now - self._due - self._late_seconds) * LATE_WEIGHT
        lanes.adapt(*self._cpu_shares(now), self._late_seconds, now)
        self._start_next(now)
        self._add_missing_threads()
        self._end_threads_too_many()
        for call in lanes.slow(now):
            call.watch()
        for call in lanes.long(now):
            self.to_streams(call)
        for call in lanes.expire(now):
            call.refuse()
        is_idle = not (lanes.started_count or lanes.queued)
        self._tick = None if is_idle else self._tick_later(now)


def _let_the_loop_go_first() -> None:
    """Tell the system that this thread computes: when it wakes, the event loop keeps its CPU (sched(7), SCHED_BATCH).

    Its share of the CPU stays what it was. Where the process runs under another policy, that one stays.
    """
    with suppress(AttributeError, OSError):  # a system without policies, a container that forbids to set them
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
