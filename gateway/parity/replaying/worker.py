"""One worker of a run: control and candidate, kept busy a few cases ahead; the repeat, where they differ."""

from __future__ import annotations

import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain
from queue import Queue
from random import Random

from ...comparing.compared import Compared
from ...comparing.noise import may_be_noise
from ...comparing.result import Verdict
from ...comparing.verdicts import mismatched_locations
from ...errors import ReplayError
from ..compared_case import ComparedCase
from ..corpus.case import Case
from .experiments import PendingExperiments
from .messages import Answer, Ask, moment_now, pickled
from .sandbox import Sandbox
from .side_process import RemoteSide

SIDES = ("control", "candidate")
REPEATS = 3
"""Times that the repeat is asked about a case that differs."""
READING = {"GET", "HEAD", "OPTIONS"}
AHEAD = 8
"""Reading cases that a side has before it, so that it waits neither for the other side nor for the comparison."""
AHEAD_BYTES = 16 * 1024
"""Their size at most: a socket takes that much while nobody reads, and a side that answers does not read."""

Judge = Callable[[Compared], tuple[Verdict, ...]]
"""Gives what becomes of each difference of a request."""
FAST_S = 0.02
"""A worker whose last case took longer takes the next one when it is free: another may be free sooner."""


class SharedCases:
    """Cases that several workers take from."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = iter(cases)
        self._lock = threading.Lock()
        self.was_ended = False

    def take(self) -> Case | None:
        """The next one, if there is one."""
        with self._lock:
            return None if self.was_ended else next(self._cases, None)

    def end(self) -> None:
        """Nobody wants the rest, nor what is under way."""
        self.was_ended = True


@dataclass(frozen=True, slots=True)
class Asked:
    """A case on its way to both sides."""

    case: Case
    ask: Ask
    raw: bytes
    """The ask, pickled."""
    held: PendingExperiments | None = None
    """The pair that this is a trial for."""

    @property
    def only_reads(self) -> bool:
        """What writes is asked of both at one moment: files and databases have clocks that nobody can freeze."""
        return all(step.request.method in READING for step in self.case.steps)


class Worker:
    """Both sides see the cases in the same order, each from the baseline."""

    def __init__(self, number: int, sandbox: Sandbox, repeats: int) -> None:
        self._number = number
        self._sandbox = sandbox
        self._count_of_repeats = repeats
        self._sides: dict[str, RemoteSide] = {}
        self._ready: set[str] = set()
        self._under_way: deque[Asked] = deque()
        self._trials: deque[Asked] = deque()
        """To be asked before the next case."""
        self._is_fast = False

    def start(self, name: str, *, is_first: bool = False) -> None:
        self._sides[name] = self._sandbox.open_side(self._number, name, is_first=is_first)

    def start_missing(self) -> None:
        for name in SIDES:
            if name not in self._sides:
                self.start(name)

    def wait(self, name: str) -> None:
        """Raises ReplayError when the side does not start."""
        if name not in self._ready:
            try:
                self._sandbox.note(name, self._sides[name].wait_until_ready())
            except ReplayError:
                self.close(name)
                raise
            self._ready.add(name)

    def wait_for_all(self) -> None:
        for name in tuple(self._sides):
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

    def work(self, cases: SharedCases, judge: Judge, pairs: Queue[ComparedCase | BaseException | None]) -> None:
        """A thread's part of a run: cases until there are no more."""
        end: BaseException | None = None
        try:
            coming: Asked | None = None
            while not cases.was_ended and ((coming := coming or self._next(cases)) or self._under_way):
                if coming is not None and self._has_room(coming):
                    self._send(coming)
                    coming = None
                elif (pair := self._pair(judge)) is not None:
                    pairs.put(pair)
        except BaseException as error:  # noqa: BLE001 - it is raised where the run is iterated
            end = error
        self._drain()
        pairs.put(end)

    def _next(self, cases: SharedCases) -> Asked | None:
        if self._trials:
            return self._trials.popleft()
        case = cases.take()
        return None if case is None else self._asked(case, moment_now())

    def _asked(self, case: Case, moment: int, held: PendingExperiments | None = None) -> Asked:
        seed = zlib.crc32(case.name.encode()) ^ self._sandbox.seed
        ask = Ask(case.steps, moment, seed, self._sandbox.state_file(case))
        return Asked(case, ask, pickled(ask), held)

    def _has_room(self, coming: Asked) -> bool:
        together = [*self._under_way, coming]
        size = sum(len(asked.raw) for asked in together)
        is_small = len(together) <= AHEAD and size <= AHEAD_BYTES
        return not self._under_way or (self._is_fast and is_small and all(asked.only_reads for asked in together))

    def _send(self, asked: Asked) -> None:
        self._restart()
        self._under_way.append(asked)
        self._ask(asked)

    def _ask(self, asked: Asked) -> None:
        names = list(SIDES)
        Random(asked.ask.seed).shuffle(names)
        for name in names:
            self._sides[name].send(asked.raw)

    def _pair(self, judge: Judge) -> ComparedCase | None:
        """The oldest case under way, answered by both; None where experiments of it have still to be answered."""
        self._restart()
        asked, began = self._under_way.popleft(), time.perf_counter()
        control, candidate = (self._receive(name, asked.ask) for name in SIDES)
        self._is_fast = time.perf_counter() - began < FAST_S
        pair = _paired(asked.case, control, candidate)
        if asked.held is not None:
            whole = asked.held.take(pair.steps)
            return None if whole is None else _judged(whole, judge, asked.held.different)
        pair = _judged(pair, judge, range(len(pair.steps)))
        different = {
            number: locations
            for number, verdicts in enumerate(pair.verdicts)
            if (locations := mismatched_locations(verdicts))
        }
        if not different or pair.refused:
            return pair
        if self._count_of_repeats and any(map(may_be_noise, chain.from_iterable(different.values()))):
            pair = _judged(_with_repeats(pair, different, self._repeats(asked.ask)), judge, different)
        held = PendingExperiments.of(pair, different)
        if held is None:
            return pair
        self._trials += (self._asked(case, asked.ask.moment, held) for case in held.cases)
        return None

    def _receive(self, name: str, ask: Ask) -> Answer:
        """A side's answer; one that is spent is ended."""
        side = self._sides[name]
        answer = side.receive(len(ask.steps))
        if answer.is_spent:
            side.kill()
            self.close(name)
        return answer

    def _repeats(self, ask: Ask) -> list[Answer]:
        """The control's answers under other random numbers and another hash seed, later by the clocks that run."""
        if "repeat" not in self._sides:
            self.start("repeat")
            self.wait("repeat")
        answers = []
        for number in range(1, self._count_of_repeats + 1):
            other = replace(ask, seed=ask.seed + 1000 * number)
            self._sides["repeat"].send(pickled(other))
            answers.append(self._receive("repeat", other))
            if "repeat" not in self._sides:
                break
        return answers

    def _restart(self) -> None:
        """Both sides anew when one is gone: what they keep in memory must have the same past.

        What they had before them is asked again; nothing of it was used.
        """
        if set(SIDES) - self._sides.keys():
            if self._under_way:  # the other one is at cases that will be asked again
                self.kill()
            self.close()
            self.start_missing()
            self.wait_for_all()
            for asked in self._under_way:
                self._ask(asked)

    def _drain(self) -> None:
        """A run that was left: nothing of it may come as an answer of the next."""
        self._trials.clear()
        while self._under_way:
            asked = self._under_way.popleft()
            for name in SIDES:
                if name in self._sides:
                    self._receive(name, asked.ask)


def _paired(case: Case, control: Answer, candidate: Answer) -> ComparedCase:
    """As far as both sides came."""
    steps = tuple(
        Compared(asked, other_asked, seen, other_seen, credential=case.credential)
        for (asked, seen), (other_asked, other_seen) in zip(control.steps, candidate.steps, strict=False)
    )
    return ComparedCase(
        case, steps, ((),) * len(steps), control.refused or candidate.refused, control.missing, candidate.missing
    )


def _with_repeats(pair: ComparedCase, different: Iterable[int], repeats: Iterable[Answer]) -> ComparedCase:
    steps = list(pair.steps)
    for number in different:
        seen = tuple(repeat.steps[number][1] for repeat in repeats if number < len(repeat.steps))
        steps[number] = replace(steps[number], repeats=seen)
    return replace(pair, steps=tuple(steps))


def _judged(pair: ComparedCase, judge: Judge, numbers: Iterable[int]) -> ComparedCase:
    """Return the pair with verdicts on the steps of these numbers."""
    verdicts = list(pair.verdicts)
    for number in numbers:
        verdicts[number] = judge(pair.steps[number])
    return replace(pair, verdicts=tuple(verdicts))
