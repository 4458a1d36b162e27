"""`gateway flip` with and without evidence, what its audit keeps, and what `gateway check` says afterwards."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from gateway.cli.main import main
from gateway.comparing.result import Outcome
from gateway.errors import MapError
from gateway.rollout.flips import Flips
from gateway.routing.route import Mode
from gateway.store.store import AuditEntry, Store
from tests.evidence.proofs import prove
from tests.support.projects import Project, project_in

MAP = Path("migration_map.toml")
FILES = {
    "shop.py": """
        import flask

        app = flask.Flask(__name__, static_folder=None)

        @app.get("/todos")
        def list_todos(): return "[]"

        @app.get("/todos/<int:todo_id>")
        def read_todo(todo_id): return "{}"
    """,
    "new_shop.py": """
        from fastapi import FastAPI

        app = FastAPI(openapi_url=None)

        @app.api_route("/todos", methods=["GET", "HEAD"])
        def todos(): return []

        @app.api_route("/todos/{todo_id}", methods=["GET", "HEAD"])
        def read_todo(todo_id: int): return {}

        @app.get("/only-new")
        def only_new(): return "new"
    """,
    "migration_map.toml": """
        [gateway]
        legacy = "shop:app"
        new = "new_shop:app"

        [routes]
        "GET /todos" = "legacy"
        "GET /todos/<int:todo_id>" = "legacy"
        "GET /only-new" = "new"
    """,
    "corpus/todos.toml": """
        [[case]]
        name = "todos"
        [[case.step]]
        request = "GET /todos"
    """,
}
TODOS = "GET /todos"
MADE = '2026-11-20 14:03 UTC, when the map said "GET /todos" = "legacy"'
NEVER = "no parity run has covered it"
WAYS = f'gateway parity "{TODOS}" replays it on both sides; --force --reason "..." flips it all the same'

Gateway = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with project_in(tmp_path) as project:
        for name, text in FILES.items():
            project.write(name, text)
        yield project


@pytest.fixture
def gateway(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gateway:
    """The command as its entry point runs it, on modules as they are now."""
    assert project.directory == Path.cwd()

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gateway", *arguments])
        forget()
        with pytest.raises(SystemExit) as ended:
            sys.exit(main())
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def forget() -> None:
    for name in ("shop", "new_shop"):
        sys.modules.pop(name, None)
    for compiled in Path().glob("__pycache__/*"):
        compiled.unlink()


def edit(file: str, old: str, new: str) -> None:
    text = Path(file).read_text()
    assert text.count(old) == 1
    Path(file).write_text(text.replace(old, new))


def proven(*routes: str, **changed: object) -> None:
    forget()
    prove(MAP, *(routes or (TODOS,)), **changed)


def refusal(*reasons: str) -> tuple[int, str, str]:
    lines = [*(f"not flipped: {reason}" for reason in reasons), WAYS]
    return 2, "", "".join(f'error migration_map.toml: routes."{TODOS}": {line}\n' for line in lines)


def audit() -> tuple[AuditEntry, ...]:
    with Store.open("sqlite:///.gateway/parity.sqlite3") as store:
        return store.audit()


def mode() -> str:
    return next(line for line in MAP.read_text().splitlines() if line.startswith(f'"{TODOS}" '))


# --- refused without evidence ---


@pytest.mark.parametrize("arguments", [["new"], ["canary", "--percent", "1"]])
def test_a_route_that_nothing_has_compared_is_not_flipped(
    gateway: Gateway, project: Project, arguments: list[str]
) -> None:
    before = project.files()
    assert gateway("flip", TODOS, *arguments) == refusal(NEVER)
    assert mode() == '"GET /todos" = "legacy"'
    assert project.files() == before


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("shop.py", '"[]"', '"[1]"', f"the handler list_todos changed since {MADE}"),
        ("new_shop.py", "return []", "return [1]", f"the handler new_shop:todos changed since {MADE}"),
        (
            "corpus/todos.toml",
            '"GET /todos"',
            '"GET /todos?page=2"',
            "the corpus changed: 1 case as before, but not the same",
        ),
        ("migration_map.toml", "[routes]", "[parity]\nmin_requests = 7\n[routes]", "the policy changed"),
    ],
)
def test_what_has_changed_since_the_run_is_told(gateway: Gateway, file: str, old: str, new: str, reason: str) -> None:
    proven()
    edit(file, old, new)
    assert gateway("flip", TODOS, "new") == refusal(reason)


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ({"outcome": Outcome.MISMATCHED, "matched": 38, "mismatched": 3}, "mismatched: 3 of 41 requests differ"),
        ({"outcome": Outcome.INCONCLUSIVE, "note": "3 of 5 requests needed"}, "inconclusive: 3 of 5 requests needed"),
    ],
)
def test_a_verdict_that_shows_no_match_flips_nothing(gateway: Gateway, verdict: dict[str, object], reason: str) -> None:
    proven(**verdict)
    assert gateway("flip", TODOS, "new") == refusal(reason)


def test_more_clients_need_evidence_and_fewer_do_not(gateway: Gateway) -> None:
    edit("migration_map.toml", '"GET /todos" = "legacy"', '"GET /todos" = { mode = "canary", percent = 10 }')
    assert gateway("flip", TODOS, "canary", "--percent", "11") == refusal(NEVER)
    assert gateway("flip", TODOS, "new") == refusal(NEVER)
    assert gateway("flip", TODOS, "canary", "--percent", "9")[0] == 0
    assert gateway("flip", TODOS, "legacy")[0] == 0


def test_a_canary_of_everyone_is_not_new_yet(gateway: Gateway) -> None:
    edit("migration_map.toml", '"GET /todos" = "legacy"', '"GET /todos" = { mode = "canary", percent = 100 }')
    assert gateway("flip", TODOS, "new") == refusal(NEVER)


# --- what is let through ---


@pytest.mark.parametrize("outcome", [Outcome.MATCHED, Outcome.IGNORED])
def test_fresh_evidence_flips(gateway: Gateway, outcome: Outcome) -> None:
    proven(outcome=outcome)
    flipped = 'migration_map.toml:6\n- "GET /todos" = "legacy"\n+ "GET /todos" = "new"\n'
    assert gateway("flip", TODOS, "new") == (0, flipped, "")
    (entry,) = audit()
    assert entry == AuditEntry(entry.at, getpass.getuser(), TODOS, "legacy", "new", "", False, 1)


def test_evidence_of_one_route_stays_fresh_while_another_changes(gateway: Gateway) -> None:
    proven()
    edit("shop.py", '"{}"', '"{1}"')
    edit("new_shop.py", "return {}", "return {1}")
    edit(
        "corpus/todos.toml",
        '"GET /todos"\n',
        '"GET /todos"\n[[case]]\nname = "b"\n[[case.step]]\nrequest = "GET /todos/1"\n',
    )
    edit(
        "migration_map.toml",
        "[routes]",
        '[[parity.ignore]]\nwhere = "status"\nreason = "x"\nroute = "GET /x"\n[routes]',
    )
    assert gateway("flip", TODOS, "new")[0] == 0


def test_a_route_that_only_the_new_side_has_needs_none(gateway: Gateway) -> None:
    edit("migration_map.toml", '"GET /only-new" = "new"', '"GET /only-new" = { mode = "canary", percent = 0 }')
    assert gateway("flip", "GET /only-new", "new")[0] == 0


def test_a_person_overrides_with_a_reason_that_is_kept(gateway: Gateway) -> None:
    assert gateway("flip", TODOS, "new", "--force", "--reason", "the old database is gone")[0] == 0
    assert mode() == '"GET /todos" = "new"'
    (entry,) = audit()
    assert (entry.forced, entry.reason, entry.evidence) == (True, "the old database is gone", None)


def test_what_would_have_been_let_through_is_not_kept_as_forced(gateway: Gateway) -> None:
    proven()
    assert gateway("flip", TODOS, "new", "--force", "--reason", "to be sure")[0] == 0
    assert [(entry.forced, entry.reason) for entry in audit()] == [(False, "to be sure")]


@pytest.mark.parametrize(
    "arguments", [["--force"], ["--reason", "x"], ["--force", "--reason", ""], ["--force", "--reason", "  "]]
)
def test_force_and_reason_go_together(gateway: Gateway, project: Project, arguments: list[str]) -> None:
    before = project.files()
    code, _, err = gateway("flip", TODOS, "new", *arguments)
    assert code == 2
    assert '--force and --reason "..." go together: whoever overrides says why' in err
    assert (mode(), project.files()) == ('"GET /todos" = "legacy"', before)


def test_no_reason_overrides_a_flip_that_harms(gateway: Gateway) -> None:
    edit("new_shop.py", '"/todos"', '"/renamed"')
    code, _, err = gateway("flip", TODOS, "new", "--force", "--reason", "x")
    assert (code, mode()) == (2, '"GET /todos" = "legacy"')
    assert "the new app has no such route" in err


# --- the audit ---


def test_every_flip_is_kept_also_those_back(gateway: Gateway) -> None:
    proven()
    gateway("flip", TODOS, "canary", "--percent", "12.5")
    gateway("flip", TODOS, "new")
    gateway("flip", TODOS, "legacy")
    moves = [("legacy", "canary 12.5 %"), ("canary 12.5 %", "new"), ("new", "legacy")]
    assert [(entry.before, entry.after) for entry in audit()] == moves


def test_history_lists_them(gateway: Gateway) -> None:
    assert gateway("history") == (0, "no store yet: nothing has been flipped or compared\n", "")
    gateway("flip", TODOS, "new", "--force", "--reason", "the [fire] is out")
    gateway("flip", TODOS, "legacy")
    when, who = (f"{entry.at:%Y-%m-%d %H:%M}" for entry in audit()), getpass.getuser()
    lines = [line.split() for line in gateway("history")[1].splitlines()]
    reason = ["FORCED:", "the", "[fire]", "is", "out"]
    assert lines == [
        ["when", "(UTC)", "who", "route", "from", "to", "reason"],
        [*next(when).split(), who, "GET", "/todos", "legacy", "new", *reason],
        [*next(when).split(), who, "GET", "/todos", "new", "legacy"],
    ]
    assert gateway("history", TODOS) == gateway("history")
    assert gateway("history", "GET /other") == (0, "no flip\n", "")
    code, _, err = gateway("history", "gte /other")
    assert code == 2
    assert 'unknown method "gte"; did you mean "GET"?' in err


def test_a_way_back_is_open_while_the_store_is_not(gateway: Gateway) -> None:
    gateway("flip", TODOS, "new", "--force", "--reason", "x")
    Path(".gateway/parity.sqlite3").write_text("broken" * 1000)
    code, _, err = gateway("flip", TODOS, "legacy")
    assert (code, mode()) == (0, '"GET /todos" = "legacy"')
    assert err.startswith("warning flipped, but not in the audit: store ")
    code, _, err = gateway("flip", TODOS, "new", "--force", "--reason", "x")
    assert (code, mode()) == (2, '"GET /todos" = "legacy"')
    assert "file is not a database" in err


def test_a_map_that_cannot_be_written_leaves_no_entry(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    proven()
    monkeypatch.setattr(os, "fsync", lambda _descriptor: (_ for _ in ()).throw(OSError("no space")))
    assert gateway("flip", TODOS, "new")[0] == 2
    assert (mode(), audit()) == ('"GET /todos" = "legacy"', ())


def test_an_audit_that_fails_in_its_last_moment_leaves_the_map_as_it_was(gateway: Gateway) -> None:
    proven()

    def disk_is_full(_connection: Connection) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    event.listen(Engine, "commit", disk_is_full)
    try:
        code, _, err = gateway("flip", TODOS, "new")
    finally:
        event.remove(Engine, "commit", disk_is_full)
    assert (code, mode(), audit()) == (2, '"GET /todos" = "legacy"', ())
    assert "database or disk is full" in err


def test_a_flip_to_what_a_route_is_does_nothing(gateway: Gateway) -> None:
    place = "migration_map.toml:6"
    assert gateway("flip", TODOS, "legacy") == (0, f"nothing to do: GET /todos is legacy already ({place})\n", "")
    assert audit() == ()


@pytest.mark.usefixtures("gateway")
def test_flips_that_were_planned_at_once_are_all_in_the_map(project: Project) -> None:
    path = Path("migration_map.toml")
    plans = [(flips := Flips(path), flips.plan(key, Mode.NEW)) for key in (TODOS, "GET /todos/<int:todo_id>")]
    path.write_text("# a line above, by an editor\n" + path.read_text())
    for flips, plan in plans:
        assert flips.apply(plan, who="ada", reason="x", forced=True) is None
    written = project.read("migration_map.toml")
    assert '"GET /todos" = "new"' in written
    assert '"GET /todos/<int:todo_id>" = "new"' in written
    assert written.startswith("# a line above")
    assert [entry.route for entry in audit()] == [TODOS, "GET /todos/<int:todo_id>"]


@pytest.mark.usefixtures("gateway")
def test_a_line_that_somebody_else_has_changed_meanwhile_is_not_flipped() -> None:
    flips = Flips(Path("migration_map.toml"))
    plan = flips.plan(TODOS, Mode.NEW)
    edit("migration_map.toml", '"GET /todos" = "legacy"', '"GET /todos" = { mode = "canary", percent = 5 }')
    with pytest.raises(MapError, match=r"its line has become .*canary.*; look at it and flip again"):
        flips.apply(plan, who="ada", reason="x", forced=True)
    assert audit() == ()


def test_the_store_starts_at_the_maps_own_directory(gateway: Gateway, project: Project) -> None:
    project.write("conf/map.toml", FILES["migration_map.toml"])
    code, _, _ = gateway("--map", "conf/map.toml", "flip", TODOS, "new", "--force", "--reason", "x")
    assert code == 0
    assert Path("conf/.gateway/parity.sqlite3").is_file()
    assert not Path(".gateway").exists()


# --- check ---


def found(gateway: Gateway) -> list[tuple[str, str, str, str]]:
    findings = json.loads(gateway("check", "--json")[1])
    return [(each["level"], each["code"], each["subject"], each["message"]) for each in findings]


def test_check_has_one_finding_of_what_nothing_has_compared(gateway: Gateway) -> None:
    edit("migration_map.toml", '"GET /todos" = "legacy"', '"GET /todos" = "new"')
    edit("migration_map.toml", '"GET /todos/<int:todo_id>" = "legacy"', '"GET /todos/<int:todo_id>" = "new"')
    note = "flipped, but no parity run has compared both sides: `gateway parity` does"
    assert found(gateway) == [("note", "no-evidence", "2 routes", note)]
    edit("migration_map.toml", "[routes]", "[parity]\nmin_requests = 7\n[routes]")
    assert found(gateway) == [("warning", "no-evidence", "2 routes", note)]


def test_check_warns_of_each_flipped_route_whose_evidence_is_not_fresh(gateway: Gateway) -> None:
    proven()
    gateway("flip", TODOS, "new")
    assert found(gateway) == []
    edit("shop.py", '"[]"', '"[1]"')
    message = f"flipped, but the handler list_todos changed since {MADE}"
    assert found(gateway) == [("warning", "stale-evidence", TODOS, message)]
    assert gateway("check")[0] == 0
    assert gateway("check", "--strict")[0] == 1
    edit("new_shop.py", "return []", "return [1]")
    both = f"{message}; the handler new_shop:todos changed since 2026-11-20 14:03 UTC"
    assert found(gateway) == [("warning", "stale-evidence", TODOS, both)]
    gateway("flip", TODOS, "legacy")
    assert found(gateway) == []
