"""Hold what a run has to say, however it is written (terminal, JSON, JUnit, HTML), and format it for people. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ...comparing.causes.symptom import Cause
from ...comparing.result import Disposition, Outcome, ParityResult, Verdict
from ...http.message import Request
from ..summary import RouteSummary, defect_rate_bound, worst
from .difference_classes import DifferenceClass, classify_differences

MAX_BODY_BYTES = 2_000
"""Bytes of a request's body that are shown; what is beyond is only counted."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that a terminal would obey, or that no file of text can hold."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run has to say."""

    run: int
    """The number that the store gave it."""
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
    alarm: str = ""
    """What a reader has to know before all else: legacy itself fails, so that nothing is shown."""
    complaints: tuple[str, ...] = ()
    """Ignore rules that matched nothing or have expired: each fails the run."""
    was_interrupted: bool = False
    notes: tuple[str, ...] = ()
    """What a reader should know besides: cases left out, what a side tried while it started."""
    generated: frozenset[str] = frozenset()
    """Names of the cases that the run made up by itself."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """What made each case, by the case's name."""

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
        """Requests of all routes that count as clean pairs (`RouteSummary.clean`)."""
        return sum(one.clean for one in self.summaries)

    @property
    def classes(self) -> tuple[DifferenceClass, ...]:
        """The classes of all differences, deliberate ones included."""
        return classify_differences(self.results, self.generated)


def exit_code(outcome: Outcome) -> int:
    """Return 0 for matched (deliberate differences aside), 1 for mismatched, 3 for inconclusive."""
    return {Outcome.MISMATCHED: 1, Outcome.INCONCLUSIVE: 3}.get(outcome, 0)


def format_defect_rate(clean: int) -> str:
    """Return `9.8 % of requests like these`, where a defect would have been seen; `-` where nothing was clean."""
    return f"{100 * defect_rate_bound(clean):.1f} % of requests like these" if clean else "-"


def visible(text: str) -> str:
    r"""Return a text with control characters as `\x1b`, newline and tab aside, and lone surrogates as `\ud800`."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1].replace(r"\r", r"\x0d"), text)


def format_request(request: Request) -> str:
    """Return the request as one would write it down, its body cut where it is long."""
    head = [request.line]
    head += [f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in request.headers]
    if request.body:
        text = request.body[:MAX_BODY_BYTES].decode("utf-8", "backslashreplace")
        more = f" ... {len(request.body) - MAX_BODY_BYTES:,} bytes more" if len(request.body) > MAX_BODY_BYTES else ""
        head += ["", text + more]
    return visible("\n".join(head))


def format_verdict(verdict: Verdict) -> str:
    """Return a difference and what was made of it: `status: 200 -> 422 (validation)`."""
    found = verdict.difference
    sides = [side if side is not None else "(absent)" for side in (found.control, found.candidate)]
    known = f" ({verdict.cause})" if verdict.cause else ""
    is_mismatch = verdict.disposition is Disposition.MISMATCH
    disposition = "" if is_mismatch else f" [{verdict.disposition.value}: {verdict.reason}]"
    return visible(f"{found.where}: {sides[0]} -> {sides[1]}{known}{disposition}")
