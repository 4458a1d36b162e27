"""The OAuth2 password flow: e-mail and password for a token, the token for the user."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

from new_fastapi import tokens
from new_fastapi.dependencies import AttemptLimit, SessionDep, SettingsDep
from new_fastapi.models import User
from new_fastapi.routers.users import UserOut
from new_fastapi.sign_in import authenticate

router = APIRouter(prefix="/token", tags=["tokens"])

oauth2 = OAuth2PasswordBearer(tokenUrl="token")


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"
    expires_in: int = int(tokens.LIFETIME.total_seconds())


def token_user(token: Annotated[str, Depends(oauth2)], session: SessionDep, settings: SettingsDep) -> User:
    user_id = tokens.user_of(token, settings.secret_key)
    user = None if user_id is None else session.get(User, user_id)
    if user is None:
        raise HTTPException(401, "the token is not valid", {"WWW-Authenticate": "Bearer"})
    return user


@router.post("", dependencies=[Depends(AttemptLimit("token"))])
def issue_token(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    session: SessionDep,
    settings: SettingsDep,
    response: Response,
) -> Token:
    user = authenticate(session, form.username, form.password)
    if user is None:
        raise HTTPException(401, "wrong e-mail or password", {"WWW-Authenticate": "Bearer"})
    response.headers["Cache-Control"] = "no-store"  # RFC 6749, 5.1
    return Token(access_token=tokens.issue(user.id, settings.secret_key))


@router.get("/me", response_model=UserOut)
def read_token_user(user: Annotated[User, Depends(token_user)]) -> User:
    return user
