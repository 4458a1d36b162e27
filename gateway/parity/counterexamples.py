"""Generated cases that differ: shrunk to what it takes, and kept in the corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, count

from ..comparing.result import Outcome, ParityResult, field_of
from ..comparing.verdicts import mismatched_locations
from .corpus.case import Case
from .corpus.files import load_corpus, write_cases
from .generating.shrinking import shrink
from .plan import Plan
from .reporting.report import Report
from .session import ParitySession

FILE = "counterexamples.toml"
MAX_COUNTEREXAMPLES = 10
"""Cases that one run keeps; one for each route and set of locations."""


def save_counterexamples(plan: Plan, report: Report, seed: int) -> Iterator[str]:
    """Shrink and keep one generated case for each kind of mismatch that the corpus has none for. Yields what it did."""
    found = _one_of_each_kind(plan, report)
    if not found:
        return
    directory = plan.root / plan.map.replay.corpus
    with ParitySession(plan, seed=seed) as session:
        shrunk = [_shrink(session, case, result) for case, result in found[:MAX_COUNTEREXAMPLES]]
    corpus = load_corpus(directory)
    names = {case.name for case in corpus}
    kept = [case for case in corpus if case.source == "counterexample"]
    for case in shrunk:  # the same generated case may differ in another way the next time
        name = f"counterexample: {case.name}"
        free = next(one for one in chain([name], (f"{name} ({number})" for number in count(2))) if one not in names)
        names.add(free)
        kept.append(replace(case, name=free))
    write_cases(directory, FILE, kept)
    yield f"kept {len(shrunk)} minimised case{'s' * (len(shrunk) > 1)} in {directory / FILE}: the next run replays them"
    if len(found) > MAX_COUNTEREXAMPLES:
        yield f"kinds of mismatch left for the next run: {len(found) - MAX_COUNTEREXAMPLES}"


def _one_of_each_kind(plan: Plan, report: Report) -> list[tuple[Case, ParityResult]]:
    """Return the first generated case of each kind of mismatch that no other case shows, with its result."""
    by_name = {case.name: case for case in plan.cases}
    found: dict[tuple[str, frozenset[str]], tuple[Case, ParityResult]] = {}
    known = set()
    for result in report.results:
        case = by_name.get(result.case)
        if result.outcome is not Outcome.MISMATCHED or case is None or not result.route:
            continue
        kind = _kind_of(result)
        if case.is_generated:
            found.setdefault(kind, (case, result))
        else:
            known.add(kind)
    return [one for kind, one in found.items() if kind not in known]


def _kind_of(result: ParityResult) -> tuple[str, frozenset[str]]:
    """Return (route, locations where the result mismatches, every index as `[*]`)."""
    return result.route, frozenset(map(field_of, mismatched_locations(result.verdicts)))


def _shrink(session: ParitySession, case: Case, result: ParityResult) -> Case:
    def still_differs(smaller: Case) -> bool:
        found = (one for _, results in session.replay([smaller]) for one in results)
        return _kind_of(result) in map(_kind_of, found)

    return replace(shrink(case, still_differs), source="counterexample", origin=f"counterexample of {case.origin}")
