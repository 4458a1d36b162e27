"""Things to do: the whole of create, read, update and delete."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import select

from new_fastapi.dependencies import RowId, SessionDep, find
from new_fastapi.models import MAX_TITLE, TEXT, Todo

router = APIRouter(prefix="/todos", tags=["todos"])

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TITLE, pattern=TEXT)]


class TodoIn(BaseModel):
    model_config = ConfigDict(strict=True)

    title: Title
    done: bool = False


class TodoChange(BaseModel):
    """What a body does not name keeps its default here, and stays as it is in the row."""

    model_config = ConfigDict(strict=True)

    title: Title = ""
    done: bool = False


class TodoOut(BaseModel):
    id: int
    title: str
    done: bool


@router.get("", response_model=list[TodoOut])
def list_todos(session: SessionDep) -> Sequence[Todo]:
    return session.scalars(select(Todo).order_by(Todo.id)).all()


@router.post("", response_model=TodoOut, status_code=201)
def create_todo(body: TodoIn, session: SessionDep) -> Todo:
    todo = Todo(**body.model_dump())
    session.add(todo)
    session.commit()
    return todo


@router.get("/{todo_id}", response_model=TodoOut)
def read_todo(todo_id: RowId, session: SessionDep) -> Todo:
    return find(session, Todo, todo_id)


@router.put("/{todo_id}", response_model=TodoOut)
def change_todo(todo_id: RowId, body: TodoChange, session: SessionDep) -> Todo:
    """Changes what the body names and leaves the rest."""
    todo = find(session, Todo, todo_id)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(todo, name, value)
    session.commit()
    return todo


@router.delete("/{todo_id}", status_code=204)
def delete_todo(todo_id: RowId, session: SessionDep) -> None:
    session.delete(find(session, Todo, todo_id))
    session.commit()
