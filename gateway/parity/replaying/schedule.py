"""Decide what a worker does next: which case it sends, which it waits for, when both sides start anew. Pure.

It decides on values, without a process, a clock or a thread; `worker` has the rules and the table of states.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from ..corpus.case import Case
from .experiments import PendingExperiments
from .messages import Ask

MAX_IN_FLIGHT = 8
"""Reading cases that a side has before it, so that it waits neither for the other side nor for the comparison."""
MAX_IN_FLIGHT_BYTES = 16 * 1024
"""Size of their messages: a socket takes that much while nobody reads, and a side that answers does not read."""
FAST_SECONDS = 0.02
"""Longest wait for a case after which a worker still sends cases ahead."""
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """A case as it is sent to both sides."""

    case: Case
    ask: Ask
    message: bytes
    """The ask, pickled once for all sides."""
    experiment_of: PendingExperiments | None = None
    """The comparison that waits for this case's answers; None for a case of the run itself."""

    @property
    def only_reads(self) -> bool:
        """Whether no request of the case is there to write."""
        return all(step.request.method in _READING for step in self.case.steps)


@dataclass(frozen=True, slots=True)
class Send:
    """Send the case to both sides."""

    planned: PlannedCase


@dataclass(frozen=True, slots=True)
class Receive:
    """Receive both sides' answers to the case, the oldest in flight."""

    planned: PlannedCase


@dataclass(frozen=True, slots=True)
class Restart:
    """Start both sides anew and send them what is in flight once more, the oldest first."""

    in_flight: tuple[PlannedCase, ...]


class Schedule:
    """The cases of one worker that are neither done nor still in the run's queue."""

    def __init__(self, cases: Iterator[PlannedCase]) -> None:
        """Take the run's `cases` one by one; what the iterator raises, `next_move` raises."""
        self._cases = cases
        self._waiting: deque[PlannedCase] = deque()
        """The experiments, and behind them the one case of the run that was taken and had no room yet, if one had."""
        self._in_flight: deque[PlannedCase] = deque()
        self._is_fast = False

    def next_move(self, *, are_sides_up: bool) -> Send | Receive | Restart | None:
        """Return the next move, None when all is done. From then on a case to send is in flight, one to receive is not.

        While a side is not up the move is a restart, and nothing changes; where nothing is left to do, it is None.
        """
        coming = self._coming()
        if coming is None and not self._in_flight:
            return None
        if not are_sides_up:
            return Restart(tuple(self._in_flight))
        if coming is None:
            return Receive(self._in_flight.popleft())
        self._in_flight.append(self._waiting.popleft())
        return Send(coming)

    def note_wait(self, seconds: float) -> None:
        """Learn how long the worker has waited for the answers to the last case."""
        self._is_fast = seconds < FAST_SECONDS

    def add_experiments(self, experiments: Iterable[PlannedCase]) -> None:
        """Have these cases sent before all that wait, in their order."""
        self._waiting.extendleft(reversed(tuple(experiments)))

    def drop_all(self) -> tuple[PlannedCase, ...]:
        """Forget every case, and return those in flight, the oldest first: their answers are still to be received."""
        dropped = tuple(self._in_flight)
        self._in_flight.clear()
        self._waiting.clear()
        return dropped

    def _coming(self) -> PlannedCase | None:
        """Return the case that may be sent now, if there is one."""
        if self._in_flight and not self._is_fast:
            return None
        if not self._waiting:
            self._waiting.extend(islice(self._cases, 1))
        coming = self._waiting[0] if self._waiting else None
        if coming is None or not self._in_flight:
            return coming
        together = [*self._in_flight, coming]
        size = sum(len(planned.message) for planned in together)
        is_small = len(together) <= MAX_IN_FLIGHT and size <= MAX_IN_FLIGHT_BYTES
        return coming if is_small and all(planned.only_reads for planned in together) else None
