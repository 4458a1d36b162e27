"""One worker of a run: control and candidate, asked case after case, and a repeat of the control where they differ.

Theory of operation. A worker is a thread that takes cases from the run's queue, has both sides answer each and puts
what they did, with verdicts, among the run's results. `Schedule` decides what comes next, the worker does it.

| a case is           | then is             | when                                                                    |
|---------------------|---------------------|-------------------------------------------------------------------------|
| queued              | taken               | the worker may send one more (rule 2)                                   |
| taken               | in flight           | it may go beside those that are in flight (rule 2)                      |
| in flight           | in flight           | a side is gone: both start anew and are sent it once more (rule 3)      |
| in flight           | answered            | it is the oldest, and both answers are received: its steps are judged   |
| answered            | done                | nothing mismatches, or a side refused it                                |
| answered            | repeated            | a mismatch may be noise: the repeat answers too, steps are judged again |
| answered, repeated  | experiments pending | a request that mismatched has two interpretations (rule 4); else done   |
| experiments pending | done                | the last experiment is answered: steps are judged again                 |
| any but done        | dropped             | the run has ended or failed: what is in flight is received, for nothing |

1. Both sides are sent the same cases in the same order, each from the baseline. Which of them is sent a case first, the
   seed decides.
2. One case is in flight at a time, so that both sides are asked at one moment: files and databases have clocks that
   nobody can freeze. Only while cases just read, and are answered fast, up to `MAX_IN_FLIGHT` are: a slow worker leaves
   the next case to one that is free sooner.
3. Both sides start anew when one is gone, for what they keep in memory must have the same past. The case at which it
   ended is answered by a refusal; those behind it are sent again, for nothing of them was used.
4. An experiment is a case as well, sent before the next case of the run; its answers belong to the case that waits for
   it, and it is neither repeated nor experimented with.

AN ANSWER DOES NOT SAY WHICH CASE IT IS TO: the order alone does. What was sent to a side has to be received from it,
after an error and at an early end too, or the side be closed; else the next run takes the answer for its own.
"""

from __future__ import annotations

import pickle
import threading
import time
import zlib
from collections.abc import Iterable
from dataclasses import replace
from queue import Queue
from random import Random

from ...comparing.noise import may_be_noise
from ...comparing.observation import Compared
from ...comparing.verdicts import mismatched_locations
from ...errors import ReplayError
from ..compared_case import ComparedCase, Judge
from ..corpus.case import Case
from .experiments import PendingExperiments
from .messages import Ask, CaseAnswer, SideRole, moment_now
from .sandbox import REPEAT, SIDES, Sandbox
from .schedule import PlannedCase, Receive, Restart, Schedule, Send
from .side_process import RemoteSide


