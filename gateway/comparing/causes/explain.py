"""Each difference mapped to a known cause, by what stands there and around it. Pure.

A wrong explanation is worse than none: a sign that the values do not show is no sign.
"""

from __future__ import annotations

from ..compared import Compared
from ..result import Difference
from . import CAUSES
from .experiments import explained_locations
from .symptom import Cause, Symptom


class Explainer:
    """The known causes of the differences of one request."""

    def __init__(self, compared: Compared, json_mode: str) -> None:
        self._compared = compared
        self._confirmed = [(one.cause, explained_locations(one, compared, json_mode)) for one in compared.experiments]

    def cause_of(self, difference: Difference) -> Cause | None:
        """Return the first cause whose sign the difference shows, or None when it shows none."""
        interpretations = tuple(cause for cause, locations in self._confirmed if difference.where in locations)
        symptom = Symptom(difference, self._compared, interpretations)
        return next((cause for cause in CAUSES.values() if cause.sign(symptom)), None)
