"""The file is followed while it is served: every good change is soon in force, a bad one never."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
from hashlib import sha256
from pathlib import Path
from queue import Empty, Queue
from statistics import median
from tempfile import mkdtemp
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask

from gateway import Gateway, create_app
from gateway.apps.project import Project
from gateway.config.map_file import MAX_MAP_BYTES, parse_map
from gateway.serving import map_watcher
from gateway.serving.map_watcher import POLL_SECONDS, MapWatcher
from tests.support.gateway_apps import flask_side, reply_to, running, scope_of
from tests.support.servers import PATIENCE_SECONDS, Server, ask, request, serve_gateway, wait_until

Connection = http.client.HTTPConnection
APPS = "tests.support.gateway_apps"
GATEWAY = f'[gateway]\nlegacy = "{APPS}:legacy"\nnew = "{APPS}:new"\nserved_by_header = true\n'


def text_of(side: str, note: object = "") -> str:
    return f'{GATEWAY}[routes]\n"GET /who" = "{side}"\n"GET /slow" = "{side}"\n# {note}\n'


def version_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def connect(server: Server) -> Connection:
    """One connection, kept: it fails where it would have to be opened again."""
    connection = Connection(server.host, server.port, timeout=PATIENCE_SECONDS)
    connection.connect()
    connection.auto_open = 0
    return connection


def get(connection: Connection, path: str) -> Any:
    connection.request("GET", path)
    with connection.getresponse() as response:
        assert response.status == 200
        return json.load(response)


# --- in every worker ---


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    file = tmp_path_factory.mktemp("followed") / "map.toml"
    file.write_text(text_of("legacy"))
    with serve_gateway(file, "--workers", "2", "--no-access-log") as server:
        yield server, file


class Followed:
    """A map file, and a connection to each of the workers that follow it."""

    def __init__(self, server: Server, file: Path, workers: list[Connection]) -> None:
        self.server = server
        self.file = file
        self._workers = workers

    def sides(self) -> set[str]:
        """Who answers in each worker, asked five times."""
        return {get(worker, "/who")["side"] for _ in range(5) for worker in self._workers}

    def maps(self) -> list[dict[str, Any]]:
        """What each worker's `/_gateway/ready` says of the map."""
        return [get(worker, "/_gateway/ready")["map"] for worker in self._workers]

    def show(self, *faults: str) -> bool:
        """Whether each worker knows of faults at these lines, and says nothing else of them."""
        shown = [map_["faults"] for map_ in self.maps()]
        at_lines = all(fault.startswith(at) for one in shown for fault, at in zip(faults, one["at"], strict=False))
        return at_lines and all(one["count"] == len(faults) for one in shown)


@pytest.fixture
def followed(two_workers: tuple[Server, Path]) -> Iterator[Followed]:
    """A plain file again, with `/who` on the legacy side."""
    server, file = two_workers
    renamed(file, text_of("legacy"))
    with ExitStack() as stack:
        workers: dict[int, Connection] = {}

        def a_connection_to_each() -> bool:
            connection = stack.enter_context(closing(connect(server)))
            workers.setdefault(get(connection, "/who")["pid"], connection)
            return len(workers) == 2

        wait_until(a_connection_to_each)
        followed = Followed(server, file, list(workers.values()))
        wait_until(lambda: followed.show() and followed.sides() == {"legacy"})
        yield followed


def written(file: Path, text: str) -> None:
    file.write_text(text)


def renamed(file: Path, text: str) -> None:
    """As most editors and `gateway flip` save, the latter with an fsync, which may take longer than a kept connection
    lives."""
    other = file.with_name("map.toml~")
    other.write_text(text)
    other.replace(file)


def removed_and_written(file: Path, text: str) -> None:
    file.unlink()
    file.write_text(text)


def in_a_config_map(file: Path, text: str) -> None:
    """As Kubernetes mounts a ConfigMap: the file is a link through `..data`, a link that is replaced."""
    directory = Path(mkdtemp(prefix="..", dir=file.parent))
    (directory / file.name).write_text(text)
    link(file.with_name("..data"), Path(directory.name))
    if not file.is_symlink():
        link(file, Path("..data") / file.name)


def at_the_end_of_a_link(file: Path, text: str) -> None:
    """The directory that changes is not the one that is watched."""
    target = file.parent.parent / f"{file.parent.name}-elsewhere.toml"
    target.write_text(text)
    if not file.is_symlink():
        link(file, target)


def link(name: Path, target: Path) -> None:
    new = name.with_name("..new")
    new.symlink_to(target)
    new.replace(name)


