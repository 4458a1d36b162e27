"""Who signs in with HTTP Basic: e-mail and password."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from new_fastapi.dependencies import SessionDep
from new_fastapi.models import User
from new_fastapi.routers.users import UserOut
from new_fastapi.sign_in import authenticate

router = APIRouter(tags=["whoami"])

basic = HTTPBasic(realm="Depot")


@router.get("/whoami", response_model=UserOut)
def whoami(credentials: Annotated[HTTPBasicCredentials, Depends(basic)], session: SessionDep) -> User:
    user = authenticate(session, credentials.username, credentials.password)
    if user is None:
        raise HTTPException(401, "wrong e-mail or password", {"WWW-Authenticate": 'Basic realm="Depot"'})
    return user
