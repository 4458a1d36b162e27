"""`pytest --gateway-record`: a suite runs as it always did, and its requests are cases that replay."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from gateway.comparing.policy import ComparisonPolicy
from gateway.comparing.result import Outcome
from gateway.comparing.verdicts import judge
from gateway.config.parity_table import ReplaySettings
from gateway.parity.compared_case import case_results
from gateway.parity.corpus.files import load_corpus
from gateway.parity.replaying.replay import Replay
from gateway.parity.replaying.sandbox import ReplaySetup
from tests.support.projects import Project, project_in
from tests.support.servers import ROOT

pytestmark = pytest.mark.process

APP = """
    import sqlite3
    import flask

    def create_app(database):
        app = flask.Flask(__name__)
        app.secret_key = "a key for tests"
        closed = app.config["CLOSED"] = []

        def connect():
            return sqlite3.connect(database, isolation_level=None)

        @app.post("/notes")
        def add():
            with connect() as db:
                number = db.execute("INSERT INTO notes (text) VALUES (?)", [flask.request.get_json()["text"]]).lastrowid
            return {"id": number}, 201

        @app.get("/notes/<int:number>")
        def read(number):
            row = connect().execute("SELECT text FROM notes WHERE id = ?", [number]).fetchone()
            return {"text": row[0]} if row else ({}, 404)

        @app.post("/login")
        def login():
            flask.session["user"] = flask.request.form["email"]
            return flask.redirect("/me")

        @app.get("/me")
        def me():
            return flask.session.get("user", "nobody")

        @app.get("/stream")
        def stream():
            def pieces():
                try:
                    yield b"one"
                    yield b"two"
                finally:
                    closed.append(True)
            return flask.Response(pieces())

        return app
"""
SUITE = """
    import sqlite3
    import pytest
    from notes import create_app

    @pytest.fixture
    def app(tmp_path):
        with sqlite3.connect(tmp_path / "notes.db") as db:
            db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        return create_app(str(tmp_path / "notes.db"))

    @pytest.fixture
    def client(app):
        return app.test_client()

    @pytest.fixture
    def note(app, tmp_path):
        with sqlite3.connect(tmp_path / "notes.db") as db:
            db.execute("INSERT INTO notes (text) VALUES ('from the fixture')")

    def test_add(client):
        number = client.post("/notes", json={"text": "see ada@depot.example"}).get_json()["id"]
        assert client.get(f"/notes/{number}", query_string="full=1").get_json() == {"text": "see ada@depot.example"}

    def test_read(client, note):
        assert client.get("/notes/1").get_json() == {"text": "from the fixture"}
        assert client.post("/nowhere", data="what").status_code == 404

    @pytest.mark.parametrize("email", ["ada@depot.example", "b c"])
    def test_login(client, email):
        form = {"email": email, "password": "hunter2-of-ada"}
        answer = client.post("/login", data=form, follow_redirects=True)
        assert (answer.text, len(answer.history)) == (email, 1)
        assert client.get("/me").text == email
        assert client.application.test_client().get("/me").text == "nobody"

    def test_a_stream_is_read_when_it_is_read(app, client):
        answer = client.get("/stream")
        assert answer.is_streamed
        assert next(answer.iter_encoded()) == b"one"
        assert app.config["CLOSED"] == []
        answer.close()
        assert app.config["CLOSED"] == [True]
        assert client.get("/stream", buffered=True).data == b"onetwo"

    def test_of_nothing():
        pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    with project_in(tmp_path) as project:
        project.write("notes.py", APP)
        project.write("tests/test_notes.py", SUITE)
        return project


