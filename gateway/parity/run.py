"""A parity run from its plan to its report: replay, judge, keep. What is found is stored as it is found."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from ..comparing.causes import CAUSES
from ..comparing.compared import CasePair, StepPair
from ..comparing.ignore_rules import unused_rules
from ..comparing.policy import Policy
from ..comparing.result import Outcome, ParityResult
from ..comparing.verdicts import judge, wrong_places
from ..evidence.current import Sources
from ..store.evidence import Evidence
from ..store.store import Run, Store
from .corpus.case import Case
from .plan import Plan
from .replaying.replay import Replay
from .reporting.report import Report
from .summary import RouteSummary, by_rank, power, summarise

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
    report = replace(report, notes=(*plan.notes, *notes, *_refused(results)))
    if not was_interrupted:
        store.put_evidence(_worth_keeping(_evidence(report.summaries, sources, run, plan.routes), store, options))
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
    lost: dict[str, list[Case]] = defaultdict(list)
    with Replay(plan.setup, workers=options.workers, seed=options.seed) as replay:
        try:
            for pair in replay.run(cases, wrong_in(plan)):
                if pair.control_lacks and pair.case.credential == "given":
                    lost[pair.control_lacks].append(pair.case)
                yield judged(pair, plan, policy, today)
        finally:
            notes += [*replay.notes, *_unfinished(lost)]


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
        if result.control is not None
        for one in dict.fromkeys(result.control.effects.outbound)
    )
    for what, count in tried.most_common(3):
        yield f"legacy was refused: {what} (requests: {count}); what it does after an answer from there is not compared"


def wrong_in(plan: Plan) -> Callable[[StepPair], frozenset[str]]:
    """What a replay asks of each step: where it differs and no rule ignores it."""
    policy, today = plan.map.policy, datetime.now(UTC).date()
    return lambda step: wrong_places(step, plan.route_of(step.control_request), policy, today)


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
        RouteSummary(route, Outcome.INCONCLUSIVE, 0, 0, 0, 0, 0, None, None, _silence(plan, route, route in asked))
        for route in {*plan.routes} - {one.route for one in found}
    ]
    return by_rank((*found, *silent))


def _silence(plan: Plan, route: str, is_asked: bool) -> str:
    why = "" if is_asked else plan.unasked.get(route, "no case asks it")
    return f"0 of {plan.map.policy.minimum} different requests needed{why and f': {why}'}"


def _worth_keeping(found: Iterable[Evidence], store: Store, options: RunOptions) -> tuple[Evidence, ...]:
    """Without what a run of fewer cases shows of a route about which more cases have spoken, and nothing has changed
    since, unless it shows a mismatch."""
    every = tuple(found)
    before = {} if options.generated else store.evidence_for([one.route for one in every])

    def is_told(one: Evidence) -> bool:
        earlier = before.get(one.route)
        return earlier is not None and earlier.fingerprints == one.fingerprints

    return tuple(one for one in every if one.outcome is Outcome.MISMATCHED or not is_told(one))


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
