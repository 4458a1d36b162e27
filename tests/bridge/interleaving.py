"""Two threads that run in turns, line by line: what a race does once in a million runs, happens here each time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from threading import Semaphore, Thread
from types import FrameType
from typing import Any


class LostWakeUpError(AssertionError):
    """Both threads wait for each other, or one waits for another that is through."""


class Turns:
    """Runs actor 0 and actor 1, each in a thread, of which only one moves at a time.

    Each number of the plan is a count of lines of the traced file, after which the running thread is stopped in favour
    of the other. After the last one a thread runs until it waits or ends.
    """

    def __init__(self, plan: Sequence[int], traced_file: str) -> None:
        self.plan = [*plan]
        self._traced_file = traced_file
        self._may_run = (Semaphore(0), Semaphore(0))
        self._waits_for: list[Callable[[], bool] | None] = [None, None]
        self._is_over = [False, False]
        self._errors: list[BaseException] = []

    def run(self, *actors: Callable[[], None]) -> None:
        """Run both to their ends. Raises LostWakeUpError, and what an actor raises."""
        threads = [Thread(target=self._act, args=(me, actor)) for me, actor in enumerate(actors)]
        for thread in threads:
            thread.start()
        self._may_run[0].release()
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def is_over(self, actor: int) -> bool:
        return self._is_over[actor]

    def wait_until(self, me: int, is_true: Callable[[], bool]) -> None:
        """Let the other one run until something is true."""
        self._waits_for[me] = is_true
        while not is_true():
            other_waits_for = self._waits_for[1 - me]
            if self._is_over[1 - me] or (other_waits_for is not None and not other_waits_for()):
                raise LostWakeUpError
            self._switch(me)
        self._waits_for[me] = None

    def _act(self, me: int, actor: Callable[[], None]) -> None:
        def trace(frame: FrameType, event: str, _argument: Any) -> Any:
            if frame.f_code.co_filename != self._traced_file:
                return None
            if event == "line" and self.plan:
                self.plan[0] -= 1
                if self.plan[0] < 0:
                    del self.plan[0]
                    if not self._is_over[1 - me]:
                        self._switch(me)
            return trace

        self._may_run[me].acquire()
        sys.settrace(trace)
        try:
            actor()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller of `run` gets it
            self._errors.append(error)
        finally:
            sys.settrace(None)
            self._is_over[me] = True
            self._may_run[1 - me].release()

    def _switch(self, me: int) -> None:
        self._may_run[1 - me].release()
        self._may_run[me].acquire()
