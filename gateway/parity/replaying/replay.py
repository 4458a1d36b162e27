"""Replays cases on both sides: control and candidate from the same state, the twin where they differ."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, Queue
from random import Random
from types import TracebackType
from typing import Self

from ...errors import ReplayError
from ...policy import Policy
from ..case import Case
from ..pair import CasePair, StepPair
from .isolation import Isolation, open_isolation
from .protocol import Answer, Ask, Ready, SideStart
from .remote import RemoteSide, environment_of, filled

TWINS = 3
"""Times that the twin is asked about a case that differs."""
HOUR = 3600 * 10**9


@dataclass(frozen=True, slots=True)
class Setup:
    """What is compared."""

    legacy: str
    """Import string."""
    new: str
    policy: Policy
    root: Path
    """The map's own directory: the sides run there."""


class Replay:
    """Every side of one run, up from `with` to its end. Raises ReplayError when a side does not start."""

    def __init__(self, setup: Setup, *, workers: int, seed: int) -> None:
        self._setup = setup
        self.seed = seed
        """Decides which side is asked first, and all frozen random numbers."""
        self._directory = Path()
        self._isolation: Isolation | None = None
        self._workers = [Worker(number, self) for number in range(workers)]
        self._threads: list[threading.Thread] = []
        self._pairs: Queue[CasePair | BaseException | None] = Queue()
        self._stopping = threading.Event()
        self.notes: list[str] = []
        """What a reader of the run should know: what a start tried or changed."""

    def __enter__(self) -> Self:
        self._directory = Path(tempfile.mkdtemp(prefix="gateway-parity-"))
        try:
            policy = self._setup.policy
            self._isolation = open_isolation(policy.database, self._setup.root, self._directory)
            first = self._workers[0]
            first.start("control", is_first=True)
            first.wait("control")
            for worker in self._workers:
                worker.start_missing()
            for worker in self._workers:
                worker.wait_for_all()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._close()

    def run(self, cases: Iterable[Case], differs: Callable[[StepPair], bool]) -> Iterator[CasePair]:
        """Each case on both sides, in the order of completion. `differs` is called from several threads.

        Raises ReplayError when a side that ended cannot be started again.
        """
        pairs = self._pairs = Queue(maxsize=64)
        waiting = _Shared(cases)
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=worker.work, args=(waiting, differs, pairs, self._stopping), daemon=True)
            for worker in self._workers
        ]
        for thread in self._threads:
            thread.start()
        try:
            for _ in self._threads:
                while (pair := pairs.get()) is not None:
                    if isinstance(pair, BaseException):
                        raise pair
                    yield pair
        except KeyboardInterrupt:
            self._kill()
            raise
        finally:
            self._stop()

    def side_start(self, worker: int, name: str, *, is_first: bool = False) -> tuple[SideStart, dict[str, str]]:
        """How a side of a worker is to be, and its environment; its directory and its database are there."""
        assert self._isolation is not None
        setup, policy = self._setup, self._setup.policy
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
            arguments=tuple((argument, filled(value, places)) for argument, value in policy.arguments),
            directory=str(directory),
            scratch=str(scratch),
            database=database,
            baseline=self._isolation.baseline,
            baseline_files=str(files),
            makes_baseline=is_first,
            timeout=policy.timeout,
            freezes=policy.freeze,
            moment=time.time_ns(),
            seed=self._seed_of(name),
        )
        return start, environment_of(policy.environment, places, start.seed)

    def open_side(self, worker: int, name: str, *, is_first: bool = False) -> RemoteSide:
        start, environment = self.side_start(worker, name, is_first=is_first)
        output = self._directory / f"{worker}-{name}.log"
        return RemoteSide(start, environment, self._setup.root, output)

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
        """The database file that a case brings."""
        if case.state is None:
            return None
        path = self._setup.root / self._setup.policy.corpus / "states" / case.state
        if not path.is_file():
            raise ReplayError(f'case "{case.name}": no state "{path}"')
        return str(path)

    def _seed_of(self, name: str) -> int:
        return self.seed + 1 if name == "twin" else self.seed

    def _stop(self) -> None:
        """Workers end after the case that they are at."""
        self._stopping.set()
        while any(thread.is_alive() for thread in self._threads):
            with suppress(Empty):
                self._pairs.get(timeout=0.05)  # one may wait for room
        self._threads = []

    def _kill(self) -> None:
        """Nobody waits for the answers under way."""
        self._stopping.set()
        for worker in self._workers:
            worker.kill()

    def _close(self) -> None:
        if self._threads:  # a run that was left in the middle
            self._kill()
            self._stop()
        for worker in self._workers:
            worker.hang_up()
        for worker in self._workers:
            worker.close()
        if self._isolation is not None:
            self._isolation.close()
        shutil.rmtree(self._directory, ignore_errors=True)


