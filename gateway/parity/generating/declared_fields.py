"""The fields of WTForms forms, marshmallow schemas and pydantic models, which need not be installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .parameters import Parameter, type_named

CSRF_FIELD = "csrf_token"


def declared_fields(kind: Any, where: str = "json") -> tuple[Parameter, ...]:
    """Return the fields of a class or an instance of one; nothing for anything else.

    Where a form is read is always `form`, and `csrf_token` is a field where the form checks one.
    """
    if hasattr(kind, "_declared_fields"):
        fields = kind._declared_fields.items()  # noqa: SLF001 - marshmallow has no public form
        return tuple(_marshmallow_field(name, field, where) for name, field in fields if not field.dump_only)
    if hasattr(kind, "model_json_schema"):
        return tuple(_pydantic(kind, where))
    if any(base.__module__.startswith("wtforms") for base in getattr(kind, "__mro__", ())):
        return tuple(_wtforms(kind))
    return ()


def beside(limit: float) -> tuple[Any, ...]:
    """Return a limit with the values on both sides of it."""
    return (limit - 1, limit, limit + 1)


def texts_beside(limit: int) -> tuple[Any, ...]:
    """Return texts that are just short enough, and just too long; none for a limit beyond reason."""
    return tuple("x" * length for length in (limit - 1, limit, limit + 1) if 0 <= length <= 5000)


def _marshmallow_field(name: str, field: Any, where: str) -> Parameter:
    kind = type_named(type(field).__name__) or "text"
    limits = tuple(value for validator in field.validators for value in _limits(validator))
    return Parameter(field.data_key or name, where, kind, required=field.required, interesting=limits)


def _pydantic(model: Any, where: str) -> Iterator[Parameter]:
    schema = model.model_json_schema()
    for name, given in schema.get("properties", {}).items():
        branches = (given, *given.get("anyOf", ()))
        types = (branch["type"] for branch in branches if branch.get("type", "null") != "null")
        kind = next((type_named(one) or "text" for one in types), "")
        limits: list[Any] = []
        for branch in branches:
            limits += branch.get("enum", ())
            for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
                limits += beside(branch[key]) if key in branch else ()
            for key in ("minLength", "maxLength"):
                limits += texts_beside(branch[key]) if key in branch else ()
        yield Parameter(name, where, kind, given.get("default"), name in schema.get("required", ()), tuple(limits))


def _wtforms(form: Any) -> Iterator[Parameter]:
    if any(base.__module__.startswith("flask_wtf") for base in form.__mro__):
        yield Parameter(CSRF_FIELD, "form", "text", required=True)
    for name in dir(form):
        field = getattr(form, name)
        if not hasattr(field, "field_class") or not hasattr(field, "creation_counter"):
            continue
        positional = next((given for given in field.args if isinstance(given, list | tuple)), ())
        validators = field.kwargs.get("validators", positional) or ()
        required = any("Required" in type(validator).__name__ for validator in validators)
        given, kind = field.kwargs.get("choices"), field.field_class.__name__
        listed = given if isinstance(given, list | tuple) else ()
        values = [one[0] if isinstance(one, tuple) else one for one in listed]
        values += (value for validator in validators for value in _limits(validator))
        where = "file" if kind in {"FileField", "MultipleFileField"} else "form"
        yield Parameter(name, where, type_named(kind) or "text", None, required, tuple(values))


def _limits(validator: Any) -> Iterator[Any]:
    """Yield the limits of `Length(max=...)`, `Range(min=...)` and `OneOf(...)`, which both libraries spell alike."""
    yield from getattr(validator, "choices", None) or getattr(validator, "values", None) or ()
    beside_it = texts_beside if type(validator).__name__ == "Length" else beside
    for key in ("min", "max"):
        limit = getattr(validator, key, None)
        if isinstance(limit, int | float) and limit >= 0:
            yield from beside_it(limit)  # type: ignore[arg-type]  # a length is an int
