"""Each difference mapped to a known cause, by what stands there and around it. Pure.

A wrong explanation is worse than none: a sign that the values do not show is no sign.
"""

from __future__ import annotations

from ..exchange import Request
from ..observation import Observation
from ..result import Difference
from .causes import CAUSES
from .symptom import Cause, Symptom


def explain(difference: Difference, request: Request, control: Observation, candidate: Observation) -> Cause | None:
    """The first cause whose sign the difference shows, None when it shows none."""
    symptom = Symptom(difference, request, control, candidate)
    return next((cause for cause in CAUSES.values() if cause.sign(symptom)), None)
