"""A server that is told to end finishes what has begun, cuts what has no end, and waits for nothing that is stuck."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.fault_clients import connect, connected, gauge, rest_of, serve_faulty, tally
from tests.support.faulty_app import blocks
from tests.support.servers import PATIENCE_SECONDS, Server, raw, request, serve_gateway, wait_until

pytestmark = pytest.mark.process

GRACE = ("--timeout-graceful-shutdown", "1")
NO_HURRY = ("--timeout-graceful-shutdown", "600")


def told_to_end(server: Server) -> None:
    os.kill(server.pid, signal.SIGTERM)
    server.wait_for_log("Shutting down")


def test_what_has_begun_or_waits_is_finished(tmp_path: Path) -> None:
    told = tmp_path / "told"
    with serve_faulty(*NO_HURRY, limits={"workers": 1, "wait_seconds": 600}) as server:
        half = request("/upload", "Content-Length: 8", method="POST", body=b"half")
        with connect(server, request("/download/3/2000")) as reading, connect(server, half) as uploading:
            wait_until(lambda: gauge(server, "streams") == 1)
            with connect(server, request(f"/until{told}")) as running, connect(server, request("/ping")) as waiting:
                wait_until(lambda: gauge(server, "queued") == 1)
                told_to_end(server)
                uploading.sendall(b"half")
                told.touch()
                assert rest_of(running).endswith(b"late but whole")
                assert rest_of(waiting).endswith(b"pong")
                assert b'"length":8' in rest_of(uploading)
                assert rest_of(reading).endswith(b"".join(blocks(3, 2000)))
        server.wait()


def test_endless_streams_are_cut_at_the_grace_limit() -> None:
    with (
        serve_faulty(*GRACE) as server,
        connected(server, 3, request("/stream/slow")) as read,
        connected(server, 3, request("/stream/big")) as unread,
        connected(server, 3, request("/stream/fast")),
    ):
        wait_until(lambda: tally(server, "opened") == 9)
        began = time.monotonic()
        told_to_end(server)
        assert not any(rest_of(client).endswith(b"0\r\n\r\n") for client in (*read, *unread))
        assert time.monotonic() - began > 0.9
        server.wait()
        assert server.log().count("a stream has ended") == 9


@pytest.mark.parametrize(
    ("how", "left", "order"),
    [
        ("waiting", False, signal.SIGTERM),
        ("waiting", True, signal.SIGINT),
        ("spinning", False, signal.SIGINT),
        ("spinning", True, signal.SIGTERM),
    ],
)
def test_stuck_views_keep_no_server_alive(how: str, left: bool, order: signal.Signals) -> None:
    """Nothing can end a thread; one whose client has left is not even given the grace."""
    with (
        serve_faulty(*(NO_HURRY if left else GRACE)) as server,
        connected(server, 3, request(f"/stuck/{how}")) as clients,
    ):
        wait_until(lambda: tally(server, "held") == 3)
        for client in clients if left else ():
            client.close()
        wait_until(lambda: gauge(server, "abandoned") == (3 if left else 0))
        os.kill(server.pid, order)
        server.wait()


# --- a restart under load ---

MAP = """
[gateway]
legacy = "slow_start:legacy"
"""
SLOW_START = """
import time
from pathlib import Path
from tests.support.faulty_app import legacy

if Path("are_up").exists():
    time.sleep(6)
"""
"""The third worker and those after it take longer than uvicorn would wait for one."""


class Load:
    """Clients that ask for /ping without a pause, and count what was not answered."""

    def __init__(self, server: Server) -> None:
        self.answered = 0
        self.lost: list[str] = []
        self.enough = threading.Event()
        self._server = server

    @contextmanager
    def of(self, count: int, *clients: Callable[[], None]) -> Iterator[None]:
        """So many of each kind, for as long as the block runs."""
        with ThreadPoolExecutor(count * len(clients)) as threads:
            running = [threads.submit(client) for client in clients * count]
            try:
                yield
            finally:
                self.enough.set()
        for client in running:
            client.result()

    def fresh(self) -> None:
        """A connection for each request."""
        while not self.enough.is_set():
            self._count(lambda: raw(self._server, request("/ping"))[-4:])

    def kept(self) -> None:
        """One connection until the server says that it closes it."""
        connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=PATIENCE_SECONDS)
        while not self.enough.is_set():
            self._count(lambda: self._ask(connection))
        connection.close()

    @staticmethod
    def _ask(connection: http.client.HTTPConnection) -> bytes:
        connection.request("GET", "/ping")
        with connection.getresponse() as response:
            return response.read()

    def _count(self, call: Callable[[], bytes]) -> None:
        try:
            answer = call()
        except (OSError, http.client.HTTPException) as error:
            self.lost.append(repr(error))
        else:
            if answer == b"pong":
                self.answered += 1
            else:
                self.lost.append(repr(answer))


def restart_by_supervisor(server: Server) -> None:
    """The supervisor starts a worker for each before it ends the old one."""
    ended = server.log().count("Finished server process")
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: server.log().count("Finished server process") == ended + 2)


@pytest.mark.long
def test_a_rolling_restart_loses_no_request(tmp_path: Path) -> None:
    map_file = tmp_path / "migration_map.toml"
    map_file.write_text(MAP)
    (tmp_path / "slow_start.py").write_text(SLOW_START)
    with serve_gateway(map_file, "--workers", "2", "--no-access-log", "--no-watch") as server:
        wait_until(lambda: server.log().count("startup complete") == 2)
        (tmp_path / "are_up").touch()
        load = Load(server)
        with load.of(4, load.fresh, load.kept):
            restart_by_supervisor(server)
            before = load.answered
            wait_until(lambda: load.answered > before + 100)
    assert load.lost == []


def test_a_restart_that_waits_for_its_worker_can_be_ended(tmp_path: Path) -> None:
    map_file = tmp_path / "migration_map.toml"
    map_file.write_text(MAP)
    (tmp_path / "slow_start.py").write_text(SLOW_START.replace("6", "600"))
    with serve_gateway(map_file, "--workers", "2", "--no-access-log", "--no-watch") as server:
        wait_until(lambda: server.log().count("startup complete") == 2)
        (tmp_path / "are_up").touch()
        os.kill(server.pid, signal.SIGHUP)
        server.wait_for_log("restarting processes")
        os.kill(server.pid, signal.SIGTERM)
        server.wait()
        assert "Received SIGTERM" in server.log()
