"""Make placeholders that have the shape of a secret: an e-mail stays one, a card number keeps a right check digit.

They follow from the secret and the salt by HMAC-SHA-256, so they are the same each time, and nobody without the salt
can try secrets until one fits. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
from string import ascii_lowercase, digits

EMAIL = r"(?<![\w.%+-])[\w.%+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"
CARD = r"(?<![\d.])[2-6]\d{2,18}(?:[ -]\d{3,19}){0,8}(?!\d)"
JWT = r"(?:(?<![\w-])|(?<=%[0-9A-Fa-f]{2}))eyJ[\w-]{4,}(?:\.[\w-]*){2,4}"
MAX_PLACEHOLDER_CHARS = 1_000
# None of the three begins inside a run of what it is made of, so a text costs the length of it and not the square.
_KEPT = frozenset("-_.:/+= ")
"""Characters that give a secret its form rather than its strength."""
_PUNCTUATION = "!*~"


class Placeholders:
    """Gives each secret its placeholder under one salt."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    def of(self, secret: str) -> str:
        """Return the placeholder of a secret, in the shape that the secret has; never the secret itself."""
        if re.fullmatch(EMAIL, secret):
            # At example.com, which validators accept, as they do not accept `.test` and `.invalid`.
            plain = secret.replace("%40", "@").replace("%2B", "+").lower()
            return f"u{self._stream(plain)[:6].hex()}{'@' if '@' in secret else '%40'}example.com"
        if re.fullmatch(JWT, secret):
            # Well-formed and signed by nobody: an app refuses its signature, not its form.
            payload = b'{"sub":"%b"}' % self._stream(secret)[:6].hex().encode()
            pieces = (b'{"alg":"HS256","typ":"JWT"}', payload, self._stream(secret, b"signature"))
            return ".".join(base64.urlsafe_b64encode(piece).rstrip(b"=").decode() for piece in pieces)
        if is_card(secret):
            # The brand's first digit, other digits, and the check digit that fits them (ISO/IEC 7812-1).
            other = secret[0] + self._shaped(secret[1:-1], b"card")
            return next(other + digit for digit in digits if is_card(other + digit))
        return self._word(secret)

    def number(self, secret: float) -> float:
        """Return a number with other digits, of the same type; a fraction is lost."""
        if isinstance(secret, float):
            return float(self.number(int(secret))) if math.isfinite(secret) else 0.0
        return int(re.sub(r"^(-?)0", r"\g<1>1", self._word(str(secret))))

    def _word(self, secret: str) -> str:
        for attempt in range(8):
            shaped = self._shaped(secret, bytes([attempt]))
            if shaped != secret:
                return shaped
        return "redacted" if secret else ""

    def _shaped(self, secret: str, attempt: bytes) -> str:
        """Return a text with another character of the same kind for each one; an endless secret is cut."""
        secret = secret[:MAX_PLACEHOLDER_CHARS]
        stream = self._stream(secret, attempt)
        while len(stream) < len(secret):
            stream += self._stream(secret, attempt + stream[-32:])
        letters = "abcdef" if re.fullmatch(r"[0-9a-fA-F-]+", secret) else ascii_lowercase
        return "".join(_like(character, byte, letters) for character, byte in zip(secret, stream, strict=False))

    def _stream(self, secret: str, purpose: bytes = b"") -> bytes:
        return hmac.digest(self._salt, purpose + b"\0" + secret.encode("utf-8", "surrogatepass"), hashlib.sha256)


def is_card(text: str) -> bool:
    """Tell whether these are 13 to 19 digits, in groups or not, with a right check digit."""
    found = [int(digit) for digit in text if digit.isdigit()]
    if not re.fullmatch(r"[2-6](?:[ -]?\d){12,18}", text, re.ASCII):
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in found[-2::-2])
    return (sum(found[-1::-2]) + sum(doubled)) % 10 == 0


def cards_in(run: str) -> list[str]:
    """Return the card numbers in a run of digits; they begin and end where a group of it does."""
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
