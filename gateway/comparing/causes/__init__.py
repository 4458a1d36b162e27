"""Every known cause of a difference between a Flask app and its FastAPI port, by what it is about. A table."""

from __future__ import annotations

from . import answers, cookies, effects, errors, headers, json_values, parameters, routing
from .symptom import Cause

SECTIONS: dict[str, tuple[Cause, ...]] = {
    "Effects": effects.CAUSES,
    "Methods and paths": routing.CAUSES,
    "Errors and authentication": errors.CAUSES,
    "Parameters and bodies": parameters.CAUSES,
    "Cookies": cookies.CAUSES,
    "Headers and files": headers.CAUSES,
    "What a view returns": answers.CAUSES,
    "JSON": json_values.CAUSES,
}
"""In the order in which they are tried: the most telling signs first."""
CAUSES: dict[str, Cause] = {cause.name: cause for section in SECTIONS.values() for cause in section}
"""By name, in the same order."""
