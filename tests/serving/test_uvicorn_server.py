"""`gateway serve` for real: what it answers over the wire, what it prints where, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from gateway.cli import serve as command
from tests.support.fault_clients import free_port
from tests.support.servers import (
    PATIENCE_SECONDS,
    ROOT,
    Answer,
    Server,
    accepts,
    ask,
    fail_to_serve,
    gateway_command,
    post,
    post_chunked,
    raw,
    request,
    serve,
    serve_command,
    serve_gateway,
    wait_until,
)

pytestmark = pytest.mark.process

BOTH = '[gateway]\nlegacy = "tests.support.gateway_apps:legacy"\nnew = "tests.support.gateway_apps:new"\n'


def write_map(directory: Path, text: str) -> Path:
    file = directory / "map.toml"
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two routes of the new side, everything else unlisted; Flask's sets of methods are shown in hash order."""
    routes = '[routes]\n"GET /who" = "new"\n"GET /state" = "new"\n"WS /live" = "new"\n'
    file = write_map(tmp_path_factory.mktemp("serving"), BOTH + routes)
    with serve_gateway(file, env={"PYTHONHASHSEED": "0"}) as server:
        yield server


@pytest.fixture(scope="module")
def gunicorn() -> Iterator[Server]:
    with serve("gunicorn", "tests.support.gateway_apps:legacy", env={"PYTHONHASHSEED": "0"}) as server:
        yield server


# --- unlisted means legacy ---

FORM = b"a=1&a=2&b=caf%C3%A9&c="
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nthe file\r\n--x--\r\n'


