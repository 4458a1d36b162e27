"""Requests a second and latency: gunicorn, plain a2wsgi, the gateway; granian, whose WSGI server is Rust, as a bar.

Run: python -m tests.benchmarks.throughput [--svg FILE]
Servers share one CPU, wrk has another; rounds are interleaved; figures are medians. Use the ratios.
ROUNDS and SECONDS (environment, default 5 and 3) set how long it takes: about ROUNDS x SECONDS x 25.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections import defaultdict

from tests.benchmarks.chart import bars
from tests.benchmarks.load import measure, median_ratio, started

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS", "3"))
WSGI = ["gunicorn gthread", "FastAPI + a2wsgi", "gateway", "granian WSGI"]
FLOOR = "uvicorn alone"
"""An ASGI app that only moves the bytes: what no bridge under uvicorn can save."""
WORK = {
    "small JSON": ("/small", 32, WSGI),
    "10 kB JSON": ("/10kb", 32, WSGI),
    "1 MB download": ("/download", 32, [*WSGI, FLOOR]),
    "1 MB upload": ("/upload", 32, [*WSGI, FLOOR]),
    "small JSON, 1 connection": ("/small", 1, WSGI),
    "FastAPI route": ("/new", 32, ["FastAPI alone", "FastAPI + a2wsgi", "gateway"]),
}
AIMS = {
    "small JSON": 1.9,
    "10 kB JSON": 1.3,
    "1 MB download": 0.9,
    "1 MB upload": 3.0,
    "small JSON, 1 connection": 1.0,
    "FastAPI route": 0.97,
}


def main() -> None:
    rates: dict[str, dict[str, list[float]]] = {work: defaultdict(list) for work in WORK}
    latencies: dict[str, dict[str, list[float]]] = {work: defaultdict(list) for work in WORK}
    with started(sorted({name for _, _, names in WORK.values() for name in names})) as servers:
        for turn in range(-1, ROUNDS):  # the first round only warms up
            for work, (path, connections, names) in WORK.items():
                for name in names:
                    seconds = SECONDS if turn >= 0 else 1
                    run = measure(servers[name], path, connections=connections, seconds=seconds)
                    if turn >= 0:
                        rates[work][name].append(run.rate)
                        latencies[work][name].append(run.p50)
            print(f"round {turn + 1} of {ROUNDS}", file=sys.stderr, flush=True)
    print(f"{'work':<25} {'server':<17} {'median/s':>9} {'p50 ms':>7}  ratio")
    ratios: dict[str, dict[str, float]] = {}
    for work, by_server in rates.items():
        base = next(iter(by_server))
        ratios[work] = {name: median_ratio(values, by_server[base]) for name, values in by_server.items()}
        for name, values in by_server.items():
            aim = verdict(ratios[work][name], AIMS[work]) if name == "gateway" else ""
            median, latency = statistics.median(values), statistics.median(latencies[work][name])
            print(f"{work:<25} {name:<17} {median:>9,.0f} {latency:>7.2f}  {ratios[work][name]:.2f}{aim}")
    if "--svg" in sys.argv:
        path = sys.argv[sys.argv.index("--svg") + 1]
        bars(path, "Requests a second, as a multiple of gunicorn gthread (FastAPI route: of FastAPI alone)", ratios)


def verdict(ratio: float, aim: float) -> str:
    return f"  (aim {aim}: {'met' if round(ratio, 2) >= aim else 'not met'})"


if __name__ == "__main__":
    main()
