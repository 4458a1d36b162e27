"""The people who may sign in: every check by hand, the first error is the answer."""

import re
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from legacy_flask.api import ApiError, json_body
from legacy_flask.database import db, get_or_404
from new_fastapi.models import MAX_AGE, MAX_EMAIL, MAX_NAME, User, is_text

blueprint = Blueprint("users", __name__, url_prefix="/users")

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@blueprint.get("/")
def list_users() -> ResponseReturnValue:
    users = db().scalars(select(User).order_by(User.id))
    return jsonify([user_json(user) for user in users])


@blueprint.get("/<int:user_id>")
def read_user(user_id: int) -> ResponseReturnValue:
    return jsonify(user_json(get_or_404(User, user_id)))


@blueprint.post("")
def create_user() -> ResponseReturnValue:
    user = User(**checked_user(json_body()))
    db().add(user)
    try:
        db().commit()
    except IntegrityError as error:
        raise ApiError(409, "email is already taken") from error
    return jsonify(user_json(user)), 201


def user_json(user: User) -> dict[str, Any]:
    """What anyone may see of a user: never the password."""
    return {"id": user.id, "name": user.name, "email": user.email, "age": user.age}


def checked_user(body: dict[str, Any]) -> dict[str, Any]:
    name, email, age = body.get("name"), body.get("email"), body.get("age")
    if not is_text(name) or not 0 < len(name.strip()) <= MAX_NAME:
        raise ApiError(400, f"name must be a string of 1 to {MAX_NAME} characters")
    if not is_text(email) or len(email) > MAX_EMAIL or not EMAIL.fullmatch(email):
        raise ApiError(400, "email must be a valid e-mail address")
    if not isinstance(age, int) or isinstance(age, bool) or not 0 <= age <= MAX_AGE:
        raise ApiError(400, f"age must be an integer from 0 to {MAX_AGE}")
    return {"name": name.strip(), "email": email, "age": age}
