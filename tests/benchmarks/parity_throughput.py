"""Isolated pairs a second over the sample apps on SQLite, with 1, 2 and 4 workers of two processes each.

What a pair takes is mostly what the two apps take, so the last line is for scale: both apps one after the other in one
process, nothing isolated, observed or compared. Two cores can make at most twice that of these apps.

Run: python -m tests.benchmarks.parity_throughput
Every pair is one request to both sides, from the same database, effects observed, compared typed. SECONDS (environment,
default 4) is how long each figure takes. Aims on two cores: 500 read pairs, 100 write pairs a second.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.bridge import WSGIBridge
from gateway.comparing.diff.comparison import compare
from gateway.comparing.observation import Compared
from gateway.comparing.result import Verdict
from gateway.config.parity_table import ReplaySettings
from gateway.http.message import Request
from gateway.parity.corpus.case import Case, Step
from gateway.parity.replaying.asgi_serving import call, lifespan
from gateway.parity.replaying.replay import Replay
from gateway.parity.replaying.sandbox import ReplaySetup
from legacy_flask import create_app as create_legacy
from new_fastapi import create_app as create_new
from tests.support.stores import seed

SECONDS = float(os.environ.get("SECONDS", "4"))
ROOT = Path(__file__).parents[2]
HOST = (b"host", b"depot.example")
TODO = b'{"title": "Wash bus 12"}'
JSON = (HOST, (b"content-type", b"application/json"), (b"content-length", str(len(TODO)).encode()))
READS = {
    "no database": (("GET", "/hello"),),
    "one row": (("GET", "/todos/3"), ("GET", "/products/2"), ("GET", "/users/1")),
    "a list": (("GET", "/todos"),),
    "a tree": (("GET", "/stops/1"),),
}
WORK = {
    **READS,
    "all reads": tuple(request for requests in READS.values() for request in requests),
    "writes": (("POST", "/todos"), ("PUT", "/todos/3")),
}


def case_of(requests: tuple[tuple[str, str], ...], number: int) -> Case:
    method, target = requests[number % len(requests)]
    headers, body = ((HOST,), b"") if method == "GET" else (JSON, TODO)
    return Case(f"{method} {number}", (Step(Request(method, target.encode(), headers, body)),))


def compared(step: Compared) -> tuple[Verdict, ...]:
    """Compared, and never asked again: what differs between the samples is known."""
    tuple(compare(step.control, step.candidate, method=step.control_request.method, json_mode="typed"))
    return ()


def rate(replay: Replay, requests: tuple[tuple[str, str], ...]) -> float:
    """Pairs a second, the first second not counted."""
    began = time.perf_counter()

    def cases() -> Iterator[Case]:
        for number in count():
            if time.perf_counter() - began > SECONDS + 1:
                return
            yield case_of(requests, number)

    counted = 0
    for pair in replay.run(cases(), compared):
        assert not pair.refused, pair.refused
        counted += time.perf_counter() - began > 1
    return counted / (time.perf_counter() - began - 1)


async def bare_rates(directory: str) -> list[float]:
    """Pairs a second of both apps asked in turn in this process."""
    urls = [f"sqlite:///{directory}/bare-{side}.sqlite3" for side in ("legacy", "new")]
    for url in urls:
        seed(url)
    legacy = WSGIBridge(create_legacy(database_url=urls[0], upload_dir=directory))
    new = create_new(database_url=urls[1], upload_dir=directory)
    async with lifespan(legacy) as legacy_state, lifespan(new) as new_state:

        async def bare_rate(requests: tuple[tuple[str, str], ...]) -> float:
            began, counted = time.perf_counter(), 0
            for number in count():
                (step,) = case_of(requests, number).steps
                for app, state in ((legacy, legacy_state), (new, new_state)):
                    seen = (await call(app, step.request, state, 10)).observation()
                    assert seen.response is not None, seen.error
                taken = time.perf_counter() - began
                counted += taken > 1
                if taken > SECONDS + 1:
                    break
            return counted / SECONDS

        return [await bare_rate(requests) for requests in WORK.values()]


def show(name: str, rates: Iterable[float | str]) -> None:
    cells = (f"{rate:>12}" if isinstance(rate, str) else f"{rate:>12,.0f}" for rate in rates)
    print(f"{name:<22}{''.join(cells)}", flush=True)


def main() -> None:
    show("pairs a second", WORK)
    with TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/depot.sqlite3"
        seed(url)
        environment = (("DEPOT_DATABASE_URL", "{database}"), ("DEPOT_UPLOAD_DIR", "{directory}"))
        settings = ReplaySettings(database=url, environment=environment)
        setup = ReplaySetup("legacy_flask:create_app", "new_fastapi:create_app", settings, ROOT)
        for workers in (1, 2, 4):
            with Replay(setup, workers=workers, seed=1) as replay:
                show(f"replayed, workers: {workers}", [rate(replay, requests) for requests in WORK.values()])
        show("in process, unobserved", asyncio.run(bare_rates(directory)))
    print("aims with two cores: 500 of all reads, 100 writes")


if __name__ == "__main__":
    main()
