"""uvicorn as `gateway serve` runs it: httptools, uvloop and the gateway's own access log."""

from __future__ import annotations

import contextlib
import copy
import sys
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG, STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from .http_protocol import HTTPProtocol
from .line_writer import LineHandler

SWITCH_INTERVAL_SECONDS = 0.0005
"""A tenth of Python's own: with it FastAPI answers in milliseconds beside views that burn CPU (docs/bridge.md)."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `gateway serve` was asked for; times in seconds."""

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
        supervisor = Multiprocess(config, sockets=[config.bind_socket()])
        supervisor.run()
        # uvicorn exits with this code for a start that failed, but not where workers are several.
        if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
            sys.exit(STARTUP_FAILURE)


def share_interpreter() -> None:
    """Let the event loop have the interpreter back soon from a Flask view that computes."""
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)


def log_config() -> dict[str, Any]:
    """Return uvicorn's logging with the gateway's logger beside it, on stderr; nobody waits for its reader."""
    config = copy.deepcopy(LOGGING_CONFIG)
    lines = f"{LineHandler.__module__}.LineHandler"
    config["handlers"] = {"default": {"class": lines, "formatter": "default", "stream": "ext://sys.stderr"}}
    del config["loggers"]["uvicorn.access"]
    config["loggers"]["gateway"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config
