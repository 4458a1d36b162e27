"""Postman collections, v2.0 and v2.1: a case a request, named by its folders, as Postman would send it.

Variables are filled in and authentication is inherited. Scripts are not run: a variable that one would set has to be
given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from ....http.headers import media_type_of
from ....http.multipart import MULTIPART_TYPE
from ..case import Case, Step
from .files import fault_of, read_json, required
from .imported import Imported, Remarks, printable
from .members import list_of, pairs_of, table_of, text_of
from .postman_auth import credential_of
from .postman_bodies import body_of
from .postman_variables import VARIABLE, Variables
from .steps import reason_of, step_of, target_of

_BODILESS = ("GET", "HEAD", "COPY", "PURGE", "UNLOCK")
"""Methods with which Postman sends no body, unless the request says `disableBodyPruning`."""
_NAME = r"\{\{[^{}]+\}\}"
_ADDRESS = re.compile(rf"((?:{_NAME}|[A-Za-z][A-Za-z0-9+.-]*)://)?((?:{_NAME}|[^/?#])*)")
_CALCULATED = "<calculated when request is sent>"
"""Postman's value for the headers that it adds by itself."""


def read_postman(path: Path, variables: Mapping[str, str] | None = None) -> Imported:
    """Return the cases of a collection, as exported or as Postman's API gives it; `variables` beat its own.

    Two requests of a folder may have one name. Raises CorpusError where it is none, and where nothing can be taken.
    """
    tree = table_of(read_json(path))
    tree = table_of(tree.get("collection", tree))
    schema = text_of(table_of(tree.get("info")).get("schema"))
    if not isinstance(tree.get("item"), list):
        raise fault_of(path, 'not a Postman collection: there is no list "item"; export it as v2.1')
    if schema and "v2." not in schema:
        raise fault_of(path, f'its schema is "{schema}"; export the collection as v2.1')
    reader = _CollectionReader(path)
    cases = tuple(reader.cases(tree, _Inherited((), Variables(variables or {}))))
    return required(path, Imported(cases, reader.passed_over, reader.altered))


@dataclass(frozen=True, slots=True)
class _Inherited:
    """What a folder gives to its requests."""

    names: tuple[str, ...]
    variables: Variables
    auth: Any = None
    keeps_bodies: bool = False

    @property
    def title(self) -> str:
        return " / ".join(self.names) or "item"

    def below(self, item: dict[str, Any]) -> Self:
        """Return the same for what stands in an item, a request of a folder or a folder."""
        pruning = table_of(item.get("protocolProfileBehavior")).get("disableBodyPruning")
        return replace(
            self,
            names=(*self.names, text_of(item.get("name")) or "unnamed"),
            variables=self.variables.below(item.get("variable")),
            auth=self.auth if item.get("auth") is None else item["auth"],
            keeps_bodies=self.keeps_bodies if pruning is None else pruning is True,
        )


