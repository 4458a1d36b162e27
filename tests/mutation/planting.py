"""Plants one defect after the other and replays what the legacy app's own tests and the generators give.

None of the cases is written for a defect: the corpus that stands in the repository is not read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.comparing.result import Outcome
from gateway.comparing.verdicts import mismatched_locations
from gateway.errors import ReplayError
from gateway.parity.corpus.case import Case
from gateway.parity.plan import Plan, plan_routes, with_cases
from gateway.parity.session import ParitySession
from tests.mutation.defects import Defect
from tests.support.samples import ROOT, copy_samples

SEED = 1
AT_ONCE = 2
"""Defects that are replayed side by side."""

Shown = tuple[str, str]
"""A case, and a place where it mismatches."""


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a defect."""

    defect: Defect
    shown: Shown | None
    """The first mismatch that the sound app does not have; None when no case shows one."""
    origin: str = ""
    """What made the case that shows it."""
    cases: int = 0
    """How many there were to show it."""
    broken: str = ""
    """Why the app did not start with it: it counts as neither."""


@contextmanager
def planned() -> Iterator[Plan]:
    """Give the plan of a run over a copy of the samples, whose corpus is recorded from the legacy app's own tests."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        project = Path(name)
        path = copy_samples(project)
        shutil.rmtree(project / "corpus")
        _record(project / "corpus")
        yield with_cases(plan_routes(path, ()), generated=True, seed=SEED)


def mismatches(plan: Plan, cases: Iterable[Case], workers: int = 1) -> Iterator[Shown]:
    """Yield what mismatches; the control is not asked again, for what is noise the sound app shows as well."""
    with ParitySession(plan, workers=workers, seed=SEED, repeats=0) as session:
        for _, results in session.replay(cases):
            for result in results:
                if result.route and result.outcome is Outcome.MISMATCHED:
                    yield from ((result.case, where) for where in mismatched_locations(result.verdicts))


def find(plan: Plan, defects: Iterable[Defect], sound: set[Shown]) -> Iterator[Found]:
    """Yield what became of each defect; `sound` is what the app shows without any."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda defect: _find(plan, defect, sound), defects)


def _find(plan: Plan, defect: Defect, sound: set[Shown]) -> Found:
    cases = [case for case in plan.cases if {*plan.routes_of(case)} & {*defect.routes}]
    with tempfile.TemporaryDirectory(prefix="defect-") as name:
        project = Path(name)
        for part in ("legacy_flask", "new_fastapi"):
            shutil.copytree(plan.root / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
        (project / "corpus").symlink_to(plan.root / "corpus")
        defect.plant(project)
        map_ = replace(plan.map, path=str(project / Path(plan.map.path).name))
        shown = mismatches(replace(plan, project=replace(plan.project, map=map_)), cases)
        try:
            first = next((one for one in shown if one not in sound), None)
        except ReplayError as error:
            return Found(defect, None, "", len(cases), str(error))
        finally:
            shown.close()  # type: ignore[attr-defined]
    origins = {case.name: case.origin for case in cases}
    return Found(defect, first, "" if first is None else origins[first[0]], len(cases))


def _record(corpus: Path) -> None:
    """Record raw: the passwords of tests are no secrets, and without them nobody signs in."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/samples/legacy_own"]
    subprocess.run(
        [*command, "--gateway-record", str(corpus), "--gateway-record-raw"],
        cwd=ROOT,
        env=os.environ | {"GATEWAY_REQUIRE": ""},
        check=True,
        capture_output=True,
        timeout=300,
    )
