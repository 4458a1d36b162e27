"""uvicorn as `gateway serve` runs it: httptools, uvloop and the gateway's own access log."""

from __future__ import annotations

import contextlib
import copy
import logging
import math
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG, STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from ..errors import GatewayError
from .http_protocol import HTTPProtocol
from .interpreter import share_interpreter
from .line_writer import LineHandler

LOGGER = logging.getLogger("gateway")

RESTART_SECONDS = 600
"""Time that a worker may take to start while the one that it replaces still serves; uvicorn gives it five seconds."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of one `gateway serve`; times in seconds."""

    host: str
    port: int
    workers: int
    root_path: str
    forwarded_allow_ips: str | None
    graceful_timeout: int


def serve(app: ASGIApp, factory: str, options: ServeOptions) -> None:
    """Serve until told to stop: `app` in this process, or one app of `factory` in each of several workers.

    `factory` is the import string of a function without arguments; an app object cannot travel to another process.
    """
    share_interpreter()
    _check_address(options.host, options.port)
    several = options.workers > 1
    config = uvicorn.Config(
        factory if several else app,
        factory=several,
        host=options.host,
        port=options.port,
        workers=options.workers,
        loop="uvloop",
        http=HTTPProtocol,
        lifespan="on",
        log_config=log_config(),
        access_log=False,
        root_path=options.root_path,
        forwarded_allow_ips=options.forwarded_allow_ips,
        timeout_graceful_shutdown=options.graceful_timeout,
    )
    with contextlib.suppress(KeyboardInterrupt):
        if not several:
            uvicorn.Server(config).run()
            return
        supervisor = Supervisor(config)
        supervisor.run()
        # uvicorn exits with this code for a start that failed, but not where workers are several.
        if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
            sys.exit(STARTUP_FAILURE)


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


def _check_address(host: str, port: int) -> None:
    """Raise GatewayError where the address cannot be listened on: uvicorn would say so behind both apps' start."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            trial.bind(address)
    except OSError as error:
        ways = "stop what listens there, or give --host or --port another"
        raise GatewayError(f"{host}:{port} cannot be listened on: {error.strerror}; {ways}") from None


class Supervisor(Multiprocess):
    """uvicorn's parent of several workers, which goes on when one ends by itself, whatever its exit code.

    uvicorn takes exit code 3 for a start that failed and ends all workers, though a view may have called `os._exit(3)`.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config, sockets=[config.bind_socket()])
        self.should_exit = SignalFlag()
        self._was_up = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_end)

    def restart_all(self) -> None:
        """Replace each worker once the new one has started, however long its app takes to."""
        patience = self.config.timeout_worker_healthcheck
        self.config.timeout_worker_healthcheck = RESTART_SECONDS
        try:
            super().restart_all()
        finally:
            self.config.timeout_worker_healthcheck = patience

    def terminate_all(self) -> None:
        """End all workers; say first by which signal."""
        self.handle_signals()
        super().terminate_all()

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
            if self.should_exit.is_set() or process.is_alive(timeout=self.config.timeout_worker_healthcheck):
                continue
            process.kill()
            process.join()
            LOGGER.error(
                "worker %s has ended with exit code %s; another takes its place", process.pid, process.exitcode
            )
            self.processes[at] = Process(self.config, self.sockets)
            self.processes[at].start()


def log_config() -> dict[str, Any]:
    """Return uvicorn's logging with the gateway's logger beside it, on stderr; nobody waits for its reader."""
    config = copy.deepcopy(LOGGING_CONFIG)
    lines = f"{LineHandler.__module__}.LineHandler"
    config["handlers"] = {"default": {"class": lines, "formatter": "default", "stream": "ext://sys.stderr"}}
    # uvicorn would ask stdout, which may be closed.
    config["formatters"]["default"]["use_colors"] = sys.stderr is not None and sys.stderr.isatty()
    del config["loggers"]["uvicorn.access"]
    config["loggers"]["gateway"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config
