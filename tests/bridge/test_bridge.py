"""The bridge under uvicorn answers as gunicorn does for the same WSGI app; where it does not, a test says why."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment

import pytest
from starlette.types import Message

from gateway import Gateway
from gateway.bridge import WSGIBridge
from gateway.bridge.environ import build_environ
from gateway.bridge.scheduler import TICK_SECONDS
from gateway.config.bridge_limits import BridgeLimits
from tests.support.apps import APPS, Endless, Gated, colour, show_colour
from tests.support.gateway_apps import flask_side, reply_to, scope_of
from tests.support.servers import PATIENCE_SECONDS, Answer, Server, ask, post, post_chunked, request, serve


@pytest.fixture(scope="module")
def bridged() -> Iterator[Server]:
    with serve("uvicorn", "tests.support.apps:bridged") as server:
        yield server


@pytest.fixture(scope="module")
def gunicorn() -> Iterator[Server]:
    with serve("gunicorn", "tests.support.apps:probes") as server:
        yield server


# --- over the wire, beside gunicorn ---


def calls(*wanted: list[Any]) -> str:
    return "/call_input?" + quote(json.dumps(wanted))


LINES = b"one\ntwo\n\nlast"

SAME = {
    "environ": request("/show_environ"),
    "environ of a post": request(
        "/show_environ", "Content-Type: a/b", "Content-Length: 2", "X-One: \xe9 ", "X-One: 2", method="POST", body=b"ab"
    ),
    "environ, underscores": request("/show_environ", "X_One: 1", "X-One: 2", "Content_Type: a", "Content_Length: 1"),
    "environ, bytes in the path": request("/show_environ/%FF%C3%A9%2F%00//x/..;y?a=%FF&b=c?d"),
    "chunked body": post_chunked(calls(["read"]), b"one\n", b"two"),
    "chunked body, Flask": post_chunked("/flask/echo", b"one\n", b"two"),
    "plain body, Flask": post("/flask/echo", LINES),
    "empty body": post(calls(["read"], ["readline"], ["readlines"]), b""),
    "readline(n) first": post(calls(["readline", 100], ["readline", 2], ["read", 0], ["read", None]), LINES),
    "readlines": post(calls(["readlines"]), LINES),
    "iteration": post("/iterate_input", LINES),
    "two starts": request("/two_starts"),
    "start replaced too late": request("/late_start"),
    "status without a reason": request("/bare_status"),
    "status that is none": request("/status_out_of_range"),
    "start in a generator": request("/start_in_generator"),
    "write": request("/write_and_return"),
    "write of nothing sends the headers": request("/write_nothing_and_fail"),
    "failure at once": request("/fail_at_once"),
    "failure before the first chunk": request("/fail_before_first_chunk"),
    "failure after two chunks": request("/fail_after_two_chunks"),
    "failure in close": request("/Closing?fail"),
    "headers of the server": request("/servers_headers"),
    "header injection": request("/header_injection"),
    "file wrapper": request("/wrap_file"),
}

# The port is another; `RAW_URI` goes by both of its names; `multiprocess` is not known to an ASGI app.
OTHER_ENVIRON = {"SERVER_PORT", "REMOTE_PORT", "SERVER_SOFTWARE", "REQUEST_URI", "wsgi.multiprocess"}
OTHER_HEADERS = {"date", "server", "transfer-encoding"}


def comparable(answer: Answer) -> tuple[Any, ...]:
    """What both servers have to answer alike; a 500 is the server's own page."""
    if answer.status == 500:
        return (500,)
    body: Any = answer.body
    if ("content-type", "application/json") in answer.headers and b"REQUEST_METHOD" in body:
        body = {key: value for key, value in json.loads(body).items() if key not in OTHER_ENVIRON}
    headers = sorted(header for header in answer.headers if header[0] not in OTHER_HEADERS)
    return (answer.status, headers, body, answer.complete)


@pytest.mark.process
@pytest.mark.parametrize("sent", SAME.values(), ids=SAME.keys())
def test_answers_as_gunicorn(bridged: Server, gunicorn: Server, sent: bytes) -> None:
    assert comparable(ask(bridged, sent)) == comparable(ask(gunicorn, sent))


@pytest.mark.process
def test_raw_uri_is_the_target_as_it_was_sent(bridged: Server) -> None:
    environ = json.loads(ask(bridged, request("/show_environ/%41?q=%42")).body)
    assert environ["RAW_URI"] == environ["REQUEST_URI"] == "/show_environ/%41?q=%42"


@pytest.mark.process
def test_date_and_server_stand_once(bridged: Server) -> None:
    names = [name for name, _ in ask(bridged, request("/servers_headers")).headers]
    assert (names.count("date"), names.count("server"), names.count("set-cookie")) == (1, 1, 2)


@pytest.mark.process
def test_two_cookie_lines_are_two_cookies(bridged: Server) -> None:
    """Better than gunicorn, which joins them by a comma and so corrupts the first."""
    answer = ask(bridged, request("/flask/cookies", "Cookie: a=1", "Cookie: b=2"))
    assert json.loads(answer.body) == {"a": "1", "b": "2"}


