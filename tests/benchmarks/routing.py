"""Table lookup at 10, 1,000 and 5,000 rules, beside Werkzeug's own matcher, and what it takes to compile 2,000.

Run: python -m tests.benchmarks.routing
"""

from __future__ import annotations

import contextlib
import time
import timeit
from collections.abc import Callable
from functools import partial

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter, Rule

from gateway.routing.inventory import Inventory
from gateway.routing.route import Mode, Route
from gateway.routing.table import RouteTable

SHAPES = {
    "static": ("/r{}/list", "/r{}/list"),
    "<int>": ("/r{}/<int:x>", "/r{}/77"),
    "<x>/sub": ("/r{}/<x>/sub", "/r{}/abc/sub"),
    "<path>": ("/r{}/files/<path:p>", "/r{}/files/a/b/c"),
    "unknown": ("", "/nothing/here/{}"),
}
CALLS = 20_000
COMPILED = ("/r{}/<x>/<int:y>", "/v{}-<x>", "/<any(a{}):x>/b")
"""Rules of a weight each, and two of which all have one weight."""


def microseconds(call: Callable[[], object]) -> float:
    """Best of seven runs, for the shortest is the least disturbed."""
    return min(timeit.repeat(call, number=CALLS, repeat=7)) / CALLS * 1e6


def ask_werkzeug(adapter: MapAdapter, path: str) -> None:
    with contextlib.suppress(HTTPException):
        adapter.match(path, "GET")


def main() -> None:
    rules_of_shapes = [rule for rule, _ in SHAPES.values() if rule]
    print(f"{'rules':>6}  {'path':<8}  {'Werkzeug us':>11}  {'gateway us':>10}  ratio")
    for count in (10, 1_000, 5_000):
        rules = [rules_of_shapes[index % 4].format(index // 4) for index in range(count)]
        routes = (Route(frozenset({"GET", "HEAD"}), rule, Mode.NEW) for rule in rules)
        table = RouteTable.compile(routes, Inventory())
        url_map = Map([Rule(rule, endpoint=rule, methods=["GET"]) for rule in rules])
        adapter = url_map.bind("")
        for name, (_, path) in SHAPES.items():
            last = path.format((count - 4) // 4)

            theirs = microseconds(partial(ask_werkzeug, adapter, last))
            ours = microseconds(partial(table.match, "GET", last))
            print(f"{count:>6}  {name:<8}  {theirs:>11.2f}  {ours:>10.2f}  {theirs / ours:>4.1f}")
    print(f"\n{'2,000 rules':<18}  compiled in s")
    for rule in COMPILED:
        url_map = Map([Rule(rule.format(number), endpoint=rule, methods=["GET"]) for number in range(2_000)])
        began = time.perf_counter()
        RouteTable.compile((), Inventory(url_map))
        print(f"{rule:<18}  {time.perf_counter() - began:>13.2f}")


if __name__ == "__main__":
    main()
