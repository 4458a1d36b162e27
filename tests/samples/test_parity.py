"""`gateway parity` over the sample apps: what differs is in the map with its reason, and nothing else does."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.config.map_file import load_map
from new_fastapi.database import open_engine
from new_fastapi.seed import prepare
from tests.support.samples import copy_samples

pytestmark = [pytest.mark.long, pytest.mark.process]


class Run(NamedTuple):
    """One run of the command, as it ended."""

    code: int
    report: dict[str, Any]
    output: str
    touched: set[str]
    """Files of the project, and the real database, that are not as they were."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project, real = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("real") / "depot.sqlite3"
    copy_samples(project)
    prepare(engine := open_engine(f"sqlite:///{real}", pool_size=1))
    engine.dispose()
    before = _hashes(project) | _hashes(real.parent)
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "gateway",
            "parity",
            "--workers",
            "2",
            "--seed",
            "1",
            "--no-save-counterexamples",
            "--json",
            "run.json",
        ],
        cwd=project,
        env=os.environ | {"DEPOT_DATABASE_URL": f"sqlite:///{real}", "DEPOT_UPLOAD_DIR": str(real.parent / "uploads")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    after = _hashes(project) | _hashes(real.parent)
    report = json.loads((project / "run.json").read_text(encoding="utf-8")) if (project / "run.json").exists() else {}
    return Run(ended.returncode, report, ended.stdout + ended.stderr, {name for name, _ in before ^ after})


def test_whatever_differs_is_meant(run: Run) -> None:
    assert (run.code, run.report.get("outcome"), run.report.get("complaints")) == (0, "ignored", []), run.output


def test_every_case_ran_to_its_end(run: Run) -> None:
    assert run.report["requests"]["inconclusive"] == 0
    assert run.report["cases"] > 900


def test_every_route_of_both_apps_was_compared(run: Run) -> None:
    settings = load_map(Path(__file__).parents[2] / "migration_map.toml").replay
    clean = {route["route"]: route["matched"] + route["ignored"] for route in run.report["routes"] if route["route"]}
    assert len(clean) >= 22
    assert min(clean.values()) >= settings.min_requests
    assert clean.keys().isdisjoint(route for route, _ in settings.exclude)


def test_nothing_outside_of_the_run_was_touched(run: Run) -> None:
    own = (".gateway/", ".hypothesis/", "run.json")
    assert {name for name in run.touched if not name.startswith(own)} == set()


def _hashes(directory: Path) -> set[tuple[str, str]]:
    files = (path for path in directory.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {(path.relative_to(directory).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}
