"""Describe what a view reads from its request, as values: one parameter for each name at each location. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

_TYPES = {
    **dict.fromkeys(("int", "integer"), "int"),
    **dict.fromkeys(("float", "number", "decimal"), "float"),
    **dict.fromkeys(("bool", "boolean"), "bool"),
    **dict.fromkeys(("list", "array"), "list"),
    **dict.fromkeys(("dict", "object", "nested"), "object"),
    "str": "text",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a view reads."""

    name: str
    """Empty for a body that is read as a whole."""
    where: str
    """`query`, `json`, `form`, `file`, `header`, `cookie`, `session`, `body`; `g` is what a hook left in `flask.g`."""
    type: str = ""
    """`text`, `int`, `float`, `bool`, `list`, `object`; empty when nothing says so."""
    default: Any = None
    required: bool = False
    """Whether it is read as if it must be there."""
    interesting: tuple[Any, ...] = ()
    """JSON values at which the view may turn: beside a limit, one of a choice."""


@dataclass(frozen=True, slots=True)
class ViewReading:
    """Everything that could be read of one view."""

    parameters: tuple[Parameter, ...] = ()
    statuses: tuple[int, ...] = ()
    """Statuses that it aborts with."""

    def at(self, *locations: str) -> tuple[Parameter, ...]:
        """Return the parameters of these locations that have a name."""
        return tuple(one for one in self.parameters if one.where in locations and one.name)

    def reads(self, *locations: str) -> bool:
        """Tell whether anything is read at one of these locations, be it the whole."""
        return any(one.where in locations for one in self.parameters)


def type_named(name: str) -> str:
    """Return the type of a parameter by what Python, JSON Schema, marshmallow or WTForms calls it, "" for any other."""
    return _TYPES.get(name.lower().removesuffix("field"), "")


def merged(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """Return one parameter for each location and name, in the order of the first read.

    What is read once with a default is not required.
    """
    found: dict[tuple[str, str], Parameter] = {}
    for one in parameters:
        key = one.where, one.name
        earlier = found.get(key)
        found[key] = (
            one
            if earlier is None
            else replace(
                earlier,
                type=earlier.type or one.type,
                default=earlier.default if earlier.default is not None else one.default,
                required=earlier.required and one.required,
                interesting=distinct((*earlier.interesting, *one.interesting)),
            )
        )
    return tuple(found.values())


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return the values in their order, each once; `1`, `1.0` and `True` are three."""
    return tuple({(type(value), repr(value)): value for value in values}.values())
