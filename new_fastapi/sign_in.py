"""Who signs in with an e-mail address and a password."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from new_fastapi.models import User, is_text
from new_fastapi.passwords import matches


def authenticate(session: Session, email: str, password: str) -> User | None:
    """The user whose e-mail and password these are."""
    user = session.scalar(select(User).where(User.email == email)) if is_text(email) else None
    known = matches(password, user.password_hash if user else None)
    return user if known else None
