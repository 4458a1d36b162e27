"""Views to be read, never to be run: each reads its request in another way."""

from __future__ import annotations

from functools import wraps
from typing import Any

import marshmallow
import pydantic
from flask import Blueprint, abort, current_app, g, request, session
from flask.views import MethodView
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, Length, NumberRange

MAX = 3
SORTS = ("name", "price")
blueprint = Blueprint("views", __name__)


def query() -> Any:
    page = request.args.get("page", 1, type=int)
    word = request.args["q"]
    return {"page": page, "q": word, "tags": request.args.getlist("tag"), "exact": request.args.get("exact", type=bool)}


def limits() -> Any:
    age = request.args.get("age", type=int)
    if age is not None and age < 18:
        abort(403)
    if request.args.get("sort", "name") not in SORTS:
        abort(400, "unknown sort")
    return str(age)


def own_type() -> Any:
    return str(request.args.get("row", type=row_number))


def row_number(text: str) -> int:
    return int(text)


def json_keys() -> Any:
    data = request.get_json()
    title, done = data["title"], data.get("done", False)
    if len(title.strip()) > MAX:
        abort(422)
    if "note" in data:
        title += data["note"]
    return {"title": title, "done": done}


def json_property() -> Any:
    if not isinstance(count := request.json["count"], int):
        abort(400)
    return str(count)


def json_loop() -> Any:
    body = request.get_json(silent=True) or {}
    for name in ("one", "two"):
        if name not in body:
            abort(400)
    return ""


def body_of() -> dict[str, Any]:
    body = request.get_json(force=True)
    if not isinstance(body, dict):
        abort(400)
    return body


def followed() -> Any:
    body = body_of()
    return {"name": checked(body.get("name")), "role": body.get("role")}


def checked(name: object) -> str:
    if not isinstance(name, str) or not 1 <= len(name) <= MAX:
        abort(400)
    return name


def form_and_file() -> Any:
    color = request.form["color"]
    if color in {"red", "blue"}:
        return request.files["photo"].filename
    return request.form.get("size", "m")


def headers() -> Any:
    return request.headers.get("X-Region", "eu") + request.cookies.get("theme", "") + str(session["user_id"])


def raw() -> Any:
    return request.get_data() + request.data


def token_required(view: Any) -> Any:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        sent = request.authorization
        if sent is None or sent.type != "bearer":
            abort(401)
        return view(*args, **kwargs)

    return guarded


@token_required
def guarded() -> Any:
    return request.args.get("depth", 2)


def plainly_wrapped(view: Any) -> Any:
    def inner(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return inner


@plainly_wrapped
def wrapped() -> Any:
    return request.args["inside"]


def recursive(depth: int = 0) -> Any:
    return request.args.get("again") or recursive(depth + 1)


def uses_user() -> Any:
    return g.user.name


def reads_nothing() -> Any:
    return current_app.name


class Things(MethodView):
    """Both methods read something else."""

    def get(self) -> Any:
        return request.args.get("since")

    def post(self) -> Any:
        return self.checked(request.get_json())

    def checked(self, body: dict[str, Any]) -> Any:
        return body["weight"] > 1.5


class OrderSchema(marshmallow.Schema):
    """An order."""

    id = marshmallow.fields.Integer(dump_only=True)
    amount = marshmallow.fields.Integer(required=True, validate=marshmallow.validate.Range(min=1, max=9))
    note = marshmallow.fields.String(data_key="remark")


def schema() -> Any:
    return OrderSchema().load(request.get_json())


class Item(pydantic.BaseModel):
    """An item."""

    name: str = pydantic.Field(max_length=4)
    price: float = 1.0
    stock: int | None = None


def model() -> Any:
    return Item(**request.get_json()).name


class NeedsContext:
    """A descriptor, as Flask-SQLAlchemy's `Model.query`."""

    def __get__(self, instance: object, owner: type) -> Any:
        raise RuntimeError("Working outside of application context.")


class Note:
    """A model."""

    query = NeedsContext()


class OddCallable:
    """A thing that fails however it is looked at."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"nobody asks for {name}")


odd = OddCallable()


def queries() -> Any:
    title = request.args["title"]
    return [note.title for note in Note.query.filter_by(title=title)]


def calls_an_odd_thing() -> Any:
    title = request.args["title"]
    return odd(title) + request.args["after"]


class PhotoForm(FlaskForm):
    """A photo."""

    title = StringField("Title", validators=[DataRequired(), Length(max=2)])
    rating = IntegerField("Rating", validators=[NumberRange(1, 5)])
    kind = SelectField("Kind", choices=[("a", "A"), ("b", "B")])
    photo = FileField("Photo")


def form_class() -> Any:
    form = PhotoForm()
    return form.title.data if form.validate_on_submit() else ""
