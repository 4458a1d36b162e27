"""What the app hears of raw bytes that are cut at every place; over real sockets, each piece read by itself."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from gateway.serving import http_protocol as protocol
from gateway.serving.http_protocol import HTTPProtocol
from tests.support.servers import PATIENCE_SECONDS

pytestmark = pytest.mark.process

UPGRADE = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM"
CHUNKED = "Transfer-Encoding: chunked"
SMUGGLED = "GET /smuggled HTTP/1.1\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n"

Heard = tuple[str, list[str], str]
"""Target, names of the headers and body of one request, as the app has them."""

UPGRADE_NAMES = ["connection", "upgrade", "http2-settings"]
HEARD_LAST: Heard = ("/last", ["connection"], "")


def ask(*lines: str, body: str = "", target: str = "/", method: str = "POST", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", *lines, "", body]).encode()


PLAIN = ask("Content-Length: 4", body="body")
HEARD_PLAIN: Heard = ("/", ["content-length"], "body")
UPGRADED = ask(UPGRADE, "Content-Length: 4", body="body")
HEARD_UPGRADED: Heard = ("/", [*UPGRADE_NAMES, "content-length"], "body")
HEARD_CHUNKED: Heard = ("/", [*UPGRADE_NAMES, "transfer-encoding"], "body")
FRAMED = "2\r\nbo\r\n2;a=b\r\ndy\r\n"

CASES: dict[str, tuple[bytes, list[Heard]]] = {
    "no upgrade": (PLAIN, [HEARD_PLAIN]),
    "a trailer": (ask(CHUNKED, body=f"{FRAMED}0\r\nHost: b\r\nX: 1\r\n\r\n"), [("/", ["transfer-encoding"], "body")]),
    "an expectation as trailer": (
        ask(CHUNKED, body=f"{FRAMED}0\r\nExpect: 100-continue\r\n\r\n") + PLAIN,
        [("/", ["transfer-encoding"], "body"), HEARD_PLAIN],
    ),
    "an upgrade": (ask(UPGRADE, method="GET"), [("/", UPGRADE_NAMES, "")]),
    "an upgrade, then more": (ask(UPGRADE, method="GET") + PLAIN, [("/", UPGRADE_NAMES, ""), HEARD_PLAIN]),
    "an upgrade, empty": (ask(UPGRADE, "Content-Length: 0"), [("/", [*UPGRADE_NAMES, "content-length"], "")]),
    "an upgrade, length": (UPGRADED, [HEARD_UPGRADED]),
    "an upgrade, length first": (
        ask("Content-Length: 4", UPGRADE, body="body"),
        [("/", ["content-length", *UPGRADE_NAMES], "body")],
    ),
    "an upgrade, chunked": (ask(UPGRADE, CHUNKED, body=f"{FRAMED}0\r\n\r\n"), [HEARD_CHUNKED]),
    "an upgrade, trailers": (ask(UPGRADE, CHUNKED, body=f"{FRAMED}0\r\nHost: b\r\n\r\n") + PLAIN,
                             [HEARD_CHUNKED, HEARD_PLAIN]),
    "an upgrade, body like a request": (
        ask(UPGRADE, f"Content-Length: {len(SMUGGLED)}", body=SMUGGLED),
        [("/", [*UPGRADE_NAMES, "content-length"], SMUGGLED)],
    ),
    "two upgrades": (UPGRADED * 2, [HEARD_UPGRADED] * 2),
    "plain, upgrade, plain": (PLAIN + UPGRADED + PLAIN, [HEARD_PLAIN, HEARD_UPGRADED, HEARD_PLAIN]),
    "an upgrade, HTTP/1.0 kept alive": (
        ask("Connection: Upgrade, keep-alive", "Upgrade: h2c", "Content-Length: 4", body="body"),
        [("/", ["connection", "upgrade", "content-length"], "body")],
    ),
    "a websocket, and no library": (
        ask("Connection: Upgrade", "Upgrade: websocket", "Content-Length: 4", body="body"),
        [("/", ["connection", "upgrade", "content-length"], "body")],
    ),
}  # fmt: skip

CLOSING: dict[str, tuple[bytes, list[Heard]]] = {
    "an upgrade, closing": (
        ask("Connection: Upgrade, close", "Upgrade: h2c", "Content-Length: 4", body="body"),
        [("/", ["connection", "upgrade", "content-length"], "body")],
    ),
    "an upgrade, HTTP/1.0": (
        ask("Connection: Upgrade", "Upgrade: h2c", "Content-Length: 4", body="body", version="1.0"),
        [("/", ["connection", "upgrade", "content-length"], "body")],
    ),
}


class Delayed:
    """The app, which answers /wait once it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close"})
            return
        if scope["path"] == "/stay":
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left.set()
            return
        if scope["path"] == "/wait":
            await self.go.wait()
        await echo(scope, receive, send)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with a line of what it heard."""
    if scope["path"] == "/early":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"early", "more_body": True})
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        more = message["more_body"]
    heard = [scope["path"], [name.decode() for name, _ in scope["headers"]], body.decode()]
    line = json.dumps(heard).encode() + b"\n"
    headers = [(b"content-length", str(len(line)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": line})


class Observed(HTTPProtocol):
    """Tells how much of what was sent has been read."""

    read = 0
    moved: asyncio.Event

    def is_done_with(self, size: int) -> bool:
        """Whether so much has been read, or no more will be for now."""
        return self.read >= size or self.transport.is_closing() or self.flow.read_paused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.moved.set()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.read += len(data)
        self.moved.set()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.moved.set()


class Endpoint:
    """The protocol on a port of its own, in the loop of the test."""

    def __init__(self, ws: str = "none") -> None:
        self.app = Delayed()
        self._config = uvicorn.Config(self.app, http=Observed, ws=ws, log_level="critical")
        self._config.load()
        self._moved = asyncio.Event()
        self._made: list[Observed] = []

    async def __aenter__(self) -> Endpoint:
        self._server = await asyncio.get_running_loop().create_server(self._make, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    def _make(self) -> Observed:
        self._made.append(Observed(self._config, ServerState(), {}))
        self._made[-1].moved = self._moved
        return self._made[-1]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, Observed]:
        """A client, and the protocol that serves it."""
        reader, writer = await asyncio.open_connection(*self._server.sockets[0].getsockname())
        await self.until(lambda: bool(self._made))
        return reader, writer, self._made.pop()

    async def converse(self, pieces: Sequence[bytes], until: bytes = b"") -> bytes:
        """All that is answered until the end, or these bytes; a piece is sent when the one before has been read."""
        reader, writer, made = await self.connect()
        sent = 0
        for piece in pieces:
            writer.write(piece)
            sent += len(piece)
            await self.until(lambda size=sent: made.is_done_with(size))  # type: ignore[misc]
        self.app.go.set()
        answered = await asyncio.wait_for(reader.readuntil(until) if until else reader.read(), PATIENCE_SECONDS)
        writer.close()
        return answered

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await self._moved.wait()
                self._moved.clear()


def heard(answered: bytes) -> list[Heard]:
    return [tuple(json.loads(line)) for line in answered.splitlines() if line.startswith(b"[")]


async def assert_heard_however_cut(sent: bytes, after: bytes, expected: list[Heard]) -> None:
    """`after` comes in one packet with the end of `sent`."""
    async with Endpoint() as endpoint:
        for cut in range(len(sent)):
            assert heard(await endpoint.converse([sent[:cut], sent[cut:] + after])) == expected, cut
        each = [sent[index : index + 1] for index in range(len(sent) - 1)]
        assert heard(await endpoint.converse([*each, sent[-1:] + after])) == expected


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_app_hears_the_whole_request_however_it_is_cut(case: tuple[bytes, list[Heard]]) -> None:
    sent, expected = case
    asyncio.run(assert_heard_however_cut(sent + LAST, b"", [*expected, HEARD_LAST]))


@pytest.mark.parametrize("case", CLOSING.values(), ids=CLOSING.keys())
def test_an_upgrade_that_closes_is_the_last_request(case: tuple[bytes, list[Heard]]) -> None:
    sent, expected = case
    asyncio.run(assert_heard_however_cut(sent, LAST, expected))


@pytest.mark.parametrize("chunks", ["xyz\r\n", "4\r\nbodyXX0\r\n\r\n", "0\r\nnonsense\r\n\r\n"])
def test_bad_chunks_behind_an_upgrade_are_refused(chunks: str) -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            answered = await endpoint.converse([ask(UPGRADE, CHUNKED, body=chunks) + LAST])
            assert answered.startswith(b"HTTP/1.1 400 ")
            assert heard(answered) == []

    asyncio.run(converse())


def test_a_coding_that_hides_the_end_of_the_body_is_refused() -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            answered = await endpoint.converse([ask(UPGRADE, "Transfer-Encoding: gzip", body=SMUGGLED)])
            assert answered.startswith(b"HTTP/1.1 400 ")
            assert heard(answered) == []

    asyncio.run(converse())


# --- what follows a good request in its packet ---

FIELD = protocol.HTTPProtocol.limits.field_bytes
FIELDS = protocol.HTTPProtocol.limits.fields

BAD: dict[str, tuple[bytes, int]] = {
    "no request": (b"NONSENSE\r\n\r\n", 400),
    "another protocol": (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    "a target with a space": (b"GET /a b HTTP/1.1\r\n\r\n", 400),
    "a bad header": (ask("A B: 1"), 400),
    "a bad length": (ask("Content-Length: x"), 400),
    "two lengths": (ask("Content-Length: 1", "Content-Length: 2", body="ab"), 400),
    "a length and chunks": (ask("Content-Length: 4", CHUNKED, body="0\r\n\r\n"), 400),
    "a bad chunk": (ask(CHUNKED, body="xyz\r\n"), 400),
    "a bad second chunk": (ask(CHUNKED, body="2\r\nbo\r\nxyz\r\n"), 400),
    "a bad trailer": (ask(CHUNKED, body="0\r\nnonsense\r\n\r\n"), 400),
    "a long field": (ask("A: " + "x" * FIELD), 431),
    "many fields": (ask(*["A: 1"] * (FIELDS + 1)), 431),
    "a long target": (ask(target="/" + "x" * FIELD), 414),
    "a long trailer": (ask(CHUNKED, body="0\r\nA: " + "x" * FIELD + "\r\n\r\n"), 431),
}
WAITING = ask("Content-Length: 4", body="body", target="/wait")
GOOD: dict[str, tuple[bytes, list[str]]] = {
    "one": (PLAIN, ["/"]),
    "one that waits": (WAITING, ["/wait"]),
    "three": (PLAIN + WAITING + PLAIN, ["/", "/wait", "/"]),
    "an offer of h2c": (UPGRADED, ["/"]),
}


def statuses(answered: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answered)]


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD.keys())
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_good_requests_are_answered_before_a_bad_one_ends_the_connection(
    good: tuple[bytes, list[str]], bad: tuple[bytes, int]
) -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            for pieces in ([good[0] + bad[0]], [good[0], bad[0]], [good[0] + bad[0] + LAST], [good[0] + bad[0], LAST]):
                endpoint.app.go.clear()
                answered = await endpoint.converse(pieces)
                assert [target for target, _, _ in heard(answered)] == good[1]
                assert statuses(answered) == [200] * len(good[1]) + [bad[1]]

    asyncio.run(converse())


def test_a_field_without_end_is_refused_behind_a_good_request() -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            answered = await endpoint.converse([WAITING + b"GET / HTTP/1.1\r\nA: ", *[b"x" * 50_000] * 3])
            assert statuses(answered) == [200, 431]

    asyncio.run(converse())


@pytest.mark.parametrize("behind", [b"", PLAIN, PLAIN * 3, UPGRADED, BAD["no request"][0], BAD["a bad chunk"][0]])
def test_a_request_hears_that_its_client_has_left_whatever_came_behind_it(behind: bytes) -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            _, writer, made = await endpoint.connect()
            writer.write(ask(target="/stay", method="GET") + behind)
            await endpoint.until(lambda: made.read > 0)
            writer.transport.abort()
            await asyncio.wait_for(endpoint.app.left.wait(), PATIENCE_SECONDS)

    asyncio.run(converse())


def test_a_good_request_that_closes_is_the_last() -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            answered = await endpoint.converse([ask("Connection: close", target="/wait") + b"NONSENSE\r\n\r\n"])
            assert statuses(answered) == [200]

    asyncio.run(converse())


@pytest.mark.parametrize("bad", ["a bad second chunk", "a bad trailer", "a long trailer"])
def test_an_answer_that_has_begun_is_cut_where_the_body_is_broken(bad: str) -> None:
    sent = BAD[bad][0].replace(b"/ ", b"/early ", 1)
    head = sent.index(b"\r\n\r\n") + 4

    async def converse() -> None:
        async with Endpoint() as endpoint:
            reader, writer, _ = await endpoint.connect()
            writer.write(sent[:head])
            begun = await asyncio.wait_for(reader.readuntil(b"early"), PATIENCE_SECONDS)
            writer.write(sent[head:] + LAST)
            answered = begun + await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
            assert statuses(answered) == [200]
            assert b"0\r\n\r\n" not in answered
            writer.close()

    asyncio.run(converse())


HANDSHAKE = ask(
    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13", "Host: a.test", method="GET",
)  # fmt: skip
CLOSED = b"\x88\x02\x03\xe8"
"""The frame by which the app ends a websocket."""
BEFORE_A_WEBSOCKET: dict[str, tuple[bytes, list[int]]] = {
    "nothing": (b"", [101]),
    "one that is answered": (PLAIN, [200, 101]),
    "one that waits": (WAITING, [200, 101]),
    "several": (PLAIN + WAITING + UPGRADED, [200, 200, 200, 101]),
    "one that closes": (ask("Connection: close", target="/wait"), [200]),
    "HTTP/1.0": (ask(target="/wait", version="1.0"), [200]),
}


@pytest.mark.parametrize("case", BEFORE_A_WEBSOCKET.values(), ids=BEFORE_A_WEBSOCKET.keys())
def test_a_websocket_waits_for_the_answers_before_it(case: tuple[bytes, list[int]]) -> None:
    before, expected = case

    async def converse() -> None:
        async with Endpoint(ws="auto") as endpoint:
            for pieces in ([before + HANDSHAKE], [before, HANDSHAKE], [before + HANDSHAKE[:40], HANDSHAKE[40:]]):
                endpoint.app.go.clear()
                answered = await endpoint.converse(pieces, until=CLOSED if expected[-1] == 101 else b"")
                assert statuses(answered) == expected

    asyncio.run(converse())


def test_a_websocket_that_comes_during_the_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def converse() -> None:
        async with Endpoint(ws="auto") as endpoint:
            reader, writer, made = await endpoint.connect()
            made.shutdown()
            writer.write(HANDSHAKE)
            assert statuses(await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)) == [503]
            writer.close()

    monkeypatch.setattr(protocol, "LINGER_SECONDS", 60.0)
    asyncio.run(converse())


# --- limits of a head ---


def head(*lines: str, target: str = "/") -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", *lines, "Connection: close", "", ""]).encode()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (head("A: " + "x" * (FIELD - 5)), 200),
        (head("A: " + "x" * (FIELD - 4)), 431),
        (head("A: 1", "B" * FIELD + ": 1"), 431),
        (head(*[f"A{number}: 1" for number in range(FIELDS - 1)]), 200),
        (head(*[f"A{number}: 1" for number in range(FIELDS)]), 431),
        (head(target="/" + "x" * (FIELD - 1)), 200),
        (head(target="/" + "x" * FIELD), 414),
        (head(target="/?" + "x" * FIELD), 414),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 100_000, 431),
        (b"GET /" + b"x" * 100_000, 414),
        (b"GET / HTTP/1.1\r\n" + b"x" * 100_000, 431),
        (b"\r\n" * 50_000, 431),
    ],
    ids=[
        "a field at the limit", "a field beyond", "a long name", "as many fields as may be", "one field more",
        "a target at the limit", "a target beyond", "a query beyond", "a value without end", "a target without end",
        "a name without end", "lines without end",
    ],
)  # fmt: skip
def test_a_head_has_limits_however_it_comes(sent: bytes, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.1)

    async def converse() -> None:
        async with Endpoint() as endpoint:
            for pieces in ([sent], [sent[at : at + 1000] for at in range(0, len(sent), 1000)]):
                answered = await endpoint.converse(pieces)
                assert answered.startswith(b"HTTP/1.1 %d " % status)

    asyncio.run(converse())


def test_an_endless_trailer_ends_the_connection() -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            chunk = b"4\r\nbody\r\n0\r\nA: "
            with pytest.raises(ConnectionError):
                await endpoint.converse([ask(CHUNKED), chunk, *[b"x" * 50_000] * 40])

    asyncio.run(converse())


def test_a_long_body_is_no_long_head() -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            body = "x" * 300_000
            sent = ask(f"Content-Length: {len(body)}", "Connection: close", body=body)
            answered = await endpoint.converse([sent[at : at + 30_000] for at in range(0, len(sent), 30_000)])
            assert [len(text) for _, _, text in heard(answered)] == [len(body)]

    asyncio.run(converse())


def test_the_client_of_an_upgrade_hears_that_it_may_go_on() -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            waiting = ask(UPGRADE, "Content-Length: 4", "Expect: 100-continue")
            answered = await endpoint.converse([waiting, b"body" + LAST])
            assert answered.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
            assert [body for _, _, body in heard(answered)] == ["body", ""]

    asyncio.run(converse())


def test_a_request_that_comes_during_the_end_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            reader, writer, made = await endpoint.connect()
            made.shutdown()
            writer.write(PLAIN)
            assert heard(await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)) == [HEARD_PLAIN]
            writer.close()

    monkeypatch.setattr(protocol, "LINGER_SECONDS", 60.0)
    asyncio.run(converse())


def test_a_silent_client_is_left_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def converse() -> None:
        async with Endpoint() as endpoint:
            reader, writer, made = await endpoint.connect()
            made.shutdown()
            assert await asyncio.wait_for(reader.read(), PATIENCE_SECONDS) == b""
            writer.close()

    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.0)
    asyncio.run(converse())
