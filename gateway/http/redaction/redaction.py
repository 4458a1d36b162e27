"""Replace every secret of a message by a placeholder of its shape, before anything is written. Pure.

The same secret has the same placeholder under one salt; without the salt, which nothing keeps, no way leads back.
Names that say "secret" are in secret_names.py. FAIL CLOSED: a body that is no form, no multipart and no JSON is left
out, and so is a compressed one; a segment of a path that nobody can guess is a secret, but for ids that answers gave.

Messages are not read here as message.py reads them: what was found is replaced in place, and every other byte stays.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from ..headers import boundary_of, media_type_of
from ..message import FORM_TYPE, Exchange, Headers, Request, json_leaves, values_of, with_length
from ..multipart import read_part
from ..secret_names import CREDENTIALS, is_secret
from .reading import OPENING, encoding_of, hides_text, like_before, parsed_json, text_of
from .secret_texts import HOOK, Placeholders, SecretTexts, is_token, quoted

_ID = re.compile(r"(?:^|[_.\]])(?i:id|uuid|guid|uid|slug)$|(?<=[a-z])(?:Id|ID|Uuid|Guid)$")
"""A name of JSON by which a client knows a thing."""
_NAMING = frozenset(
    {"name", "key", "field", "id", "label", "param", "attribute", "property", "type", "op", "path", "k"}
)
"""Keys of `{"name": "password", "value": ...}`."""
_OF_GRANT = re.compile(r"state|grant_type|redirect_uri|client_id|code_verifier|session_state|iss|scope")
_CODE = re.compile(r"code=[^&]{8}")
_IS_PLAIN_VALUE = re.compile(r"\s*(?:true|false|null|-?\d{1,9}(?:\.\d{1,9})?)?\s*")
"""JSON of no strength: a number or a word of its own."""
_MAX_LAYERS = 4
_BLANK = re.compile(r"\r?\n\r?\n")
_URL = re.compile(r"(?:/|https?://)[^\s\"'<>]*")
_IS_HOOK = re.compile(HOOK)
_URL_INSIDE = re.compile(r"https?://[^\s\"'<>]+")
_BEFORE_CODE = re.compile(
    r"(?:reset|verify|confirm|invite|share|magic|password|token|activate|unsubscribe)(?:[-_]\w+)?"
)
"""Segments of a path after which a code stands."""
_NAMES_NEXT = re.compile(r"(?:^|[\[._])(?:name|key|field|label)\]?(?:\[\])?$", re.IGNORECASE)
"""Names of form fields whose value names the next one."""
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
    named = ((name, value) for name, value in leaves if isinstance(value, str))
    return frozenset(value for name, value in named if _ID.search(name) and not is_secret(name))


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
        content_type = next((text_of(value) for value in values_of(headers, b"content-type")), "")
        if any(value.strip().lower() != b"identity" for value in values_of(headers, b"content-encoding")):
            headers = tuple(header for header in headers if header[0].lower() != b"content-encoding")
            clean = b""
        else:
            clean = self._body(body, content_type)
        redacted = tuple((name, self._header(name.decode("latin-1").lower(), value)) for name, value in headers)
        return with_length(redacted, body, clean), clean

    # --- headers ---

    def _header(self, name: str, value: bytes) -> bytes:
        text = text_of(value)
        if name in CREDENTIALS:
            clean = self._credentials(text)
        elif name == "cookie":
            clean = ";".join(map(self._cookie, text.split(";")))
        elif name == "set-cookie":
            pair, separator, attributes = text.partition(";")
            clean = f"{self._cookie(pair)}{separator}{self.texts.free(attributes)}"
        else:
            clean = self.texts.secret(text) if is_secret(name) else self._value(text)
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
        segments = path.split("/")
        clean = (self._segment(one, after=before) for before, one in zip(["", *segments], segments, strict=False))
        return f"{'/'.join(clean)}{mark}{self._pairs(query)}"

    def _segment(self, segment: str, after: str = "") -> str:
        segment, semicolon, parameters = segment.partition(";")  # `;jsessionid=...`
        if semicolon:
            return f"{self._segment(segment, after)};{';'.join(map(self._pair, parameters.split(';')))}"
        text = unquote(segment, errors="surrogateescape")
        is_code = _BEFORE_CODE.fullmatch(after) is not None and len(text) >= 6 and re.search(r"\d", text) is not None
        is_secret_text = (is_code or is_token(text)) and text not in self.given_out
        clean = self.texts.secret(text) if is_secret_text else self.texts.plain(text)
        return segment if clean == text else quote(clean, errors="surrogateescape", safe="{}@:+,;=!$&'()*~")

    def _pairs(self, text: str) -> str:
        pairs = text.split("&")
        # What an authorization server gives by way of the browser (RFC 6749, 4.1.2) has a harmless name.
        is_grant = any(_OF_GRANT.fullmatch(pair.partition("=")[0]) for pair in pairs)
        found, is_named = [], False
        for pair in pairs:
            found.append(self._pair(pair, secret=is_named or (is_grant and _CODE.match(pair) is not None)))
            name, _, value = pair.partition("=")
            is_named = _NAMES_NEXT.search(unquote_plus(name)) is not None and is_secret(unquote_plus(value))
        return "&".join(found)

    def _pair(self, pair: str, *, secret: bool = False) -> str:
        name, equals, value = pair.partition("=")
        name_text, text = (unquote_plus(part, errors="surrogateescape") for part in (name, value))
        if not equals or name_text.lstrip()[:1] in OPENING:  # no name, but a value
            clean = self._value(unquote_plus(pair, errors="surrogateescape"), is_unnamed=True)
            return pair if clean == unquote_plus(pair, errors="surrogateescape") else quoted(clean)
        clean_name = self.texts.looks(name_text)
        clean = self.texts.secret(text) if secret or is_secret(name_text) else self._value(text)
        if clean == text and clean_name == name_text:
            return pair
        return f"{name if clean_name == name_text else quoted(clean_name)}{equals}{quoted(clean)}"

    def _value(self, text: str, *, is_unnamed: bool = False) -> str:
        """Redact a value of no secret name; one that says something else once it is decoded is a secret as a whole."""
        if is_unnamed and is_token(text):
            return self.texts.secret(text)
        inner = text
        for _ in range(_MAX_LAYERS):
            if hides_text(inner):
                return self.texts.secret(text)
            if (decoded := html.unescape(unquote_plus(inner) if "%" in inner else inner)) == inner:
                break
            inner = decoded
            if self._document(inner) != inner:
                return self.texts.secret(text)
        return self._document(text)

    # --- bodies ---

    def _body(self, body: bytes, content_type: str) -> bytes:
        """Return what is known to be without secrets of a body; nothing of one that is of no readable kind."""
        encoding = encoding_of(body, content_type) if body else None
        if encoding is None:
            return b""
        text, boundary = body.decode(encoding), boundary_of(content_type)
        if boundary:
            clean = f"--{boundary}".join(map(self._part, text.split(f"--{boundary}")))
        elif text.lstrip("\ufeff \t\r\n")[:1] in OPENING:  # whatever it is said to be
            clean = self._json_text(text)
        elif media_type_of(content_type) == FORM_TYPE and "=" in text:
            clean = self._pairs(text)
        else:  # of no kind that says which of it is a secret; what looks like one is one elsewhere too
            clean = self._document(text) if _IS_PLAIN_VALUE.fullmatch(text) else self._document(text)[:0]
        return clean.encode(encoding)

    def _json_text(self, text: str) -> str:
        """Redact one JSON text, or one a line; nothing is left of what only looks like JSON."""
        pieces = [(text, parsed_json(text))]
        if pieces[0][1] is None:
            pieces = [(line, parsed_json(line)) for line in text.splitlines(keepends=True)]
        if any(value is None and piece.strip() for piece, value in pieces):
            self._document(text)  # for what it knows of secrets elsewhere
            return ""
        return "".join(piece if value is None else self._parsed(piece, value[0]) for piece, value in pieces)

    def _part(self, piece: str) -> str:
        """Redact one part of a multipart body; the content of a file is left out, and of what has no name."""
        if re.fullmatch(r"(?:--)?\s*", piece):
            return piece
        part = read_part(piece.encode("utf-8", "surrogateescape"))
        head, blank, content = re.split(r"(\r?\n\r?\n)", piece, maxsplit=1) if _BLANK.search(piece) else (piece, "", "")
        if part is None or not blank:
            return ""
        end = "\r\n" if content.endswith("\r\n") else ""
        content = content[: len(content) - len(end)]
        if part.filename is not None or part.media_type is not None:
            raw = content.encode("utf-8", "surrogateescape")
            clean = self._body(raw, part.media_type or "").decode("utf-8", "surrogateescape")
        else:
            clean = self.texts.secret(content) if is_secret(unquote(part.name)) else self._value(content)
        return f"{self.texts.free(head)}{blank}{clean}{end}"

    def _document(self, text: str) -> str:
        """Redact a text that may be JSON or a URL, also within JSON, a form or a part."""
        if _URL.fullmatch(text):
            return self.target(text) if text.startswith("/") else self._url(text)
        if text.lstrip()[:1] not in OPENING:
            return self.texts.free(_URL_INSIDE.sub(lambda found: self._url(found[0]), text))
        value = parsed_json(text)
        if value is None:
            # Almost JSON: nobody knows where the value of a secret name ends, so all that follows is one.
            key = next((key for key in _JSON_KEY.finditer(text) if is_secret(key[1])), None)
            if key is None:
                return self.texts.free(text)
            return f'{self.texts.free(text[: key.end()])}"{self.texts.secret(text[key.end() :])}'
        return self._parsed(text, value[0])

    def _parsed(self, text: str, value: Any) -> str:
        """Redact a JSON text whose value is known."""
        clean = self._json(value, secret=False)
        return text if clean == value else like_before(text, value, clean)

    def _url(self, url: str) -> str:
        if _IS_HOOK.search(url):
            return self.texts.free(url)
        scheme, rest, path = re.match(r"([^:]*://)([^/?#]*)(.*)", url, re.DOTALL).groups()  # type: ignore[union-attr]
        return self.texts.free(scheme + rest) + self.target(path)

    def _json(self, value: Any, *, secret: bool) -> Any:
        if isinstance(value, dict):
            return self._object(value, secret=secret)
        if isinstance(value, list):
            is_pair = len(value) == 2 and isinstance(value[0], str) and is_secret(value[0])
            return [self._json(below, secret=secret or (is_pair and at == 1)) for at, below in enumerate(value)]
        if isinstance(value, str):
            return self.texts.secret(value) if secret else self._value(value)
        if value is None or isinstance(value, bool):
            return value
        return self.texts.number(value) if secret else type(value)(self.texts.looks(str(value)))

    def _object(self, value: dict[str, Any], *, secret: bool) -> dict[str, Any]:
        """Redact an object by its keys, and by a value that names what another value is."""
        texts = {key: text for key, text in value.items() if isinstance(text, str)}
        named = any(key.casefold() in _NAMING and is_secret(text.rpartition("/")[2]) for key, text in texts.items())
        is_grant = any(_OF_GRANT.fullmatch(key) for key in value)
        return {
            self.texts.looks(key): self._json(
                below,
                secret=secret
                or is_secret(key)
                or (named and key.casefold() not in _NAMING)
                or (is_grant and key == "code"),
            )
            for key, below in value.items()
        }
