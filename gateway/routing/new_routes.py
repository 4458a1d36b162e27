"""Tell which of the new side's routes would answer a request, and whether it belongs to the line that sends it there.

FastAPI looks for a route by itself, in an order of its own, so `"GET /items/<name>" = "new"` alone would also reach its
`/items/{number}`, which the map may keep on legacy, and `GET /open` its `DELETE /open`. Rules.
1. A route of the new side belongs to the entries of its outline (`/items/<>`) and methods: to one of its very types
   (`/items/<int>`), which then has no other; else to each that has none of its very types and asks for no more than the
   route takes (`/items/<>`); else, where no entry has its types, to each.
2. What takes all that is below (`/<path>`) also belongs to the entry of the path itself (`/`), if that has no other.
3. The request of an entry goes to the new side only if the first route there that would take it belongs to the entry,
   or, where the new side is the default, to no entry at all. A frontend is not first where another route has the path
   for another method, or with a slash more or less.
4. What the new side has no route for stays with Flask where Flask has it: HEAD, above all.
5. A path that ends with a newline is Flask's: Starlette would take it for the path without.
6. A route by host, and what a mounted app answers where its own routes end, belongs to no entry.
7. An app that lists no routes is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence

from werkzeug.routing import Rule

from .compiler import Entry, own_methods, request_rules
from .inventory import MOUNTED, AppRoute, Inventory
from .matcher import shape_of
from .outline import is_as_wide, may_overlap, rule_outline, types_of
from .route import Backend

_OTHER_METHOD = "?"
"""Stands for every method that no route names: clients may invent any number of them."""
_PLAIN = re.compile(rf"\((?:\?P<\w+>)?(?:\[\^/\]\+|\.\*)\)|{re.escape(MOUNTED)}")
"""What refuses nothing: a parameter that takes a whole segment, or all that is left, as Starlette compiles it."""
NEWLINE = "newline"
LACKING = "not-on-new"
OTHER = "other-route"
Contender = tuple[AppRoute, bool]
"""A route that may take a request, and whether the request may have it."""


class NewRoutes:
    """The new side's routes, held against the entries of a table."""

    def __init__(self, inventory: Inventory, entries: Sequence[Entry], default: Backend) -> None:
        self._routes = inventory.new
        self.is_by_host = any(route.host for route in self._routes)
        """Whether `refusal` wants to know the request's host."""
        self.has_cors = inventory.new_has_cors
        self._entries = entries
        self._is_default = default is Backend.NEW
        self._is_judged = inventory.has_legacy and (inventory.new_lists_routes or bool(self._routes))
        rules = [] if inventory.url_map is None else request_rules(inventory.url_map)
        self._flask = {
            (shape_of(rule), method) for rule in (*rules, *inventory.mounts) for method in own_methods(rule) or (None,)
        }
        self._types = [types_of(route.rule) for route in self._routes]
        self._routes_at: dict[Hashable, list[int]] = {}
        for at, route in enumerate(self._routes):
            self._routes_at.setdefault((route.shape, route.can_belong), []).append(at)
        self._outlines = [rule_outline(rule) for rule, _ in entries]
        self._entries_at: dict[str, list[int]] = {}
        for at, outline in enumerate(self._outlines):
            self._entries_at.setdefault(outline, []).append(at)
        named = (*(route.methods for route in self._routes), *(route.methods for _, route in entries))
        self._methods = frozenset({"OPTIONS"}).union(*(methods for methods in named if methods is not None))
        self._root = inventory.new_root_path
        self._claimed: dict[tuple[str, str], set[str]] = {}
        self._free_of: dict[str, set[int]] = {}
        self._contenders: dict[tuple[int | None, str], list[Contender] | None] = {}

    def refusal(
        self, entry: int | None, method: str, path: str, host: str = "", *, is_redirect: bool
    ) -> tuple[str, str] | None:
        """Return why the new side may not answer a request of this entry, and by which route it would; None if it may.

        `entry` is None for a request that no rule takes; `is_redirect` where the path is not yet the rule's own. `host`
        is that of the request, without a port and in lower case.
        """
        if not self._is_judged:
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
        has_own, other = self._first(contenders, path, host)
        if other is not None:
            return OTHER, other.key
        if not has_own and entry is not None and self.flask_has(self._entries[entry][0], method):
            return LACKING, ""
        return None

    def of_entry(self, entry: int) -> tuple[AppRoute, ...]:
        """Return the new side's routes that belong to an entry, for whatever methods."""
        outline = self._outlines[entry]
        there = (at for shape in (outline, _below(outline)) for at in self._routes_at.get((shape, True), ()))
        methods = {name for at in there for name in self._routes[at].methods or ("GET",)}
        own = {at for method in methods for at in self._own(entry, method)}
        return tuple(self._routes[at] for at in sorted(own))

    def flask_has(self, rule: Rule, method: str) -> bool:
        """Tell whether the Flask app has this rule for this method."""
        return bool(self._flask & {(shape_of(rule), method), (shape_of(rule), None)})

    def _is_odd(self, entry: int | None, path: str) -> bool:
        """Tell whether an entry's outline says little of a path: of one with a slash that its rule does not mind."""
        is_loose = entry is not None and self._entries[entry][0].rule.endswith("/") != path.endswith("/")
        return is_loose or "\n" in path or path.startswith("//")

    def _first(self, contenders: Iterable[Contender], path: str, host: str) -> tuple[bool, AppRoute | None]:
        """Return whether the request may have a route that takes it, and the route that it may not have before that."""
        has_own = False
        for route, is_own in contenders:
            if _matches(route, path, host):
                is_behind = route.is_last and not self._is_default
                other = route if not is_own else self._before(path, host) if is_behind else None
                if other is not None or not route.is_conditional:
                    return is_own, other
                has_own = True
        return has_own, None

    def _before(self, path: str, host: str) -> AppRoute | None:
        """Return the route that FastAPI asks or redirects to before it asks a frontend."""
        paths = path, path.rstrip("/") if path.endswith("/") else f"{path}/"
        routes = (route for route in self._routes if not route.is_last and route.answers_http)
        return next((route for route in routes if any(_matches(route, each, host) for each in paths)), None)

    def _contending(self, entry: int | None, method: str, *, is_odd: bool) -> list[Contender] | None:
        """Return the routes to look at, each with whether the request may have it; None where there is none to fear."""
        if is_odd:
            return self._all(entry, method)
        key = entry, method
        if key not in self._contenders:
            self._contenders[key] = self._overlapping(entry, method)
        return self._contenders[key]

    def _overlapping(self, entry: int | None, method: str) -> list[Contender] | None:
        """Return those of `_all` that may take a path of the entry; None where it has no route to fear."""
        everything = self._all(entry, method)
        if entry is None:
            return everything
        outline = self._outlines[entry]
        found = [each for each in everything if each[0].is_loose or may_overlap(outline, str(each[0].shape))]
        if found and found[0][1] and found[0][0].shape == outline and _takes_every(found[0][0]):
            return None
        return found

    def _all(self, entry: int | None, method: str) -> list[Contender]:
        """Return every route that takes the method, in FastAPI's order, each with whether the request may have it."""
        own = set() if entry is None else set(self._own(entry, method))
        if self._is_default:
            own |= self._free(method)
        if method == "OPTIONS":
            own |= {at for at, route in enumerate(self._routes) if route.has_cors}
        return [(route, at in own) for at, route in enumerate(self._routes) if route.answers(method)]

    def _free(self, method: str) -> set[int]:
        """Return the routes that belong to no entry that takes the method, nor would if a line could have them."""
        if method not in self._free_of:
            takes = [at for at, (_, route) in enumerate(self._entries) if _takes(route.methods, method)]
            both = (self._of_outline(entry, method, can_belong=can) for entry in takes for can in (True, False))
            self._free_of[method] = set(range(len(self._routes))).difference(*both)
        return self._free_of[method]

    def _own(self, entry: int, method: str) -> list[int]:
        """Return the routes that belong to an entry for one method (rules 1 and 2)."""
        if own := self._of_outline(entry, method, can_belong=True):
            return own
        outline = self._outlines[entry]
        example = re.sub("<(path)?>", "1", outline)
        below = self._routes_at.get((_below(outline), True), ())
        return [at for at in below if self._routes[at].answers(method) and _matches(self._routes[at], example, "")]

    def _of_outline(self, entry: int, method: str, *, can_belong: bool) -> list[int]:
        outline, types = self._outlines[entry], types_of(self._entries[entry][0].rule)
        there = [at for at in self._routes_at.get((outline, can_belong), ()) if self._routes[at].answers(method)]
        exact = [at for at in there if self._types[at] == types]
        if exact or not there:
            return exact
        if (outline, method) not in self._claimed:
            entries = (self._entries[other] for other in self._entries_at[outline])
            claimed = {types_of(other.rule) for other, route in entries if _takes(route.methods, method)}
            self._claimed[outline, method] = claimed
        claimed = self._claimed[outline, method]
        return [at for at in there if is_as_wide(self._types[at], types) or self._types[at] not in claimed]


def _below(outline: str) -> str:
    return f"{outline.rstrip('/')}/<path>"


def _takes(methods: Iterable[str] | None, method: str) -> bool:
    return methods is None or method in methods


def _matches(route: AppRoute, path: str, host: str) -> bool:
    return route.pattern is not None and route.pattern.match(f"{host}{path}" if route.host else path) is not None


def _takes_every(route: AppRoute) -> bool:
    """Tell whether the route takes, alone, all that its outline has."""
    if route.pattern is None or route.host or route.is_conditional or route.is_loose or route.is_last:
        return False
    return "(" not in _PLAIN.sub("", route.pattern.pattern)
