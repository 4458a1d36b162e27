"""What a person sees of the `gateway` command: results on stdout, refusals on stderr, and the exit code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from gateway import __version__, create_app
from gateway.cli.main import main
from gateway.routing.canary import bucket_of, takes_new
from tests.evidence.proofs import prove
from tests.support.projects import Project, project_in
from tests.support.servers import PATIENCE_SECONDS

LEGACY = """
    import flask

    app = flask.Flask(__name__, static_folder=None)

    @app.before_request
    def load_user(): ...

    @app.get("/todos")
    def list_todos(): return "todos of Flask"

    @app.post("/todos")
    def add_todo(): return "added by Flask"

    @app.get("/todos/<int:todo_id>")
    def read_todo(todo_id): return "a todo of Flask"

    @app.get("/users/")
    def users(): return "users of Flask"

    @app.get("/plain")
    def plain(): return "plain of Flask"
"""
NEW = """
    from fastapi import FastAPI

    app = FastAPI(openapi_url=None)

    @app.api_route("/todos", methods=["GET", "HEAD", "POST"])
    def todos(): return "todos of FastAPI"

    @app.get("/todos/{todo_id}")
    def read_todo(todo_id: int): return "a todo of FastAPI"

    @app.get("/only-new")
    def only_new(): return "new"

    @app.get("/plain")
    def plain(): return "plain of FastAPI"
"""
MAP = """
    [gateway]
    legacy = "shop:app"
    new = "new_shop:app"

    [routes]
    "GET /todos"               = "new"     # first
    "POST /todos"              = "legacy"
    "GET /todos/<int:todo_id>" = { mode = "canary", percent = 10 }
    "GET /users/"              = "legacy"
    "GET /plain"               = "legacy"
    "GET /only-new"            = "new"

    [hooks]
    "shop:load_user" = "Depends(current_user)"
"""


@dataclass(frozen=True)
class Run:
    """One call of the command: what it printed, without the spaces that end a table's lines."""

    code: int
    out: str
    err: str


Gateway = Callable[..., Run]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with project_in(tmp_path) as project:
        project.write("shop.py", LEGACY)
        project.write("new_shop.py", NEW)
        project.write("migration_map.toml", MAP)
        yield project


