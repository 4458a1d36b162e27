"""A parity run from its plan to its report: replay, judge, keep. What is found is stored as it is found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from ..policy import Policy
from ..store import Run, Store
from .case import Case
from .explaining.causes import CAUSES
from .judging.judgement import differs, judge
from .judging.rules import unused_rules
from .judging.summary import RouteSummary, by_rank, power, summarise
from .pair import CasePair
from .plan import Plan
from .proving.evidence import Evidence
from .proving.sources import Sources
from .replaying.replay import Replay
from .reporting.report import Report
from .result import Outcome, ParityResult

BATCH = 50
"""Cases between two writes to the store."""

OnCase = Callable[[tuple[ParityResult, ...]], None]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run, as against what."""

    workers: int = 1
    seed: int = 0
    resume: bool = False
    whole: bool = True
    """Whether every route is compared, so that an ignore rule that matches nothing is wrong."""


def resumable(plan: Plan, store: Store) -> Run | None:
    """The run that `resume` would go on with: the last one, if it was interrupted and nothing has changed since."""
    return store.interrupted_run(Sources.of(plan).whole)


def run_parity(plan: Plan, store: Store, options: RunOptions, on_case: OnCase) -> Report:
    """Replay every case of the plan; `on_case` is told each one's results. KeyboardInterrupt ends it early, whole.

    Raises ReplayError when a side cannot be started, StoreError when the store fails.
    """
    clock, began = time.monotonic(), datetime.now(UTC)
    sources = Sources.of(plan)
    run, results = _begin(store, options, sources, began)
    for found in _by_case(results):
        on_case(found)
    notes: list[str] = []
    was_interrupted = False
    try:
        for found in _kept(store, run, _judged(plan, options, _left(plan, results), notes)):
            results += found
            on_case(found)
    except KeyboardInterrupt:
        was_interrupted = True
    report = _report(plan, options, tuple(results), began, time.monotonic() - clock, was_interrupted=was_interrupted)
    report = replace(report, notes=(*plan.notes, *notes))
    if not was_interrupted:
        store.put_evidence(_evidence(report.summaries, sources, run, plan.routes))
    store.end_run(run, report.outcome, datetime.now(UTC), interrupted=was_interrupted)
    return report


def _begin(store: Store, options: RunOptions, sources: Sources, began: datetime) -> tuple[int, list[ParityResult]]:
    """The run's id, and what an interrupted one has found already."""
    earlier = store.interrupted_run(sources.whole) if options.resume else None
    if earlier is None:
        return store.begin_run(options.seed, sources.whole, began), []
    store.resume_run(earlier.id)
    return earlier.id, list(store.results_of(earlier.id))


def _by_case(results: Iterable[ParityResult]) -> tuple[tuple[ParityResult, ...], ...]:
    cases: dict[str, list[ParityResult]] = {}
    for result in results:
        cases.setdefault(result.case, []).append(result)
    return tuple(map(tuple, cases.values()))


def _left(plan: Plan, results: Iterable[ParityResult]) -> list[Case]:
    done = {result.case for result in results}
    return [case for case in plan.cases if case.name not in done]


def _judged(plan: Plan, options: RunOptions, cases: list[Case], notes: list[str]) -> Iterator[tuple[ParityResult, ...]]:
    """What each case shows; `notes` gets what the sides did when they started."""
    if not cases:
        return
    policy, today = plan.map.policy, datetime.now(UTC).date()
    with Replay(plan.setup, workers=options.workers, seed=options.seed) as replay:
        try:
            for pair in replay.run(
                cases, lambda step: differs(step, plan.route_of(step.control_request), policy, today)
            ):
                if pair.missing and pair.case.credential == "given" and not pair.case.is_generated:
                    notes.append(f'case "{pair.case.name}": {pair.missing}, so the rest of it was not asked')
                yield judged(pair, plan, policy, today)
        finally:
            notes += replay.notes


def judged(pair: CasePair, plan: Plan, policy: Policy, today: date) -> tuple[ParityResult, ...]:
    """A case's results on the routes that are compared, and on paths that no rule takes."""
    results = judge(pair, plan.route_of, policy, today)
    return tuple(result for result in results if result.route in plan.routes or not result.route)


def _kept(store: Store, run: int, cases: Iterator[tuple[ParityResult, ...]]) -> Iterator[tuple[ParityResult, ...]]:
    """The same, written to the store a batch at a time, and what is left of one however it ends."""
    batch: list[ParityResult] = []
    try:
        for number, found in enumerate(cases, 1):
            batch += found
            yield found
            if number % BATCH == 0:
                store.add_results(run, batch)
                batch = []
    finally:
        store.add_results(run, batch)


def _report(
    plan: Plan,
    options: RunOptions,
    results: tuple[ParityResult, ...],
    began: datetime,
    seconds: float,
    *,
    was_interrupted: bool,
) -> Report:
    policy = plan.map.policy
    check_rules = options.whole and not was_interrupted
    return Report(
        legacy=plan.map.legacy or "",
        new=plan.map.new or "",
        began=began,
        seconds=seconds,
        seed=options.seed,
        cases=len({result.case for result in results}),
        summaries=_summaries(plan, results),
        results=results,
        causes=CAUSES,
        complaints=unused_rules(results, policy, began.date()) if check_rules else (),
        was_interrupted=was_interrupted,
        generated=frozenset(case.name for case in plan.cases if case.is_generated),
    )


def _summaries(plan: Plan, results: tuple[ParityResult, ...]) -> tuple[RouteSummary, ...]:
    """Of every route that was to be compared: one without any result is inconclusive."""
    found = summarise(results, plan.map.policy)
    asked = {route for case in plan.cases for route in plan.routes_of(case)}
    silent = [
        RouteSummary(route, Outcome.INCONCLUSIVE, 0, 0, 0, 0, 0, None, None, _silence(plan, route in asked))
        for route in {*plan.routes} - {one.route for one in found}
    ]
    return by_rank((*found, *silent))


def _silence(plan: Plan, is_asked: bool) -> str:
    return f"0 of {plan.map.policy.minimum} different requests needed{'' if is_asked else ': no case asks it'}"


def _evidence(
    summaries: Iterable[RouteSummary], sources: Sources, run: int, routes: tuple[str, ...]
) -> Iterator[Evidence]:
    made = datetime.now(UTC)
    for one in summaries:
        if one.route in routes:
            yield Evidence(
                one.route,
                one.outcome,
                one.matched,
                one.ignored,
                one.mismatched,
                one.inconclusive,
                power(one.clean),
                sources.of_route(one.route),
                made,
                run,
                one.note,
            )