@pytest.mark.process
@pytest.mark.parametrize("change", [written, renamed, removed_and_written, in_a_config_map, at_the_end_of_a_link])
def test_a_flip_comes_into_force_in_every_worker(followed: Followed, change: Callable[[Path, str], None]) -> None:
    for side in ("new", "legacy", "new"):
        change(followed.file, text_of(side))
        wait_until(lambda side=side: followed.sides() == {side})  # type: ignore[misc]
    assert [map_["version"] for map_ in followed.maps()] == [version_of(text_of("new"))] * 2


@pytest.mark.long
@pytest.mark.process
def test_a_flip_is_in_force_within_a_second(followed: Followed) -> None:
    taken = []
    for number in range(20):
        text = text_of(("new", "legacy")[number % 2], number)
        began = time.monotonic()
        renamed(followed.file, text)
        wait_until(lambda text=text: {map_["version"] for map_ in followed.maps()} == {version_of(text)})  # type: ignore[misc]
        taken.append(time.monotonic() - began)
    assert median(taken) < 1, taken


UNCLOSED = "Expected ']' at the end of a table declaration at column 9; texts need quotes"
RESTART = "a change here needs a restart; put the old value back until then"
OTHER_APPS = [f"map.toml: gateway.{key}: {RESTART}" for key in ("legacy", "new")]


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            text_of("nwe"),
            [
                f'map.toml:{line}: routes."GET /{path}": "nwe" is none of "legacy", "canary", "new";'
                ' did you mean "new"?'
                for line, path in ((6, "who"), (7, "slow"))
            ],
        ),
        (
            text_of("new") + '"GET /_gateway" = "new"\n"GET /<itn:a>" = "new"\n"GET /<moody:a>" = "new"\n',
            [
                'map.toml:9: routes."GET /_gateway": "/_gateway" is the gateway\'s own prefix; choose another path',
                'map.toml:10: routes."GET /<itn:a>": unknown converter "itn"; did you mean "int"?',
                'map.toml:11: routes."GET /<moody:a>": not a Flask rule: not today',
            ],
        ),
        (text_of("new").replace("apps:", "apps:x"), OTHER_APPS),
        (text_of("new") + "[bridge]\nworkers = 7\n", [f"map.toml: bridge: {RESTART}"]),
        (text_of("new").replace(GATEWAY, "[gateway\n"), [f"map.toml:1: not TOML: {UNCLOSED}"]),
        ("", ['map.toml: no [gateway] table; it names the two apps: legacy = "module:app"', *OTHER_APPS]),
    ],
    ids=["modes", "rules", "other apps", "other limits", "no TOML", "cut to nothing"],
)
def test_a_bad_map_is_shown_and_logged_once_and_a_good_one_clears_it(
    followed: Followed, text: str, faults: list[str]
) -> None:
    before = followed.server.log()
    old = followed.maps()
    followed.file.write_text(text)
    wait_until(lambda: followed.show(*faults))
    assert followed.sides() == {"legacy"}
    assert [map_["version"] for map_ in followed.maps()] == [map_["version"] for map_ in old]
    followed.file.write_text(text_of("new"))
    wait_until(lambda: followed.show() and followed.sides() == {"new"})
    in_force = f"map version {version_of(text_of('new'))} is in force\n"
    followed.server.wait_for_log(f"(?s){re.escape(before)}(.*{in_force}){{2}}")
    log = followed.server.log().removeprefix(before)
    refused = f"map refused, version {old[0]['version']} stays in force: "
    assert log.count(refused) == 2 * len(faults)
    assert [log.count(f"{refused}{fault}\n") for fault in faults] == [2] * len(faults)


def test_a_flip_to_what_the_loaded_app_does_not_have_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def empty() -> dict[str, str]:
        return {}

    new = FastAPI(openapi_url=None)
    new.add_api_route("/both", empty)
    text = '[gateway]\nlegacy = "a:b"\nnew = "a:c"\n[routes]\n"GET /both" = "new"\n"GET /only" = "{}"\n'

    def flask_app() -> Flask:
        app = Flask("a", static_folder=None)
        app.add_url_rule("/both", "both", empty)
        app.add_url_rule("/only", "only", empty)
        return app

    kept = "Flask goes on answering, for the new app has no such route: GET /only; restart to load a newer one"

    async def flip() -> None:
        gateway = Gateway(Project.of(parse_map(text.format("legacy"), "m.toml"), flask_app(), new))
        async with running(gateway):
            assert kept not in caplog.messages
            gateway._change_map(tmp_path / "m.toml", text.format("new").encode(), None)
            assert caplog.messages.count(kept) == 1
        async with running(Gateway(Project.of(parse_map(text.format("new"), "m.toml"), flask_app(), new))):
            assert caplog.messages.count(kept) == 2

    asyncio.run(flip())


