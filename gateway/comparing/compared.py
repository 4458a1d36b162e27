"""What a replay gives: both sides' observations of a case, step by step. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from ..http.message import Request
from ..parity.corpus.case import Case
from .observation import Observation

Observations = tuple[Observation, Observation]
"""The control's and the candidate's."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What both sides did when they were asked in plain words what each is thought to have read (readings.py)."""

    cause: str
    """Name of the known cause that the two ways of reading are."""
    control: Observations
    """Asked what Flask is thought to have read."""
    candidate: Observations
    """Asked what FastAPI is thought to have read."""


@dataclass(frozen=True, slots=True)
class StepPair:
    """One request of a case as each side was asked (kept values filled in) and what each did."""

    control_request: Request
    candidate_request: Request
    control: Observation
    candidate: Observation
    twins: tuple[Observation, ...] = ()
    """The control again, with other random numbers and another hash seed; only where a difference may be noise."""
    trials: tuple[Trial, ...] = ()
    """Only where the pair differed, and the frameworks may have read the request in two ways."""


@dataclass(frozen=True, slots=True)
class CasePair:
    """One case on both sides."""

    case: Case
    steps: tuple[StepPair, ...]
    refused: str = ""
    """Why it was not run, or not to its end: what cannot be contained is not run."""
    control_lacks: str = ""
    """Why the rest was not asked: a value that it needs was in none of the control's answers."""
    candidate_lacks: str = ""
    """The same of the candidate, which may be a difference by itself."""
