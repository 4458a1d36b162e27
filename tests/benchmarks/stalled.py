"""Do stalled clients slow the others down? Run: python -m tests.benchmarks.stalled

Flask's /ping and a FastAPI route are asked in turn, 50 times a second each, first by themselves and then beside 50
uploads that stop half-way and 50 downloads that nobody reads. Servers are started anew for each line.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.benchmarks.load import open_loop, started
from tests.support.servers import Server

STALLED = 50
RATE = 50
SECONDS = float(os.environ.get("SECONDS", "10"))
UPLOAD = b"POST /upload HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" + b"x" * 300_000
DOWNLOAD = b"GET /long HTTP/1.1\r\nHost: a.test\r\n\r\n"
UPLOADS = {"uploads of 1 MB": 10**6, "uploads of 1 GB": 10**9}
AIM_PING_MS = 200
AIM_RATIO = 2


@contextmanager
def stalled(server: Server, sent: bytes) -> Iterator[None]:
    """Clients that send what they send, and then do nothing."""
    with ExitStack() as stack:
        for _ in range(STALLED):
            client = stack.enter_context(socket.create_connection((server.host, server.port), 10))
            client.sendall(sent)
        yield


async def ask_both(server: Server) -> tuple[list[float], list[float]]:
    """Latencies in ms of Flask and of FastAPI, sorted."""
    return tuple(  # type: ignore[return-value]
        await asyncio.gather(*(open_loop(server, path, rate=RATE, seconds=SECONDS) for path in ("/small", "/new")))
    )


def show(beside: str, ping: list[float], new: list[float]) -> float:
    """Print a line; the p99 of the FastAPI route."""
    (ping50, ping99), (new50, new99) = (
        (latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]) for latencies in (ping, new)
    )
    print(f"{beside:<32} {ping50:>9.1f} {ping99:>9.1f} {ping[-1]:>9.1f} {new50:>9.1f} {new99:>9.1f}", flush=True)
    return new99


def main() -> None:
    print(f"{'in ms':<32} {'Flask p50':>9} {'p99':>9} {'most':>9} {'new p50':>9} {'p99':>9}")
    with started(["gateway"]) as servers:
        asyncio.run(ask_both(servers["gateway"]))
        idle = show("idle", *asyncio.run(ask_both(servers["gateway"])))
    for name, length in UPLOADS.items():
        with started(["gateway"]) as servers:
            server = servers["gateway"]
            with stalled(server, UPLOAD % length), stalled(server, DOWNLOAD):
                asyncio.run(ask_both(server))  # what the first seconds teach the bridge
                ping, new = asyncio.run(ask_both(server))
        new99 = show(f"{STALLED} downloads, {STALLED} {name}", ping, new)
        print(
            f"  Flask's most {ping[-1]:.1f} ms (aim {AIM_PING_MS}); new p99 {new99 / idle:.2f} x idle (aim {AIM_RATIO})"
        )


if __name__ == "__main__":
    main()
