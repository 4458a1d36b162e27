"""Builds the FastAPI app from its settings; all that it holds is on the app or in its lifespan's state."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy.orm import sessionmaker
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles

from new_fastapi.admin import mount_admin
from new_fastapi.database import open_engine
from new_fastapi.limits import storage_options
from new_fastapi.middleware import NoSniff, ProcessTime
from new_fastapi.resources import STATIC
from new_fastapi.routers import (
    dashboard,
    employees,
    events,
    hello,
    home,
    live,
    products,
    report,
    todos,
    tokens,
    transit,
    uploads,
    users,
    whoami,
)
from new_fastapi.seed import prepare
from new_fastapi.settings import MAX_BODY, Settings

SYSTEMS = (
    hello,
    home,
    todos,
    users,
    employees,
    dashboard,
    products,
    transit,
    uploads,
    tokens,
    whoami,
    events,
    report,
    live,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    settings: Settings = app.state.settings
    engine = open_engine(settings.database_url, pool_size=settings.pool_size)
    try:
        await run_in_threadpool(prepare, engine)
        app.state.admin_sessions.configure(bind=engine)
        storage = storage_from_string(settings.limit_storage, **storage_options(settings.limit_storage, engine.begin))
        yield {
            "engine": engine,
            "free_connections": asyncio.Semaphore(settings.pool_size),
            "limiter": FixedWindowRateLimiter(storage),
        }
    finally:
        engine.dispose()


def build(settings: Settings) -> FastAPI:
    app = FastAPI(
        title="Depot",
        description="The back office of a small bus operator.",
        lifespan=lifespan,
        max_body_size=MAX_BODY,
    )
    app.state.settings = settings
    for system in SYSTEMS:
        app.include_router(system.router)
    app.state.admin_sessions = sessionmaker()
    mount_admin(app, settings, app.state.admin_sessions)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
    )
    app.add_middleware(NoSniff)
    app.add_middleware(ProcessTime)
    return app
