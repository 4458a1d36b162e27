"""The tokens that either side issues and both accept: JWT, signed with the key that they share. Imports PyJWT only."""

from datetime import UTC, datetime, timedelta

import jwt

ALGORITHM = "HS256"
LIFETIME = timedelta(hours=1)


def issue(user_id: int, key: str) -> str:
    now = datetime.now(UTC)
    return jwt.encode({"sub": str(user_id), "iat": now, "exp": now + LIFETIME}, key, ALGORITHM)


def user_of(token: str, key: str) -> int | None:
    """The id of the user whom the token names; None for a token that is not ours, not whole or no longer valid."""
    try:
        claims = jwt.decode(token, key, [ALGORITHM], options={"require": ["sub", "iat", "exp"]})
        return int(claims["sub"])
    except (jwt.InvalidTokenError, ValueError):
        return None
