"""How the interpreter is set up for two apps in one process: who has it when, and what its garbage collector visits."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

SWITCH_INTERVAL_SECONDS = 0.0005
"""A tenth of Python's own: with it FastAPI answers in milliseconds beside views that burn CPU (docs/bridge.md)."""
DEFAULT_THRESHOLDS = (700, 10, 10)
"""What Python's collector starts with; an app that has set others has its reasons."""
THRESHOLDS = (10_000, 20, 20)
"""New objects until the young are visited, and visits until the older ones are: a request makes some hundreds."""


def share_interpreter() -> None:
    """Let the event loop have the interpreter back soon from a Flask view that computes."""
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)


class SettledHeap:
    """A service that takes what both apps have made until they are up out of the garbage collector's sight.

    A visit of two apps' modules, routes and models stops every request for tens of milliseconds, and finds nothing.
    """

    is_settled: ClassVar[bool] = False
    """Of the process, as the collector is; to ask that for its count of frozen objects takes as long as a visit."""

    async def start(self) -> None:
        """Collect once more, keep what is left for good, and have the collector run less often from now on."""
        if gc.get_threshold() == DEFAULT_THRESHOLDS:
            gc.set_threshold(*THRESHOLDS)
        gc.collect()
        gc.freeze()
        SettledHeap.is_settled = True

    async def stop(self, _seconds: float) -> None:
        """Give everything back to the collector: the process may go on without the gateway, as in tests."""
        SettledHeap.is_settled = False
        gc.unfreeze()


@contextmanager
def made_to_stay() -> Iterator[None]:
    """Keep the collector from what is made in this block, where a SettledHeap keeps it from what was there before.

    A new table of routes is some ten thousand objects: to visit them stops requests for as many microseconds.
    """
    if not SettledHeap.is_settled or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
