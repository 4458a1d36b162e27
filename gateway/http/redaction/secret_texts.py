"""Replace secrets in texts: values of secret names in URLs and HTML, e-mails, cards, JWTs, known ones. Pure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from ..secret_names import is_secret
from .placeholders import CARD, EMAIL, JWT, Placeholders, cards_in

MIN_SEARCHED_CHARS = 6
"""Characters from which on a secret is looked for everywhere, not only where its name stands."""
_PAIR = re.compile(r"(?<![\w.%\[\]-])([\w.%\[\]-]+)=([^&;\s\"'<>]+)")
_INPUT = re.compile(r"<(?:input|meta)\b[^>]{0,1000}>", re.IGNORECASE)
_NAME_OF_INPUT = re.compile(r"""\bname=["']?([\w.\[\]-]+)""", re.IGNORECASE)
_VALUE_OF_INPUT = re.compile(r"""\b(value|content)=("[^"]*"|'[^']*')""", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/?#@\s\"'<>]+(?=@)")
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_LOOKS = (JWT, EMAIL, CARD)
_LOOKS_SECRET = re.compile("|".join(_LOOKS))
_FORMS = (str, quote, lambda text: quote(text, safe=""), quote_plus, html.escape, lambda text: json.dumps(text)[1:-1])
"""Ways in which a text may stand in another one."""


class SecretTexts:
    """Replaces secrets in texts; `found` holds those that are long enough to be looked for in every other text."""

    def __init__(self, placeholders: Placeholders, known: Iterable[str], kept: Iterable[str]) -> None:
        self.found: set[str] = set()
        self._placeholders = placeholders
        self._kept = frozenset(f"{{{{{name}}}}}" for name in kept)
        self._known = {write(secret): write(placeholders.of(secret)) for secret in known for write in _FORMS}
        self._given: set[str] = set()
        self._longest_first = sorted((*self._kept, *self._known), key=lambda form: (-len(form), form))

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
        self._remember(str(value))
        return self._placeholders.number(value)

    def free(self, text: str) -> str:
        """Return a text without the values of secret names in it, what looks like a secret, and known secrets."""
        text = _INPUT.sub(self._input, text)
        text = _USERINFO.sub(lambda found: quote(self.secret(unquote(found[0])), safe=":"), text)
        return self.plain(_PAIR.sub(self._pair, text))

    def plain(self, text: str) -> str:
        """Return a text without what looks like a secret, and known secrets."""
        there = [re.escape(form) for form in self._longest_first if form in text]
        pattern = re.compile("|".join([*there, *_LOOKS])) if there else _LOOKS_SECRET
        return pattern.sub(self._matched, text)

    def _pair(self, found: re.Match[str]) -> str:
        name, value = found.groups()
        if not is_secret(unquote(name)):
            return found[0]
        return f"{name}={quoted(self.secret(unquote_plus(value, errors='surrogateescape')))}"

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
        if not re.fullmatch(CARD, text):
            return self.secret(text)
        for card in cards_in(text):
            text = text.replace(card, self.secret(card))
        return text

    def _remember(self, secret: str) -> None:
        if len(secret) >= MIN_SEARCHED_CHARS:
            self.found.add(secret)


def quoted(text: str) -> str:
    """Return a value as a query or a form has it; `{{name}}` stays as it is."""
    return quote_plus(text, errors="surrogateescape", safe="{}@")


def is_token(segment: str) -> bool:
    """Tell whether a segment of a path is random: 16 letters and digits in a row, and not a UUID."""
    runs = re.findall(r"[A-Za-z0-9]{16,}", segment)
    is_random = any(re.search(r"\d.*\d", run) and re.search(r"[A-Za-z]", run) for run in runs)
    return is_random and not _UUID.fullmatch(segment)