def sent_as(content_type: str, body: bytes) -> bytes:
    return request("/echo", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", method="POST", body=body)


UNLISTED = {
    "get": request("/echo?a=1&a=2&b=%FF&c=+%2B&d"),
    "headers and cookies": request("/echo", "Cookie: a=1; b=2", "X-Word: caf\xe9", "X-Word: 2"),
    "head": request("/echo", method="HEAD"),
    "options": request("/echo", method="OPTIONS"),
    "wrong method": request("/echo", method="DELETE"),
    "form": sent_as("application/x-www-form-urlencoded", FORM),
    "file": sent_as("multipart/form-data; boundary=x", MULTIPART),
    "json": sent_as("application/json", b'{"b": [1.0, null], "a": "\xc3\xa9"}'),
    "bad json": sent_as("application/json", b"{"),
    "empty body": post("/echo", b""),
    "chunked body": post_chunked("/echo", b"one", b"two"),
    "html": request("/items/"),
    "missing slash": request("/items?a=1"),
    "missing slash, head": request("/items", method="HEAD"),
    "missing slash, wrong method": request("/items", method="POST"),
    "slash too many": request("/echo/"),
    "doubled slashes": request("//items//"),
    "converter": request("/items/7"),
    "converter refuses": request("/items/-1"),
    "line feed in the path": request("/items/1%0A"),
    "no body": request("/items/7", method="DELETE"),
    "redirect": request("/redirect"),
    "unknown": request("/nothing/here?a=1"),
    "unknown, head": request("/nothing", method="HEAD"),
    "unknown, options": request("/nothing", method="OPTIONS"),
    "bytes in the path": request("/files/%FF%C3%A9%2Fa%20b//c;d+e"),
    "dots in the path": request("/files/../echo"),
    **{f"abort {code}": request(f"/status/{code}") for code in (400, 401, 403, 404, 409, 413, 418, 429, 503)},
    "failure": request("/fail"),
    "stream": request("/stream"),
    "stream, head": request("/stream", method="HEAD"),
    "two cookies": request("/cookies"),
    "a file": request("/source"),
    "a part of a file": request("/source", "Range: bytes=10-99"),
    "no part of a file": request("/source", "Range: bytes=999999-"),
    "a file, unchanged": request("/source", "If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT"),
    "a file, head": request("/source", method="HEAD"),
}
OTHER_HEADERS = {"date", "server"}
FRAMING = {"connection", "transfer-encoding"}


@pytest.mark.parametrize("sent", UNLISTED.values(), ids=UNLISTED.keys())
def test_unlisted_means_legacy_byte_for_byte(gateway: Server, gunicorn: Server, sent: bytes) -> None:
    assert comparable(ask(gateway, sent)) == comparable(ask(gunicorn, sent))


def comparable(answer: Answer) -> tuple[object, ...]:
    """The app's own headers in their order; those of the framing stand where each server likes."""
    own = [header for header in answer.headers if header[0] not in OTHER_HEADERS | FRAMING]
    framing = {header for header in answer.headers if header[0] in FRAMING}
    return (answer.status, own, framing, answer.body, answer.complete)


# --- what serves ---


def test_a_listed_route_is_new_on_the_same_port(gateway: Server) -> None:
    assert json.loads(ask(gateway, request("/who")).body)["side"] == "new"


def test_the_loop_is_uvloop(gateway: Server) -> None:
    assert json.loads(ask(gateway, request("/state")).body)["loop"] == "uvloop"


def test_a_websocket_reaches_the_new_side(gateway: Server) -> None:
    url = f"ws://{gateway.host}:{gateway.port}/live?a=1"
    with connect(url, subprotocols=[Subprotocol("chat")]) as live:
        live.send("hello")
        assert (live.subprotocol, live.recv(5)) == ("chat", "/live heard hello")
        with pytest.raises(ConnectionClosed) as closed:
            live.recv(5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001


def test_a_websocket_is_refused_where_there_is_no_new_side(tmp_path: Path) -> None:
    file = write_map(tmp_path, '[gateway]\nlegacy = "tests.support.gateway_apps:legacy"\n')
    with serve_gateway(file, "--no-access-log") as server:
        with pytest.raises(InvalidStatus, match="HTTP 403"), connect(f"ws://{server.host}:{server.port}/live"):
            pass
        ready = json.loads(ask(server, request("/_gateway/ready")).body)
        assert (ready["legacy"], ready["new"]) == ("up", "absent")
        assert ask(server, request("/items/")).status == 200
    assert "Traceback" not in server.log()
    assert "request_id" not in server.log()  # --no-access-log


def test_root_path_and_access_lines_on_stdout_alone(tmp_path: Path) -> None:
    file = write_map(tmp_path, f'{BOTH}[routes]\n"GET /who" = "new"\n')
    command = gateway_command(file, "--root-path", "/pre")
    with serve_command("sh", "-c", 'exec "$@" >access.jsonl', "sh", *command, cwd=tmp_path) as server:
        assert json.loads(ask(server, request("/who?token=1")).body)["side"] == "new"
        echoed = json.loads(ask(server, request("/echo", "X-Request-ID: r-7")).body)
        assert (echoed["root"], echoed["path"]) == ("http://a.test/pre/", "/echo")
    first, second = (
        json.loads(line) for line in (tmp_path / "access.jsonl").read_text().splitlines() if line[0] == "{"
    )
    assert (first["side"], first["path"], first["client"]) == ("new", "/who", "127.0.0.1")
    assert (second["side"], second["request_id"]) == ("legacy", "r-7")
    assert "r-7" not in server.log()


def test_a_worker_learns_by_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "path": str(write_map(tmp_path, BOTH)),
        "last_good": str(tmp_path / "last_good.toml"),
        "record": None,
        "field_bytes": 8190,
        "fields": 100,
    }
    followed = []
    for is_on in (True, False):
        text = json.dumps({**settings, "watch": is_on, "access_log": is_on})
        monkeypatch.setenv(command.SETTINGS_VARIABLE, text)
        gateway = command.app_of_environment()
        followed.append((len(gateway._services), len(gateway._observers)))
    assert followed == [(3, 1), (2, 0)]


# --- offers of another protocol ---

H2C = ("Connection: Upgrade, HTTP2-Settings, close", "Upgrade: h2c", "HTTP2-Settings: AAM")


@pytest.mark.parametrize(
    ("framing", "body"),
    [("Transfer-Encoding: chunked", b"0\r\n\r\n"), ("Content-Length: 0", b""), ("X-Length: none", b"")],
)
def test_an_upgrade_with_an_empty_body_is_answered_as_without(gateway: Server, framing: str, body: bytes) -> None:
    asked = [request("/echo", *offer, framing, method="POST", body=body) for offer in ((), H2C[1:])]
    plain, offered = (
        ask(gateway, one.replace(b"Connection: close", connection))
        for one, connection in zip(asked, (b"Connection: close", H2C[0].encode()), strict=True)
    )
    assert (offered.status, offered.body) == (plain.status, plain.body)
    assert plain.status == 200


@pytest.mark.parametrize(("framing", "body"), [("Content-Length: 4", b"body"), ("Transfer-Encoding: chunked", b"")])
def test_a_websocket_handshake_that_announces_a_body_is_answered_as_without(
    gateway: Server, framing: str, body: bytes
) -> None:
    offer = ("Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")
    sent = request("/live", *offer, framing, body=body).replace(b"Connection: close", b"Connection: Upgrade")
    with socket.create_connection((gateway.host, gateway.port), PATIENCE_SECONDS) as connection:
        connection.sendall(sent)
        assert connection.recv(65536).startswith(b"HTTP/1.1 101 ")


# --- how it ends ---


def test_a_worker_that_starts_while_the_map_is_bad_serves_by_the_last_good_one(tmp_path: Path) -> None:
    file = write_map(tmp_path, BOTH)
    (tmp_path / "next").mkdir()
    with serve_gateway(file, "--workers", "2") as server:
        server.wait_for_log("from now on one that ends is replaced")
        # Whole at once: a worker that reads a part of a text says twice what each is counted on to say once.
        write_map(tmp_path / "next", f'{BOTH}[routes]\n"GET /who" = "new"\n').replace(file)
        wait_until(lambda: server.log().count("is in force") >= 2)
        write_map(tmp_path / "next", "no map at all").replace(file)
        wait_until(lambda: server.log().count("map refused") >= 2)
        raw(server, request("/exit/3"))
        wait_until(lambda: server.log().count("map refused") >= 3)  # by the worker that is new
        sides = {json.loads(ask(server, request("/who")).body)["side"] for _ in range(20)}
        assert (sides, server.stop()) == ({"new"}, 0)


def test_outputs_that_nobody_reads_hold_nobody_up(tmp_path: Path) -> None:
    fifo = tmp_path / "outputs"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDWR)  # never read
    with fifo.open("w") as outputs:
        port = free_port()
        file = write_map(tmp_path, '[gateway]\nlegacy = "tests.support.gateway_apps:legacy"\n')  # the new side prints
        command = gateway_command(file, "--port", str(port))
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=outputs, stderr=outputs)
    try:
        server = SimpleNamespace(host="127.0.0.1", port=port)
        wait_until(lambda: accepts(server))  # type: ignore[arg-type]
        for _ in range(60):  # a failure is reported in some kilobytes, of which a pipe holds 64
            assert ask(server, request("/fail")).status == 500  # type: ignore[arg-type]
            assert ask(server, request("/who")).status == 200  # type: ignore[arg-type]
    finally:
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == -signal.SIGTERM
        os.close(reader)


