"""Replace secrets in texts: values of secret names in URLs and HTML, e-mails, cards, JWTs, known ones. Pure.

A placeholder has the shape of its secret: an e-mail stays one, a card number keeps a right check digit. It follows from
the secret and the salt by HMAC-SHA-256, so it is the same each time, and nobody without the salt can try secrets until
one fits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
from collections.abc import Iterable
from string import ascii_lowercase, digits
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from ..secret_names import is_secret

EMAIL = (
    r"(?<![\w.%+-])[\w.%+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*"
    r"\.(?!(?:avif|css|gif|git|ico|jpe?g|js|png|svg|webp)\b)[A-Za-z][\w-]*[A-Za-z]"
)
CARD = r"(?<![\d.])[2-6]\d{2,18}(?:[ -]\d{3,19}){0,8}(?!\d)"
JWT = r"(?:(?<![\w-])|(?<=%[0-9A-Fa-f]{2}))eyJ[\w-]{4,}(?:\.[\w-]*){2,4}"
IBAN = r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
PHONE = r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){9,14}(?![\d.])"
PEM = r"-----BEGIN [A-Z0-9 ]{1,40}-----(?:(?!-----)[\s\S]){1,20000}-----END [A-Z0-9 ]{1,40}-----"
ISSUED = (  # by the prefixes that issuers give their keys, so that scanners find them
    r"(?<![\w-])(?:(?:sk|pk|rk|rzp)_(?:live|test)_\w{8,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|xox[abeoprs]-[\w-]{8,}|xapp-[\w-]{8,}|(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{12,}|AIza[\w-]{30,}|ya29\.[\w-]{16,}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|npm_\w{20,}|pypi-[\w-]{20,}|sk-[\w-]{16,}|hf_\w{20,}|dop_v1_\w{20,}"
    r"|shp(?:at|ca|pa|ss)_\w{16,}|whsec_[\w+/=]{12,}|sq0[a-z]{3}-[\w-]{16,}|glsa_\w{20,}|dckr_pat_[\w-]{16,}"
    r"|lin_api_\w{16,}|ATATT[\w=-]{16,}|hvs\.[\w-]{16,}|EAAC\w{20,}|key-[0-9a-f]{32}|AC[0-9a-f]{32}"
    r"|\d{8,10}:AA[\w-]{30,})"
)
HOOK = (  # whoever knows the address may post
    r"(?<![\w-])(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks|hooks\.zapier\.com/hooks/catch"
    r"|[\w-]+\.webhook\.office\.com/webhookb2|api\.telegram\.org/bot[\w:-]+|maker\.ifttt\.com/trigger)/[\w/@:-]+"
)
PROOF = r"(?:(?<=[:=\"'])|(?<=[:=] ))(?i:basic|bearer|digest|token)\s{1,3}[\w+/=.~-]{8,}"
# None of them begins inside a run of what it is made of, so a text costs the length of it and not the square.
UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
MAX_PLACEHOLDER_CHARS = 1_000
_KEPT = frozenset("-_.:/+= ")
"""Characters that give a secret its form rather than its strength."""
_PUNCTUATION = "!*~"
MIN_TOKEN_CHARS = 16
"""Letters and digits from which on a segment of a path is no name."""
_MIXED = re.compile(r"[A-Za-z]\d+[A-Za-z]|\d[A-Za-z]+\d|[a-z][A-Z][a-z]*[A-Z\d]|[A-Z]{2}[a-z]+[A-Z\d]")
_HEX = re.compile(r"[0-9a-f]{20,}|[0-9A-F]{20,}")
_STATIC = re.compile(r"\.(?:avif|css|eot|gif|ico|jpe?g|js|map|mjs|otf|png|svg|ttf|wasm|webp|woff2?)$")
_MOMENT = re.compile(r"\d{8}T\d{6}Z?")
MIN_STRONG_CHARS = 12
MAX_KNOWN = 200
"""Secrets that are looked for in every text of a message; of more, each is known as a value of its own alone."""
MIN_SEARCHED_CHARS = 6
"""Characters from which on a secret is looked for everywhere, not only where its name stands."""
_PAIR = re.compile(r"(?<![\w.%\[\]-])([\w.%\[\]-]+)=([^&;\s\"'<>]+)")
_INPUT = re.compile(r"<[\w.:-]{1,100}\s[^<>]{0,1000}>", re.IGNORECASE)
_NAME_OF_INPUT = re.compile(r"""\b(?:name|key|id|field)=["']?([\w.\[\]-]+)""", re.IGNORECASE)
_VALUE_OF_INPUT = re.compile(r"""\b(value|content)=("[^"]*"|'[^']*')""", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/?#@\s\"'<>]+(?=@)")
_QUOTED_PAIR = re.compile(
    r"""(?<![\w.\[\]-])([\w.\[\]-]{1,100})(["']?\s{0,3}(?::|=>?)\s{0,3})("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
)
"""`password: "..."` as GraphQL, YAML, JavaScript, XML attributes and files of settings have it."""
_LINE_PAIR = re.compile(r"(?<![\w.\[\]-])([\w.\[\]-]{1,100})([ \t]{0,3}(?::|=>?)[ \t]{0,3})(?!//)([^\s,;\"'<>{}\[\]]+)")
"""`password: ...` as YAML and messages have it."""
_ELEMENT = re.compile(r"<(?:[\w.-]{1,100}:)?([\w.-]{1,100})((?:\s[^<>]{0,1000})?)>([^<>]+)(?=</)")
"""An element of XML with its attributes and its text."""
_LOOKS = (JWT, EMAIL, IBAN, PEM, ISSUED, HOOK, PROOF, PHONE, CARD)
_LOOKS_SECRET = re.compile("|".join(_LOOKS))


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
            return float(self.number(int(secret))) if abs(secret) < 1e15 else 0.0
        return int(re.sub(r"^(-?)0", r"\g<1>1", self._word(str(secret))))

    def _word(self, secret: str) -> str:
        others = (self._shaped(secret, bytes([attempt])) for attempt in range(8))
        return next((other for other in others if other != secret), "redacted" if secret else "")

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
    """Tell whether these are 14 to 19 digits, in groups or not, with a right check digit."""
    if not re.fullmatch(r"[2-6](?:[ -]?\d){13,18}", text, re.ASCII):
        return False
    found = [int(digit) for digit in text if digit.isdigit()]
    if len(found) == 15 and text[:2] not in ("34", "37"):  # of that length there are device numbers, too
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in found[-2::-2])
    return (sum(found[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Tell whether an account number has the check digits that fit it (ISO 13616)."""
    packed = text.replace(" ", "")
    return int("".join(str(int(character, 36)) for character in packed[4:] + packed[:4])) % 97 == 1


def cards_in(run: str) -> list[str]:
    """Return the card numbers in a run of digits; they begin and end where a group of it does."""
    if sum(map(str.isdigit, run)) < 14:
        return []
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


def _bounded(form: str) -> str:
    """Return the pattern of a known secret that is no part of a longer word."""
    return rf"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-F]{{2}}))(?:{re.escape(form)})(?![A-Za-z0-9])"


class SecretTexts:
    """Replaces secrets in texts; `found` holds those that are long enough to be looked for in every other text."""

    def __init__(self, placeholders: Placeholders, known: Iterable[str], kept: Iterable[str]) -> None:
        self.found: set[str] = set()
        self._placeholders = placeholders
        self._kept = frozenset(f"{{{{{name}}}}}" for name in kept)
        self._known = {
            form: clean
            for secret in known
            for form, clean in zip(forms_of(secret), forms_of(placeholders.of(secret)), strict=True)
        }
        self._given: set[str] = set()
        searched = self._known if len(self._known) <= MAX_KNOWN * len(forms_of("")) else {}
        self._longest_first = sorted((*self._kept, *searched), key=lambda form: (-len(form), form))

    def secret(self, text: str, *, is_searched: bool = True) -> str:
        """Return the placeholder of a text that is a secret; `is_searched` tells to look for it in other texts too."""
        if not text or text in self._kept or text in self._given:
            return text
        if is_searched:
            self._remember(text)
        placeholder = self._placeholders.of(text)
        self._given.add(placeholder)
        return placeholder

    def number(self, value: float) -> float:
        """Return the placeholder of a JSON number that is a secret, of the same type."""
        return self._placeholders.number(value)

    def free(self, text: str) -> str:
        """Return a text without the values of secret names in it, what looks like a secret, and known secrets."""
        text = _INPUT.sub(self._input, text)
        text = _ELEMENT.sub(self._element, text)
        text = _QUOTED_PAIR.sub(self._quoted_pair, text)
        text = _LINE_PAIR.sub(self._line_pair, text)
        text = _USERINFO.sub(lambda found: quote(self.secret(unquote(found[0])), safe=":"), text)
        return self.plain(_PAIR.sub(self._pair, text))

    def plain(self, text: str) -> str:
        """Return a text without what looks like a secret, and known secrets."""
        if text in self._known:
            return self._known[text]
        there = [_bounded(form) for form in self._longest_first if form in text]
        pattern = re.compile("|".join([*there, *_LOOKS])) if there else _LOOKS_SECRET
        return pattern.sub(self._matched, text)

    def looks(self, text: str) -> str:
        """Return a text without what looks like a secret: of a name, which is none that is known."""
        return _LOOKS_SECRET.sub(self._matched, text)

    def _pair(self, found: re.Match[str]) -> str:
        name, value = found.groups()
        if not is_secret(unquote(name)):
            return found[0]
        return f"{name}={quoted(self.secret(unquote_plus(value, errors='surrogateescape')))}"

    def _quoted_pair(self, found: re.Match[str]) -> str:
        name, sign, value = found.groups()
        return f"{name}{sign}{value[0]}{self.secret(value[1:-1])}{value[0]}" if is_secret(name) else found[0]

    def _line_pair(self, found: re.Match[str]) -> str:
        name, sign, value = found.groups()
        is_word = value.isalpha() and len(value) < MIN_STRONG_CHARS  # "The password: we need it"
        return f"{name}{sign}{self.secret(value)}" if is_secret(name) and not is_word else found[0]

    def _element(self, found: re.Match[str]) -> str:
        name, attributes, value = found.groups()
        named = _NAME_OF_INPUT.search(attributes)
        if not value.strip() or not (is_secret(name) or (named is not None and is_secret(named[1]))):
            return found[0]
        return found[0][: -len(value)] + html.escape(self.secret(html.unescape(value)), quote=False)

    def _input(self, found: re.Match[str]) -> str:
        name = _NAME_OF_INPUT.search(found[0])
        if name is None or not is_secret(name[1]):
            return found[0]
        return _VALUE_OF_INPUT.sub(
            lambda value: f'{value[1]}="{html.escape(self.secret(html.unescape(value[2][1:-1])))}"', found[0]
        )

    def _matched(self, found: re.Match[str]) -> str:
        text = found[0]
        if text in self._kept or text in self._given:
            return text
        if text in self._known:
            return self._known[text]
        if re.fullmatch(IBAN, text) and not is_iban(text):
            return text
        # By its looks it is found everywhere: there is no need to search for it.
        if not re.fullmatch(CARD, text):
            return self.secret(text, is_searched=False)
        for card in cards_in(text):
            text = text.replace(card, self.secret(card, is_searched=False))
        return text

    def _remember(self, secret: str) -> None:
        """Keep a secret that is no word of a language: that would be replaced wherever it is said."""
        is_mixed = re.search(r"[^\W\d_]", secret) is not None and re.search(r"[\d\W]", secret) is not None
        if len(secret) >= MIN_STRONG_CHARS or (len(secret) >= MIN_SEARCHED_CHARS and is_mixed):
            self.found.add(secret)


def forms_of(text: str) -> tuple[str, ...]:
    """Return the ways in which a text may stand in another one: as it is, or escaped for a URL, HTML or JSON."""
    try:
        raw = text.encode("utf-8", "surrogateescape")  # bytes of a form that are no text
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")  # half a character, which JSON can escape
    in_json = (json.dumps(text, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False))
    return text, quote(raw), quote(raw, safe=""), quote_plus(raw), html.escape(text), *in_json


def quoted(text: str) -> str:
    """Return a value as a query or a form has it; `{{name}}` stays as it is."""
    return quote_plus(text, errors="surrogateescape", safe="{}@")


def is_token(segment: str) -> bool:
    """Tell whether a segment of a path cannot be guessed: a UUID, or mostly of letters mixed with digits or cases."""
    if _STATIC.search(segment) or _MOMENT.fullmatch(segment):
        return False
    if UUID.fullmatch(segment) or _HEX.fullmatch(segment):
        return True
    pieces = re.findall(r"[A-Za-z0-9]+", segment)
    mixed = sum(len(piece) for piece in pieces if _MIXED.search(piece))
    length, digits_in = sum(map(len, pieces)), len(re.findall(r"\d", segment))
    is_long = length >= 18 and re.search(r"[a-z]", segment) is not None and re.search(r"[A-Z]", segment) is not None
    return length >= MIN_TOKEN_CHARS and 2 * mixed > length and digits_in > (0 if is_long else 1)
