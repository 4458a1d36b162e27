"""Sum up what a run shows of each route: its outcome, how sure that is, and how fast both sides were. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..comparing.exposure import refuses
from ..comparing.observation import Observation
from ..comparing.result import Outcome, ParityResult, RouteOutcome
from ..http.message import Request, Response


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from call to last byte, of one route on one side, by nearest rank: each is one that was seen."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSummary(RouteOutcome):
    """Hold what a run has shown of one route, with how sure that is and how fast both sides were."""

    clean: int = 0
    """Different requests that both sides answered with one status and that showed nothing that is not deliberate: the
    same request shows nothing more, and of two answers of different kinds nothing is compared but that they are. What
    Flask answered without its view (a redirect to another path, a hook) is about none."""
    legacy_latency: Latency | None = None
    new_latency: Latency | None = None


def summarise(results: Iterable[ParityResult], min_requests: int) -> tuple[RouteSummary, ...]:
    """Return one summary a route, `by_rank`; a route with fewer clean requests than `min_requests` is inconclusive."""
    by_route: dict[str, list[ParityResult]] = {}
    asked: dict[str, tuple[Request, ...]] = {}
    clean: dict[str, dict[tuple[Request, ...], Response | None]] = {}
    for result in results:
        by_route.setdefault(result.route, []).append(result)
        # What came before in its case is a part of a request: after another one it is another question.
        asked[result.case] = (*asked.get(result.case, ()), result.request)
        is_of_two_kinds = any(verdict.difference.where in ("status", "error") for verdict in result.verdicts)
        is_shown = result.outcome in (Outcome.MATCHED, Outcome.IGNORED) and not _without_view(result)
        if is_shown and not is_of_two_kinds:
            answer = None if result.control is None else result.control.response
            clean.setdefault(result.route, {})[asked[result.case]] = answer
    return by_rank(_summary(route, found, clean.get(route, {}), min_requests) for route, found in by_route.items())


def by_rank(summaries: Iterable[RouteSummary]) -> tuple[RouteSummary, ...]:
    """Return the summaries, the worst first, then by route; paths that no rule takes, which nobody flips, last."""
    return tuple(sorted(summaries, key=lambda one: (not one.route, _WORST.index(one.outcome), one.route)))


_WORST = (Outcome.MISMATCHED, Outcome.INCONCLUSIVE, Outcome.IGNORED, Outcome.MATCHED)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome of a run from those of its routes: no data is not green."""
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


def _summary(
    route: str, results: Sequence[ParityResult], clean: Mapping[tuple[Request, ...], Response | None], min_requests: int
) -> RouteSummary:
    counts = Counter(result.outcome for result in results)
    needed = min_requests if route else 1  # a path that no rule takes is no route: nobody flips it
    note = ""
    if counts[Outcome.MISMATCHED]:
        outcome = Outcome.MISMATCHED
    elif len(clean) < needed:
        outcome = Outcome.INCONCLUSIVE
        notes = Counter(
            _without_view(one) or one.note
            for one in results
            if one.outcome is Outcome.INCONCLUSIVE or _without_view(one)
        )
        del notes[""]
        more = "".join(f"; {count} more: {text}" for text, count in notes.most_common(3))
        note = f"{len(clean)} of {needed} different requests needed{more}"
    elif route and not any(_is_success(asked[-1], answer) for asked, answer in clean.items()):
        outcome = Outcome.INCONCLUSIVE
        statuses = Counter(answer.status for answer in clean.values() if answer is not None).most_common(3)
        listed = ", ".join(f"{count} x {status}" for status, count in statuses)
        note = f"no request was answered with success: {listed}"
    else:
        outcome = Outcome.IGNORED if counts[Outcome.IGNORED] else Outcome.MATCHED
    return RouteSummary(
        route=route,
        outcome=outcome,
        **{one.value: counts[one] for one in Outcome},
        clean=len(clean),
        legacy_latency=_latency(result.control for result in results),
        new_latency=_latency(result.candidate for result in results),
        note=note,
    )


def _without_view(result: ParityResult) -> str:
    """Return how Flask answered a route's request without its view, "" where it has called the view."""
    control = result.control
    if not result.route or control is None or control.by_view is not False or control.response is None:
        return ""
    return f"Flask answered {control.response.status} without the view"


def _is_success(request: Request, answer: Response | None) -> bool:
    """Tell whether the view did what it is there for: only that shows anything of it."""
    if answer is None or answer.status >= 400 or request.method == "OPTIONS":
        return False
    return not refuses(answer, request)


def _latency(observations: Iterable[Observation | None]) -> Latency | None:
    durations = sorted(observation.duration for observation in observations if observation is not None)
    if not durations:
        return None
    return Latency(*(durations[-(-len(durations) * percent // 100) - 1] for percent in (50, 95, 99)))
