"""Texts without their secrets: values of secret names in URLs and HTML, e-mails, cards, JWTs, known ones. Pure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from ..secret_names import is_secret
from .placeholders import CARD, EMAIL, JWT, Placeholders, cards_in

SHORTEST_ECHO = 6
"""Characters from which on a secret is looked for everywhere, not only where its name stands."""
_PAIR = re.compile(r"(?<![\w.%\[\]-])([\w.%\[\]-]+)=([^&;\s\"'<>]+)")
_INPUT = re.compile(r"<(?:input|meta)\b[^>]{0,1000}>", re.IGNORECASE)
_NAME_OF_INPUT = re.compile(r"""\bname=["']?([\w.\[\]-]+)""", re.IGNORECASE)
_VALUE_OF_INPUT = re.compile(r"""\b(value|content)=("[^"]*"|'[^']*')""", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/?#@\s\"'<>]+(?=@)")
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_LOOKS = (JWT, EMAIL, CARD)
_LOOKS_SECRET = re.compile("|".join(_LOOKS))
_WRITTEN = (str, quote, lambda text: quote(text, safe=""), quote_plus, html.escape, lambda text: json.dumps(text)[1:-1])
"""The ways in which a text may stand in another one."""


class SecretTexts:
    """Replaces secrets in texts; `found` is what it has replaced and what therefore must stand nowhere else."""

    def __init__(self, placeholders: Placeholders, known: Iterable[str], kept: Iterable[str]) -> None:
        self.found: set[str] = set()
        self._placeholders = placeholders
        self._kept = frozenset(f"{{{{{name}}}}}" for name in kept)
        self._echoes = {write(secret): write(placeholders.of(secret)) for secret in known for write in _WRITTEN}
        self._given: set[str] = set()
        self._longest_first = sorted((*self._kept, *self._echoes), key=lambda form: (-len(form), form))

    def secret(self, text: str, *, is_echo: bool = True) -> str:
        """The placeholder of a value whose name, or whose place, says that it is a secret."""
        if not text or text in self._kept or text in self._given:
            return text
        return self._placeholder(text, is_echo=is_echo)

    def number(self, value: float) -> float:
        """The same for a JSON number, of the same type."""
        self._remember(str(value))
        return self._placeholders.number(value)

    def free(self, text: str) -> str:
        """A text without the values of secret names in it, nor what looks like a secret or is a known one."""
        text = _INPUT.sub(self._input, text)
        text = _USERINFO.sub(lambda found: quote(self.secret(unquote(found[0])), safe=":"), text)
        return self.plain(_PAIR.sub(self._pair, text))

    def plain(self, text: str) -> str:
        """A text without what looks like a secret or is a known one."""
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
        return _VALUE_OF_INPUT.sub(self._value, found[0])

    def _value(self, found: re.Match[str]) -> str:
        return f'{found[1]}="{html.escape(self.secret(html.unescape(found[2][1:-1])))}"'

    def _matched(self, found: re.Match[str]) -> str:
        text = found[0]
        if text in self._kept or text in self._given:
            return text
        if text in self._echoes:
            return self._echoes[text]
        if re.fullmatch(CARD, text):
            return self._without_cards(text)
        return self._placeholder(text)

    def _without_cards(self, run: str) -> str:
        for card in cards_in(run):
            run = run.replace(card, self._placeholder(card))
        return run

    def _placeholder(self, secret: str, *, is_echo: bool = True) -> str:
        if is_echo:
            self._remember(secret)
        shown = self._placeholders.of(secret)
        self._given.add(shown)
        return shown

    def _remember(self, secret: str) -> None:
        if len(secret) >= SHORTEST_ECHO:
            self.found.add(secret)


def quoted(text: str) -> str:
    """A value of a query or a form, encoded; `{{name}}` stays as it is."""
    return quote_plus(text, errors="surrogateescape", safe="{}@")


def is_token(segment: str) -> bool:
    """Whether a segment of a path is one that nobody thought of: 16 letters and digits in a row, and no UUID."""
    runs = re.findall(r"[A-Za-z0-9]{16,}", segment)
    is_random = any(re.search(r"\d.*\d", run) and re.search(r"[A-Za-z]", run) for run in runs)
    return is_random and not _UUID.fullmatch(segment)
