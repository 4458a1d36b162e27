"""`gateway serve`: both apps on one port."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from ..serving.gateway import Gateway, create_app
from ..serving.http_protocol import HeadLimits, HTTPProtocol
from ..serving.interpreter import SettledHeap, share_interpreter
from ..serving.line_writer import LastLines, LineStream
from ..serving.uvicorn_server import ServeOptions, serve

SETTINGS_VARIABLE = "GATEWAY_SERVE"
"""Holds the settings of each worker process as JSON: an import string carries no arguments."""


def root_path(_context: click.Context, _option: click.Parameter, text: str) -> str:
    """Return the prefix without a slash at its end. Raises click.BadParameter for what no path begins with."""
    prefix = text.rstrip("/")
    if not prefix.isascii() or (prefix and not prefix.startswith("/")):
        raise click.BadParameter(f'"{text}" is no prefix of a path; write it like "/shop", percent-encoded')
    return prefix


@click.command(name="serve")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", default=8000, type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--workers", default=1, type=click.IntRange(1), help="Worker processes.")
@click.option("--watch/--no-watch", default=True, help="Follow changes of the map file.")
@click.option("--access-log/--no-access-log", default=True, help="One JSON line a request on stdout.")
@click.option("--root-path", default="", callback=root_path, help="Prefix that a proxy in front has stripped.")
@click.option(
    "--forwarded-allow-ips", help="Proxies whose X-Forwarded headers are believed; uvicorn's default if absent."
)
@click.option(
    "--graceful-timeout", default=30, type=click.IntRange(0), help="Seconds that open requests get at the end."
)
@click.option(
    "--limit-request-field-size",
    "field_bytes",
    default=HeadLimits().field_bytes,
    type=click.IntRange(1),
    help="Bytes of one header field, and of the target; beyond, the answer is 431 or 414.",
)
@click.option(
    "--limit-request-fields",
    "fields",
    default=HeadLimits().fields,
    type=click.IntRange(1),
    help="Header fields of a request; beyond, the answer is 431.",
)
@click.option(
    "--record", type=click.Path(file_okay=False, path_type=Path), help="Directory of cases that traffic is recorded as."
)
@click.option(
    "--record-sample", default=0.01, type=click.FloatRange(0, 1), help="Share of the requests that is recorded."
)
@click.pass_obj
def serve_command(path: Path, /, **options: Any) -> None:
    """Serve both apps on one port."""
    of_server = {field.name: options.pop(field.name) for field in dataclasses.fields(ServeOptions)}
    are_several = of_server["workers"] > 1  # one process ends by its signal, and would leave the directory behind
    with tempfile.TemporaryDirectory(prefix="gateway-serve-") if are_several else nullcontext() as directory:
        settings = {"path": path, "last_good": directory and Path(directory, "map.toml"), **options}
        os.environ[SETTINGS_VARIABLE] = json.dumps(settings, default=str)
        # Also with several workers: a bad map starts none.
        serve(app_of_environment(), f"{__name__}:app_of_environment", ServeOptions(**of_server))


def app_of_environment() -> Gateway:
    """Return the app of one process, as the environment says. Raises MapError and ImportAppError."""
    settings = json.loads(os.environ[SETTINGS_VARIABLE])
    share_interpreter()
    HTTPProtocol.limits = HeadLimits(settings["field_bytes"], settings["fields"])
    observers = []
    if settings["record"] is not None:
        # Only who records pays for what reads and writes cases.
        from ..parity.corpus.case_writing import recorded_case_text
        from ..serving.recorder import Recorder

        observers.append(Recorder(Path(settings["record"]), settings["record_sample"], recorded_case_text))
    wanted = {name: settings[name] for name in ("watch", "access_log")}
    services = (SettledHeap(), LastLines())
    errors = LineStream(sys.stderr)  # one that nobody reads must not hold up views that report errors
    last_good = None if settings["last_good"] is None else Path(settings["last_good"])
    return create_app(
        settings["path"], **wanted, observers=observers, services=services, errors=errors, last_good=last_good
    )
