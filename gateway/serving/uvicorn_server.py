"""uvicorn as `gateway serve` runs it: httptools, uvloop and the gateway's own access log."""

from __future__ import annotations

import contextlib
import copy
import logging
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG, STARTUP_FAILURE

from .http_protocol import HTTPProtocol
from .interpreter import share_interpreter
from .line_writer import LineHandler
from .listening import check_address, inherited_socket, unix_socket
from .supervisor import Supervisor

LOGGER = logging.getLogger("gateway")
OPERATING = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU)
NO_EFFECT = "%s does nothing to one worker alone: the map is followed as it is, new code needs a restart"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of one `gateway serve`; times in seconds."""

    host: str
    port: int
    uds: Path | None
    fd: int | None
    workers: int
    root_path: str
    proxy_headers: bool
    forwarded_allow_ips: str | None
    limit_concurrency: int | None
    timeout_keep_alive: int
    graceful_timeout: int


def serve(app: ASGIApp, factory: str, options: ServeOptions) -> None:
    """Serve until told to stop: `app` in this process, or one app of `factory` in each of several workers.

    `factory` is the import string of a function without arguments; an app object cannot travel to another process.
    Raises GatewayError where it cannot listen.
    """
    share_interpreter()
    several = options.workers > 1
    sockets = None
    if options.uds is not None:
        sockets = [unix_socket(options.uds)]
    elif options.fd is not None:
        sockets = [inherited_socket(options.fd)]
    else:
        check_address(options.host, options.port)
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
        proxy_headers=options.proxy_headers,
        forwarded_allow_ips=options.forwarded_allow_ips,
        limit_concurrency=options.limit_concurrency,
        timeout_keep_alive=options.timeout_keep_alive,
        timeout_graceful_shutdown=options.graceful_timeout,
    )
    if sockets is not None:
        LOGGER.info("listening on %s", options.uds or f"file descriptor {options.fd}")
    with contextlib.suppress(KeyboardInterrupt):
        if not several:
            uvicorn.Server(config).run(sockets)
            return
        supervisor = Supervisor(config, sockets or [config.bind_socket()])
        supervisor.run()
        # uvicorn exits with this code for a start that failed, but not where workers are several.
        if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
            sys.exit(STARTUP_FAILURE)


def stay_on_signals() -> None:
    """Have the signals by which gunicorn is operated not end or stop one process alone; an app may set its own later.

    In a terminal they do what they do to any program: it may be closing.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        return

    def tell(number: int, _frame: object) -> None:
        # In a thread: this one may be holding a lock of the log.
        threading.Thread(target=LOGGER.warning, args=(NO_EFFECT, signal.Signals(number).name), daemon=True).start()

    for number in OPERATING:
        signal.signal(number, tell)


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
