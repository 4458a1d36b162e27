"""Where the server listens: what it takes in place, and the one line for what it cannot listen on."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.errors import GatewayError
from gateway.serving.listening import check_address, inherited_socket, unix_socket
from tests.support.fault_clients import free_port
from tests.support.servers import PATIENCE_SECONDS, ROOT, request, wait_until

pytestmark = pytest.mark.process

# --- addresses ---


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("no.such.host.invalid", 8000, ""),
        ("192.0.2.1", 8000, "Cannot assign requested address"),
        ("a" * 70, 8000, ""),
    ],
)
def test_an_address_that_is_not_here_is_told(host: str, port: int, reason: str) -> None:
    with pytest.raises(GatewayError) as refused:
        check_address(host, port)
    assert str(refused.value).startswith(f"{host}:{port} cannot be listened on: {reason}")
    assert str(refused.value).endswith("; stop what listens there, or give --host or --port another")


# --- Unix sockets ---


def test_a_unix_socket_is_for_every_user_and_takes_the_place_of_one_that_was_left(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sock"
    for _ in range(2):  # the second finds what the first has left
        unix_socket(path).close()
        assert stat.S_IMODE(path.stat().st_mode) == 0o666


def test_a_unix_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sock"
    with unix_socket(path) as first:
        first.listen()
        with pytest.raises(GatewayError, match="somebody listens there; give another path"):
            unix_socket(path)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("file", "it is no socket"),
        ("directory", "it is no socket"),
        ("missing/gateway.sock", "No such file or directory"),
        ("file/gateway.sock", "Not a directory"),
        ("x" * 120, "AF_UNIX path too long"),
        ("loop", "Address already in use"),
    ],
)
def test_a_path_that_can_be_no_socket_is_told(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "directory").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(GatewayError) as refused:
        unix_socket(tmp_path / name)
    assert str(refused.value) == f"--uds {tmp_path / name} cannot be listened on: {reason}; give another path"
    assert (tmp_path / "file").read_text() == "kept"


# --- sockets that the parent has opened ---


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_an_inherited_socket_is_of_its_own_family(family: socket.AddressFamily) -> None:
    with socket.socket(family) as opened, inherited_socket(opened.fileno()) as inherited:
        assert (inherited.family, inherited.type) == (family, socket.SOCK_STREAM)


def test_a_number_that_is_no_stream_socket_is_told(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        for number, reason in (
            (file.fileno(), "Socket operation on non-socket"),
            (datagrams.fileno(), "it is no stream socket"),
            (987_654, "Bad file descriptor"),
        ):
            with pytest.raises(GatewayError, match=f"--fd {number} cannot be listened on: {reason}"):
                inherited_socket(number)


# --- served over each ---

MAP = '[gateway]\nlegacy = "tests.support.gateway_apps:legacy"\nnew = "tests.support.gateway_apps:new"\n'


@contextmanager
def serving(
    directory: Path, *arguments: str, descriptors: tuple[int, ...] = (), **env: str
) -> Iterator[subprocess.Popen[str]]:
    """`gateway serve` with nothing but these options, and with these descriptors open."""
    (directory / "map.toml").write_text(MAP)
    command = (sys.executable, "-m", "gateway", "--map", "map.toml", "serve", "--graceful-timeout", "2", *arguments)
    with subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        stderr=subprocess.PIPE,
        pass_fds=descriptors,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def answer_over(client: socket.socket, address: str | tuple[str, int]) -> bytes:
    """The answer to a request for /who, once somebody listens."""

    def is_connected() -> bool:
        try:
            client.connect(address)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        return True

    wait_until(is_connected)
    client.settimeout(PATIENCE_SECONDS)
    client.sendall(request("/echo"))
    answer = b""
    while piece := client.recv(65536):
        answer += piece
    return answer


def test_several_workers_serve_over_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sock"
    with (
        serving(tmp_path, "--uds", str(path), "--workers", "2", "--forwarded-allow-ips", "*"),
        socket.socket(socket.AF_UNIX) as client,
    ):
        assert answer_over(client, str(path)).startswith(b"HTTP/1.1 200 ")


def test_one_worker_serves_over_an_inherited_socket(tmp_path: Path) -> None:
    with socket.socket() as opened, socket.socket() as client:
        opened.bind(("127.0.0.1", 0))
        number = opened.fileno()
        with serving(tmp_path, "--fd", str(number), descriptors=(number,)):
            assert answer_over(client, opened.getsockname()).startswith(b"HTTP/1.1 200 ")


def test_the_environment_names_the_port_and_how_many_workers_serve(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, PORT=str(port), WEB_CONCURRENCY="2") as process, socket.socket() as client:
        assert answer_over(client, ("127.0.0.1", port)).startswith(b"HTTP/1.1 200 ")
        process.terminate()
        assert process.stderr is not None
        assert "Started parent process" in process.stderr.read()
