"""What the sides answer and do: each request as a server would hand it over, with everything that it did besides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.comparing.observation import Compared, Observation
from gateway.comparing.result import Verdict
from gateway.parity.replaying.replay import Replay
from tests.parity.replaying.library import ATTEMPTS, MOMENTS
from tests.parity.replaying.running import LEGACY, ask, case, file_hash, library, mismatches, never, replaying, step

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def replay(directory: Path) -> Iterator[Replay]:
    with replaying(library(directory)) as replay:
        yield replay


def body_of(observation: Observation) -> str:
    assert observation.response is not None, observation
    return observation.response.body.decode()


def test_a_read_is_answered_by_both_without_effects(replay: Replay) -> None:
    (pair,) = ask(replay, "GET /books").steps
    for seen in (pair.control, pair.candidate):
        assert json.loads(body_of(seen)) == ["Ada 1", "Ada 2", "Bram 1", "Bram 2"]
        assert seen.error is None
        assert seen.duration > 0
        assert seen.effects.statements == ("SELECT books",)
        assert (seen.effects.rows, seen.effects.outbound, seen.effects.open_connections) == ((), (), 0)


@pytest.mark.parametrize(
    ("request_line", "status", "by_view"),
    [
        ("GET /books", 200, True),
        ("HEAD /books", 200, True),
        ("GET /books/x", 404, False),
        ("GET /books//1", 308, False),
        ("PATCH /books", 405, False),
        ("GET /books?closed=1", 200, False),
    ],
)
def test_what_flask_answers_without_a_view_is_seen(
    replay: Replay, request_line: str, status: int, by_view: bool
) -> None:
    (pair,) = ask(replay, request_line).steps
    assert pair.control.response is not None
    assert (pair.control.response.status, pair.control.by_view, pair.candidate.by_view) == (status, by_view, None)


def test_a_write_shows_its_row_and_the_next_case_begins_without_it(replay: Replay, directory: Path) -> None:
    before = file_hash(directory / "library.sqlite3")
    for _ in range(3):
        (pair,) = ask(replay, step("POST /books", b'{"title": "New"}')).steps
        for seen in (pair.control, pair.candidate):
            assert json.loads(body_of(seen)) == {"id": 5}
            (change,) = seen.effects.rows
            assert (change.table, change.kind, change.key, change.before) == ("books", "inserted", ("5",), ())
            assert change.after == (("id", "5"), ("title", '"New"'), ("author_id", "1"))
        assert "New" not in body_of(ask(replay, "GET /books").steps[0].control)
    assert file_hash(directory / "library.sqlite3") == before


def test_updates_and_deletions_show_what_was_there(replay: Replay) -> None:
    changes = ask(replay, "DELETE /authors/2").steps[0].control.effects.rows
    assert [(change.table, change.kind, change.key) for change in changes] == [
        ("authors", "updated", ("2",)),
        ("books", "deleted", ("3",)),
        ("books", "deleted", ("4",)),
    ]
    assert dict(changes[0].before)["name"] == '"Bram"'
    assert dict(changes[0].after)["name"] == '"nobody"'


def test_steps_build_on_each_other_and_each_side_keeps_its_own_values(replay: Replay) -> None:
    pair = ask(
        replay, step("POST /books", b'{"title": "New"}', id="body.id"), "GET /books/{{id}}", "GET /books/{{other}}"
    )
    assert [one.control_request.target for one in pair.steps[1:]] == [b"/books/5", b"/books/{{other}}"]
    assert [body_of(pair.steps[1].control).strip(), body_of(pair.steps[1].candidate)] == ['"New"', '"New"']
    assert pair.steps[1].control.effects.rows == ()


def test_what_needs_a_value_that_no_answer_had_is_not_asked(replay: Replay) -> None:
    looked = (
        step("GET /books/{{id}}"),
        step("GET /books/1", id="body.id"),
        step("GET /books/{{id}}", etag="header.etag"),
    )
    pair = ask(replay, step("GET /books", id="body.nothing"), *looked)
    assert [len(pair.steps), pair.refused] == [1, ""]
    assert pair.control_lacks == 'the control\'s answer to "GET /books" has nothing to capture at body.nothing'
    pair = ask(replay, step("GET /books", id="body.nothing"), step("GET /books", id="body[0]"), looked[0])
    assert (pair.control_lacks, pair.steps[2].control_request.target) == ("", b"/books/Ada 1")


def test_clock_random_numbers_uuids_and_sets_are_equal(replay: Replay) -> None:
    cases = [case("GET /moment", name=name) for name in ("once", "again")]
    first, second = (pair.steps[0] for pair in replay.run(cases, never))
    assert json.loads(body_of(first.control)) == json.loads(body_of(first.candidate))
    assert body_of(first.control) != body_of(second.control)


def test_every_moment_in_sql_is_the_frozen_one(replay: Replay) -> None:
    (pair,) = ask(replay, "GET /moment").steps
    told = json.loads(body_of(pair.control))
    frozen = datetime.fromtimestamp(told["time"], UTC).strftime("%Y-%m-%d %H:%M:%S")
    assert dict(zip(MOMENTS, told["sql"], strict=True)) == dict.fromkeys(MOMENTS, frozen)


def test_the_repeat_has_the_same_clock_other_numbers_and_another_hash_seed(replay: Replay) -> None:
    judged: list[bytes] = []

    def judge(one: Compared) -> tuple[Verdict, ...]:
        judged.append(one.control_request.target)
        return mismatches("body") if b"moment" in one.control_request.target else ()

    (pair,) = replay.run([case("GET /moment", "GET /books")], judge)
    assert judged == [b"/moment", b"/books", b"/moment"]  # again only where repeats were added
    assert pair.steps[1].repeats == ()
    repeats = [json.loads(body_of(repeat)) for repeat in pair.steps[0].repeats]
    control = json.loads(body_of(pair.steps[0].control))
    assert len(repeats) == 3
    for name, count in {"time": 1, "now": 1, "sql": 1, "uuids": 4, "random": 4}.items():
        assert len({json.dumps(one[name]) for one in (control, *repeats)}) == count
    assert {json.dumps(repeat["words"]) for repeat in repeats} != {json.dumps(control["words"])}


def test_the_repeat_is_not_asked_where_nothing_could_be_noise(replay: Replay) -> None:
    for found, asked in ((mismatches("status", "cookie.session.samesite"), 0), (mismatches("status", "body.id"), 3)):
        (pair,) = replay.run([case("GET /books")], lambda _, found=found: found)  # type: ignore[misc]
        assert len(pair.steps[0].repeats) == asked


def test_statements_and_rows_are_seen_without_sqlalchemy(replay: Replay) -> None:
    seen = ask(replay, "GET /raw").steps[0].control
    assert seen.effects.statements == ("SELECT authors", "UPDATE authors")
    assert [change.kind for change in seen.effects.rows] == ["updated"]


REFUSED = {
    "http": ("resolve", "example.com:80"),
    "loopback": ("resolve", "127.0.0.1:9"),
    "smtp": ("resolve", "smtp.example.com:25"),
    "datagram": ("connect", "127.0.0.1:9"),
    "program": ("subprocess", "id -u"),
    "system": ("subprocess", "id"),
    "fork": ("subprocess", "fork"),
    "file": ("write", "/tmp/outside.txt"),
    "remove": ("write", str(Path(__file__).with_name("library.py"))),
    "directory": ("write", "/tmp/outside"),
    "link": ("write", "/tmp/outside"),
    "rename": ("write", str(Path(__file__).with_name("library.py"))),
    "database": ("database", "/tmp/outside.sqlite3"),
    "engine": ("database", "/tmp/outside.sqlite3"),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_nothing_leaves_a_side(replay: Replay, name: str) -> None:
    (pair,) = ask(replay, f"GET /attempt/{name}").steps
    for seen in (pair.control, pair.candidate):
        assert body_of(seen) in ("ContainedConnectionError", "ContainedFileError", "URLError")
        assert [(one.kind, one.target) for one in seen.effects.outbound] == [REFUSED[name]]


def test_files_of_its_own_are_an_effect_and_are_gone_with_the_case(replay: Replay) -> None:
    pair = ask(replay, step("PUT /files/a.txt", b"hello"), "GET /files/a.txt")
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    for seen in (pair.steps[0].control, pair.steps[0].candidate):
        assert seen.effects.files == (f"written files/a.txt {digest}",)
    assert body_of(pair.steps[1].control) == "hello"
    assert body_of(ask(replay, "GET /files/a.txt").steps[0].control) == "none"


def test_a_file_was_written_at_the_frozen_moment(directory: Path) -> None:
    with replaying(library(directory), new=LEGACY) as replay:
        pair = ask(replay, step("PUT /files/a.txt", b"hello"), "GET /files/a.txt/modified")
    control, candidate = (json.loads(body_of(seen)) for seen in (pair.steps[1].control, pair.steps[1].candidate))
    assert control == candidate
    assert control["file"] == pytest.approx(control["clock"] - 1, abs=1e-6)  # a step is a second


def test_what_an_app_does_after_an_empty_chunk_is_done(replay: Replay) -> None:
    assert [name for name in ask(replay, "GET /effect-at-the-end").steps[0].control.effects.files if "end.txt" in name]


def test_an_error_without_words_is_told_by_its_name(replay: Replay) -> None:
    assert ask(replay, "GET /unspeakable").steps[0].control.error == "UnspeakableError"


def test_what_a_request_leaves_to_a_task_is_its_own_effect(replay: Replay) -> None:
    cases = [case(f"GET /books/{'later' if number % 2 else 1}", name=f"{number}") for number in range(20)]
    late = [len(pair.steps[0].candidate.effects.rows) for pair in replay.run(cases, never)]
    assert late == [0, 1] * 10
    assert len(ask(replay, "GET /books/slowly").steps[0].candidate.effects.rows) == 1


def test_error_records_are_an_effect_also_of_loggers_that_do_not_propagate(replay: Replay) -> None:
    seen = ask(replay, "GET /error").steps[0].control
    assert seen.effects.errors == ("library: the shelf is full of books",)


def test_an_exception_that_leaves_the_app_is_told_beside_its_answer(replay: Replay) -> None:
    (pair,) = ask(replay, "GET /raise").steps
    assert pair.control.error is None  # Flask answers and logs
    assert pair.control.effects.errors == ("tests.parity.replaying.legacy_app: Exception on /raise [GET]",)
    assert pair.candidate.error == "LookupError: no shelf"
    assert pair.candidate.response is not None
    assert pair.candidate.response.status == 500


def test_a_connection_that_is_not_given_back_is_counted(replay: Replay) -> None:
    assert ask(replay, "GET /leak").steps[0].control.effects.open_connections == 1


def test_an_endless_answer_is_cut(replay: Replay) -> None:
    (pair,) = ask(replay, "GET /stream").steps
    for seen in (pair.control, pair.candidate):
        assert seen.response is not None
        assert (seen.response.status, len(seen.response.body), seen.response.is_cut) == (200, 8 * 1024 * 1024, True)
    assert body_of(ask(replay, "GET /books").steps[0].control)


def test_head_has_no_body_and_the_lifespans_state_reaches_requests(replay: Replay) -> None:
    assert body_of(ask(replay, "HEAD /books").steps[0].control) == ""
    assert body_of(ask(replay, "GET /greeting").steps[0].candidate) == "hello"


def test_pairs_of_a_run_come_for_every_case(replay: Replay) -> None:
    names = [f"case {number}" for number in range(20)]
    pairs = replay.run([case("GET /books", name=name) for name in names], never)
    assert [pair.case.name for pair in pairs] == names