def test_a_view_that_ends_its_process_ends_one_worker_which_is_replaced(tmp_path: Path) -> None:
    with serve_gateway(write_map(tmp_path, BOTH), "--workers", "2") as server:
        server.wait_for_log("from now on one that ends is replaced")
        for code in (3, 0):  # to uvicorn, 3 is a start that failed
            assert raw(server, request(f"/exit/{code}")) == b""
            server.wait_for_log(f"has ended with exit code {code}; another takes its place")
        wait_until(lambda: server.log().count("Application startup complete") >= 4)
        assert ask(server, request("/who")).status == 200
        assert server.stop() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_ends_it_in_peace(tmp_path: Path, workers: str) -> None:
    with serve_gateway(write_map(tmp_path, BOTH), "--workers", workers) as server:
        server.wait_for_log("the new side is up")
        os.kill(server.pid, signal.SIGINT)
        assert server.wait() == 0
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_legacy_factory_that_fails_ends_it_with_one_line(tmp_path: Path, workers: str) -> None:
    module = tmp_path / "failing.py"
    module.write_text("def create_app():\n    raise RuntimeError('no SECRET_KEY')\n")
    ended = fail_to_serve(write_map(tmp_path, '[gateway]\nlegacy = "failing:create_app"\n'), "--workers", workers)
    failure = f"RuntimeError: no SECRET_KEY ({module}:2)"
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f'error gateway.legacy: "failing:create_app" failed: {failure}\n'


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("[gateway]\nlegacy = tests\n", ["map.toml:2: not TOML: Invalid value at column 10; texts need quotes"]),
        (
            f'{BOTH}deflt = "new"\n[routes]\n"GTE /a" = "new"\n"GET /_gateway/x" = "new"\n',
            [
                'map.toml:4: gateway.deflt: unknown setting "deflt"; did you mean "default"?',
                'map.toml:6: routes."GTE /a": unknown method "GTE"; did you mean "GET"?',
                'map.toml:7: routes."GET /_gateway/x": "/_gateway" is the gateway\'s own prefix; choose another path',
            ],
        ),
        (
            '[gateway]\nlegacy = "tests.support.gateway_apps:legacy"\n[routes]\n"GET /a" = "new"\n',
            ['map.toml:4: routes."GET /a": "new" needs a new app; name one under [gateway]'],
        ),
    ],
)
def test_a_bad_map_starts_no_process(tmp_path: Path, text: str, errors: list[str]) -> None:
    ended = fail_to_serve(write_map(tmp_path, text), "--workers", "2")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [f"error {error}" for error in errors]


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    file = write_map(tmp_path, BOTH)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = fail_to_serve(file, "--port", str(port))
    ways = "stop what listens there, or give --host or --port another"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error 127.0.0.1:{port} cannot be listened on: Address already in use; {ways}\n"


@pytest.mark.parametrize("prefix", ["/é", "pre"])
def test_a_root_path_that_no_path_begins_with_is_refused(tmp_path: Path, prefix: str) -> None:
    done = fail_to_serve(write_map(tmp_path, BOTH), "--root-path", prefix)
    assert done.returncode == 2
    assert f'"{prefix}" is no prefix of a path; write it like "/shop"' in done.stderr


def test_a_root_path_may_end_with_a_slash(tmp_path: Path) -> None:
    with serve_gateway(write_map(tmp_path, BOTH), "--root-path", "/pre/") as server:
        assert ask(server, request("/_gateway/health")).status == 200


@pytest.mark.parametrize(
    ("apps", "said"),
    [
        ('legacy = "tests.support.gateway_apps:new"', "is an ASGI app; the Flask app belongs here"),
        (
            'legacy = "tests.support.gateway_apps:legacy"\nnew = "tests.support.gateway_apps:legacy"',
            "is a Flask app; the FastAPI app belongs here",
        ),
    ],
)
def test_an_app_of_the_wrong_kind_starts_nothing(tmp_path: Path, apps: str, said: str) -> None:
    done = fail_to_serve(write_map(tmp_path, f"[gateway]\n{apps}\n"))
    assert done.returncode == 2
    assert said in done.stderr
