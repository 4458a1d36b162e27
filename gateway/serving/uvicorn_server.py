"""`gateway serve`: uvicorn around a map file, with httptools, uvloop and the gateway's own access log."""

from __future__ import annotations

import contextlib
import copy
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG, STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from .gateway import create_app
from .http_protocol import HTTPProtocol
from .recorder import recorded

MAP_VARIABLE = "GATEWAY_MAP"
WATCH_VARIABLE = "GATEWAY_WATCH"
RECORD_VARIABLE = "GATEWAY_RECORD"
SHARE_VARIABLE = "GATEWAY_RECORD_SHARE"
SWITCH_INTERVAL_S = 0.0005
"""A tenth of Python's own: with it FastAPI answers in milliseconds beside views that burn CPU (docs/bridge.md)."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `gateway serve` was asked for; times in seconds."""

    host: str
    port: int
    workers: int
    watch: bool
    access_log: bool
    root_path: str
    forwarded_allow_ips: str | None
    graceful_timeout: int
    record: Path | None = None
    """Directory of cases that a sample of the traffic becomes."""
    record_share: float = 0.01


def serve(path: Path, options: ServeOptions) -> None:
    """Serve until told to stop. Each worker loads the map and follows it by itself; a bad map starts none.

    Raises MapError and ImportAppError as `create_app` does.
    """
    share_interpreter()
    app = recorded(create_app(path, watch=options.watch), options.record, options.record_share)
    os.environ[MAP_VARIABLE] = str(path)
    os.environ[WATCH_VARIABLE] = "1" if options.watch else ""
    os.environ[RECORD_VARIABLE] = str(options.record or "")
    os.environ[SHARE_VARIABLE] = str(options.record_share)
    several = options.workers > 1
    config = uvicorn.Config(
        f"{__name__}:app_of_environment" if several else app,
        factory=several,
        host=options.host,
        port=options.port,
        workers=options.workers,
        loop="uvloop",
        http=HTTPProtocol,
        lifespan="on",
        log_config=log_config(access_log=options.access_log),
        access_log=False,
        root_path=options.root_path,
        forwarded_allow_ips=options.forwarded_allow_ips,
        timeout_graceful_shutdown=options.graceful_timeout,
    )
    with contextlib.suppress(KeyboardInterrupt):
        _run(config)


def _run(config: uvicorn.Config) -> None:
    """As `uvicorn.run`, which ends with exit code 0 even when its workers could not start."""
    if config.workers == 1:
        uvicorn.Server(config).run()
        return
    supervisor = Multiprocess(config, sockets=[config.bind_socket()])
    supervisor.run()
    if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
        sys.exit(STARTUP_FAILURE)


def share_interpreter() -> None:
    """Let the event loop have the interpreter back soon from a Flask view that computes."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def app_of_environment() -> ASGIApp:
    """The app of one worker process: an import string carries no arguments, so they come by environment."""
    share_interpreter()
    app = create_app(os.environ[MAP_VARIABLE], watch=bool(os.environ[WATCH_VARIABLE]))
    directory = os.environ.get(RECORD_VARIABLE)
    return recorded(app, Path(directory) if directory else None, float(os.environ.get(SHARE_VARIABLE, "0")))


def log_config(*, access_log: bool) -> dict[str, Any]:
    """uvicorn's logging with the gateway's loggers beside it: messages on stderr, access lines bare on stdout."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["formatters"]["bare"] = {"format": "%(message)s"}
    config["handlers"]["bare"] = {
        "class": "logging.StreamHandler",
        "formatter": "bare",
        "stream": "ext://sys.stdout",
    }
    config["loggers"]["gateway"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    config["loggers"]["gateway.access"] = {
        "handlers": ["bare"],
        "level": "INFO" if access_log else "WARNING",
        "propagate": False,
    }
    return config
