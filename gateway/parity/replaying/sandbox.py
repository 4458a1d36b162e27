"""Where the sides of one run live: a directory with their files, databases beside the real one, how each is started."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ...config.replay_settings import ReplaySettings
from ...errors import ReplayError
from ..corpus.case import Case
from .isolation import open_isolation
from .messages import Ready, SideStart, moment_now
from .side_process import RemoteSide, environment_of, filled


@dataclass(frozen=True, slots=True)
class Setup:
    """What is compared."""

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

    def __init__(self, setup: Setup, seed: int) -> None:
        """Raises ReplayError when the database cannot be copied."""
        self._setup = setup
        self.seed = seed
        """Decides which side is asked first, and all frozen random numbers."""
        self.notes: list[str] = []
        """What a reader of the run should know: what a start tried or changed."""
        self._directory = Path(tempfile.mkdtemp(prefix="gateway-parity-"))
        try:
            self._isolation = open_isolation(setup.settings.database, setup.root, self._directory)
        except BaseException:
            shutil.rmtree(self._directory, ignore_errors=True)
            raise

    def open_side(self, worker: int, name: str, *, is_first: bool = False) -> RemoteSide:
        """The process of a worker's `control`, `candidate` or `repeat`; the first one's start makes the baseline."""
        setup, settings = self._setup, self._setup.settings
        own = self._directory / f"{worker}-{name}"
        shutil.rmtree(own, ignore_errors=True)
        directory, scratch = own / "files", own / "scratch"
        scratch.mkdir(parents=True)
        files = self._directory / "files"
        if is_first:
            directory.mkdir()
        else:
            shutil.copytree(files, directory, symlinks=True)
        database = self._isolation.new_database(own.name, is_first=is_first)
        places = {"database": database, "directory": str(directory), "side": name, "scratch": str(scratch)}
        key = "new" if name == "candidate" else "legacy"
        start = SideStart(
            name=name,
            key=key,
            app=setup.new if name == "candidate" else setup.legacy,
            arguments=tuple((argument, filled(value, places)) for argument, value in settings.arguments),
            directory=str(directory),
            scratch=str(scratch),
            database=database,
            baseline=self._isolation.baseline,
            baseline_files=str(files),
            makes_baseline=is_first,
            timeout=settings.timeout_seconds,
            freezes=settings.freeze,
            moment=moment_now(),
            seed=self.seed + 1 if name == "repeat" else self.seed,
            beside=setup.legacy if setup.needs_legacy_beside and name == "candidate" else "",
            cpu=cpu_for(2 * worker + (name == "candidate")),
        )
        environment = environment_of(settings.environment, places, start.seed)
        return RemoteSide(start, environment, setup.root, self._directory / f"{worker}-{name}.log")

    def note(self, name: str, ready: Ready) -> None:
        """Keep what a start tried and changed."""
        found = [f"the {name} tried while it started, and was refused: {a.kind} {a.target}" for a in ready.attempts]
        if ready.changed and name == "candidate":
            tables = ", ".join(ready.changed)
            found.append(f"the start of the {name} changed the database ({tables}); every case begins without it")
        if ready.has_memory_database:
            found.append(f"the {name} keeps a database in memory; what a case changes there stays for the next ones")
        self.notes.extend(note for note in found if note not in self.notes)

    def state_file(self, case: Case) -> str | None:
        """The database file that a case brings. Raises ReplayError when there is none of that name."""
        if case.state is None:
            return None
        path = self._setup.root / self._setup.settings.corpus / "states" / case.state
        if not path.is_file():
            raise ReplayError(f'case "{case.name}": no state "{path}"')
        return str(path)

    def close(self) -> None:
        """After the sides have ended."""
        self._isolation.close()
        shutil.rmtree(self._directory, ignore_errors=True)


def cpu_for(number: int) -> int | None:
    """One for each process, begun anywhere so that two runs do not meet; None where a process cannot keep to one."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[(os.getpid() + number) % len(cpus)]