class _Shared:
    """Cases that several workers take from."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = iter(cases)
        self._lock = threading.Lock()

    def take(self) -> Case | None:
        with self._lock:
            return next(self._cases, None)


class Worker:
    """Control, candidate and, once it is needed, twin; one case at a time."""

    def __init__(self, number: int, replay: Replay) -> None:
        self._number = number
        self._replay = replay
        self._sides: dict[str, RemoteSide] = {}
        self._ready: set[str] = set()

    def start(self, name: str, *, is_first: bool = False) -> None:
        self._sides[name] = self._replay.open_side(self._number, name, is_first=is_first)

    def start_missing(self) -> None:
        for name in ("control", "candidate"):
            if name not in self._sides:
                self.start(name)

    def wait(self, name: str) -> None:
        if name not in self._ready:
            self._replay.note(name, self._sides[name].wait_until_ready())
            self._ready.add(name)

    def wait_for_all(self) -> None:
        for name in self._sides:
            self.wait(name)

    def kill(self) -> None:
        for side in tuple(self._sides.values()):
            side.kill()

    def hang_up(self) -> None:
        for side in self._sides.values():
            side.hang_up()

    def close(self, *names: str) -> None:
        for name in names or tuple(self._sides):
            if (side := self._sides.pop(name, None)) is not None:
                self._ready.discard(name)
                side.close()

    def work(
        self,
        cases: _Shared,
        differs: Callable[[StepPair], bool],
        pairs: Queue[CasePair | BaseException | None],
        stopping: threading.Event,
    ) -> None:
        """A thread's part of a run: cases until there are no more."""
        try:
            while not stopping.is_set() and (case := cases.take()) is not None:
                pairs.put(self._pair(case, differs))
            pairs.put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised where the run is iterated
            pairs.put(error)

    def _pair(self, case: Case, differs: Callable[[StepPair], bool]) -> CasePair:
        self._restart()
        ask = Ask(case.steps, time.time_ns(), self._seed_of(case), self._replay.state_file(case))
        names = ["control", "candidate"]
        Random(ask.seed).shuffle(names)
        answers = self._ask(ask, *names)
        control, candidate = answers["control"], answers["candidate"]
        refused = control.refused or candidate.refused
        steps = _paired(control, candidate)
        different = [number for number, step in enumerate(steps) if differs(step)]
        if different and not refused:
            twins = self._twins(ask)
            for number in different:
                seen = tuple(twin.steps[number][1] for twin in twins if number < len(twin.steps))
                steps[number] = replace(steps[number], twins=seen)
        return CasePair(case, tuple(steps), refused)

    def _twins(self, ask: Ask) -> list[Answer]:
        """The control's answers under other clocks, random numbers and hash seed."""
        if "twin" not in self._sides:
            self.start("twin")
            self.wait("twin")
        answers = []
        for number in range(1, TWINS + 1):
            shift = number * (HOUR + 61_500_000_000)
            other = replace(ask, moment=ask.moment + shift, seed=ask.seed + 1000 * number)
            answers.append(self._ask(other, "twin")["twin"])
            if "twin" not in self._sides:
                break
        return answers

    def _ask(self, ask: Ask, *names: str) -> dict[str, Answer]:
        """The sides' answers; one that is spent is ended."""
        for name in names:
            self._sides[name].send(ask)
        answers = {name: self._sides[name].receive(len(ask.steps)) for name in names}
        for name, answer in answers.items():
            if answer.is_spent:
                self._sides[name].kill()
                self.close(name)
        return answers

    def _restart(self) -> None:
        """Both sides anew when one is gone: what they keep in memory must have the same past."""
        if {"control", "candidate"} - self._sides.keys():
            self.close()
            self.start_missing()
            self.wait_for_all()

    def _seed_of(self, case: Case) -> int:
        return zlib.crc32(case.name.encode()) ^ self._replay.seed


def _paired(control: Answer, candidate: Answer) -> list[StepPair]:
    """As far as both sides came."""
    return [
        StepPair(asked, other_asked, seen, other_seen)
        for (asked, seen), (other_asked, other_seen) in zip(control.steps, candidate.steps, strict=False)
    ]
