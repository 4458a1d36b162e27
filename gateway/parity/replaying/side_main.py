"""The process of one side, `python -m` this module and a file descriptor: starts one app, answers cases, ends with
its parent.

Nothing of the app is imported before its clock, its containment and the probes are in place.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from inspect import iscoroutinefunction
from multiprocessing.connection import Connection
from threading import Thread
from time import sleep

from ...apps.loading import import_app
from ...errors import GatewayError
from .asgi_serving import serve_asgi
from .case_runner import CaseRunner
from .client import format_error
from .databases import addresses_of
from .messages import Failed, SideStart
from .network import leave_network
from .wsgi_serving import serve_wsgi

WATCH_SECONDS = 0.5
"""Time between two looks for the parent."""
SHUTDOWN_SECONDS = 2.0
"""Time that the app has for its shutdown once the parent is gone."""


def main() -> None:
    """Live the whole life of the process; its argument is the file descriptor of its end of the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's Ctrl-C; it closes the connection
    parent = os.getppid()
    connection = Connection(int(sys.argv[1]))
    start: SideStart = connection.recv()
    if all(isinstance(address, str) for address in addresses_of(start.database)):
        leave_network()
    Thread(target=_end_with, args=(parent,), name="parent", daemon=True).start()
    if start.cpu is not None:
        with suppress(OSError):  # it may be forbidden
            os.sched_setaffinity(0, {start.cpu})
    runner = CaseRunner(start)
    try:
        app = import_app(start.app, start.role.app, dict(start.arguments))
        # It is called with (scope, receive, send), not with (environ, start_response).
        if iscoroutinefunction(app) or iscoroutinefunction(getattr(app, "__call__", None)):  # noqa: B004
            beside = import_app(start.beside, "legacy", dict(start.arguments)) if start.beside else None
            asyncio.run(serve_asgi(app, runner, connection, beside))
        else:
            serve_wsgi(app, runner, connection)
    except Exception as error:  # noqa: BLE001 - the app's own: the parent reports it
        text = str(error) if isinstance(error, GatewayError) else format_error(error)
        connection.send(Failed(text, runner.containment.take()))
    connection.close()
    sys.stdout.flush()
    os._exit(0)  # threads of the app wait for nobody


def _end_with(parent: int) -> None:
    """End the process after its parent, even if the app blocks or does not shut down."""
    while os.getppid() == parent:
        sleep(WATCH_SECONDS)
    sleep(SHUTDOWN_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
