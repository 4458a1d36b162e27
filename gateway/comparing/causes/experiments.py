"""Whether a difference comes from the two ways in which the frameworks read a request: told by experiment. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..compared import Compared, Experiment
from ..diff.comparison import every_difference
from ..observation import Observation


class TestedInterpretations:
    """The experiments on one step; without one, nothing comes from a reading."""

    def __init__(self, step: Compared, json_mode: str) -> None:
        self._method = step.control_request.method
        self._json_mode = json_mode
        self._causes = [(trial.cause, self._explained_by(trial, step)) for trial in step.experiments]

    def causes_at(self, where: str) -> Iterator[str]:
        """Names of the causes that are all that is behind a difference there."""
        return (cause for cause, places in self._causes if where in places)

    def _explained_by(self, trial: Experiment, step: Compared) -> frozenset[str]:
        """Places where each side answers as to its plain reading, and both alike to these interpretations.

        To one of them alone where the other is one that a side refuses: that is another difference, by itself.
        """
        unlike = self._places(step.control, trial.control[0]) | self._places(step.candidate, trial.candidate[1])
        between = {both: self._places(*both) for both in (trial.control, trial.candidate)}
        fine = [places for both, places in between.items() if all(map(_is_fine, both))]
        return frozenset(
            where
            for where in self._places(step.control, step.candidate)
            if not any(_is_near(where, places) for places in (unlike, *fine))
            and not all(_is_near(where, places) for places in between.values())
        )

    def _places(self, one: Observation, other: Observation) -> frozenset[str]:
        found = every_difference(one, other, method=self._method, json_mode=self._json_mode)
        return frozenset(difference.where for difference in found)


def _is_fine(observation: Observation) -> bool:
    return observation.response is not None and observation.response.status < 400


def _is_near(where: str, places: frozenset[str]) -> bool:
    """Whether one of the places is this one, around it or inside it."""
    return any(where == place or _is_inside(where, place) or _is_inside(place, where) for place in places)


def _is_inside(where: str, place: str) -> bool:
    return where.startswith((f"{place}.", f"{place}["))
