"""A parity run from its plan to its report. What a case shows is stored as it is found."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from ..comparing.causes import CAUSES
from ..comparing.policy import unused_rules
from ..comparing.result import Disposition, Outcome, ParityResult, field_of
from ..store.store import Fingerprints, Store
from .corpus.case import Case
from .plan import Plan
from .reporting.report import Report
from .session import ParitySession
from .summary import RouteSummary, by_rank, summarise

BATCH_CASES = 50
"""Cases between two writes to the store."""
MAX_CHANGES = 3
"""Pairs of a recorded status and another one now that are told."""
MAX_WRONG_GUESSES = 3
"""Generated cases that may end early for one reason before it is worth a word."""

AGAINST_ITSELF = (
    "legacy against itself: what differs here is a false alarm, by the app or by how it is set up, and would be one in "
    "a run against the new app. It is no evidence for a flip"
)

OnCase = Callable[[tuple[ParityResult, ...]], None]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run, as against what."""

    workers: int = 1
    seed: int = 0
    resumed: int | None = None
    """Number of the interrupted run that goes on; None for a new one."""
    generated: bool = True
    """Whether the plan's cases are all that there are: fewer do not take the place of what more have shown."""


def run_parity(plan: Plan, store: Store, options: RunOptions, fingerprints: Fingerprints, on_case: OnCase) -> Report:
    """Replay every case of the plan and keep what is found; `on_case` is called with each one's results.

    `fingerprints` are the whole plan's, for whoever resumes the run. KeyboardInterrupt ends the run early, with what
    it has. Raises ReplayError when a side cannot be started, StoreError when the store fails.
    """
    clock, began = time.monotonic(), datetime.now(UTC)
    results: list[ParityResult] = []
    run = options.resumed
    if run is None:
        run = store.begin_run(options.seed, fingerprints)
    else:
        store.resume_run(run)
        results += store.results_of(run)
    for _, found in groupby(results, attrgetter("case")):
        on_case(tuple(found))
    notes = [*plan.notes]
    was_interrupted = False
    try:
        for new in _replay(plan, store, run, options, {result.case for result in results}, notes):
            results += new
            on_case(new)
    except KeyboardInterrupt:
        was_interrupted = True
    # Only where all was asked of two apps is an ignore rule that matches nothing wrong.
    check_rules = plan.is_whole and options.generated and not was_interrupted and not plan.is_against_itself
    if plan.is_against_itself:
        notes += [AGAINST_ITSELF, *_own_noise(results)]
    report = Report(
        run=run,
        legacy=plan.map.legacy or "",
        new=plan.map.new or "",
        began=began,
        seconds=time.monotonic() - clock,
        seed=options.seed,
        cases=len({result.case for result in results}),
        summaries=_summaries(plan, results),
        results=tuple(results),
        causes=CAUSES,
        alarm=_alarm(plan, results),
        complaints=unused_rules(results, plan.map.comparison.rules, began.date()) if check_rules else (),
        was_interrupted=was_interrupted,
        notes=(*notes, *_answered_otherwise(plan, results), *_refusals(plan, results)),
        generated=frozenset(case.name for case in plan.cases if case.is_generated),
        origins={case.name: case.origin for case in plan.cases},
    )
    store.end_run(run, datetime.now(UTC), interrupted=was_interrupted)
    return report


def _replay(
    plan: Plan, store: Store, run: int, options: RunOptions, done: Container[str], notes: list[str]
) -> Iterator[tuple[ParityResult, ...]]:
    """Yield the results of each case that is not done, and write them to the store a batch at a time.

    However it ends, what is left of a batch is written, and `notes` gets what a reader should know.
    """
    cases = [case for case in plan.cases if case.name not in done]
    if not cases:
        return
    batch: list[ParityResult] = []
    unfinished: dict[str, list[Case]] = defaultdict(list)
    with ParitySession(plan, workers=options.workers, seed=options.seed) as session:
        try:
            for number, (compared, results) in enumerate(session.replay(cases), 1):
                if compared.control_lacks and compared.case.credential == "given":
                    unfinished[compared.control_lacks].append(compared.case)
                batch += results
                yield results
                if number % BATCH_CASES == 0:
                    store.add_results(run, batch)
                    batch = []
        finally:
            notes += [*session.notes, *_unfinished_cases(unfinished)]
            store.add_results(run, batch)


