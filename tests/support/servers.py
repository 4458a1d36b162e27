"""Real servers for tests, each on a port that it chooses itself, ended by its own pid, its log shown when it fails."""

from __future__ import annotations

import http.client
import io
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
PATIENCE_SECONDS = 60.0
"""How long a test waits for what has to come, on however slow a machine; nothing is said of how fast it is."""

COMMANDS = {
    "uvicorn": ("uvicorn", "--http", "httptools", "--port", "0", "--timeout-graceful-shutdown", "2"),
    # --preload: an app that cannot be imported ends gunicorn before it listens.
    "gunicorn": (
        "gunicorn",
        "-k",
        "gthread",
        "--threads",
        "8",
        "--preload",
        "-b",
        f"{HOST}:0",
        "--graceful-timeout",
        "2",
    ),
}


class Server:
    """A server that has been started; its log is everything it has printed, errors too."""

    host = HOST
    port = 0

    def __init__(self, command: tuple[str, ...], env: Mapping[str, str], cwd: Path) -> None:
        self._command = " ".join(command)
        self._lines: list[str] = []
        self._printed = threading.Condition()
        self._ended = False
        self._child = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **env},
            cwd=cwd,
            stdin=subprocess.DEVNULL,  # a terminal has ways of its own with signals
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._child.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def log(self) -> str:
        return "".join(self._lines)

    def wait_for_log(self, pattern: str, *, seconds: float = PATIENCE_SECONDS) -> re.Match[str]:
        """The first place in the whole log, past or to come, that the pattern finds."""

        def found() -> re.Match[str] | None:
            return re.search(pattern, self.log())

        with self._printed:
            self._printed.wait_for(lambda: found() or self._ended, seconds)
        match = found()
        assert match, f"{pattern!r} is not in the log of {self._command}:\n{self.log()}"
        return match

    def stop(self) -> int:
        """Ends the server as its operator would, and gives its exit code."""
        self._child.terminate()
        try:
            code = self._child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        self._reader.join()
        return code

    def wait(self, *, seconds: float = PATIENCE_SECONDS) -> int:
        """The exit code of a server that ends by itself."""
        return self._child.wait(seconds)

    def _read(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as lines:
            for line in lines:
                with self._printed:
                    self._lines.append(line)
                    self._printed.notify_all()
        with self._printed:
            self._ended = True
            self._printed.notify_all()


@contextmanager
def serve(
    kind: str, app: str, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Iterator[Server]:
    """An app by its import string under `kind` "uvicorn" or "gunicorn"; further arguments are the server's own."""
    with serve_command(sys.executable, "-m", *COMMANDS[kind], *arguments, app, env=env, cwd=cwd) as server:
        yield server


@contextmanager
def serve_command(
    *command: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT, seconds: float = PATIENCE_SECONDS
) -> Iterator[Server]:
    """Any command that listens on 127.0.0.1 and prints the URL; it is up when the port that it printed accepts."""
    server = Server(command, env or {}, cwd)
    try:
        server.port = int(server.wait_for_log(rf"http://{re.escape(HOST)}:([1-9]\d*)", seconds=seconds)[1])
        wait_until(lambda: accepts(server))  # granian prints the address before it listens
        yield server
    finally:
        server.stop()


def wait_until(condition: Callable[[], object], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Ask again and again, until it holds or the time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        threading.Event().wait(0.01)


@dataclass(frozen=True)
class Answer:
    """A response as it came over the wire; the names of its headers in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    complete: bool
    """False when the connection ended before the body did."""


def request(target: str, *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    """The bytes of a request that closes its connection; a body needs its header too, as in `post`."""
    head = [f"{method} {target} HTTP/1.1", "Host: a.test", "Connection: close", *headers]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def post(target: str, body: bytes) -> bytes:
    return request(target, f"Content-Length: {len(body)}", method="POST", body=body)


def post_chunked(target: str, *chunks: bytes) -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return request(target, "Transfer-Encoding: chunked", method="POST", body=framed)


def raw(server: Server, request: bytes, *, seconds: float = PATIENCE_SECONDS) -> bytes:
    """The bytes that the server sends until it closes the connection; `Connection: close` is for the request to say."""
    deadline = time.monotonic() + seconds
    received = b""
    with socket.create_connection((server.host, server.port), seconds) as connection:
        connection.sendall(request)
        while piece := receive(connection, deadline, received):
            received += piece
    return received


def receive(connection: socket.socket, deadline: float, received: bytes) -> bytes:
    """The next bytes; none at the end, also when the server ends by a reset."""
    connection.settimeout(max(deadline - time.monotonic(), 0.001))
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""
    except TimeoutError as error:
        raise TimeoutError(f"the answer has no end; so far {received!r}") from error


def ask(server: Server, request: bytes, *, seconds: float = PATIENCE_SECONDS) -> Answer:
    """One raw request and its answer, parsed."""
    method = request.split(b" ", 1)[0].decode("ascii")
    response = http.client.HTTPResponse(Wire(raw(server, request, seconds=seconds)), method=method)  # type: ignore[arg-type]
    response.begin()
    try:
        body, complete = response.read(), True
    except http.client.IncompleteRead as error:
        body, complete = error.partial, False
    headers = tuple((name.lower(), value) for name, value in response.getheaders())
    return Answer(response.status, headers, body, complete)


class Wire:
    """Received bytes where http.client looks for a socket."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._received)


# --- `gateway serve` ---


def gateway_command(map_file: Path, *arguments: str) -> tuple[str, ...]:
    serve = ("serve", "--port", "0", "--graceful-timeout", "2")
    return (sys.executable, "-m", "gateway", "--map", map_file.name, *serve, *arguments)


@contextmanager
def serve_gateway(map_file: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`gateway serve` in the directory of its map; of several workers, which listen late, one is up."""
    server = Server(gateway_command(map_file, *arguments), env or {}, map_file.parent)
    try:
        server.port = int(server.wait_for_log(rf"http://{re.escape(HOST)}:([1-9]\d*)")[1])
        server.wait_for_log("Application startup complete")
        wait_until(lambda: accepts(server))
        yield server
    finally:
        server.stop()


def accepts(server: Server) -> bool:
    try:
        socket.create_connection((server.host, server.port), PATIENCE_SECONDS).close()
    except ConnectionRefusedError:
        return False
    return True


def fail_to_serve(map_file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`gateway serve` on a map that it should refuse: exit code, stdout, stderr."""
    return subprocess.run(
        gateway_command(map_file, *arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=map_file.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
