"""One request asked on both sides, with what each did: all that a comparison needs to know. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from ..http.message import Request
from .observation import Observation

Observations = tuple[Observation, Observation]
"""(of the control, of the candidate)."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """What both sides did when they were asked, in an unambiguous request, what each is thought to have read."""

    cause: str
    """Name of the known cause that the two interpretations are."""
    control: Observations
    """What both did with the request that Flask is thought to have read."""
    candidate: Observations
    """What both did with the request that FastAPI is thought to have read."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One request as each side was asked (captured values filled in) and what each did."""

    control_request: Request
    candidate_request: Request
    control: Observation
    candidate: Observation
    repeats: tuple[Observation, ...] = ()
    """What the control did with other random numbers and another hash seed; empty where no difference may be noise."""
    experiments: tuple[Experiment, ...] = ()
    """Empty but where both differ and the frameworks may have read the request in two ways."""
    credential: str = "given"
    """`given`, or how the request's credential was made invalid: `anonymous`, `wrong`, `other-user`, `no-csrf`."""
