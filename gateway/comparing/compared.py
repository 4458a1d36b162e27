"""What a replay gives: both sides' observations of a case, step by step. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from ..http.message import Request
from .observation import Observation

Observations = tuple[Observation, Observation]
"""The control's and the candidate's."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """What both sides did when they were asked in plain words what each is thought to have read ."""

    cause: str
    """Name of the known cause that the two ways of reading are."""
    control: Observations
    """Asked what Flask is thought to have read."""
    candidate: Observations
    """Asked what FastAPI is thought to have read."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One request of a case as each side was asked (kept values filled in) and what each did."""

    control_request: Request
    candidate_request: Request
    control: Observation
    candidate: Observation
    repeats: tuple[Observation, ...] = ()
    """The control again, with other random numbers and another hash seed; only where a difference may be noise."""
    experiments: tuple[Experiment, ...] = ()
    """Only where the pair differed, and the frameworks may have read the request in two ways."""
    credential: str = "given"
    """`given`, or how the request's credential was spoilt: `anonymous`, `wrong`, `other-user`, `no-csrf`."""
