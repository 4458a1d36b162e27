"""Bodies of every length reach their view whole or not at all; long ones while they come, in the streams' lane."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.config.map_file import parse_map
from tests.support.fault_clients import LEAVING, connect, connected, gauge, rest_of, serve_faulty, settle, state, tally
from tests.support.servers import PATIENCE_SECONDS, Server, ask, post, post_chunked, receive, request, wait_until

pytestmark = pytest.mark.process

MIB = 2**20
SPOOL = 2
BODY = b"".join(sha256(b"%d" % number).digest() for number in range(5 * MIB // 32))
LONG = "Content-Length: 50000000"
CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def server(temporary: Path) -> Iterator[Server]:
    with serve_faulty(limits={"spool_mib": SPOOL, "streams": 30}, temporary=temporary) as server:
        yield server


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def begun(path: str, framing: str, body: bytes) -> bytes:
    """A request that promises more than it sends."""
    return request(path, framing, method="POST", body=body if framing == LONG else chunk(body))


# A body without a length is live from where it passes the limit, one with a length from its start.
LIVE = [(LONG, b"a little"), (CHUNKED, BODY[: 4 * MIB])]
LENGTHS = [1, 65_536, MIB, MIB + 1, 3 * MIB // 2, SPOOL * MIB, SPOOL * MIB + 1, 3 * MIB + 5, len(BODY)]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("framing", ["plain", "chunks of 999", "chunks of a megabyte"])
def test_a_body_arrives_as_it_was_sent(server: Server, length: int, framing: str) -> None:
    body = BODY[:length]
    size = 999 if framing == "chunks of 999" else MIB
    pieces = [body[start : start + size] for start in range(0, length, size)]
    sent = post("/upload", body) if framing == "plain" else post_chunked("/upload", *pieces)
    assert json.loads(ask(server, sent).body) == {"length": length, "sha256": sha256(body).hexdigest()}
    settle(server)


def test_a_live_body_is_a_file(server: Server) -> None:
    lines = b"a line of twenty one\n" * 200_000
    assert json.loads(ask(server, post("/lines", lines)).body) == {"first": 21, "some": 5, "rest": 199_994, "end": 0}


@pytest.mark.parametrize("framed", [post, post_chunked])
def test_a_view_may_answer_while_it_reads(server: Server, framed: Callable[[str, bytes], bytes]) -> None:
    with connect(server) as client, ThreadPoolExecutor(1) as sender:
        sending = sender.submit(client.sendall, framed("/echo", BODY))
        received = rest_of(client)
        sending.result()
    wire = received.partition(b"\r\n\r\n")[2]
    body = b""
    while wire:
        size, _, wire = wire.partition(b"\r\n")
        body, wire = body + wire[: int(size, 16)], wire[int(size, 16) + 2 :]
    assert body == BODY
    settle(server)


@pytest.mark.parametrize(("framing", "first"), LIVE)
def test_a_refusal_reaches_a_client_that_is_still_sending(server: Server, framing: str, first: bytes) -> None:
    with connect(server, begun("/too_large", framing, first)) as client:
        client.settimeout(PATIENCE_SECONDS)
        assert client.recv(10_000).startswith(b"HTTP/1.1 413 ")
    settle(server)


def test_a_refused_body_is_not_even_asked_for(server: Server) -> None:
    asked = request("/too_large", LONG, "Expect: 100-continue", method="POST")
    with connect(server, asked) as client:
        assert rest_of(client).startswith(b"HTTP/1.1 413 ")
    asked = request("/upload", LONG, "Expect: 100-continue", method="POST")
    with connect(server, asked) as client:
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    settle(server)


@pytest.mark.parametrize("leave", LEAVING)
@pytest.mark.parametrize(("framing", "first"), LIVE)
def test_a_cut_body_is_an_error_for_its_view(
    server: Server, leave: Callable[[socket.socket], None], framing: str, first: bytes
) -> None:
    before = state(server)["tally"]
    with connect(server, begun("/upload", framing, first)) as client:
        wait_until(lambda: tally(server, "uploads") == before["uploads"] + 1)
        leave(client)
        settle(server)
    assert tally(server, "whole") == before["whole"]
    server.wait_for_log("ClientGoneError: the request body ends before its end")


@pytest.mark.parametrize("leave", LEAVING)
@pytest.mark.parametrize("kind", ["fast", "big"])
@pytest.mark.parametrize("body", [b"a little", BODY])
def test_a_client_that_leaves_ends_the_stream_of_a_view_that_never_reads(
    server: Server, leave: Callable[[socket.socket], None], kind: str, body: bytes
) -> None:
    opened = tally(server, "opened")
    with connect(server, request(f"/stream/{kind}", LONG, method="POST", body=b"")) as client:
        client.setblocking(False)
        with suppress(BlockingIOError):
            client.sendall(body)
        wait_until(lambda: tally(server, "opened") == opened + 1)
        client.settimeout(PATIENCE_SECONDS)
        until = time.monotonic() + 0.3  # by then the bridge has looked for the client, and has found more of its body
        while time.monotonic() < until:
            assert client.recv(1_000_000)
        leave(client)
        settle(server)


@pytest.mark.parametrize("fault", ["send=fails", "cancelled"])
@pytest.mark.parametrize("framing", [LONG, CHUNKED])
def test_a_failing_send_and_a_cancelled_request_free_a_view_that_reads(
    server: Server, fault: str, framing: str
) -> None:
    with connected(server, 5, b"") as clients:
        for client in clients:
            with suppress(ConnectionError):  # the server may hang up before the last byte
                client.sendall(begun(f"/echo?{fault}", framing, BODY))
            deadline, received = time.monotonic() + PATIENCE_SECONDS, b""
            while piece := receive(client, deadline, received[-100:]):
                received += piece
            assert not received.endswith(b"0\r\n\r\n")
        settle(server)


def kept(pid: int, temporary: Path) -> int:
    """Bytes in temporary files, which have no name."""
    total = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            total += link.stat().st_size if str(temporary) in str(link.readlink()) else 0
    return total


def test_stalled_uploads_hold_the_streams_lane_alone_and_little_disk(server: Server, temporary: Path) -> None:
    pid = state(server)["pid"]
    with connected(server, 15, begun("/upload", CHUNKED, BODY)), connected(server, 15, begun("/upload", *LIVE[0])):
        wait_until(lambda: gauge(server, "streams") == 30)
        assert gauge(server, "busy") == 0
        assert SPOOL * MIB < kept(pid, temporary) / 15 < (SPOOL + 2) * MIB
        assert ask(server, request("/ping")).body == b"pong"
        refused = ask(server, begun("/upload", *LIVE[0]))
        assert (refused.status, dict(refused.headers)["retry-after"]) == (503, "1")
    settle(server)
    assert kept(pid, temporary) == 0


def test_bodies_have_a_disk_in_common_and_read_on_without_it(tmp_path: Path) -> None:
    limits = {"spool_mib": 8, "spool_total_mib": 10, "streams": 30}
    with serve_faulty(limits=limits, temporary=tmp_path) as server:
        pid = state(server)["pid"]
        with connected(server, 20, begun("/upload", CHUNKED, b"x" * 3 * MIB)):
            # Who finds no room is handed on with what has come; the others wait for the rest of their body.
            wait_until(lambda: gauge(server, "streams") >= 15)
            assert (
                10 * MIB < gauge(server, "spooled_bytes") <= kept(pid, tmp_path) < (10 + 20 * 1.25) * MIB
            )  # a megabyte and a read each
            assert ask(server, begun("/upload", "Content-Length: 2000000", b"x" * 2_000_000)).status == 200
        settle(server)
        assert gauge(server, "spooled_bytes") == kept(pid, tmp_path) == 0


@pytest.mark.parametrize("framed", [post, post_chunked])
def test_a_disk_that_takes_no_more_is_read_on_without(tmp_path: Path, framed: Callable[[str, bytes], bytes]) -> None:
    (tmp_path / "temporary").mkdir()
    bodies = [BODY[:length] for length in (MIB, MIB + 1, 3 * MIB // 2 + 9, 3 * MIB)]
    whole = [{"length": len(body), "sha256": sha256(body).hexdigest()} for body in bodies]
    with serve_faulty(limits={"spool_mib": 8}, temporary=tmp_path / "temporary") as server:
        for size in (3 * MIB // 2, 0):  # full in the midst, full from the start
            resource.prlimit(state(server)["pid"], resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            assert [json.loads(ask(server, framed("/upload", body)).body) for body in bodies] == whole
        (tmp_path / "temporary").rmdir()
        assert [json.loads(ask(server, framed("/upload", body)).body) for body in bodies] == whole
        settle(server)
        assert gauge(server, "spooled_bytes") == 0
        assert "cannot be kept on the temporary disk: File too large" in server.log()
        assert "cannot be kept on the temporary disk: No such file or directory" in server.log()
        assert "Traceback" not in server.log()


@pytest.mark.parametrize("value", ['"64 MiB"', "0", "-1", "1.5", "true"])
def test_a_limit_that_is_none_is_refused(value: str) -> None:
    (fault,) = parse_map(f"[gateway]\nlegacy = 'a:b'\n[bridge]\nspool_mib = {value}\n", "m.toml").faults
    assert str(fault) == f"m.toml:4: bridge.spool_mib: {value} is no limit; write a whole number above 0"
