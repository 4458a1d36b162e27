"""A parity run from its plan to its report: replay, judge, keep. What is found is stored as it is found."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ..comparing.causes import CAUSES
from ..comparing.policy import unused_rules
from ..comparing.result import Outcome, ParityResult
from ..store.evidence import Fingerprints
from ..store.store import Store
from .corpus.case import Case
from .plan import Plan
from .reporting.report import Report
from .session import ParitySession
from .summary import RouteSummary, by_rank, summarise

BATCH = 50
"""Cases between two writes to the store."""

MOST_GUESSES = 3
"""Generated cases that may end early for one reason before it is worth a word."""

OnCase = Callable[[tuple[ParityResult, ...]], None]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run, as against what."""

    workers: int = 1
    seed: int = 0
    resume: bool = False
    whole: bool = True
    """Whether every route is compared, so that an ignore rule that matches nothing is wrong."""
    generated: bool = True
    """Whether the plan's cases are all that there are: fewer do not take the place of what more have shown."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run as it ended."""

    id: int
    """The store's."""
    report: Report


def run_parity(
    plan: Plan, store: Store, options: RunOptions, fingerprints: Fingerprints, on_case: OnCase
) -> FinishedRun:
    """Replay every case of the plan and keep what is found; `on_case` is told each one's results.

    `fingerprints` are the whole plan's: a run is resumed only where they are the same. KeyboardInterrupt ends the run
    early, with what it has. Raises ReplayError when a side cannot be started, StoreError when the store fails.
    """
    clock, began = time.monotonic(), datetime.now(UTC)
    earlier = store.interrupted_run(fingerprints) if options.resume else None
    results: list[ParityResult] = []
    if earlier is None:
        run = store.begin_run(options.seed, fingerprints, began)
    else:
        run = earlier.id
        store.resume_run(run)
        results += store.results_of(run)
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
    report = replace(report, notes=(*plan.notes, *notes, *_refused(results)))
    store.end_run(run, report.outcome, datetime.now(UTC), interrupted=was_interrupted)
    return FinishedRun(run, report)


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
    lost: dict[str, list[Case]] = defaultdict(list)
    with ParitySession(plan, workers=options.workers, seed=options.seed) as session:
        try:
            for one in session.replay(cases):
                if one.compared.control_lacks and one.compared.case.credential == "given":
                    lost[one.compared.control_lacks].append(one.compared.case)
                yield one.results
        finally:
            notes += [*session.notes, *_unfinished(lost)]


def _unfinished(lost: Mapping[str, Sequence[Case]]) -> Iterator[str]:
    """A line for each reason that cases went no further: of a few generated ones it was a wrong guess."""
    for reason, cases in lost.items():
        own = [case for case in cases if not case.is_generated]
        if own or len(cases) > MOST_GUESSES:
            named = f'case "{(own or cases)[0].name}"' + (f" and {len(cases) - 1} more" if len(cases) > 1 else "")
            yield f"{named}: {reason}, so the rest of it was not asked"


def _refused(results: Iterable[ParityResult]) -> Iterator[str]:
    """What legacy was kept from: what it does once it gets through, no request has shown."""
    tried = Counter(
        f"{one.kind} {one.target}"
        for result in results
        if result.control is not None and result.control.effects is not None
        for one in dict.fromkeys(result.control.effects.outbound)
    )
    for what, count in tried.most_common(3):
        yield f"legacy was refused: {what} (requests: {count}); what it does after an answer from there is not compared"


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
        complaints=unused_rules(results, plan.map.comparison.rules, began.date()) if check_rules else (),
        was_interrupted=was_interrupted,
        generated=frozenset(case.name for case in plan.cases if case.is_generated),
        origins={case.name: case.origin for case in plan.cases},
    )


def _summaries(plan: Plan, results: tuple[ParityResult, ...]) -> tuple[RouteSummary, ...]:
    """Of every route that was to be compared: one without any result is inconclusive."""
    found = summarise(results, plan.map.replay.min_requests)
    asked = {route for case in plan.cases for route in plan.routes_of(case)}
    silent = [
        RouteSummary(route, Outcome.INCONCLUSIVE, 0, 0, 0, 0, 0, None, None, _silence(plan, route, route in asked))
        for route in {*plan.routes} - {one.route for one in found}
    ]
    return by_rank((*found, *silent))


def _silence(plan: Plan, route: str, is_asked: bool) -> str:
    why = "" if is_asked else plan.unasked.get(route, "no case asks it")
    return f"0 of {plan.map.replay.min_requests} different requests needed{why and f': {why}'}"
