"""Run a case in a side, whoever calls its app: back to the baseline, every step asked and observed."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from ...comparing.observation import Effects, Observation
from ...http.message import Request
from ..corpus.app_databases import redirected
from .captures import Captures
from .client import ClientEnd
from .containment import Containment
from .databases import LockedError, addresses_of, database_name, is_sqlite
from .directory_state import DirectoryState
from .drivers import watch_drivers
from .freezing import SECOND, Freezer, freeze_sqlite
from .messages import Ask, CaseAnswer, Ready, SideStart
from .probes import Probes
from .sqlite_databases import SqliteState

if TYPE_CHECKING:
    from .postgresql_databases import PostgresqlState  # needs psycopg, which only some have

LOCKED = "the app left a transaction open that locks its database"
STILL_RUNNING = 'the app went on after its answer to "{}" was over'

Call = Callable[[Request, bool], Awaitable[ClientEnd]]
"""Asks one request of the app, or, where the flag is set, of the legacy app beside it."""


class CaseRunner:
    """The watched process around one app. Made before anything of the app is imported."""

    def __init__(self, start: SideStart) -> None:
        self._start = start
        self.limit_seconds = start.timeout_seconds
        """Time that an answer may take."""
        self._freezer = Freezer(start.moment, start.seed) if start.freezes else None
        beside = [str(Path(database_name(start.database)).parent)] if is_sqlite(start.database) else []  # its journal
        self.containment = Containment((start.directory, start.scratch, *beside), addresses_of(start.database))
        own_file = partial(redirected, real=start.real_file, own=database_name(start.database))
        self._probes = Probes(freeze_sqlite if start.freezes else None, own_file)
        self._probes.install()
        if start.role.app == "legacy":
            self._probes.watch_views()
        else:
            self._probes.watch_validation()
        watch_drivers(make_url(start.database), self.containment.refuse_database)
        self.containment.install()

        self._has_files = False
        self._files: DirectoryState
        self._database: SqliteState | PostgresqlState

    def ready(self) -> Ready:
        """Open what is put back before each case, once the app is up."""
        start = self._start
        with self.containment.opened():
            if is_sqlite(start.database):
                self._database = SqliteState(database_name(start.database), database_name(start.baseline))
            else:
                from .postgresql_databases import PostgresqlState

                self._database = PostgresqlState(start.database, start.baseline, self._probes.release)
            if not Path(start.baseline_files).exists():
                shutil.copytree(start.directory, start.baseline_files, symlinks=True, dirs_exist_ok=True)
            changed = {change.table for change in self._database.changes()}
            self._files = DirectoryState(Path(start.directory), Path(start.baseline_files))
            self._files.reset()
            self.containment.take_wrote()
        return Ready(self.containment.take(), tuple(sorted(changed)), self.containment.has_memory_database)

    async def answer(self, ask: Ask, call: Call) -> CaseAnswer:
        """Return the answer to one case. Afterwards all is as before it, or the answer says that the side is spent."""
        if not self._reset(ask.state):
            return CaseAnswer((), LOCKED, is_spent=True)
        answer = await self._ask(ask, call)
        # Now, for what a request leaves behind is its own fault, not the next one's.
        is_fit = not self._probes.taken and self._reset(ask.state, after=True)
        return answer if is_fit else replace(answer, is_spent=True)

    async def _ask(self, ask: Ask, call: Call) -> CaseAnswer:
        captures = Captures(self._start.role.name)
        done: list[tuple[Request, Observation]] = []
        for number, step in enumerate(ask.steps):
            if missing := captures.lacks(step.request):
                return CaseAnswer(tuple(done), missing=missing)
            request = captures.fill(step.request)
            if self._freezer is not None:
                self._freezer.set(ask.moment + number * SECOND, ask.seed + number)
            self._probes.clear()
            self.containment.take()
            client = await call(request, step.by_legacy)
            observed = client.observation()
            with self.containment.opened():
                effects = self._effects()
            if client.was_left and observed.response is None:
                refused = f'no answer to "{request.line}" within {self.limit_seconds:g} s'
                return CaseAnswer(tuple(done), refused, is_spent=True)
            done.append((request, self._probes.seen_beside(replace(observed, effects=effects))))
            captures.take(step, request, observed.response)
            if not client.is_over:
                is_last = len(done) == len(ask.steps)
                return CaseAnswer(tuple(done), "" if is_last else STILL_RUNNING.format(request.line), is_spent=True)
        return CaseAnswer(tuple(done))

    def _effects(self) -> Effects:
        files: tuple[str, ...] = ()
        if self.containment.take_wrote():
            files = self._files.changes(None if self._freezer is None else self._freezer.moment)
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
        """Go back to the baseline; tell whether that could be done."""
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
