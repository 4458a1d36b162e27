"""A WSGI app in a side's process: the bridge's environ and answer, in one thread and without an event loop.

The thread does everything for a case, the app's calls too; a hand-over for each request would cost as much as a small
view. The main thread only watches: what the app does not end, it answers in the thread's place.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Iterator
from contextlib import suppress
from contextvars import copy_context
from io import BytesIO
from multiprocessing.connection import Connection
from threading import Event, Lock, Thread
from threading import enumerate as enumerate_threads
from time import perf_counter
from types import coroutine
from typing import Any
from wsgiref.types import WSGIApplication

from starlette.types import Message

from ...bridge import AMBIGUOUS, plain_response
from ...bridge.environ import build_environ, is_ambiguous
from ...bridge.response import WSGIResponse, run_app
from ...bridge.streaming_body import ClientGoneError
from ...bridge.wsgi_call import FAILED_FOR_NOBODY, FAILED_LATE, LOGGER
from ...http.message import Request
from .case_runner import CaseRunner
from .client import GRACE_SECONDS, ClientEnd, format_error, scope_of, wait_for_threads
from .messages import Ask, CaseAnswer

WATCH_SECONDS = 0.05
"""Time between two looks at a call under way."""


def serve_wsgi(app: WSGIApplication, runner: CaseRunner, connection: Connection) -> None:
    """Answer cases until the parent closes the connection."""
    connection.send(runner.ready())
    loop = CaseLoop(app, runner, connection)
    Thread(target=loop.work, name="wsgi", daemon=True).start()
    loop.watch()


class SyncClientEnd(ClientEnd):
    """The client's end as the bridge's message sink; the client leaves after so many seconds."""

    def __init__(self, request: Request, limit_seconds: float) -> None:
        super().__init__(request)
        self._until = self.began + limit_seconds

    @property
    def is_abandoned(self) -> bool:
        """Whether the client has left."""
        if perf_counter() > self._until:
            self.leave()
        return self.was_left

    @property
    def is_overdue(self) -> bool:
        """Whether the app goes on although its client has long left."""
        return self.is_abandoned and perf_counter() > self._until + GRACE_SECONDS

    def hold(self, message: Message) -> None:
        """Take a message."""
        if not self.is_abandoned:
            self.take(message)

    def put(self, message: Message) -> None:
        """Take a message. Raises ClientGoneError where the client has left before the end of the answer."""
        self.hold(message)
        if self.is_abandoned and not self.is_whole:
            raise ClientGoneError("the client left before the end of the answer")


def call(app: WSGIApplication, client: SyncClientEnd) -> None:
    """Ask, read the answer to its end or the client's limit. What the app raises is the client's error, or logged."""
    scope = scope_of(client.request, {})
    if is_ambiguous(scope):
        for message in plain_response(400, AMBIGUOUS):
            client.take(message)
        return
    threads = {*enumerate_threads()}
    try:
        environ = build_environ(scope, BytesIO(client.request.body))
        copy_context().run(run_app, app, environ, WSGIResponse(client, client.request.method))
    except ClientGoneError:
        return
    except Exception as error:  # noqa: BLE001 - the app's own: it is what is observed
        if client.is_whole or client.was_left:
            LOGGER.exception(FAILED_LATE if client.is_whole else FAILED_FOR_NOBODY)
        else:
            client.error = format_error(error)
    finally:
        wait_for_threads(threads)


def call_wsgi(app: WSGIApplication, request: Request, limit_seconds: float) -> ClientEnd:
    """Call the app with nobody to watch it; an app that hangs hangs its side."""
    client = SyncClientEnd(request, limit_seconds)
    call(app, client)
    return client


@coroutine
def ask(request: Request, by_legacy: bool) -> Generator[Request, ClientEnd, ClientEnd]:  # noqa: ARG001 - it is legacy
    """Give the request to whoever runs the coroutine of `CaseRunner.answer`; return the client that it sends back."""
    return (yield request)


RunningCall = tuple[SyncClientEnd, Coroutine[Request, Any, CaseAnswer]]
"""(a call under way, the case that goes on with it once it is over)."""


class CaseLoop:
    """One thread's work, and the watch over it. Whoever takes a call that is under way goes on with its case."""

    def __init__(self, app: WSGIApplication, runner: CaseRunner, connection: Connection) -> None:
        self._app = app
        self._runner = runner
        self._connection = connection
        self._lock = Lock()
        self._running: RunningCall | None = None
        self._is_over = Event()

    def work(self) -> None:
        """Answer cases until the parent hangs up."""
        try:
            with suppress(BrokenPipeError):  # the parent has hung up on what it had asked ahead
                for asked in self._asks():
                    case = self._runner.answer(asked, ask)
                    request = self._go_on(case, None)
                    while request is not None:
                        client = SyncClientEnd(request, self._runner.limit_seconds)
                        running = self._running = (client, case)
                        call(self._app, client)
                        request = self._go_on(case, client) if self._take(running) else None
        finally:
            self._is_over.set()

    def watch(self) -> None:
        """Look at the call under way until the parent hangs up. An answer that is given here is the process's last."""
        while not self._is_over.wait(WATCH_SECONDS):
            running = self._running
            if running is not None and running[0].is_overdue and self._take(running):
                client, case = running
                client.is_over = False
                with suppress(BrokenPipeError):
                    self._go_on(case, client)
                return

    def _asks(self) -> Iterator[Ask]:
        """Yield each case that the parent asks, until it hangs up."""
        with suppress(EOFError, OSError):
            while True:
                yield self._connection.recv()

    def _take(self, running: RunningCall) -> bool:
        """Tell whether nobody else has taken the call, and take it."""
        with self._lock:
            is_there = self._running is running
            if is_there:
                self._running = None
            return is_there

    def _go_on(self, case: Coroutine[Request, Any, CaseAnswer], client: ClientEnd | None) -> Request | None:
        """Return the case's next request; send its answer when there is none."""
        try:
            return case.send(client)
        except StopIteration as end:
            self._connection.send(end.value)
            return None
