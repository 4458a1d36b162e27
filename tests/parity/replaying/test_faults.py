"""What goes wrong on a side is told, costs one case, and leaves no process, directory or change behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config.parity_table import ReplaySettings
from gateway.errors import ReplayError
from gateway.parity.compared_case import ComparedCase
from gateway.parity.replaying.replay import Replay
from gateway.parity.replaying.sandbox import ReplaySetup
from tests.parity.replaying.library import fill
from tests.parity.replaying.running import (
    LEGACY,
    NEW,
    ROOT,
    ask,
    case,
    file_hash,
    library,
    never,
    replaying,
    step,
    with_timeout,
)
from tests.support.servers import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.process

BROKEN = "tests.parity.replaying.broken_apps"


@pytest.fixture
def settings(tmp_path: Path) -> ReplaySettings:
    return library(tmp_path)


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads, processes = {*threading.enumerate()}, children()
    yield
    assert not list(tmp_path.glob("gateway-parity-*"))
    assert children() <= processes
    assert {*threading.enumerate()} <= threads


def children() -> set[str]:
    """Processes of this one, zombies too."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_hanging_side_is_ended_and_the_next_case_runs(settings: ReplaySettings) -> None:
    with replaying(with_timeout(settings, 3), new=LEGACY) as replay:
        assert ask(replay, "GET /books", "GET /hang").refused == 'no answer to "GET /hang" within 3 s'
        assert ask(replay, "GET /books").refused == ""


def test_a_crash_names_the_side_and_how_it_ended(settings: ReplaySettings) -> None:
    with replaying(settings, new="tests.parity.replaying.new_app:app") as replay:
        assert ask(replay, "GET /crash").refused == "the control ended with exit code 3"
        assert ask(replay, "GET /books").refused == ""


@pytest.mark.long
def test_both_sides_start_anew_so_that_their_memories_have_the_same_past(settings: ReplaySettings) -> None:
    with replaying(settings, new=LEGACY) as replay:
        assert [seen(replay, "GET /count") for _ in range(2)] == [("1", "1"), ("2", "2")]
        assert ask(replay, "GET /crash").refused
        assert seen(replay, "GET /count") == ("1", "1")


def seen(replay: Replay, request: str) -> tuple[str, str]:
    (pair,) = ask(replay, request).steps
    assert pair.control.response is not None
    assert pair.candidate.response is not None
    return pair.control.response.body.decode(), pair.candidate.response.body.decode()


@pytest.mark.long
def test_a_transaction_or_a_connection_left_open_costs_a_restart(settings: ReplaySettings) -> None:
    with replaying(settings, new=LEGACY) as replay:
        for request in ("/lock", "/lock-raw", "/leak"):
            assert seen(replay, "GET /count") == ("1", "1")
            assert ask(replay, f"GET {request}").refused == ""
            (pair,) = ask(replay, step("POST /books", b'{"title": "New"}')).steps
            assert pair.control.effects.rows == pair.candidate.effects.rows != ()


@pytest.mark.parametrize(
    ("app", "told"),
    [
        ("reaching", ["ContainedConnectionError", "refused: resolve cache.example.com:6379", "| looking for"]),
        ("dying", ["the control did not start: ended with exit code 5", "| goodbye"]),
        ("failing_lifespan", ["the control did not start: LookupError: no settings"]),
        ("nothing", ['legacy: module "tests.parity.replaying.broken_apps" has no attribute "nothing"']),
    ],
)  # fmt: skip
def test_a_side_that_does_not_start_says_why(settings: ReplaySettings, app: str, told: list[str]) -> None:
    with pytest.raises(ReplayError) as raised, replaying(settings, legacy=f"{BROKEN}:{app}"):
        pass
    for text in told:
        assert text in str(raised.value)


def test_the_candidate_is_named_too(settings: ReplaySettings) -> None:
    with (
        pytest.raises(ReplayError, match="the candidate did not start: LookupError"),
        replaying(settings, new=f"{BROKEN}:failing_lifespan"),
    ):
        pass


def test_another_database_is_out_of_reach(settings: ReplaySettings, tmp_path: Path) -> None:
    real = tmp_path / "another.sqlite3"
    fill(f"sqlite:///{real}")
    before = file_hash(real)
    reached = replace(settings, environment=(*settings.environment, ("REAL_DATABASE", str(real))))
    with (
        pytest.raises(ReplayError, match=f"it tried, and was refused: database {real}"),
        replaying(reached, legacy=f"{BROKEN}:real_database"),
    ):
        pass
    assert file_hash(real) == before


def test_what_a_start_tried_and_survived_is_noted(settings: ReplaySettings) -> None:
    with replaying(settings, legacy=f"{BROKEN}:logging_elsewhere") as replay:
        assert replay.notes == ["the control tried while it started, and was refused: write /tmp/elsewhere.log"]
    assert not Path("/tmp/elsewhere.log").exists()


