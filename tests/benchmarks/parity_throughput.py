"""Isolated pairs a second over the sample apps on SQLite: reads and writes, with 1, 2 and 4 workers.

Run: python -m tests.benchmarks.parity_throughput
Every pair is one request to both sides, from the same database, effects observed, compared typed. SECONDS (environment,
default 5) is how long each figure takes. Aims on two cores: 500 read pairs, 100 write pairs a second.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.parity.case import Case, Step
from gateway.parity.comparison import compare
from gateway.parity.exchange import Request
from gateway.parity.pair import StepPair
from gateway.parity.replay import Replay, Setup
from gateway.policy import Policy
from tests.stores import seed

SECONDS = float(os.environ.get("SECONDS", "5"))
ROOT = Path(__file__).parents[2]
HOST = (b"host", b"depot.example")
TODO = b'{"title": "Wash bus 12"}'
READS = ("/hello", "/todos", "/todos/3", "/products/2", "/users/1", "/stops/1")
JSON = (HOST, (b"content-type", b"application/json"))


def read(number: int) -> Case:
    target = READS[number % len(READS)].encode()
    return Case(f"read {number}", (Step(Request("GET", target, (HOST,))),))


def write(number: int) -> Case:
    method, target = (("POST", b"/todos"), ("PUT", b"/todos/3"))[number % 2]
    headers = (*JSON, (b"content-length", str(len(TODO)).encode()))
    return Case(f"write {number}", (Step(Request(method, target, headers, TODO)),))


def compared(step: StepPair) -> bool:
    """Compared, and never asked again: what differs between the samples is known."""
    compare(step.control, step.candidate, method=step.control_request.method, json_mode="typed")
    return False


def rate(replay: Replay, make: object) -> float:
    """Pairs a second, the first second not counted."""
    began = time.perf_counter()

    def cases() -> Iterator[Case]:
        for number in count():
            if time.perf_counter() - began > SECONDS + 1:
                return
            yield make(number)  # type: ignore[operator]

    counted = 0
    for pair in replay.run(cases(), compared):
        assert not pair.refused, pair.refused
        counted += time.perf_counter() - began > 1
    return counted / (time.perf_counter() - began - 1)


def main() -> None:
    print(f"{'workers':>7} {'reads/s':>8} {'writes/s':>9}  (aims with two cores: 500, 100)")
    with TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/depot.sqlite3"
        seed(url)
        environment = (("DEPOT_DATABASE_URL", "{database}"), ("DEPOT_UPLOAD_DIR", "{directory}"))
        policy = Policy(database=url, environment=environment)
        for workers in (1, 2, 4):
            setup = Setup("legacy_flask:create_app", "new_fastapi:create_app", policy, ROOT)
            with Replay(setup, workers=workers, seed=1) as replay:
                print(f"{workers:>7} {rate(replay, read):>8.0f} {rate(replay, write):>9.0f}", flush=True)


if __name__ == "__main__":
    main()
