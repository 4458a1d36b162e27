"""What a finished run proves, kept in the store: a verdict a route, with the fingerprints of what it was made of."""

from __future__ import annotations

from datetime import UTC, datetime

from ..comparing.result import Outcome
from ..parity.plan import Plan
from ..parity.run import FinishedRun, RunOptions
from ..parity.summary import defect_rate_bound
from ..store.evidence import Evidence
from ..store.store import Store
from .current import Sources, map_line


def keep_evidence(finished: FinishedRun, plan: Plan, sources: Sources, store: Store, options: RunOptions) -> None:
    """Keep the run's verdict on each compared route; an interrupted run gives none.

    A run of fewer cases does not replace what more cases have shown of a route whose fingerprints are still the same,
    unless it shows a mismatch. Raises StoreError.
    """
    if finished.report.was_interrupted:
        return
    made = datetime.now(UTC)
    lines = {route.key: map_line(route) for route in plan.project.table.routes}
    found = [
        Evidence(
            one.route,
            one.outcome,
            one.matched,
            one.ignored,
            one.mismatched,
            one.inconclusive,
            defect_rate_bound(one.clean),
            sources.by_route[one.route],
            made,
            finished.id,
            one.note,
            lines[one.route],
        )
        for one in finished.report.summaries
        if one.route in plan.routes
    ]
    before = {} if options.generated else store.evidence_for([one.route for one in found])

    def says_more(one: Evidence) -> bool:
        earlier = before.get(one.route)
        is_same = earlier is not None and earlier.fingerprints == one.fingerprints
        return one.outcome is Outcome.MISMATCHED or not is_same

    store.put_evidence(filter(says_more, found))
