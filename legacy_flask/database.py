"""One session a request: opened when a view first asks for it, closed with the app context."""

from typing import TypeVar, cast

from flask import Flask, current_app, g
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from legacy_flask.api import ApiError
from new_fastapi.database import open_engine
from new_fastapi.models import MAX_ID, Model
from new_fastapi.seed import prepare
from new_fastapi.settings import Settings

M = TypeVar("M", bound=Model)


def init_app(app: Flask, settings: Settings) -> None:
    engine = open_engine(settings.database_url, pool_size=settings.pool_size)
    prepare(engine)
    app.extensions["engine"] = engine
    app.teardown_appcontext(close_session)


def db() -> Session:
    if "db" not in g:
        engine: Engine = current_app.extensions["engine"]
        g.db = Session(engine)
    return cast("Session", g.db)


def close_session(_error: BaseException | None) -> None:
    session: Session | None = g.pop("db", None)
    if session is not None:
        session.close()


def get_or_404(model: type[M], row_id: int) -> M:
    row = db().get(model, row_id) if row_id <= MAX_ID else None
    if row is None:
        raise ApiError(404, f"{model.__name__.lower()} {row_id} not found")
    return row
