"""Which route answers (method, path): the Flask app's own rules, labelled by the map. Immutable, no I/O.

Flask's unlisted rules stand in the table with the default mode, so a listed `/users/<name>` does not take `/users/new`
away from Flask. Flask's order of registration is kept; the order of the file never matters.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from werkzeug.routing import Map, Rule

from .errors import Fault, MapError, suggest
from .matcher import Matcher, parts_of, shape_of, takes_any_segment
from .routes import RESERVED_PREFIX, WEBSOCKET, Backend, Mode, Route, shown_methods


@dataclass(frozen=True, slots=True)
class Match:
    """What the table says of one (method, path)."""

    route: Route | None
    """None when no rule takes this method on this path."""
    backend: Backend | None
    """Who answers; None where a canary has to choose."""
    redirect: str | None = None
    """The path that Werkzeug redirects to (a slash missing, slashes doubled); the backend does it, not the gateway."""
    allow: frozenset[str] = frozenset()
    """The methods of both sides, where no rule takes this method and the path is split between them; else empty."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One route that takes the path, and why it won or lost."""

    route: Route
    verdict: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The winner for one (method, path), and every other route that takes the path."""

    method: str
    path: str
    match: Match
    candidates: tuple[Candidate, ...]


class RouteTable:
    """All routes, compiled; a lookup costs under two microseconds however many they are (tests/benchmarks)."""

    def __init__(self, rules: tuple[_Pair, ...], default: Backend, *, merge_slashes: bool) -> None:
        self.default = default
        self.entries = rules
        """(bound Werkzeug rule, route) in matching order, the Flask app's unlisted routes among them."""
        self.routes = tuple(route for _, route in rules)
        self._unknown = Match(None, default)
        self._matches = tuple(Match(route, route.backend) for route in self.routes)
        self._matcher = Matcher([(rule, route.methods) for rule, route in rules], merge_slashes=merge_slashes)

    @classmethod
    def compile(
        cls, routes: Iterable[Route], *, default: Backend = Backend.LEGACY, url_map: Map | None = None
    ) -> RouteTable:
        """The table of the map's routes and, where there is one, of the Flask app's `url_map`.

        Raises MapError with every bad, duplicate and unreachable route.
        """
        compiler = _Compiler(default, url_map)
        rules = compiler.compile(tuple(routes))
        if compiler.faults:
            raise MapError(tuple(compiler.faults))
        return cls(rules, default, merge_slashes=compiler.bound.merge_slashes)

    def match(self, method: str, path: str) -> Match:
        """The route for an upper-case method and a decoded path, as Werkzeug picks it."""
        found = self._matcher.match(method, path)
        if found is None:
            return self._no_route(path)
        match = self._matches[found.index]
        return match if found.redirect is None else Match(match.route, match.backend, found.redirect)

    def explain(self, method: str, path: str) -> Explanation:
        """As `match`, with every other route that takes the path."""
        match = self.match(method, path)
        routes = [match.route] if match.route else []
        routes += [self.routes[index] for index in self._matcher.at_path(path)]
        candidates = (Candidate(route, _verdict(route, match, method)) for route in dict.fromkeys(routes))
        return Explanation(method, path, match, tuple(candidates))

    def _no_route(self, path: str) -> Match:
        """A wrong method goes to the side that owns the whole path; a split path and an unknown one to the default."""
        found = self._matcher.at_path(path)
        if not found:
            return self._unknown
        routes = [self.routes[index] for index in found]
        owners = {backend for route in routes for backend in route.mode.backends}
        if len(owners) == 1:
            return Match(None, owners.pop())
        allow = frozenset(name for route in routes for name in route.methods or ()) - {WEBSOCKET}
        return Match(None, self.default, allow=allow)


def _verdict(route: Route, match: Match, method: str) -> str:
    if route is match.route:
        return "wins" if match.redirect is None else f"wins, by a redirect to {match.redirect}"
    if route.methods is not None and method not in route.methods:
        return f"does not take {method}"
    return "less specific"


