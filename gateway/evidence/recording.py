"""Keep what a finished run has shown: a verdict a route, with the fingerprints of what it was made of."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

from ..comparing.result import Outcome, RouteOutcome
from ..parity.plan import Plan
from ..parity.reporting.report import Report
from ..parity.run import RunOptions
from ..parity.summary import defect_rate_bound
from ..store.store import Evidence, Store
from .current import Sources, map_line


def keep_evidence(report: Report, plan: Plan, sources: Sources, store: Store, options: RunOptions) -> None:
    """Keep the run's verdict on each compared route; an interrupted run gives none.

    A run of fewer cases does not replace what more cases have shown of a route whose fingerprints are still the same,
    unless it shows a mismatch. Raises StoreError.
    """
    if report.was_interrupted:
        return
    made = datetime.now(UTC)
    lines = {route.key: map_line(route) for route in plan.project.table.routes}
    found = [
        Evidence(
            **{each.name: getattr(one, each.name) for each in fields(RouteOutcome)},
            defect_rate_bound=defect_rate_bound(one.clean),
            fingerprints=sources.by_route[one.route],
            made=made,
            run=report.run,
            map_line=lines[one.route],
        )
        for one in report.summaries
        if one.route in plan.routes
    ]
    earlier = {} if options.generated else store.evidence_for([one.route for one in found])
    known = {(one.route, one.fingerprints) for one in earlier.values()}
    store.put_evidence(
        one for one in found if one.outcome is Outcome.MISMATCHED or (one.route, one.fingerprints) not in known
    )
