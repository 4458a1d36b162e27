"""The run's end of one side: starts its process, asks it, notices when it hangs or dies, and leaves none behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

from ...errors import ReplayError
from .client import GRACE_S
from .messages import Answer, Failed, Ready, SideStart

START_S = 60.0
"""Seconds that an app may take to start."""
RESET_S = 30.0
END_S = 2.0
LAST_LINES = 12


class RemoteSide:
    """One side's process."""

    def __init__(self, start: SideStart, environment: Mapping[str, str], root: Path, output: Path) -> None:
        """Starts it; `output` gets what it prints."""
        self._start = start
        self._output = output
        ours, theirs = socket.socketpair()
        self._connection = Connection(ours.detach())
        with theirs, output.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway.parity.replaying.side_main", str(theirs.fileno())],
                cwd=root,
                env=dict(environment),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self._connection.send(start)

    def wait_until_ready(self) -> Ready:
        """Raises ReplayError, with what the side printed last, when its app does not start."""
        answer = self._receive(START_S)
        if isinstance(answer, Ready):
            return answer
        if isinstance(answer, Failed):
            tried = "".join(f"\n  it tried, and was refused: {one.kind} {one.target}" for one in answer.attempts)
            raise ReplayError(f"the {self._start.name} did not start: {answer.reason}{tried}{self._last_lines()}")
        raise ReplayError(f"the {self._start.name} did not start: {self._end(START_S)}{self._last_lines()}")

    def send(self, ask: bytes) -> None:
        """A pickled Ask."""
        try:
            self._connection.send_bytes(ask)
        except OSError:  # it has died since its last answer: `receive` tells
            return

    def receive(self, steps: int) -> Answer:
        """The next answer, to an ask of so many steps; a refusal when the process hangs or dies."""
        limit = steps * (self._start.timeout + 2 * GRACE_S) + RESET_S
        answer = self._receive(limit)
        return answer if isinstance(answer, Answer) else Answer((), f"the {self._start.name} {self._end(limit)}", True)

    def hang_up(self) -> None:
        """It ends by itself, as soon as it has shut its app down."""
        self._connection.close()

    def close(self) -> None:
        """Hangs up and waits; it is killed when that takes too long."""
        self.hang_up()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """At once."""
        self._process.kill()
        self._process.wait()

    def _receive(self, seconds: float) -> object:
        """None when there is nothing in time, or nobody."""
        try:
            return self._connection.recv() if self._connection.poll(seconds) else None
        except (EOFError, OSError):
            return None

    def _end(self, seconds: float) -> str:
        """How it ended, in words; it is ended if it has not."""
        try:
            code = self._process.wait(END_S if self._connection.closed else 0.5)
        except subprocess.TimeoutExpired:
            self.kill()
            return f"gave no sign within {seconds:g} s"
        return f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"

    def _last_lines(self) -> str:
        lines = self._output.read_text("utf-8", "replace").splitlines()[-LAST_LINES:]
        return "".join(f"\n  | {line}" for line in lines)


def environment_of(pairs: tuple[tuple[str, str], ...], places: Mapping[str, str], seed: int) -> dict[str, str]:
    """The run's own environment with the map's variables; `{database}` and the like stand for `places`."""
    given = {name: filled(value, places) for name, value in pairs}
    fixed = {
        "PYTHONHASHSEED": str(seed % 2**32),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": places["scratch"],
    }
    return {**os.environ, **given, **fixed}


def filled(text: str, places: Mapping[str, str]) -> str:
    """`{database}`, `{directory}` and `{side}` replaced; other braces stay."""
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return text
