"""How often a client may try a password: Flask-Limiter, its counts where the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, jsonify
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address
from sqlalchemy import Connection

from legacy_flask.database import db
from new_fastapi.limits import retry_after, storage_options
from new_fastapi.settings import Settings

# The views that take a password, with the scopes that they count under.
SCOPES = {"login.login": "login", "tokens.issue_token": "token"}


def init_app(app: Flask, settings: Settings) -> None:
    limiter = Limiter(
        get_remote_address,
        storage_uri=settings.limit_storage,
        storage_options=storage_options(settings.limit_storage, begin),
        on_breach=refuse,
    )
    limiter.init_app(app)
    for endpoint, scope in SCOPES.items():
        limit = limiter.shared_limit(f"{settings.login_limit}/minute", scope)
        app.view_functions[endpoint] = limit(app.view_functions[endpoint])


@contextmanager
def begin() -> Iterator[Connection]:
    """The request's own connection, which it may hold already: two a request could use up the pool."""
    yield db().connection()
    db().commit()


def refuse(limit: RequestLimit) -> Response:
    response = jsonify(error="too many attempts")
    response.status_code = 429
    response.headers.update(retry_after(limit.window))
    return response
