"""The oracle is Werkzeug itself: over random Flask apps the table picks the rule that Flask would pick."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule

from gateway.config.map_file import parse_routes
from gateway.errors import MapError
from gateway.routing.compiler import own_methods
from gateway.routing.inventory import Inventory
from gateway.routing.route import Backend, route_key
from gateway.routing.table import RouteTable
from tests.routing.test_table import flask_app
from tests.support.versions import HEEDS_MERGE_SLASHES

PIECES = {
    "a": ["a"],
    "new": ["new"],
    "<x>": ["a", "new", "7", "é", "a%2Fb"],
    "<int:x>": ["7", "007", "\u0661"],
    "<float:x>": ["1.5"],
    "<path:x>": ["a", "a/b/c", "7/"],
    "<any(a,b,new):x>": ["a", "new"],
    "<string(length=2):x>": ["ab", "12"],
    "<int(signed=True):x>": ["-1", "12"],
    "<slug:x>": ["two-words", "new"],
    "<uuid:x>": ["6a1f0f0e-8c1a-4b57-9f0e-0123456789ab"],
    "v<int:x>": ["v7"],
    "<x>.json": ["a.json", "7.json"],
    "<int:x>-<int:y>": ["1-2"],
}
"""A segment of a rule, and segments of paths that fit it."""
NOISE = ["", "-1", "1_0", "a\n", "7\n", "\x00", "c", "x" * 30]
METHODS = [["GET"], ["POST"], ["GET", "POST"], ["DELETE"]]


class Generated:
    """A Flask app of random rules that compete, one more rule that only the map has, and paths that mostly fit."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.url_map = flask_app(
            strict_slashes=rng.random() < 0.8, merge_slashes=not HEEDS_MERGE_SLASHES or rng.random() < 0.8
        ).url_map
        pieces = rng.sample(sorted(PIECES), 6)
        self._shapes = [[rng.choice(pieces) for _ in range(rng.randint(1, 3))] for _ in range(10)]
        only_listed, *texts = dict.fromkeys(f"{_text_of(shape)}{rng.choice(['', '', '/'])}" for shape in self._shapes)
        for text in [*texts, *rng.choices(texts, k=3)] if texts else ():
            self.url_map.add(self._rule(text))
        self.only_listed = Rule(only_listed, endpoint=only_listed, methods=rng.choice(METHODS))

    def listed(self, modes: Sequence[str | None]) -> dict[str, str]:
        """A map of these rules, each with the methods that no earlier rule of the same paths takes."""
        taken: dict[str, set[str]] = defaultdict(set)
        found = {}
        for rule in (*self.url_map.iter_rules(), self.only_listed):
            methods = own_methods(rule) - taken[rule.rule]
            taken[rule.rule] |= methods
            mode = "new" if rule is self.only_listed else self.rng.choice(modes)
            if methods and mode is not None:
                found[route_key(methods, rule.rule)] = mode
        return found

    def requests(self, count: int) -> Iterator[tuple[str, str]]:
        for _ in range(count):
            fitting = [self.rng.choice(PIECES[piece]) for piece in self.rng.choice(self._shapes)]
            segments = [self.rng.choice(NOISE) if self.rng.random() < 0.08 else segment for segment in fitting]
            slash = self.rng.choice(["/", "/", "/", "/", "//"])
            yield self.rng.choice(["GET", "HEAD", "POST"]), f"/{slash.join(segments)}{self.rng.choice(['', '', '/'])}"

    def _rule(self, text: str) -> Rule:
        """Two rules of one text never differ in their slashes: Werkzeug's second is then a rule of its own."""
        slashes = random.Random(text).choices([None, None, None, True, False], k=2)
        methods = self.rng.choice(METHODS)
        merge = slashes[1] if HEEDS_MERGE_SLASHES else None
        return Rule(text, endpoint=text, methods=methods, strict_slashes=slashes[0], merge_slashes=merge)


def _text_of(shape: Sequence[str]) -> str:
    """The rule of these segments; it must not name a variable twice."""
    return "".join(f"/{piece.replace('x>', f'x{at}>').replace('y>', f'y{at}>')}" for at, piece in enumerate(shape))


def of_werkzeug(url_map: Map, method: str, path: str) -> Rule | str | frozenset[str] | None:
    """The rule that Werkzeug picks, the path that it redirects to, the methods that it misses, or None."""
    try:
        return url_map.bind("a.test").match(path, method, return_rule=True)[0]
    except RequestRedirect as redirect:
        return unquote(urlsplit(redirect.new_url).path)
    except MethodNotAllowed as error:
        return frozenset(error.valid_methods or ())
    except NotFound:
        return None


def reachable(listed: dict[str, str], url_map: Map) -> tuple[RouteTable, dict[str, str]]:
    """The table, and what it took of the list: random rules hide some others wholly."""
    try:
        return RouteTable.compile(parse_routes(listed, "legacy").map.routes, Inventory(url_map)), listed
    except MapError as error:
        hidden = {fault.key for fault in error.faults if fault.message.startswith("unreachable")}
        return reachable({key: mode for key, mode in listed.items() if f'routes."{key}"' not in hidden}, url_map)


@pytest.mark.parametrize("seeds", [range(20), pytest.param(range(130), marks=pytest.mark.long)], ids=["few", "many"])
@pytest.mark.parametrize("modes", [["new"], ["legacy", "new", None]], ids=["all new", "some flipped, some unlisted"])
def test_the_table_picks_the_rule_that_flask_would_pick(modes: list[str | None], seeds: range) -> None:
    seen: Counter[str] = Counter()
    for seed in seeds:
        app = Generated(seed)
        wanted = app.listed(modes)
        routes, listed = reachable(wanted, app.url_map)
        again, _ = reachable(dict(app.rng.sample(sorted(listed.items()), len(listed))), app.url_map)
        assert again.routes == routes.routes
        app.url_map.add(app.only_listed)
        for method, path in app.requests(80):
            expected, match = of_werkzeug(app.url_map, method, path), routes.match(method, path)
            seen[type(expected).__name__] += 1
            where = (seed, method, path, expected, match)
            if isinstance(expected, Rule):
                assert match.route is not None, where
                assert (match.route.rule, match.redirect) == (expected.rule, None), where
                assert method in (match.route.methods or ()), where
                assert match.route.key in listed or (None in modes and match.route.key not in wanted), where
                assert match.backend is Backend(listed.get(match.route.key, "legacy")), where
            elif isinstance(expected, str):
                assert match.redirect == expected, where
            else:
                assert match.route is None, where
                seen["split"] += bool(match.allow)
                assert not match.allow or (match.backend, match.allow) == (Backend.LEGACY, expected), where
    assert seen["Rule"] > 25 * len(seeds), seen
    assert seen["str"] > 3 * len(seeds), seen
    assert sum(seen.values()) - seen["split"] == 80 * len(seeds)
    assert seen["split"] > len(seeds) / 2 or None not in modes, seen
