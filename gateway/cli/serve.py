"""`gateway serve`: both apps on one port."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import logging
import os
import re
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
from uvicorn.config import STARTUP_FAILURE

from ..errors import GatewayError
from ..serving.gateway import Gateway, create_app
from ..serving.http_protocol import HeadLimits, HTTPProtocol
from ..serving.interpreter import SettledHeap, share_interpreter
from ..serving.line_writer import LastLines, LineStream
from ..serving.supervisor import end_with_parent
from ..serving.uvicorn_server import ServeOptions, serve, stay_on_signals
from .output_path import OutputDirectory

LOGGER = logging.getLogger("gateway")
SETTINGS_VARIABLE = "GATEWAY_SERVE"
"""Holds the settings of each worker process as JSON: an import string carries no arguments."""

INSTEAD = {
    "--ssl": "TLS ends at the proxy in front; to end it here, run `uvicorn --ssl-keyfile ... asgi:app` (README.md)",
    "--reload": "the map is followed as it is; for code, run `uvicorn --reload asgi:app` (README.md)",
    "--bind": "write --host and --port, --uds or --fd",
    "-b": "write --host and --port, --uds or --fd",
    "-w": "write --workers",
    "-k": "one kind of worker serves both apps; leave it out",
    "--worker": "one kind of worker serves both apps; leave it out",
    "--threads": "the map says how many views run at once: `workers` under [bridge]",
    "--keep": "write --timeout-keep-alive",
    "--timeout": "write --graceful-timeout for the end of the process; for a full queue the map has `wait_seconds`",
}
"""What to do in the place of an option that other servers have, by its first word."""


class ServeCommand(click.Command):
    """A command that knows the options of the servers whose place it takes."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Parse as click does. Raises click.UsageError with what to do instead of an option that others have."""
        try:
            return super().parse_args(context, arguments)
        except click.NoSuchOption as error:
            word = re.match("--?[a-z]+", error.option_name)
            advice = INSTEAD.get(word[0] if word else "")
            if advice is None:
                raise
            raise click.UsageError(f"No such option: {error.option_name}; {advice}", context) from None


def root_path(_context: click.Context, _option: click.Parameter, text: str) -> str:
    """Return the prefix without a slash at its end. Raises click.BadParameter for what no path begins with."""
    prefix = text.rstrip("/")
    if not prefix.isascii() or (prefix and not prefix.startswith("/")):
        raise click.BadParameter(f'"{text}" is no prefix of a path; write it like "/shop", percent-encoded')
    return prefix


def proxies(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Return the addresses as they are. Raises click.BadParameter for one that no client has."""
    words = [word.strip() for word in (text or "").split(",")]
    for word in words:
        try:
            if word and words != ["*"]:
                ipaddress.ip_network(word)
        except ValueError:
            ways = 'write addresses and networks with commas between, or "*" alone'
            raise click.BadParameter(f'"{word}" is no address of a proxy; {ways}') from None
    return text


@click.command(name="serve", cls=ServeCommand)
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    envvar="PORT",
    show_envvar=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--uds", type=click.Path(path_type=Path), help="Unix socket to listen on, in the place of a port.")
@click.option("--fd", type=click.IntRange(0), help="Number of an open socket to listen on, in the place of a port.")
@click.option(
    "--workers", default=1, envvar="WEB_CONCURRENCY", show_envvar=True, type=click.IntRange(1), help="Worker processes."
)
@click.option("--watch/--no-watch", default=True, help="Follow changes of the map file.")
@click.option("--access-log/--no-access-log", default=True, help="One JSON line a request on stdout.")
@click.option("--root-path", default="", callback=root_path, help="Prefix that a proxy in front has stripped.")
@click.option("--proxy-headers/--no-proxy-headers", default=True, help="Heed X-Forwarded headers at all.")
@click.option(
    "--forwarded-allow-ips",
    envvar="FORWARDED_ALLOW_IPS",
    show_envvar=True,
    callback=proxies,
    help="Proxies whose X-Forwarded headers are believed; this machine if absent.",
)
@click.option("--limit-concurrency", type=click.IntRange(1), help="Connections of a worker; one more is answered 503.")
@click.option(
    "--timeout-keep-alive", default=5, type=click.IntRange(0), help="Seconds that an idle connection stays open."
)
@click.option(
    "--graceful-timeout",
    "--timeout-graceful-shutdown",
    "graceful_timeout",
    default=30,
    type=click.IntRange(0),
    help="Seconds that open requests get at the end.",
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
@click.option("--record", type=OutputDirectory(), help="Directory of cases that traffic is recorded as.")
@click.option(
    "--record-sample", default=0.01, type=click.FloatRange(0, 1), help="Share of the requests that is recorded."
)
@click.pass_obj
def serve_command(path: Path, /, **options: Any) -> None:
    """Serve both apps on one port."""
    if options["uds"] is not None and options["fd"] is not None:
        raise click.UsageError("--uds and --fd are two places to listen; give one")
    of_server = {field.name: options.pop(field.name) for field in dataclasses.fields(ServeOptions)}
    are_several = of_server["workers"] > 1  # one process ends by its signal, and would leave the directory behind
    if not are_several:
        stay_on_signals()
    with tempfile.TemporaryDirectory(prefix="gateway-serve-") if are_several else nullcontext() as directory:
        settings = {"path": path, "last_good": directory and Path(directory, "map.toml"), **options}
        os.environ[SETTINGS_VARIABLE] = json.dumps(settings, default=str)
        # Also with several workers: a bad map starts none.
        serve(app_of_environment(), f"{__name__}:app_of_worker", ServeOptions(**of_server))


def app_of_worker() -> Gateway:
    """Return the app of one of several processes; end this one with a line for each fault where there is none."""
    end_with_parent()
    try:
        return app_of_environment()
    except GatewayError as error:
        for line in str(error).splitlines():
            LOGGER.error(line)
        sys.exit(STARTUP_FAILURE)


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
