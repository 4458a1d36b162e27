"""A placeholder has the shape of its secret: an e-mail stays one, a card number keeps its check digit, digits digits.

It follows from the secret and the salt by HMAC-SHA-256, so it is the same each time, and nobody without the salt can
try secrets until one fits. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import re
from string import ascii_lowercase, digits

EMAIL = r"(?<![\w.%+-])[\w.%+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"
CARD = r"(?<![\d.])[2-6]\d{2,18}(?:[ -]\d{3,19}){0,8}(?!\d)"
JWT = r"(?:(?<![\w-])|(?<=%[0-9A-Fa-f]{2}))eyJ[\w-]{4,}(?:\.[\w-]*){2,4}"
LONGEST = 1_000
"""Characters of a placeholder."""
# None of the three begins inside a run of what it is made of, so a text costs the length of it and not the square.
_KEPT = frozenset("-_.:/+= ")
"""Characters that give a secret its form rather than its strength."""
_PUNCTUATION = "!*~"


class Placeholders:
    """What stands for each secret under one salt."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    def of(self, secret: str) -> str:
        """The placeholder of a secret, in the shape that the secret has; never the secret itself."""
        if re.fullmatch(EMAIL, secret):
            return self._email(secret)
        if re.fullmatch(JWT, secret):
            return self._jwt(secret)
        return self._card(secret) if is_card(secret) else self._word(secret)

    def number(self, secret: float) -> float:
        """A number with other digits, of the same type; a fraction is lost."""
        if isinstance(secret, float):
            return float(self.number(int(secret))) if math.isfinite(secret) else 0.0
        return int(re.sub(r"^(-?)0", r"\g<1>1", self._word(str(secret))))

    def _email(self, secret: str) -> str:
        """At example.com, which validators accept, as they do not accept `.test` and `.invalid`."""
        at = "%40" if "@" not in secret else "@"
        same = secret.replace("%40", "@").replace("%2B", "+").lower()
        return f"u{self._stream(same)[:6].hex()}{at}example.com"

    def _jwt(self, secret: str) -> str:
        """Well-formed, signed by nobody: an app refuses its signature, not its form."""
        head, payload = {"alg": "HS256", "typ": "JWT"}, {"sub": self._stream(secret)[:6].hex()}
        signature = base64.urlsafe_b64encode(self._stream(secret, b"signature")).rstrip(b"=").decode()
        return f"{_segment(head)}.{_segment(payload)}.{signature}"

    def _card(self, secret: str) -> str:
        """The brand's first digit, other digits, the check digit right (ISO/IEC 7812-1)."""
        other = secret[0] + self._shaped(secret[1:-1], b"card")
        return next(other + digit for digit in digits if is_card(other + digit))

    def _word(self, secret: str) -> str:
        for attempt in range(8):
            shaped = self._shaped(secret, bytes([attempt]))
            if shaped != secret:
                return shaped
        return "redacted" if secret else ""

    def _shaped(self, secret: str, attempt: bytes) -> str:
        """Each character by another of its kind; an endless secret is cut."""
        secret = secret[:LONGEST]
        stream = self._stream(secret, attempt)
        while len(stream) < len(secret):
            stream += self._stream(secret, attempt + stream[-32:])
        letters = "abcdef" if re.fullmatch(r"[0-9a-fA-F-]+", secret) else ascii_lowercase
        return "".join(_like(character, byte, letters) for character, byte in zip(secret, stream, strict=False))

    def _stream(self, secret: str, purpose: bytes = b"") -> bytes:
        return hmac.digest(self._salt, purpose + b"\0" + secret.encode("utf-8", "surrogatepass"), hashlib.sha256)


def is_card(text: str) -> bool:
    """Whether these are 13 to 19 digits, in groups or not, with a right check digit."""
    found = [int(digit) for digit in text if digit.isdigit()]
    if not re.fullmatch(r"[2-6](?:[ -]?\d){12,18}", text, re.ASCII):
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in found[-2::-2])
    return (sum(found[-1::-2]) + sum(doubled)) % 10 == 0


def cards_in(run: str) -> list[str]:
    """The card numbers in a run of digits, which begin and end where a group of it does."""
    starts = [0, *(found.end() for found in re.finditer(r"[ -]", run))]
    ends = [*(found.start() for found in re.finditer(r"[ -]", run)), len(run)]
    return [run[start:end] for start in starts for end in reversed(ends) if start < end and is_card(run[start:end])]


def _like(character: str, byte: int, letters: str) -> str:
    if character in _KEPT:
        return character
    if character.isdigit():
        return digits[byte % 10]
    letter = letters[byte % len(letters)]
    if character.isupper():
        return letter.upper()
    return letter if character.isalpha() else _PUNCTUATION[byte % 3]


def _segment(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()
