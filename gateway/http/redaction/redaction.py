"""Replace every secret of a message by a placeholder of its shape, before anything is written. Pure.

The same secret has the same placeholder under one salt; without the salt, which nothing keeps, no way leads back.
Names that say "secret" are in secret_names.py. FAIL CLOSED: a body that is no form, no multipart and no JSON is left
out, and so is a compressed one; a segment of a path that nobody can guess is a secret, but for ids that answers gave.

Messages are not read here as message.py reads them: what was found is replaced in place, also in a body that is cut or
almost JSON, and every other byte stays.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from ..headers import media_type_of, parameter_of
from ..message import FORM_TYPE, Exchange, Headers, Request, json_leaves, values_of, with_length
from ..secret_names import CREDENTIALS, is_secret
from .secret_texts import Placeholders, SecretTexts, is_token, quoted

_ID = re.compile(r"(?:^|[_.\]])(?:id|uuid|guid|uid|slug)$|(?<=[a-z])(?:Id|ID|Uuid|Guid)$", re.IGNORECASE)
"""A name of JSON by which a client knows a thing."""
_NAMING, _VALUES = (
    ("name", "key", "field", "id", "label", "param"),
    frozenset({"value", "values", "val", "content", "text"}),
)
"""Keys of `{"name": "password", "value": ...}`."""
_OF_GRANT = re.compile(r"state|grant_type|redirect_uri|client_id|code_verifier|session_state|iss|scope")
_CODE = re.compile(r"code=[^&]{8}")
_PROGRAMS = frozenset({"application/graphql", "application/javascript", "text/javascript"})
_IS_PLAIN_VALUE = re.compile(r"\s*(?:true|false|null|-?\d{1,9}(?:\.\d{1,9})?)?\s*")
"""JSON of no strength: a number or a word of its own."""
_JSON_KEY = re.compile(r'"([^"\\]+)\\*"\s*:\s*')


def redact_request(
    request: Request,
    salt: bytes,
    known: Iterable[str] = (),
    kept: Iterable[str] = (),
    given_out: frozenset[str] = frozenset(),
) -> Request:
    """Return the request without its secrets and those `known` from elsewhere; `{{name}}` of a kept name stays.

    `given_out` are ids that the app has told (`ids_given_out`).
    """
    texts = SecretTexts(Placeholders(salt), {*known, *secrets_of(request, kept, given_out)}, kept)
    return _Redactor(texts, given_out).request(request)


def ids_given_out(exchanges: Iterable[Exchange]) -> frozenset[str]:
    """Return the ids in the JSON of answers, by which clients ask further: no secrets, however random they look."""
    leaves = (leaf for exchange in exchanges for leaf in json_leaves(exchange.response.json))
    return frozenset(value for name, value in leaves if isinstance(value, str) and _ID.search(name))


def redact_title(title: str, salt: bytes, known: Iterable[str] = (), kept: Iterable[str] = ()) -> str:
    """Return a text without the secrets in it, each word that begins with `/` read as a request target."""
    redactor = _Redactor(SecretTexts(Placeholders(salt), known, kept))
    words = title.split(" ")
    return " ".join(redactor.target(word) if word.startswith("/") else redactor.texts.free(word) for word in words)


def secrets_of(
    found_in: Exchange | Request, kept: Iterable[str] = (), given_out: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Return every secret that is long enough to be looked for elsewhere; `{{name}}` of a kept name is none."""
    redactor = _Redactor(SecretTexts(Placeholders(b""), (), kept), given_out)
    if isinstance(found_in, Exchange):
        redactor.message(found_in.response.headers, found_in.response.body)
    redactor.request(found_in.request if isinstance(found_in, Exchange) else found_in)
    return frozenset(redactor.texts.found)