# --- while requests run ---


@pytest.mark.process
def test_a_map_that_is_too_deep_to_read_does_not_end_the_following(followed: Followed) -> None:
    followed.file.write_text("x = " + "[" * 5000)
    wait_until(lambda: all(map_["faults"] == {"count": 1, "at": ["map.toml"]} for map_ in followed.maps()))
    followed.server.wait_for_log("its lists or tables are too deep")
    followed.file.write_text(text_of("new"))
    wait_until(lambda: followed.show() and followed.sides() == {"new"})


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    file = tmp_path_factory.mktemp("hammered") / "map.toml"
    file.write_text(text_of("legacy"))
    with serve_gateway(file) as server:
        yield server, file


@pytest.mark.process
def test_a_request_ends_on_the_table_it_began_with(one_worker: tuple[Server, Path]) -> None:
    server, file = one_worker
    with closing(connect(server)) as begun, closing(connect(server)) as later:
        begun.request("GET", "/slow", headers={"X-Request-ID": "began-before"})
        server.wait_for_log("/slow has begun")
        file.write_text(text_of("new"))
        wait_until(lambda: get(later, "/who")["side"] == "new")
        assert get(later, "/slow") == {"side": "new"}
        later.request("POST", "/open")
        later.getresponse().read()
        with begun.getresponse() as answer:
            assert (answer.headers["X-Served-By"], json.load(answer)) == ("legacy", {"side": "legacy", "opened": True})
    line = json.loads(server.wait_for_log(r'\{.*"began-before".*')[0])
    assert (line["side"], line["map"]) == ("legacy", version_of(text_of("legacy")))


@pytest.mark.long
@pytest.mark.process
def test_a_hundred_flips_lose_no_request(one_worker: tuple[Server, Path]) -> None:
    server, file = one_worker
    asked, answers, failures = [], [], []
    over = threading.Event()

    def hammer() -> None:
        try:
            with closing(connect(server)) as connection:
                while not over.is_set():
                    asked.append(1)
                    answers.append(get(connection, "/who")["side"])
        except Exception as error:  # noqa: BLE001 - whatever a client meets is a lost request
            failures.append(error)

    clients = [threading.Thread(target=hammer) for _ in range(8)]
    for client in clients:
        client.start()
    try:
        for number in range(100):
            side = ("new", "legacy")[number % 2]
            text = text_of(side, number)
            renamed(file, text)
            wait_until(lambda text=text: in_force(server) == version_of(text))  # type: ignore[misc]
            assert json.loads(ask(server, request("/who")).body)["side"] == side
    finally:
        over.set()
        for client in clients:
            client.join()
    assert failures == []
    assert (len(answers), set(answers)) == (len(asked), {"legacy", "new"})


def in_force(server: Server) -> str:
    version: str = json.loads(ask(server, request("/_gateway/ready")).body)["map"]["version"]
    return version


def test_a_flip_away_from_a_new_side_that_is_stuck(tmp_path: Path) -> None:
    """All threads that the new side's `def` views share are held; the way back must not wait for one of them."""
    gate, entered, app = threading.Event(), [], FastAPI()
    file = tmp_path / "map.toml"
    file.write_text('[gateway]\n[routes]\n"GET /stuck" = "new"\n')

    @app.get("/stuck")
    def stuck() -> None:
        entered.append(1)
        gate.wait(600)

    async def flip_while_stuck() -> None:
        gateway = Gateway(Project.of(parse_map(file.read_text()), flask_side(), app))
        gateway.follow(file, file.read_bytes())
        old = gateway.project
        requests = [asyncio.create_task(reply_to(gateway, scope_of("GET", "/stuck"))) for _ in range(50)]
        await asyncio.to_thread(wait_until, lambda: len(entered) == 40)
        try:
            async with running(gateway):
                file.write_text(file.read_text().replace("new", "legacy"))
                await asyncio.to_thread(wait_until, lambda: gateway.project is not old)
        finally:
            gate.set()
        assert {reply.status for reply in await asyncio.gather(*requests)} == {200}

    asyncio.run(flip_while_stuck())


# --- the texts ---


OFTEN = 0.1
"""Seconds between two looks at the file, in tests that wait for what does not come."""


