"""The process of one side, `python -m` this module and a file descriptor: starts one app, answers cases, ends with
its parent.

Nothing of the app is imported before its clock, its containment and the probes are in place.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from inspect import iscoroutinefunction
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

from sqlalchemy import make_url
from starlette.types import ASGIApp, Message

from ...bridge import WSGIBridge
from ...errors import GatewayError
from ...importer import import_app
from ...lifespan import Lifespan
from ..case import Step, fill
from ..exchange import Request
from ..observation import Effects, Observation
from .calling import GRACE_S, call
from .containment import Containment
from .directory_state import DirectoryState
from .drivers import watch_drivers, watch_engines
from .freezing import SECOND, Freezer, freeze_sqlite
from .keeping import value_at
from .observe import Probes
from .protocol import Answer, Ask, Failed, Ready, SideStart
from .row_changes import LockedError
from .states import State, addresses_of, directories_of, open_state

LOOK_S = 0.5
LAST_S = 2.0
"""Seconds that the app has for its shutdown once the parent is gone."""


def main() -> None:
    """The whole life of the process; its argument is the file descriptor of its end of the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's Ctrl-C; it closes the connection
    Thread(target=_end_with, args=(os.getppid(),), name="parent", daemon=True).start()
    connection = Connection(int(sys.argv[1]))
    start: SideStart = connection.recv()
    side = Side(start)
    try:
        app = side.load()
        asyncio.run(side.serve(app, connection))
    except Exception as error:  # noqa: BLE001 - the app's own: the parent tells it
        text = str(error) if isinstance(error, GatewayError | StartError) else _text(error)
        connection.send(Failed(text, side.containment.take()))
    connection.close()
    sys.stdout.flush()
    os._exit(0)  # threads of the app wait for nobody


class Side:
    """One app with what watches it."""

    def __init__(self, start: SideStart) -> None:
        self._start = start
        self._freezer = Freezer(start.moment, start.seed) if start.freezes else None
        directories = (start.directory, start.scratch, *directories_of(start.database))
        self.containment = Containment(directories, addresses_of(start.database))
        self._probes = Probes(self._opened)
        url = make_url(start.database)
        self._probes.install()
        watch_engines(url, self.containment.refuse_database)
        watch_drivers(url, self.containment.refuse_database)
        self.containment.install()

        self._has_files = False
        self._files: DirectoryState
        self._database: State

    def load(self) -> ASGIApp:
        """The app, called as ASGI whatever it is. Raises ImportAppError."""
        app = import_app(self._start.app, self._start.key, dict(self._start.arguments))
        return app if is_asgi(app) else WSGIBridge(app)

    async def serve(self, app: ASGIApp, connection: Connection) -> None:
        """Start the app, answer cases until the parent closes the connection, stop it."""
        messages = _messages(connection)
        async with lifespan(app) as state:
            with self.containment.opened():
                changed = self._open()
            connection.send(Ready(self.containment.take(), changed, self.containment.has_memory_database))
            while (ask := await messages.get()) is not None:
                connection.send(await self._answer(app, state, ask))

    def _open(self) -> tuple[str, ...]:
        """Open what is put back before each case; the tables that the start has changed."""
        start = self._start
        self._database = open_state(start.database, start.baseline, self._probes.release)
        if start.makes_baseline:
            shutil.copytree(start.directory, start.baseline_files, symlinks=True, dirs_exist_ok=True)
        changed = {change.table for change in self._database.changes()}
        self._files = DirectoryState(Path(start.directory), Path(start.baseline_files))
        self._files.reset()
        self.containment.wrote = False
        return tuple(sorted(changed))

    async def _answer(self, app: ASGIApp, state: dict[str, Any], ask: Ask) -> Answer:
        if not self._reset(ask.state):
            return Answer((), LOCKED, is_spent=True)
        answer = await self._ask(app, state, ask)
        # Now, for what a request leaves behind is its own fault, not the next one's.
        is_fit = not self._probes.taken and self._reset(ask.state, after=True)
        return answer if is_fit else replace(answer, is_spent=True)

    async def _ask(self, app: ASGIApp, state: dict[str, Any], ask: Ask) -> Answer:
        kept: dict[str, str] = {}
        done: list[tuple[Request, Observation]] = []
        for number, step in enumerate(ask.steps):
            request = fill(step.request, kept)
            self._freeze(ask.moment + number * SECOND, ask.seed + number)
            observation, refused, is_spent = await self._observe(app, state, request)
            if refused:
                return Answer(tuple(done), refused, is_spent)
            done.append((request, observation))
            _keep(step, observation, kept)
            if is_spent:
                unasked = len(done) < len(ask.steps)
                return Answer(tuple(done), STILL_RUNNING.format(_line(request)) if unasked else "", is_spent)
        return Answer(tuple(done))

    async def _observe(self, app: ASGIApp, state: dict[str, Any], request: Request) -> tuple[Observation, str, bool]:
        """(what it did, why it cannot be used, whether the process is spent)."""
        self._probes.clear()
        self.containment.take()
        called = await call(app, request, state, self._start.timeout)
        with self.containment.opened():
            effects = self._effects()
        observation = Observation(called.response, called.error, called.duration, effects)
        refused = f'no answer to "{_line(request)}" within {self._start.timeout:g} s' if called.hung else ""
        return observation, refused, called.hung or not called.is_over

    def _effects(self) -> Effects:
        files = self._files.changes() if self.containment.wrote else ()
        self._has_files |= self.containment.wrote
        self.containment.wrote = False
        return Effects(
            rows=self._database.changes(),
            statements=tuple(self._probes.statements),
            outbound=self.containment.take(),
            errors=tuple(self._probes.errors),
            files=files,
            open_connections=len(self._probes.taken),
        )

    def _reset(self, state: str | None, *, after: bool = False) -> bool:
        """Back to the baseline; whether that could be done."""
        with self.containment.opened():
            try:
                if after and self._probes.may_lock:
                    self._database.check_unlocked()
                    self._probes.may_lock = False
                self._database.use(state)
                self._database.reset()
            except LockedError:
                return False
            if self._has_files or self.containment.wrote:
                self._files.reset()
                self._has_files = self.containment.wrote = False
            return True

    def _freeze(self, moment: int, seed: int) -> None:
        if self._freezer is not None:
            self._freezer.set(moment, seed)

    def _opened(self, connection: sqlite3.Connection) -> None:
        if self._freezer is not None:
            freeze_sqlite(connection)


