"""The same case from somebody who must not be let in: anonymous, wrong, another user, without a CSRF token. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...http.headers import parse_cookies, replace_cookie_values
from ...http.message import FORM_TYPE, Headers, Request, json_bytes, pair_name
from ...http.multipart import join_parts, read_part, split_parts
from ..corpus.case import Case, Step
from .samples import credential_headers, is_csrf, needed_steps

_BOGUS = (b"authorization", b"Bearer gateway-parity-wrong-token")


def spoilt(case: Case, others: Sequence[Case]) -> tuple[Case, ...]:
    """The case with the credential of its last request spoilt in every way that it can be.

    `others` lend the credential of another user. A case without any credential gets only a bogus bearer token; one
    that is spoilt already gives nothing.
    """
    if case.credential != "given" or not case.steps:
        return ()
    request = case.steps[-1].request
    given = credential_headers(request)
    variants: list[Case] = []
    if given:
        rest = tuple(header for header in request.headers if header not in given)
        variants.append(_asked(case, "anonymous", replace(request, headers=rest)))
        headers = tuple(_altered(*header) if header in given else header for header in request.headers)
        variants.append(_asked(case, "wrong", replace(request, headers=headers)))
        variants += _other_user(case, given, others)
    else:
        variants.append(_asked(case, "wrong", replace(request, headers=(*request.headers, _BOGUS))))
    without = _without_csrf(request)
    if without != request:
        variants.append(_asked(case, "no-csrf", without))
    return tuple(variants)


def cut_after(case: Case, count: int) -> Case:
    """The case up to its request of that number, under a name that says so; the whole case where that is the last."""
    if count == len(case.steps):
        return case
    return replace(case, name=f"{case.name}, request {count}", steps=case.steps[:count])


def is_signed(case: Case) -> bool:
    """Whether its last request carries a credential."""
    return bool(case.steps and credential_headers(case.steps[-1].request))


def _asked(case: Case, credential: str, request: Request, before: tuple[Step, ...] | None = None) -> Case:
    steps = (*(case.steps[:-1] if before is None else before), replace(case.steps[-1], request=request))
    return replace(case, name=f"{case.name} [{credential}]", steps=steps, credential=credential)


# --- wrong ---


def _altered(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Of the same shape, and nobody's."""
    if name.lower() == b"cookie":
        return name, replace_cookie_values(value, lambda _, text: _one_changed(text))
    scheme, space, proof = value.rpartition(b" ")
    is_basic = scheme.lower() == b"basic"
    return name, scheme + space + (_wrong_password(proof) if is_basic else _one_changed(proof))


def _one_changed(text: bytes) -> bytes:
    """Another character in its middle; after a kept value, for that is not known yet."""
    if not text or text.endswith(b"}}"):
        return text + b"x"
    middle = len(text) // 2
    return text[:middle] + (b"B" if text[middle : middle + 1] == b"A" else b"A") + text[middle + 1 :]


def _wrong_password(proof: bytes) -> bytes:
    try:
        user, sign, password = base64.b64decode(proof, validate=True).partition(b":")
    except binascii.Error:
        return _one_changed(proof)
    return base64.b64encode(user + sign + password + b"x")


# --- another user's ---


def _other_user(case: Case, given: Headers, others: Sequence[Case]) -> Iterator[Case]:
    """The first credential of the same kind with another value, or another way to it that leads in from this state."""
    mine = needed_steps(case.steps[:-1], given)
    for other in sorted(others, key=lambda other: other.state != case.state):
        for at, step in enumerate(other.steps if other.credential == "given" else ()):
            theirs = credential_headers(step.request)
            before = needed_steps(other.steps[:at], theirs)
            is_known = other.state == case.state or not before
            if is_known and _kinds(theirs) == _kinds(given) and _who(before, theirs) != _who(mine, given):
                yield _as_other(case, given, before, theirs)
                return


def _as_other(case: Case, given: Headers, before: tuple[Step, ...], theirs: Headers) -> Case:
    """Their way in right before the last request, after all that came before: what they keep counts then."""
    request = case.steps[-1].request
    rest = tuple(header for header in request.headers if header not in given)
    return _asked(case, "other-user", replace(request, headers=(*rest, *theirs)), (*case.steps[:-1], *before))


def _kinds(headers: Headers) -> set[tuple[bytes, str]]:
    """Names, with the scheme or the names of the cookies."""
    return {(name.lower(), kind) for name, value in headers for kind in _kinds_of(name, value)}


def _kinds_of(name: bytes, value: bytes) -> list[str]:
    text = value.decode("latin-1")
    if name.lower() == b"cookie":
        return [cookie for cookie, _ in parse_cookies(text)]
    return [text.partition(" ")[0].lower()] if " " in text else [""]


def _who(before: tuple[Step, ...], headers: Headers) -> tuple[object, ...]:
    """What tells two credentials apart: the values, and for kept ones the logins that gave them."""
    return (tuple((step.request.target, step.request.body, step.request.headers) for step in before), headers)


# --- without a CSRF token ---


def _without_csrf(request: Request) -> Request:
    headers = tuple(header for header in request.headers if not is_csrf(header[0].decode("latin-1")))
    return replace(request, headers=headers).with_body(_body_without_csrf(request))


def _body_without_csrf(request: Request) -> bytes:
    """Return the body without its token; a form keeps every other byte."""
    if request.media_type == FORM_TYPE:
        return b"&".join(pair for pair in request.body.split(b"&") if not is_csrf(pair_name(pair)))
    if request.boundary:
        pieces = split_parts(request.body, request.boundary)
        return join_parts(piece for piece in pieces if not ((part := read_part(piece)) and is_csrf(part.name)))
    value = request.json if request.media_type.endswith("json") else None
    kept = {key: given for key, given in value.items() if not is_csrf(key)} if isinstance(value, dict) else value
    return request.body if kept == value else json_bytes(kept)
