"""Checks the password hashes that the Flask side stores, `scrypt:N:r:p$salt$hex`, without Werkzeug."""

import hashlib
import secrets

# Checked for an unknown user, so that the answer takes as long as for a known one. No password has this hash.
NOBODY = "scrypt:32768:8:1$nobody$"


def matches(password: str, stored: str | None) -> bool:
    method, salt, expected = (stored or NOBODY).split("$")
    n, r, p = (int(number) for number in method.removeprefix("scrypt:").split(":"))
    found = hashlib.scrypt(password.encode(), salt=salt.encode(), n=n, r=r, p=p, maxmem=132 * n * r * p, dklen=64)
    return secrets.compare_digest(found.hex(), expected)
