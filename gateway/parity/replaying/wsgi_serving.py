"""A WSGI app in a side's process: the bridge's environ and answer, in one thread and without an event loop.

The thread does everything for a case, the app's calls too; a hand-over for each request would cost as much as a small
view. The main thread only watches: what the app does not end, it answers in the thread's place.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from io import BytesIO
from multiprocessing.connection import Connection
from threading import Event, Lock, Thread
from time import perf_counter
from typing import Any
from wsgiref.types import WSGIApplication

from starlette.types import Message

from ...bridge import AMBIGUOUS, plain_response
from ...bridge.environ import build_environ, is_ambiguous
from ...bridge.response import WSGIResponse, run_app
from ...bridge.streaming_body import ClientGoneError
from ...bridge.wsgi_call import FAILED_FOR_NOBODY, FAILED_LATE, LOGGER
from ...http.message import Request
from .case_runner import Answering
from .client import GRACE_S, Called, Wire, scope_of, text_of
from .messages import Answer, Ask

LOOK_S = 0.05
"""Seconds between two looks at a call under way."""


def serve_wsgi(app: WSGIApplication, answering: Answering, connection: Connection) -> None:
    """Answer cases until the parent closes the connection."""
    connection.send(answering.ready())
    serving = Serving(app, answering, connection)
    Thread(target=serving.work, name="wsgi", daemon=True).start()
    serving.watch()


class SyncWire(Wire):
    """As the bridge's outbox, for an answer that nobody waits for; its client leaves after `limit` seconds."""

    def __init__(self, request: Request, limit: float) -> None:
        super().__init__(request)
        self._until = self.began + limit

    @property
    def is_abandoned(self) -> bool:
        if perf_counter() > self._until:
            self.leave()
        return self.was_left

    @property
    def is_overdue(self) -> bool:
        """Whether the app goes on although its client has long left."""
        return self.is_abandoned and perf_counter() > self._until + GRACE_S

    def hold(self, message: Message) -> None:
        if not self.is_abandoned:
            self.take(message)

    def put(self, message: Message) -> None:
        if not self.is_abandoned:
            self.take(message)
        if self.is_abandoned and not self.is_whole:
            raise ClientGoneError("the client left before the end of the answer")


def call(app: WSGIApplication, wire: SyncWire) -> None:
    """Ask, read the answer to its end or the wire's limit. Exceptions of the app are its answer's, or logged."""
    scope = scope_of(wire.request, {})
    if is_ambiguous(scope):
        for message in plain_response(400, AMBIGUOUS):
            wire.take(message)
        return
    try:
        environ = build_environ(scope, BytesIO(wire.request.body))
        copy_context().run(run_app, app, environ, WSGIResponse(wire, wire.request.method))
    except ClientGoneError:
        return
    except Exception as error:  # noqa: BLE001 - the app's own: it is what is observed
        if wire.is_whole or wire.was_left:
            LOGGER.exception(FAILED_LATE if wire.is_whole else FAILED_FOR_NOBODY)
        else:
            wire.error = text_of(error)


def call_wsgi(app: WSGIApplication, request: Request, limit: float) -> Called:
    """The same with nobody to watch it; an app that hangs hangs its side."""
    wire = SyncWire(request, limit)
    call(app, wire)
    return wire.called(is_over=True)


class Asking:
    """A request on its way from `Answering` to the app: awaited there, given to whoever runs the coroutine."""

    def __init__(self, request: Request, by_legacy: bool) -> None:  # noqa: ARG002 - the app is legacy
        self._request = request

    def __await__(self) -> Generator[Request, Called, Called]:
        return (yield self._request)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A call, and what goes on with it once it is over."""

    wire: SyncWire
    case: Coroutine[Request, Any, Answer]


class Serving:
    """One thread's work, and the watch over it. Whoever takes a call that is under way goes on with its case."""

    def __init__(self, app: WSGIApplication, answering: Answering, connection: Connection) -> None:
        self._app = app
        self._answering = answering
        self._connection = connection
        self._lock = Lock()
        self._under_way: UnderWay | None = None
        self._is_over = Event()

    def work(self) -> None:
        try:
            with suppress(BrokenPipeError):  # the parent has hung up on what it had asked ahead
                while (asked := self._asked()) is not None:
                    self._answer(asked)
        finally:
            self._is_over.set()

    def watch(self) -> None:
        """Until the parent hangs up. An answer that is given here is this process's last."""
        while not self._is_over.wait(LOOK_S):
            under_way = self._under_way
            if under_way is not None and under_way.wire.is_overdue and self._take(under_way):
                with suppress(BrokenPipeError):
                    self._go_on(under_way.case, under_way.wire.called(is_over=False))
                return

    def _asked(self) -> Ask | None:
        """The next case; None once the parent has hung up."""
        try:
            asked: Ask = self._connection.recv()
        except (EOFError, OSError):
            return None
        return asked

    def _answer(self, asked: Ask) -> None:
        case = self._answering.answer(asked, Asking)
        request = self._go_on(case, None)
        while request is not None:
            under_way = self._under_way = UnderWay(SyncWire(request, self._answering.limit), case)
            call(self._app, under_way.wire)
            if not self._take(under_way):
                return
            request = self._go_on(case, under_way.wire.called(is_over=True))

    def _take(self, under_way: UnderWay) -> bool:
        """Whether nobody else has."""
        with self._lock:
            is_there = self._under_way is under_way
            if is_there:
                self._under_way = None
            return is_there

    def _go_on(self, case: Coroutine[Request, Any, Answer], called: Called | None) -> Request | None:
        """To the case's next request; its answer is sent when there is none."""
        try:
            return case.send(called)
        except StopIteration as end:
            self._connection.send(end.value)
            return None
