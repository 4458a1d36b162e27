"""Requests that build on each other: what was created is read, changed, deleted and read again. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from ..corpus.bodies import JSON_TYPE
from ..corpus.case import Step, captured_names
from .path_values import path_of
from .plausible import valid_value
from .targets import WITH_BODY, Target
from .variation import Group, Variation, Variations

_LAST_VARIABLE = re.compile(r"(.*)/<(?:[^<>]*:)?(\w+)>/?")
_sequence = partial(Variation.named, Group.SEQUENCE)
_CHANGES = ("PUT", "PATCH", "POST")


def sequences(target: Target, targets: Sequence[Target]) -> Variations:
    """Yield those that begin with a write at this target; nothing for one that only reads."""
    if target.method not in WITH_BODY:
        return
    first = target.valid[0]
    yield _sequence("twice", first.step(), first.step())
    pairs = list(({one.name: valid_value(one) for one in target.reading.at("json")} | {**target.body_fields}).items())
    if target.method in ("PUT", "PATCH") and len(pairs) > 1 and first.content_type == JSON_TYPE:
        # The first key comes again: what the others were set to must last.
        changes = (target.without_body.with_json({name: value}) for name, value in (*pairs, pairs[0]))
        yield _sequence("key by key", *(change.step() for change in changes))
    path = target.rule.rule.rstrip("/")
    read_at = {path, path.rpartition("/")[0]} - {""}
    readers = (other for other in targets if other.method == "GET" and other.rule.rule.rstrip("/") in read_at)
    if reads := [replace(other.without_body, path=_path_at(other, target)).step() for other in readers]:
        yield _sequence("then read", first.step(), *reads)
    matches = ((other, _LAST_VARIABLE.fullmatch(other.rule.rule)) for other in targets)
    items = [(other, match[2]) for other, match in matches if match and match[1] == path]
    if target.method == "POST" and items:
        yield from _life(target, items)


def _life(target: Target, items: Sequence[tuple[Target, str]]) -> Variations:
    """Yield create, read, change, delete, read again, as far as there are routes for it; `{{id}}` is what was made.

    `items` are the routes of one thing of the collection, `/todos/<int:todo_id>` of `/todos`, each with its variable.
    """
    # Where the answer has the key: as samples capture it, else `slug` for `<slug>`, else `id`.
    variable, samples = items[0][1], target.samples.by_route.get(target.route, ())
    name, location = "id", f"body.{variable}" if variable in target.body_fields else "body.id"
    if samples and samples[0].step.captures:
        name, location = samples[0].step.captures[0]
    capture = f"own_{name}" if name in captured_names(target.preceding_steps) else name, location
    created = target.valid[0].step(capture)
    by_method = {item.method: (item, variable) for item, variable in items}

    def asked(*methods: str) -> tuple[Step, ...]:
        method = next((method for method in methods if method in by_method), None)
        if method is None:
            return ()
        item, variable = by_method[method]
        path = _path_at(item, target, {variable: f"{{{{{capture[0]}}}}}"})
        return (replace(item.valid[0], path=path).step(),)

    read, change, delete = asked("GET"), asked(*_CHANGES), asked("DELETE")
    yield _sequence("created, read", created, *read)
    if change:
        yield _sequence("created, changed, read", created, *change, *read)
    if delete:
        yield _sequence("created, read, changed, deleted, read", created, *read, *change, *delete, *read)
        yield _sequence("created, deleted twice", created, *delete, *delete)


def _path_at(other: Target, target: Target, more: Mapping[str, str] | None = None) -> str:
    """Return the other's path with the values of this one, for what came before has given them."""
    return path_of(other.rule, {**other.path_values, **target.path_values, **(more or {})})
