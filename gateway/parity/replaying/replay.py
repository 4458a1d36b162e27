"""Replays cases on both sides: control and candidate from the same state, the repeat where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import Self

from ...comparing.noise import MIN_REPEATS
from ..compared_case import ComparedCase, Judge
from ..corpus.case import Case
from .sandbox import CONTROL, SIDES, ReplaySetup, Sandbox
from .worker import CaseQueue, Worker

MAX_RESULTS = 64
"""Compared cases that wait for whoever iterates the run; workers wait while there are so many."""


class Replay:
    """Every side of one run, up from `with` to its end."""

    def __init__(self, setup: ReplaySetup, *, workers: int, seed: int, repeats: int = MIN_REPEATS) -> None:
        """Raise ReplayError when the database cannot be copied. Enter what has been made, or its directory is left."""
        self._sandbox = Sandbox(setup, seed)
        self.notes = self._sandbox.notes
        """What a reader of the run should know: what a start tried or changed."""
        self._workers = [Worker(number, self._sandbox, repeats) for number in range(workers)]
        self._cases = CaseQueue(())
        self._threads: list[Thread] = []
        self._results: Queue[ComparedCase | BaseException | None] = Queue()

    def __enter__(self) -> Self:
        """Start every side. Raises ReplayError when one does not start."""
        try:
            # The first side alone: the others start from the baseline that it makes.
            self._workers[0].start(CONTROL)
            self._workers[0].wait()
            for worker in self._workers:
                worker.start(*SIDES)
            for worker in self._workers:
                worker.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """End every side; no process and no directory is left."""
        if self._threads:  # a run that was left in the middle
            self._stop(at_once=True)
        self._sandbox.close()

    def run(self, cases: Iterable[Case], judge: Judge) -> Iterator[ComparedCase]:
        """Yield each case as both sides answered it, in the order of completion.

        `judge` is called from several threads. Raises ReplayError when a side that ended cannot be started again.
        """
        results = self._results = Queue(maxsize=MAX_RESULTS)
        queue = self._cases = CaseQueue(cases)
        self._threads = [
            Thread(target=worker.work, args=(queue, judge, results), daemon=True) for worker in self._workers
        ]
        for thread in self._threads:
            thread.start()
        try:
            for _ in self._threads:
                while (found := results.get()) is not None:
                    if isinstance(found, BaseException):
                        raise found
                    yield found
        except KeyboardInterrupt:
            self._stop(at_once=True)
            raise
        finally:
            self._stop()

    def _stop(self, *, at_once: bool = False) -> None:
        """Have the workers end, after the cases that they are at or at once, and wait for them."""
        self._cases.close()
        if at_once:
            self._sandbox.kill()
        while any(thread.is_alive() for thread in self._threads):
            with suppress(Empty):
                self._results.get(timeout=0.05)  # one may wait for room
        self._threads = []