@pytest.mark.process
def test_a_replaced_start_replaces_the_headers_too(bridged: Server) -> None:
    """Better than gunicorn, which adds the second headers to the first."""
    answer = ask(bridged, request("/replaced_start"))
    names = {name for name, _ in answer.headers}
    assert (answer.status, answer.body, names & {"x-first", "x-second"}) == (404, b"the second answer", {"x-second"})


@pytest.mark.process
def test_a_failure_after_an_empty_chunk_is_a_500(bridged: Server) -> None:
    """Better than gunicorn, which sends the headers with the empty chunk."""
    assert ask(bridged, request("/fail_after_empty_chunk")).status == 500


@pytest.mark.process
def test_stop_iteration_of_an_app_is_a_500(bridged: Server) -> None:
    """Better than gunicorn, which closes the connection without an answer."""
    assert ask(bridged, request("/stop_iteration")).status == 500
    bridged.wait_for_log("RuntimeError: the WSGI app raised StopIteration")


@pytest.mark.process
@pytest.mark.parametrize(
    ("target", "status", "body", "complete", "logged"),
    [
        ("/fail_at_once", 500, b"Internal Server Error", True, "ValueError: failed at once"),
        ("/fail_before_first_chunk", 500, b"Internal Server Error", True, "ValueError: failed before the first chunk"),
        ("/fail_after_two_chunks", 200, b"one two", False, "ValueError: failed after two chunks"),
        ("/late_start", 200, b"sent", False, "LookupError: too late to replace"),
        ("/two_starts", 500, b"Internal Server Error", True, "AssertionError: start_response was called twice"),
        # gunicorn answers `HTTP/1.1 None` to these two
        ("/no_start", 500, b"Internal Server Error", True, "AssertionError: .* without a call of start_response"),
        (
            "/no_start_no_body",
            500,
            b"Internal Server Error",
            True,
            "AssertionError: .* without a call of start_response",
        ),
        ("/Closing?fail", 200, b"body", True, "ValueError: failed in close"),
    ],
)
def test_a_failure_is_logged_after_what_was_answered(
    bridged: Server, target: str, status: int, body: bytes, complete: bool, logged: str
) -> None:
    answer = ask(bridged, request(target))
    assert (answer.status, answer.body, answer.complete) == (status, body, complete)
    bridged.wait_for_log(logged)


@pytest.mark.process
def test_close_is_called_once(bridged: Server) -> None:
    assert ask(bridged, request("/Closing?once")).body == b"body"
    bridged.wait_for_log("closed once")
    ask(bridged, request("/Closing?next"))
    bridged.wait_for_log("closed next")
    assert bridged.log().count("closed once") == 1


@pytest.mark.process
@pytest.mark.parametrize(
    "framing", ["Content-Length: 100\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
)
def test_a_cut_upload_runs_no_view(bridged: Server, framing: str) -> None:
    for target in ("/read_cut", "/flask/echo"):
        with socket.create_connection((bridged.host, bridged.port), PATIENCE_SECONDS) as connection:
            connection.sendall(f"POST {target} HTTP/1.1\r\nHost: a.test\r\n{framing}".encode())
    ask(bridged, post("/read_cut", b"whole"))
    bridged.wait_for_log("a body of 5 bytes")
    assert "a body of 4 bytes" not in bridged.log()


# --- environ ---


def environ_of(headers: Iterable[tuple[bytes, bytes]] = (), **scope: Any) -> WSGIEnvironment:
    return build_environ({**SCOPE, "headers": list(headers), **scope}, io.BytesIO())


SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "query_string": b"",
    "headers": [],
}
SOCKET = ("/run/gateway.sock", None)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"root_path": "/pre", "path": "/pre/x"}, {"SCRIPT_NAME": "/pre", "PATH_INFO": "/x"}),
        ({"root_path": "/pre", "path": "/pre"}, {"SCRIPT_NAME": "/pre", "PATH_INFO": ""}),
        ({"root_path": "/pre", "path": "/prefast"}, {"SCRIPT_NAME": "/pre", "PATH_INFO": "/prefast"}),
        ({"root_path": "/pre/", "path": "/pre/x"}, {"SCRIPT_NAME": "/pre", "PATH_INFO": "/x"}),
        ({"path": "/\u00e9"}, {"PATH_INFO": "/\u00c3\u00a9", "RAW_URI": "/%C3%A9"}),
        ({"path": "/\ufffd", "raw_path": b"/%FF"}, {"PATH_INFO": "/\u00ff", "RAW_URI": "/%FF"}),
        ({"path": "/rewritten", "raw_path": b"/sent"}, {"PATH_INFO": "/rewritten", "RAW_URI": "/rewritten"}),
        ({"query_string": b"q=\xe9"}, {"QUERY_STRING": "q=\u00e9", "RAW_URI": "/?q=\u00e9"}),
        ({"server": ("::1", 8000)}, {"SERVER_NAME": "::1", "SERVER_PORT": "8000"}),
        ({"server": SOCKET}, {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}),
        ({"server": SOCKET, "headers": [(b"host", b"a.test")]}, {"SERVER_NAME": "a.test", "SERVER_PORT": "80"}),
        ({"server": SOCKET, "headers": [(b"host", b"[::1]:81")]}, {"SERVER_NAME": "::1", "SERVER_PORT": "81"}),
        ({"scheme": "https"}, {"SERVER_NAME": "localhost", "SERVER_PORT": "443", "wsgi.url_scheme": "https"}),
        ({"client": None}, {"REMOTE_ADDR": ""}),
        ({"client": ("10.0.0.1", 9)}, {"REMOTE_ADDR": "10.0.0.1", "REMOTE_PORT": "9"}),
        ({"headers": [(b"cookie", b"a=1"), (b"cookie", b"b=2")]}, {"HTTP_COOKIE": "a=1; b=2"}),
        ({"http_version": "2"}, {"SERVER_PROTOCOL": "HTTP/2", "wsgi.input_terminated": True}),
    ],
)
def test_environ(scope: dict[str, Any], expected: dict[str, Any]) -> None:
    environ = environ_of(**scope)
    assert {key: environ[key] for key in expected} == expected


