"""The people who may sign in. No response has a password in it."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from new_fastapi.dependencies import RowId, SessionDep, find
from new_fastapi.models import MAX_AGE, MAX_NAME, TEXT, User

router = APIRouter(prefix="/users", tags=["users"])

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME, pattern=TEXT)]


class UserIn(BaseModel):
    model_config = ConfigDict(strict=True)

    name: Name
    email: EmailStr
    age: Annotated[int, Field(ge=0, le=MAX_AGE)]


class UserOut(BaseModel):
    id: int
    name: str
    email: str
    age: int


@router.get("/", response_model=list[UserOut])
def list_users(session: SessionDep) -> Sequence[User]:
    return session.scalars(select(User).order_by(User.id)).all()


@router.get("/{user_id}", response_model=UserOut)
def read_user(user_id: RowId, session: SessionDep) -> User:
    return find(session, User, user_id)


@router.post("", response_model=UserOut, status_code=201)
def create_user(body: UserIn, session: SessionDep) -> User:
    user = User(**body.model_dump())
    session.add(user)
    try:
        session.commit()
    except IntegrityError as error:
        raise HTTPException(409, "email is already taken") from error
    return user
