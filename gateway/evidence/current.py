"""Take what evidence is made of today (code, policy and cases), keep it with a verdict, and tell whether it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, date, datetime

from ..apps.findings import EvidenceStatus, Finding, check
from ..apps.project import Project
from ..comparing.policy import ComparisonPolicy, is_expired
from ..comparing.result import Outcome, RouteOutcome
from ..config.parity_table import ReplaySettings
from ..parity.corpus.case import Case, example
from ..parity.corpus.files import load_corpus
from ..parity.reporting.report import Report
from ..routing.route import Mode, Route
from ..store.store import Evidence, Fingerprints, Store
from .fingerprint import digest
from .route_fingerprint import RouteFingerprints


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
        rows, by_route = {row.key: row for row in project.rows}, {}
        for key in routes:
            legacy, new = rows[key].legacy.routes, rows[key].new.routes
            rules = tuple(rule for rule in project.map.comparison.rules if rule.route in (None, key))
            by_route[key] = Fingerprints(
                control=code.control(legacy),
                candidate=code.candidate(new),
                policy=policy_fingerprint(replace(project.map.comparison, rules=rules), project.map.replay, today),
                corpus=corpus_fingerprint(asked.get(key, [])),
                cases=len(asked.get(key, [])),
                control_name=", ".join(dict.fromkeys(route.name for route in legacy)),
                candidate_name=", ".join(dict.fromkeys(route.name for route in new)),
            )
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


def keep_evidence(report: Report, project: Project, sources: Sources, store: Store, *, generated: bool) -> None:
    """Keep the run's verdict on each compared route; an interrupted run gives none.

    A run without `generated` cases, of fewer than there are, does not replace what more cases have shown of a route
    whose fingerprints are still the same, unless it shows a mismatch. Raises StoreError.
    """
    if report.was_interrupted:
        return
    made = datetime.now(UTC)
    lines = {route.key: map_line(route) for route in project.table.routes}
    found = [
        Evidence(
            **{each.name: getattr(one, each.name) for each in fields(RouteOutcome)},
            fingerprints=sources.by_route[one.route],
            made=made,
            run=report.run,
            map_line=lines[one.route],
        )
        for one in report.summaries
        if one.route in sources.by_route
    ]
    earlier = {} if generated else store.evidence_for([one.route for one in found])
    known = {(one.route, one.fingerprints) for one in earlier.values()}
    store.put_evidence(
        one for one in found if one.outcome is Outcome.MISMATCHED or (one.route, one.fingerprints) not in known
    )


def missing_or_stale(evidence: Evidence, now: Fingerprints) -> tuple[str, ...]:
    """Return why the route must not be flipped, a sentence a reason; nothing when fresh evidence shows a match."""
    then = evidence.fingerprints
    if evidence.outcome is Outcome.MISMATCHED:
        verdict = f"mismatched: {evidence.mismatched} of {evidence.requests} requests differ"
    elif evidence.outcome is Outcome.INCONCLUSIVE:
        verdict = f"inconclusive: {evidence.note}" if evidence.note else "inconclusive"
    else:
        return tuple(_changes(then, now, evidence))
    # What it found may be why the run itself has kept cases.
    return (*_changes(replace(then, corpus=now.corpus), now, evidence), verdict)


def corpus_fingerprint(cases: Iterable[Case]) -> str:
    """Return the digest of what the cases ask, whatever their order, the files that hold them, and their origin."""
    return digest(sorted(repr(replace(case, origin="")) for case in cases))


def policy_fingerprint(comparison: ComparisonPolicy, replay: ReplaySettings, today: date) -> str:
    """Return a digest of all settings that a verdict depends on; give only the rules that concern the route.

    Where things are kept, on which line a rule stands and a rule that has expired do not count.
    """
    in_force = (rule for rule in comparison.rules if not is_expired(rule, today))
    settings = astuple(replace(replay, store="", corpus=""))
    return digest([comparison.json_mode, repr(settings), *sorted(repr(replace(rule, line=None)) for rule in in_force)])


def _changes(then: Fingerprints, now: Fingerprints, evidence: Evidence) -> Iterator[str]:
    said = f", when the map said {evidence.map_line}" if evidence.map_line else ""
    handlers = (
        ("legacy", then.control, now.control, now.control_name),
        ("new", then.candidate, now.candidate, now.candidate_name),
    )
    for side, before, after, name in handlers:
        if before != after:
            handler = f"handler {name}" if name else f"{side} app"
            yield f"the {handler} changed since {evidence.made:%Y-%m-%d %H:%M} UTC{said}"
            said = ""  # once is enough
    if then.corpus != now.corpus:
        cases = "1 case" if then.cases == 1 else f"{then.cases} cases"
        change = "as before, but not the same" if then.cases == now.cases else f"then, {now.cases} now"
        yield f"the corpus changed: {cases} {change}"
    if then.policy != now.policy:
        yield "the policy changed"
