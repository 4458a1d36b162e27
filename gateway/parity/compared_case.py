"""A case as both sides answered it. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from ..comparing.compared import Compared
from ..comparing.result import Verdict
from .corpus.case import Case


@dataclass(frozen=True, slots=True)
class ComparedCase:
    """One case on both sides."""

    case: Case
    steps: tuple[Compared, ...]
    verdicts: tuple[tuple[Verdict, ...], ...]
    """What became of the differences of each of the steps."""
    refused: str = ""
    """Why it was not run, or not to its end: what cannot be contained is not run."""
    control_lacks: str = ""
    """Why the rest was not asked: a value that it needs was in none of the control's answers."""
    candidate_lacks: str = ""
    """The same of the candidate, which may be a difference by itself."""
