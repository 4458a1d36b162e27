"""Tell which names of headers, cookies, JSON keys, form fields and query parameters have secrets as values. Pure.

A name counts when it contains one of `PARTS`, however it is spelled (`newPassword`, `X-API-Key`, `user[api_key]`), or
has one of `WORDS` as a word of its own (`card_pin`, but not `pinned`).
"""

from __future__ import annotations

import re
from functools import lru_cache

PARTS = (
    *("password", "passwd", "passphrase", "passcode", "secret", "token", "credential", "authorization", "verifier"),
    *("apikey", "accesskey", "privatekey", "sessionid", "csrf", "xsrf"),
    *("cardnumber", "creditcard", "ccnumber", "securitycode", "iban"),
)
WORDS = frozenset(
    {"auth", "bearer", "cookie", "cvc", "cvv", "jwt", "otp", "pass", "pin", "pwd", "session", "sid", "sig", "signature"}
    | {"ssn", "totp"}
)
HARMLESS = frozenset({"tokentype", "tokentypehint", "setcookie", "cookie"})
"""Names that look like those of secrets; the two headers have a form of their own."""
CREDENTIALS = frozenset({"authorization", "proxy-authorization"})
"""Headers whose value is a scheme and a proof (RFC 9110, 11.4)."""


def is_secret(name: str) -> bool:
    """Tell whether a value of this name is a secret; of an endless name the two ends are read."""
    return _is_secret(name if len(name) <= 200 else f"{name[:100]} {name[-100:]}")


@lru_cache(4096)
def _is_secret(name: str) -> bool:
    squeezed = re.sub(r"[^a-z0-9]", "", name.lower())
    if squeezed in HARMLESS:
        return False
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return any(part in squeezed for part in PARTS) or any(word.lower() in WORDS for word in words)
