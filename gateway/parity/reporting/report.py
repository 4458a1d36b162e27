"""A run as it is shown: its facts, as JSON and as JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from ...comparing.causes.symptom import Cause
from ...comparing.result import Disposition, Outcome, ParityResult, Verdict
from ...http.message import Request
from ..summary import Latency, RouteSummary, power, worst
from .grouping import group_differences
from .visible import visible

LONGEST_BODY = 2_000


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run has to say."""

    legacy: str
    new: str
    began: datetime
    seconds: float
    seed: int
    cases: int
    summaries: tuple[RouteSummary, ...]
    results: tuple[ParityResult, ...]
    causes: Mapping[str, Cause]
    """The known causes, by name."""
    complaints: tuple[str, ...] = ()
    """Ignore rules that matched nothing or have expired: each fails the run."""
    was_interrupted: bool = False
    notes: tuple[str, ...] = ()
    """What a reader should know besides: cases left out, what a side tried while it started."""
    generated: frozenset[str] = frozenset()
    """Names of the cases that the run made up by itself."""

    @property
    def outcome(self) -> Outcome:
        """The worst of the routes. A path that no rule takes is the default's, flipped or not: it only informs."""
        if self.complaints:
            return Outcome.MISMATCHED
        routes = [one.outcome for one in self.summaries if one.route]
        return worst([Outcome.INCONCLUSIVE, *routes] if self.was_interrupted else routes)

    @property
    def counts(self) -> tuple[tuple[Outcome, int], ...]:
        """Requests by outcome."""
        return tuple((outcome, sum(result.outcome is outcome for result in self.results)) for outcome in Outcome)

    @property
    def clean(self) -> int:
        return sum(one.clean for one in self.summaries)


def exit_code(outcome: Outcome) -> int:
    """0 matched (deliberate differences aside), 1 mismatched, 3 inconclusive."""
    return {Outcome.MISMATCHED: 1, Outcome.INCONCLUSIVE: 3}.get(outcome, 0)


def request_text(request: Request) -> str:
    """The request as one would write it down, its body cut where it is long."""
    head = [request.line]
    head += [f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in request.headers]
    if request.body:
        text = request.body[:LONGEST_BODY].decode("utf-8", "backslashreplace")
        more = f" ... {len(request.body) - LONGEST_BODY:,} bytes more" if len(request.body) > LONGEST_BODY else ""
        head += ["", text + more]
    return visible("\n".join(head))


def power_share(clean: int) -> str:
    """`9.8 % of requests`: a defect in that share would have been seen; `-` where nothing was clean."""
    return f"{power(clean):.1%} of requests".replace("%", " %") if clean else "-"


def render_json(report: Report) -> str:
    """The run for programs; documented in docs/parity.md."""
    tree = {
        "outcome": report.outcome.value,
        "legacy": report.legacy,
        "new": report.new,
        "began": report.began.isoformat(),
        "seconds": round(report.seconds, 3),
        "seed": report.seed,
        "cases": report.cases,
        "requests": {outcome.value: count for outcome, count in report.counts},
        "power": power(report.clean),
        "complaints": report.complaints,
        "notes": report.notes,
        "interrupted": report.was_interrupted,
        "routes": [_route(one) for one in report.summaries],
        "classes": [
            {
                "places": group.places,
                "cause": group.cause,
                "disposition": group.disposition.value,
                "count": group.count,
                "routes": group.routes,
                "sample": group.sample.case,
            }
            for group in group_differences(report.results, report.generated)
        ],
        "differences": [_result(result) for result in report.results if result.verdicts],
    }
    return json.dumps(tree, indent=2, ensure_ascii=False)


def render_junit(report: Report) -> str:
    """One test a request: a mismatch is a failure, an inconclusive one an error, for no data is not green.

    XML has no place for most control characters, escaped or not; so they are as `visible` shows them.
    """
    failing = {Outcome.MISMATCHED: "failure", Outcome.INCONCLUSIVE: "error"}
    root = ElementTree.Element("testsuites")
    for one in report.summaries:
        results = [result for result in report.results if result.route == one.route]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=visible(one.route) or "(no route)",
            tests=str(len(results)),
            failures=str(one.mismatched),
            errors=str(one.inconclusive),
        )
        for result in results:
            seconds = result.candidate.duration if result.candidate else 0.0
            name = visible(f"{result.case} #{result.step + 1}")
            test = ElementTree.SubElement(
                suite, "testcase", name=name, classname=visible(one.route), time=f"{seconds:.4f}"
            )
            if result.outcome in failing:
                text = visible("\n".join(told(verdict) for verdict in result.verdicts) or result.note)
                ElementTree.SubElement(test, failing[result.outcome], message=text.partition("\n")[0]).text = text
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def told(verdict: Verdict) -> str:
    """`status: 200 -> 422 (validation)`."""
    found = verdict.difference
    sides = [side if side is not None else "(absent)" for side in (found.control, found.candidate)]
    known = f" ({verdict.cause})" if verdict.cause else ""
    disposition = (
        "" if verdict.disposition is Disposition.MISMATCH else f" [{verdict.disposition.value}: {verdict.reason}]"
    )
    return visible(f"{found.where}: {sides[0]} -> {sides[1]}{known}{disposition}")


def _route(one: RouteSummary) -> dict[str, object]:
    return {
        "route": one.route,
        "outcome": one.outcome.value,
        "matched": one.matched,
        "ignored": one.ignored,
        "mismatched": one.mismatched,
        "inconclusive": one.inconclusive,
        "note": one.note,
        "power": power(one.clean),
        "latency": {"legacy": _latency(one.legacy_latency), "new": _latency(one.new_latency)},
    }


def _latency(latency: Latency | None) -> dict[str, float] | None:
    return None if latency is None else {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99}


def _result(result: ParityResult) -> dict[str, object]:
    return {
        "case": result.case,
        "step": result.step,
        "route": result.route,
        "request": result.request.line,
        "outcome": result.outcome.value,
        "note": result.note,
        "differences": [
            {
                "where": verdict.difference.where,
                "control": verdict.difference.control,
                "candidate": verdict.difference.candidate,
                "disposition": verdict.disposition.value,
                "reason": verdict.reason,
                "cause": verdict.cause,
            }
            for verdict in result.verdicts
        ],
    }
