"""The fields of WTForms forms, marshmallow schemas and pydantic models, which need not be installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .parameters import Interesting, Parameter

CSRF_FIELD = "csrf_token"
_MARSHMALLOW = {
    "Integer": "int",
    "Float": "float",
    "Decimal": "float",
    "Boolean": "bool",
    "List": "list",
    "Nested": "object",
    "Dict": "object",
}
_WTFORMS = {"IntegerField": "int", "FloatField": "float", "DecimalField": "float", "BooleanField": "bool"}
_JSON_SCHEMA = {"integer": "int", "number": "float", "boolean": "bool", "array": "list", "object": "object"}


def declared_fields(kind: Any, where: str = "json") -> tuple[Parameter, ...]:
    """The fields of a class or an instance of one; nothing for anything else.

    A form's fields are always of the place `form`, and `csrf_token` is one where the form checks one.
    """
    if hasattr(kind, "_declared_fields"):
        return tuple(_marshmallow(kind._declared_fields, where))  # noqa: SLF001 - marshmallow has no public form
    if hasattr(kind, "model_json_schema"):
        return tuple(_pydantic(kind, where))
    if any(base.__module__.startswith("wtforms") for base in getattr(kind, "__mro__", ())):
        return tuple(_wtforms(kind))
    return ()


def beside(limit: float) -> Interesting:
    """The values on both sides of a limit."""
    return (limit - 1, limit, limit + 1)


def texts_beside(limit: int) -> Interesting:
    """Texts that are just short enough, and just too long; none of a limit beyond reason."""
    return tuple("x" * length for length in (limit - 1, limit, limit + 1) if 0 <= length <= 5000)


def _marshmallow(fields: Mapping[str, Any], where: str) -> Iterator[Parameter]:
    for name, field in fields.items():
        if not field.dump_only:
            yield Parameter(
                field.data_key or name,
                where,
                _MARSHMALLOW.get(type(field).__name__, "text"),
                required=field.required,
                interesting=tuple(value for validator in field.validators for value in _limits(validator)),
            )


def _pydantic(model: Any, where: str) -> Iterator[Parameter]:
    schema = model.model_json_schema()
    for name, given in schema.get("properties", {}).items():
        branches = (given, *given.get("anyOf", ()))
        known = [
            _JSON_SCHEMA.get(branch["type"], "text") for branch in branches if branch.get("type", "null") != "null"
        ]
        yield Parameter(
            name,
            where,
            next(iter(known), ""),
            given.get("default"),
            name in schema.get("required", ()),
            tuple(value for branch in branches for value in _schema_limits(branch)),
        )


def _schema_limits(branch: Mapping[str, Any]) -> Iterator[Any]:
    yield from branch.get("enum", ())
    for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        yield from beside(branch[key]) if key in branch else ()
    for key in ("minLength", "maxLength"):
        yield from texts_beside(branch[key]) if key in branch else ()


def _wtforms(form: Any) -> Iterator[Parameter]:
    if any(base.__module__.startswith("flask_wtf") for base in form.__mro__):
        yield Parameter(CSRF_FIELD, "form", "text", required=True)
    for name in dir(form):
        unbound = getattr(form, name)
        if hasattr(unbound, "field_class") and hasattr(unbound, "creation_counter"):
            yield _form_field(name, unbound)


def _form_field(name: str, unbound: Any) -> Parameter:
    positional = next((given for given in unbound.args if isinstance(given, list | tuple)), ())
    validators = unbound.kwargs.get("validators", positional) or ()
    required = any("Required" in type(validator).__name__ for validator in validators)
    limits = tuple(value for validator in validators for value in _limits(validator))
    choices = tuple(one[0] if isinstance(one, tuple) else one for one in _choices(unbound.kwargs.get("choices")))
    kind = unbound.field_class.__name__
    where = "file" if kind in {"FileField", "MultipleFileField"} else "form"
    return Parameter(name, where, _WTFORMS.get(kind, "text"), None, required, (*choices, *limits))


def _choices(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, list | tuple) else ()


def _limits(validator: Any) -> Iterator[Any]:
    """Of `Length(max=...)`, `Range(min=...)` and `OneOf(...)`, which both libraries spell nearly alike."""
    yield from getattr(validator, "choices", None) or getattr(validator, "values", None) or ()
    beside_it = texts_beside if type(validator).__name__ == "Length" else beside
    for key in ("min", "max"):
        limit = getattr(validator, key, None)
        if isinstance(limit, int | float) and limit >= 0:
            yield from beside_it(limit)  # type: ignore[arg-type]  # a length is an int
