"""Ways out of a side that no audit event tells: threads of the app, files that SQLite opens, connections made in C."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.comparing.observation import Observation
from gateway.config.parity_table import ReplaySettings
from gateway.errors import ReplayError
from gateway.parity.replaying.replay import Replay
from tests.parity.replaying.library import fill
from tests.parity.replaying.running import ROOT, ask, file_hash, library, replaying

pytestmark = pytest.mark.process

BROKEN = "tests.parity.replaying.broken_apps"


@pytest.fixture
def settings(tmp_path: Path) -> ReplaySettings:
    return library(tmp_path)


@contextmanager
def on_both(settings: ReplaySettings, app: str, **environment: str) -> Iterator[Replay]:
    """The app on both sides."""
    given = replace(settings, environment=(*settings.environment, *environment.items()))
    with replaying(given, legacy=f"{BROKEN}:{app}", new=f"{BROKEN}:{app}") as replay:
        yield replay


def seen_of(replay: Replay, request: str) -> tuple[Observation, Observation]:
    (step,) = ask(replay, request).steps
    return step.control, step.candidate


def body_of(observation: Observation) -> str:
    assert observation.response is not None, observation
    return observation.response.body.decode()


def test_a_thread_of_the_app_is_contained_while_the_database_is_looked_at(
    settings: ReplaySettings, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    with on_both(settings, "going_on", ELSEWHERE=str(elsewhere)) as replay:
        assert len(seen_of(replay, "GET /later")[0].effects.rows) == 2000
    assert not elsewhere.exists()


@pytest.fixture(scope="module")
def attaching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    with on_both(library(tmp_path_factory.mktemp("attaching")), "attaching") as replay:
        yield replay


def test_what_a_requests_own_thread_tries_is_the_requests_effect_and_paths_of_a_side_are_no_difference(
    settings: ReplaySettings,
) -> None:
    apps = f"{BROKEN}:leaving_a_thread", f"{BROKEN}:leaving_a_thread_async"
    with replaying(settings, *apps) as replay:
        for request, tried in (
            ("GET /mail", [("resolve", "smtp.example.com:25")]),
            ("GET /program", [("subprocess", "cc -o {own}/files/a.out a.c")]),
        ):
            for seen in seen_of(replay, request):
                assert [(one.kind, one.target) for one in seen.effects.outbound] == tried
        measured = [json.loads(body_of(seen))["seconds"] for seen in seen_of(replay, "GET /mail")]
        assert measured[0] == measured[1]
        assert 0 < measured[0] < 0.001


@pytest.mark.parametrize("way", ["module", "class", "script", "engine", "listener"])
def test_sqlite_opens_no_other_file(attaching: Replay, tmp_path: Path, way: str) -> None:
    real, copy = tmp_path / "real.sqlite3", tmp_path / "copy.sqlite3"
    fill(f"sqlite:///{real}")
    before = file_hash(real)
    attach = f"ATTACH '{real}' AS real"
    for statement in (attach, f"-- now\n{attach.lower()}", f"VACUUM INTO '{copy}'", "VACUUM"):
        for seen in seen_of(attaching, f"GET /{way}?statement={quote(statement)}"):
            assert body_of(seen) in ("OperationalError", "ContainedFileError")
            (attempt,) = seen.effects.outbound
            assert (attempt.kind, attempt.target) == ("database", statement.replace("\n", " "))
    assert file_hash(real) == before
    assert not copy.exists()


@pytest.mark.parametrize(
    ("app", "name"),
    [
        ("importing", "pg8000"),
        ("importing", "postgresql.driver"),
        ("importing", "apsw"),
        ("importing", "uvloop"),
        ("importing_by_name", "uvloop"),
    ],
)
def test_what_cannot_be_watched_is_not_imported(settings: ReplaySettings, app: str, name: str) -> None:
    with pytest.raises(ReplayError) as raised, on_both(settings, app, LIBRARY=name):
        pass
    assert f"ContainedImportError: a parity run cannot watch the connections of {name}" in str(raised.value)
    assert f"refused: connect by {name}, whose connections cannot be watched" in str(raised.value)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def gives_a_network() -> bool:
    """Whether the kernel has one for a process of this user's; another program asks."""
    as_user = () if os.getuid() == 0 else ("--user", "--map-current-user")
    return shutil.which("unshare") is not None and not subprocess.call(["unshare", *as_user, "--net", "true"])


