"""Requests a second and latency: gunicorn, plain a2wsgi, the gateway; granian, whose WSGI server is Rust, as a bar.

Run: python -m tests.benchmarks.throughput [--svg FILE]
Everything with its own defaults, so uvicorn and the gateway write a line for each request (to /dev/null) and gunicorn
none; then again with no log anywhere. "no thread" is the same Flask app called on the event loop, without a log: no
bridge can pass it. Servers share one CPU, wrk has another; rounds are interleaved; figures are medians. Use the ratios.
ROUNDS and SECONDS (environment, default 5 and 3) set how long it takes: about ROUNDS x SECONDS x 30.
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
CEILING = "no thread"
NO_LOG = "FastAPI alone, no log"
"""What uvicorn would answer if its log cost nothing."""
FLOOR = "uvicorn alone"
"""An ASGI app that only moves the bytes: what no bridge under uvicorn can save."""
WORK = {
    "small JSON": ("/small", 32, [*WSGI, CEILING]),
    "10 kB JSON": ("/10kb", 32, WSGI),
    "1 MB download": ("/download", 32, [*WSGI, FLOOR]),
    "1 MB upload": ("/upload", 32, [*WSGI, FLOOR]),
    "small JSON, 1 connection": ("/small", 1, WSGI),
    "FastAPI route": ("/new", 32, ["FastAPI alone", "FastAPI + a2wsgi", "gateway", NO_LOG]),
    "no logs: small JSON": (
        "/small",
        32,
        ["gunicorn gthread", "FastAPI + a2wsgi, no log", "gateway, no log", CEILING],
    ),
    "no logs: FastAPI route": ("/new", 32, ["FastAPI alone, no log", "FastAPI + a2wsgi, no log", "gateway, no log"]),
}
AIMS = {
    "small JSON": 1.6,
    "10 kB JSON": 1.3,
    "1 MB download": 0.9,
    "small JSON, 1 connection": 1.0,
    "FastAPI route": 1.5,
    "no logs: FastAPI route": 0.98,
}
"""The gateway's rate as a multiple of the first server's."""
OF_CEILING = {"small JSON": 0.92, "no logs: small JSON": 0.95}
"""The gateway's rate as a share of "no thread"."""


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
    print(f"{'work':<25} {'server':<24} {'median/s':>9} {'p50 ms':>7}  ratio")
    ratios: dict[str, dict[str, float]] = {}
    for work, by_server in rates.items():
        base = next(iter(by_server))
        ratios[work] = {name: median_ratio(values, by_server[base]) for name, values in by_server.items()}
        for name, values in by_server.items():
            aims = []
            if name.startswith("gateway"):
                aims += [verdict("", ratios[work][name], AIMS[work])] if work in AIMS else []
                if work in OF_CEILING:
                    share = median_ratio(values, by_server[CEILING])
                    aims.append(verdict(f'{share:.2f} of "{CEILING}", ', share, OF_CEILING[work]))
            median, latency = statistics.median(values), statistics.median(latencies[work][name])
            shown = f"{median:>9,.0f} {latency:>7.2f}  {ratios[work][name]:.2f}{''.join(aims)}"
            print(f"{work:<25} {name:<24} {shown}")
    if "--svg" in sys.argv:
        path = sys.argv[sys.argv.index("--svg") + 1]
        drawn = {
            work: {name: value for name, value in values.items() if name not in (CEILING, NO_LOG)}
            for work, values in ratios.items()
            if not work.startswith("no logs")
        }
        title = (
            "Requests a second, all with their defaults, as a multiple of gunicorn gthread (FastAPI: of FastAPI alone)"
        )
        bars(path, title, drawn)


def verdict(figure: str, ratio: float, aim: float) -> str:
    """Say whether a ratio is what it should be."""
    return f"  ({figure}aim {aim}: {'met' if round(ratio, 2) >= aim else 'not met'})"


if __name__ == "__main__":
    main()
