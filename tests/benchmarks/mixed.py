"""Does a busy Flask app starve the new side? Run: python -m tests.benchmarks.mixed [--svg FILE]

64 connections keep one Flask view busy while an open-loop client sends 300 requests a second to a FastAPI route.
SECONDS (environment, default 6) is how long each line is measured, after two that are not.
"""

from __future__ import annotations

import asyncio
import os
import sys

from tests.benchmarks.chart import bars
from tests.benchmarks.load import open_loop, pressed, started
from tests.support.servers import Server

VIEWS = {
    "nothing": None,
    "a view that sleeps 200 ms": "/sleep",
    "a view that burns 20 ms": "/burn",
    "small JSON": "/small",
}
NAMES = ["FastAPI + a2wsgi", "gateway"]
SECONDS = int(os.environ.get("SECONDS", "6"))


def main() -> None:
    print(f"{'Flask is busy with':<27} {'server':<17} {'p50 ms':>7} {'p90 ms':>7} {'p99 ms':>7}")
    groups: dict[str, dict[str, float]] = {}
    for shown, view in VIEWS.items():
        for name in NAMES:
            with started([name]) as servers:
                latencies = under_load(servers[name], view)
            p50, p90, p99 = (latencies[int(len(latencies) * share)] for share in (0.5, 0.9, 0.99))
            print(f"{shown:<27} {name:<17} {p50:>7.1f} {p90:>7.1f} {p99:>7.1f}", flush=True)
            groups.setdefault(shown, {}).update({f"{name}, p50": p50, f"{name}, p99": p99})
    if "--svg" in sys.argv:
        path = sys.argv[sys.argv.index("--svg") + 1]
        bars(path, "Latency in ms of a FastAPI route while 64 connections keep a Flask view busy", groups)


def under_load(server: Server, view: str | None) -> list[float]:
    if view is None:
        return asyncio.run(open_loop(server, "/new", rate=300, seconds=SECONDS))
    with pressed(server, view, connections=64, seconds=SECONDS + 4):
        # What the first seconds teach the bridge of the view is not what a running service is like.
        asyncio.run(open_loop(server, "/new", rate=300, seconds=2))
        return asyncio.run(open_loop(server, "/new", rate=300, seconds=SECONDS))


if __name__ == "__main__":
    main()
