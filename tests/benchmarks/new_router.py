"""A request to FastAPI's first and 1,000th route, plain and indexed. Run: python -m tests.benchmarks.new_router"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable

from fastapi import APIRouter, FastAPI

from gateway.serving.route_index import index_routes
from tests.gateway_apps import nothing_more, scope_of

COUNT = 1_000
ROUNDS = int(os.environ.get("ROUNDS", "15"))
CALLS = 60


async def endpoint(item: str) -> dict[str, str]:
    return {"item": item}


def flat() -> FastAPI:
    """All routes on the app."""
    app = FastAPI()
    for number in range(COUNT):
        app.add_api_route(f"/r{number}/{{item}}", endpoint)
    return app


def one_router() -> FastAPI:
    """All routes on one included router."""
    app, router = FastAPI(), APIRouter()
    for number in range(COUNT):
        router.add_api_route(f"/r{number}/{{item}}", endpoint)
    app.include_router(router)
    return app


def routers_of_20() -> FastAPI:
    """50 included routers of 20 routes each, under a prefix."""
    app = FastAPI()
    for start in range(0, COUNT, 20):
        router = APIRouter()
        for number in range(start, start + 20):
            router.add_api_route(f"/r{number}/{{item}}", endpoint)
        app.include_router(router, prefix="/api")
    return app


def indexed(app: FastAPI) -> FastAPI:
    index_routes(app)
    return app


async def microseconds(app: FastAPI, path: str) -> float:
    """Mean of one in-process request."""
    statuses = set()

    async def send(message: dict[str, object]) -> None:
        statuses.add(message.get("status", 200))

    began = time.perf_counter()
    for _ in range(CALLS):
        await app(scope_of("GET", path), nothing_more, send)  # type: ignore[arg-type]
    taken = time.perf_counter() - began
    assert statuses == {200}
    return taken / CALLS * 1e6


def measure(make: Callable[[], FastAPI], prefix: str) -> dict[tuple[str, str], float]:
    """Medians of interleaved rounds: (first or last, plain or indexed) -> us."""
    apps = {"plain": make(), "indexed": indexed(make())}
    paths = {"first": f"{prefix}/r0/x", "last": f"{prefix}/r{COUNT - 1}/x"}
    taken: dict[tuple[str, str], list[float]] = {(place, name): [] for place in paths for name in apps}
    for _ in range(ROUNDS):
        for (place, name), times in taken.items():
            times.append(asyncio.run(microseconds(apps[name], paths[place])))
    return {key: statistics.median(times) for key, times in taken.items()}


def main() -> None:
    print(f"{'routes':<14}  {'place':<6}  {'plain us':>8}  {'indexed us':>10}  ratio")
    for make, prefix in ((flat, ""), (one_router, ""), (routers_of_20, "/api")):
        medians = measure(make, prefix)
        for place in ("first", "last"):
            plain, fast = medians[place, "plain"], medians[place, "indexed"]
            print(f"{make.__name__:<14}  {place:<6}  {plain:>8.0f}  {fast:>10.0f}  {plain / fast:>5.1f}")


if __name__ == "__main__":
    main()
