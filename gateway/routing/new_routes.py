"""Tell which of the new side's routes would answer a request, and whether it belongs to the line that sends it there.

FastAPI looks for a route by itself, in an order of its own, so `"GET /items/<name>" = "new"` alone would also reach its
`/items/{number}`, which the map may keep on legacy, and `GET /open` its `DELETE /open`. Rules.
1. A route of the new side belongs to the entries of its outline (`/items/<>`) and methods; where one of them has its
   very types (`/items/<int>`), to that one alone, and an entry that has a route of its very types has no other.
2. The request of an entry goes to the new side only if the first route there that would take it belongs to the entry,
   or, where the new side is the default, to no entry at all.
3. What the new side has no route for stays with Flask where Flask has it: HEAD, above all.
4. A path that ends with a newline is Flask's: Starlette would take it for the path without.
5. An app that lists no routes is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from itertools import zip_longest

from werkzeug.routing import Rule

from .compiler import Entry, own_methods, request_rules
from .inventory import AppRoute, Inventory
from .matcher import converters_of, shape_of
from .route import Backend

_VARIABLE = re.compile(r"<(?:([a-zA-Z_]\w*)(?:\(.*?\))?:)?([a-zA-Z_]\w*)>")
"""A variable of a rule, as Werkzeug reads one: what stands in parentheses may hold brackets of its own."""
_OTHER_METHOD = "?"
"""Stands for every method that no route names: clients may invent any number of them."""
_PLAIN_GROUP = re.compile(r"\(\?P<\w+>(?:\[\^/\]\+|\.\*)\)")
"""A parameter that takes a whole segment, or all that is left, as Starlette compiles it."""
NEWLINE = "newline"
LACKING = "not-on-new"
OTHER = "other-route"


class NewRoutes:
    """The new side's routes, held against the entries of a table."""

    def __init__(self, inventory: Inventory, entries: Sequence[Entry], default: Backend) -> None:
        self._routes = inventory.new
        self._entries = entries
        self._is_default = default is Backend.NEW
        self._has_legacy = inventory.has_legacy
        rules = [] if inventory.url_map is None else request_rules(inventory.url_map)
        self._flask = {
            (shape_of(rule), method) for rule in (*rules, *inventory.mounts) for method in own_methods(rule) or (None,)
        }
        self._types = [types_of(route.rule) for route in self._routes]
        self._routes_at: dict[Hashable, list[int]] = {}
        for at, route in enumerate(self._routes):
            self._routes_at.setdefault(route.shape, []).append(at)
        self._entries_at: dict[Hashable, list[int]] = {}
        for at, (rule, _) in enumerate(entries):
            self._entries_at.setdefault(rule_outline(rule), []).append(at)
        named = (*(route.methods for route in self._routes), *(route.methods for _, route in entries))
        self._methods = frozenset().union(*(methods for methods in named if methods is not None))
        self._root = inventory.new_root_path
        self._free_of: dict[str, set[int]] = {}
        self._contenders: dict[tuple[int | None, str], list[tuple[AppRoute, bool]] | None] = {}

    def refusal(self, entry: int | None, method: str, path: str, *, is_redirect: bool) -> tuple[str, str] | None:
        """Return why the new side may not answer a request of this entry, and by which route it would; None if it may.

        `entry` is None for a request that no rule takes; `is_redirect` where the path is not yet the rule's own.
        """
        if not self._routes or not self._has_legacy:
            return None
        if path.endswith("\n"):
            return NEWLINE, ""
        is_prefixed = bool(self._root) and f"{path}/".startswith(f"{self._root}/")
        if is_prefixed:  # FastAPI takes its own prefix away
            path = path[len(self._root) :] or "/"
        is_odd = is_redirect or is_prefixed or self._is_odd(entry, path)
        contenders = self._contending(entry, method if method in self._methods else _OTHER_METHOD, is_odd=is_odd)
        if contenders is None:
            return None
        for route, is_own in contenders:
            if route.pattern is not None and route.pattern.match(path):
                return None if is_own else (OTHER, route.key)
        if entry is not None and self.flask_has(self._entries[entry][0], method):
            return LACKING, ""
        return None

    def _is_odd(self, entry: int | None, path: str) -> bool:
        """Tell whether an entry's outline says little of a path: of one with a slash that its rule does not mind."""
        is_loose = entry is not None and self._entries[entry][0].rule.endswith("/") != path.endswith("/")
        return is_loose or "\n" in path or path.startswith("//")

    def _contending(self, entry: int | None, method: str, *, is_odd: bool) -> list[tuple[AppRoute, bool]] | None:
        """Return the routes to look at, each with whether the request may have it; None where there is none to fear."""
        if is_odd:
            return self._all(entry, method)
        key = entry, method
        if key not in self._contenders:
            self._contenders[key] = self._overlapping(entry, method)
        return self._contenders[key]

    def of_entry(self, entry: int) -> tuple[AppRoute, ...]:
        """Return the new side's routes that belong to an entry, for whatever methods."""
        there = self._routes_at.get(rule_outline(self._entries[entry][0]), ())
        methods = {name for at in there for name in self._routes[at].methods or ("GET",)}
        own = {at for method in methods for at in self._own(entry, method)}
        return tuple(self._routes[at] for at in sorted(own))

    def _own(self, entry: int, method: str) -> list[int]:
        """Return the routes that belong to an entry for one method (rule 1)."""
        rule = self._entries[entry][0]
        outline, types = rule_outline(rule), types_of(rule.rule)
        there = [at for at in self._routes_at.get(outline, ()) if _takes(self._routes[at].methods, method)]
        exact = [at for at in there if self._types[at] == types]
        others = (self._entries[other] for other in self._entries_at[outline] if other != entry)
        claimed = {types_of(other.rule) for other, route in others if _takes(route.methods, method)}
        return exact or [at for at in there if self._types[at] not in claimed]

    def _all(self, entry: int | None, method: str) -> list[tuple[AppRoute, bool]]:
        """Return every route that takes the method, in FastAPI's order, each with whether the request may have it."""
        own = set() if entry is None else set(self._own(entry, method))
        if self._is_default:
            own |= self._free(method)
        return [(route, at in own) for at, route in enumerate(self._routes) if _takes(route.methods, method)]

    def _free(self, method: str) -> set[int]:
        """Return the routes that belong to no entry that takes the method."""
        if method not in self._free_of:
            takes = (at for at, (_, route) in enumerate(self._entries) if _takes(route.methods, method))
            owned = {at for entry in takes for at in self._own(entry, method)}
            self._free_of[method] = set(range(len(self._routes))) - owned
        return self._free_of[method]

    def _overlapping(self, entry: int | None, method: str) -> list[tuple[AppRoute, bool]] | None:
        """Return those of `_all` that may take a path of the entry; None where it has no route to fear."""
        everything = self._all(entry, method)
        if entry is None:
            return everything
        outline = rule_outline(self._entries[entry][0])
        found = [(route, is_own) for route, is_own in everything if _overlap(outline, str(route.shape))]
        if found and found[0][1] and found[0][0].shape == outline and _takes_every(found[0][0]):
            return None
        return found

    def flask_has(self, rule: Rule, method: str) -> bool:
        """Tell whether the Flask app has this rule for this method."""
        return bool(self._flask & {(shape_of(rule), method), (shape_of(rule), None)})


