"""Clients that stall, cut and leave, and what a server that serves `tests.support.faulty_app` then says of itself.

`FAULT_SERVER=granian python -m pytest tests/bridge/test_faults.py` runs the same under granian.
"""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.support.servers import (
    COMMANDS,
    HOST,
    PATIENCE_SECONDS,
    ROOT,
    Server,
    accepts,
    ask,
    request,
    wait_until,
)

KIND = os.environ.get("FAULT_SERVER", "uvicorn")
UVICORN = (*COMMANDS["uvicorn"], "--loop", "uvloop", "--no-access-log")
GRANIAN = ("granian", "--interface", "asgi", "--no-ws", "--workers-kill-timeout", "2", "--host", HOST)


@contextmanager
def serve_faulty(
    *arguments: str, limits: dict[str, float] | None = None, temporary: Path | None = None
) -> Iterator[Server]:
    """The faulty app on its own; worker threads without work end at once, so that what is left was leaked."""
    env = {"LIMITS": json.dumps(limits or {}), "IDLE_THREAD_SECONDS": "0.3"}
    if temporary is not None:
        env["TMPDIR"] = str(temporary)
    command = UVICORN if KIND == "uvicorn" else (*GRANIAN, "--port", str(free_port()))
    server = Server((sys.executable, "-m", *command, *arguments, "tests.support.faulty_app:app"), env, ROOT)
    try:
        server.port = int(server.wait_for_log(rf"http://{re.escape(HOST)}:([1-9]\d*)")[1])
        wait_until(lambda: accepts(server))  # granian prints the address before it listens
        ask(server, request("/ping"))
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """For a server that cannot choose one itself."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


# --- what the server says ---


def state(server: Server, order: str = "state") -> dict[str, Any]:
    """What is held now; `order` "open" lets go the views that wait, "shut" holds the next ones."""
    told: dict[str, Any] = json.loads(ask(server, request(f"/control/{order}")).body)
    return told


def tally(server: Server, name: str) -> int:
    return int(state(server)["tally"][name])


def gauge(server: Server, name: str) -> int:
    return int(state(server)["gauges"][name])


def is_quiet(server: Server) -> bool:
    """Nothing runs or waits, and whatever began has been torn down and closed, once."""
    now = state(server)
    gauges, counts = now["gauges"], now["tally"]
    held = gauges["busy"] or gauges["streams"] or gauges["queued"] or gauges["abandoned"]
    pairs = (
        (counts["begun"], counts["torn_down"]),
        (counts["begun"], counts["closed"]),
        (counts["opened"], counts["ended"]),
    )
    return not held and all(one == other for one, other in pairs)


def settle(server: Server) -> None:
    """Wait until the server is quiet again; it answers then."""
    wait_until(lambda: is_quiet(server))
    assert ask(server, request("/ping")).body == b"pong"


# --- clients ---


def connect(server: Server, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection((server.host, server.port), PATIENCE_SECONDS)
    connection.sendall(sent)
    return connection


def close(connection: socket.socket) -> None:
    """Leave as a client does that is through."""
    connection.close()


def reset(connection: socket.socket) -> None:
    """Leave as a client does that has died."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


LEAVING: tuple[Callable[[socket.socket], None], ...] = (close, reset)


@contextmanager
def connected(server: Server, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """As many clients, each with the same request, connected for as long as the block runs."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(server, sent)) for _ in range(count)]


def rest_of(connection: socket.socket) -> bytes:
    """All bytes until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))
