"""A run for programs, as JSON; docs/parity.md documents the format."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ...comparing.result import Outcome, Verdict
from ..summary import defect_rate_bound
from .report import Report


def render_json(report: Report) -> str:
    """Return the run as one JSON object."""
    tree = {
        "outcome": report.outcome.value,
        "legacy": report.legacy,
        "new": report.new,
        "began": report.began.isoformat(),
        "seconds": round(report.seconds, 3),
        "seed": report.seed,
        "cases": report.cases,
        "requests": {outcome.value: count for outcome, count in report.counts},
        "defect_rate_bound": defect_rate_bound(report.clean),
        "complaints": report.complaints,
        "alarm": report.alarm,
        "notes": report.notes,
        "interrupted": report.was_interrupted,
        "routes": [
            {
                "route": one.route,
                "outcome": one.outcome.value,
                **{outcome.value: getattr(one, outcome.value) for outcome in Outcome},
                "note": one.note,
                "defect_rate_bound": defect_rate_bound(one.clean),
                "latency": {
                    "legacy": one.legacy_latency and asdict(one.legacy_latency),
                    "new": one.new_latency and asdict(one.new_latency),
                },
            }
            for one in report.summaries
        ],
        "classes": [
            {
                "locations": one.locations,
                "cause": one.cause,
                "disposition": one.disposition.value,
                "count": one.count,
                "routes": one.routes,
                "sample": one.sample.case,
                "origin": report.origins.get(one.sample.case, ""),
            }
            for one in report.classes
        ],
        "differences": [
            {
                "case": result.case,
                "origin": report.origins.get(result.case, ""),
                "step": result.step,
                "route": result.route,
                "request": result.request.line,
                "outcome": result.outcome.value,
                "note": result.note,
                "differences": list(map(_difference, result.verdicts)),
            }
            for result in report.results
            if result.verdicts
        ],
    }
    return json.dumps(tree, indent=2, ensure_ascii=False)


def _difference(verdict: Verdict) -> dict[str, Any]:
    made_of_it = {"disposition": verdict.disposition.value, "reason": verdict.reason, "cause": verdict.cause}
    return asdict(verdict.difference) | made_of_it