@pytest.fixture
def gateway(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gateway:
    """The command as its entry point runs it, in the project's directory."""
    assert project.directory == Path.cwd()

    def run(*arguments: str) -> Run:
        monkeypatch.setattr(sys, "argv", ["gateway", *arguments])
        with pytest.raises(SystemExit) as ended:
            sys.exit(main())  # some commands return, some exit
        printed = capsys.readouterr()
        code = ended.value.code or 0
        assert isinstance(code, int)
        assert "Traceback" not in printed.err
        return Run(code, _trimmed(printed.out), _trimmed(printed.err))

    return run


def _trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def changed(project: Project, old: str, new: str) -> None:
    """Edits the map."""
    text = project.read("migration_map.toml")
    assert text.count(old) == 1
    (project.directory / "migration_map.toml").write_text(text.replace(old, new), encoding="utf-8")


def error(*lines: str) -> Run:
    return Run(2, "", "".join(f"error {line}\n" for line in lines))


# --- check ---


def codes(run: Run) -> list[str]:
    """The codes of the findings that `check --json` prints."""
    return [found["code"] for found in json.loads(run.out)]


def test_check_ends_with_0_when_there_is_no_error(gateway: Gateway) -> None:
    run = gateway("check", "--json")
    assert (run.code, run.err, codes(run)) == (0, "", ["no-evidence", "no-head"])


def test_check_says_when_there_is_nothing_to_say(gateway: Gateway, project: Project) -> None:
    changed(project, '{ mode = "canary", percent = 10 }', '"legacy"')
    changed(project, '"GET /todos"               = "new"', '"GET /todos" = "legacy"')
    assert gateway("check", "--strict") == Run(0, "nothing found: the map and both apps agree\n", "")


def test_check_ends_with_1_on_an_error_and_shows_the_worst_first(gateway: Gateway, project: Project) -> None:
    changed(project, '"shop:load_user" = "Depends(current_user)"', "")
    changed(project, '"GET /users/"              = "legacy"', '"GET /user/"               = "new"')
    assert gateway("check") == Run(
        1,
        """\
error [unknown-route] GET /user/
    neither app has this route; did you mean "GET /users/"?
error [lost-hook] shop:load_user
    before_request does not run on the new side; say under [hooks] what replaces it
    GET /todos, GET /todos/<int:todo_id>
note [no-evidence] 2 routes
    flipped, but no parity run has compared both sides: `gateway parity` does
    GET /todos, GET /todos/<int:todo_id>
note [no-head] 1 route
    flipped, but HEAD stays with Flask: the new side lacks it; `@app.head` beside `@app.get` has it
    GET /todos/<int:todo_id>
note [unlisted-legacy] 1 route
    Flask has them and the map does not list them, so the default answers
    GET /users/
2 errors, 3 notes
""",
        "",
    )


def test_check_ends_with_1_on_a_warning_only_when_it_is_strict(gateway: Gateway, project: Project) -> None:
    changed(project, '"GET /only-new"            = "new"', "")
    assert [gateway("check").code, gateway("check", "--strict").code] == [0, 1]


@pytest.mark.parametrize(("count", "more"), [(6, ""), (9, ", and 3 more")])
def test_check_counts_the_routes_that_it_does_not_name(
    gateway: Gateway, project: Project, count: int, more: str
) -> None:
    rules = "".join(f'app.add_url_rule("/many/{number}", "many{number}", plain)\n' for number in range(count))
    project.write("shop.py", f"{project.read('shop.py')}\n{rules}")
    named = ", ".join(f"GET /many/{number}" for number in range(6))
    assert f"note [unlisted-legacy] {count} routes\n" in gateway("check").out
    assert f"    {named}{more}\n" in gateway("check").out
    (note,) = [found for found in json.loads(gateway("check", "--json").out) if found["code"] == "unlisted-legacy"]
    assert note["routes"] == [f"GET /many/{number}" for number in range(count)]


def test_check_prints_json_with_the_same_exit_code(gateway: Gateway, project: Project) -> None:
    changed(project, '"GET /users/"              = "legacy"', '"GET /users/" = "new"')
    run = gateway("check", "--json")
    assert run.code == 1
    assert json.loads(run.out)[0] == {
        "level": "error",
        "code": "not-implemented",
        "subject": "GET /users/",
        "message": 'mode "new", but the new app has no such route: Flask would go on answering',
        "routes": ["GET /users/"],
    }
    assert [found["level"] for found in json.loads(run.out)] == ["error", "note", "note"]


# --- routes ---


def test_routes_lists_both_apps_by_path(gateway: Gateway, project: Project) -> None:
    changed(project, '"GET /plain"               = "legacy"', "")
    changed(project, '"GET /only-new"            = "new"', "")
    assert gateway("routes") == Run(
        0,
        """\
methods  rule                  mode         legacy has it  new has it
GET      /only-new             not listed   -              new_shop:only_new
GET      /plain                (legacy)     plain          new_shop:plain
GET      /todos                new          list_todos     new_shop:todos
POST     /todos                legacy       add_todo       new_shop:todos
GET      /todos/<int:todo_id>  canary 10 %  read_todo      new_shop:read_todo
GET      /users/               legacy       users          -

1 of 5 Flask routes are on the new side, 1 canary
""",
        "",
    )


def test_routes_shows_what_an_app_does_not_take_of_a_route(gateway: Gateway, project: Project) -> None:
    changed(project, '"GET /plain"               = "legacy"', '"GET,POST,PUT /plain" = "legacy"\n"/every" = "legacy"')
    lines = [line.split(maxsplit=3) for line in gateway("routes").out.splitlines()]
    assert ["GET,POST,PUT", "/plain", "legacy", "plain (not POST,PUT)  new_shop:plain (not POST,PUT)"] in lines
    assert ["any", "/every", "legacy", "-                     -"] in lines
    assert ["1", "of", "5", "Flask routes are on the new side, 1 canary"] in lines


def test_routes_prints_json(gateway: Gateway, project: Project) -> None:
    changed(project, '"GET /only-new"            = "new"', "")
    run = gateway("routes", "--json")
    assert (run.code, run.err) == (0, "")
    assert [row for row in json.loads(run.out) if row["route"] in ("GET /todos/<int:todo_id>", "GET /only-new")] == [
        {
            "route": "GET /todos/<int:todo_id>",
            "listed": True,
            "mode": "canary",
            "percent": 10.0,
            "legacy": ["read_todo"],
            "new": ["new_shop:read_todo"],
        },
        {
            "route": "GET /only-new",
            "listed": False,
            "mode": None,
            "percent": None,
            "legacy": [],
            "new": ["new_shop:only_new"],
        },
    ]


def test_a_file_or_pipe_gets_whole_lines_however_long(gateway: Gateway, project: Project) -> None:
    rule = "/" + "/".join(f"segment-{number}" for number in range(60))
    project.write("shop.py", f'{project.read("shop.py")}\napp.add_url_rule("{rule}", "long", plain)\n')
    assert rule in gateway("routes").out
    assert f"    GET {rule}\n" in gateway("check").out


# --- explain ---

BOTH = "with the methods of both sides in Allow"
NO_RULE = "No rule of the map or of the Flask app takes this path."


def test_explain_names_the_side_and_why(gateway: Gateway, project: Project) -> None:
    project.write("shop.py", f"{project.read('shop.py')}\napp.add_url_rule('/<path:rest>', 'rest', plain)\n")
    assert gateway("explain", "get", "/todos/7?page=2", "--key", "ada") == Run(
        0,
        """\
GET /todos/7 -> legacy
   route                     mode         from                     verdict
*  GET /todos/<int:todo_id>  canary 10 %  migration_map.toml:8     wins
   GET /<path:rest>          (legacy)     the Flask app, unlisted  less specific
""",
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "answer", "lines"),
    [
        ("GET /todos", "new", ["GET /todos: wins", "POST /todos: does not take GET"]),
        ("head /todos?page=2", "new", ["GET /todos: wins", "POST /todos: does not take HEAD"]),
        ("GET /users", "legacy", ["GET /users/: wins, by a redirect to /users/"]),
        ("DELETE /plain", "legacy, which has to refuse DELETE", ["GET /plain: does not take DELETE"]),
        (
            "OPTIONS /todos",
            f"legacy, which answers OPTIONS by itself, {BOTH} (GET, HEAD, OPTIONS, POST)",
            ["GET /todos: does not take OPTIONS", "POST /todos: does not take OPTIONS"],
        ),
        (
            "DELETE /todos",
            f"legacy, which has to refuse DELETE, {BOTH} (GET, HEAD, POST)",
            ["GET /todos: does not take DELETE", "POST /todos: does not take DELETE"],
        ),
        (
            "GET /todos/7",
            "new for 10 % of clients, by client; the others legacy (--key VALUE tells for one)",
            ["GET /todos/<int:todo_id>: wins"],
        ),
        ("GET /todos/caf%C3%A9", "legacy, by default", []),
        ("WS /live", "refused, for no line gives it to the new side, and WSGI has no websockets", []),
    ],
)
def test_explain_says_what_each_rule_makes_of_it(
    gateway: Gateway, arguments: str, answer: str, lines: list[str]
) -> None:
    method, target = arguments.split()
    first, *rest = gateway("explain", method, target).out.splitlines()
    assert first == f"{method.upper()} {unquote(target.partition('?')[0])} -> {answer}"
    cells = [re.split(r"\s{2,}", line.lstrip("* ")) for line in rest[1:]]
    assert [f"{route}: {verdict}" for route, _, _, verdict in cells] == lines
    assert lines or rest == [NO_RULE]


