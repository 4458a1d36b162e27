"""The live recorder: clients see nothing of it, files have no secrets, and what goes wrong stays with it."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Message

from gateway import Gateway
from gateway.parity.corpus.case_writing import recorded_case_text
from gateway.parity.corpus.files import load_corpus
from gateway.serving import recorder as recording
from gateway.serving.observing import Served
from gateway.serving.recorder import Recorder
from tests.support.servers import Server, ask, post_chunked, raw, request, serve_gateway, wait_until

APPS = "tests.support.gateway_apps"
MAP = f'[gateway]\nlegacy = "{APPS}:legacy"\nnew = "{APPS}:new"\n[routes]\n"GET /who" = "new"\n'
SECRETS = ("hunter2-of-ada", "ada@depot.example", "4111111111111111", "s3cr3t-cookie", "k3y-of-the-api")
BODY = json.dumps({"email": SECRETS[1], "password": SECRETS[0], "card": SECRETS[2]}).encode()
LOGIN = request(
    "/echo?token=hunter2-of-ada",
    "Content-Type: application/json",
    "Cookie: session=s3cr3t-cookie",
    "X-API-Key: k3y-of-the-api",
    f"Content-Length: {len(BODY)}",
    method="POST",
    body=BODY,
)
ASKED = [request("/who"), request("/echo?a=1&a=2"), LOGIN, post_chunked("/echo", b"one", b"two"), request("/nowhere")]


@contextmanager
def gateway(directory: Path, *arguments: str) -> Iterator[Server]:
    directory.mkdir(exist_ok=True)
    file = directory / "map.toml"
    file.write_text(MAP)
    with serve_gateway(file, "--no-access-log", *arguments, env={"PYTHONHASHSEED": "0"}) as server:
        yield server


def answers(server: Server) -> list[bytes]:
    """Each answer as its bytes, but for the moment, the port and the process, whose number has no fixed length."""
    moving = re.compile(rb"date: [^\r]*|content-length: [^\r]*|:%d\b|\"pid\":\d+" % server.port)
    return [moving.sub(b"", raw(server, asked)) for asked in ASKED]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    with gateway(tmp_path_factory.mktemp("bare")) as server:
        return answers(server)


@pytest.mark.process
def test_answers_are_as_without_it_and_files_have_no_secret(bare: list[bytes], tmp_path: Path) -> None:
    with gateway(tmp_path, "--record", "corpus", "--record-sample", "1") as server:
        again = answers(server)
    assert again == bare
    (file,) = (tmp_path / "corpus").iterdir()
    text = file.read_text()
    assert not [secret for secret in SECRETS if secret in text]
    cases = load_corpus(tmp_path / "corpus")
    requests = [case.steps[0].request for case in cases]
    assert [(r.method, r.path) for r in requests] == [
        ("GET", "/who"), ("GET", "/echo"), ("POST", "/echo"), ("POST", "/echo"), ("GET", "/nowhere")
    ]  # fmt: skip
    assert set(json.loads(requests[2].body)) == {"email", "password", "card"}
    assert requests[3].body == b""  # of no kind that says which of it is a secret
    assert file.stat().st_mode & 0o777 == 0o600
    assert {case.source for case in cases} == {"recorded"}
    assert "recorded from traffic, answered 404" in text
    assert "recorded requests: 1 bodies left out, 5 written" in server.log()


@pytest.mark.process
def test_several_workers_write_to_files_of_their_own(tmp_path: Path) -> None:
    with gateway(tmp_path, "--record", "corpus", "--record-sample", "1", "--workers", "2") as server:
        assert ask(server, request("/who")).status == 200
    assert len(load_corpus(tmp_path / "corpus")) == 1


@pytest.mark.process
def test_a_disk_that_fails_hurts_no_request(bare: list[bytes], tmp_path: Path) -> None:
    with gateway(tmp_path, "--record", "corpus", "--record-sample", "1") as server:
        (tmp_path / "corpus").rmdir()
        again = answers(server)
        server.wait_for_log("a request could not be recorded: FileNotFoundError")
    assert again == bare
    assert "5 failed" in server.log()


@pytest.mark.process
def test_a_share_of_none_records_nothing(tmp_path: Path) -> None:
    with gateway(tmp_path, "--record", "corpus", "--record-sample", "0") as server:
        ask(server, request("/who"))
    assert list((tmp_path / "corpus").iterdir()) == []


# --- without a server ---


async def echo(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def recorded(app: ASGIApp, recorder: Recorder) -> ASGIApp:
    return Gateway.of_apps(new=app, default="new", observers=[recorder])


def ask_app(app: ASGIApp, path: str = "/", *pieces: bytes) -> list[Message]:
    sent: list[Message] = []
    left = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages = iter([*left, {"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    length = [(b"content-length", str(sum(map(len, pieces))).encode())] if pieces else []
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "headers": length,
        "query_string": b"",
    }
    asyncio.run(app(scope, receive, send))
    return sent


def test_a_full_queue_drops_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go, busy = threading.Event(), threading.Event()
    write = Recorder._write

    def slow_disk(self: Recorder, taken: Served) -> None:
        busy.set()
        go.wait(10)
        write(self, taken)

    monkeypatch.setattr(Recorder, "_write", slow_disk)
    recorder = Recorder(tmp_path, 1, recorded_case_text, max_waiting=2)
    app = recorded(echo, recorder)
    ask_app(app, "/0")
    assert busy.wait(10)
    for number in range(1, 6):
        assert [message["type"] for message in ask_app(app, f"/{number}")] == [
            "http.response.start",
            "http.response.body",
        ]
    assert recorder.counts["dropped"] == 3
    go.set()
    recorder.close()
    assert [case.steps[0].request.path for case in load_corpus(tmp_path)] == ["/0", "/1", "/2"]


def test_what_is_too_large_is_passed_over_and_not_kept(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 1, recorded_case_text)
    app = recorded(echo, recorder)
    ask_app(app, "/large", *[b"x" * 20_000] * 4)
    ask_app(app, "/small", b"7")
    recorder.close()
    assert recorder.counts == {"passed over": 1, "written": 1}
    assert [case.steps[0].request.body for case in load_corpus(tmp_path)] == [b"7"]


def test_files_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MAX_FILE_BYTES", 1_000)
    monkeypatch.setattr(recording, "MAX_FILES", 3)
    recorder = Recorder(tmp_path, 1, recorded_case_text)
    app = recorded(echo, recorder)
    for number in range(12):
        ask_app(app, f"/{number}", b"x" * 300)
    recorder.close()
    files = list(tmp_path.iterdir())
    assert len(files) == 3
    assert all(file.stat().st_size <= 1_000 for file in files)
    assert recorder.counts["written"] == len(load_corpus(tmp_path)) == 12 - recorder.counts["failed"]


def test_the_same_request_is_written_once(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 1, recorded_case_text)
    app = recorded(echo, recorder)
    for _ in range(3):
        ask_app(app, "/again")
    recorder.close()
    assert recorder.counts == {"written": 1, "seen before": 2}


def test_an_error_of_the_app_is_its_own(tmp_path: Path) -> None:
    async def broken(*_: Any) -> None:
        raise LookupError("its own")

    with pytest.raises(LookupError, match="its own"):
        ask_app(recorded(broken, Recorder(tmp_path, 1, recorded_case_text)))


def test_a_case_that_the_disk_took_half_of_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path, 1, recorded_case_text)
    app = recorded(echo, recorder)
    ask_app(app, "/one")
    wait_until(lambda: recorder.counts["written"] == 1)

    def full(path: Path, *_: Any, **__: Any) -> Any:
        with path.open("ab") as file:
            file.write(b'[[case]]\nname = "ha')
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(recording, "open", full, raising=False)
        ask_app(app, "/two")
        wait_until(lambda: recorder.counts["failed"] == 1)
    ask_app(app, "/three")
    recorder.close()
    assert [case.steps[0].request.path for case in load_corpus(tmp_path)] == ["/one", "/three"]
