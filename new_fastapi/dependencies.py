"""What the routers ask for: the settings, a database session, a row or its 404, a limit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from anyio import CancelScope
from fastapi import Depends, HTTPException, Path, Request
from limits import parse
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy.orm import Session
from sqlalchemy.orm.interfaces import ORMOption
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from new_fastapi.limits import retry_after
from new_fastapi.models import MAX_ID, Model
from new_fastapi.settings import Settings

M = TypeVar("M", bound=Model)

RowId = Annotated[int, Path(le=MAX_ID)]


async def _settings(connection: HTTPConnection) -> Settings:
    settings: Settings = connection.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(_settings)]


@asynccontextmanager
async def open_session(connection: HTTPConnection) -> AsyncIterator[Session]:
    """A session that is sure of a connection.

    The wait for a free one is here and not in the pool: a wait there holds a worker thread, and with every
    thread waiting, the requests that hold the connections find none to finish on.
    """
    async with connection.state.free_connections:
        session = Session(connection.state.engine)
        try:
            yield session
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(session.close)


async def _session(connection: HTTPConnection) -> AsyncIterator[Session]:
    async with open_session(connection) as session:
        yield session


# Closed when the endpoint returns: a slow reader of the response holds no connection.
SessionDep = Annotated[Session, Depends(_session, scope="function")]


def find(session: Session, model: type[M], row_id: int, *options: ORMOption) -> M:
    row = session.get(model, row_id, options=options)
    if row is None:
        raise HTTPException(404, f"{model.__name__.lower()} {row_id} not found")
    return row


@dataclass(frozen=True)
class AttemptLimit:
    """As many attempts a minute as the settings allow, counted by client address; one more is a 429."""

    scope: str
    """The route's, equal on both sides: it is a part of the key of the count."""

    async def __call__(self, request: Request, settings: SettingsDep) -> None:
        # The count may be in our own database, so it takes its turn for a connection (see open_session).
        async with request.state.free_connections:
            await run_in_threadpool(self._count, request.state.limiter, settings, _address(request))

    def _count(self, limiter: FixedWindowRateLimiter, settings: Settings, address: str) -> None:
        limit = parse(f"{settings.login_limit}/minute")
        if not limiter.hit(limit, address, self.scope):
            window = limiter.get_window_stats(limit, address, self.scope)
            raise HTTPException(429, "too many attempts", retry_after(window))


def _address(request: Request) -> str:
    """As Flask-Limiter's get_remote_address tells it."""
    return (request.client and request.client.host) or "127.0.0.1"