@pytest.mark.parametrize("key", ["203.0.113.9", "203.0.113.10", "ada", "bob", "eve", "mallory", "x", "y", "z"])
def test_explain_tells_on_which_side_of_a_canary_one_client_is(gateway: Gateway, key: str) -> None:
    side = "new" if takes_new(bucket_of("/todos/<int:todo_id>", key), 10) else "legacy"
    assert gateway("explain", "GET", "/todos/7", "--key", key).out.startswith(f"GET /todos/7 -> {side}\n")


# --- flip ---


def test_flip_edits_one_line_and_shows_it(gateway: Gateway, project: Project) -> None:
    prove(Path("migration_map.toml"), "GET /plain")
    before = project.read("migration_map.toml")
    assert gateway("flip", "GET /plain", "new") == Run(
        0,
        """\
migration_map.toml:10
- "GET /plain"               = "legacy"
+ "GET /plain"               = "new"
""",
        "",
    )
    line = '"GET /plain"               = "{}"'
    assert project.read("migration_map.toml") == before.replace(line.format("legacy"), line.format("new"))
    assert gateway("explain", "GET", "/plain").out.startswith("GET /plain -> new\n")
    gateway("flip", "GET /plain", "legacy")
    assert project.read("migration_map.toml") == before


def test_flip_sets_the_share_of_a_canary(gateway: Gateway, project: Project) -> None:
    prove(Path("migration_map.toml"), "GET /plain")
    assert gateway("flip", "GET /plain", "canary", "--percent", "12.5").code == 0
    assert '"GET /plain"               = { mode = "canary", percent = 12.5 }\n' in project.read("migration_map.toml")


