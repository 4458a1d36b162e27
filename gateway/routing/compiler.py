"""Joins the map's routes with the Flask app's own rules. Pure.

Flask's unlisted rules stand in the table with the default mode, so a listed `/users/<name>` does not take `/users/new`
away from Flask. Flask's order of registration is kept; the order of the file never matters.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from werkzeug.routing import Map, Rule

from ..errors import Fault, suggest
from .inventory import Inventory
from .matcher import Methods, may_refuse, parts_of, shape_of, takes_any_segment
from .route import METHODS, RESERVED_PREFIX, Backend, Mode, Route, format_methods

_BY_HOST = "which the map does not tell apart: this line would move the path on every host"
Entry = tuple[Rule, Route]
"""A bound rule of Werkzeug and the route that it leads to."""


class RouteCompiler:
    """Join the map's routes with the Flask app's rules, collecting every fault."""

    def __init__(self, default: Backend, inventory: Inventory) -> None:
        self.faults: list[Fault] = []
        self._default = Mode(default.value)
        self._inventory, url_map = inventory, inventory.url_map
        self._legacy: list[Rule] = [*inventory.mounts, *(() if url_map is None else request_rules(url_map))]
        self._bound_by_flask = {rule.rule: rule for rule in self._legacy}
        self.bound = Map()
        if url_map is not None:
            self.bound.converters = url_map.converters
            self.bound.strict_slashes = url_map.strict_slashes
            self.bound.merge_slashes = url_map.merge_slashes

    def compile(self, routes: tuple[Route, ...]) -> tuple[Entry, ...]:
        """Return Flask's rules in their order, each with the routes that name it, then what only the map has."""
        listed = self._by_shape(routes)
        pairs = [pair for flask_rule in self._legacy for pair in self._labelled(flask_rule, listed)]
        # Of two rules of equal weight the one that asks more of a segment first; Werkzeug would take file order.
        rest = [pair for shape in listed.values() for pair in shape.waiting]
        pairs += sorted(rest, key=lambda pair: (tuple(map(takes_any_segment, parts_of(pair[0]))), pair[1].key))
        for at, before in hidden_rules([(rule, route.methods) for rule, route in pairs]):
            route, other = pairs[at][1], pairs[before][1]
            if route.listed:
                message = f'Flask tries "{other.rule}" first, which takes the same paths; leave this one out'
                self.faults.append(route.fault(f"unreachable: {message}"))
        return tuple(pairs)

    def _by_shape(self, routes: tuple[Route, ...]) -> dict[Hashable, _Shape]:
        shapes: dict[Hashable, _Shape] = {}
        have = (*self._inventory.legacy, *self._inventory.new)
        methods = METHODS.union(*(one.methods for one in have if one.methods is not None))
        for route in routes:
            for name in sorted((route.methods or frozenset()) - methods):
                self.faults.append(route.fault(f'unknown method "{name}"{suggest(name, methods)}'))
            if self._inventory.is_by_host and Backend.NEW in route.mode.backends:
                self.faults.append(route.fault(f'the Flask app has rules by host, {_BY_HOST}; leave it on "legacy"'))
            rule = self._bind(route)
            if rule is None:
                continue
            shape = shapes.setdefault(shape_of(rule), _Shape())
            for other in shape.routes:
                both = [one.methods for one in (route, other) if one.methods is not None]
                shared = format_methods(frozenset.intersection(*both)) if both else ["every method"]
                if shared:
                    line = "" if other.source.line is None else f" (line {other.source.line})"
                    twice = f'the same paths and {",".join(shared)} as "{other.key}"{line}; keep one of the two'
                    self.faults.append(route.fault(twice))
            shape.routes.append(route)
            shape.waiting.append((rule, route))
        return shapes

    def _bind(self, route: Route) -> Rule | None:
        if f"{route.rule}/".startswith(f"{RESERVED_PREFIX}/"):
            self.faults.append(route.fault(f'"{RESERVED_PREFIX}" is the gateway\'s own prefix; choose another path'))
            return None
        # Binding makes Werkzeug compile a builder of URLs, 0.5 ms a rule: a rule that Flask has bound will do.
        if (bound := self._bound_by_flask.get(route.rule)) is not None:
            return bound
        try:
            rule = Rule(route.rule)
            self.bound.add(rule)
            for part in parts_of(rule):
                re.compile(part.content)
        except LookupError:
            named = re.findall(r"<(\w+)(?:\(.*?\))?:", route.rule)
            wrong = next((name for name in named if name not in self.bound.converters), route.rule)
            message = f'unknown converter "{wrong}"{suggest(wrong, self.bound.converters)}'
        except Exception as error:  # noqa: BLE001 - a converter of the app's own may raise anything
            message = f"not a Flask rule: {getattr(error, 'msg', error)}"
        else:
            return rule
        self.faults.append(route.fault(message))
        return None

    def _labelled(self, flask_rule: Rule, listed: dict[Hashable, _Shape]) -> list[Entry]:
        """Return the rule with each route that names it, and with an unlisted one for the methods that are left."""
        own = own_methods(flask_rule)
        shape = listed.setdefault(shape_of(flask_rule), _Shape())
        named = [pair for pair in shape.waiting if own is None or pair[1].methods is None or pair[1].methods & own]
        shape.waiting = [pair for pair in shape.waiting if pair not in named]
        for rule, route in named:
            one, other = (re.findall(r"<([^<>]*):", each.rule.replace(" ", "")) for each in (rule, flask_rule))
            # Rules of one shape may still refuse other values: `<int:x>` is not `<int(min=1):x>`.
            if one != other and (may_refuse(rule) or may_refuse(flask_rule)):
                message = f'Flask has "{flask_rule.rule}" for the same paths; write the rule as Flask does'
                self.faults.append(route.fault(message))
        pairs = [(flask_rule, route) for _, route in named]
        if own is None:
            if all(route.methods is not None for route in shape.routes):  # behind those, it takes what they leave
                pairs.append((flask_rule, Route(None, flask_rule.rule, self._default, listed=False)))
            return pairs
        left = own.difference(*(own if route.methods is None else route.methods for route in shape.routes))
        if left:
            pairs.append((flask_rule, Route(left, flask_rule.rule, self._default, listed=False)))
        return pairs


