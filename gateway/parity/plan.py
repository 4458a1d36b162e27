"""Plan what a run will replay: the cases of the routes that both apps have, written and generated."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..apps.loading import flask_app_of, import_app
from ..apps.project import Project
from ..config.map_file import MigrationMap, ParsedMap, decode_map, parse_map, read_map
from ..config.parity_table import ReplaySettings
from ..errors import GatewayError, ImportAppError, suggest
from ..http.message import Headers, Request, values_of
from ..routing.route import WEBSOCKET, Backend, Mode
from .corpus.case import Case, example
from .corpus.case_reading import HOST
from .corpus.files import read_corpus
from .generating.column_values import databases_of
from .generating.credentials import credential_variants, is_signed
from .generating.generation import generate
from .generating.schema_cases import generate_from_schema
from .replaying.environment import environment_for, fill_placeholders, withheld_in

FORWARDED = b"x-forwarded-proto"
MAX_INVALIDATED = 3
"""Requests of a route that are asked again with each credential that must not let them in."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run needs to know before it starts a side."""

    project: Project
    """The map with its apps, imported on an empty database: to be read, never to be asked."""
    routes: tuple[str, ...]
    """Keys of the routes that are compared."""
    one_sided: tuple[str, ...]
    """Keys of Flask's routes that the new app does not have yet."""
    comparable: frozenset[str]
    """Keys of all routes that both apps have, and "" for paths that no rule takes."""
    cases: tuple[Case, ...] = ()
    unasked: Mapping[str, str] = field(default_factory=dict)
    """Key of a route to what the report says of its cases that are left out with an excluded route."""
    base_url: str = "http://gateway.test"
    """Scheme and host of the requests that name no host of their own."""
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

    @property
    def is_against_itself(self) -> bool:
        """Whether the legacy app is in the candidate's place too."""
        return self.project.new is None

    @property
    def excluded(self) -> dict[str, str]:
        """Key of a route that the map leaves out of every comparison to the reason."""
        return dict(self.map.replay.exclude)

    @property
    def is_whole(self) -> bool:
        """Whether every route that can be compared is."""
        return self.comparable == {*self.routes, ""}

    def route_of(self, request: Request) -> str:
        """Return the key of the route that takes a request, "" where the default answers or Flask keeps it.

        A preflight is its route's where a middleware of the new side answers it, in front of all routes.
        """
        table, asked = self.project.table, request.header("access-control-request-method")
        if request.method == "OPTIONS" and asked and request.header("origin") and table.new_routes.has_cors:
            flipped = table.match(asked, request.path).route
            return "" if flipped is None else flipped.key
        route = table.match(request.method, request.path).route
        key = "" if route is None else route.key
        is_kept = key in self.comparable and table.stays_with_flask(request.method, request.path)
        return "" if is_kept else key

    def prepared(self, case: Case) -> Case:
        """Return the case as it is asked: of the map's host, what only Flask has by legacy on both sides."""
        steps = []
        for step, route in zip(case.steps, self.routes_of(case), strict=True):
            request = example(step.request)
            kept = route in self.one_sided or self.project.table.stays_with_flask(request.method, request.path)
            based = _with_base(step.request, self.base_url)
            steps.append(replace(step, request=based, by_legacy=kept))
        return replace(case, steps=tuple(steps))

    def routes_of(self, case: Case) -> tuple[str, ...]:
        """Return the key for each request of a case; a captured value, which is not known yet, counts as a number."""
        return tuple(self.route_of(example(step.request)) for step in case.steps)


def plan_routes(path: Path, wanted: Iterable[str], *, against_itself: bool = False) -> Plan:
    """Read map and apps into a plan without cases. `wanted` are route keys; none is every route that both apps have.

    With `against_itself` the legacy app is both apps, so every route of it is compared; the map's `new` is not read.

    Raises MapError, ImportAppError, and GatewayError for a route that cannot be compared or a missing extra.
    """
    if any(find_spec(name) is None for name in ("schemathesis", "time_machine")):
        raise GatewayError("parity: what replays is not installed: pip install 'migration-gateway[parity]'")
    map_ = parse_map(decode_map(read_map(path), path), str(path)).checked()
    if against_itself:
        map_ = _doubled(map_)
    if map_.legacy is None or map_.new is None:
        missing = "legacy" if map_.legacy is None else "new"
        raise GatewayError(f'{path}: gateway.{missing} names no app; parity needs both: {missing} = "module:app"')
    apps = import_scratch(map_.legacy, None if against_itself else map_.new, map_.replay)
    project = Project.of(ParsedMap(map_, ()), *apps)
    # Flask's routes, and whether the new app has them too.
    flask = {
        row.key: against_itself or (bool(row.new.routes) and not row.new.missing)
        for row in project.rows
        if row.legacy.routes
    }
    excluded, routes = dict(map_.replay.exclude), tuple(wanted)
    for key in excluded:
        if key not in flask:
            raise GatewayError(f'parity.exclude: the Flask app has no route "{key}"{suggest(key, flask)}')
    for key in routes:
        if key not in flask:
            raise GatewayError(f'parity: the Flask app has no route "{key}"{suggest(key, flask)}; see `gateway routes`')
        if not flask[key]:
            raise GatewayError(f'parity: the new app does not have "{key}" yet, so there is nothing to compare')
        if key in excluded:
            raise GatewayError(f'parity: the map leaves "{key}" out: {excluded[key]}')
    one_sided = tuple(key for key, both in flask.items() if not both)
    comparable = tuple(key for key, both in flask.items() if both and key not in excluded)
    return Plan(project, routes or comparable, one_sided, frozenset({*comparable, ""}))


