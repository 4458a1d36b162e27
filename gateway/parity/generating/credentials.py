"""A case from somebody who must not be let in: anonymous, wrong, another user, without a CSRF token. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from ...http.headers import parse_cookies, replace_cookie_values
from ...http.message import FORM_TYPE, Headers, Request, json_bytes, pair_name
from ...http.multipart import join_parts, read_part, split_parts
from ..corpus.case import Case
from .samples import Credential, credential_headers, is_csrf
from .variation import Group

_BOGUS = (b"authorization", b"Bearer gateway-parity-wrong-token")


def credential_variants(case: Case, others: Sequence[Case]) -> Iterator[Case]:
    """Yield the case with each credential that must not let its last request in.

    `others` lend the credential of another user. A case without any credential gets only a bogus bearer token; one
    whose credential is not its own gives nothing.
    """
    if case.credential != "given" or not case.steps:
        return
    request, own = case.steps[-1].request, Credential.of(case, len(case.steps) - 1)
    if own is None:
        headers = (*request.headers, _BOGUS)
        yield _variant(case, Group.WRONG_CREDENTIAL, "wrong", replace(request, headers=headers))
    else:
        rest = tuple(header for header in request.headers if header not in own.headers)
        yield _variant(case, Group.ANONYMOUS, "anonymous", replace(request, headers=rest))
        headers = tuple(_altered(*header) if header in own.headers else header for header in request.headers)
        yield _variant(case, Group.WRONG_CREDENTIAL, "wrong", replace(request, headers=headers))
        if lent := _lent(own, others):
            # Right before the last request, after all that came before: what the way in captures counts then.
            variant = _variant(case, Group.OTHER_USER, "other-user", replace(request, headers=(*rest, *lent.headers)))
            steps = (*case.steps[:-1], *lent.steps, variant.steps[-1])
            yield replace(variant, steps=steps, origin=f'{variant.origin}, lent login of "{lent.case}"')
    without = _without_csrf(request)
    if without != request:
        yield _variant(case, Group.NO_CSRF, "no-csrf", without)


def is_signed(case: Case) -> bool:
    """Tell whether the last request of a case carries a credential."""
    return bool(case.steps and credential_headers(case.steps[-1].request))


def _variant(case: Case, group: Group, credential: str, request: Request) -> Case:
    return replace(
        case,
        name=f"{case.name} [{credential}]",
        steps=(*case.steps[:-1], replace(case.steps[-1], request=request)),
        credential=credential,
        origin=f'{group} of "{case.name}", {case.origin}',
    )


# --- wrong ---


def _altered(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Return a credential of the same shape that is nobody's: of Basic another password, of any other another text."""
    if name.lower() == b"cookie":
        return name, replace_cookie_values(value, lambda _, text: _one_changed(text))
    scheme, space, proof = value.rpartition(b" ")
    if scheme.lower() == b"basic":
        with suppress(binascii.Error):  # not Base64: any other text is as wrong
            return name, scheme + space + base64.b64encode(base64.b64decode(proof, validate=True) + b"x")
    return name, scheme + space + _one_changed(proof)


def _one_changed(text: bytes) -> bytes:
    """Return the text with another character in its middle; a captured value, not known yet, with one after it."""
    if not text or text.endswith(b"}}"):
        return text + b"x"
    middle = len(text) // 2
    return text[:middle] + (b"B" if text[middle : middle + 1] == b"A" else b"A") + text[middle + 1 :]


# --- another user's ---


def _lent(own: Credential, others: Sequence[Case]) -> Credential | None:
    """Return the first credential of the same kind that is another's.

    Another's has another value, or another login that leads in from the same state.
    """
    for other in sorted(others, key=lambda other: other.state != own.state):
        for at in range(len(other.steps) if other.credential == "given" else 0):
            lent = Credential.of(other, at)
            if lent is None or (lent.steps and lent.state != own.state):
                continue
            if _kinds(lent.headers) == _kinds(own.headers) and _identity(lent) != _identity(own):
                return lent
    return None


def _kinds(headers: Headers) -> set[tuple[bytes, str]]:
    """Return the name of each header with its scheme, or with the name of each cookie."""
    kinds = set()
    for name, value in headers:
        text = value.decode("latin-1")
        if name.lower() == b"cookie":
            kinds |= {(b"cookie", cookie) for cookie, _ in parse_cookies(text)}
        else:
            kinds.add((name.lower(), text.partition(" ")[0].lower() if " " in text else ""))
    return kinds


def _identity(one: Credential) -> tuple[object, ...]:
    """Return what tells two credentials apart: the values, and for captured ones the logins that gave them."""
    return tuple((step.request.target, step.request.body, step.request.headers) for step in one.steps), one.headers


# --- without a CSRF token ---


def _without_csrf(request: Request) -> Request:
    """Return the request without its token in headers and body; a form keeps every other byte."""
    headers = tuple(header for header in request.headers if not is_csrf(header[0].decode("latin-1")))
    body, value = request.body, request.json if request.media_type.endswith("json") else None
    if request.media_type == FORM_TYPE:
        body = b"&".join(pair for pair in body.split(b"&") if not is_csrf(pair_name(pair)))
    elif request.boundary:
        pieces = split_parts(body, request.boundary)
        body = join_parts(piece for piece in pieces if not ((part := read_part(piece)) and is_csrf(part.name)))
    elif isinstance(value, dict) and any(map(is_csrf, value)):
        body = json_bytes({key: given for key, given in value.items() if not is_csrf(key)})
    return replace(request, headers=headers).with_body(body)
