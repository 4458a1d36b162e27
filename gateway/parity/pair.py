"""What a replay gives: both sides' observations of a case, step by step. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from .case import Case
from .exchange import Request
from .observation import Observation


@dataclass(frozen=True, slots=True)
class StepPair:
    """One request of a case as each side was asked (kept values filled in) and what each did."""

    control_request: Request
    candidate_request: Request
    control: Observation
    candidate: Observation
    twins: tuple[Observation, ...] = ()
    """The control again, with another clock, random numbers and hash seed; only where the pair differed."""


@dataclass(frozen=True, slots=True)
class CasePair:
    """One case on both sides."""

    case: Case
    steps: tuple[StepPair, ...]
    refused: str = ""
    """Why it was not run, or not to its end: what cannot be contained is not run."""