def test_what_connects_below_python_does_not_arrive(settings: ReplaySettings, listener: socket.socket) -> None:
    if not gives_a_network():
        pytest.skip("the kernel gives a process no network of its own: what connects below Python is not stopped here")
    with on_both(settings, "below_python") as replay:
        bodies = [body_of(seen) for seen in seen_of(replay, f"GET /{listener.getsockname()[1]}")]
    assert bodies == ["ECONNREFUSED"] * 2
    with pytest.raises(BlockingIOError):
        listener.accept()


UNSHARE = {"x86_64": 272, "aarch64": 97}
"""Its number among the system calls."""
REFUSED = """
import ctypes, os, struct, sys
from gateway.parity.replaying.network import leave_network

number = int(sys.argv[1])
load, is_it, refuse, allow = (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in (load, is_it, refuse, allow)))
libc, program = ctypes.CDLL(None), struct.pack("HxxxxxxP", 4, ctypes.addressof(code))
assert libc.prctl(38, 1, 0, 0, 0) == libc.prctl(22, 2, program, 0, 0) == 0
before = os.stat("/proc/self/ns/net"), os.getuid()
print(leave_network(), (os.stat("/proc/self/ns/net"), os.getuid()) == before)
"""
"""As in a container: its filter of system calls has EPERM for `unshare`."""


@pytest.mark.skipif(platform.machine() not in UNSHARE, reason="the number of unshare is not known here")
def test_a_kernel_that_gives_no_network_is_no_error() -> None:
    command = [sys.executable, "-c", REFUSED, str(UNSHARE[platform.machine()])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False True\n", "")


def test_what_is_written_by_a_handle_from_before_is_an_effect_and_is_gone_with_the_case(
    settings: ReplaySettings,
) -> None:
    with on_both(settings, "keeping_a_log") as replay:
        for _ in range(2):
            for seen in seen_of(replay, "GET /pay"):
                assert body_of(seen) == "paid\n"
                assert [text.rpartition(" ")[0] for text in seen.effects.files] == ["written files/audit.log"]


@pytest.fixture(scope="module")
def naming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Replay, Path]]:
    directory = tmp_path_factory.mktemp("naming")
    with on_both(library(directory), "naming_a_file") as replay:
        yield replay, directory / "library.sqlite3"


@pytest.mark.parametrize("way", ["module", "keyword", "class", "factory", "uri", "bytes", "relative", "engine"])
def test_where_code_names_the_real_database_each_side_opens_its_own(
    naming: tuple[Replay, Path], tmp_path: Path, way: str
) -> None:
    replay, real = naming
    other, link, before = tmp_path / "other.sqlite3", tmp_path / "link.sqlite3", file_hash(real)
    fill(f"sqlite:///{other}")
    link.symlink_to(real)
    for path in (real, link):
        for seen in seen_of(replay, f"GET /{way}?path={quote(str(path))}"):
            assert (body_of(seen), len(seen.effects.rows), seen.effects.outbound) == ("3", 1, ())
    for seen in seen_of(replay, f"GET /{way}?path={quote(str(other))}"):
        assert body_of(seen) == "ContainedFileError"
        assert seen.effects.rows == ()
    assert file_hash(real) == before


def test_a_directory_that_is_there_may_be_made(settings: ReplaySettings, tmp_path: Path) -> None:
    with on_both(settings, "making_directories", PRESENT=str(tmp_path), ABSENT=str(tmp_path / "absent")) as replay:
        for seen in seen_of(replay, "GET /"):
            assert body_of(seen) == "FileExistsError, none, ContainedFileError"
            assert [attempt.target for attempt in seen.effects.outbound] == [str(tmp_path / "absent")]
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("way", ["module", "engine"])
def test_what_sqlite_draws_is_the_same_on_both_sides(settings: ReplaySettings, way: str) -> None:
    with on_both(settings, "drawing") as replay:
        first, second = (seen_of(replay, f"GET /{way}{query}") for query in ("", "?again"))
    assert body_of(first[0]) == body_of(first[1]) != body_of(second[0]) == body_of(second[1])
    (one, other, _, length), *rows = json.loads(body_of(first[0]))
    assert (one != other, length) == (True, 1)
    assert len({key for key, _ in rows}) == 20
    assert [at for _, at in rows] != sorted(at for _, at in rows)
