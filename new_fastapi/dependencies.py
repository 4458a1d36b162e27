"""What the routers ask for: a database session, a row or its 404."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

from anyio import CancelScope
from fastapi import Depends, HTTPException, Path
from sqlalchemy.orm import Session
from sqlalchemy.orm.interfaces import ORMOption
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from new_fastapi.models import MAX_ID, Model

M = TypeVar("M", bound=Model)

RowId = Annotated[int, Path(le=MAX_ID)]


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
