"""Where the sides of one run live: a directory with their files, databases beside the real one, how each is started."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from ...config.parity_table import ReplaySettings
from ...errors import ReplayError
from ..corpus.case import Case
from .databases import database_name, is_sqlite
from .environment import environment_of, fill_placeholders, withheld_in
from .messages import Ready, SideRole, SideStart, moment_now
from .side_process import RemoteSide
from .sqlite_databases import SqliteIsolation

if TYPE_CHECKING:
    from .postgresql_databases import PostgresqlIsolation  # needs psycopg, which only some have

CONTROL = SideRole("control", "legacy")
CANDIDATE = SideRole("candidate", "new")
REPEAT = SideRole("repeat", "legacy", seed_offset=1)
SIDES = (CONTROL, CANDIDATE)
"""The two that are compared."""


@dataclass(frozen=True, slots=True)
class ReplaySetup:
    """Which two apps a replay starts, and how."""

    legacy: str
    """Import string."""
    new: str
    settings: ReplaySettings
    root: Path
    """The map's own directory: the sides run there."""
    needs_legacy_beside: bool = False
    """Whether a case asks the candidate for what the new app does not have yet."""


class Sandbox:
    """Opens sides, each with a database and a directory of its own. Nothing of it is left after `close`."""

    def __init__(self, setup: ReplaySetup, seed: int) -> None:
        """Raise ReplayError when the database cannot be copied."""
        self._setup = setup
        self.seed = seed
        """Decides which side is asked first, and all frozen random numbers."""
        self.notes: list[str] = []
        """What starts have tried or changed so far, each once."""
        self._sides: list[RemoteSide] = []
        self._directory = Path(tempfile.mkdtemp(prefix="gateway-parity-"))
        try:
            self._isolation = _open_isolation(setup.settings.database, setup.root, self._directory)
        except BaseException:
            shutil.rmtree(self._directory, ignore_errors=True)
            raise

    def open_side(self, worker: int, role: SideRole) -> RemoteSide:
        """Start the process of one side of a worker; the run's first side makes the baseline, once it has started."""
        setup, settings, is_new = self._setup, self._setup.settings, role.app == "new"
        own = self._directory / f"{worker}-{role.name}"
        shutil.rmtree(own, ignore_errors=True)
        directory, scratch, files = own / "files", own / "scratch", self._directory / "files"
        scratch.mkdir(parents=True)
        if files.exists():
            shutil.copytree(files, directory, symlinks=True)
        else:
            directory.mkdir()
        database = self._isolation.new_database(own.name)
        self._add_notes(self._isolation.notes)
        values = {"database": database, "directory": str(directory), "side": role.name, "scratch": str(scratch)}
        real_file = ""
        if is_sqlite(database):
            values["database_path"] = database_name(database)
            real_file = os.path.realpath(setup.root / database_name(settings.database)) if settings.database else ""
        start = SideStart(
            role=role,
            app=setup.new if is_new else setup.legacy,
            arguments=tuple((name, fill_placeholders(text, values)) for name, text in settings.arguments),
            directory=str(directory),
            scratch=str(scratch),
            database=database,
            baseline=self._isolation.baseline,
            baseline_files=str(files),
            timeout_seconds=settings.timeout_seconds,
            freezes=settings.freeze,
            moment=moment_now(),
            seed=self.seed + role.seed_offset,
            real_file=real_file,
            beside=setup.legacy if setup.needs_legacy_beside and is_new else "",
            cpu=_cpu(2 * worker + is_new),
        )
        environment = environment_of(settings, values) | {
            "PYTHONHASHSEED": str(start.seed % 2**32),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": values["scratch"],
        }
        side = RemoteSide(start, environment, setup.root, self._directory / f"{worker}-{role.name}.log")
        self._sides.append(side)
        return side

    def withheld_in(self, reason: str) -> str:
        """Return what to do where a side did not start for a variable that it does not get, else ""."""
        return withheld_in(reason, self._setup.settings)

    def note(self, role: SideRole, ready: Ready) -> None:
        """Keep what a start tried and changed, once."""
        name = role.name
        found = [f"the {name} tried while it started, and was refused: {a.kind} {a.target}" for a in ready.attempts]
        if ready.changed and role is CANDIDATE:  # what the start of legacy changes is the baseline
            tables = ", ".join(ready.changed)
            found.append(f"the start of the {name} changed the database ({tables}); every case begins without it")
        if ready.has_memory_database:
            found.append(f"the {name} keeps a database in memory; what a case changes there stays for the next ones")
        self._add_notes(found)

    def _add_notes(self, found: list[str]) -> None:
        self.notes.extend(note for note in found if note not in self.notes)

    def state_file(self, case: Case) -> str | None:
        """Return the path of the database that a case brings, if it does. Raises ReplayError where no such file is."""
        if case.state is None:
            return None
        path = self._setup.root / self._setup.settings.corpus / "states" / case.state
        if not path.is_file():
            raise ReplayError(f'case "{case.name}": no state "{path}"')
        return str(path)

    def kill(self) -> None:
        """End every side at once; whoever waits for an answer gets a refusal."""
        for side in tuple(self._sides):
            side.kill()

    def close(self) -> None:
        """End every side, then remove databases and directory."""
        for side in self._sides:
            side.hang_up()
        for side in self._sides:
            side.close()
        self._isolation.close()
        shutil.rmtree(self._directory, ignore_errors=True)


def _open_isolation(url: str | None, root: Path, directory: Path) -> SqliteIsolation | PostgresqlIsolation:
    """Return the isolation for the settings' `database`; `directory` holds what it makes. Raises ReplayError."""
    if url is None or is_sqlite(url):
        return SqliteIsolation(url, root, directory)
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        from .postgresql_databases import PostgresqlIsolation

        return PostgresqlIsolation(url)
    name = parsed.render_as_string()  # without its password
    raise ReplayError(f'[parity] database: "{name}" is neither SQLite nor PostgreSQL; a run cannot copy it')


def _cpu(number: int) -> int | None:
    """Return the CPU of a process, begun anywhere so that two runs do not meet; None where none can be chosen."""
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return cpus[(os.getpid() + number) % len(cpus)] if cpus else None
