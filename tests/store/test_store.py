"""The store on both databases: what goes in comes out, several processes may use it, and its refusals say why."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from gateway.comparing.observation import Effects, Observation, Outbound
from gateway.comparing.result import Difference, Disposition, Outcome, ParityResult, Verdict
from gateway.errors import StoreError
from gateway.http.message import Request, Response
from gateway.store.rows import MAX_BODY_BYTES, MAX_HEAD_BYTES
from gateway.store.store import KEPT_RUNS, AuditEntry, Evidence, Fingerprints, Run, Store
from tests.support.servers import ROOT
from tests.support.stores import Store as Databases

NOW = datetime(2026, 11, 20, 14, 3, 7, 250, tzinfo=UTC)
CODE = Fingerprints("aa", "bb", "cc", "dd", 41, "todos.list_todos", "new:list_todos")


@pytest.fixture
def url(each_store: Databases) -> Iterator[str]:
    """An empty database, SQLite and PostgreSQL in turn."""
    with each_store.new_database(seeded=False) as url:
        yield url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as store:
        yield store


def result(case: str = "todos/list", step: int = 0, body: bytes = b"[]") -> ParityResult:
    request = Request("GET", b"/todos?q=\xff", ((b"Cookie", b"a=\xe9"), (b"Cookie", b"b=2")), b"\0\xff")
    control = Observation(Response(200, ((b"Content-Type", b"application/json"),), body), None, 0.25)
    candidate = Observation(None, "ValueError: \0 and \ud800 and caf\xe9", 0.5)
    ignored = Verdict(Difference("body.a\0", None, '"\u2028"'), Disposition.IGNORED, "so be it", "sorted")
    return ParityResult(case, step, "GET /todos", request, control, candidate, (ignored,), Outcome.IGNORED, "a note\0")


# --- runs and results ---


def test_a_run_goes_from_its_beginning_to_its_end(store: Store) -> None:
    assert (store.ignored_results(), store.interrupted_run(CODE)) == ((), None)
    run = store.begin_run(2**80, CODE)
    store.add_results(run, [result()])
    assert (store.ignored_results(), store.interrupted_run(CODE)) == ((), Run(run, 2**80))
    store.end_run(run, NOW)
    assert (store.ignored_results(), store.interrupted_run(CODE)) == ((result(),), None)


def test_an_interrupted_run_can_be_resumed_while_nothing_has_changed(store: Store) -> None:
    run = store.begin_run(7, CODE)
    store.add_results(run, [result("a"), result("a", 1)])
    store.end_run(run, NOW, interrupted=True)
    assert store.interrupted_run(CODE) == Run(run, 7)
    assert store.ignored_results() == ()
    assert {found.case for found in store.results_of(run)} == {"a"}
    for changed in ({"control": "x"}, {"candidate": "x"}, {"policy": "x"}, {"corpus": "x"}):
        assert store.interrupted_run(replace(CODE, **changed)) is None
    store.resume_run(run)
    assert store.interrupted_run(CODE) == Run(run, 7)
    store.end_run(run, NOW)
    assert store.interrupted_run(CODE) is None


def test_only_the_newest_run_is_resumed(store: Store) -> None:
    store.end_run(store.begin_run(7, CODE), NOW, interrupted=True)
    store.end_run(store.begin_run(8, CODE), NOW)
    assert store.interrupted_run(CODE) is None


def test_results_come_back_as_they_were_in_their_order(store: Store) -> None:
    kept = [result("b"), result("a"), result("a", 1, b"\0" * 10), replace(result("caf\xe9 \u2028"), control=None)]
    run, other = store.begin_run(1, CODE), store.begin_run(2, CODE)
    store.add_results(run, kept[:2])
    store.add_results(other, [result("other")])
    store.add_results(run, kept[2:])
    store.add_results(run, [])
    assert store.results_of(run) == tuple(kept)


def test_heads_and_bodies_are_kept_up_to_a_bound_and_effects_as_their_differences(store: Store) -> None:
    headers = tuple((b"X-%d" % number, b"v" * 1000) for number in range(40))
    effects = Effects(outbound=(Outbound("connect", "smtp.example.com:25"),))
    control = Observation(Response(200, headers, b"x" * (MAX_BODY_BYTES + 1)), None, 0.1, effects)
    whole = Observation(Response(200, (), b"x" * MAX_BODY_BYTES))
    request = Request("POST", b"/", (), b"y" * (MAX_BODY_BYTES * 2))
    run = store.begin_run(1, CODE)
    store.add_results(run, [replace(result(), request=request, control=control, candidate=whole)])
    (found,) = store.results_of(run)
    assert found.control is not None
    assert found.control.response == Response(
        200, headers[: MAX_HEAD_BYTES // 1004], b"x" * MAX_BODY_BYTES, is_cut=True
    )
    assert found.control.effects is None
    assert found.candidate == whole
    assert len(found.request.body) == MAX_BODY_BYTES


def test_results_are_kept_all_or_none(store: Store) -> None:
    run = store.begin_run(1, CODE)
    with pytest.raises(AttributeError):
        store.add_results(run, (each for each in (result(), None)))  # type: ignore[misc]
    with pytest.raises(StoreError):
        store.add_results(run, [result(), replace(result(), step=None)])  # type: ignore[arg-type]
    assert store.results_of(run) == ()


def test_results_of_old_runs_go_and_their_evidence_stays(store: Store) -> None:
    runs = []
    for number in range(KEPT_RUNS + 2):
        runs.append(store.begin_run(number, CODE))
        store.add_results(runs[-1], [result()])
        store.put_evidence([evidence(f"GET /{number}", runs[-1])])
    assert [len(store.results_of(run)) for run in runs] == [0, 0] + [1] * KEPT_RUNS
    assert len(store.evidence_for([f"GET /{number}" for number in range(99)])) == KEPT_RUNS + 2


# --- evidence ---


def evidence(route: str, run: int, matched: int = 38) -> Evidence:
    return Evidence(
        route=route,
        outcome=Outcome.MISMATCHED,
        matched=matched,
        ignored=1,
        mismatched=2,
        inconclusive=3,
        note="why not",
        fingerprints=CODE,
        made=NOW,
        run=run,
        map_line='"GET /todos" = "legacy"',
    )


def test_the_newest_evidence_of_each_route_is_found(store: Store) -> None:
    first, second = store.begin_run(1, CODE), store.begin_run(2, CODE)
    store.put_evidence([evidence("GET /a", first), evidence("GET /b", first), evidence("GET /c", first)])
    store.put_evidence([evidence("GET /a", second, 5)])
    store.put_evidence([])
    found = store.evidence_for(["GET /a", "GET /b", "GET /none"])
    assert found == {
        "GET /a": replace(evidence("GET /a", second, 5), id=4),
        "GET /b": replace(evidence("GET /b", first), id=2),
    }
    assert store.evidence_for([]) == {}


# --- audit ---


def test_the_audit_keeps_every_entry_in_order_with_the_time_as_utc(store: Store) -> None:
    summer = NOW.astimezone(timezone(timedelta(hours=2)))
    store.put_evidence([evidence("GET /a", store.begin_run(1, CODE))])
    entries = (
        AuditEntry(summer, "ada", "GET /a", "legacy", "canary 10 %", evidence=1),
        AuditEntry(NOW, "bob", "GET /b", "legacy", "new", "the fire is out: caf\xe9", forced=True),
        AuditEntry(NOW, "bob", "GET /a", "canary 10 %", "legacy"),
    )
    for entry in entries:
        with store.auditing(entry):
            pass
    assert store.audit() == entries
    assert {entry.at.tzinfo for entry in store.audit()} == {UTC}
    assert store.audit("GET /a") == (entries[0], entries[2])


def test_what_fails_while_it_is_audited_is_not_in_the_audit(store: Store) -> None:
    entry = AuditEntry(NOW, "ada", "GET /a", "legacy", "new")
    with pytest.raises(OSError, match="no space"), store.auditing(entry):
        raise OSError("no space")
    assert store.audit() == ()
    with store.auditing(entry):
        pass
    assert store.audit() == (entry,)


# --- opening ---


def test_a_store_is_opened_again_as_it_was(url: str) -> None:
    assert Store.find(url) is None
    with Store.open(url) as store:
        run = store.begin_run(1, CODE)
        store.add_results(run, [result()])
    with Store.open(url) as store:
        assert store.results_of(run) == (result(),)
    found = Store.find(url)
    assert found is not None
    assert found.results_of(run) == (result(),)
    found.close()


def test_looking_for_a_store_makes_nothing(url: str) -> None:
    assert Store.find(url) is None
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_store_of_a_newer_gateway_is_refused_and_left_alone(url: str) -> None:
    Store.open(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE gateway_version SET version = 4"))
    for look in (Store.open, Store.find):
        with pytest.raises(StoreError) as refused:
            look(url)
        assert str(refused.value) == (
            f'store "{make_url(url).render_as_string()}": of version 4, made by a newer gateway; '
            "this one knows versions up to 3; upgrade migration-gateway"
        )
    with engine.begin() as connection:
        assert connection.execute(text("SELECT version FROM gateway_version")).scalar_one() == 4
    engine.dispose()


VERSION_1 = Path(__file__).with_name("version_1.sql").read_text()
FOR_POSTGRESQL = {
    "\tid INTEGER": "\tid SERIAL",
    " DATETIME": " TIMESTAMP",
    " BLOB": " BYTEA",
    "X'": "'\\x",
    "'mismatched',0,": "'mismatched',false,",
    "'the fire is out',1,": "'the fire is out',true,",
    " %'": " %%'",
}
"""What SQLAlchemy made otherwise in PostgreSQL, and how its driver is told of values."""


def make_version_1(url: str) -> None:
    engine, script = create_engine(url), VERSION_1
    is_postgresql = engine.dialect.name == "postgresql"
    for old, new in FOR_POSTGRESQL.items() if is_postgresql else ():
        assert old in script
        script = script.replace(old, new)
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            connection.exec_driver_sql(statement)
        for table in ("runs", "results", "evidence", "audit") if is_postgresql else ():
            connection.exec_driver_sql(f"SELECT setval('gateway_{table}_id_seq', 1)")
    engine.dispose()


@pytest.mark.parametrize("look", [Store.open, Store.find])
def test_a_store_of_version_1_is_brought_to_this_one_with_all_that_it_has(
    url: str, look: Callable[[str], Store | None]
) -> None:
    make_version_1(url)
    kept = replace(evidence("GET /todos", 1), map_line="", id=1)
    entry = AuditEntry(NOW, "ada", "GET /todos", "legacy", "canary 10 %", "the fire is out", True, 1)
    for opened in (look(url), Store.open(url)):
        assert opened is not None
        with opened as store:
            assert store.results_of(1) == store.ignored_results() == (result(),)
            assert store.evidence_for(["GET /todos"]) == {"GET /todos": kept}
            assert store.audit() == (entry,)
    with Store.open(url) as store:
        newer = evidence("GET /todos", store.begin_run(8, CODE))
        store.put_evidence([newer])
        assert store.evidence_for(["GET /todos"]) == {"GET /todos": replace(newer, id=2)}


def test_an_old_store_that_was_brought_here_has_the_columns_of_a_new_one(url: str, tmp_path: Path) -> None:
    make_version_1(url)
    fresh = f"sqlite:///{tmp_path}/fresh.sqlite3"
    assert columns(url) == columns(fresh)


def columns(url: str) -> dict[str, dict[str, bool]]:
    """Table -> column -> whether it may be null, of a store of this version."""
    Store.open(url).close()
    engine = create_engine(url)
    look = inspect(engine)
    found = {
        table: {column["name"]: column["nullable"] for column in look.get_columns(table)}
        for table in look.get_table_names()
    }
    engine.dispose()
    return found


WRITER = """
import sys
from datetime import UTC, datetime
from gateway.store.store import AuditEntry, Store
print("ready", flush=True)
sys.stdin.readline()
with Store.open(sys.argv[1]) as store:
    for number in range(20):
        with store.auditing(AuditEntry(datetime.now(UTC), sys.argv[2], f"GET /{number}", "legacy", "new")):
            pass
