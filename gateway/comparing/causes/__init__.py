"""Every known cause of a difference between a Flask app and its FastAPI port, by what it is about. Pure.

Each module defines causes as signs: the words of `@cause` are what a report says, the function is what it is told by.
ORDER MATTERS, of the sections here and of the causes in a module: the first sign that a difference shows is its cause.
A wrong explanation is worse than none: a sign that the values do not show is no sign.
"""

from __future__ import annotations

from ..observation import Compared
from ..result import Difference
from . import answers, cookies, effects, errors, headers, json_values, parameters, routing
from .interpretations import explained_locations
from .symptom import Cause, Symptom

SECTIONS: dict[str, tuple[Cause, ...]] = {
    title: tuple(value for value in vars(module).values() if isinstance(value, Cause))
    for title, module in {
        "Effects": effects,
        "Methods and paths": routing,
        "Errors and authentication": errors,
        "Parameters and bodies": parameters,
        "Cookies": cookies,
        "Headers and files": headers,
        "What a view returns": answers,
        "JSON": json_values,
    }.items()
}
"""Causes by section, in the order in which they are tried: the most telling signs first."""
CAUSES: dict[str, Cause] = {cause.name: cause for section in SECTIONS.values() for cause in section}
"""Causes by name, in the order in which they are tried."""


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
