"""Tell which names of headers, cookies, JSON keys, form fields and query parameters have secrets as values. Pure.

A name counts when it contains one of `PARTS`, however it is spelled (`newPassword`, `X-API-Key`, `user[api_key]`),
has one of `WORDS` as a word of its own (`card_pin`, but not `pinned`), or ends with `key`
(`signing_key`, but not `key`).
"""

from __future__ import annotations

import re
from functools import lru_cache

PARTS = (
    *("password", "passwd", "passphrase", "passcode", "secret", "token", "credential", "authorization", "verifier"),
    *("apikey", "accesskey", "privatekey", "sessionid", "sessid", "csrf", "xsrf"),
    *("cardnumber", "creditcard", "ccnumber", "securitycode", "iban", "phone", "mobilenumber", "taxid", "passportno"),
    # Password, in the languages of the teams that write their fields in their own.
    *("passwort", "kennwort", "motdepasse", "contrasena", "contraseña", "senha", "parola", "wachtwoord", "lösenord"),
    *(
        "losenord",
        "passord",
        "adgangskode",
        "salasana",
        "hasło",
        "haslo",
        "heslo",
        "jelszó",
        "jelszo",
        "şifre",
        "sifre",
    ),
    *(
        "lozinka",
        "geslo",
        "parool",
        "slaptažodis",
        "пароль",
        "парола",
        "κωδικόσ",
        "סיסמה",
        "密码",
        "密碼",
        "口令",
        "暗証番号",
    ),
    *("パスワード", "비밀번호", "รหัสผ่าน"),
)
WORDS = frozenset(
    {"auth", "bearer", "cookie", "cvc", "cvv", "jwt", "otp", "pass", "pin", "pwd", "session", "sid", "sig", "signature"}
    | {"ssn", "totp", "pw", "mdp", "clave", "mfa", "pem", "webhook"}
)
HARMLESS = frozenset(
    {
        "tokentype",
        "tokentypehint",
        "setcookie",
        "cookie",
        "key",
        "idempotencykey",
        "monkey",
        "turkey",
        "hockey",
        "jockey",
    }
    | {"whiskey", "sortkey", "primarykey", "foreignkey", "partitionkey", "publickey", "rowkey", "hotkey", "i18nkey"}
)
"""Names that look like those of secrets; the two headers have a form of their own."""
CREDENTIALS = frozenset({"authorization", "proxy-authorization"})
"""Headers whose value is a scheme and a proof (RFC 9110, 11.4)."""


def is_secret(name: str) -> bool:
    """Tell whether a value of this name is a secret; of an endless name the two ends are read."""
    return _is_secret(name if len(name) <= 200 else f"{name[:100]} {name[-100:]}")


@lru_cache(4096)
def _is_secret(name: str) -> bool:
    squeezed = "".join(filter(str.isalnum, name.casefold()))
    if squeezed in HARMLESS:
        return False
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    is_key = squeezed.endswith("key") or (squeezed.endswith("keys") and len(squeezed) > len("keys"))
    return is_key or any(part in squeezed for part in PARTS) or any(word.lower() in WORDS for word in words)
