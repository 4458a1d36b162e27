"""Tell what stored evidence says of a project's routes today."""

from __future__ import annotations

from collections.abc import Iterable

from ..apps.findings import EvidenceStatus, Finding, check
from ..apps.project import Project
from ..comparing.policy import ComparisonPolicy
from ..config.replay_settings import ReplaySettings
from ..store.store import Store
from .current import Sources
from .staleness import missing_or_stale


def check_with_evidence(project: Project) -> tuple[Finding, ...]:
    """Return what `gateway check` finds, stale and missing evidence of flipped routes included.

    Raises StoreError and CorpusError.
    """
    flipped = [row.key for row in project.rows if row.is_flipped and row.legacy.routes]
    return check(project, evidence_status(project, flipped))


def evidence_status(project: Project, keys: Iterable[str]) -> EvidenceStatus:
    """Return which of these routes, which both apps have, lack fresh evidence of a match, and why.

    Raises StoreError and CorpusError.
    """
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