@dataclass(frozen=True, slots=True)
class _Redactor:
    """Rewrites what has a structure by its names; only where something was found is a byte other than before."""

    texts: SecretTexts
    given_out: frozenset[str] = frozenset()

    def request(self, request: Request) -> Request:
        headers, body = self.message(request.headers, request.body)
        target = self.target(request.target.decode("latin-1")).encode("latin-1")
        return replace(request, target=target, headers=headers, body=body)

    def message(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        content_type = next((_text(value) for value in values_of(headers, b"content-type")), "")
        if any(value.strip().lower() != b"identity" for value in values_of(headers, b"content-encoding")):
            headers = tuple(header for header in headers if header[0].lower() != b"content-encoding")
            clean = b""
        else:
            clean = self._body(body, content_type)
        redacted = tuple((name, self._header(name.decode("latin-1").lower(), value)) for name, value in headers)
        return with_length(redacted, body, clean), clean

    # --- headers ---

    def _header(self, name: str, value: bytes) -> bytes:
        text = _text(value)
        if name in CREDENTIALS:
            clean = self._credentials(text)
        elif name == "cookie":
            clean = ";".join(map(self._cookie, text.split(";")))
        elif name == "set-cookie":
            pair, separator, attributes = text.partition(";")
            clean = f"{self._cookie(pair)}{separator}{self.texts.free(attributes)}"
        else:
            clean = self.texts.secret(text) if is_secret(name) else self._document(text)
        return value if clean == text else clean.encode()

    def _credentials(self, text: str) -> str:
        scheme, space, proof = text.partition(" ")
        if not space:
            return self.texts.secret(text)
        if scheme.lower() == "basic":
            try:
                user, colon, password = base64.b64decode(proof.strip(), validate=True).decode().partition(":")
            except ValueError:
                return f"{scheme} {self.texts.secret(proof.strip())}"
            clean = f"{self.texts.secret(user)}{colon}{self.texts.secret(password)}"
            return f"{scheme} {base64.b64encode(clean.encode()).decode()}"
        return f"{scheme} {self.texts.secret(proof)}"

    def _cookie(self, pair: str) -> str:
        """Redact one cookie; a short one of a harmless name is often a word (`lang=english`), not to be searched."""
        name, equals, value = pair.partition("=")
        is_searched = is_secret(name.strip()) or len(value) >= 16
        return f"{name}{equals}{self.texts.secret(value, is_searched=is_searched)}"

    # --- targets and forms ---

    def target(self, target: str) -> str:
        path, mark, query = target.partition("?")
        return f"{'/'.join(map(self._segment, path.split('/')))}{mark}{self._pairs(query)}"

    def _segment(self, segment: str) -> str:
        segment, semicolon, parameters = segment.partition(";")  # `;jsessionid=...`
        if semicolon:
            return f"{self._segment(segment)};{';'.join(map(self._pair, parameters.split(';')))}"
        text = unquote(segment, errors="surrogateescape")
        is_secret_text = is_token(text) and text not in self.given_out
        clean = self.texts.secret(text) if is_secret_text else self.texts.plain(text)
        return segment if clean == text else quote(clean, errors="surrogateescape", safe="{}@:+,;=!$&'()*~")

    def _pairs(self, text: str) -> str:
        pairs = text.split("&")
        # What an authorization server gives by way of the browser (RFC 6749, 4.1.2) has a harmless name.
        is_grant = any(_OF_GRANT.fullmatch(pair.partition("=")[0]) for pair in pairs)
        return "&".join(self._pair(pair, secret=is_grant and _CODE.match(pair) is not None) for pair in pairs)

    def _pair(self, pair: str, *, secret: bool = False) -> str:
        name, equals, value = pair.partition("=")
        name_text, text = (unquote_plus(part, errors="surrogateescape") for part in (name, value))
        clean_name = self.texts.plain(name_text)
        clean = self.texts.secret(text) if secret or is_secret(name_text) else self._document(text)
        if clean == text and clean_name == name_text:
            return pair
        return f"{name if clean_name == name_text else quoted(clean_name)}{equals}{quoted(clean)}"

    # --- bodies ---

    def _body(self, body: bytes, content_type: str) -> bytes:
        if not body:
            return body
        encoding = _encoding_of(body, content_type)
        text = body.decode(encoding)
        if boundary := parameter_of(content_type, "boundary"):  # of whatever type: a secret part must not get through
            clean = f"--{boundary}".join(map(self._part, text.split(f"--{boundary}")))
        elif media_type_of(content_type) == FORM_TYPE:
            clean = self._pairs(text)
        elif text.lstrip("\ufeff \t\r\n")[:1] in {"{", "[", '"'} and media_type_of(content_type) not in _PROGRAMS:
            clean = self._document(text)
        else:  # of no kind that says which of it is a secret; what looks like one is one elsewhere too
            clean = self._document(text) if _IS_PLAIN_VALUE.fullmatch(text) else self._document(text)[:0]
        return clean.encode(encoding)

    def _part(self, piece: str) -> str:
        """Redact one part of a multipart body, whole or cut."""
        head, blank, content = piece.partition("\r\n\r\n")
        name = re.search(r'\bname="?([^"\r\n;]*)', head)
        end = "\r\n" if content.endswith("\r\n") else ""
        content = content[: len(content) - len(end)]
        clean = self.texts.secret(content) if name and is_secret(name[1]) else self._document(content)
        return f"{self.texts.free(head)}{blank}{clean}{end}"

    def _document(self, text: str) -> str:
        """Redact a text that may be JSON, also within JSON, a form or a part."""
        if text.lstrip()[:1] not in {"{", "[", '"'}:
            return self.texts.free(text)
        try:
            value = json.loads(text)
            clean = self._json(value, secret=False)
        except (ValueError, RecursionError):
            # Almost JSON: nobody knows where the value of a secret name ends, so all that follows is one.
            key = next((key for key in _JSON_KEY.finditer(text) if is_secret(key[1])), None)
            if key is None:
                return self.texts.free(text)
            return f'{self.texts.free(text[: key.end()])}"{self.texts.secret(text[key.end() :])}'
        return self.texts.free(text) if clean == value else _like_before(text, value, clean)

    def _json(self, value: Any, *, secret: bool) -> Any:
        if isinstance(value, dict):
            named = any(isinstance(value.get(key), str) and is_secret(value[key]) for key in _NAMING)
            pairs = (
                (key, self._json(below, secret=secret or is_secret(key) or (named and key.lower() in _VALUES)))
                for key, below in value.items()
            )
            return {self.texts.plain(key): clean for key, clean in pairs}
        if isinstance(value, list):
            return [self._json(below, secret=secret) for below in value]
        if isinstance(value, str):
            return self.texts.secret(value) if secret else self._document(value)
        if value is None or isinstance(value, bool):
            return value
        return self.texts.number(value) if secret else type(value)(self.texts.plain(str(value)))


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _encoding_of(body: bytes, content_type: str) -> str:
    """Return one that decodes the body and encodes it again: what the header says, what JSON would be in, else latin-1.

    Punycode and IDNA are encodings of Python's that take the square of a body's length.
    """
    charset = parameter_of(content_type, "charset")
    named = "utf-8" if charset.lower() in {"", "idna", "punycode"} else charset
    for encoding in (named, json.detect_encoding(body), "utf-8"):
        with suppress(LookupError, ValueError, TypeError):
            if body.decode(encoding).encode(encoding) == body:
                return encoding
    return "latin-1"


def _like_before(text: str, value: Any, clean: Any) -> str:
    """Return the clean value, spaced and escaped as the text was."""
    for separators in ((",", ":"), (", ", ": ")):
        for ensure_ascii in (False, True):
            if json.dumps(value, ensure_ascii=ensure_ascii, separators=separators) == text.strip():
                return json.dumps(clean, ensure_ascii=ensure_ascii, separators=separators)
    return str(json.dumps(clean))
