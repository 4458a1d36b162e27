"""Joins the map's routes with the Flask app's own rules. Pure.

Flask's unlisted rules stand in the table with the default mode, so a listed `/users/<name>` does not take `/users/new`
away from Flask. Flask's order of registration is kept; the order of the file never matters.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from werkzeug.routing import Map, Rule

from ..errors import Fault, suggest
from .inventory import Inventory
from .matcher import Methods, identity_of, may_refuse, parts_of, shape_of, takes_any_segment
from .route import METHODS, RESERVED_PREFIX, Backend, Mode, Route, format_methods, is_reserved

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
        if is_reserved(route.rule):
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
    keys = [tuple(map(identity_of, parts_of(rule))) for rule, _ in rules]
    openings: dict[Hashable, int] = {}
    for at, key in enumerate(keys):
        for size in range(1, len(key) + 1):
            openings.setdefault(key[:size], at)
    peers = _Peers([rule for rule, _ in rules], keys)
    for at, (_, methods) in enumerate(rules):
        for before in peers.wider(at):
            wide = rules[before][1]
            if wide is not None and (methods is None or not methods <= wide):
                continue
            # Of parts of equal weight Werkzeug tries the one first that any rule brought first.
            pairs = enumerate(zip(keys[before], keys[at], strict=True), 1)
            size = next(size for size, (one, other) in pairs if one != other)
            if openings[keys[before][:size]] < openings[keys[at][:size]]:
                yield at, before
                break


class _Peers:
    """Rules of equal weights, found by what is left without their bare variables: only such may hide another one."""

    def __init__(self, rules: Sequence[Rule], keys: Sequence[tuple[Hashable, ...]]) -> None:
        self._keys = keys
        parts = [parts_of(rule) for rule in rules]
        self._weights = [tuple(part.content if part.static else str(part.weight) for part in each) for each in parts]
        self._bare = [tuple(map(takes_any_segment, each)) for each in parts]
        self._found: dict[Hashable, dict[tuple[bool, ...], dict[Hashable, list[int]]]] = {}
        for at, bare in enumerate(self._bare):
            by_rest = self._found.setdefault(self._weights[at], {}).setdefault(bare, {})
            by_rest.setdefault(self._rest(at, bare), []).append(at)

    def wider(self, at: int) -> list[int]:
        """Return the rules of other shape that take every path of this one, in their order."""
        masks = self._found[self._weights[at]].items()
        found = (by_rest.get(self._rest(at, bare), ()) for bare, by_rest in masks if bare != self._bare[at])
        return sorted(index for indices in found for index in indices)

    def _rest(self, at: int, bare: tuple[bool, ...]) -> Hashable:
        return tuple(part for part, is_bare in zip(self._keys[at], bare, strict=True) if not is_bare)
