"""Generated cases that found something: shrunk to what it takes, and kept in the corpus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, count

from ..comparing.result import Disposition, Outcome, ParityResult, field_of
from .corpus.case import Case
from .corpus.files import load_corpus, write_cases
from .generating.shrinking import shrink
from .plan import Plan
from .reporting.report import Report
from .session import ParitySession

FILE = "counterexamples.toml"
MOST = 10
"""Cases that one run keeps; one for each route and set of places."""


def save_counterexamples(plan: Plan, report: Report, seed: int) -> Iterator[str]:
    """Shrink and keep one generated case for each kind of mismatch that the corpus has none for. Yields what it did."""
    finds = _kinds(plan, report)
    if not finds:
        return
    directory = plan.root / plan.map.replay.corpus
    with ParitySession(plan, seed=seed) as session:
        kept = [_shrunk(session, case, result) for case, result in finds[:MOST]]
    corpus = load_corpus(directory)
    known = [case for case in corpus if case.source == "counterexample"]
    write_cases(directory, FILE, [*known, *_named(kept, {case.name for case in corpus})])
    yield f"kept {len(kept)} minimised case{'s' * (len(kept) > 1)} in {directory / FILE}: the next run replays them"
    if len(finds) > MOST:
        yield f"kinds of mismatch left for the next run: {len(finds) - MOST}"


def _kinds(plan: Plan, report: Report) -> list[tuple[Case, ParityResult]]:
    by_name = {case.name: case for case in plan.cases}
    found: dict[tuple[str, frozenset[str]], tuple[Case, ParityResult]] = {}
    known = set()
    for result in report.results:
        case = by_name.get(result.case)
        if result.outcome is not Outcome.MISMATCHED or case is None or not result.route:
            continue
        kind = (result.route, places(result))
        if case.is_generated:
            found.setdefault(kind, (case, result))
        else:
            known.add(kind)
    return [find for kind, find in found.items() if kind not in known]


def places(result: ParityResult) -> frozenset[str]:
    """Where a result mismatches, every index as `[*]`."""
    return frozenset(
        field_of(verdict.difference.where) for verdict in result.verdicts if verdict.disposition is Disposition.MISMATCH
    )


def _shrunk(session: ParitySession, case: Case, result: ParityResult) -> Case:
    wanted = places(result)

    def still_differs(smaller: Case) -> bool:
        found = (one for replayed in session.replay([smaller]) for one in replayed.results)
        return any(one.route == result.route and places(one) == wanted for one in found)

    return replace(shrink(case, still_differs), source="counterexample", origin=f"counterexample of {case.origin}")


def _named(cases: Iterable[Case], taken: set[str]) -> Iterator[Case]:
    """As found, each with a name of its own: the same generated case may differ in another way the next time."""
    for case in cases:
        names = chain(
            [f"counterexample: {case.name}"], (f"counterexample: {case.name} ({number})" for number in count(2))
        )
        name = next(name for name in names if name not in taken)
        taken.add(name)
        yield replace(case, name=name)
