"""Isolated pairs a second over the sample apps on SQLite: reads and writes, with 1, 2 and 4 workers.

For scale, also what both apps reach one after the other in one process, nothing isolated, observed or compared: the
ratio of a line is to that, taken just before it.

Run: python -m tests.benchmarks.parity_throughput
Every pair is one request to both sides, from the same database, effects observed, compared typed. SECONDS (environment,
default 5) is how long each figure takes. Aims on two cores: 500 read pairs, 100 write pairs a second.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.bridge import WSGIBridge
from gateway.parity.case import Case, Step
from gateway.parity.comparing.comparison import compare
from gateway.parity.exchange import Request
from gateway.parity.pair import StepPair
from gateway.parity.replaying.calling import call
from gateway.parity.replaying.replay import Replay, Setup
from gateway.parity.replaying.side import lifespan
from gateway.policy import Policy
from legacy_flask import create_app as create_legacy
from new_fastapi import create_app as create_new
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


def rate(replay: Replay, make: Callable[[int], Case]) -> float:
    """Pairs a second, the first second not counted."""
    began = time.perf_counter()

    def cases() -> Iterator[Case]:
        for number in count():
            if time.perf_counter() - began > SECONDS + 1:
                return
            yield make(number)

    counted = 0
    for pair in replay.run(cases(), compared):
        assert not pair.refused, pair.refused
        counted += time.perf_counter() - began > 1
    return counted / (time.perf_counter() - began - 1)


async def bare_rates() -> tuple[float, float]:
    """Pairs a second, (reads, writes), of both apps asked in turn in this process."""
    with TemporaryDirectory() as directory:
        return await bare_rates_in(directory)


async def bare_rates_in(directory: str) -> tuple[float, float]:
    urls = [f"sqlite:///{directory}/bare-{side}.sqlite3" for side in ("legacy", "new")]
    for url in urls:
        seed(url)
    legacy = WSGIBridge(create_legacy(database_url=urls[0], upload_dir=directory))
    new = create_new(database_url=urls[1], upload_dir=directory)
    async with lifespan(legacy) as legacy_state, lifespan(new) as new_state:

        async def bare_rate(make: Callable[[int], Case]) -> float:
            began, counted = time.perf_counter(), 0
            for number in count():
                (step,) = make(number).steps
                for app, state in ((legacy, legacy_state), (new, new_state)):
                    called = await call(app, step.request, state, 10)
                    assert called.response is not None, called.error
                taken = time.perf_counter() - began
                counted += taken > 1
                if taken > SECONDS + 1:
                    break
            return counted / SECONDS

        return await bare_rate(read), await bare_rate(write)


def show(name: str, reads: float, writes: float, bare: tuple[float, float]) -> None:
    print(f"{name:<24} {reads:>8,.0f} {reads / bare[0]:>6.2f} {writes:>9,.0f} {writes / bare[1]:>6.2f}", flush=True)


def main() -> None:
    print(f"{'pairs a second':<24} {'reads':>8} {'ratio':>6} {'writes':>9} {'ratio':>6}")
    bares = []
    with TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/depot.sqlite3"
        seed(url)
        environment = (("DEPOT_DATABASE_URL", "{database}"), ("DEPOT_UPLOAD_DIR", "{directory}"))
        policy = Policy(database=url, environment=environment)
        setup = Setup("legacy_flask:create_app", "new_fastapi:create_app", policy, ROOT)
        for workers in (1, 2, 4):
            bares.append(asyncio.run(bare_rates()))  # neighbours in time share the machine's mood
            with Replay(setup, workers=workers, seed=1) as replay:
                show(f"replayed, workers: {workers}", rate(replay, read), rate(replay, write), bares[-1])
    reads, writes = (statistics.median(rates) for rates in zip(*bares, strict=True))
    show("in process, unobserved", reads, writes, (reads, writes))
    print("aims with two cores: 500 reads, 100 writes")


if __name__ == "__main__":
    main()