def run_suite(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "tests", *arguments)
    environment = {**os.environ, "PYTHONPATH": f"{project.directory}{os.pathsep}{ROOT}"}
    return subprocess.run(
        command, cwd=project.directory, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def test_a_suite_becomes_cases(project: Project) -> None:
    bare, done = run_suite(project), run_suite(project, "--gateway-record", "corpus")
    assert (bare.returncode, done.returncode) == (0, 0), done.stdout
    assert re.findall(r"\d+ passed", bare.stdout) == re.findall(r"\d+ passed", done.stdout) == ["6 passed"]
    assert "recorded 5 cases in corpus" in done.stdout
    assert "without their passwords, tokens and e-mails, so that a login in them fails on both sides" in done.stdout
    cases = {case.name.partition("::")[2]: case for case in load_corpus(project.directory / "corpus")}
    asked = {name: [(s.request.method, s.request.target.decode()) for s in case.steps] for name, case in cases.items()}
    (login,) = (name for name in cases if "example.com" in name)
    assert asked == {
        "test_add": [("POST", "/notes"), ("GET", "/notes/{{id}}?full=1")],
        "test_read": [("GET", "/notes/1"), ("POST", "/nowhere")],
        login: [("POST", "/login"), ("GET", "/me"), ("GET", "/me"), ("GET", "/me")],
        "test_login[b c]": asked[login],
        "test_a_stream_is_read_when_it_is_read": [("GET", "/stream"), ("GET", "/stream")],
    }
    steps = cases[login].steps
    assert steps[0].captures == (("session", "cookie.session"),)
    assert [(b"cookie", b"session={{session}}") in step.request.headers for step in steps] == [False, True, True, False]


@pytest.mark.long
def test_a_directory_that_cannot_be_written_is_told_before_the_first_test(project: Project) -> None:
    done = run_suite(project, "--gateway-record", "notes.py/corpus")
    assert (done.returncode, done.stdout) == (pytest.ExitCode.USAGE_ERROR, "")
    assert '--gateway-record "notes.py/corpus": cannot be written: Not a directory' in done.stderr


def test_nothing_secret_is_written_unless_it_is_asked_for(project: Project) -> None:
    run_suite(project, "--gateway-record", "corpus")
    text = project.read("corpus/tests-test_notes.toml")
    assert "hunter2" not in text
    assert "ada@depot.example" not in text
    run_suite(project, "--gateway-record", "corpus", "--gateway-record-raw")
    text = project.read("corpus/tests-test_notes.toml")
    assert "email=ada@depot.example&password=hunter2-of-ada" in text


@pytest.mark.long
def test_a_case_begins_with_the_database_of_its_test(project: Project) -> None:
    run_suite(project, "--gateway-record", "corpus")
    cases = {case.name.partition("::")[2]: case for case in load_corpus(project.directory / "corpus")}
    rows = {}
    for name, case in cases.items():
        if case.state is not None:
            with closing(sqlite3.connect(project.directory / "corpus" / "states" / case.state)) as database:
                rows[name] = [text for (text,) in database.execute("SELECT text FROM notes")]
    assert rows["test_add"] == []
    assert rows["test_read"] == ["from the fixture"]
    assert cases["test_add"].state == cases["test_login[b c]"].state != cases["test_read"].state
    assert len(list((project.directory / "corpus" / "states").iterdir())) == 2


@pytest.mark.long
def test_a_database_in_memory_is_copied_as_a_file_is(project: Project) -> None:
    project.write(
        "tests/test_notes.py",
        """
        import flask, pytest, sqlite3
        from sqlalchemy import create_engine, text
        from sqlalchemy.pool import StaticPool

        def static(app):
            app.engine = create_engine("sqlite://", poolclass=StaticPool)
            return app.engine.begin
        def by_thread(app):
            engine = app.extensions["engine"] = create_engine("sqlite://")
            return engine.begin
        def shared(app):
            app.config["DATABASE_URI"] = "sqlite:///file:shop?mode=memory&cache=shared&uri=true"
            app.kept = create_engine(app.config["DATABASE_URI"], poolclass=StaticPool)
            return app.kept.begin

        @pytest.mark.parametrize("kind", [static, by_thread, shared])
        def test_home(kind):
            app = flask.Flask(__name__)
            begin = kind(app)
            with begin() as connection:
                connection.execute(text("CREATE TABLE notes (text TEXT)"))
                connection.execute(text("INSERT INTO notes VALUES (:name)"), {"name": kind.__name__})
            sqlite3.connect(":memory:")  # of somebody else, without a table
            app.add_url_rule("/", view_func=lambda: "home")
            assert app.test_client().get("/").text == "home"
        """,
    )
    done = run_suite(project, "--gateway-record", "corpus")
    assert " without their own " not in done.stdout
    found = []
    for case in load_corpus(project.directory / "corpus"):
        with closing(sqlite3.connect(project.directory / "corpus" / "states" / str(case.state))) as database:
            found += [(case.name.partition("[")[2], *database.execute("SELECT text FROM notes"))]
    assert found == [(f"{name}]", (name,)) for name in ("static", "by_thread", "shared")]


@pytest.mark.long
def test_what_cannot_be_copied_is_told(project: Project) -> None:
    project.write(
        "tests/test_notes.py",
        """
        import flask, pytest
        from sqlalchemy import create_engine

        @pytest.mark.parametrize("url", ["sqlite://", "postgresql+psycopg://nobody@localhost/none", None])
        def test_home(url):
            app = flask.Flask(__name__)
            app.extensions["engine"] = create_engine(url) if url else None
            app.add_url_rule("/", view_func=lambda: "home")
            assert app.test_client().get("/").text == "home"
        """,
    )
    done = run_suite(project, "--gateway-record", "corpus")
    assert [line for line in done.stdout.splitlines() if " without their own " in line] == [
        "1 of them without their own database: its database in memory was not found",
        "1 of them without their own database: its database is postgresql, and only SQLite can be copied",
        "1 of them without their own database: no database of its app was found",
    ]
    assert [case.state for case in load_corpus(project.directory / "corpus")] == [None] * 3


@pytest.mark.long
def test_the_samples_own_tests_replay_green_against_itself(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/samples/legacy_own")
    options = ("--gateway-record", str(tmp_path / "corpus"), "--gateway-record-raw")
    env = os.environ | {"GATEWAY_REQUIRE": ""}  # what this run has to have had is not asked of that one
    done = subprocess.run(
        (*command, *options), cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout
    cases = load_corpus(tmp_path / "corpus")
    assert len(cases) == 25
    environment = (("DEPOT_DATABASE_URL", "{database}"), ("DEPOT_UPLOAD_DIR", "{directory}/uploads"))
    settings = ReplaySettings(corpus=str(tmp_path / "corpus"), environment=environment)
    app = "legacy_flask:create_app"
    with Replay(ReplaySetup(app, app, settings, tmp_path), workers=1, seed=1) as replay:
        pairs = list(replay.run(cases, lambda step: judge(step, "GET /", ComparisonPolicy(), date(2024, 1, 2))))
    results = [result for pair in pairs for result in case_results(pair, lambda _: "GET /")]
    assert [(pair.case.name, pair.refused) for pair in pairs if pair.refused] == []
    assert [result for result in results if result.outcome not in (Outcome.MATCHED, Outcome.IGNORED)] == []
    statuses = {
        pair.case.name.rpartition("::")[2]: [
            step.control.response.status for step in pair.steps if step.control.response
        ]
        for pair in pairs
    }
    assert statuses["test_a_session"] == [200, 200, 204, 401]
    assert statuses["test_a_token"] == [200, 200, 401]
    assert statuses["test_feedback_is_thanked_for"] == [200, 302, 200]
    assert statuses["test_a_todo_is_created_changed_and_deleted"] == [201, 200, 200, 204, 404]
