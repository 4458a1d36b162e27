"""Define what a run and the process of one side say to each other, pickled over a socket pair. Values only."""

from __future__ import annotations

import copyreg
import time
from dataclasses import dataclass, fields
from operator import attrgetter

from ...comparing.observation import Effects, Observation, Outbound, RowChange
from ...http.message import Request, Response
from ..corpus.case import Step


@dataclass(frozen=True, slots=True)
class SideRole:
    """Says what a side is to its worker, and how its start differs from another side's."""

    name: str
    """`control`, `candidate` or `repeat`."""
    app: str
    """`legacy` or `new`: the key of the map that names its app."""
    seed_offset: int = 0
    """What its seed is more than the run's: another seed gives other hashes and random numbers."""


@dataclass(frozen=True, slots=True)
class SideStart:
    """How one side starts: the first message, before its app is imported."""

    role: SideRole
    app: str
    """Import string."""
    arguments: tuple[tuple[str, str], ...]
    directory: str
    """Where its files are; the only directory it may write to, with `scratch`."""
    scratch: str
    database: str
    """URL of its own database."""
    baseline: str
    """URL of the database that every case starts from."""
    baseline_files: str
    """Directory of the files that every case starts from; while there is none, this side makes it from its own."""
    timeout_seconds: float
    freezes: bool
    moment: int
    """Nanoseconds since the epoch while the app starts."""
    seed: int
    real_file: str = ""
    """Path of the real SQLite file, links followed: where the app's code names that one, it opens its own."""
    beside: str = ""
    """Import string of the legacy app, for a candidate whose cases ask what the new app does not have yet."""
    cpu: int | None = None
    """The CPU that it keeps to: its threads share one interpreter, and each hand-over between CPUs costs."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The side's app is up."""

    attempts: tuple[Outbound, ...] = ()
    """What the app tried while it started, and was refused."""
    changed: tuple[str, ...] = ()
    """Tables that the start changed in the baseline; they have been put back."""
    has_memory_database: bool = False
    """Whether the app opened a database that lives in its process, which no case puts back."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The side's app did not start."""

    reason: str
    attempts: tuple[Outbound, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """One case, to be answered from the baseline."""

    steps: tuple[Step, ...]
    moment: int
    """Nanoseconds since the epoch of the first step; each next one is a second later."""
    seed: int
    state: str | None = None
    """File of another baseline."""


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """A side's answer to a case: what was observed at each step, and why it went no further."""

    steps: tuple[tuple[Request, Observation], ...]
    """(the request as it was asked, captured values filled in; what came of it)."""
    refused: str = ""
    """Why it did not come to the end."""
    is_spent: bool = False
    """Whether the side has to be started again before the next case."""
    missing: str = ""
    """Why the rest was not asked: a value that it needs was in no answer."""


def moment_now() -> int:
    """Return nanoseconds since the epoch, to 1/64 s, which a float of seconds holds exactly; never a whole second, of
    which `isoformat` would leave the fraction out."""
    part = 10**9 // 64
    return (time.time_ns() // part | 1) * part


def _pickle_by_constructor(kind: type) -> None:
    """Have a dataclass with slots pickled in a third of its time, which is most of a request's way to and fro."""
    values = attrgetter(*(field.name for field in fields(kind)))
    copyreg.pickle(kind, lambda value: (kind, values(value)))


for _kind in (Ask, CaseAnswer, Step, Request, Response, Observation, Effects, RowChange, Outbound):
    _pickle_by_constructor(_kind)
