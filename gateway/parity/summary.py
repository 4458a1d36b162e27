"""What a run shows of each route: its outcome, how sure that is, and how fast both sides were. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..comparing.access_control import refuses
from ..comparing.observation import Observation
from ..comparing.result import Outcome, ParityResult
from ..http.message import Request, Response


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from call to last byte, of one route on one side; the nearest rank's, so each is one that was seen."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class RouteSummary:
    """Every result of one route."""

    route: str
    """Key of the map; empty for paths that no rule takes."""
    outcome: Outcome
    matched: int
    ignored: int
    mismatched: int
    inconclusive: int
    clean: int
    """Different requests that both sides answered with one status and that showed nothing that is not deliberate: a
    repeat shows nothing more, and of two answers of different kinds nothing is compared but that they are."""
    legacy_latency: Latency | None
    new_latency: Latency | None
    note: str = ""
    """Why it is inconclusive."""

    @property
    def requests(self) -> int:
        return self.matched + self.ignored + self.mismatched + self.inconclusive


def summarise(results: Iterable[ParityResult], min_requests: int) -> tuple[RouteSummary, ...]:
    """Return one summary a route, `by_rank`; a route with fewer clean requests than `min_requests` is inconclusive."""
    by_route: dict[str, list[ParityResult]] = {}
    asked: dict[str, tuple[Request, ...]] = {}
    clean: dict[str, dict[tuple[Request, ...], Response | None]] = {}
    for result in results:
        by_route.setdefault(result.route, []).append(result)
        # What came before in its case is a part of a request: after another one it is another question.
        asked[result.case] = (*asked.get(result.case, ()), result.request)
        if result.outcome in (Outcome.MATCHED, Outcome.IGNORED) and not _is_of_two_kinds(result):
            answer = None if result.control is None else result.control.response
            clean.setdefault(result.route, {})[asked[result.case]] = answer
    summaries = [_summary(route, found, clean.get(route, {}), min_requests) for route, found in by_route.items()]
    return by_rank(summaries)


def by_rank(summaries: Iterable[RouteSummary]) -> tuple[RouteSummary, ...]:
    """The worst first, then by route; paths that no rule takes, which nobody flips, last."""
    return tuple(sorted(summaries, key=lambda one: (not one.route, _WORST.index(one.outcome), one.route)))


_WORST = (Outcome.MISMATCHED, Outcome.INCONCLUSIVE, Outcome.IGNORED, Outcome.MATCHED)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Of a run: no data is not green."""
    return min(outcomes, key=_WORST.index, default=Outcome.INCONCLUSIVE)


def defect_rate_bound(clean: int) -> float:
    """Return the 95 % upper bound of the rate of defects after so many clean pairs, 0 to 1; 1 when there were none.

    The bound is exact, the "rule of three" its approximation; it holds for requests like those that were asked.
    """
    return 1.0 if clean == 0 else 1 - 0.05 ** (1 / clean)


def defect_rate_text(clean: int) -> str:
    """Return the sentence about the bound, like `With 400 clean pairs a defect in at least 0.75 % of requests ...`."""
    if clean == 0:
        return "No clean pair: nothing is shown."
    pairs = "1 clean pair" if clean == 1 else f"{clean} clean pairs"
    rate = f"{100 * defect_rate_bound(clean):.2f} %"
    return f"With {pairs} a defect in at least {rate} of requests like these would have been seen (95 %)."


def _is_of_two_kinds(result: ParityResult) -> bool:
    return any(verdict.difference.where in ("status", "error") for verdict in result.verdicts)


def _summary(
    route: str, results: Sequence[ParityResult], clean: Mapping[tuple[Request, ...], Response | None], minimum: int
) -> RouteSummary:
    counts = Counter(result.outcome for result in results)
    needed = minimum if route else 1  # a path that no rule takes is no route: nobody flips it
    note = ""
    if counts[Outcome.MISMATCHED]:
        outcome = Outcome.MISMATCHED
    elif len(clean) < needed:
        outcome = Outcome.INCONCLUSIVE
        note = f"{len(clean)} of {needed} different requests needed{_reasons(results)}"
    elif route and not any(_is_welcome(asked[-1], answer) for asked, answer in clean.items()):
        outcome = Outcome.INCONCLUSIVE
        note = f"no request was answered with success: {_statuses(clean.values())}"
    else:
        outcome = Outcome.IGNORED if counts[Outcome.IGNORED] else Outcome.MATCHED
    return RouteSummary(
        route,
        outcome,
        counts[Outcome.MATCHED],
        counts[Outcome.IGNORED],
        counts[Outcome.MISMATCHED],
        counts[Outcome.INCONCLUSIVE],
        len(clean),
        _latency(result.control for result in results),
        _latency(result.candidate for result in results),
        note,
    )


def _is_welcome(request: Request, answer: Response | None) -> bool:
    """Whether the view did what it is there for: only that shows anything of it."""
    if answer is None or answer.status >= 400 or request.method == "OPTIONS":
        return False
    return not refuses(answer, request)


def _statuses(answers: Iterable[Response | None]) -> str:
    counts = Counter(answer.status for answer in answers if answer is not None)
    return ", ".join(f"{count} x {status}" for status, count in counts.most_common(3))


def _reasons(results: Iterable[ParityResult]) -> str:
    """Why others of a route do not count, the most frequent reason first."""
    notes = Counter(result.note for result in results if result.outcome is Outcome.INCONCLUSIVE and result.note)
    return "".join(f"; {count} more: {note}" for note, count in notes.most_common(3))


def _latency(observations: Iterable[Observation | None]) -> Latency | None:
    durations = sorted(observation.duration for observation in observations if observation is not None)
    if not durations:
        return None
    p50, p95, p99 = (durations[-(-len(durations) * percent // 100) - 1] for percent in (50, 95, 99))
    return Latency(p50, p95, p99)