@dataclass(slots=True)
class _Shape:
    """The listed routes whose rules match the same paths, and those of them that no Flask rule has placed yet."""

    routes: list[Route] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)


def own_methods(rule: Rule) -> Methods:
    """Return the methods that a Flask rule takes, None for all, without the OPTIONS that Flask answers by itself."""
    if rule.methods is None:
        return None
    methods = frozenset(rule.methods)
    return methods - {"OPTIONS"} if getattr(rule, "provide_automatic_options", False) else methods


def request_rules(url_map: Map) -> list[Rule]:
    """Return the rules that answer HTTP requests, in Flask's order: none of websockets, none only to build URLs."""
    return [rule for rule in url_map.iter_rules() if not (rule.websocket or rule.build_only)]


def hidden_rules(rules: Sequence[tuple[Rule, Methods]]) -> Iterator[tuple[int, int]]:
    """Yield (a rule, another one that takes all its requests before it), by their indices in the sequence."""
    # Only a rule of equal weights may hide another.
    weights = [tuple(part.content if part.static else str(part.weight) for part in parts_of(rule)) for rule, _ in rules]
    peers: dict[Hashable, list[int]] = defaultdict(list)
    for at, own in enumerate(weights):
        peers[own].append(at)
    for at, narrow in enumerate(rules):
        for before in peers[weights[at]]:
            if _covers(rules[before], narrow) and _is_tried_first(rules[before][0], narrow[0], rules):
                yield at, before
                break


def _covers(wide: tuple[Rule, Methods], narrow: tuple[Rule, Methods]) -> bool:
    """Tell whether a rule takes every path and method of another one of equal weights and other shape."""
    (wide_rule, all_methods), (rule, methods) = wide, narrow
    if all_methods is not None and (methods is None or not methods <= all_methods):
        return False
    if shape_of(wide_rule) == shape_of(rule):
        return False
    parts = zip(parts_of(wide_rule), parts_of(rule), strict=True)
    return all(one == other or (not other.static and takes_any_segment(one)) for one, other in parts)


def _is_tried_first(before: Rule, rule: Rule, rules: Iterable[tuple[Rule, Methods]]) -> bool:
    """Tell whether Werkzeug tries `before` first: of parts of equal weight, the one that any rule brought first."""
    first, second = parts_of(before), parts_of(rule)
    size = next(at for at, (one, other) in enumerate(zip(first, second, strict=True), 1) if one != other)
    openings = (parts_of(other)[:size] for other, _ in rules)
    return next(parts for parts in openings if parts in (first[:size], second[:size])) == first[:size]
