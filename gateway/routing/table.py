"""Which route answers (method, path): the Flask app's own rules, labelled by the map. Immutable, no I/O.

Flask's unlisted rules stand in the table with the default mode, so a listed `/users/<name>` does not take `/users/new`
away from Flask. Flask's order of registration is kept; the order of the file never matters.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from werkzeug.routing import Map, Rule

from ..errors import Fault, MapError, suggest
from .matcher import Matcher, Methods, may_refuse, parts_of, shape_of, takes_any_segment
from .route import RESERVED_PREFIX, WEBSOCKET, Backend, Mode, Route, shown_methods


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
            return self._no_route(method, path)
        match = self._matches[found.index]
        return match if found.redirect is None else Match(match.route, match.backend, found.redirect)

    def explain(self, method: str, path: str) -> Explanation:
        """As `match`, with every other route that takes the path."""
        match = self.match(method, path)
        routes = [match.route] if match.route else []
        routes += [self.routes[index] for index in self._matcher.at_path(path)]
        candidates = (Candidate(route, _verdict(route, match, method)) for route in dict.fromkeys(routes))
        return Explanation(method, path, match, tuple(candidates))

    def _no_route(self, method: str, path: str) -> Match:
        """A wrong method goes to the side that owns the whole path; a split path and an unknown one to the default."""
        found = self._matcher.at_path(path)
        if not found:
            return self._unknown
        routes = [route for index in found if _is_of_other_method(route := self.routes[index], method)]
        owners = {backend for route in routes for backend in route.mode.backends}
        if len(owners) < 2:
            return Match(None, owners.pop()) if owners else self._unknown
        allow = frozenset(name for route in routes for name in route.methods or ())
        if method == "OPTIONS":  # Flask answers every OPTIONS by itself
            return Match(None, Backend.LEGACY, allow=allow | {method})
        return Match(None, self.default, allow=allow)


def _is_of_other_method(route: Route, method: str) -> bool:
    """Whether a route at this path takes other methods of HTTP; one that takes this method refused a variable."""
    return route.methods is not None and route.methods.isdisjoint((method, WEBSOCKET))


def _verdict(route: Route, match: Match, method: str) -> str:
    if route is match.route:
        return "wins" if match.redirect is None else f"wins, by a redirect to {match.redirect}"
    if route.methods is not None and method not in route.methods:
        return f"does not take {method}"
    return "less specific" if match.route else "refuses a variable of the path"


class _Compiler:
    """Joins the map's routes with the Flask app's rules, collecting every fault."""

    def __init__(self, default: Backend, url_map: Map | None) -> None:
        self.faults: list[Fault] = []
        self._default = Mode(default.value)
        self._legacy = [] if url_map is None else request_rules(url_map)
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
        rest = [pair for shape in listed.values() for pair in shape.waiting]
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
            for other in shape.routes:
                if shared := _shared_methods(route, other):
                    self.faults.append(route.fault(_duplicate(other, shared)))
            shape.routes.append(route)
            shape.waiting.append((rule, route))
        return shapes

    def _bind(self, route: Route) -> Rule | None:
        if f"{route.rule}/".startswith(f"{RESERVED_PREFIX}/"):
            self.faults.append(route.fault(f'"{RESERVED_PREFIX}" is the gateway\'s own prefix; choose another path'))
            return None
        try:
            rule = Rule(route.rule)
            self.bound.add(rule)
            for part in parts_of(rule):
                re.compile(part.content)
        except Exception as error:  # noqa: BLE001 - a converter of the app's own may raise anything
            self.faults.append(route.fault(self._reason(route.rule, error)))
            return None
        return rule

    def _reason(self, text: str, error: Exception) -> str:
        if isinstance(error, LookupError):
            unknown = re.findall(r"<(\w+)(?:\(.*?\))?:", text)
            wrong = next((name for name in unknown if name not in self.bound.converters), text)
            return f'unknown converter "{wrong}"{suggest(wrong, self.bound.converters)}'
        return f"not a Flask rule: {getattr(error, 'msg', error)}"

    def _labelled(self, flask_rule: Rule, listed: dict[Hashable, _Shape]) -> list[_Pair]:
        """The routes that name this rule, and an unlisted one for the methods that none of them takes."""
        own = own_methods(flask_rule)
        shape = listed.setdefault(shape_of(flask_rule), _Shape())
        named = shape.take(own)
        for rule, route in named:
            if not _same_limits(rule, flask_rule):
                message = f'Flask has "{flask_rule.rule}" for the same paths; write the rule as Flask does'
                self.faults.append(route.fault(message))
        pairs = [(flask_rule, route) for _, route in named]
        if any(route.methods is None for route in shape.routes):
            return pairs
        left = own.difference(*(route.methods or () for route in shape.routes))
        if not left:
            return pairs
        return [*pairs, (flask_rule, Route(left, flask_rule.rule, self._default, listed=False))]

    def _report_unreachable(self, pairs: list[_Pair]) -> None:
        for at, before in hidden_rules([(rule, route.methods) for rule, route in pairs]):
            route, other = pairs[at][1], pairs[before][1]
            if route.listed:
                message = f'Flask tries "{other.rule}" first, which takes the same paths; leave this one out'
                self.faults.append(route.fault(f"unreachable: {message}"))


_Pair = tuple[Rule, Route]


@dataclass(slots=True)
class _Shape:
    """The listed routes whose rules match the same paths, and those of them that no Flask rule has placed yet."""

    routes: list[Route] = field(default_factory=list)
    waiting: list[_Pair] = field(default_factory=list)

    def take(self, methods: frozenset[str]) -> list[_Pair]:
        """The waiting routes that share a method with a Flask rule; they wait no more."""
        taken = [pair for pair in self.waiting if pair[1].methods is None or pair[1].methods & methods]
        self.waiting = [pair for pair in self.waiting if pair not in taken]
        return taken


def own_methods(rule: Rule) -> frozenset[str]:
    """What a Flask rule takes, without the OPTIONS that Flask answers by itself."""
    methods = frozenset(rule.methods or ())
    return methods - {"OPTIONS"} if getattr(rule, "provide_automatic_options", False) else methods


def request_rules(url_map: Map) -> list[Rule]:
    """The rules that answer HTTP requests, in Flask's order: not those of websockets or only for building URLs."""
    return [rule for rule in url_map.iter_rules() if not (rule.websocket or rule.build_only)]


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


