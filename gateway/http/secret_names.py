"""Tell which names of headers, cookies, JSON keys, form fields and query parameters have secrets as values. Pure.

A name counts when it contains one of `PARTS`, however it is spelled (`newPassword`, `X-API-Key`, `user[api_key]`), has
one of `WORDS` as a word of its own (`card_pin`, but not `pinned`), or is a kind of key (`signing_key`, but not `key`);
unless its last or first word says that the value is about a secret, and none (`token_count`, `has_password`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Password, too, in the languages of the teams that write their fields in their own.
PARTS = """
password passwd passphrase passcode pincode secret token credential authorization verifier apikey accesskey privatekey
sessionid sessid csrf xsrf assertion samlresponse samlart mnemonic seedphrase recoverycode verificationcode securitycode
securityanswer cardnumber creditcard ccnumber phonenumber mobilenumber taxid passportno socialsecurity
passwort kennwort motdepasse contrasena contraseña senha parola wachtwoord lösenord losenord passord adgangskode
salasana hasło haslo heslo jelszó jelszo şifre sifre lozinka geslo parool slaptažodis пароль парола κωδικόσ סיסמה
密码 密碼 口令 暗証番号 パスワード 비밀번호 รหัสผ่าน
"""
WORDS = """
auth bearer clave cookie cvc cvv hmac iban jwt mdp mfa nonce otp pass pem phone pin pw pwd session sid sig signature ssn
tan totp userpass userpw webhook
"""
KEYS = """
aes account activation admin api app application auth client consumer decryption deploy encryption gpg hmac host licence
license master pgp private recovery rsa secret server service session shared sign signing ssh storage subscription
symmetric wrapping
"""
"""What a key of its own is of."""
ABOUT = """
at consent count counts date enabled expires expiration expiry field format hint label length limit model option options
policy provider required status strength title type typehint types
"""
"""Last words of a name whose value is no secret."""
COUNTED = "forgot has is max min num total require requires show"
HARMLESS = frozenset("setcookie cookie secretary secretariat tokenizer tokenization".split())  # noqa: SIM905 - a table
"""Names that look like those of secrets; the two headers have a form of their own."""
CREDENTIALS = frozenset({"authorization", "proxy-authorization"})
"""Headers whose value is a scheme and a proof (RFC 9110, 11.4)."""
_PARTS, _WORDS, _ABOUT, _COUNTED = (tuple(PARTS.split()), *(frozenset(one.split()) for one in (WORDS, ABOUT, COUNTED)))
_KEY = re.compile(rf"(?:{'|'.join(KEYS.split())})keys?")


def is_secret(name: str) -> bool:
    """Tell whether a value of this name is a secret; of an endless name the two ends are read."""
    return _is_secret(name if len(name) <= 200 else f"{name[:100]} {name[-100:]}")


@lru_cache(4096)
def _is_secret(name: str) -> bool:
    name = unicodedata.normalize("NFKC", name)
    squeezed = "".join(filter(str.isalnum, name.casefold()))
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+", name)]
    if squeezed in HARMLESS or (len(words) > 1 and (words[-1] in _ABOUT or words[0] in _COUNTED)):
        return False
    is_key = _KEY.search(squeezed) is not None and squeezed.endswith(("key", "keys"))
    return is_key or any(part in squeezed for part in _PARTS) or not _WORDS.isdisjoint(words)
