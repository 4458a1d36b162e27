"""The OAuth2 password flow by hand: e-mail and password for a token, the token for the user."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from legacy_flask.api import ApiError
from legacy_flask.database import db
from legacy_flask.login import authenticate
from legacy_flask.users import user_json
from new_fastapi import tokens
from new_fastapi.models import User

blueprint = Blueprint("tokens", __name__, url_prefix="/token")


def token_required(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Gives the view the user whose token came with the request; without one it is a 401."""

    @wraps(view)
    def with_user(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        sent = request.authorization
        if sent is None or sent.type != "bearer" or not sent.token:
            return refuse("sign in with a bearer token")
        user_id = tokens.user_of(sent.token, current_app.config["SECRET_KEY"])
        user = None if user_id is None else db().get(User, user_id)
        return refuse("the token is not valid") if user is None else view(user, *args, **kwargs)

    return with_user


@blueprint.post("")
def issue_token() -> ResponseReturnValue:
    username, password = request.form.get("username"), request.form.get("password")
    if not username or not password or request.form.get("grant_type", "password") != "password":
        raise ApiError(400, "username and password are required")
    user = authenticate(username, password)
    if user is None:
        return refuse("wrong e-mail or password")
    token = {
        "access_token": tokens.issue(user.id, current_app.config["SECRET_KEY"]),
        "token_type": "bearer",
        "expires_in": int(tokens.LIFETIME.total_seconds()),
    }
    return jsonify(token), {"Cache-Control": "no-store"}  # RFC 6749, 5.1


@blueprint.get("/me")
@token_required
def read_token_user(user: User) -> ResponseReturnValue:
    return jsonify(user_json(user))


def refuse(message: str) -> ResponseReturnValue:
    return jsonify(error=message), 401, {"WWW-Authenticate": "Bearer"}
