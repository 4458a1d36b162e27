"""Things to do: the whole of create, read, update and delete, every check by hand."""

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from legacy_flask.api import ApiError, json_body
from legacy_flask.database import db, get_or_404
from new_fastapi.models import MAX_TITLE, Todo, is_text

blueprint = Blueprint("todos", __name__, url_prefix="/todos")


@blueprint.get("")
def list_todos() -> ResponseReturnValue:
    todos = db().scalars(select(Todo).order_by(Todo.id))
    return jsonify([todo_json(todo) for todo in todos])


@blueprint.post("")
def create_todo() -> ResponseReturnValue:
    body = json_body()
    todo = Todo(title=checked_title(body.get("title")), done=checked_done(body.get("done", False)))
    db().add(todo)
    db().commit()
    return jsonify(todo_json(todo)), 201


@blueprint.get("/<int:todo_id>")
def read_todo(todo_id: int) -> ResponseReturnValue:
    return jsonify(todo_json(get_or_404(Todo, todo_id)))


@blueprint.put("/<int:todo_id>")
def change_todo(todo_id: int) -> ResponseReturnValue:
    """Changes what the body names and leaves the rest."""
    todo = get_or_404(Todo, todo_id)
    body = json_body()
    if "title" in body:
        todo.title = checked_title(body["title"])
    if "done" in body:
        todo.done = checked_done(body["done"])
    db().commit()
    return jsonify(todo_json(todo))


@blueprint.delete("/<int:todo_id>")
def delete_todo(todo_id: int) -> ResponseReturnValue:
    db().delete(get_or_404(Todo, todo_id))
    db().commit()
    return "", 204


def todo_json(todo: Todo) -> dict[str, Any]:
    return {"id": todo.id, "title": todo.title, "done": todo.done}


def checked_title(title: object) -> str:
    if not is_text(title) or not title.strip():
        raise ApiError(400, "title is required")
    if len(title.strip()) > MAX_TITLE:
        raise ApiError(400, f"title must have at most {MAX_TITLE} characters")
    return title.strip()


def checked_done(done: object) -> bool:
    if not isinstance(done, bool):
        raise ApiError(400, "done must be true or false")
    return done
