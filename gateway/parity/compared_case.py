"""A case as both sides answered it. Values only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ..comparing.observation import Compared
from ..comparing.result import Verdict
from .corpus.case import Case

Judge = Callable[[Compared], tuple[Verdict, ...]]
"""Gives a verdict on each difference of one request."""


@dataclass(frozen=True, slots=True)
class ComparedCase:
    """One case on both sides."""

    case: Case
    steps: tuple[Compared, ...]
    """The requests that both sides answered."""
    verdicts: tuple[tuple[Verdict, ...], ...]
    """The verdicts on the differences of each of the steps."""
    refused: str = ""
    """Why it was not run, or not to its end: what cannot be contained is not run."""
    control_lacks: str = ""
    """Why the rest was not asked: a value that it needs was in none of the control's answers."""
    candidate_lacks: str = ""
    """Why the rest was not asked of the candidate, which may be a difference by itself."""

    def judged(self, judge: Judge, numbers: Iterable[int]) -> ComparedCase:
        """Return the case with new verdicts on the steps of these numbers."""
        verdicts = list(self.verdicts)
        for number in numbers:
            verdicts[number] = judge(self.steps[number])
        return replace(self, verdicts=tuple(verdicts))
