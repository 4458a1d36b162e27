"""Cases from the Flask app itself, without any schema: its rules, its views' source, and what samples have shown.

The same app, samples and seed give the same cases with the same names.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from typing import Any

from flask import Flask

from ...http.secret_names import is_secret
from ..corpus.bodies import JSON_TYPE
from ..corpus.case import Case, Step
from .column_values import Databases
from .input_cases import (
    Spoilt,
    file_cases,
    form_cases,
    header_cases,
    json_cases,
    limit_cases,
    query_cases,
    raw_cases,
    value_cases,
)
from .parameters import Parameter
from .path_values import edges, path_of
from .plausible import shown_text
from .protocol_cases import conditional_steps, method_cases, negotiation_cases, path_cases
from .samples import Seen, names_in, read_samples, steps_for
from .sequences import sequences
from .targets import WITH_BODY, Target, targets_of

MOST = 60
"""Cases of one method of one rule."""
FIXED = 8
"""Cases of each group that are taken before chance decides."""
GOOD = "good"
"""What the name of a request that should be welcome ends with; a second one is `good 2`."""
_Labelled = tuple[str, tuple[Step, ...]]


def generate(
    flask_app: Flask, samples: Sequence[Case], seed: int, databases: Databases | None = None
) -> tuple[Case, ...]:
    """At most `MOST` cases for each method of each rule: good ones, and ones that are odd in one place.

    Names are `GET /todos/<int:todo_id>: todo_id is -1`, each once. Credentials, ids and bodies are the samples' where
    they have any; a route behind a login gets no further without. Values of a query that stand in one of the
    `databases` come besides.
    """
    seen = read_samples(samples, flask_app.url_map)
    targets = tuple(targets_of(flask_app, seen, databases or {}))
    return tuple(case for target in targets for case in _cases(target, targets, seen, seed))


def is_good(case: Case) -> bool:
    """Whether a generated case should be welcome."""
    return case.name.rpartition(": ")[2].startswith(GOOD)


def _cases(target: Target, targets: Sequence[Target], seen: Seen, seed: int) -> Iterator[Case]:
    chance = random.Random(f"{seed} {target.key}")
    before, state = _created(target, targets)
    groups = [_mixed(group, chance) for group in _groups(target, targets, seen, before)]
    there = [
        (label, (*before, draft.step())) for label, draft in value_cases(target.good[0], target.query, target.found)
    ]
    most = MOST + len(there)
    names: set[str] = set()
    requests: set[tuple[Step, ...]] = set()
    for label, steps in chain(groups[0][:1], there, _in_turn(groups)):
        if len(names) < most and label not in names and steps not in requests:
            names.add(label)
            requests.add(steps)
            yield Case(f"{target.key}: {label}", steps, "generated", state)


def _groups(
    target: Target, targets: Sequence[Target], seen: Seen, before: tuple[Step, ...]
) -> Iterator[list[_Labelled]]:
    """By what they are odd in, the good ones first."""
    good = [(f"{GOOD} {at}" if at > 1 else GOOD, draft) for at, draft in enumerate(target.good, 1)]
    first = target.good[0]
    taken = frozenset(other.method for other in targets if other.rule.rule == target.rule.rule)
    paths = (
        (
            f"{name} is {shown_text(text) if text else 'empty'}",
            replace(first, path=path_of(target.rule, {**target.values, name: text})),
        )
        for name, text in edges(target.rule)
    )
    inputs = [list(group) for group in _input_groups(target)]
    yield [(label, (*before, draft.step())) for label, draft in good]
    yield [(label, (*_needed(before, draft.step()), draft.step())) for label, draft in paths]
    for group in (*inputs, method_cases(first, taken), path_cases(first), negotiation_cases(first)):
        yield [(label, (*before, draft.step())) for label, draft in group]
    if target.method == "GET":
        yield [("asked again with its ETag", (*before, *conditional_steps(first)))]
    yield list(sequences(target, targets, seen))


def _input_groups(target: Target) -> Iterator[Spoilt]:
    """Of what the view reads, or what samples sent it."""
    reading, bare = target.reading, target.bare
    first = target.good[0]
    yield query_cases(first, target.query, _known(reading.at("query"), target.query, "query"))
    yield header_cases(first, [one for one in reading.at("header", "cookie") if not is_secret(one.name)])
    if target.method not in WITH_BODY:
        return
    texts = {name: str(value) for name, value in target.fields.items()}
    if reading.reads("json") or (first.content_type == JSON_TYPE):
        keys = _known(reading.at("json"), target.fields, "json")
        yield limit_cases(bare, target.fields, keys)
        yield json_cases(bare, target.fields, keys)
    if reading.reads("form"):
        yield form_cases(bare, texts, _known(reading.at("form"), texts, "form"))
    if reading.reads("file"):
        yield file_cases(bare, texts, reading.at("file"))
    if reading.reads("body"):
        yield raw_cases(bare)


def _known(read: Sequence[Parameter], given: Mapping[str, Any], where: str) -> list[Parameter]:
    """The view's own parameters, and those that only samples know."""
    names = {one.name for one in read}
    return [*read, *(Parameter(name, where) for name in given if name not in names)]


def _created(target: Target, targets: Sequence[Target]) -> tuple[tuple[Step, ...], str | None]:
    """What comes before, and from which state: of a GET beside a POST at the same path with variables, that POST."""
    writer = next((o for o in targets if o.method == "POST" and o.rule.rule == target.rule.rule), None)
    if target.method == "GET" and writer is not None and target.values and writer.reading.reads("file", "body"):
        at_path = replace(writer.good[0], path=target.good[0].path)
        before = tuple(dict.fromkeys((*target.before, *writer.before)))
        return (*before, at_path.step()), target.state if target.before else writer.state
    return target.before, target.state


def _needed(before: tuple[Step, ...], step: Step) -> tuple[Step, ...]:
    """A path with another id needs no row to have been made: whether that differs must not decide about it."""
    return steps_for(before, names_in(step.request))


def _mixed(group: Sequence[_Labelled], chance: random.Random) -> list[_Labelled]:
    """The first ones as they are; which of the rest are taken is up to chance."""
    rest = list(group[FIXED:])
    chance.shuffle(rest)
    return [*group[:FIXED], *rest]


def _in_turn(groups: Iterable[Sequence[_Labelled]]) -> Iterator[_Labelled]:
    """One of each group, then the next of each, so that no group takes the place of another."""
    return (one for one in chain.from_iterable(zip_longest(*groups)) if one is not None)