@dataclass(slots=True)
class _CollectionReader:
    """Reads the requests of one collection, and counts those that it cannot take."""

    path: Path
    passed_over: Remarks = field(default_factory=Remarks)
    altered: Remarks = field(default_factory=Remarks)

    def cases(self, tree: dict[str, Any], outside: _Inherited) -> Iterator[Case]:
        """Yield the case of each request, in order. Not recursive: folders may be as deep as they like."""
        root = replace(outside.below(tree), names=())
        pending = [(item, root) for item in reversed(tree["item"])]
        while pending:
            item, folder = pending.pop()
            if not isinstance(item, dict):
                self.passed_over.add(folder.title, "neither a request nor a folder")
                continue
            inherited = folder.below(item)
            if isinstance(item.get("item"), list):
                pending += [(inner, inherited) for inner in reversed(item["item"])]
                continue
            try:
                step = self._step(item.get("request"), inherited)
            except (ValueError, RecursionError, OSError) as error:
                self.passed_over.add(inherited.title, reason_of(error))
                continue
            name, title = printable(self.path.name), printable(inherited.title)
            yield Case(f"{name}: {title}", (step,), source="postman", origin=f"Postman request {title} of {name}")

    def _step(self, given: Any, inherited: _Inherited) -> Step:
        """Return the step of a request. Raises ValueError for one that cannot be taken."""
        request = {"url": given} if isinstance(given, str) else table_of(given)
        if not request.get("url"):
            raise ValueError("there is no request with a URL in it")
        variables = inherited.variables
        method = variables.fill(text_of(request.get("method"))).strip().upper() or "GET"
        headers, parameters = list(_headers(request.get("header"), variables)), {}
        credential = credential_of(inherited.auth if request.get("auth") is None else request["auth"], variables)
        if credential is not None and not credential.value:
            self.altered.add(inherited.title, "its authentication has no value, so none is sent")
        elif credential is not None and credential.is_header:
            headers = [*_without(headers, credential.name), (credential.name, credential.value)]
        elif credential is not None:
            parameters[credential.name] = credential.value
        body = b""
        if method not in _BODILESS or inherited.keeps_bodies:
            content_type, body = body_of(table_of(request.get("body")), variables, self.path.parent)
            own = next((value for name, value in headers if name.lower() == "content-type"), "")
            # Nobody writes a boundary by hand: Postman adds it.
            is_form = media_type_of(own) == media_type_of(content_type) == MULTIPART_TYPE
            if body and content_type and (is_form or not own):
                headers = [*_without(headers, "content-type"), ("content-type", content_type)]
        return step_of(method, self._target(request["url"], inherited, parameters), headers, body)

    def _target(self, given: Any, inherited: _Inherited, parameters: Mapping[str, str]) -> bytes:
        """Return path and query of a URL; its scheme and host, often a variable, are the gateway's."""
        url, variables = {"raw": given} if isinstance(given, str) else table_of(given), inherited.variables
        whole = variables.fill(_url_text(url).strip(), keeps_unknown=True)
        address = _ADDRESS.match(whole)
        assert address is not None  # it matches an empty text
        scheme = (address[1] or "").removesuffix("://")
        if scheme and not VARIABLE.fullmatch(scheme) and scheme.lower() not in ("http", "https"):
            raise ValueError(f'a URL of "{scheme}", not of http or https')
        for name in VARIABLE.findall(address[2]):
            reason = "has no value and was taken for a host; if there is a path in it, give it with --variable"
            self.altered.add(inherited.title, f'"{{{{{name}}}}}" {reason} {name.strip()}=...')
        path, _, query = variables.fill(whole[address.end() :].partition("#")[0]).partition("?")
        if url.get("query") or (url.get("host") and "query" in url):  # what is disabled stands in no other place
            members = [name if value is None else f"{name}={value}" for name, value in pairs_of(url["query"])]
            query = variables.fill("&".join(member for member in members if member not in ("", "=")))
        query = "&".join(filter(None, [query, urlencode(parameters)]))
        values = dict(pairs_of(url.get("variable")))
        return target_of("/".join(_segment(segment, values, variables) for segment in path.split("/")), query)


def _headers(given: Any, variables: Variables) -> Iterator[tuple[str, str]]:
    """Yield the enabled headers of a list or a text of lines, without those that follow from the rest."""
    if isinstance(given, str):
        lines = (line.partition(":") for line in given.splitlines())
        given = [{"key": name, "value": value} for name, _, value in lines]
    for key, value in pairs_of(given):
        name, text = variables.fill(key).strip(), variables.fill(value or "").strip()
        # Older files comment a header out.
        if name and not name.startswith("//") and _CALCULATED not in text:
            yield name, text


def _without(headers: list[tuple[str, str]], name: str) -> list[tuple[str, str]]:
    return [header for header in headers if header[0].lower() != name.lower()]


def _url_text(url: dict[str, Any]) -> str:
    """Return a URL before its variables are filled in: of its parts, as Postman reads it, else as it was written."""
    host, path, raw = url.get("host"), url.get("path"), text_of(url.get("raw"))
    if not host and (raw or not path):
        return raw
    segments = path.removeprefix("/").split("/") if isinstance(path, str) else list_of(path)
    texts = [text_of(one.get("value") if isinstance(one, dict) else one) for one in segments]
    scheme, port = text_of(url.get("protocol")).removesuffix("://"), text_of(url.get("port"))
    name = ".".join(map(text_of, host)) if isinstance(host, list) else text_of(host)
    origin = f"{f'{scheme}://' if scheme else ''}{name}{f':{port}' if port else ''}"
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