def test_environ_ignores_the_script_name_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPT_NAME", "/elsewhere")
    assert environ_of()["SCRIPT_NAME"] == ""


def test_errors_go_to_stderr() -> None:
    assert environ_of()["wsgi.errors"] is sys.stderr


# --- the threads ---


async def no_more() -> Message:
    return {"type": "http.request"}


async def answer(bridge: WSGIBridge) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await bridge(SCOPE, no_more, send)
    return sent


def test_a_small_answer_is_two_messages() -> None:
    headers = [(b"content-length", b"2"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    assert asyncio.run(answer(WSGIBridge(APPS["servers_headers"]))) == [
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": b"ok"},
    ]


def test_a_send_that_fails_ends_the_app_and_reaches_the_server() -> None:
    app = Endless()
    app.gate.set()

    async def send(message: Message) -> None:
        if b"more" in message.get("body", b""):
            raise RuntimeError("the connection has failed")

    with pytest.raises(RuntimeError, match="the connection has failed"):
        asyncio.run(WSGIBridge(app)(SCOPE, no_more, send))
    assert app.closed.wait(5)


def test_a_cancelled_request_sends_nothing_more_and_frees_its_thread() -> None:
    app = Endless()
    sent: list[Message] = []

    async def cancel_after_the_first_chunk() -> None:
        begun = asyncio.Event()

        async def send(message: Message) -> None:
            sent.append(message)
            if "body" in message:
                begun.set()

        request = asyncio.create_task(WSGIBridge(app)(SCOPE, no_more, send))
        await begun.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        app.gate.set()
        assert await asyncio.to_thread(app.closed.wait, PATIENCE_SECONDS)

    asyncio.run(cancel_after_the_first_chunk())
    assert [message.get("body") for message in sent] == [None, b"first"]


def test_context_variables_flow_into_the_app() -> None:
    async def in_blue() -> list[Message]:
        colour.set("blue")
        return await answer(WSGIBridge(show_colour))

    assert asyncio.run(in_blue())[1]["body"] == b"blue"


def test_close_refuses_what_is_queued_and_waits_for_nobody_long() -> None:
    app = Gated()

    async def close_while_one_runs_and_one_waits() -> None:
        bridge = WSGIBridge(app, limits=BridgeLimits(workers=1))
        running, queued = asyncio.create_task(answer(bridge)), asyncio.create_task(answer(bridge))
        await asyncio.to_thread(app.entered.wait, PATIENCE_SECONDS)
        await asyncio.wait_for(asyncio.to_thread(bridge.close), PATIENCE_SECONDS)
        app.gate.set()
        assert (await running)[1]["body"] == b"opened"
        assert (await queued)[0]["status"] == 503

    asyncio.run(close_while_one_runs_and_one_waits())


def conversation(kind: str, *received: str) -> tuple[WSGIBridge, list[Message]]:
    """A websocket or lifespan scope, played to its end."""
    bridge, sent, messages = WSGIBridge(show_colour), [], iter(received)

    async def receive() -> Message:
        return {"type": f"{kind}.{next(messages)}"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(bridge({"type": kind}, receive, send))
    return bridge, sent


def test_lifespan_shuts_the_threads_down() -> None:
    bridge, sent = conversation("lifespan", "startup", "shutdown")
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert bridge._scheduler is None


def test_a_websocket_is_refused() -> None:
    assert conversation("websocket")[1] == [{"type": "websocket.close", "code": 1000}]


def test_a_bridge_serves_one_event_loop_after_another() -> None:
    """A test client without a lifespan has a loop for each request, and the last one may have ended idle."""
    gateway = Gateway.of_apps(flask_side("GET /a"))

    async def ask_and_rest() -> int:
        reply = await reply_to(gateway, scope_of("GET", "/a"))
        await asyncio.sleep(5 * TICK_SECONDS)
        return reply.status

    assert [asyncio.run(ask_and_rest()) for _ in range(3)] == [200, 200, 200]
