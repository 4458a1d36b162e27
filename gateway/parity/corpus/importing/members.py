"""Members of a JSON file of another tool, read leniently: a value of the wrong kind counts as absent. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def table_of(value: Any) -> dict[str, Any]:
    """Return an object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """Return a list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def text_of(value: Any) -> str:
    """Return a text as it is, "" for null, and any other value as JSON writes it: `true`, `5`, `{"a": 1}`."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def pairs_of(value: Any) -> Iterator[tuple[str, str | None]]:
    """Yield (name, text or None for null) of each enabled member of a list of them, or of an object `{name: value}`.

    A member has its name as `key`, as `name` or, in Postman's older files, as `id`.
    """
    if isinstance(value, dict):
        yield from ((name, None if given is None else text_of(given)) for name, given in value.items())
    for member in map(table_of, list_of(value)):
        name = next((member[key] for key in ("key", "name", "id") if member.get(key) is not None), None)
        if name is not None and member.get("disabled") in (None, False, "false"):
            given = member.get("value")
            yield text_of(name), None if given is None else text_of(given)
