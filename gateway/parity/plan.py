"""What a run will replay: the cases of the routes that both apps have, written and generated."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..apps.loading import flask_app_of, import_app
from ..apps.project import Project
from ..config.map_file import MigrationMap, decode_map, parse_map, read_map
from ..config.parity_table import ReplaySettings
from ..errors import GatewayError, suggest
from ..http.message import Request
from .corpus.case import Case, example
from .corpus.files import load_corpus
from .generating.column_values import databases_of
from .generating.credentials import credential_variants, cut_after, is_signed
from .generating.generation import generate
from .generating.schema_cases import MISSING, can_read_schemas, generate_from_schema
from .replaying.sandbox import ReplaySetup
from .replaying.side_process import fill_placeholders

SPOILT = 3
"""Requests of a route whose credentials are spoilt in every way."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run needs to know before it starts a side."""

    project: Project
    """The map with its apps, imported on an empty database: to be read, never to be asked."""
    routes: tuple[str, ...]
    """Keys of the routes that are compared."""
    one_sided: tuple[str, ...]
    """Keys of Flask's routes that the new app does not have yet."""
    comparable: frozenset[str]
    """Keys of all routes that both apps have, and the empty one."""
    cases: tuple[Case, ...] = ()
    unasked: Mapping[str, str] = field(default_factory=dict)
    """Of routes that cases ask which are left out with another route: what is said of it."""
    notes: tuple[str, ...] = ()
    """What a reader of the run should know about its cases."""

    @property
    def map(self) -> MigrationMap:
        """The map that the run is for."""
        return self.project.map

    @property
    def root(self) -> Path:
        """The map's directory."""
        return self.project.root

    def setup(self, *, needs_legacy_beside: bool = False) -> ReplaySetup:
        """Return what a replay starts; the legacy app beside the candidate where a case, or the caller, needs it."""
        beside = needs_legacy_beside or any(step.by_legacy for case in self.cases for step in case.steps)
        return ReplaySetup(self.map.legacy or "", self.map.new or "", self.map.replay, self.root, beside)

    @property
    def is_whole(self) -> bool:
        """Whether every route that can be compared is."""
        return self.comparable == {*self.routes, ""}

    def route_of(self, request: Request) -> str:
        """The key of the route that takes a request; empty where the map's default answers."""
        route = self.project.table.match(request.method, request.path).route
        return "" if route is None else route.key

    def prepared(self, case: Case) -> Case:
        """The case as it is asked: what only Flask has, legacy answers on both sides."""
        asked = zip(case.steps, self.routes_of(case), strict=True)
        return replace(case, steps=tuple(replace(step, by_legacy=route in self.one_sided) for step, route in asked))

    def routes_of(self, case: Case) -> tuple[str, ...]:
        """Of each request of a case; a kept value, which nobody knows yet, is taken for a number."""
        return tuple(self.route_of(example(step.request)) for step in case.steps)


def make_plan(path: Path, wanted: Iterable[str], *, generated: bool, seed: int) -> Plan:
    """Read map, apps and corpus: `plan_routes` and `with_cases`."""
    return with_cases(plan_routes(path, wanted), generated=generated, seed=seed)


def plan_routes(path: Path, wanted: Iterable[str]) -> Plan:
    """Read map and apps. `wanted` are route keys; none is every route that both apps have. The plan has no cases yet.

    Raises MapError, ImportAppError, and GatewayError for a route that cannot be compared.
    """
    parsed = parse_map(decode_map(read_map(path), path), str(path))
    map_ = parsed.checked()
    if map_.legacy is None or map_.new is None:
        missing = "legacy" if map_.legacy is None else "new"
        raise GatewayError(f'{path}: gateway.{missing} names no app; parity needs both: {missing} = "module:app"')
    project = Project.of(parsed, *import_scratch(map_.legacy, map_.new, map_.replay))
    flask = {row.key: bool(row.new.routes) and not row.new.missing for row in project.rows if row.legacy.routes}
    one_sided = tuple(key for key, both in flask.items() if not both)
    chosen = _chosen(wanted, flask, map_.replay.exclude)
    comparable = frozenset(flask) - {*one_sided} - {key for key, _ in map_.replay.exclude} | {""}
    return Plan(project, chosen, one_sided, comparable)


