"""Every known cause of a difference between a Flask app and its FastAPI port, by what it is about.

Each module defines causes as signs: the words of `@cause` are what a report says, the function is what it is told by.
ORDER MATTERS, of the sections here and of the causes in a module: the first sign that a difference shows is its cause.
"""

from __future__ import annotations

from . import answers, cookies, effects, errors, headers, json_values, parameters, routing
from .symptom import Cause

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
