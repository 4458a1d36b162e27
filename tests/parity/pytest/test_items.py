"""`pytest --parity` in a team's project: a test for each route and case, the fixture; without it, nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.notes import Notes

pytestmark = pytest.mark.process

PYTEST = ("pytest", "-p", "no:cacheprovider", "-q", "-rA")
CORPUS_ONLY = ("--parity", "--parity-no-generate")


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    found = Notes(tmp_path)
    found.append("migration_map.toml", "min_requests = 2\n")
    return found


def outcomes(output: str) -> dict[str, str]:
    """Outcome by id, of the short summary."""
    lines = re.findall(r"^(PASSED|FAILED|SKIPPED|ERROR) (.+?)(?: - .*)?$", output, re.MULTILINE)
    return {name: outcome for outcome, name in lines}


@pytest.mark.long
def test_a_test_for_each_route_and_case(notes: Notes) -> None:
    done = notes.run_module(*PYTEST, *CORPUS_ONLY)
    found = outcomes(done.stdout)
    assert done.returncode == 1
    assert found["migration_map.toml::GET /notes::no notes yet"] == "PASSED"
    assert found["migration_map.toml::POST /notes::a note is created and read"] == "FAILED"
    assert found["migration_map.toml::GET /notes/<int:note_id>::a note is created and read"] == "FAILED"
    assert "effect.rows.notes: (1 inserted) -> (absent) (forgotten-commit)" in done.stdout
    assert "an earlier request of this case differed" in done.stdout
    assert "\norigin: written in corpus/notes.toml\n" in done.stdout
    assert re.search(r"^<title>404 Not Found</title> +\| \}$", done.stdout, re.MULTILINE)
    assert "gateway/parity/" not in done.stdout, "no traceback of ours"
    assert notes.left_behind() == []


def test_green_where_both_sides_agree_and_selectable_by_id(notes: Notes) -> None:
    notes.agree()
    done = notes.run_module(*PYTEST, *CORPUS_ONLY, "migration_map.toml::GET /notes::no notes yet")
    assert outcomes(done.stdout) == {"migration_map.toml::GET /notes::no notes yet": "PASSED"}
    assert notes.run_module(*PYTEST, *CORPUS_ONLY, "migration_map.toml").returncode == 0


@pytest.mark.long
def test_too_few_requests_are_a_failure(notes: Notes) -> None:
    notes.agree()
    notes.edit("migration_map.toml", "min_requests = 2\n", "min_requests = 3\n")
    done = notes.run_module(*PYTEST, *CORPUS_ONLY)
    failed = {name for name, outcome in outcomes(done.stdout).items() if outcome == "FAILED"}
    assert failed == {f"migration_map.toml::{route}::enough requests" for route in ("GET /notes", "POST /notes")}
    assert "2 of 3 different requests needed" in done.stdout


@pytest.mark.long
def test_an_ignored_difference_passes_and_an_unused_rule_fails_a_whole_run(notes: Notes) -> None:
    notes.agree()
    rules = '\n[[parity.ignore]]\ncause = "path-converter"\nreason = "numbers are digits"\n'
    unused = '\n[[parity.ignore]]\nwhere = "header.x-old"\nreason = "nobody reads it"\n'
    notes.append("migration_map.toml", rules + unused)
    done = notes.run_module(*PYTEST, "--parity")
    found = outcomes(done.stdout)
    case = "GET /notes/<int:note_id>: note_id is %D9%A1"
    assert found[f"migration_map.toml::GET /notes/<int:note_id>::{case}"] == "PASSED"
    assert found["migration_map.toml::ignore rules"] == "FAILED"
    assert 'the rule for "header.x-old" matched nothing; remove it' in done.stdout
    assert 'the rule for cause "path-converter"' not in done.stdout
    partial = notes.run_module(*PYTEST, *CORPUS_ONLY)
    assert partial.returncode == 0
    assert "only a run of every case" in partial.stdout


@pytest.mark.long
def test_the_fixture_asks_both_sides(notes: Notes) -> None:
    notes.append(
        "test_notes.py",
        """
import pytest
from gateway.comparing.result import Outcome

@pytest.mark.parity
def test_list(parity):
    assert parity.check("GET /notes").outcome is Outcome.MATCHED

def test_create(parity):
    parity.check("POST /notes", json={"title": "x"})

def test_sequence(parity):
    parity.check_steps(
        {"request": "GET /notes"},
        {"request": "POST /notes", "json": {"title": "x"}, "capture": {"id": "body.id"}},
        {"request": "GET /notes/{{id}}"},
    )

def test_one_sided(parity):
    parity.check("GET /about")

def test_plain():
    pass
""",
    )
    without = notes.run_module(*PYTEST)
    assert without.returncode == 0
    assert "1 passed, 4 skipped" in without.stdout
    assert "a parity test; it runs with --parity" in without.stdout

    done = notes.run_module(*PYTEST, *CORPUS_ONLY, "-m", "parity", "test_notes.py")
    found = {name: outcome for name, outcome in outcomes(done.stdout).items() if name.startswith("test_notes.py")}
    assert found == {
        "test_notes.py::test_list": "PASSED",
        "test_notes.py::test_create": "FAILED",
        "test_notes.py::test_sequence": "FAILED",
        "test_notes.py::test_one_sided": "FAILED",
    }
    assert "mismatched at request 2" in done.stdout
    assert "nothing was compared: no request was of a route that both sides have" in done.stdout


def test_a_map_that_is_not_there(notes: Notes) -> None:
    done = notes.run_module(*PYTEST, "--parity", "other.toml")
    assert done.returncode == 4
    assert f'--parity: no map "{notes.directory}/other.toml"' in done.stderr


def test_a_fault_of_the_corpus_is_told_at_its_line(notes: Notes) -> None:
    notes.append("corpus/notes.toml", "\n[[case]]\nnam = 1\n")
    done = notes.run_module(*PYTEST, *CORPUS_ONLY)
    assert done.returncode == 2
    assert re.search(r'corpus/notes.toml:\d+: case\[4\].nam: unknown key "nam"; did you mean "name"\?', done.stdout)


@pytest.mark.long
def test_a_side_that_cannot_start_fails_every_test(notes: Notes) -> None:
    notes.append("new_notes.py", '\nopen("started.txt", "w").close()\n')
    done = notes.run_module(*PYTEST, *CORPUS_ONLY)
    assert done.returncode == 1
    assert set(outcomes(done.stdout).values()) == {"FAILED"}
    assert "the candidate did not start" in done.stdout


def test_without_the_option_nothing_of_the_engine_is_imported(notes: Notes) -> None:
    notes.append(
        "test_imports.py",
        """
import sys

def test_imports():
    assert "gateway.parity.pytest.plugin" in sys.modules
    engine = {"gateway.parity.pytest.items", "gateway.parity.plan", "gateway.parity.replaying.replay"}
    assert not engine & sys.modules.keys()
""",
    )
    assert notes.run_module(*PYTEST).returncode == 0
