"""Does a reader of stdout that stalls delay an answer? Run: python -m tests.benchmarks.stalled_reader

Two gateways with their defaults on one CPU, at one time: the stdout of one is /dev/null, that of the other a pipe that
nobody reads. A Flask and a FastAPI route of each are asked 100 times a second for SECONDS (environment, default 60).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.load import GATEWAY, QUIET, open_loop
from tests.support.servers import Server, serve_command

SECONDS = float(os.environ.get("SECONDS", "60"))
RATE = 100
AIM_RATIO = 1.5


async def ask_all(servers: list[Server]) -> list[list[float]]:
    """Return the latencies of each server, sorted."""
    found = await asyncio.gather(
        *(open_loop(server, path, rate=RATE, seconds=SECONDS) for server in servers for path in ("/small", "/new"))
    )
    return [sorted(found[at] + found[at + 1]) for at in range(0, len(found), 2)]


def main() -> None:
    with ExitStack() as stack:
        fifo = Path(stack.enter_context(tempfile.TemporaryDirectory()), "stdout")
        os.mkfifo(fifo)
        stack.callback(os.close, os.open(fifo, os.O_RDWR))  # a reader that never reads
        pinned = ("taskset", "-c", "0", sys.executable, *GATEWAY)
        to_fifo = ("sh", "-c", f'exec "$@" >{fifo}', "sh")
        servers = [stack.enter_context(serve_command(*where, *pinned)) for where in (QUIET, to_fifo)]
        # A pipe holds some hundreds of lines, the gateway some ten thousand more.
        subprocess.run(["wrk", "-t1", "-c8", "-d20s", f"{servers[1].url}/new"], stdout=subprocess.DEVNULL, check=True)
        null, stalled = asyncio.run(ask_all(servers))
        with urllib.request.urlopen(f"{servers[1].url}/_gateway/ready") as answer:
            dropped = json.load(answer)["access_log"]["dropped"]
    print(f"{'stdout':<22} {'requests':>8} {'p50 ms':>7} {'p99 ms':>7} {'p99.9 ms':>8}")
    tails = []
    for name, latencies in (("/dev/null", null), ("a pipe nobody reads", stalled)):
        p50, p99, p999 = (latencies[int(len(latencies) * share)] for share in (0.5, 0.99, 0.999))
        tails.append(p999)
        print(f"{name:<22} {len(latencies):>8,} {p50:>7.1f} {p99:>7.1f} {p999:>8.1f}")
    ratio = tails[1] / tails[0]
    print(f"lines dropped: {dropped:,}; p99.9 {ratio:.2f} times (aim at most {AIM_RATIO}: {ratio <= AIM_RATIO})")


if __name__ == "__main__":
    main()
