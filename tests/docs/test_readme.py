"""The README is true: its two commands do what they say, and its sessions print what they show."""

from __future__ import annotations

import re
import shutil
import urllib.request
from pathlib import Path

import pytest

from tests.support.readme import README, SESSION, steps, tour
from tests.support.servers import ROOT, serve_command
from tests.support.stores import Store

pytestmark = pytest.mark.process


@pytest.mark.long
def test_every_session_prints_what_the_readme_shows(store: Store) -> None:
    sessions = SESSION.findall(README.read_text())
    assert len(sessions) >= 6
    with store.new_database() as url, tour(url) as served:
        for session in sessions:
            for step in steps(session):
                assert served.run(step) == step.output, step.command


@pytest.mark.long
def test_command_1_installs_and_serves_from_an_empty_directory(tmp_path: Path) -> None:
    copied = ("gateway", "legacy_flask", "new_fastapi", "migration_map.toml", "pyproject.toml", "README.md", "LICENSE")
    for name in copied:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    command = command_of_readme(1)
    assert command.endswith(".venv/bin/gateway serve")
    # A free port, and the server in the shell's place, so that it is the one that is told to stop.
    there = command.replace(".venv/bin/gateway serve", "exec .venv/bin/gateway serve --port 0")
    with serve_command("bash", "-c", there, env={"PYTHONPATH": ""}, cwd=tmp_path, seconds=600) as server:
        for path, side in (("/hello", "new"), ("/products", "legacy"), ("/routes/1", "new"), ("/docs", "new")):
            with urllib.request.urlopen(f"{server.url}{path}") as answer:
                assert (answer.status, answer.headers["x-served-by"]) == (200, side), path


def test_ci_runs_command_2() -> None:
    assert command_of_readme(2) == "pip install -q -e '.[test]' && pytest"
    assert "<!-- command 2 -->" in (ROOT / ".ci" / "parts.sh").read_text()


def command_of_readme(number: int) -> str:
    found = re.search(rf"<!-- command {number} -->\n```sh\n(.*)\n```", README.read_text())
    assert found is not None
    return found[1]