def _unfinished_cases(unfinished: Mapping[str, Sequence[Case]]) -> Iterator[str]:
    """Yield a line for each reason that cases went no further: of a few generated ones it was a wrong guess."""
    for reason, cases in unfinished.items():
        own = [case for case in cases if not case.is_generated]
        if own or len(cases) > MAX_WRONG_GUESSES:
            named = f'case "{(own or cases)[0].name}"' + (f" and {len(cases) - 1} more" if len(cases) > 1 else "")
            yield f"{named}: {reason}, so the rest of it was not asked"


def _alarm(plan: Plan, results: Iterable[ParityResult]) -> str:
    """Return what a reader has to know first where legacy itself fails on half of what it is asked, else ""."""
    asked = [result.control for result in results if result.control is not None]
    failed = [one for one in asked if one.response is None or one.response.status >= 500]
    if not failed or 2 * len(failed) < len(asked):
        return ""
    reasons = Counter(reason for one in failed if (reason := one.error or one.failure)).most_common(1)
    text = f"legacy answers 500 to {len(failed)} of {len(asked)} requests" + "".join(f": {name}" for name, _ in reasons)
    if plan.map.replay.database is None:
        text += "; every side starts with an empty database: set `database` in [parity] to one with rows"
    return text


def _answered_otherwise(plan: Plan, results: Iterable[ParityResult]) -> Iterator[str]:
    """Yield what legacy answered otherwise when it was recorded: under other settings, or with other rows."""
    known = {case.name: case for case in plan.cases if case.credential == "given" and not case.is_generated}
    changed: dict[tuple[int, int], list[ParityResult]] = defaultdict(list)
    for result in results:
        recorded = known[result.case].steps[result.step].status if result.case in known else None
        if recorded is not None and result.control is not None and result.control.response is not None:
            changed[recorded, result.control.response.status].append(result)
    counted = ((len(found), then, now, found[0]) for (then, now), found in changed.items() if then != now)
    for count, then, now, first in sorted(counted, key=lambda one: -one[0])[:MAX_CHANGES]:
        requests = f'"{first.request.line}" of case "{first.case}"' + (f" and {count - 1} more" if count > 1 else "")
        yield f"legacy answers {now} where {then} was recorded: {requests}; its settings or rows are other ones"


def _refusals(plan: Plan, results: Iterable[ParityResult]) -> Iterator[str]:
    """Yield what legacy was kept from: what it does once it gets through, no request has shown."""
    tried = Counter(
        one
        for result in results
        if result.control is not None and result.control.effects is not None
        for one in dict.fromkeys(result.control.effects.outbound)
    )
    for one, count in tried.most_common(3):
        why = "what it does after an answer from there is not compared"
        if one.kind == "database" and plan.map.replay.database is None and Path(one.target).is_file():
            url = f"sqlite:///{os.path.relpath(one.target, plan.root)}"
            why = f'`database = "{url}"` under [parity] gives each side its own copy of it'
        yield f"legacy was refused: {one.kind} {one.target} (requests: {count}); {why}"


def _own_noise(results: Iterable[ParityResult]) -> Iterator[str]:
    """Yield where the app is never the same twice, clock and random numbers frozen: a run takes that for noise."""
    varied = Counter(
        where
        for result in results
        for where in {field_of(one.difference.where) for one in result.verdicts if one.disposition is Disposition.NOISE}
    )
    for where, count in varied.most_common():
        yield f"never the same twice, so what the new app says there is not judged: {where} (requests: {count})"


def _summaries(plan: Plan, results: Sequence[ParityResult]) -> tuple[RouteSummary, ...]:
    """Return a summary of every route that was to be compared: one without any result is inconclusive."""
    found = summarise(results, plan.map.replay.min_requests)
    asked = {key for case in plan.cases for key in plan.routes_of(case)}
    silent = []
    for key in {*plan.routes} - {one.route for one in found}:
        why = "" if key in asked else f": {plan.unasked.get(key, 'no case asks it')}"
        note = f"0 of {plan.map.replay.min_requests} different requests needed{why}"
        silent.append(RouteSummary(route=key, outcome=Outcome.INCONCLUSIVE, note=note))
    return by_rank((*found, *silent))
