"""One clock, and equal random numbers and UUIDs, for every side. `time.monotonic` goes on: event loops live by it;
`time.perf_counter`, by which apps measure what they say of themselves, goes on by a microsecond each time it is read.

Installed before the app is imported, so that `from os import urandom` of the app gets the frozen one.
"""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import time
import uuid
from collections import Counter
from functools import partial
from hashlib import shake_128
from sqlite3 import connect
from typing import Any

_pytest = sys.modules.get("pytest")
sys.modules["pytest"] = None  # type: ignore[assignment]  # time_machine imports it, and an app may look whether it is tested
import time_machine  # noqa: E402

if _pytest is None:
    del sys.modules["pytest"]
else:
    sys.modules["pytest"] = _pytest

_SQL = connect(":memory:", check_same_thread=False)
"""A connection whose functions are SQLite's own; it is opened before anything watches."""
SECOND = 10**9
NODE = 0x02_00_00_00_00_01
"""The machine's address for `uuid.uuid1`: asking for the real one would start a program."""
FORMS = {"current_timestamp": "%Y-%m-%d %H:%M:%S", "current_date": "%Y-%m-%d", "current_time": "%H:%M:%S"}
DATED = {"datetime": 0, "date": 0, "time": 0, "julianday": 0, "unixepoch": 0, "strftime": 1}
"""How many arguments come before the moment in each of SQLite's functions that take one; without it, it is `now`."""


class Freezer:
    """The process's clock and randomness; both stand still until `set`."""

    def __init__(self, moment: int, seed: int) -> None:
        """Freeze the process for good; `moment` is in nanoseconds since the epoch."""
        self._seed = seed
        self._draws: Counter[int] = Counter()
        self._readings = 0
        self._traveller = time_machine.travel(moment / SECOND, tick=False).start()
        time.perf_counter_ns = self.measure
        time.perf_counter = self.measure_seconds
        os.urandom = self.draw
        if hasattr(os, "getrandom"):
            os.getrandom = lambda size, flags=0: self.draw(size)  # noqa: ARG005 - the kernel's own signature
        random._urandom = self.draw  # type: ignore[attr-defined]  # noqa: SLF001 - secrets and SystemRandom
        seeding = random.Random.seed

        def seeded(generator: random.Random, a: Any = None, version: int = 2) -> None:
            seeding(generator, self.draw(16) if a is None else a, version)

        random.Random.seed = seeded  # type: ignore[method-assign,assignment]  # a generator without a seed
        uuid._node = NODE  # type: ignore[attr-defined]  # noqa: SLF001 - it asks once
        self.set(moment, seed)

    def set(self, moment: int, seed: int) -> None:
        """Set the clock to a moment, and begin the random numbers anew."""
        self._traveller.move_to(moment / SECOND)
        self.moment = time.time_ns()  # as the app sees it: time_machine rounds
        self._seed = seed
        self._draws.clear()
        self._readings = 0
        random.seed(seed)

    def measure(self) -> int:
        """Return nanoseconds that grow by a microsecond with each reading, so that rates are finite and waits end."""
        self._readings += 1
        return self.moment + self._readings * 1_000

    def measure_seconds(self) -> float:
        """Return `measure` in seconds of so small a size that a microsecond is not rounded away."""
        return (self.measure() % (1_000_000 * SECOND)) / SECOND

    def draw(self, size: int) -> bytes:
        """Return so many random bytes; a draw of another size in between shifts nothing."""
        self._draws[size] += 1
        return shake_128(f"{self._seed}:{size}:{self._draws[size]}".encode()).digest(size)


def freeze_sqlite(connection: sqlite3.Connection) -> None:
    """Have SQLite read the process's clock and random numbers: `CURRENT_TIMESTAMP` and `hex(randomblob(16))` in column
    defaults, `datetime('now')` and `ORDER BY random()` in SQL."""
    for name, form in FORMS.items():
        connection.create_function(name, 0, partial(_now, form), deterministic=True)
    for name, before in DATED.items():
        connection.create_function(name, -1, partial(_dated, name, before), deterministic=True)
    connection.create_function("random", 0, lambda: int.from_bytes(os.urandom(8), "big", signed=True))
    connection.create_function("randomblob", 1, lambda size: os.urandom(max(1, int(size or 0))))


def _now(form: str) -> str:
    return time.strftime(form, time.gmtime())


def _dated(name: str, before: int, *arguments: Any) -> Any:
    """Return what SQLite's function gives, were it now the frozen moment."""
    given = [*arguments] if len(arguments) > before else [*arguments, "now"]
    if len(given) > before and str(given[before]).lower() == "now":
        given[before] = _now("%Y-%m-%d %H:%M:%S")
    (value,) = _SQL.execute(f"SELECT {name}({', '.join('?' * len(given))})", given).fetchone()
    return value
