"""A parity run from its plan to its report: replay, judge, keep. What is found is stored as it is found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from ..policy import Policy
from ..store import Store
from .case import Case
from .causes import CAUSES
from .evidence import Evidence
from .judgement import differs, judge
from .pair import CasePair
from .plan import Plan
from .replay import Replay, Setup
from .report import CauseText, Report
from .result import ParityResult
from .rules import unused_rules
from .sources import Sources
from .summary import RouteSummary, power, summarise

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


def run_parity(plan: Plan, store: Store, options: RunOptions, on_case: OnCase) -> Report:
    """Replay every case of the plan; `on_case` is told each one's results. KeyboardInterrupt ends it early, whole.

    Raises ReplayError when a side cannot be started, StoreError when the store fails.
    """
    clock, began = time.monotonic(), datetime.now(UTC)
    sources = Sources.of(plan)
    earlier = store.interrupted_run(sources.whole) if options.resume else None
    results = list(store.results_of(earlier.id)) if earlier else []
    run = earlier.id if earlier else store.begin_run(options.seed, sources.whole, began)
    if earlier:
        store.resume_run(run)
    done = {result.case for result in results}
    was_interrupted = False
    try:
        for found in _batches(_judged(plan, options, [case for case in plan.cases if case.name not in done])):
            store.add_results(run, found)
            results += found
            on_case(tuple(found))
    except KeyboardInterrupt:
        was_interrupted = True
    report = _report(plan, options, tuple(results), began, time.monotonic() - clock, was_interrupted=was_interrupted)
    if not was_interrupted:
        store.put_evidence(_evidence(report.summaries, sources, run, plan.routes))
    store.end_run(run, report.outcome, datetime.now(UTC), interrupted=was_interrupted)
    return report


def _judged(plan: Plan, options: RunOptions, cases: list[Case]) -> Iterator[tuple[ParityResult, ...]]:
    policy, today = plan.map.policy, datetime.now(UTC).date()
    setup = Setup(plan.map.legacy or "", plan.map.new or "", policy, plan.root)
    with Replay(setup, workers=options.workers, seed=options.seed) as replay:
        for pair in replay.run(cases, lambda step: differs(step, plan.route_of(step.control_request), policy, today)):
            yield judged(pair, plan, policy, today)


def judged(pair: CasePair, plan: Plan, policy: Policy, today: date) -> tuple[ParityResult, ...]:
    """A case's results on the routes that are compared, and on paths that no rule takes."""
    results = judge(pair, plan.route_of, policy, today)
    return tuple(result for result in results if result.route in plan.routes or not result.route)


def _batches(cases: Iterable[tuple[ParityResult, ...]]) -> Iterator[list[ParityResult]]:
    batch: list[ParityResult] = []
    for number, results in enumerate(cases, 1):
        batch += results
        if number % BATCH == 0:
            yield batch
            batch = []
    yield batch


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
        summaries=summarise(results, policy),
        results=results,
        causes={name: CauseText(cause.title, cause.advice) for name, cause in CAUSES.items()},
        complaints=unused_rules(results, policy, began.date()) if check_rules else (),
        was_interrupted=was_interrupted,
    )


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
