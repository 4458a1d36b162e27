"""Signing in with a session cookie; `g.user` is there for every view of the app."""

from typing import cast

from flask import Blueprint, g, jsonify, session
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.security import check_password_hash

from legacy_flask.api import ApiError, json_body
from legacy_flask.database import db
from legacy_flask.users import user_json
from new_fastapi.models import User, is_text

blueprint = Blueprint("login", __name__)


@blueprint.before_app_request
def load_user() -> None:
    user_id = session.get("user_id")
    g.user = None if user_id is None else db().get(User, user_id)


@blueprint.post("/login")
def login() -> ResponseReturnValue:
    body = json_body()
    user = authenticate(body.get("email"), body.get("password"))
    if user is None:
        raise ApiError(401, "wrong e-mail or password")
    session.clear()
    session["user_id"] = user.id
    return jsonify(user_json(user))


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    session.clear()
    return "", 204


@blueprint.get("/me")
def me() -> ResponseReturnValue:
    user = cast("User | None", g.user)
    if user is None:
        raise ApiError(401, "sign in first")
    return jsonify(user_json(user))


def authenticate(email: object, password: object) -> User | None:
    """The user whose e-mail and password these are."""
    if not is_text(email) or not is_text(password):
        return None
    user = db().scalar(select(User).where(User.email == email))
    if user is None or user.password_hash is None:
        return None
    return user if check_password_hash(user.password_hash, password) else None
