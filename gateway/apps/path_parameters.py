"""Tell what a path parameter of the new side takes, in Flask's words: from Starlette's convertor, or FastAPI's type."""

from __future__ import annotations

import re
import types
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

from starlette.convertors import CONVERTOR_TYPES

from ..routing.outline import takes_slash

_CONVERTERS = {"int": "int:", "float": "float:", "uuid": "uuid:"}
"""Starlette's own convertors that have a converter of Flask's beside them."""
_WORD = re.compile(r"\w+")


def converter_of(convertor: str, annotation: Any) -> str:
    """Return Flask's converter with its colon, `int:`; "" where a parameter takes any one segment.

    `convertor` is Starlette's name in the path, "" where it has none; `annotation` the type that FastAPI validates by.
    """
    if takes_slash(CONVERTOR_TYPES[convertor or "str"].regex):  # an app may have its own, by these very names
        return "path:"
    return _CONVERTERS.get(convertor) or _converter_of_type(annotation)


def types_of_parameters(dependant: Any) -> dict[str, Any]:
    """Return the type of each path parameter of a FastAPI route, those that only its dependencies ask for too.

    Where several ask for one, the first type that Flask has a converter for: a request has to pass them all.
    """
    found: dict[str, Any] = {}
    for field in getattr(dependant, "path_params", ()):
        annotation = getattr(field.field_info, "annotation", None) or getattr(field, "type_", None)
        found |= dict.fromkeys((field.name, field.alias), annotation)
    for below in getattr(dependant, "dependencies", ()):
        for name, annotation in types_of_parameters(below).items():
            if not _converter_of_type(found.get(name)):
                found[name] = annotation
    return found


def _converter_of_type(annotation: Any) -> str:
    annotation = _plain(annotation)
    if get_origin(annotation) is Literal:
        return _any_of(get_args(annotation))
    if not isinstance(annotation, type) or issubclass(annotation, bool):
        return ""
    if issubclass(annotation, Enum):
        return _any_of([member.value for member in annotation])
    kinds = ((int, "int:"), (float, "float:"), (Decimal, "float:"), (UUID, "uuid:"))
    return next((converter for kind, converter in kinds if issubclass(annotation, kind)), "")


def _plain(annotation: Any) -> Any:
    """Return a type without what may stand around it: `Annotated`, `NewType`, the name of an alias, `| None`."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if isinstance(annotation, NewType):
        return _plain(annotation.__supertype__)
    if hasattr(annotation, "__value__"):  # `type Number = int` of Python 3.12, or typing_extensions' own
        return _plain(annotation.__value__)
    if get_origin(annotation) in (Union, types.UnionType):
        some = {_plain(each) for each in get_args(annotation)} - {types.NoneType}
        return some.pop() if len(some) == 1 else None
    return annotation


def _any_of(values: Sequence[Any]) -> str:
    if values and all(type(value) is int for value in values):
        return "int:"
    is_plain = values and all(isinstance(value, str) and _WORD.fullmatch(value) for value in values)
    return f"any({','.join(values)}):" if is_plain else ""
