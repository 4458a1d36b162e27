"""What a flip costs whoever is served meanwhile. Run: python -m tests.benchmarks.flips

The event loop is watched by a ticker of 1 ms; the worst gap while the map is changed is set beside the worst gap of the
same load in as much time without a change. A change of mode and a new rule apart; FLIPS (environment, default 10)
of each, medians. The machine has to have a CPU left for each worker and for the client, or the gaps are the machine's.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks import many_routes
from tests.support.servers import Server, serve_gateway

FLIPS = int(os.environ.get("FLIPS", "10"))
COUNTS = (100, 1_000, 5_000)
WORKERS = (1, 4)
WINDOW_SECONDS = 1.2
"""Of each measurement; a flip is in force well before its end."""
AIM_COUNT = 1_000
AIM_GAP_MS = 10
AIM_SECONDS = 1.0

APPS = "tests.benchmarks.many_routes"
HEAD = f'[gateway]\nlegacy = "{APPS}:legacy"\nnew = "{APPS}:new"\n[routes]\n"GET /gap" = "new"\n'


Answer = dict[str, Any]
Turn = tuple[float, float, float]
"""Worst gap without and with a change, in ms, and the seconds until it is in force in every worker."""


def get(server: Server, path: str) -> Answer:
    """Return the JSON of one request on a connection of its own, so that any worker may take it."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read()
        return json.loads(text) if response.status == 200 else {}
    finally:
        connection.close()


def from_each(server: Server, path: str, workers: int, is_right: Callable[[Answer], bool]) -> list[Answer]:
    """Ask until each worker has given a right answer, and return all the right ones."""
    found: list[Answer] = []
    while len({answer["pid"] for answer in found}) < workers:
        answer = get(server, path)
        if answer and is_right(answer):
            found.append(answer)
    return found


def worst(server: Server, workers: int) -> float:
    """Return the worst gap of any worker since the last question, in ms."""
    return max(answer["ms"] for answer in from_each(server, "/gap", workers, lambda _answer: True))


@contextmanager
def loaded(server: Server) -> Iterator[None]:
    """Ask both sides some 50 times a second each, until the block ends."""
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.wait(0.02):
            get(server, "/who")
            get(server, "/shop0/list")

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def measure(server: Server, workers: int, change: Callable[[], str], is_in_force: Callable[[Answer], bool]) -> Turn:
    """Return what one change costs; it writes the map and says which path tells of it."""
    worst(server, workers)
    time.sleep(WINDOW_SECONDS)
    without = worst(server, workers)
    began = time.perf_counter()
    path = change()
    from_each(server, path, workers, is_in_force)
    seconds = time.perf_counter() - began
    time.sleep(max(WINDOW_SECONDS - seconds, 0))
    return without, worst(server, workers), seconds


def is_of(side: str, answer: Answer) -> bool:
    """Tell whether this side gave the answer."""
    return bool(answer["side"] == side)


def measured(count: int, workers: int) -> Iterator[tuple[str, list[Turn]]]:
    """Yield both kinds of change with what each flip of them cost."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "map.toml")
        listed = [f'"GET {many_routes.rule(number)}" = "legacy"' for number in range(count)]
        modes = ["legacy", "new"] * FLIPS

        def write(mode: str, added: int) -> None:
            more = [f'"GET /added/{number}" = "new"' for number in range(added)]
            file.write_text("\n".join([HEAD, f'"GET /who" = "{mode}"', *more, *listed, ""]))

        def change_mode(number: int) -> str:
            write(modes[number], 0)
            return "/who"

        def add_rule(number: int) -> str:
            write(modes[FLIPS], number + 1)
            return f"/added/{number}"

        write(modes[0], 0)
        environment = {"ROUTES": str(count)}
        with (
            serve_gateway(file, "--workers", str(workers), "--no-access-log", env=environment) as server,
            loaded(server),
        ):
            from_each(server, "/gap", workers, lambda _answer: True)
            yield (
                "mode",
                [
                    measure(
                        server,
                        workers,
                        partial(change_mode, number),
                        lambda answer, m=modes[number]: answer["side"] == m,
                    )
                    for number in range(1, FLIPS + 1)
                ],
            )
            yield (
                "new rule",
                [measure(server, workers, partial(add_rule, number), lambda _answer: True) for number in range(FLIPS)],
            )


def main() -> None:
    print("                                worst gap of the loop, ms")
    print(f"{'routes':>6} {'workers':>7}  {'change':<10} {'without':>8} {'with':>8} {'more':>8}  in force after")
    for count in COUNTS:
        for workers in WORKERS:
            for change, turns in measured(count, workers):
                without, with_change, seconds = (statistics.median(column) for column in zip(*turns, strict=True))
                more = statistics.median(one - other for other, one, _ in turns)
                aims = f"  ({verdict(more <= AIM_GAP_MS and seconds <= AIM_SECONDS)})" if count == AIM_COUNT else ""
                line = f"{count:>6,} {workers:>7}  {change:<10} {without:>8.1f} {with_change:>8.1f} {more:>8.1f}"
                print(f"{line}  {seconds:.2f} s{aims}", flush=True)


def verdict(is_met: bool) -> str:
    return f"aim {AIM_GAP_MS} ms more, {AIM_SECONDS:g} s: {'met' if is_met else 'not met'}"


if __name__ == "__main__":
    main()
