"""What the installed versions of other projects do differently, found by asking them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import fastapi
import fastapi.routing
from werkzeug.routing import IntegerConverter, Map, RequestRedirect, Rule, ValidationError


def _refuses(number: str) -> bool:
    try:
        IntegerConverter(Map()).to_python(number)
    except ValidationError:
        return True
    except ValueError:
        return False
    return False


REFUSES_LONG_NUMBERS = _refuses("9" * 5000)
"""Werkzeug since 3.1.9 matches no `<int>` with more digits than Python takes; before, the Flask app answers 500."""
INCLUDES_LAZILY = hasattr(fastapi.routing, "iter_route_contexts")
"""FastAPI since 0.137 asks an included router at each request; before, it copied the routes, and left out mounts."""


def _redirects(path: str) -> bool:
    try:
        return Map([Rule("/a/b", merge_slashes=False)]).bind("a.test").test(path)
    except RequestRedirect:
        return True


HEEDS_MERGE_SLASHES = not _redirects("/a//b")
"""Werkzeug since 3.0.2 heeds a rule's own `merge_slashes=False`; before, it redirected there all the same."""


@asynccontextmanager
async def _lifespan(_app: Any) -> AsyncIterator[None]:
    yield


def _runs_lifespans() -> bool:
    app = fastapi.FastAPI()
    before = app.router.lifespan_context
    app.include_router(fastapi.APIRouter(lifespan=_lifespan))
    return app.router.lifespan_context is not before


RUNS_LIFESPANS_OF_ROUTERS = _runs_lifespans()
"""An older FastAPI (0.112 still) never runs the lifespan of an included router."""
