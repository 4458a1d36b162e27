"""Requests that build on each other: what was created is read, changed, deleted and read again. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ..corpus.bodies import JSON_TYPE
from ..corpus.case import Step
from .path_values import path_of
from .plausible import good_value
from .samples import Seen, names_kept
from .targets import WITH_BODY, Target

Sequenced = Iterator[tuple[str, tuple[Step, ...]]]
"""(what it does, its steps)"""
_LAST_VARIABLE = re.compile(r"(.*)/<(?:[^<>]*:)?(\w+)>/?")
_CHANGES = ("PUT", "PATCH", "POST")


def sequences(target: Target, targets: Sequence[Target], seen: Seen) -> Sequenced:
    """Those that begin with a write at this target; nothing for one that only reads."""
    if target.method not in WITH_BODY:
        return
    first = target.good[0]
    yield "twice", (*target.before, first.step(), first.step())
    yield from _key_by_key(target)
    readers = [replace(other.bare, path=_path_at(other, target)).step() for other in _readers(target, targets)]
    if readers:
        yield "then read", (*target.before, first.step(), *readers)
    items = _items(target, targets)
    if target.method == "POST" and items:
        yield from _life(target, items, _keep(target, items, seen))


def _key_by_key(target: Target) -> Sequenced:
    """A change of each key alone, and of the first again: what the others were set to must last."""
    known = {one.name: good_value(one) for one in target.reading.at("json")}
    pairs = list({**known, **target.fields}.items())
    if target.method in ("PUT", "PATCH") and len(pairs) > 1 and target.good[0].content_type == JSON_TYPE:
        changes = (target.bare.with_json({name: value}) for name, value in (*pairs, pairs[0]))
        yield "key by key", (*target.before, *(change.step() for change in changes))


def _life(target: Target, items: Sequence[Target], keep: tuple[str, str]) -> Sequenced:
    """Create, read, change, delete, read again, as far as there are routes for it; `{{id}}` is what was made."""
    created = (*target.before, target.good[0].step(keep))
    at = {item.method: _of_created(item, target, keep[0]) for item in items}
    read = (at["GET"],) if "GET" in at else ()
    change = tuple(at[method] for method in _CHANGES if method in at)[:1]
    delete = (at["DELETE"],) if "DELETE" in at else ()
    yield "created, read", (*created, *read)
    if change:
        yield "created, changed, read", (*created, *change, *read)
    if delete:
        yield "created, read, changed, deleted, read", (*created, *read, *change, *delete, *read)
        yield "created, deleted twice", (*created, *delete, *delete)


def _of_created(item: Target, collection: Target, name: str) -> Step:
    """The item's good request with the kept value in place of its last variable."""
    path = _path_at(item, collection, {_variable(item): f"{{{{{name}}}}}"})
    return replace(item.good[0], path=path).step()


def _path_at(other: Target, target: Target, more: Mapping[str, str] | None = None) -> str:
    """The other's path with the values of this one, for what came before has given them."""
    return path_of(other.rule, {**other.values, **target.values, **(more or {})})


def _items(target: Target, targets: Sequence[Target]) -> list[Target]:
    """The routes of one thing of a collection: `/todos/<int:todo_id>` of `/todos`."""
    collection = target.rule.rule.rstrip("/")
    found = ((other, _LAST_VARIABLE.fullmatch(other.rule.rule)) for other in targets)
    return [other for other, match in found if match and match[1] == collection]


def _keep(target: Target, items: Sequence[Target], seen: Seen) -> tuple[str, str]:
    """Where the answer has the key: as samples keep it, else `slug` for `<slug>`, else `id`."""
    samples = seen.samples.get((target.method, target.rule.rule), ())
    variable = _variable(items[0])
    name, place = ("id", f"body.{variable}" if variable in target.fields else "body.id")
    if samples and samples[0].captures:
        name, place = samples[0].captures[0]
    return (f"own_{name}" if name in names_kept(target.before) else name), place


def _variable(item: Target) -> str:
    match = _LAST_VARIABLE.fullmatch(item.rule.rule)
    return match[2] if match else ""


def _readers(target: Target, targets: Sequence[Target]) -> Iterator[Target]:
    """GET at the same path, and at the path above."""
    paths = {target.rule.rule.rstrip("/"), target.rule.rule.rstrip("/").rpartition("/")[0]} - {""}
    return (other for other in targets if other.method == "GET" and other.rule.rule.rstrip("/") in paths)
