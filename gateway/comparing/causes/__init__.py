"""Every known cause of a difference between a Flask app and its FastAPI port, by what it is about.

Each module defines causes as signs: the words of `@cause` are what a report says, the function is what it is told by.
ORDER MATTERS, of the sections here and of the causes in a module: the first sign that a difference shows is its cause.
"""

from __future__ import annotations

from types import ModuleType

from . import answers, cookies, effects, errors, headers, json_values, parameters, routing
from .symptom import Cause


def _defined_in(module: ModuleType) -> tuple[Cause, ...]:
    return tuple(value for value in vars(module).values() if isinstance(value, Cause))


SECTIONS: dict[str, tuple[Cause, ...]] = {
    "Effects": _defined_in(effects),
    "Methods and paths": _defined_in(routing),
    "Errors and authentication": _defined_in(errors),
    "Parameters and bodies": _defined_in(parameters),
    "Cookies": _defined_in(cookies),
    "Headers and files": _defined_in(headers),
    "What a view returns": _defined_in(answers),
    "JSON": _defined_in(json_values),
}
"""Causes by section, in the order in which they are tried: the most telling signs first."""
CAUSES: dict[str, Cause] = {cause.name: cause for section in SECTIONS.values() for cause in section}
"""Causes by name, in the order in which they are tried."""
