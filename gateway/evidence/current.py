"""What evidence is made of, as it is now (code, policy and cases), and what stored evidence says of it today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from ..apps.findings import EvidenceStatus, Finding, check
from ..apps.project import Project
from ..apps.rows import Row
from ..comparing.policy import ComparisonPolicy
from ..config.map_file import MigrationMap
from ..config.parity_table import ReplaySettings
from ..parity.corpus.case import Case, example
from ..parity.corpus.files import load_corpus
from ..routing.route import Mode, Route
from ..store.evidence import Fingerprints
from ..store.store import Store
from .fingerprint import digest
from .route_fingerprint import RouteFingerprints
from .staleness import corpus_fingerprint, missing_or_stale, policy_fingerprint


@dataclass(frozen=True, slots=True)
class Sources:
    """Fingerprints of every route that is compared, and of all of them together."""

    whole: Fingerprints
    """Equal only for equal routes."""
    by_route: Mapping[str, Fingerprints]
    """Key of the map -> fingerprints."""

    @classmethod
    def of(cls, project: Project, routes: Iterable[str], today: date | None = None) -> Sources:
        """Return the fingerprints of these routes of a project. Raises CorpusError when the corpus has faults."""
        today = today or datetime.now(UTC).date()
        modules = (name.partition(":")[0] for name in (project.map.legacy or "", project.map.new or ""))
        code = RouteFingerprints(project.legacy, project.new, *modules)
        cases = load_corpus(project.root / project.map.replay.corpus)
        asked: dict[str, list[Case]] = {}
        for case in cases:
            requests = (example(step.request) for step in case.steps)
            taken = (project.table.match(request.method, request.path).route for request in requests)
            for key in {route.key for route in taken if route is not None}:
                asked.setdefault(key, []).append(case)
        rows = {row.key: row for row in project.rows}
        by_route = {key: _of_route(rows[key], code, project.map, asked.get(key, []), today) for key in routes}
        control, candidate, policy = (
            digest(text for key, found in sorted(by_route.items()) for text in (key, getattr(found, name)))
            for name in ("control", "candidate", "policy")
        )
        return cls(Fingerprints(control, candidate, policy, corpus_fingerprint(cases), len(cases)), by_route)


def map_line(route: Route) -> str:
    """Return what the map says of a route: its own line, or the default's where the map does not list it."""
    if not route.listed:
        return f'default = "{route.mode.value}"'
    if route.mode is Mode.CANARY:
        return f'"{route.key}" = {{ mode = "canary", percent = {route.percent:g}, sticky = "{route.sticky}" }}'
    return f'"{route.key}" = "{route.mode.value}"'


def _of_route(
    row: Row, code: RouteFingerprints, map_: MigrationMap, cases: Sequence[Case], today: date
) -> Fingerprints:
    rules = tuple(rule for rule in map_.comparison.rules if rule.route in (None, row.key))
    return Fingerprints(
        control=code.control(row.legacy.routes),
        candidate=code.candidate(row.new.routes),
        policy=policy_fingerprint(replace(map_.comparison, rules=rules), map_.replay, today),
        corpus=corpus_fingerprint(cases),
        cases=len(cases),
        control_name=", ".join(dict.fromkeys(route.name for route in row.legacy.routes)),
        candidate_name=", ".join(dict.fromkeys(route.name for route in row.new.routes)),
    )


def check_with_evidence(project: Project) -> tuple[Finding, ...]:
    """Return what `gateway check` finds, with stale and missing evidence. Raises StoreError and CorpusError."""
    flipped = [row.key for row in project.rows if row.is_flipped and row.legacy.routes]
    return check(project, evidence_status(project, flipped))


def evidence_status(project: Project, keys: Iterable[str]) -> EvidenceStatus:
    """Return which of these routes lack fresh evidence of a match, and why. Raises StoreError and CorpusError."""
    routes = tuple(keys)
    store = Store.find(project.map.replay.store, project.root)
    if store is None:
        has_begun = (project.map.comparison, project.map.replay) != (ComparisonPolicy(), ReplaySettings())
        return EvidenceStatus(uncovered=routes, has_begun=has_begun)
    with store:
        evidence = store.evidence_for(routes)
    covered = tuple(key for key in routes if key in evidence)
    now = Sources.of(project, covered)
    reasons = {key: missing_or_stale(evidence[key], now.by_route[key]) for key in covered}
    uncovered = tuple(key for key in routes if key not in evidence)
    return EvidenceStatus({key: why for key, why in reasons.items() if why}, uncovered)