def test_flip_takes_a_share_only_for_a_canary(gateway: Gateway, project: Project) -> None:
    before = project.read("migration_map.toml")
    result = gateway("flip", "GET /plain", "new", "--percent", "10")
    assert (result.code, project.read("migration_map.toml")) == (2, before)
    assert "--percent is the share of a canary; leave it out, or flip to canary" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["GET /plane", "new"],
            'migration_map.toml: routes."GET /plane": the map has no such route; did you mean "GET /plain"?',
        ),
        (
            ["gte /plain", "new"],
            'migration_map.toml: routes."gte /plain": unknown method "gte"; did you mean "GET"?',
        ),
        (
            ["GET /users/", "new"],
            (
                'migration_map.toml: routes."GET /users/": not flipped: '
                'mode "new", but the new app has no such route: Flask would go on answering'
            ),
        ),
        (
            ["GET /plain", "canary"],
            (
                'migration_map.toml:10: routes."GET /plain": '
                'a canary needs its share: { mode = "canary", percent = 10 }, or --percent 10 with `gateway flip`'
            ),
        ),
    ],
)
def test_flip_refuses_and_leaves_the_file(
    gateway: Gateway, project: Project, arguments: list[str], message: str
) -> None:
    before = project.read("migration_map.toml")
    assert gateway("flip", *arguments) == error(message)
    assert project.read("migration_map.toml") == before
    assert project.files() == {"migration_map.toml", "shop.py", "new_shop.py"}


def test_flip_refuses_to_lose_a_hook_that_the_map_does_not_answer_for(gateway: Gateway, project: Project) -> None:
    changed(project, '"shop:load_user" = "Depends(current_user)"', "")
    hook = "before_request does not run on the new side; say under [hooks] what replaces it"
    refusal = f'migration_map.toml: routes."GET /plain": not flipped: shop:load_user: {hook}'
    assert gateway("flip", "GET /plain", "new") == error(refusal)
    assert gateway("flip", "GET /todos", "legacy").code == 0


# --- init ---

NOT_FLASK = "is a WSGI app, but not a Flask app, so its rules cannot be listed; a factory is given its arguments"
NEXT = "next: gateway serve; before a first flip, gateway parity (the end of the map says how)"


@pytest.fixture
def start(project: Project) -> Project:
    """A project that has only its Flask app."""
    (project.directory / "migration_map.toml").unlink()
    (project.directory / "new_shop.py").unlink()
    return project


def test_init_writes_a_map_and_a_new_side_that_check_accepts_and_that_serve(gateway: Gateway, start: Project) -> None:
    assert gateway("init", "shop:app") == Run(
        0,
        "wrote migration_map.toml (5 routes, all legacy)\nwrote new_app.py (an empty FastAPI app)\n" + NEXT + "\n",
        "",
    )
    assert start.files() == {"shop.py", "migration_map.toml", "new_app.py"}
    assert gateway("check", "--strict") == Run(0, "nothing found: the map and both apps agree\n", "")
    assert "0 of 5 Flask routes are on the new side\n" in gateway("routes").out
    with TestClient(create_app(watch=False)) as client:
        assert [client.get("/plain").text, client.post("/todos").text] == ["plain of Flask", "added by Flask"]
        assert client.get("/_gateway/ready").status_code == 200