LOCKED = "the app left a transaction open that locks its database"
STILL_RUNNING = 'the app went on after its answer to "{}" was over'


def is_asgi(app: Any) -> bool:
    """Whether it is called with (scope, receive, send), not with (environ, start_response)."""
    return iscoroutinefunction(app) or iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[dict[str, Any]]:
    """The app's own, as a server runs it; gives the state for its requests. Raises StartError."""
    state: dict[str, Any] = {}
    asked: asyncio.Queue[Message] = asyncio.Queue()
    told: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}

    async def run() -> None:
        try:
            await Lifespan(app, lambda: None, lambda: None)(scope, asked.get, told.put)
        finally:
            await told.put({"type": "over"})

    task = asyncio.create_task(run())
    await asked.put({"type": "lifespan.startup"})
    answer = await told.get()
    if answer["type"] != "lifespan.startup.complete":
        (failed,) = await asyncio.gather(task, return_exceptions=True)
        raise StartError(_text(failed) if failed else answer.get("message", "its lifespan ended"))
    yield state
    await asked.put({"type": "lifespan.shutdown"})
    await asyncio.wait({task}, timeout=GRACE_S)


class StartError(Exception):
    """The app's lifespan failed."""


def _messages(connection: Connection) -> asyncio.Queue[Ask | None]:
    """What the parent asks; None once it has hung up."""
    messages: asyncio.Queue[Ask | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            messages.put_nowait(connection.recv())
        except (EOFError, OSError):
            loop.remove_reader(connection.fileno())
            messages.put_nowait(None)

    loop.add_reader(connection.fileno(), read)
    return messages


def _end_with(parent: int) -> None:
    """An app that blocks or does not shut down must not outlive its parent."""
    while os.getppid() == parent:
        sleep(LOOK_S)
    sleep(LAST_S)
    os._exit(1)


def _keep(step: Step, observation: Observation, kept: dict[str, str]) -> None:
    for name, place in step.keep:
        value = None if observation.response is None else value_at(observation.response, place)
        if value is not None:
            kept[name] = value


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _line(request: Request) -> str:
    return f"{request.method} {request.target.decode('latin-1')}"


if __name__ == "__main__":
    main()
