"""Servers pinned to one CPU, clients to another, rounds interleaved: what every benchmark of requests shares."""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.support.fault_clients import free_port
from tests.support.servers import Server, serve_command

APPS = "tests.benchmarks.apps"
QUIET = ("sh", "-c", 'exec "$@" >/dev/null', "sh")
"""Where logs of requests go: the address that a server has chosen stands on stderr."""
GUNICORN = ("-m", "gunicorn", "-k", "gthread", "--threads", "8", "-b", "127.0.0.1:0")
UVICORN = ("-m", "uvicorn", "--port", "0")
GATEWAY = ("-m", "gateway", "--map", "tests/benchmarks/map.toml", "serve", "--port", "0")
NO_LOG = "--no-access-log"
SERVERS = {
    "gunicorn gthread": (*GUNICORN, f"{APPS}:legacy"),
    "FastAPI + a2wsgi": (*UVICORN, f"{APPS}:plain"),
    "gateway": GATEWAY,
    "FastAPI alone": (*UVICORN, f"{APPS}:new"),
    "no thread": ("-m", "tests.benchmarks.serve_gateway", "inline"),
    "uvicorn alone": (*UVICORN, NO_LOG, f"{APPS}:floor"),
    "granian WSGI": (
        *("-m", "granian", "--interface", "wsgi", "--blocking-threads", "8", "--no-ws"),
        *("--host", "127.0.0.1", "--port", str(free_port()), f"{APPS}:legacy"),
    ),
}
"""Each with its own defaults: uvicorn and the gateway write a line for each request, gunicorn none."""
SERVERS |= {f"{name}, no log": (*SERVERS[name], NO_LOG) for name in ("FastAPI + a2wsgi", "gateway", "FastAPI alone")}
UPLOAD = """
wrk.method = "POST"
wrk.body = string.rep("x", 1048576)
"""


MAX_IDLE_SECONDS = 3
"""Servers close what is idle for longer than five."""


@dataclass(frozen=True)
class Run:
    """What wrk saw."""

    requests: int
    rate: float
    """A second."""
    p50: float
    """ms."""


def require(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise SystemExit(f"missing: {', '.join(missing)}; apt-get install wrk util-linux")
    if find_spec("granian") is None:
        raise SystemExit("missing: granian; pip install 'migration-gateway[bench]'")


def command(*words: str) -> tuple[str, ...]:
    """Return a server's command with its stdout at /dev/null; granian says its address there."""
    return words if "granian" in words else (*QUIET, *words)


@contextmanager
def started(names: list[str]) -> Iterator[Mapping[str, Server]]:
    """The named servers, all on the first CPU."""
    require("wrk", "taskset")
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(serve_command(*command("taskset", "-c", "0", sys.executable, *SERVERS[name])))
            for name in names
        }


@contextmanager
def pressed(server: Server, path: str, *, connections: int, seconds: int) -> Iterator[subprocess.Popen[str]]:
    """wrk on the second CPU, for as long as the block takes and at most `seconds`."""
    with tempfile.TemporaryDirectory() as directory:
        script = []
        if path == "/upload":
            lua = Path(directory) / "upload.lua"
            lua.write_text(UPLOAD)
            script = ["-s", str(lua)]
        command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *script]
        process = subprocess.Popen([*command, f"{server.url}{path}"], stdout=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def measure(server: Server, path: str, *, connections: int, seconds: int) -> Run:
    """A run with errors is no measurement."""
    with pressed(server, path, connections=connections, seconds=seconds) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise SystemExit(f"{server.url}{path}\n{printed}")
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", printed)[0])
    number, unit = re.findall(r"50%\s+([\d.]+)(us|ms|s)", printed)[0]
    count = int(re.findall(r"(\d+) requests in", printed)[0])
    return Run(count, rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit])


async def open_loop(server: Server, path: str, *, rate: int, seconds: float) -> list[float]:
    """Latencies in ms, sorted, of requests sent at a fixed rate, whether or not the ones before are answered.

    Counted from when each was due, so that a stalled server cannot hide behind requests that were never sent.
    """
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []
    latencies: list[float] = []

    async def ask(due: float) -> None:
        now = time.perf_counter()
        while idle and now - idle[0][2] > MAX_IDLE_SECONDS:
            idle.pop(0)[1].close()
        reader, writer, _ = idle.pop() if idle else (*await asyncio.open_connection(server.host, server.port), now)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if length is None or b" 200 " not in head:
            raise SystemExit(head.decode())
        await reader.readexactly(int(length[1]))
        latencies.append((time.perf_counter() - due) * 1000)
        idle.append((reader, writer, time.perf_counter()))

    began = time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(ask(due)))
    await asyncio.gather(*tasks)
    for _, writer, _ in idle:
        writer.close()
    return sorted(latencies)


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the rounds' ratios: neighbours in time share the machine's mood."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
