"""The run's end of one side: starts its process, asks it, notices when it hangs or dies, and leaves none behind."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from ...errors import ReplayError
from .client import GRACE_SECONDS
from .messages import CaseAnswer, Failed, Ready, SideStart

START_SECONDS = 60.0
"""Time that an app may take to start."""
RESET_SECONDS = 30.0
"""Time that a case may take beside the answers to its requests."""
END_SECONDS = 2.0
"""Time that a process may take to end once it is told to."""
MAX_LAST_LINES = 12


class RemoteSide:
    """One side's process."""

    def __init__(self, start: SideStart, environment: Mapping[str, str], root: Path, output: Path) -> None:
        """Start the process in the directory `root`; what it prints is appended to `output`."""
        self._start = start
        self._output = output
        self._ready: Ready | None = None
        local_end, side_end = socket.socketpair()
        self._connection = Connection(local_end.detach())
        with side_end, output.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway.parity.replaying.side_main", str(side_end.fileno())],
                cwd=root,
                env=dict(environment),
                pass_fds=(side_end.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self._connection.send(start)

    def wait_until_ready(self) -> Ready:
        """Return what the side says once its app is up. Raises ReplayError, with what it printed last, if it fails."""
        if self._ready is not None:
            return self._ready
        answer = self._receive(START_SECONDS)
        if isinstance(answer, Ready):
            self._ready = answer
            return answer
        if isinstance(answer, Failed):
            tried = (f"\n  it tried, and was refused: {one.kind} {one.target}" for one in answer.attempts)
            reason = f"{answer.reason}{''.join(tried)}"
        else:
            reason = self._end(START_SECONDS)
        lines = self._output.read_text("utf-8", "replace").splitlines()[-MAX_LAST_LINES:]
        printed = "".join(f"\n  | {line}" for line in lines)
        raise ReplayError(f"the {self._start.role.name} did not start: {reason}{printed}")

    def send(self, message: bytes) -> None:
        """Send a pickled Ask; that the process has died since its last answer, `receive` says."""
        with suppress(OSError):
            self._connection.send_bytes(message)

    def receive(self, steps: int) -> CaseAnswer:
        """Return the next answer, to an ask of so many steps; a refusal when the process hangs or dies."""
        limit = steps * (self._start.timeout_seconds + 2 * GRACE_SECONDS) + RESET_SECONDS
        answer = self._receive(limit)
        if isinstance(answer, CaseAnswer):
            return answer
        return CaseAnswer((), f"the {self._start.role.name} {self._end(limit)}", is_spent=True)

    def hang_up(self) -> None:
        """Close the connection: the process ends by itself as soon as it has shut its app down."""
        self._connection.close()

    def close(self) -> None:
        """Hang up and wait; kill the process when that takes too long."""
        self.hang_up()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()

    def _receive(self, seconds: float) -> object:
        """Return the next message, None when there is none in time or nobody to send one."""
        try:
            return self._connection.recv() if self._connection.poll(seconds) else None
        except (EOFError, OSError):
            return None

    def _end(self, seconds: float) -> str:
        """Say how the process ended; end it if it has not within so many seconds."""
        try:
            code = self._process.wait(END_SECONDS if self._connection.closed else 0.5)
        except subprocess.TimeoutExpired:
            self.kill()
            return f"gave no sign within {seconds:g} s"
        return f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"
