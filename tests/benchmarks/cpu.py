"""CPU time that a server takes for a request, and so what is left to gain. Run: python -m tests.benchmarks.cpu

Where gthread keeps its one CPU busy, the ratio of CPU times is the ratio of rates that a server can reach: there "no
thread" is about the ceiling of every bridge for this Flask app, "uvicorn alone" that of every ASGI app. Requests that
the end of a round cuts off count for nothing. ROUNDS and SECONDS (environment, default 5 and 1): about
ROUNDS x SECONDS x 16 seconds.
"""

from __future__ import annotations

import os
import statistics
from collections import defaultdict
from pathlib import Path

from tests.benchmarks.load import measure, median_ratio, started
from tests.benchmarks.throughput import AIMS
from tests.benchmarks.transfers import family
from tests.support.servers import Server

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS", "1"))
NAMES = ["gunicorn gthread", "gateway", "no thread", "uvicorn alone"]
WORK = {"small JSON": "/small", "10 kB JSON": "/10kb", "1 MB download": "/download", "1 MB upload": "/upload"}
TICK = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time so far of a process and of its children, living (their own lines) and waited for."""
    fields = (Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in family(pid))
    return sum(int(ticks) for line in fields for ticks in line[11:15]) * TICK  # utime to cstime, man proc_pid_stat


def used(server: Server, path: str) -> tuple[float, float]:
    """(us of CPU of one request, share of the time that the CPU was used)."""
    before = cpu_seconds(server.pid)
    run = measure(server, path, connections=32, seconds=SECONDS)
    seconds = cpu_seconds(server.pid) - before
    return seconds / run.requests * 1e6, seconds / (run.requests / run.rate)


def main() -> None:
    taken: dict[str, dict[str, list[float]]] = {work: defaultdict(list) for work in WORK}
    shares: dict[str, dict[str, list[float]]] = {work: defaultdict(list) for work in WORK}
    with started(NAMES) as servers:
        for turn in range(-1, ROUNDS):  # the first round only warms up
            for work, path in WORK.items():
                for name in NAMES:
                    microseconds, share = used(servers[name], path)
                    if turn >= 0:
                        taken[work][name].append(microseconds)
                        shares[work][name].append(share)
    print(f"{'work':<14} {'server':<17} {'us of CPU':>9} {'busy':>5}  ratio")
    for work, by_server in taken.items():
        for name, times in by_server.items():
            ratio = median_ratio(by_server["gunicorn gthread"], times)
            median, busy = statistics.median(times), statistics.median(shares[work][name])
            print(f"{work:<14} {name:<17} {median:>9,.0f} {busy:>5.0%}  {ratio:.2f}{ceiling(name, work, ratio)}")


def ceiling(name: str, work: str, ratio: float) -> str:
    """What "no thread" says of the aim, for answers that take a CPU and nothing else."""
    if name != "no thread" or not work.endswith("JSON"):
        return ""
    return f"  (aim {AIMS[work]}: {'within reach' if ratio >= AIMS[work] else 'out of reach'})"


if __name__ == "__main__":
    main()
