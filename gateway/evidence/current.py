"""What evidence is made of, as it is now: both sides' code of each route, the policy and the cases of the corpus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

from ..apps.inventory import take_inventory
from ..apps.rows import Row, list_rows
from ..config.map_file import MigrationMap
from ..parity.corpus.case import Case, example
from ..parity.corpus.files import load_corpus
from ..routing.route import Mode, Route
from ..routing.table import RouteTable
from ..store.evidence import Fingerprints
from .fingerprint import digest
from .route_fingerprint import RouteFingerprints
from .staleness import corpus_fingerprint, policy_fingerprint


class ComparedRoutes(Protocol):
    """Two apps and the routes of them that are compared."""

    @property
    def map(self) -> MigrationMap: ...
    @property
    def root(self) -> Path: ...
    @property
    def legacy(self) -> Any: ...
    @property
    def new(self) -> Any: ...
    @property
    def table(self) -> RouteTable: ...
    @property
    def routes(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Sides:
    """The plainest `ComparedRoutes`."""

    map: MigrationMap
    root: Path
    legacy: Any
    new: Any
    table: RouteTable
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Fingerprints of every route that is compared, and of all of them together."""

    whole: Fingerprints
    by_route: Mapping[str, Fingerprints]

    @classmethod
    def of(cls, plan: ComparedRoutes, today: date | None = None) -> Sources:
        """As it is now, on a day. Raises CorpusError when the corpus has faults."""
        today = today or datetime.now(UTC).date()
        code = RouteFingerprints(
            plan.legacy, plan.new, legacy_module=_module(plan.map.legacy), new_module=_module(plan.map.new)
        )
        cases = load_corpus(plan.root / plan.map.replay.corpus)
        asked = [(case, frozenset(_routes_of(case, plan.table))) for case in cases]
        rows = {row.key: row for row in list_rows(plan.table, take_inventory(plan.legacy, plan.new))}
        by_route = {
            route: _of_route(rows[route], code, plan.map, [case for case, routes in asked if route in routes], today)
            for route in plan.routes
        }
        return cls(_whole(by_route, cases), by_route)

    def of_route(self, route: str) -> Fingerprints:
        """Of one of the routes; raises KeyError for another."""
        return self.by_route[route]


def map_line(route: Route) -> str:
    """Return what the map says of a route: its own line, or the default's where the map does not list it."""
    if not route.listed:
        return f'default = "{route.mode.value}"'
    if route.mode is Mode.CANARY:
        return f'"{route.key}" = {{ mode = "canary", percent = {route.percent:g}, sticky = "{route.sticky}" }}'
    return f'"{route.key}" = "{route.mode.value}"'


def _of_route(
    row: Row, code: RouteFingerprints, map_: MigrationMap, cases: Sequence[Case], today: date
) -> Fingerprints:
    rules = tuple(rule for rule in map_.comparison.rules if rule.route in (None, row.key))
    return Fingerprints(
        control=code.control(row.legacy.routes),
        candidate=code.candidate(row.new.routes),
        policy=policy_fingerprint(replace(map_.comparison, rules=rules), map_.replay, today),
        corpus=corpus_fingerprint(cases),
        cases=len(cases),
        control_name=", ".join(dict.fromkeys(route.name for route in row.legacy.routes)),
        candidate_name=", ".join(dict.fromkeys(route.name for route in row.new.routes)),
    )


def _whole(by_route: Mapping[str, Fingerprints], cases: Sequence[Case]) -> Fingerprints:
    """Of the routes together: the same only for the same routes."""
    routes = sorted(by_route.items())
    control, candidate, policy = (
        digest(text for route, found in routes for text in (route, getattr(found, name)))
        for name in ("control", "candidate", "policy")
    )
    return Fingerprints(control, candidate, policy, corpus_fingerprint(cases), len(cases))


def _routes_of(case: Case, table: RouteTable) -> Iterator[str]:
    """The routes that a case asks."""
    for request in (example(step.request) for step in case.steps):
        route = table.match(request.method, request.path).route
        if route is not None:
            yield route.key


def _module(import_string: str | None) -> str:
    return (import_string or "").partition(":")[0]
