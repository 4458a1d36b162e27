"""What a view reads from its request, as values: one parameter for each name at each place. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

Interesting = tuple[Any, ...]
"""JSON values at which a view may turn: beside a limit, one of a choice."""


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
    interesting: Interesting = ()


@dataclass(frozen=True, slots=True)
class ViewReading:
    """Everything that could be read of one view."""

    parameters: tuple[Parameter, ...] = ()
    statuses: tuple[int, ...] = ()
    """That it aborts with."""

    def at(self, *places: str) -> tuple[Parameter, ...]:
        """The named parameters of these places."""
        return tuple(one for one in self.parameters if one.where in places and one.name)

    def reads(self, *places: str) -> bool:
        return any(one.where in places for one in self.parameters)


def merged(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """One parameter for each place and name, in the order of the first read: what is read once with a default is not
    required."""
    found: dict[tuple[str, str], Parameter] = {}
    for one in parameters:
        earlier = found.get((one.where, one.name))
        found[one.where, one.name] = one if earlier is None else _both(earlier, one)
    return tuple(found.values())


def _both(one: Parameter, other: Parameter) -> Parameter:
    return replace(
        one,
        type=one.type or other.type,
        default=one.default if one.default is not None else other.default,
        required=one.required and other.required,
        interesting=distinct((*one.interesting, *other.interesting)),
    )


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """In their order, `1`, `1.0` and `True` apart."""
    return tuple({(type(value), repr(value)): value for value in values}.values())