def test_a_database_in_memory_is_noted(settings: ReplaySettings) -> None:
    with replaying(settings, new=f"{BROKEN}:in_memory") as replay:
        assert replay.notes == [
            "the candidate keeps a database in memory; what a case changes there stays for the next ones"
        ]


def test_the_state_after_the_legacy_apps_start_is_everyones_baseline(settings: ReplaySettings) -> None:
    with replaying(settings, legacy=f"{BROKEN}:seeding_legacy", new=f"{BROKEN}:seeding_lifespan") as replay:
        assert seen(replay, "GET /authors") == ("3", "3")
        assert replay.notes == [
            "the start of the candidate changed the database (authors); every case begins without it"
        ]


def test_arguments_go_to_factories_that_take_them(settings: ReplaySettings) -> None:
    given = replace(settings, arguments=(("greeting", "hello"), ("where", "{directory}/{side}")))
    with replaying(given, legacy=f"{BROKEN}:with_arguments", new=f"{BROKEN}:with_arguments") as replay:
        assert seen(replay, "GET /greeting") == ("hello control", "hello candidate")


def test_a_run_that_is_left_early_ends_its_sides(settings: ReplaySettings) -> None:
    with replaying(settings, workers=2) as replay:
        pairs = replay.run((case("GET /books", name=str(number)) for number in range(10_000)), never)
        assert next(pairs).refused == ""


INTERRUPTED = """
import signal, sys
from pathlib import Path
from tests.parity.replaying.running import *
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has a job in the background ignore it
with replaying(with_timeout(library(Path(sys.argv[1])), 5), new=LEGACY, workers=2) as replay:
    print("up", flush=True)
    for pair in replay.run([case("GET /hang", name=str(number)) for number in range(9)], never):
        pass
"""


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_sides_end_with_their_run(tmp_path: Path, number: signal.Signals) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    (tmp_path / "tmp").mkdir()
    assert run.stdout is not None
    assert run.stdout.readline() == "up\n"
    sides = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    assert len(sides) == 4
    run.send_signal(number)
    run.communicate(timeout=PATIENCE_SECONDS)
    wait_until(lambda: not any(Path(f"/proc/{side}").exists() for side in sides))
    if number == signal.SIGINT:
        assert not list((tmp_path / "tmp").iterdir())


def test_no_database_is_said_by_name(tmp_path: Path) -> None:
    setup = ReplaySetup(LEGACY, NEW, ReplaySettings(database="sqlite:///nowhere.sqlite3"), tmp_path)
    with pytest.raises(ReplayError) as raised, Replay(setup, workers=1, seed=1):
        pass
    assert str(raised.value) == (
        f'no database "{tmp_path}/nowhere.sqlite3"; [parity] database names the one that a parity run copies'
    )


def test_an_unknown_state_of_a_case_is_said_by_name(settings: ReplaySettings) -> None:
    with replaying(settings) as replay:
        odd = replace(case("GET /books"), state="odd.sqlite3")
        with pytest.raises(ReplayError, match=r'case "GET /books": no state ".*corpus/states/odd.sqlite3"'):
            list(replay.run([odd], never))


def test_a_case_may_bring_its_own_state(settings: ReplaySettings, tmp_path: Path) -> None:
    states = tmp_path / "corpus" / "states"
    states.mkdir(parents=True)
    (tmp_path / "library.sqlite3").rename(states / "full.sqlite3")
    empty = replace(settings, database=None)
    with replaying(replace(empty, corpus=str(tmp_path / "corpus"))) as replay:
        cases = [case("GET /books"), replace(case("GET /books", name="full"), state="full.sqlite3")]
        assert [statuses(pair) for pair in replay.run(cases, never)] == [[500, 500], [200, 200]]


def statuses(pair: ComparedCase) -> list[int]:
    (found,) = pair.steps
    return [seen.response.status for seen in (found.control, found.candidate) if seen.response]


def test_a_forgotten_commit_shows_in_the_rows(settings: ReplaySettings) -> None:
    with replaying(settings, new="tests.parity.replaying.new_app:forgetful") as replay:
        (pair,) = ask(replay, step("POST /books", b'{"title": "New"}')).steps
    assert pair.control.response is not None
    assert pair.candidate.response is not None
    assert pair.control.response.status == pair.candidate.response.status == 201
    assert [len(seen.effects.rows) for seen in (pair.control, pair.candidate)] == [1, 0]


def test_a_query_per_row_shows_in_the_statements(settings: ReplaySettings) -> None:
    with replaying(settings, new="tests.parity.replaying.new_app:asking") as replay:
        (pair,) = ask(replay, "GET /books").steps
    assert pair.control.effects.statements == ("SELECT books",)
    assert pair.candidate.effects.statements == ("SELECT authors", "SELECT books", "SELECT books")