def with_cases(plan: Plan, *, generated: bool, seed: int) -> Plan:
    """The plan with the corpus's cases, and with generated ones. Raises CorpusError."""
    cases = _cases(plan, generated=generated, seed=seed)
    asked = [(case, frozenset(plan.routes_of(case))) for case in cases]
    reasons = dict(plan.map.replay.exclude)
    fit = [case for case, routes in asked if routes.isdisjoint(reasons) and not routes.isdisjoint(plan.routes)]
    concerned = (routes for case, routes in asked if not case.is_generated and _concerns(plan, routes))
    counts = Counter(route for routes in concerned if not routes.isdisjoint(reasons) for route in routes)
    notes = [
        f"{_cases_of(counts[route])} of {route} left out: {why}" for route, why in reasons.items() if counts[route]
    ]
    if generated and not can_read_schemas():
        notes.append(MISSING)
    unasked = {route: f"left out with another route: {_cases_of(count)} of it" for route, count in counts.items()}
    return replace(plan, cases=tuple(map(plan.prepared, fit)), unasked=unasked, notes=tuple(notes))


def _cases_of(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


def _concerns(plan: Plan, routes: frozenset[str]) -> bool:
    return plan.is_whole or not routes.isdisjoint(plan.routes)


def import_scratch(legacy: str, new: str, settings: ReplaySettings) -> tuple[Any, Any]:
    """Both apps, to be read: whatever they open when they are made is an empty database in a directory that goes."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory, _environment(settings, directory):
        arguments = {name: _filled(value, directory) for name, value in settings.arguments}
        return import_app(legacy, "legacy", arguments), import_app(new, "new", arguments)


def _chosen(wanted: Iterable[str], flask: Mapping[str, bool], exclude: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    reasons = dict(exclude)
    for key in reasons:
        if key not in flask:
            raise GatewayError(f'parity.exclude: the Flask app has no route "{key}"{suggest(key, flask)}')
    for key in (wanted := tuple(wanted)):
        if key not in flask:
            raise GatewayError(f'parity: the Flask app has no route "{key}"{suggest(key, flask)}; see `gateway routes`')
        if not flask[key]:
            raise GatewayError(f'parity: the new app does not have "{key}" yet, so there is nothing to compare')
        if key in reasons:
            raise GatewayError(f'parity: the map leaves "{key}" out: {reasons[key]}')
    return wanted or tuple(key for key, both in flask.items() if both and key not in reasons)


def _cases(plan: Plan, *, generated: bool, seed: int) -> tuple[Case, ...]:
    corpus = plan.root / plan.map.replay.corpus
    cases = list(load_corpus(corpus))
    if generated:
        flask_app = flask_app_of(plan.project.legacy)
        samples = tuple(cases)
        databases = databases_of(samples, corpus, plan.map.replay.database, plan.root)
        cases += generate(flask_app, samples, seed, databases) if flask_app is not None else ()
        cases += generate_from_schema(plan.project.new, samples, seed)
    return _first_of_a_name((*cases, *_with_spoilt_credentials(plan, _first_of_a_name(cases))))


def _first_of_a_name(cases: Iterable[Case]) -> tuple[Case, ...]:
    by_name: dict[str, Case] = {}
    for case in cases:
        by_name.setdefault(case.name, case)
    return tuple(by_name.values())


def _with_spoilt_credentials(plan: Plan, cases: Sequence[Case]) -> Iterator[Case]:
    """Of each route `SPOILT` requests: those with a credential first, of these the ones that somebody has written."""
    seen: Counter[str] = Counter()
    ends = sorted(_ends(plan, cases), key=lambda end: (not is_signed(end[0]), _is_made_up(end[0])))
    for case, route in ends:
        if seen[route] < SPOILT and (variants := credential_variants(case, cases)):
            seen[route] += 1
            yield from variants


def _ends(plan: Plan, cases: Iterable[Case]) -> Iterator[tuple[Case, str]]:
    """Each case up to each request that carries a credential, and whole, with the route of its last request."""
    askable = {*plan.comparable, *plan.one_sided} - {*dict(plan.map.replay.exclude)}
    for case in cases:
        routes = plan.routes_of(case)
        for count, route in enumerate(routes, 1):
            end = cut_after(case, count)
            if (end is case or is_signed(end)) and route in plan.comparable and askable.issuperset(routes[:count]):
                yield end, route


def _is_made_up(case: Case) -> bool:
    return case.is_generated or case.source == "counterexample"


@contextmanager
def _environment(settings: ReplaySettings, directory: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update({name: _filled(value, directory) for name, value in settings.environment})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _filled(text: str, directory: str) -> str:
    database = f"sqlite:///{directory}/plan.sqlite3"
    return fill_placeholders(text, {"database": database, "directory": directory, "side": "plan"})
