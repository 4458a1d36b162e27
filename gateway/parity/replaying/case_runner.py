"""What a side does with a case, whoever calls its app: back to the baseline, every step asked and observed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import make_url

from ...comparing.observation import Effects, Observation
from ...http.message import Request
from .captures import Kept
from .client import Called
from .containment import Containment
from .directory_state import DirectoryState
from .drivers import watch_drivers, watch_engines
from .freezing import SECOND, Freezer, freeze_sqlite
from .messages import Answer, Ask, Ready, SideStart
from .probes import Probes
from .row_changes import LockedError
from .states import State, addresses_of, directories_of, open_state

LOCKED = "the app left a transaction open that locks its database"
STILL_RUNNING = 'the app went on after its answer to "{}" was over'

Call = Callable[[Request, bool], Awaitable[Called]]
"""One request through the app, or through the legacy app beside it."""


class Answering:
    """The watched process around one app. Made before anything of the app is imported."""

    def __init__(self, start: SideStart) -> None:
        self._start = start
        self.limit = start.timeout
        """Seconds that an answer may take."""
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

    def ready(self) -> Ready:
        """Once the app is up: open what is put back before each case."""
        with self.containment.opened():
            changed = self._open()
        return Ready(self.containment.take(), changed, self.containment.has_memory_database)

    async def answer(self, ask: Ask, call: Call) -> Answer:
        """One case, from its state; afterwards all is as before it, or the process is spent."""
        if not self._reset(ask.state):
            return Answer((), LOCKED, is_spent=True)
        answer = await self._ask(ask, call)
        # Now, for what a request leaves behind is its own fault, not the next one's.
        is_fit = not self._probes.taken and self._reset(ask.state, after=True)
        return answer if is_fit else replace(answer, is_spent=True)

    def _open(self) -> tuple[str, ...]:
        """The tables that the start has changed."""
        start = self._start
        self._database = open_state(start.database, start.baseline, self._probes.release)
        if start.makes_baseline:
            shutil.copytree(start.directory, start.baseline_files, symlinks=True, dirs_exist_ok=True)
        changed = {change.table for change in self._database.changes()}
        self._files = DirectoryState(Path(start.directory), Path(start.baseline_files))
        self._files.reset()
        self.containment.take_wrote()
        return tuple(sorted(changed))

    async def _ask(self, ask: Ask, call: Call) -> Answer:
        kept = Kept(self._start.name)
        done: list[tuple[Request, Observation]] = []
        for number, step in enumerate(ask.steps):
            if missing := kept.lacks(step.request):
                return Answer(tuple(done), missing=missing)
            request = kept.fill(step.request)
            self._freeze(ask.moment + number * SECOND, ask.seed + number)
            observation, refused, is_spent = await self._observe(request, call(request, step.by_legacy))
            if refused:
                return Answer(tuple(done), refused, is_spent)
            done.append((request, observation))
            kept.take(step, request, observation.response)
            if is_spent:
                unasked = len(done) < len(ask.steps)
                return Answer(tuple(done), STILL_RUNNING.format(request.line) if unasked else "", is_spent)
        return Answer(tuple(done))

    async def _observe(self, request: Request, answer: Awaitable[Called]) -> tuple[Observation, str, bool]:
        """(what it did, why it cannot be used, whether the process is spent)."""
        self._probes.clear()
        self.containment.take()
        called = await answer
        with self.containment.opened():
            effects = self._effects()
        observation = Observation(called.response, called.error, called.duration, effects)
        refused = f'no answer to "{request.line}" within {self.limit:g} s' if called.hung else ""
        return observation, refused, called.hung or not called.is_over

    def _effects(self) -> Effects:
        files: tuple[str, ...] = ()
        if self.containment.take_wrote():
            files = self._files.changes()
            if self._freezer is not None:
                self._files.freeze_times(self._freezer.moment)
            self._has_files = True
            self.containment.take_wrote()  # nothing but the times that were set
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
            if self.containment.take_wrote() or self._has_files:
                self._files.reset()
                self._has_files = False
                self.containment.take_wrote()
            return True

    def _freeze(self, moment: int, seed: int) -> None:
        if self._freezer is not None:
            self._freezer.set(moment, seed)

    def _opened(self, connection: sqlite3.Connection) -> None:
        if self._freezer is not None:
            freeze_sqlite(connection)
