"""uvicorn's parent of several workers as `gateway serve` needs it: it loses sight of no worker, and of no signal."""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
import threading
import time
from multiprocessing import connection, parent_process

import uvicorn
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

LOGGER = logging.getLogger("gateway")

RESTART_SECONDS = 600
"""Time that a worker may take to start while the one that it replaces still serves; uvicorn gives it five seconds."""
RETRY_SECONDS = 10
"""Time between two starts of a worker that does not come up: whatever keeps it from that will not be gone at once."""
EXIT_SECONDS = 30
"""Time that a worker gets to end, beyond that of its open requests; then it is killed."""


class SignalFlag(threading.Event):
    """An Event that a signal handler may set: it has no lock, which the handler's own thread may be holding."""

    _is_up = False

    def is_set(self) -> bool:
        """Tell whether it was set."""
        return self._is_up

    def set(self) -> None:
        """Set it."""
        self._is_up = True

    def wait(self, timeout: float | None = None) -> bool:
        """Return whether it was set before `timeout` seconds were over."""
        end = time.monotonic() + (timeout if timeout is not None else math.inf)
        while not self._is_up and time.monotonic() < end:
            time.sleep(0.05)
        return self._is_up


class Supervisor(Multiprocess):
    """uvicorn's parent of several workers, which goes on when one ends by itself, whatever its exit code.

    uvicorn takes exit code 3 for a start that failed and ends all workers, though a view may have called `os._exit(3)`.
    While a restart waits, it replaces no worker that ends; it waits without an end for one that does not stop.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self.should_exit = SignalFlag()
        self._was_up = False
        self._retry_at: dict[Process, float] = {}
        """When a worker that has not been seen up yet may be replaced."""
        self._exit_seconds = (config.timeout_graceful_shutdown or 0) + EXIT_SECONDS
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, self._on_end)

    def restart_all(self) -> None:
        """Replace each worker once the new one serves, however long its app takes to; end at one that does not."""
        for at in range(len(self.processes)):
            if self.should_exit.is_set():
                return
            new = Process(self.config, self.sockets)
            new.start()
            if not self._has_started(new):
                new.kill()
                new.join()
                if not self.should_exit.is_set():
                    LOGGER.error("new worker %s did not start; the restart ends here, other workers serve on", new.pid)
                return
            old, self.processes[at] = self.processes[at], new
            self._end(old)

    def _has_started(self, worker: Process) -> bool:
        """Wait until a worker serves; return False where it ends, is late, or the service is to end."""
        deadline = time.monotonic() + RESTART_SECONDS
        while not worker.is_ready(timeout=1):
            if self.should_exit.wait(0.1) or not worker.process.is_alive() or time.monotonic() > deadline:
                return False
            self.keep_subprocess_alive()
        return True

    def _end(self, worker: Process) -> None:
        """End a worker that another has replaced; once the service is to end, `join_all` waits for it."""
        worker.terminate()
        deadline = time.monotonic() + self._exit_seconds
        while worker.process.is_alive():
            if self.should_exit.wait(0.1):
                self.processes.append(worker)
                return
            if time.monotonic() > deadline:
                worker.kill()
            self.keep_subprocess_alive()
        worker.join()

    def terminate_all(self) -> None:
        """End all workers; say first by which signal."""
        self.handle_signals()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait for all workers, and kill those that do not end: one whose event loop is stuck hears of nothing."""
        deadline = time.monotonic() + self._exit_seconds
        for worker in self.processes:
            worker.process.join(max(deadline - time.monotonic(), 0))
            if worker.process.is_alive():
                LOGGER.error("worker %s does not end; it is killed", worker.pid)
                worker.kill()
            worker.join()

    def _on_end(self, number: int, _frame: object) -> None:
        self.signal_queue.append(number)
        self.should_exit.set()  # at once: a restart may be waiting for its worker

    def keep_subprocess_alive(self) -> None:
        """Replace workers that are gone; before any has been up, leave it to uvicorn, which ends a start that fails."""
        if not self._was_up:
            self._was_up = any(process.is_ready() for process in self.processes)
            if not self._was_up:
                super().keep_subprocess_alive()
                return
            LOGGER.info("workers are up; from now on one that ends is replaced")
        for at, process in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if process.is_alive(timeout=self.config.timeout_worker_healthcheck):
                if process in self._retry_at and process.is_ready():
                    del self._retry_at[process]
                continue
            if time.monotonic() < self._retry_at.get(process, 0.0):
                continue
            self._retry_at.pop(process, None)
            process.kill()
            process.join()
            LOGGER.error(
                "worker %s has ended with exit code %s; another takes its place", process.pid, process.exitcode
            )
            new = self.processes[at] = Process(self.config, self.sockets)
            new.start()
            self._retry_at[new] = time.monotonic() + RETRY_SECONDS


def end_with_parent() -> None:
    """End this process, softly, when the parent that started it is gone: it would keep the port without an end."""
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            connection.wait([parent.sentinel])
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=watch, name="gateway-parent", daemon=True).start()