def with_cases(plan: Plan, *, generated: bool, seed: int) -> Plan:
    """Return the plan with the cases of its corpus, and with generated ones where wanted. Raises CorpusError."""
    corpus = read_corpus(plan.root / plan.map.replay.corpus)
    cases = _all_cases(plan, corpus.cases, generated=generated, seed=seed)
    asked = [(case, frozenset(plan.routes_of(case))) for case in cases]
    fit = (case for case, keys in asked if keys.isdisjoint(plan.excluded) and not keys.isdisjoint(plan.routes))
    counts = Counter(  # by route, of written cases that are left out, for they ask an excluded route too
        key
        for case, keys in asked
        if not case.is_generated and not keys.isdisjoint(plan.excluded)
        if plan.is_whole or not keys.isdisjoint(plan.routes)
        for key in keys
    )
    left_out = {key: "1 case" if count == 1 else f"{count} cases" for key, count in counts.items()}
    unasked = {key: f"left out with another route: {text} of it" for key, text in left_out.items()}
    notes = [f"{left_out[key]} of {key} left out: {why}" for key, why in plan.excluded.items() if key in left_out]
    plan = replace(plan, base_url=plan.map.replay.base_url or _base_of(cases) or plan.base_url)
    return replace(plan, cases=tuple(map(plan.prepared, fit)), unasked=unasked, notes=(*corpus.notes, *notes))


def _base_of(cases: Iterable[Case]) -> str:
    """Return scheme and host that most requests of the cases name which nobody has made up; "" where there is none."""
    requests = [step.request for case in cases if not case.is_generated for step in case.steps]
    found = Counter((request.header(FORWARDED.decode()) or "http", request.header("host")) for request in requests)
    ((scheme, host), count), *_ = found.most_common(1) or [(("", ""), 0)]
    is_told = scheme in ("http", "https") and host not in ("", HOST[1].decode()) and 2 * count > len(requests)
    return f"{scheme}://{host}" if is_told else ""


def _with_base(request: Request, base_url: str) -> Request:
    """Return the request of this scheme and host, where it names no host of its own."""
    scheme, _, host = base_url.partition("://")
    if HOST not in request.headers:
        return request
    base: Headers = ((HOST[0], host.encode()),)
    if scheme == "https" and not values_of(request.headers, FORWARDED):
        base += ((FORWARDED, b"https"),)
    return replace(request, headers=(*base, *(pair for pair in request.headers if pair != HOST)))


def import_scratch(legacy: str, new: str | None, settings: ReplaySettings) -> tuple[Any, Any]:
    """Return both apps, to be read: what they open when they are made is an empty database in a directory that goes.

    Where `new` is None, so is that app.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        path = f"{directory}/plan.sqlite3"
        values = {"database": f"sqlite:///{path}", "database_path": path, "directory": directory, "side": "plan"}
        arguments = {name: fill_placeholders(text, values) for name, text in settings.arguments}
        try:
            with environment_for(settings, values):
                return import_app(legacy, "legacy", arguments), new and import_app(new, "new", arguments)
        except ImportAppError as error:
            raise ImportAppError(f"{error}{withheld_in(str(error), settings)}") from error


def _doubled(map_: MigrationMap) -> MigrationMap:
    """Return a map whose new app is the legacy one, and whose lines are all legacy."""
    lines = (line for line in map_.routes if WEBSOCKET not in (line.methods or ()))
    return replace(
        map_,
        new=map_.legacy,
        default=Backend.LEGACY,
        routes=tuple(replace(line, mode=Mode.LEGACY) for line in lines),
    )


def _all_cases(plan: Plan, written: tuple[Case, ...], *, generated: bool, seed: int) -> tuple[Case, ...]:
    """Return every case there is, each name once, and the variants with credentials that must not let them in."""
    cases = list(written)
    if generated:
        flask_app = flask_app_of(plan.project.legacy)
        if flask_app is not None:
            databases = databases_of(written, plan.root / plan.map.replay.corpus, plan.map.replay.database, plan.root)
            cases += generate(flask_app, written, seed, databases)
        cases += generate_from_schema(plan.project.new, written, seed)
    return _first_of_a_name((*cases, *_invalidated(plan, _first_of_a_name(cases))))


def _first_of_a_name(cases: Iterable[Case]) -> tuple[Case, ...]:
    by_name: dict[str, Case] = {}
    for case in cases:
        by_name.setdefault(case.name, case)
    return tuple(by_name.values())


def _invalidated(plan: Plan, cases: Sequence[Case]) -> Iterator[Case]:
    """Yield for each route the credential variants of `MAX_INVALIDATED` requests: signed ones first, written before
    generated. Varied is each case up to each request that carries a credential, and whole."""
    askable = {*plan.comparable, *plan.one_sided} - {*plan.excluded}
    beginnings: list[tuple[Case, str]] = []
    for case in cases:
        keys = plan.routes_of(case)
        for count, key in enumerate(keys, 1):
            is_whole = count == len(keys)
            cut = replace(case, name=f"{case.name}, request {count}", steps=case.steps[:count])
            if (is_whole or is_signed(cut)) and key in plan.comparable and askable.issuperset(keys[:count]):
                beginnings.append((case if is_whole else cut, key))
    beginnings.sort(key=lambda one: (not is_signed(one[0]), one[0].is_generated or one[0].source == "counterexample"))
    asked: Counter[str] = Counter()
    for beginning, key in beginnings:
        if asked[key] < MAX_INVALIDATED and (variants := [*credential_variants(beginning, cases)]):
            asked[key] += 1
            yield from variants
