"""Two apps of many routes that watch their own event loop: what a flip costs whoever is served meanwhile.

ROUTES (environment) is how many routes each app has.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from flask import Flask

COUNT = int(os.environ.get("ROUTES", "1000"))
TICK_SECONDS = 0.001

legacy = Flask(__name__)
worst_gap = 0.0


def rule(number: int) -> str:
    """Return a rule as apps have them: some static, most with a variable or two."""
    return (f"/shop{number}/list", f"/shop{number}/<int:item>", f"/shop{number}/<name>/of/<int:item>")[number % 3]


for number in range(COUNT):
    legacy.add_url_rule(rule(number), f"view{number}", lambda **_values: {})


@legacy.get("/who")
def who_of_legacy() -> dict[str, object]:
    return {"side": "legacy", "pid": os.getpid()}


async def tick() -> None:
    """Note the longest time that the event loop was away."""
    global worst_gap
    last = time.perf_counter()
    while True:
        await asyncio.sleep(TICK_SECONDS)
        now = time.perf_counter()
        worst_gap, last = max(worst_gap, now - last), now


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    task = asyncio.create_task(tick())
    yield
    task.cancel()


new = FastAPI(lifespan=lifespan)


@new.get("/who")
async def who_of_new(number: int = 0) -> dict[str, object]:
    return {"side": "new", "pid": os.getpid(), "number": number}


for added in range(100):  # a line of the map reaches a route of its own only
    new.add_api_route(f"/added/{added}", who_of_new)


@new.get("/gap")
async def gap() -> dict[str, object]:
    """Tell the worst gap since the last question, in ms."""
    global worst_gap
    told, worst_gap = worst_gap, 0.0
    return {"pid": os.getpid(), "ms": told * 1000}
