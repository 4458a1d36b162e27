"""What the scheduler decides, on plain values: no clock, no thread, no I/O. scheduler.py opens with the theory."""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum
from typing import Generic, TypeVar

from ..config.bridge_limits import BridgeLimits

FIRST_VIEWS = 8
MIN_VIEWS_HELD_UP = 2
"""Views at once while they fill the interpreter and one of them takes long: another need not wait for its end."""
HELD_UP_SECONDS = 0.05
AHEAD = 20
"""Calls handed over beside the one that runs, where one runs at a time: its thread never waits for the loop."""
FULL_SHARE = 0.92
"""Share of one CPU, the event loop's part too, above which the interpreter is full: more views only delay the loop."""
FULL_SHARE_LATE = 0.7
LATE_SECONDS = 0.003
"""Where the event loop is this late, the lower share is full: a host may not give a whole CPU."""
FILLING_SHARE = 0.25
"""Share of one CPU that views must have for it to be them who fill the interpreter."""
WAITING_SHARE = 0.1
"""Share of one CPU below which views do not compute but wait: more of them at once hurt nobody."""
PARALLEL_SHARE = 1.15
"""Share of one CPU above which views run outside the interpreter, in C: more of them at once are more work done."""
WIDEN_SHARE = 0.85
"""Share of one CPU, the event loop's part too, below which the lane may be widened while the loop is in time."""
WIDEN_SHARE_LATE = 0.55
IN_TIME_SECONDS = 0.0015
"""Lateness of the event loop above which only a lower share lets the lane be widened."""
STREAM_AFTER_SECONDS = 1.0
"""Age of a call from which an answer that has begun is a stream."""
WATCH_AFTER_SECONDS = 0.1
"""Age of a call from which its client is watched for leaving."""

State = IntEnum("State", "NEW QUEUED RUNNING STREAMING DONE")
"""The states of a call: ints, because those hash in C and each request needs several."""
NEW, QUEUED, RUNNING, STREAMING, DONE = State  # to look `State.NEW` up takes 90 ns on Python 3.11
TRANSITIONS: dict[State, tuple[State, ...]] = {
    NEW: (RUNNING, STREAMING, QUEUED, DONE),
    QUEUED: (RUNNING, DONE),
    RUNNING: (STREAMING, DONE),
    STREAMING: (DONE,),
    DONE: (),
}


class Call:
    """One request in the lanes, which alone write `state` and `since`."""

    def __init__(self, is_live: bool) -> None:
        self.is_live = is_live
        """Whether the request body is still on its way: the call runs as slowly as its client sends."""
        self.has_begun = False
        """Whether the head of the answer is out."""
        self.state = NEW
        self.since = 0.0
        """When the call was queued or, later, started, in seconds of the event loop's clock."""


C = TypeVar("C", bound=Call)


class Lanes(Generic[C]):
    """A lane for views with a bounded queue before it, and a lane for streams."""

    def __init__(self, limits: BridgeLimits) -> None:
        self._limits = limits
        self.is_closed = False
        """Whether nothing is to start any more."""
        self.max_running = min(FIRST_VIEWS, limits.workers)
        """Views that may run at once now; where that is one of more, AHEAD more are in their lane, waiting for it."""
        self.queued: dict[C, None] = OrderedDict()  # a dict takes longer to its first key the more were deleted
        self.running: dict[C, None] = {}
        self.streaming: dict[C, None] = {}
        self._calls = {QUEUED: self.queued, RUNNING: self.running, STREAMING: self.streaming}

    @property
    def started_count(self) -> int:
        """The calls in both lanes."""
        return len(self.running) + len(self.streaming)

    @property
    def thread_count(self) -> int:
        """The threads that the calls in both lanes need."""
        return len(self.streaming) + min(len(self.running), self.max_running)

    @property
    def _has_room(self) -> bool:
        is_narrow = self.max_running == 1 < self._limits.workers
        return len(self.running) < (1 + AHEAD if is_narrow else self.max_running)

    def admit(self, call: C, now: float) -> State:
        """Put a new call into its first state and return that: in a lane, QUEUED, or DONE when it is refused."""
        if self.is_closed:
            state = DONE
        elif call.is_live:
            state = STREAMING if len(self.streaming) < self._limits.streams else DONE
        elif self._has_room and not self.queued:
            state = RUNNING
        else:
            state = QUEUED if len(self.queued) < self._limits.queue else DONE
        call.since = now
        self.move(call, state)
        return state

    def start_next(self, now: float) -> C | None:
        """Start and return the call that has waited longest; None while none waits or the lane has no room."""
        if not self.queued or not self._has_room:
            return None
        call = next(iter(self.queued))
        call.since = now
        self.move(call, RUNNING)
        return call

    def move_to_streams(self, call: C) -> bool:
        """Move a call out of the views' lane if it is there and the streams' lane has room; tell whether it was."""
        is_moved = call.state is RUNNING and len(self.streaming) < self._limits.streams
        if is_moved:
            self.move(call, STREAMING)
        return is_moved

    def adapt(self, views_share: float, process_share: float, late_seconds: float, now: float) -> None:
        """Narrow the views' lane while views fill the interpreter, widen it while they wait more than they run.

        `views_share` is what all threads but the event loop's have used lately, `process_share` what all have, 1.0
        being one CPU; `late_seconds` is how much later than it should the loop comes to its timers.
        """
        is_held_up = any(now - call.since > HELD_UP_SECONDS for call in self.running)
        fewest = min(MIN_VIEWS_HELD_UP if is_held_up else 1, self._limits.workers)
        is_wanted = len(self.running) + bool(self.queued) > self.max_running
        is_parallel = views_share > PARALLEL_SHARE
        is_full = process_share > (FULL_SHARE_LATE if late_seconds > LATE_SECONDS else FULL_SHARE)
        has_cpu_left = process_share < (WIDEN_SHARE if late_seconds < IN_TIME_SECONDS else WIDEN_SHARE_LATE)
        if is_full and views_share > FILLING_SHARE and not is_parallel:
            self.max_running = max(self.max_running - 1 - self.max_running // 4, fewest)
        elif is_wanted and (has_cpu_left or views_share < WAITING_SHARE or is_parallel):
            self.max_running = min(self.max_running + 2, self._limits.workers)

    def slow(self, now: float) -> list[C]:
        """Return the calls whose clients are to be watched."""
        calls = (*self.running, *self.streaming, *self.queued)
        return [call for call in calls if now - call.since > WATCH_AFTER_SECONDS]

    def long(self, now: float) -> list[C]:
        """Return the views whose answers have become streams, whether or not the streams' lane has room."""
        return [call for call in self.running if call.has_begun and now - call.since > STREAM_AFTER_SECONDS]

    def expire(self, now: float) -> list[C]:
        """End and return the calls that have waited longer than they may, to be refused; all, once closed."""
        expired = [call for call in self.queued if self.is_closed or now - call.since > self._limits.wait_seconds]
        for call in expired:
            self.move(call, DONE)
        return expired

    def move(self, call: C, to: State) -> None:
        """Change the state of a call, as nothing else does. Raises RuntimeError for what TRANSITIONS lacks."""
        left = call.state
        if to not in TRANSITIONS[left]:
            raise RuntimeError(f"a call that is {left.name} cannot become {to.name}")
        if left is not NEW:
            del self._calls[left][call]
        if to is not DONE:
            self._calls[to][call] = None
        call.state = to