"""


@pytest.mark.long
@pytest.mark.process
def test_several_processes_make_and_use_one_store_at_once(url: str) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, str(number)], cwd=ROOT, text=True, **pipes)
        for number in range(6)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 6
    with Store.open(url) as store:
        entries = store.audit()
    for number in range(6):
        assert [entry.route for entry in entries if entry.who == str(number)] == [f"GET /{n}" for n in range(20)]


def test_a_file_starts_at_the_root_and_its_new_directory_stays_out_of_version_control(tmp_path: Path) -> None:
    url = "sqlite:///.gateway/deep/parity.sqlite3"
    assert Store.find(url, tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    Store.open(url, tmp_path).close()
    directory = tmp_path / ".gateway" / "deep"
    assert (directory / ".gitignore").read_text() == "*\n"
    assert (directory / "parity.sqlite3").is_file()
    Store.open("sqlite:///own.sqlite3", tmp_path).close()
    assert not (tmp_path / ".gitignore").exists()
    Store.open(f"sqlite:///{tmp_path}/absolute.sqlite3", Path("/nowhere")).close()
    assert (tmp_path / "absolute.sqlite3").is_file()


LOOK = "`store` under [parity] says where it is"
OPTIONS = "a SQLite file is opened by its path alone; write sqlite:///FILE without options"
MEMORY = "memory keeps no evidence and no audit; name a file, sqlite:///FILE"
DIRECTORY = "is a directory; name a file in it"
WINDOWS = "a path of Windows, which would be one odd name here; write sqlite:///FILE with slashes"
UNFILLED = "nothing fills in ~, $NAME or {name} here; write the path itself"
NO_URL = 'is not the URL of a database, like "sqlite:///.gateway/parity.sqlite3" or "postgresql://user@host/name"'


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "parity.sqlite3",
            (
                'store: "parity.sqlite3" is not the URL of a database, like "sqlite:///.gateway/parity.sqlite3" '
                'or "postgresql://user@host/name"'
            ),
        ),
        (
            "mysql://u:secret@h/n",
            'store "mysql://u:***@h/n": neither SQLite nor PostgreSQL; write sqlite:///FILE or postgresql://...',
        ),
        (
            "sqlite:///file/x.sqlite3",
            f'store "sqlite:///{{root}}/file/x.sqlite3": unable to open database file; {LOOK}',
        ),
        (
            "sqlite:///file/deep/x.sqlite3",
            (
                'store "sqlite:///{root}/file/deep/x.sqlite3": "{root}/file/deep" cannot be made: '
                f"Not a directory; {LOOK}"
            ),
        ),
        ("sqlite:///file", f'store "sqlite:///{{root}}/file": file is not a database; {LOOK}'),
        ("sqlite:///file:x.sqlite3?uri=true", f'store "sqlite:///file:x.sqlite3?uri=true": {OPTIONS}'),
        ("sqlite:///file:deep/x.sqlite3", f'store "sqlite:///file:deep/x.sqlite3": {OPTIONS}'),
        ("sqlite:///x.sqlite3?mode=ro&uri=true", f'store "sqlite:///x.sqlite3?mode=ro&uri=true": {OPTIONS}'),
        ("sqlite:///x.sqlite3?timeout=60", f'store "sqlite:///x.sqlite3?timeout=60": {OPTIONS}'),
        ("sqlite://", f'store "sqlite://": {MEMORY}'),
        ("sqlite:///", f'store "sqlite:///": {MEMORY}'),
        ("sqlite:///:memory:", f'store "sqlite:///:memory:": {MEMORY}'),
        (
            "sqlite://x.sqlite3",
            'store "sqlite://x.sqlite3": a SQLite file has no host; write three slashes, sqlite:///FILE',
        ),
        ("sqlite:///directory", f'store "sqlite:///directory": {DIRECTORY}'),
        ("sqlite:///new/", f'store "sqlite:///new/": {DIRECTORY}'),
        ("sqlite:///.", f'store "sqlite:///.": {DIRECTORY}'),
        ("sqlite:///..", f'store "sqlite:///..": {DIRECTORY}'),
        ("sqlite:////", f'store "sqlite:////": {DIRECTORY}'),
        ("sqlite:///C:/data/x.sqlite3", f'store "sqlite:///C:/data/x.sqlite3": {WINDOWS}'),
        ("sqlite:///C:\\data\\x.sqlite3", f'store "sqlite:///C:\\data\\x.sqlite3": {WINDOWS}'),
        ("sqlite:///data\\x.sqlite3", f'store "sqlite:///data\\x.sqlite3": {WINDOWS}'),
        ("sqlite:///~/x.sqlite3", f'store "sqlite:///~/x.sqlite3": {UNFILLED}'),
        ("sqlite:///$HOME/x.sqlite3", f'store "sqlite:///$HOME/x.sqlite3": {UNFILLED}'),
        (
            "sqlite:///${DATA}/x.sqlite3",
            f'store "sqlite:///${{DATA}}/x.sqlite3": {UNFILLED}',
        ),
        ("sqlite:///{directory}/x.sqlite3", 'store "sqlite:///{directory}/x.sqlite3": ' + UNFILLED),
        (f"sqlite:///{'x' * 300}", f'store "sqlite:///{"x" * 300}": File name too long; {LOOK}'),
        (
            "sqlite+aiosqlite:///x.sqlite3",
            'store "sqlite+aiosqlite:///x.sqlite3": the driver is asynchronous; leave "+aiosqlite" out',
        ),
        (
            "postgresql+asyncpg://h/n",
            'store "postgresql+asyncpg://h/n": the driver is asynchronous; leave "+asyncpg" out',
        ),
        (
            "postgresql+nothing://h/n",
            f'store "postgresql+nothing://h/n": Can\'t load plugin: sqlalchemy.dialects:postgresql.nothing; {LOOK}',
        ),
        ("postgresql://h:port/n", f'store: "postgresql://h:port/n" {NO_URL}'),
        ("postgresql//ada:secret@h/n", f'store: "postgresql//ada:***@h/n" {NO_URL}'),
        ("sqlite:x.sqlite3", f'store: "sqlite:x.sqlite3" {NO_URL}'),
        ("sqlite:/x.sqlite3", f'store: "sqlite:/x.sqlite3" {NO_URL}'),
        ("", f'store: "" {NO_URL}'),
    ],
)
def test_a_store_that_cannot_be_opened_says_which_and_why(url: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a database, and long enough to be taken for one" * 20)
    (tmp_path / "directory").mkdir()
    with pytest.raises(StoreError) as refused:
        Store.open(url, tmp_path)
    assert str(refused.value) == message.replace("{root}", str(tmp_path))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["directory", "file"]


@pytest.mark.parametrize("name", ["x.sqlite3", "100%.sqlite3", "a b.sqlite3", "é.sqlite3", "a:b.sqlite3", "./x", "a?"])
def test_a_file_has_the_name_that_its_url_says(name: str, tmp_path: Path) -> None:
    Store.open(f"sqlite:///{name}", tmp_path).close()
    assert (tmp_path / name.removesuffix("?")).is_file()


def test_a_password_is_never_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        Store.open(f"postgresql://ada:hunter2@/name?host={tmp_path}")
    assert str(refused.value).startswith('store "postgresql://ada:***@/name?host=')
    assert "hunter2" not in str(refused.value)


def test_a_store_that_is_lost_while_it_is_open_is_told_as_such(tmp_path: Path) -> None:
    with Store.open("sqlite:///x.sqlite3", tmp_path) as store:
        with sqlite3.connect(tmp_path / "x.sqlite3") as connection:
            connection.execute("DROP TABLE gateway_audit")
        connection.close()
        with pytest.raises(StoreError) as failed:
            store.audit()
    assert str(failed.value) == f'store "sqlite:///{tmp_path}/x.sqlite3": no such table: gateway_audit; {LOOK}'