def rule_outline(rule: Rule) -> str:
    """Return a rule without names, `/files/<path:name>` as `/files/<path>`; a variable inside one segment is `<>`."""
    converters = converters_of(rule)

    def outline(found: re.Match[str]) -> str:
        converter = converters[found[2]]
        # Werkzeug takes every slash in a pattern for one that it matches, that of `[^/]` too.
        rest = re.sub(r"\[\^[^]]*\]|\\\.", "", converter.regex)
        return "<>" if converter.part_isolating or not {"/", "."} & {*rest} else "<path>"

    return _VARIABLE.sub(outline, rule.rule)


def types_of(rule: str) -> str:
    """Return a rule with its converters and without names: `/items/<int(min=1):number>` as `/items/<int>`."""
    return _VARIABLE.sub(lambda found: "<>" if found[1] in (None, "string", "default") else f"<{found[1]}>", rule)


def _takes(methods: Iterable[str] | None, method: str) -> bool:
    return methods is None or method in methods


def _takes_every(route: AppRoute) -> bool:
    """Tell whether the route's own pattern refuses nothing that its outline has."""
    return route.pattern is not None and "(" not in _PLAIN_GROUP.sub("", route.pattern.pattern)


def _overlap(one: str, other: str) -> bool:
    """Tell whether a path may be of both outlines."""
    for left, right in zip_longest(one.split("/"), other.split("/")):
        if left is not None and right is not None and "<" not in f"{left}{right}" and left != right:
            return False
        if "<path>" in f"{left}{right}":
            return True
        if left is None or right is None:
            return False
    return True
