"""Decide which backend answers a request: the compiled map. Immutable, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from starlette.types import Scope

from ..errors import MapError
from ..http.scope import first_header, host_of, path_of
from .canary import BUCKETS, bucket_of, sticky_key, takes_new
from .compiler import Entry, RouteCompiler
from .decision import Candidate, Decision, Match, RouteExplanation
from .inventory import Inventory
from .matcher import Matcher
from .new_routes import NewRoutes
from .route import WEBSOCKET, Backend, Route


class RouteTable:
    """All routes, compiled; a lookup costs under two microseconds however many they are (tests/benchmarks)."""

    def __init__(
        self, matcher: Matcher, new_routes: NewRoutes, entries: tuple[Entry, ...], default: Backend, version: str
    ) -> None:
        """Join the matcher with its `entries`, in the order of its rules."""
        self.default = default
        self.version = version
        """Version of the map that the table was made from."""
        self.entries = entries
        """(bound Werkzeug rule, route) in matching order, the Flask app's unlisted routes among them."""
        self.routes = tuple(route for _, route in entries)
        self.new_routes = new_routes
        self._matcher = matcher
        self._unknown = Match(None, default, "default")
        self._matches = tuple(
            Match(route, route.backend, "default" if not route.listed else "route" if route.backend else "canary")
            for route in self.routes
        )

    @classmethod
    def compile(
        cls, routes: Iterable[Route], inventory: Inventory, *, default: Backend = Backend.LEGACY, version: str = ""
    ) -> RouteTable:
        """Return the table of the map's routes and of what both apps have.

        Raises MapError with every bad, duplicate and unreachable route.
        """
        compiler = RouteCompiler(default, inventory)
        entries = compiler.compile(tuple(routes))
        if compiler.faults:
            raise MapError(tuple(compiler.faults))
        rules = [(rule, route.methods) for rule, route in entries]
        matcher = Matcher(rules, merge_slashes=compiler.bound.merge_slashes)
        return cls(matcher, NewRoutes(inventory, entries, default), entries, default, version)

    def with_modes(self, routes: Iterable[Route], version: str) -> RouteTable | None:
        """Return the table for listed routes that differ from this table's in mode, canary options or line only.

        The compiled matcher is shared, so this costs microseconds where `compile` costs milliseconds. Returns None
        where routes were added or removed, or one stands twice in two spellings, of which only `compile` can judge.
        """
        listed = tuple(routes)
        changed = {(route.methods, route.rule): route for route in listed}
        if len(changed) < len(listed) or changed.keys() != {
            (route.methods, route.rule) for route in self.routes if route.listed
        }:
            return None
        entries = tuple(
            (rule, changed[route.methods, route.rule] if route.listed else route) for rule, route in self.entries
        )
        return RouteTable(self._matcher, self.new_routes, entries, self.default, version)

    def decide(self, scope: Scope) -> Decision:
        """Return which backend answers an HTTP request or a websocket, and why; reads the scope, never changes it."""
        method, path = scope.get("method", WEBSOCKET), path_of(scope)
        host = host_of(scope) if self.new_routes.is_by_host else ""
        match = self.match(method, path, host)
        reason = match.reason
        if match.route is None and method == "OPTIONS":
            asked = first_header(scope, b"access-control-request-method")
            if asked is not None:
                is_answered = self.new_routes.has_cors and first_header(scope, b"origin") is not None
                match = self._preflight(asked.decode("latin-1"), path, host, is_answered=is_answered)
                reason = "preflight"
        route, backend, bucket = match.route, match.backend, None
        if backend is None and route is not None:
            # A preflight has no cookie, and of other headers the names alone: it moves with the last client.
            is_anonymous = reason == "preflight" and route.sticky != "client"
            bucket = None if is_anonymous else bucket_of(route.rule, sticky_key(route.sticky, scope))
            is_new = takes_new(BUCKETS - 1 if bucket is None else bucket, route.percent)
            backend = Backend.NEW if is_new else Backend.LEGACY
        return Decision(
            method, path, route, backend or self.default, reason, bucket, match.allow, match.redirect, self.version
        )

    def match(self, method: str, path: str, host: str = "") -> Match:
        """Return the route for an upper-case method and a decoded path, as Werkzeug picks it.

        `host` is looked at where the new side has routes by host.
        """
        found = self._matcher.match(method, path)
        if found is None:
            entry, match = None, self._no_route(method, path)
        else:
            entry, match = found.index, self._matches[found.index]
            if found.redirect is not None:
                match = replace(match, redirect=found.redirect)
        if match.backend is Backend.LEGACY:
            return match
        refusal = self.new_routes.refusal(entry, method, path, host, is_redirect=match.redirect is not None)
        if refusal is None:
            return match
        reason, other = refusal
        return replace(match, backend=Backend.LEGACY, reason=reason, other=other)

    def stays_with_flask(self, method: str, path: str) -> bool:
        """Tell whether the new side has nothing of the line's own for a request, so that Flask keeps it."""
        found = self._matcher.match(method, path)
        if found is None:
            return False
        return self.new_routes.refusal(found.index, method, path, is_redirect=found.redirect is not None) is not None

    def explain(self, method: str, path: str) -> RouteExplanation:
        """Return what `match` picks, with every other route that takes the path and why it lost."""
        match = self.match(method, path)
        routes = [match.route] if match.route else []
        routes += [self.routes[index] for index in self._matcher.at_path(path)]
        candidates = (Candidate(route, _verdict(route, match, method)) for route in dict.fromkeys(routes))
        return RouteExplanation(method, path, match, tuple(candidates))

    def _preflight(self, asked: str, path: str, host: str, *, is_answered: bool) -> Match:
        """Return the match of the request that a preflight asks for, Flask's where another route would answer that.

        `is_answered` says that the new side answers it before any route.
        """
        match = self.match(asked, path, host)
        if match.backend is Backend.LEGACY or is_answered:
            return match
        found = self._matcher.match(asked, path)
        entry, is_redirect = (None, False) if found is None else (found.index, found.redirect is not None)
        refusal = self.new_routes.refusal(entry, "OPTIONS", path, host, is_redirect=is_redirect)
        return match if refusal is None else replace(match, backend=Backend.LEGACY)

    def _no_route(self, method: str, path: str) -> Match:
        """Return who answers where no rule takes the method: the side that owns the whole path, else the default."""
        indices = self._matcher.at_path(path)
        taking = [self.routes[index] for index in indices]
        # A route that takes this method, or every one, is none of them: it has refused a variable.
        routes = [one for one in taking if one.methods is not None and one.methods.isdisjoint((method, WEBSOCKET))]
        owners = {backend for route in routes for backend in route.mode.backends}
        if not owners or method == WEBSOCKET:
            return self._unknown
        if len(owners) < 2:
            is_flasks = method == "OPTIONS" and any(self._is_of_flask(index) for index in indices)
            return Match(None, Backend.LEGACY if is_flasks else owners.pop(), "other-method")
        allow = frozenset(name for route in routes for name in route.methods or ())
        if method == "OPTIONS":  # Flask answers every OPTIONS of its rules by itself
            return Match(None, Backend.LEGACY, "other-method", allow=allow | {method})
        return Match(None, self.default, "other-method", allow=allow)

    def _is_of_flask(self, index: int) -> bool:
        rule, route = self.entries[index]
        return any(self.new_routes.flask_has(rule, method) for method in route.methods or ("GET",))


def _verdict(route: Route, match: Match, method: str) -> str:
    if route is match.route:
        return "wins" if match.redirect is None else f"wins, by a redirect to {match.redirect}"
    if route.methods is not None and method not in route.methods:
        return f"does not take {method}"
    return "less specific" if match.route else "refuses a variable of the path"
