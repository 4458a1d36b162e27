"""Requests a second, direct and through the gateway, in one run. Run: python -m tests.benchmarks.throughput

Every server is pinned to one CPU and wrk to another; rounds are interleaved; figures are medians. Use the ratios.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
from contextlib import ExitStack

from tests.servers import Server, serve_command

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS", "4"))
CONNECTIONS = 32
UVICORN = ("-m", "uvicorn", "--http", "httptools", "--loop", "uvloop", "--port", "0")
GTHREAD = ("-m", "gunicorn", "-k", "gthread", "--threads", "8", "-b", "127.0.0.1:0", "--log-level", "info")
APPS = "tests.benchmarks.apps"
SERVERS = {
    "FastAPI direct": ("/new", (*UVICORN, "--no-access-log", f"{APPS}:new")),
    "FastAPI through the gateway": ("/new", (*UVICORN, "--no-access-log", f"{APPS}:gateway")),
    "Flask under gunicorn gthread": ("/legacy", (*GTHREAD, f"{APPS}:legacy")),
    "Flask through the gateway": ("/legacy", (*UVICORN, "--no-access-log", f"{APPS}:gateway")),
}
PAIRS = [
    ("FastAPI through the gateway", "FastAPI direct", 0.97),
    ("Flask through the gateway", "Flask under gunicorn gthread", None),
]


def requests_a_second(server: Server, path: str, seconds: int) -> float:
    """One run of wrk; a run with errors is no measurement."""
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", f"{server.url}{path}"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise SystemExit(printed)
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", printed)[0])


def main() -> None:
    for tool in ("wrk", "taskset"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing: apt-get install wrk util-linux")
    measured: dict[str, list[float]] = {name: [] for name in SERVERS}
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serve_command("taskset", "-c", "0", sys.executable, *command))
            for name, (_, command) in SERVERS.items()
        }
        for turn in range(-1, ROUNDS):  # the first round only warms up
            for name, (path, _) in SERVERS.items():
                rate = requests_a_second(servers[name], path, SECONDS if turn >= 0 else 1)
                if turn >= 0:
                    measured[name].append(rate)
                    print(f"round {turn + 1}/{ROUNDS}  {name:<30} {rate:>8,.0f}/s", flush=True)
    print()
    for name, rates in measured.items():
        print(f"{name:<30} median {statistics.median(rates):>8,.0f}/s")
    for ours, theirs, aim in PAIRS:
        # A ratio of each round, for neighbours in time share the machine's mood.
        ratio = statistics.median(a / b for a, b in zip(measured[ours], measured[theirs], strict=True))
        print(f"{ours} / {theirs}: {ratio:.3f}{f' (aim {aim})' if aim else ''}")


if __name__ == "__main__":
    main()
