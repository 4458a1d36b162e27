"""Both apps in one process, each asked the same bytes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from starlette.types import ASGIApp

from gateway.bridge import WSGIBridge
from gateway.comparing.causes.interpretations import interpretations_of
from gateway.comparing.observation import Compared, Effects, Experiment, Observation
from gateway.http.message import Request
from gateway.parity.replaying.asgi_serving import call
from tests.comparing.causes.facts import legacy, new

PATIENCE_SECONDS = 20.0


class Sides:
    """The two apps, on one event loop for as long as they are asked."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._legacy = {debug: WSGIBridge(legacy.create_app(debug=debug)) for debug in (False, True)}
        self._new = new.create_app()

    def step(self, request: Request, *, debug: bool = False) -> Compared:
        """The legacy app (`debug`: under FLASK_DEBUG=1) as control, the new one as candidate."""
        return self._step((self._legacy[debug], self._new), request)

    def step_back(self, request: Request, *, debug: bool = False) -> Compared:
        """The other way about: as of a port from FastAPI to Flask."""
        return self._step((self._new, self._legacy[debug]), request)

    def ask_legacy(self, request: Request) -> Observation:
        return self._observe(self._legacy[False], request)

    def close(self) -> None:
        for bridge in self._legacy.values():
            bridge.close()

    def _step(self, apps: tuple[ASGIApp, ASGIApp], request: Request) -> Compared:
        def both(asked: Request) -> tuple[Observation, Observation]:
            return self._observe(apps[0], asked), self._observe(apps[1], asked)

        experiments = (
            Experiment(one.cause, both(one.control), both(one.candidate)) for one in interpretations_of(request)
        )
        return Compared(request, request, *both(request), experiments=tuple(experiments))

    def _observe(self, app: ASGIApp, request: Request) -> Observation:
        with logged_errors() as errors:
            client = self._runner.run(call(app, request, {}, PATIENCE_SECONDS))
        return replace(client.observation(), effects=Effects(errors=tuple(errors)))


@contextmanager
def both_sides() -> Iterator[Sides]:
    with asyncio.Runner() as runner:
        sides = Sides(runner)
        try:
            yield sides
        finally:
            sides.close()


@contextmanager
def logged_errors() -> Iterator[list[str]]:
    """`logger: message` of each record of level error that is logged meanwhile."""
    found: list[str] = []
    keeper = logging.Handler(logging.ERROR)
    keeper.emit = lambda record: found.append(f"{record.name}: {record.getMessage()}")  # type: ignore[method-assign]
    logging.getLogger().addHandler(keeper)
    try:
        yield found
    finally:
        logging.getLogger().removeHandler(keeper)
