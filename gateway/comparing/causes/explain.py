"""Each difference mapped to a known cause, by what stands there and around it. Pure.

A wrong explanation is worse than none: a sign that the values do not show is no sign.
"""

from __future__ import annotations

from ..compared import Compared
from ..result import Difference
from . import CAUSES
from .experiments import TestedInterpretations
from .symptom import Cause, Symptom


class Explainer:
    """Of the differences of one step."""

    def __init__(self, step: Compared, json_mode: str) -> None:
        self._step = step
        self._readings = TestedInterpretations(step, json_mode)

    def cause_of(self, difference: Difference) -> Cause | None:
        """The first cause whose sign the difference shows, None when it shows none."""
        symptom = Symptom(difference, self._step, tuple(self._readings.causes_at(difference.where)))
        return next((cause for cause in CAUSES.values() if cause.sign(symptom)), None)
