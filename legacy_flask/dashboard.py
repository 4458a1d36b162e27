"""The figures of the day from two slow sources, read one after the other."""

import time

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from legacy_flask.database import db
from new_fastapi.models import Employee, Todo, Trip

blueprint = Blueprint("dashboard", __name__)

DATABASE_DELAY = 0.1  # seconds that our database far away takes
CACHE_DELAY = 0.05


@blueprint.get("/dashboard")
def dashboard() -> ResponseReturnValue:
    return jsonify(**read_database(), **read_cache())


def read_database() -> dict[str, int]:
    time.sleep(DATABASE_DELAY)
    return {
        "employees": db().scalar(select(func.count(Employee.id))) or 0,
        "open_todos": db().scalar(select(func.count(Todo.id)).where(Todo.done.is_(False))) or 0,
        "trips": db().scalar(select(func.count(Trip.id))) or 0,
    }


def read_cache() -> dict[str, int]:
    time.sleep(CACHE_DELAY)
    return {"buses_on_the_road": 9, "buses_delayed": 1}
