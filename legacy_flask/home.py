"""The home page."""

from flask import Blueprint, render_template
from sqlalchemy import select

from legacy_flask.database import db
from new_fastapi.models import Route

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def home() -> str:
    routes = db().scalars(select(Route).order_by(Route.id)).all()
    return render_template("home.html", routes=routes)
