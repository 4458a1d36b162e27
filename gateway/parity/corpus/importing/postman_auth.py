"""Authentication of a Postman collection: what it adds to a request."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from .members import pairs_of, table_of, text_of
from .postman_variables import Variables

_SECRETS = {"bearer": "token", "oauth2": "accessToken", "apikey": "value"}


@dataclass(frozen=True, slots=True)
class Credential:
    """Hold a header or a parameter of the query."""

    name: str
    value: str
    is_header: bool = True


def credential_of(auth: Any, variables: Variables) -> Credential | None:
    """Return what authentication adds, as Postman would; None for none. v2.0 has an object of values, v2.1 a list.

    A secret that is empty gives an empty value. Raises ValueError for a kind that has to be computed for each request.
    """
    auth = table_of(auth)
    kind = text_of(auth.get("type"))
    values = {name: variables.fill(value or "") for name, value in pairs_of(auth.get(kind))}
    if kind in ("", "noauth"):
        return None
    if kind == "basic":
        return basic_credential(values.get("username", ""), values.get("password", ""))
    if kind not in _SECRETS:
        raise ValueError(f'authentication "{kind}" cannot be taken over; use bearer, basic or an API key')
    secret = values.get(_SECRETS[kind], "")
    if kind == "apikey":
        return Credential(values.get("key", "").strip(), secret, values.get("in") != "query")
    if values.get("addTokenTo") == "queryParams":
        return Credential("access_token", secret, is_header=False)
    return Credential("authorization", secret and f"{values.get('headerPrefix', 'Bearer').strip()} {secret}".strip())


def basic_credential(user: str, password: str) -> Credential:
    """Return the header of Basic authentication (RFC 7617)."""
    return Credential("authorization", f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}")
