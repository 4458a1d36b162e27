"""Evidence for a project's routes as a parity run would leave it, without the run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.apps.project import load_project
from gateway.comparing.result import Outcome, ParityResult
from gateway.evidence.current import Sources, map_line
from gateway.store.store import Evidence, Store

MADE = datetime(2026, 11, 20, 14, 3, tzinfo=UTC)


def prove(path: Path, *routes: str, results: tuple[ParityResult, ...] = (), **changed: Any) -> None:
    """A finished run that has matched these routes of a map as they are now, 41 requests each; fields may differ."""
    project = load_project(path)
    sources = Sources.of(project, routes, MADE.date())
    with Store.open(project.map.replay.store, project.root) as store:
        run = store.begin_run(1, sources.whole)
        evidence = [
            Evidence(
                route=route.key,
                outcome=Outcome.MATCHED,
                matched=41,
                fingerprints=now,
                made=MADE,
                run=run,
                map_line=map_line(route),
            )
            for route in project.table.routes
            if (now := sources.by_route.get(route.key)) is not None
        ]
        store.add_results(run, results)
        store.put_evidence([replace(one, **changed) for one in evidence])
        store.end_run(run, MADE)
