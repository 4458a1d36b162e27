"""`gateway parity` on two small apps, as a team runs it: exit codes, files, interruption, finds, evidence."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gateway.parity.corpus.files import load_corpus
from tests.support.notes import COMMITTING, FORGETFUL, Notes
from tests.support.servers import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.process

ROUTES = ["GET /notes", "GET /notes/<int:note_id>", "POST /notes"]
IN_CODE = """
import sqlite3
from pathlib import Path

from flask import Flask

DATABASE = Path(__file__).parent / "instance" / "notes.sqlite3"


def create_app():
    app = Flask(__name__)

    @app.get("/notes")
    def notes():
        return {"titles": sqlite3.connect(DATABASE).execute("SELECT title FROM notes").fetchall()}

    return app
"""
PID = """
    @app.after_request
    def tell_pid(response):
        response.headers["X-Pid"] = str(os.getpid())
        return response

    return app
"""


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path)


@pytest.fixture
def agreeing(notes: Notes) -> Notes:
    notes.agree()
    notes.append("migration_map.toml", "min_requests = 1\n")
    return notes


def test_a_forgotten_commit_is_caught_though_the_answer_is_right(notes: Notes) -> None:
    files = ("--json", "run.json", "--junit", "run.xml", "--html", "run.html")
    done = notes.run("parity", "--no-generate", "--seed", "7", *files)
    assert (done.returncode, done.stderr) == (1, "")
    assert "nothing committed it" in done.stdout
    assert "effect.rows.notes: (1 inserted) -> (absent)" in done.stdout
    assert "Not compared, the new app does not have it yet: GET /static/<path:filename>, GET /about" in done.stdout

    run = json.loads((notes.directory / "run.json").read_text())
    assert (run["outcome"], run["seed"], run["cases"], run["interrupted"]) == ("mismatched", 7, 6, False)
    assert sorted(route["route"] for route in run["routes"]) == ROUTES
    created = next(one for one in run["differences"] if one["case"] == "a note is created and read")
    assert [one["where"] for one in created["differences"]] == ["effect.rows.notes"]
    assert created["differences"][0]["cause"] == "forgotten-commit"

    suites = ElementTree.parse(notes.directory / "run.xml").getroot()
    assert {suite.get("name"): suite.get("failures") for suite in suites} == {
        "GET /notes": "0",
        "GET /notes/<int:note_id>": "2",
        "POST /notes": "2",
    }
    assert "nothing committed it" in (notes.directory / "run.html").read_text()
    assert notes.left_behind() == []


@pytest.mark.long
def test_a_request_after_one_that_differs_is_no_difference_of_its_own(notes: Notes) -> None:
    done = notes.run("parity", "--no-generate")
    assert "as in a note is created and read, request 2" not in done.stdout
    assert "4 mismatched, 2 inconclusive" in done.stdout


@pytest.mark.long
def test_a_value_that_no_answer_has_is_said_aloud(agreeing: Notes) -> None:
    agreeing.edit("corpus/notes.toml", '"body.id"', '"body.number"')
    done = agreeing.run("parity", "--no-generate")
    lacking = 'the control\'s answer to "POST /notes" has nothing to capture at body.number'
    assert f'case "a note is created and read": {lacking}' in " ".join(done.stdout.split())
    assert done.stdout.count("nothing to capture") == 1
    assert "2 inconclusive (6 cases" in done.stdout


LOOK_ROUND = """
[[case]]
name = "look round"
[[case.step]]
request = "GET /about"
capture = { text = "body" }
[[case.step]]
request = "GET /notes?about={{text}}"
"""


@pytest.mark.long
def test_what_only_flask_has_it_answers_on_both_sides(agreeing: Notes) -> None:
    (agreeing.directory / "corpus" / "notes.toml").write_text(LOOK_ROUND)
    done = agreeing.run("parity", "GET /notes", "--no-generate", "--json", "-")
    assert (done.returncode, done.stderr) == (0, "")
    (route,) = json.loads(done.stdout)["routes"]
    assert (route["route"], route["outcome"]) == ("GET /notes", "matched")


def test_a_route_that_only_cases_left_out_ask_says_so(agreeing: Notes) -> None:
    (agreeing.directory / "corpus" / "notes.toml").write_text(LOOK_ROUND)
    agreeing.edit("migration_map.toml", "[parity]\n", '[parity]\nexclude = { "GET /about" = "a page" }\n')
    done = agreeing.run("parity", "--no-generate")
    assert done.returncode == 3
    needed = "0 of 1 different requests needed: left out with another route: 1 case of it"
    assert needed in " ".join(done.stdout.split())
    assert "1 case of GET /about left out: a page" in done.stdout


@pytest.mark.long
def test_fewer_cases_do_not_take_the_place_of_what_more_have_shown(agreeing: Notes) -> None:
    route = "GET /notes/<int:note_id>"
    more = agreeing.run("parity", route, "--no-save-counterexamples", "--seed", "1")
    assert more.returncode == 1  # numbers that are no digits, of which no case is written
    assert agreeing.run("parity", route, "--no-generate").returncode == 0
    refused = agreeing.run("flip", route, "new")
    assert (refused.returncode, "mismatched: " in refused.stderr) == (2, True)


def test_evidence_lets_a_flip_through_until_the_code_changes(agreeing: Notes) -> None:
    refused = agreeing.run("flip", "POST /notes", "new")
    assert refused.returncode == 2
    assert 'gateway parity "POST /notes"' in refused.stderr

    done = agreeing.run("parity", "--no-generate", "--json", "-")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["outcome"] == "matched"
    assert agreeing.run("flip", "POST /notes", "new").returncode == 0
    assert agreeing.run("flip", "POST /notes", "legacy").returncode == 0

    agreeing.edit("new_notes.py", COMMITTING, FORGETFUL)
    stale = agreeing.run("flip", "POST /notes", "new")
    assert stale.returncode == 2
    assert "the handler new_notes:create_note changed since" in stale.stderr
    assert agreeing.run("flip", "GET /notes", "new").returncode == 0


@pytest.mark.long
def test_workers_and_a_route(agreeing: Notes) -> None:
    done = agreeing.run("parity", "GET /notes/<int:note_id>", "--no-generate", "--workers", "2", "--json", "-")
    assert done.returncode == 0
    run = json.loads(done.stdout)
    assert [(route["route"], route["matched"]) for route in run["routes"]] == [("GET /notes/<int:note_id>", 4)]
    assert agreeing.left_behind() == []


def test_a_legacy_side_that_fails_itself_is_told_before_all_else(agreeing: Notes) -> None:
    fault = 'raise LookupError("no such table: users\\nmore")'
    agreeing.edit(
        "legacy_notes.py",
        "\n    return app\n",
        f"\n    @app.before_request\n    def fail():\n        {fault}\n\n    return app\n",
    )
    done = agreeing.run("parity", "--no-generate", "--seed", "1", "--html", "run.html")
    first = "legacy answers 500 to 6 of 6 requests: LookupError: no such table: users; every side starts with an empty "
    assert " ".join(done.stdout.split()).startswith(first + "database: set `database` in [parity] to one with rows")
    assert (done.returncode, first in (agreeing.directory / "run.html").read_text()) == (1, True)


def test_no_data_is_not_green(notes: Notes) -> None:
    (notes.directory / "corpus" / "notes.toml").unlink()
    done = notes.run("parity", "--no-generate")
    assert done.returncode == 3
    assert done.stdout.count("0 of 5 different requests needed: no case asks it") == len(ROUTES)
    assert "No case asks these routes: corpus has none" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("GET /note",),
            'error parity: the Flask app has no route "GET /note"; did you mean "GET /notes"?; see `gateway routes`\n',
        ),
        (
            ("GET /about",),
            'error parity: the new app does not have "GET /about" yet, so there is nothing to compare\n',
        ),
        (
            ("--seed", "soon"),
            "Error: Invalid value for '--seed': \"soon\" is neither a whole number nor random\n",
        ),
        (
            ("--resume", "--seed", "1"),
            "--resume goes on with the seed of the interrupted run; leave --seed out",
        ),
    ],
)
def test_what_cannot_run_says_why(notes: Notes, arguments: tuple[str, ...], message: str) -> None:
    done = notes.run("parity", "--no-generate", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_a_side_that_cannot_start_is_named_with_its_reason(notes: Notes) -> None:
    notes.append("new_notes.py", '\nopen("started.txt", "w").close()\n')
    done = notes.run("parity", "--no-generate")
    assert done.returncode == 2
    assert 'error the candidate did not start: new: "new_notes:app" failed: ContainedFileError' in done.stderr
    assert "it tried, and was refused: write started.txt" in done.stderr
    assert notes.left_behind() == []


def test_without_a_parity_table_it_says_what_to_write(notes: Notes) -> None:
    notes.edit("migration_map.toml", '[parity]\nenvironment = { DATABASE_URL = "{database}" }\n', "")
    done = notes.run("parity", "--no-generate")
    assert done.returncode == 2
    assert "error the control did not start" in done.stderr
    assert 'environment = { DATABASE_URL = "{database}" }' in done.stderr


@pytest.mark.long
def test_found_cases_are_kept_shrunk_and_replayed(notes: Notes) -> None:
    taken = "counterexample: POST /notes: body is empty"
    notes.append(
        "corpus/counterexamples.toml",
        f'[[case]]\nname = "{taken}"\nsource = "counterexample"\nrequest = "GET /notes"\n',
    )
    done = notes.run("parity", "POST /notes", "--seed", "1")
    assert done.returncode == 1
    assert "in corpus/counterexamples.toml: the next run replays them" in done.stderr
    cases = {case.name: case for case in load_corpus(notes.directory / "corpus") if case.source == "counterexample"}
    assert {taken, f"{taken} (2)"} <= cases.keys()
    assert all(len(case.steps) == 1 for case in cases.values()), "what it does not take is gone"
    assert not (notes.directory / ".hypothesis").exists()
    assert notes.left_behind() == []

    again = notes.run("parity", "POST /notes", "--no-generate", "--no-save-counterexamples", "--json", "-")
    differing = {one["case"] for one in json.loads(again.stdout)["differences"]}
    assert cases.keys() - {taken} <= differing
    assert again.stderr == ""


@pytest.mark.long
def test_an_interrupted_run_keeps_what_it_found_and_goes_on(agreeing: Notes) -> None:
    agreeing.edit("legacy_notes.py", "    def list_notes():\n", "    def list_notes():\n        sleep(0.01)\n")
    agreeing.edit("legacy_notes.py", "import os\n", "import os\nfrom time import sleep\n")
    many = "".join(f'\n[[case]]\nname = "list {number}"\nrequest = "GET /notes?n={number}"\n' for number in range(300))
    agreeing.append("corpus/notes.toml", many)
    run = subprocess.Popen(
        agreeing.command("gateway", "parity", "--no-generate"),
        cwd=agreeing.directory,
        env=agreeing.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: kept(agreeing))
        run.send_signal(signal.SIGINT)
        told, _ = run.communicate(timeout=PATIENCE_SECONDS)
    finally:
        run.kill()
    first = kept(agreeing)
    assert run.returncode == 3
    assert "Interrupted; --resume goes on." in told
    assert f"inconclusive: {len(first)} matched (" in told, "all that it says is in the store"
    assert agreeing.left_behind() == []

    done = agreeing.run("parity", "--no-generate", "--resume", "--json", "-")
    assert done.returncode == 0
    cases = json.loads(done.stdout)["cases"]
    assert len(first) < cases == len({case for case, _ in kept(agreeing)})
    assert kept(agreeing)[: len(first)] == first
    assert len(kept(agreeing)) == len(set(kept(agreeing))), "no request was repeated"

    again = agreeing.run("parity", "GET /notes", "--no-generate", "--resume")
    assert again.stderr == ("nothing to resume: no run was interrupted, or code, cases or [parity] have changed\n")


def kept(notes: Notes) -> list[tuple[str, int]]:
    """(case, step) of every result in the store."""
    path = notes.directory / ".gateway" / "parity.sqlite3"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'gateway_results'").fetchone():
            return []
        return connection.execute("SELECT case_name, step FROM gateway_results ORDER BY id").fetchall()


# --- against itself ---


@pytest.fixture
def alone(notes: Notes) -> Notes:
    """A project that has nothing but its Flask app and a map."""
    (notes.directory / "new_notes.py").unlink()
    notes.edit("migration_map.toml", 'new = "new_notes:app"\n', "")
    return notes


def test_an_app_is_compared_with_itself_before_there_is_another(alone: Notes) -> None:
    (alone.directory / "corpus" / "notes.toml").unlink()
    done = alone.run("parity", "--self", "--seed", "1", "--json", "run.json", "--html", "run.html")
    assert (done.returncode in (0, 3), done.stderr) == (True, "")
    run = json.loads((alone.directory / "run.json").read_text())
    assert (run["differences"], run["legacy"]) == ([], run["new"])
    assert all(one["matched"] for one in run["routes"])
    assert sorted(one["route"] for one in run["routes"] if one["route"]) == [
        "GET /about",
        "GET /notes",
        "GET /notes/<int:note_id>",
        "GET /static/<path:filename>",
        "POST /notes",
    ]
    assert "legacy against itself: what differs here is a false alarm" in done.stdout
    assert not (alone.directory / ".gateway").exists(), "no evidence, and nothing that evidence could be taken from"
    assert alone.left_behind() == []


def test_what_an_app_says_differently_by_itself_is_found_and_nothing_is_kept(alone: Notes) -> None:
    alone.edit(
        "legacy_notes.py",
        "    def list_notes():\n",
        "    def list_notes():\n"
        '        if "candidate" in os.environ["TMPDIR"]:\n'
        '            return "not the same", 202\n',
    )
    done = alone.run("parity", "GET /notes", "--self", "--json", "run.json")
    run = json.loads((alone.directory / "run.json").read_text())
    assert (done.returncode, run["outcome"]) == (1, "mismatched")
    places = {one["where"] for found in run["differences"] for one in found["differences"]}
    assert {"status", "header.content-type"} <= places
    assert not (alone.directory / "corpus" / "counterexamples.toml").exists()
    assert not (alone.directory / ".gateway").exists()


def test_what_is_never_the_same_twice_is_named(alone: Notes) -> None:
    alone.edit("legacy_notes.py", "\n    return app\n", PID)
    done = alone.run("parity", "GET /notes", "--self", "--no-generate", "--json", "run.json")
    assert json.loads((alone.directory / "run.json").read_text())["requests"]["mismatched"] == 0
    assert "never the same twice, so what the new app says there is not judged: header.x-pid (requests: " in done.stdout


def test_a_run_against_itself_is_not_resumed(alone: Notes) -> None:
    done = alone.run("parity", "--self", "--resume")
    assert done.returncode == 2
    assert "--self keeps no run that --resume could go on with" in done.stderr


def test_an_app_whose_code_names_its_database_is_told_how_each_side_gets_its_own(alone: Notes) -> None:
    instance = alone.directory / "instance"
    instance.mkdir()
    with closing(sqlite3.connect(instance / "notes.sqlite3")) as db:
        db.executescript("CREATE TABLE notes (title TEXT); INSERT INTO notes VALUES ('Wash bus 3')")
    (alone.directory / "legacy_notes.py").write_text(IN_CODE)
    (alone.directory / "migration_map.toml").write_text('[gateway]\nlegacy = "legacy_notes:create_app"\n')
    refused = alone.run("parity", "GET /notes", "--self", "--no-generate")
    assert 'database = "sqlite:///instance/notes.sqlite3"` under [parity] gives each side its own copy of it' in (
        " ".join(refused.stdout.split())
    )
    alone.append("migration_map.toml", '[parity]\ndatabase = "sqlite:///instance/notes.sqlite3"\nmin_requests = 1\n')
    done = alone.run("parity", "GET /notes", "--self", "--no-generate")
    assert (done.returncode, "legacy was refused" in done.stdout) == (0, False), done.stdout