@asynccontextmanager
async def watching(file: Path, last: bytes, poll_seconds: float = OFTEN) -> AsyncIterator[Queue[bytes]]:
    """What the watcher of a file calls back with."""
    texts: Queue[bytes] = Queue()
    watcher = MapWatcher(file, last, texts.put, lambda faults: texts.put("\n".join(map(str, faults)).encode()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(map_watcher, "POLL_SECONDS", poll_seconds)
        await watcher.start()
        try:
            yield texts
        finally:
            await watcher.stop(5)


@pytest.mark.long  # it fails where the writer is held up for longer than the watcher looks twice
def test_a_file_that_is_being_written_is_never_read_as_a_shorter_one(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_bytes(b"old")

    async def write_slowly(seconds: float) -> None:
        end = time.monotonic() + seconds
        with file.open("wb", buffering=0) as out:
            while time.monotonic() < end:
                out.write(b"a line\n")
                await asyncio.sleep(0)  # the watcher's turn
            out.write(b"the last line\n")

    async def first_text() -> bytes:
        async with watching(file, b"old", POLL_SECONDS) as texts:
            await write_slowly(0.6)  # longer than the watcher's own clock ticks
            return await asyncio.to_thread(texts.get, timeout=PATIENCE_SECONDS)

    assert asyncio.run(first_text()).endswith(b"the last line\n")


def is_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def is_directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def leads_to_itself(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.name)


def is_too_large(file: Path) -> None:
    file.write_bytes(b"#" * (MAX_MAP_BYTES + 1))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (Path.unlink, b"No such file or directory"),
        (is_directory, b"Is a directory"),
        (is_fifo, b"not a regular file"),
        (leads_to_itself, b"Too many levels of symbolic links"),
        (is_too_large, b"more than 1,048,576 bytes"),
    ],
    ids=["deleted", "a directory", "a FIFO", "a link to itself", "too large"],
)
def test_a_map_that_cannot_be_read_is_told_once_and_read_again_once_it_can(
    tmp_path: Path, spoil: Callable[[Path], None], reason: bytes
) -> None:
    file = tmp_path / "map.toml"
    file.write_bytes(b"one")

    async def follow() -> None:
        spoil(file)
        async with watching(file, b"one") as texts:
            assert reason in await asyncio.to_thread(texts.get, timeout=PATIENCE_SECONDS)
            with pytest.raises(Empty):  # the file is read meanwhile
                await asyncio.to_thread(texts.get, timeout=2 * OFTEN)
            other = file.with_name("other")
            other.write_bytes(b"one")
            if file.is_dir() and not file.is_symlink():
                file.rmdir()
            other.replace(file)
            assert await asyncio.to_thread(texts.get, timeout=PATIENCE_SECONDS) == b"one"

    asyncio.run(follow())


def test_the_same_text_is_no_change(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_bytes(b"one")

    async def read_on() -> None:
        async with watching(file, b"none") as texts:
            assert await asyncio.to_thread(texts.get, timeout=PATIENCE_SECONDS) == b"one"
            file.write_bytes(b"one")
            with pytest.raises(Empty):  # the file is read meanwhile
                await asyncio.to_thread(texts.get, timeout=2 * OFTEN)

    asyncio.run(read_on())


def test_a_copy_that_cannot_be_written_stops_no_flip(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    text = '[gateway]\nnew = "tests.support.gateway_apps:new"\ndefault = "new"\n[routes]\n'
    file.write_text(text)
    gateway = create_app(file, last_good=tmp_path / "nowhere" / "map.toml")

    async def flip_twice() -> None:
        async with running(gateway):
            for number in (1, 2):
                other = file.with_name("other")
                other.write_text(f'{text}"GET /a{number}" = "new"\n')
                other.replace(file)
                await asyncio.to_thread(
                    wait_until, lambda key=f"GET /a{number}": [r.key for r in gateway.project.map.routes] == [key]
                )

    asyncio.run(flip_twice())


@pytest.mark.process
def test_a_probe_says_where_a_map_is_wrong_and_not_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text(text_of("legacy"))
    with serve_gateway(file) as server:
        lines = "".join(f'"GET /{number}" = "s3cret"\n' for number in range(50))
        file.write_text(text_of("legacy") + f'{lines}[parity]\nenvironment = "KEY=s3cret"\n')
        wait_until(lambda: json.loads(ask(server, request("/_gateway/ready")).body)["map"]["faults"]["count"] == 51)
        answer = ask(server, request("/_gateway/ready")).body
        assert b"s3cret" not in answer
        assert json.loads(answer)["map"]["faults"]["at"][0] == 'map.toml:9: routes."GET /0"'
        assert len(json.loads(answer)["map"]["faults"]["at"]) == 20
        server.wait_for_log("KEY=s3cret")