class _Compiler:
    """Joins the map's routes with the Flask app's rules, collecting every fault."""

    def __init__(self, default: Backend, url_map: Map | None) -> None:
        self.faults: list[Fault] = []
        self._default = Mode(default.value)
        self._legacy = [] if url_map is None else [rule for rule in url_map.iter_rules() if not rule.websocket]
        self.bound = Map()
        if url_map is not None:
            self.bound.converters = url_map.converters
            self.bound.strict_slashes = url_map.strict_slashes
            self.bound.merge_slashes = url_map.merge_slashes

    def compile(self, routes: tuple[Route, ...]) -> tuple[_Pair, ...]:
        """Flask's rules in Flask's order, each under the routes that name it; then the rules that only the map has."""
        listed = self._by_shape(routes)
        pairs: list[_Pair] = []
        for flask_rule in self._legacy:
            pairs += self._labelled(flask_rule, listed)
        rest = [pair for shape in listed.values() for pair in shape.pairs if not shape.placed]
        pairs += sorted(rest, key=lambda pair: (_plain_last(pair[0]), pair[1].key))
        self._report_unreachable(pairs)
        return tuple(pairs)

    def _by_shape(self, routes: tuple[Route, ...]) -> dict[Hashable, _Shape]:
        shapes: dict[Hashable, _Shape] = {}
        for route in routes:
            rule = self._bind(route)
            if rule is None:
                continue
            shape = shapes.setdefault(shape_of(rule), _Shape())
            for _, other in shape.pairs:
                if shared := _shared_methods(route, other):
                    self.faults.append(route.fault(_duplicate(other, shared)))
            shape.pairs.append((rule, route))
        return shapes

    def _bind(self, route: Route) -> Rule | None:
        if f"{route.rule}/".startswith(f"{RESERVED_PREFIX}/"):
            self.faults.append(route.fault(f'"{RESERVED_PREFIX}" is the gateway\'s own prefix; choose another path'))
            return None
        try:
            rule = self._rule(route.rule)
            for part in parts_of(rule):
                re.compile(part.content)
        except (ValueError, LookupError, TypeError, re.error) as error:
            self.faults.append(route.fault(self._reason(route.rule, error)))
            return None
        return rule

    def _rule(self, text: str, like: Rule | None = None) -> Rule:
        rule = (
            Rule(text)
            if like is None
            else Rule(text, strict_slashes=like.strict_slashes, merge_slashes=like.merge_slashes)
        )
        self.bound.add(rule)
        return rule

    def _reason(self, text: str, error: Exception) -> str:
        if isinstance(error, LookupError):
            unknown = re.findall(r"<\s*(\w+)", text)
            wrong = next((name for name in unknown if name not in self.bound.converters), text)
            return f'unknown converter "{wrong}"{suggest(wrong, self.bound.converters)}'
        return f"not a Flask rule: {error}"

    def _labelled(self, flask_rule: Rule, listed: dict[Hashable, _Shape]) -> list[_Pair]:
        """The routes that name this rule, and an unlisted one for the methods that none of them takes."""
        rule = self._rule(flask_rule.rule, like=flask_rule)
        shape = listed.setdefault(shape_of(rule), _Shape())
        named = [] if shape.placed else [(rule, route) for _, route in shape.pairs]
        shape.placed = True
        if any(route.methods is None for _, route in shape.pairs):
            return named
        left = own_methods(flask_rule).difference(*(route.methods or () for _, route in shape.pairs))
        if not left:
            return named
        return [*named, (rule, Route(left, flask_rule.rule, self._default, listed=False))]

    def _report_unreachable(self, pairs: list[_Pair]) -> None:
        for at, (rule, route) in enumerate(pairs):
            first = next((other for before, other in pairs[:at] if _hides(before, other, rule, route)), None)
            if route.listed and first is not None:
                self.faults.append(
                    route.fault(f'unreachable: Flask registers "{first.rule}" earlier and with equal weight')
                )


_Pair = tuple[Rule, Route]


@dataclass(slots=True)
class _Shape:
    """The listed routes whose rules match the same paths, and whether the Flask app has placed them already."""

    pairs: list[_Pair] = field(default_factory=list)
    placed: bool = False


def own_methods(rule: Rule) -> frozenset[str]:
    """What a Flask rule takes, without the OPTIONS that Flask answers by itself."""
    methods = frozenset(rule.methods or ())
    return methods - {"OPTIONS"} if getattr(rule, "provide_automatic_options", False) else methods


def _shared_methods(one: Route, other: Route) -> list[str]:
    if one.methods is None or other.methods is None:
        return shown_methods(one.methods or other.methods or {"every method"})
    return shown_methods(one.methods & other.methods)


def _duplicate(other: Route, shared: list[str]) -> str:
    line = "" if other.place.line is None else f" (line {other.place.line})"
    return f'the same paths and {",".join(shared)} as "{other.key}"{line}; keep one of the two'


def _plain_last(rule: Rule) -> tuple[bool, ...]:
    """Of two rules of equal weight the one that asks more of a segment goes first; Werkzeug would take file order."""
    return tuple(takes_any_segment(part) for part in parts_of(rule))


def _hides(before: Rule, other: Route, rule: Rule, route: Route) -> bool:
    """Whether `before`, tried earlier at equal weight, takes every path and method of `rule`."""
    ours, theirs = parts_of(rule), parts_of(before)
    if other.methods is not None and (route.methods is None or not route.methods <= other.methods):
        return False
    if len(ours) != len(theirs) or shape_of(rule) == shape_of(before):
        return False
    return all(
        mine == first or (first.weight == mine.weight and not mine.static and takes_any_segment(first))
        for mine, first in zip(ours, theirs, strict=True)
    )
