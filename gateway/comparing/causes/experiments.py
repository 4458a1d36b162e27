"""Which differences come from the two ways in which the frameworks read a request: told by experiment. Pure."""

from __future__ import annotations

from ..compared import Compared, Experiment
from ..diff.comparison import compare
from ..observation import Observation


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
    answered = [found for both, found in between.items() if all(map(_is_answered, both))]
    return frozenset(
        where
        for where in locations(compared.control, compared.candidate)
        if not any(_is_near(where, found) for found in (unlike, *answered))
        and not all(_is_near(where, found) for found in between.values())
    )


def _is_answered(observation: Observation) -> bool:
    return observation.response is not None and observation.response.status < 400


def _is_near(where: str, locations: frozenset[str]) -> bool:
    """Tell whether one of the locations is this one, around it or inside it."""
    return any(
        one == where or one.startswith((f"{where}.", f"{where}[")) or where.startswith((f"{one}.", f"{one}["))
        for one in locations
    )
