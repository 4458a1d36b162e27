"""Depot's back office, the side that came first: one blueprint a system, nothing kept in module globals."""

import os
from pathlib import Path

from flask import Flask, Response
from flask_cors import CORS

from legacy_flask import (
    admin,
    api,
    dashboard,
    database,
    employees,
    events,
    feedback,
    hello,
    home,
    limits,
    login,
    products,
    report,
    todos,
    tokens,
    transit,
    uploads,
    users,
    whoami,
)
from legacy_flask.timing import ProcessTime
from new_fastapi.resources import STATIC
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
    login,
    tokens,
    whoami,
    feedback,
    events,
    report,
)


def create_app(
    *, database_url: str | None = None, secret_key: str | None = None, upload_dir: str | Path | None = None
) -> Flask:
    """A new app; what is not given comes from the environment (DEPOT_DATABASE_URL, DEPOT_SECRET_KEY, ...)."""
    settings = Settings.parse(os.environ, database_url=database_url, secret_key=secret_key, upload_dir=upload_dir)
    # The style sheet moved first, with the models.
    app = Flask(__name__, static_folder=STATIC, static_url_path="/static")
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=MAX_BODY,
        UPLOAD_DIR=settings.upload_dir,
    )
    database.init_app(app, settings)
    api.init_app(app)
    for system in SYSTEMS:
        app.register_blueprint(system.blueprint)
    limits.init_app(app, settings)
    admin.init_app(app)
    app.after_request(_forbid_sniffing)
    CORS(app, origins=list(settings.cors_origins), supports_credentials=True, always_send=False)
    app.wsgi_app = ProcessTime(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way to wrap it
    return app


def _forbid_sniffing(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