class CaseQueue:
    """The cases of a run that no worker has taken yet."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = iter(cases)
        self._lock = threading.Lock()
        self.is_closed = False

    def take(self) -> Case | None:
        """Return the next case, None when there is none or the queue is closed."""
        with self._lock:
            return None if self.is_closed else next(self._cases, None)

    def close(self) -> None:
        """Give out no case from now on; what is in flight is not wanted either."""
        self.is_closed = True


class Worker:
    """The sides of one worker, and its part of a run."""

    def __init__(self, number: int, sandbox: Sandbox, repeats: int) -> None:
        """Ask the control `repeats` times again about what differs."""
        self._number = number
        self._sandbox = sandbox
        self._repeats = repeats
        self._sides: dict[SideRole, RemoteSide] = {}

    def start(self, *roles: SideRole) -> None:
        """Start the processes of those of the sides that are not there; they are ready after `wait`."""
        for role in roles:
            if role not in self._sides:
                self._sides[role] = self._sandbox.open_side(self._number, role)

    def wait(self) -> None:
        """Wait until every side is ready. Raises ReplayError when one does not start; the worker has none then."""
        try:
            for role, side in self._sides.items():
                self._sandbox.note(role, side.wait_until_ready())
        except ReplayError as error:
            self._close()
            raise ReplayError(f"{error}{self._sandbox.withheld_in(str(error))}") from error

    def work(self, cases: CaseQueue, judge: Judge, results: Queue[ComparedCase | BaseException | None]) -> None:
        """Replay cases until there are no more; the last result is None, or the error that ended the work."""
        end: BaseException | None = None
        schedule = Schedule(self._plan(case, moment_now()) for case in iter(cases.take, None))
        try:
            while not cases.is_closed:
                match schedule.next_move(are_sides_up=self._sides.keys() >= {*SIDES}):
                    case Restart(in_flight):
                        self._restart(in_flight)
                    case Send(planned):
                        self._send(planned)
                    case Receive(planned):
                        if (compared := self._receive_case(planned, judge, schedule)) is not None:
                            results.put(compared)
                    case None:
                        break
        except BaseException as error:  # noqa: BLE001 - it is raised where the run is iterated
            end = error
        self._drain(schedule)
        results.put(end)

    def _plan(self, case: Case, moment: int, experiment_of: PendingExperiments | None = None) -> PlannedCase:
        seed = zlib.crc32(case.name.encode()) ^ self._sandbox.seed
        ask = Ask(case.steps, moment, seed, self._sandbox.state_file(case))
        return PlannedCase(case, ask, pickle.dumps(ask, pickle.HIGHEST_PROTOCOL), experiment_of)

    def _send(self, planned: PlannedCase) -> None:
        roles = list(SIDES)
        Random(planned.ask.seed).shuffle(roles)
        for role in roles:
            self._sides[role].send(planned.message)

    def _restart(self, in_flight: tuple[PlannedCase, ...]) -> None:
        for side in self._sides.values() if in_flight else ():  # it is at cases that it will be sent again
            side.kill()
        self._close()
        self.start(*SIDES)
        self.wait()
        for planned in in_flight:
            self._send(planned)

    def _close(self) -> None:
        while self._sides:
            self._sides.popitem()[1].close()

    def _receive_case(self, planned: PlannedCase, judge: Judge, schedule: Schedule) -> ComparedCase | None:
        """Return the case that is done with these answers, None where experiments have still to be answered."""
        began = time.perf_counter()
        control, candidate = (self._receive(role, planned.ask) for role in SIDES)
        schedule.note_wait(time.perf_counter() - began)
        steps = tuple(
            Compared(request, other_request, observation, other, credential=planned.case.credential)
            for (request, observation), (other_request, other) in zip(control.steps, candidate.steps, strict=False)
        )
        refused, missing = control.refused or candidate.refused, (control.missing, candidate.missing)
        compared = ComparedCase(planned.case, steps, ((),) * len(steps), refused, *missing)
        if (waiting := planned.experiment_of) is not None:
            whole = waiting.take(compared.steps)
            return None if whole is None else whole.judged(judge, waiting.different)
        compared = compared.judged(judge, range(len(steps)))
        mismatched = {at: found for at, one in enumerate(compared.verdicts) if (found := mismatched_locations(one))}
        if not mismatched or compared.refused:
            return compared
        if self._repeats and any(map(may_be_noise, frozenset().union(*mismatched.values()))):
            compared = self._repeat(compared, planned.ask, mismatched).judged(judge, mismatched)
        pending = PendingExperiments.of(compared, mismatched)
        if pending is None:
            return compared
        schedule.add_experiments(self._plan(case, planned.ask.moment, pending) for case in pending.cases)
        return None

    def _drain(self, schedule: Schedule) -> None:
        """Receive what is in flight, for nothing: it must not be the answer to a case of the next run."""
        for planned in schedule.drop_all():
            for role in SIDES:
                if role in self._sides:
                    self._receive(role, planned.ask)

    def _receive(self, role: SideRole, ask: Ask) -> CaseAnswer:
        """Return a side's answer to the ask; a side that is spent with it is ended."""
        side = self._sides[role]
        answer = side.receive(len(ask.steps))
        if answer.is_spent:
            side.kill()
            self._sides.pop(role).close()
        return answer

    def _repeat(self, compared: ComparedCase, ask: Ask, numbers: Iterable[int]) -> ComparedCase:
        """Return the case with repeats at steps of these numbers: under other random numbers and another hash seed."""
        self.start(REPEAT)
        self.wait()
        steps = list(compared.steps)
        for count in range(1, self._repeats + 1):
            again = replace(ask, seed=ask.seed + 1000 * count)
            self._sides[REPEAT].send(pickle.dumps(again, pickle.HIGHEST_PROTOCOL))
            answer = self._receive(REPEAT, again)
            for at in numbers:
                if at < len(answer.steps):
                    steps[at] = replace(steps[at], repeats=(*steps[at].repeats, answer.steps[at][1]))
            if answer.is_spent:
                break
        return replace(compared, steps=tuple(steps))
