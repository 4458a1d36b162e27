"""Each difference mapped to a known cause, by what stands there and around it, or by experiment. Pure.

A wrong explanation is worse than none: a sign that the values do not show is no sign.
"""

from __future__ import annotations

from ..diff.comparison import compare
from ..observation import Compared, Experiment, Observation
from ..result import Difference
from . import CAUSES
from .symptom import Cause, Symptom


class Explainer:
    """The known causes of the differences of one request."""

    def __init__(self, compared: Compared, json_mode: str) -> None:
        self._compared = compared
        answers = compared.control.response, compared.candidate.response
        self._bodies = answers[0] and answers[0].json, answers[1] and answers[1].json  # once, not for each difference
        self._confirmed = [(one.cause, explained_locations(one, compared, json_mode)) for one in compared.experiments]

    def cause_of(self, difference: Difference) -> Cause | None:
        """Return the first cause whose sign the difference shows, or None when it shows none."""
        interpretations = tuple(cause for cause, locations in self._confirmed if difference.where in locations)
        symptom = Symptom(difference, self._compared, interpretations, self._bodies)
        return next((cause for cause in CAUSES.values() if cause.sign(symptom)), None)


def explained_locations(experiment: Experiment, compared: Compared, json_mode: str) -> frozenset[str]:
    """Return the locations where an experiment leaves no other reason for the difference than the two interpretations.

    There each side answers as it does to its own interpretation, and both sides answer both interpretations alike, or
    one of the two where a side refuses the other: that refusal is another difference, by itself.
    """

    def locations(one: Observation, other: Observation) -> frozenset[str]:
        found = compare(one, other, method=compared.control_request.method, json_mode=json_mode)
        return frozenset(difference.where for difference in found)

    control, candidate = experiment.control, experiment.candidate
    unlike = locations(compared.control, control[0]) | locations(compared.candidate, candidate[1])
    between = {both: locations(*both) for both in (control, candidate)}
    answered = [
        found for both, found in between.items() if all(one.response and one.response.status < 400 for one in both)
    ]
    return frozenset(
        where
        for where in locations(compared.control, compared.candidate)
        if not any(_is_near(where, found) for found in (unlike, *answered))
        and not all(_is_near(where, found) for found in between.values())
    )


def _is_near(where: str, locations: frozenset[str]) -> bool:
    """Tell whether one of the locations is this one, around it or inside it."""
    return any(
        one == where or one.startswith((f"{where}.", f"{where}[")) or where.startswith((f"{one}.", f"{one}["))
        for one in locations
    )
