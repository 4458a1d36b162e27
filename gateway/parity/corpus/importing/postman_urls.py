"""URLs of a Postman collection, as a text or in parts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .members import list_of, pairs_of, table_of, text_of
from .postman_variables import VARIABLE, Variables

_NAME = r"\{\{[^{}]+\}\}"
_ADDRESS = re.compile(rf"((?:{_NAME}|[A-Za-z][A-Za-z0-9+.-]*)://)?((?:{_NAME}|[^/?#])*)")


@dataclass(frozen=True, slots=True)
class PostmanUrl:
    """Holds what of a Postman URL is asked of the app: scheme and host, often a variable, are left to the gateway."""

    path: str
    query: str
    userinfo: str
    """`ada:pw` of `https://ada:pw@a.test`."""
    hosts: tuple[str, ...]
    """Names of the variables that have no value and stand where a host does; there may be a path in one."""


def url_of(given: Any, variables: Variables) -> PostmanUrl:
    """Return a URL with its variables filled in. Raises ValueError for one without a value, and for another scheme."""
    url = {"raw": given} if isinstance(given, str) else table_of(given)
    whole = variables.fill(_text(url).strip(), keeps_unknown=True)
    address = _ADDRESS.match(whole)
    assert address is not None  # it matches an empty text
    scheme = (address[1] or "").removesuffix("://")
    if scheme and not VARIABLE.fullmatch(scheme) and scheme.lower() not in ("http", "https"):
        raise ValueError(f'a URL of "{scheme}", not of http or https')
    userinfo, _, host = address[2].rpartition("@")
    path, _, query = variables.fill(whole[address.end() :].partition("#")[0]).partition("?")
    if url.get("query") or (url.get("host") and "query" in url):  # what is disabled stands in no other place
        members = [name if value is None else f"{name}={value}" for name, value in pairs_of(url["query"])]
        query = variables.fill("&".join(member for member in members if member not in ("", "=")))
    values = dict(pairs_of(url.get("variable")))
    path = "/".join(_segment(segment, values, variables) for segment in path.split("/"))
    return PostmanUrl(path, query, variables.fill(userinfo), tuple(map(str.strip, VARIABLE.findall(host))))


def _text(url: dict[str, Any]) -> str:
    """Return a URL before its variables are filled in: of its parts, as Postman reads it, else as it was written."""
    host, path, raw = url.get("host"), url.get("path"), text_of(url.get("raw"))
    if not host and (raw or not path):
        return raw
    segments = path.removeprefix("/").split("/") if isinstance(path, str) else list_of(path)
    texts = [text_of(one.get("value") if isinstance(one, dict) else one) for one in segments]
    scheme, port = text_of(url.get("protocol")).removesuffix("://"), text_of(url.get("port"))
    user, password = (text_of(table_of(url.get("auth")).get(key)) for key in ("user", "password"))
    name = ".".join(map(text_of, host)) if isinstance(host, list) else text_of(host)
    before, after = f"{scheme}://" if scheme else "", f":{port}" if port else ""
    origin = f"{before}{f'{user}:{password}@' if user else ''}{name}{after}"
    return "".join([origin, *(f"/{text}" for text in texts), *raw.partition("#")[0].partition("?")[1:]])


def _segment(segment: str, values: Mapping[str, str | None], variables: Variables) -> str:
    """Return a segment of a path; of `:id` its value. Raises ValueError where that has none."""
    if not segment.startswith(":") or len(segment) == 1:
        return segment
    name = segment[1:]
    value = variables.given.get(name) or variables.fill(values.get(name) or "")
    if not value:
        raise ValueError(f'no value for ":{name}"; give it with --variable {name}=...')
    return value
