"""Cases from the Flask app itself, without any schema: its rules, its views' source, and what samples have shown.

The same app, samples and seed give the same cases with the same names.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from flask import Flask

from ...http.secret_names import is_secret
from ..corpus.bodies import JSON_TYPE
from ..corpus.case import Case, Step, steps_capturing, used_names
from . import odd_requests
from .column_values import Databases
from .parameters import Parameter
from .path_values import edges, path_of
from .plausible import format_text
from .samples import read_samples
from .sequences import sequences
from .targets import WITH_BODY, Target, targets_of
from .variation import Group, Variation, Variations

MAX_CASES = 60
"""Cases of one method of one rule, beside those with values from a database."""
FIXED_CASES = 8
"""Cases of each group that are taken before chance decides."""
VALID = "good"
"""End of the names of valid requests; a second one is `good 2`."""


def generate(
    flask_app: Flask, samples: Sequence[Case], seed: int, databases: Databases | None = None
) -> tuple[Case, ...]:
    """Return at most `MAX_CASES` cases for each method of each rule: valid ones, and ones that are odd in one place.

    Names are `GET /todos/<int:todo_id>: todo_id is -1`, each once. Credentials, ids and bodies are the samples' where
    they have any; a route behind a login gets no further without. Values of a query that stand in one of the
    `databases` come besides.
    """
    targets = tuple(targets_of(flask_app, read_samples(samples, flask_app.url_map), databases or {}))
    return tuple(case for target in targets for case in _cases(target, targets, seed))


def _cases(target: Target, targets: Sequence[Target], seed: int) -> Iterator[Case]:
    """Yield the valid request, those with values from a database, then one of each group in turn.

    So no group takes the place of another.
    """
    chance = random.Random(f"{seed} {target.key}")
    before, state = _preparation(target, targets)
    groups = [[*group] for group in _groups(target, targets)]
    for group in groups:
        rest = group[FIXED_CASES:]
        chance.shuffle(rest)
        group[FIXED_CASES:] = rest
    stored = [*odd_requests.value_cases(target.valid[0], target.query, target.database_values)]
    limit = MAX_CASES + len(stored)
    names: set[str] = set()
    requests: set[tuple[Step, ...]] = set()
    for variation in chain(groups[0][:1], stored, chain.from_iterable(zip_longest(*groups))):
        if variation is None or variation.label in names or len(names) == limit:
            continue
        needed = before
        if variation.group is Group.PATH_VARIABLE:
            # Another id needs no row to have been made: whether that differs must not decide about it.
            needed = steps_capturing(before, used_names(variation.steps[0].request))
        steps = (*needed, *variation.steps)
        if steps not in requests:
            names.add(variation.label)
            requests.add(steps)
            name = f"{target.key}: {variation.label}"
            yield Case(name, steps, "generated", state, origin=variation.origin)


def _preparation(target: Target, targets: Sequence[Target]) -> tuple[tuple[Step, ...], str | None]:
    """Return the steps before each case and the state they start from.

    Before a GET beside a POST of files or bytes at the same path with variables, that POST puts there what is read.
    """
    writer = next((o for o in targets if o.method == "POST" and o.rule.rule == target.rule.rule), None)
    if target.method == "GET" and writer and target.path_values and writer.reading.reads("file", "body"):
        write = replace(writer.valid[0], path=target.valid[0].path).step()
        before = dict.fromkeys((*target.preceding_steps, *writer.preceding_steps))
        return (*before, write), target.state if target.preceding_steps else writer.state
    return target.preceding_steps, target.state


def _groups(target: Target, targets: Sequence[Target]) -> Iterator[Variations]:
    """Yield what can be asked of a target, by what it is odd in, the valid requests first."""
    valid = target.valid[0]
    taken = frozenset(other.method for other in targets if other.rule.rule == target.rule.rule)
    lent = f': lent login of "{target.credential.case}"' if target.credential else ""
    numbered = ((f" {number}" if number > 1 else "", request) for number, request in enumerate(target.valid, 1))
    yield (
        Variation(Group.VALID, f"{VALID}{which}", f"{Group.VALID}{which}{lent}", (request.step(),))
        for which, request in numbered
    )
    yield (
        Variation.odd(Group.PATH_VARIABLE, name, f"is {format_text(text) if text else 'empty'}", odd)
        for name, text in edges(target.rule)
        for odd in (replace(valid, path=path_of(target.rule, {**target.path_values, name: text})),)
    )
    yield from _input_groups(target)
    yield odd_requests.method_cases(valid, taken)
    yield odd_requests.path_cases(valid)
    yield odd_requests.negotiation_cases(valid)
    yield odd_requests.conditional_cases(valid)
    yield sequences(target, targets)


def _input_groups(target: Target) -> Iterator[Variations]:
    """Yield what is odd in what the view reads, or what samples sent it."""
    reading, valid, request = target.reading, target.valid[0], target.without_body

    def parameters(where: str) -> list[Parameter]:
        """Return the view's own parameters, and those that only samples know."""
        given, read = target.query if where == "query" else target.body_fields, reading.at(where)
        names = {one.name for one in read}
        return [*read, *(Parameter(name, where) for name in given if name not in names)]

    yield odd_requests.query_cases(valid, target.query, parameters("query"))
    yield odd_requests.header_cases(valid, [one for one in reading.at("header", "cookie") if not is_secret(one.name)])
    if target.method not in WITH_BODY:
        return
    texts = {name: str(value) for name, value in target.body_fields.items()}
    if reading.reads("json") or valid.content_type == JSON_TYPE:
        yield odd_requests.limit_cases(request, target.body_fields, parameters("json"))
        yield odd_requests.json_cases(request, target.body_fields, parameters("json"))
    if reading.reads("form"):
        yield odd_requests.form_cases(request, texts, parameters("form"))
    if reading.reads("file"):
        yield odd_requests.file_cases(request, texts, reading.at("file"))
    if reading.reads("body"):
        yield odd_requests.raw_cases(request)
