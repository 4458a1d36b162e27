"""Who signs in with HTTP Basic: e-mail and password."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from sqlalchemy import select

from new_fastapi.dependencies import SessionDep
from new_fastapi.models import User
from new_fastapi.passwords import matches
from new_fastapi.routers.users import UserOut

router = APIRouter(tags=["whoami"])

basic = HTTPBasic(realm="Depot")


@router.get("/whoami", response_model=UserOut)
def whoami(credentials: Annotated[HTTPBasicCredentials, Depends(basic)], session: SessionDep) -> User:
    user = session.scalar(select(User).where(User.email == credentials.username))
    known = matches(credentials.password, user.password_hash if user else None)
    if user is None or not known:
        raise HTTPException(401, "wrong e-mail or password", {"WWW-Authenticate": 'Basic realm="Depot"'})
    return user
