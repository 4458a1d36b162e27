"""Replays cases on both sides: control and candidate from the same state, the repeat where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import Self

from ..compared_case import ComparedCase
from ..corpus.case import Case
from .sandbox import Sandbox, Setup
from .worker import REPEATS, Judge, SharedCases, Worker


class Replay:
    """Every side of one run, up from `with` to its end. Raises ReplayError when a side does not start."""

    def __init__(self, setup: Setup, *, workers: int, seed: int, repeats: int = REPEATS) -> None:
        self._setup = setup
        self._count = workers
        self._seed = seed
        self._repeats = repeats
        self._sandbox: Sandbox | None = None
        self._workers: list[Worker] = []
        self._cases = SharedCases(())
        self._threads: list[Thread] = []
        self._pairs: Queue[ComparedCase | BaseException | None] = Queue()

    @property
    def notes(self) -> list[str]:
        """What a reader of the run should know: what a start tried or changed."""
        return [] if self._sandbox is None else self._sandbox.notes

    def __enter__(self) -> Self:
        self._sandbox = Sandbox(self._setup, self._seed)
        self._workers = [Worker(number, self._sandbox, self._repeats) for number in range(self._count)]
        try:
            first = self._workers[0]
            first.start("control", is_first=True)
            first.wait("control")
            for worker in self._workers:
                worker.start_missing()
            for worker in self._workers:
                worker.wait_for_all()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._close()

    def run(self, cases: Iterable[Case], judge: Judge) -> Iterator[ComparedCase]:
        """Each case on both sides, in the order of completion. `judge` is called from several threads.

        Raises ReplayError when a side that ended cannot be started again.
        """
        pairs = self._pairs = Queue(maxsize=64)
        shared = self._cases = SharedCases(cases)
        self._threads = [
            Thread(target=worker.work, args=(shared, judge, pairs), daemon=True) for worker in self._workers
        ]
        for thread in self._threads:
            thread.start()
        try:
            for _ in self._threads:
                while (pair := pairs.get()) is not None:
                    if isinstance(pair, BaseException):
                        raise pair
                    yield pair
        except KeyboardInterrupt:
            self._kill()
            raise
        finally:
            self._stop()

    def _stop(self) -> None:
        """Workers end after the cases that they are at."""
        self._cases.end()
        while any(thread.is_alive() for thread in self._threads):
            with suppress(Empty):
                self._pairs.get(timeout=0.05)  # one may wait for room
        self._threads = []

    def _kill(self) -> None:
        """Nobody waits for the answers under way."""
        self._cases.end()
        for worker in self._workers:
            worker.kill()

    def _close(self) -> None:
        if self._threads:  # a run that was left in the middle
            self._kill()
            self._stop()
        for worker in self._workers:
            worker.hang_up()
        for worker in self._workers:
            worker.close()
        if self._sandbox is not None:
            self._sandbox.close()