def _same_limits(rule: Rule, flask_rule: Rule) -> bool:
    """Whether two rules of one shape refuse the same: `<int:x>` is not `<int(min=1):x>`."""
    one, other = (re.findall(r"<([^<>]*):", each.rule.replace(" ", "")) for each in (rule, flask_rule))
    return one == other or not (may_refuse(rule) or may_refuse(flask_rule))


def hidden_rules(rules: Sequence[tuple[Rule, Methods]]) -> Iterator[tuple[int, int]]:
    """(a rule, another of equal weights that takes all its requests before it), by their places in the sequence."""
    peers: dict[Hashable, list[int]] = defaultdict(list)
    for at, (rule, _) in enumerate(rules):
        peers[_weights(rule)].append(at)
    for at, narrow in enumerate(rules):
        for before in peers[_weights(narrow[0])]:
            if _covers(rules[before], narrow) and _is_tried_first(rules[before][0], narrow[0], rules):
                yield at, before
                break


def _weights(rule: Rule) -> Hashable:
    """Equal for rules of which one may hide the other."""
    return tuple(part.content if part.static else str(part.weight) for part in parts_of(rule))


def _covers(wide: tuple[Rule, Methods], narrow: tuple[Rule, Methods]) -> bool:
    """Whether a rule takes every path and method of another one of equal weights and other shape."""
    (wide_rule, all_methods), (rule, methods) = wide, narrow
    if all_methods is not None and (methods is None or not methods <= all_methods):
        return False
    if shape_of(wide_rule) == shape_of(rule):
        return False
    parts = zip(parts_of(wide_rule), parts_of(rule), strict=True)
    return all(one == other or (not other.static and takes_any_segment(one)) for one, other in parts)


def _is_tried_first(before: Rule, rule: Rule, rules: Iterable[tuple[Rule, Methods]]) -> bool:
    """Between parts of equal weight Werkzeug tries first what any rule brought first to that place."""
    theirs, ours = parts_of(before), parts_of(rule)
    size = next(at for at, (their, our) in enumerate(zip(theirs, ours, strict=True), 1) if their != our)
    openings = (parts_of(other)[:size] for other, _ in rules)
    return next(parts for parts in openings if parts in (theirs[:size], ours[:size])) == theirs[:size]