@pytest.mark.parametrize(
    ("new", "file"), [("later:api", "later.py"), ("web.main:app", "web/main.py"), ("web:create_app", "web.py")]
)
def test_init_writes_the_new_side_where_the_map_looks_for_it(
    gateway: Gateway, start: Project, new: str, file: str
) -> None:
    assert gateway("--map", "conf.toml", "init", "shop:app", "--new", new).code == 0
    assert start.files() == {"shop.py", "conf.toml", file}
    assert gateway("--map", "conf.toml", "check").code == 0


@pytest.mark.parametrize("file", ["new_app.py", "new_app/__init__.py"])
def test_init_keeps_a_new_side_that_is_there(gateway: Gateway, start: Project, file: str) -> None:
    start.write(file, NEW)
    before = start.read(file)
    assert gateway("init", "shop:app").out == f"wrote migration_map.toml (5 routes, all legacy)\n{NEXT}\n"
    assert start.read(file) == before
    assert gateway("check").code == 0


def test_init_overwrites_a_map_only_by_force(gateway: Gateway, project: Project) -> None:
    before = project.read("migration_map.toml")
    assert gateway("init", "shop:app") == error("migration_map.toml: is there already; --force overwrites it")
    assert project.read("migration_map.toml") == before
    assert gateway("init", "shop:app", "--new", "new_shop:app", "--force").code == 0
    assert 'new     = "new_shop:app"\n' in project.read("migration_map.toml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shpo:app"], 'init: no module "shpo"; run from the directory that holds it'),
        (["shop:ap"], 'init: module "shop" has no attribute "ap"; did you mean "app"?'),
        (["shop"], 'init: "shop" is not "module:attribute", like "shop:create_app"'),
        (["shop:plain", "--new", "x"], '--new: "x" is not "module:attribute", like "shop:create_app"'),
        (["wsgi:app"], f'init: "wsgi:app" {NOT_FLASK}: "shop:create_app(...)"'),
    ],
)
def test_init_refuses_and_writes_nothing(gateway: Gateway, start: Project, arguments: list[str], message: str) -> None:
    start.write("wsgi.py", "def app(environ, start_response): ...")
    before = start.files()
    assert gateway("init", *arguments) == error(message)
    assert start.files() == before


def test_a_file_that_cannot_be_written_is_named(gateway: Gateway, start: Project) -> None:
    assert gateway("--map", "no/map.toml", "init", "shop:app") == error(
        "[Errno 2] No such file or directory: 'no/map.toml'"
    )
    assert start.files() == {"shop.py"}


# --- a bad map ---

