"""`gateway serve`: both apps on one port."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ..parity.corpus.case_writing import recorded_case_text
from ..serving.gateway import Gateway, create_app
from ..serving.line_writer import LastLines
from ..serving.recorder import Recorder
from ..serving.uvicorn_server import ServeOptions, serve, share_interpreter

MAP_VARIABLE = "GATEWAY_MAP"
WATCH_VARIABLE = "GATEWAY_WATCH"
ACCESS_LOG_VARIABLE = "GATEWAY_ACCESS_LOG"
RECORD_VARIABLE = "GATEWAY_RECORD"
SAMPLE_VARIABLE = "GATEWAY_RECORD_SAMPLE"


@click.command(name="serve")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", default=8000, type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--workers", default=1, type=click.IntRange(1), help="Worker processes.")
@click.option("--watch/--no-watch", default=True, help="Follow changes of the map file.")
@click.option("--access-log/--no-access-log", default=True, help="One JSON line a request on stdout.")
@click.option("--root-path", default="", help="Prefix that a proxy in front has stripped.")
@click.option(
    "--forwarded-allow-ips", help="Proxies whose X-Forwarded headers are believed; uvicorn's default if absent."
)
@click.option(
    "--graceful-timeout", default=30, type=click.IntRange(0), help="Seconds that open requests get at the end."
)
@click.option(
    "--record", type=click.Path(file_okay=False, path_type=Path), help="Directory of cases that traffic is recorded as."
)
@click.option(
    "--record-sample", default=0.01, type=click.FloatRange(0, 1), help="Share of the requests that is recorded."
)
@click.pass_obj
def serve_command(
    path: Path, /, watch: bool, access_log: bool, record: Path | None, record_sample: float, **options: Any
) -> None:
    """Serve both apps on one port."""
    os.environ[MAP_VARIABLE] = str(path)
    os.environ[WATCH_VARIABLE] = "1" if watch else ""
    os.environ[ACCESS_LOG_VARIABLE] = "1" if access_log else ""
    os.environ[RECORD_VARIABLE] = str(record or "")
    os.environ[SAMPLE_VARIABLE] = str(record_sample)
    # Also with several workers: a bad map starts none.
    serve(app_of_environment(), f"{__name__}:app_of_environment", ServeOptions(**options))


def app_of_environment() -> Gateway:
    """Return the app of one process, as the environment says: an import string carries no arguments.

    Raises MapError and ImportAppError as `create_app` does.
    """
    share_interpreter()
    directory = os.environ[RECORD_VARIABLE]
    sample = float(os.environ[SAMPLE_VARIABLE])
    observers = [Recorder(Path(directory), sample, recorded_case_text)] if directory else []
    return create_app(
        os.environ[MAP_VARIABLE],
        watch=bool(os.environ[WATCH_VARIABLE]),
        access_log=bool(os.environ[ACCESS_LOG_VARIABLE]),
        observers=observers,
        services=(LastLines(),),
    )