COMMANDS = [["check"], ["routes"], ["explain", "GET", "/"], ["flip", "GET /todos", "legacy"], ["serve", "--port", "0"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_bad_map_prints_every_fault_and_ends_with_2(gateway: Gateway, project: Project, command: list[str]) -> None:
    changed(project, "[gateway]", "[gateway]\nport = 80")
    changed(project, '"GET /plain"               = "legacy"', '"GET /plain" = "nwe"')
    changed(project, '"GET /only-new"            = "new"', '"GET /<itn:x>" = "new"\n"GET /todos/<int:x>" = "new"')
    assert gateway(*command) == error(
        'migration_map.toml:2: gateway.port: unknown setting "port"; '
        "known are legacy, new, default, served_by_header, sticky",
        'migration_map.toml:11: routes."GET /plain": "nwe" is none of "legacy", "canary", "new"; did you mean "new"?',
        'migration_map.toml:12: routes."GET /<itn:x>": unknown converter "itn"; did you mean "int"?',
        'migration_map.toml:13: routes."GET /todos/<int:x>": '
        'the same paths and GET as "GET /todos/<int:todo_id>" (line 9); keep one of the two',
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_map_that_is_not_there_ends_with_2(gateway: Gateway, command: list[str]) -> None:
    message = "cannot be read: No such file or directory; `gateway init module:app` writes a first map"
    assert gateway("--map", "none.toml", *command) == error(f"none.toml: {message}")


def test_no_line_number_is_taken_for_a_picture(gateway: Gateway, project: Project) -> None:
    """Rich writes :100: as an emoji unless it is told not to."""
    changed(project, '"GET /only-new"            = "new"', "#\n" * 89 + '"GET /only-new" = "nwe"')
    assert gateway("check").err.startswith('error migration_map.toml:100: routes."GET /only-new": ')
    changed(project, '"GET /only-new" = "nwe"', '"GET /only-new" = "new"')
    assert gateway("explain", "GET", "/only-new").out.endswith("migration_map.toml:100  wins\n")


def test_brackets_are_printed_as_they_are(gateway: Gateway, project: Project) -> None:
    changed(project, "[hooks]", '["[bold]hooks[/bold]"]')
    assert gateway("check").err.startswith('error migration_map.toml:13: "[bold]hooks[/bold]": unknown table')


def test_an_app_that_fails_is_blamed_with_its_line(gateway: Gateway, project: Project) -> None:
    path = project.write("new_shop.py", "import os\nos.environ['NO_SUCH_DATABASE_URL']\n")
    failure = f"KeyError: 'NO_SUCH_DATABASE_URL' ({path}:2)"
    assert gateway("check") == error(f'gateway.new: "new_shop:app" failed: {failure}')


# --- the command itself ---


def test_the_version_and_help(gateway: Gateway) -> None:
    assert gateway("--version") == Run(0, f"gateway, version {__version__}\n", "")
    for arguments in ([], ["serve"], ["check"], ["routes"], ["explain"], ["flip"], ["init"]):
        run = gateway(*arguments, "-h")
        assert (run.code, run.err) == (0, "")
        assert run.out.startswith("Usage: ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["chekc"], "No such command 'chekc'"),
        (["flip", "GET /plain", "nwe"], "'nwe' is not one of 'legacy', 'canary', 'new'."),
        (
            ["flip", "GET /plain", "shadow"],
            'mode "shadow" mirrors nothing yet; it comes with live rollout; write "legacy"',
        ),
        (["flip", "GET /plain", "canary", "--percent", "101"], "101.0 is not in the range 0<=x<=100."),
        (["flip", "GET /plain"], "Missing argument"),
        (["explain", "GET"], "Missing argument 'PATH'."),
        (["serve", "--port", "70000"], "70000 is not in the range 0<=x<=65535."),
        (["serve", "--workers", "0"], "0 is not in the range x>=1."),
        (["check", "--srtict"], "No such option"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_what_is_wrong(
    gateway: Gateway, arguments: list[str], complaint: str
) -> None:
    run = gateway(*arguments)
    assert (run.code, run.out) == (2, "")
    assert complaint in run.err


@pytest.mark.parametrize("package", ["schemathesis", "time_machine"])
def test_parity_without_its_extra_says_how_to_get_it(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as Python has it for what cannot be imported
    complaint = "error parity: what replays is not installed: pip install 'migration-gateway[parity]'\n"
    assert gateway("parity") == Run(2, "", complaint)


def spawned(project: Project, *arguments: str) -> Run:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=project.directory,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return Run(done.returncode, _trimmed(done.stdout), _trimmed(done.stderr))


@pytest.mark.process
def test_a_process_of_its_own_prints_and_ends_the_same(gateway: Gateway, project: Project) -> None:
    assert spawned(project, "explain", "GET", "/todos/7") == gateway("explain", "GET", "/todos/7")
    changed(project, '"POST /todos"              = "legacy"', '"POST /todos" = "lagacy"')
    refused = spawned(project, "check")
    assert refused == gateway("check")
    assert refused.code == 2


@pytest.mark.process
def test_what_serves_imports_nothing_that_serving_does_not_need() -> None:
    code = "import sys, gateway.cli.main, gateway.cli.serve; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    packages = {name.partition(".")[0] for name in printed}
    unwanted = {"sqlalchemy", "schemathesis", "hypothesis", "rich", "httpx", "tomlkit", "jsonschema", "time_machine"}
    assert packages.isdisjoint(unwanted)
    assert not [name for name in printed if name.startswith(("gateway.parity", "gateway.evidence", "gateway.store"))]
