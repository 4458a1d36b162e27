"""Postman collections, v2.0 and v2.1: a case a request, named by its folders, as Postman would send it.

Variables are filled in and authentication is inherited. Scripts are not run: a variable that one would set has to be
given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlencode

from ....http.headers import media_type_of
from ....http.multipart import MULTIPART_TYPE
from ..case import Case, Step
from .files import fault_of, read_json, required
from .imported import Imported, Remarks, printable
from .members import pairs_of, table_of, text_of
from .postman_auth import basic_credential, credential_of
from .postman_bodies import body_of
from .postman_urls import url_of
from .postman_variables import Variables
from .steps import reason_of, step_of, target_of

_BODILESS = ("GET", "HEAD", "COPY", "PURGE", "UNLOCK")
"""Methods with which Postman sends no body, unless the request says `disableBodyPruning`."""
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
    """Holds what a folder of the collection gives to the requests in it."""

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
        url = url_of(request["url"], variables)
        for name in url.hosts:
            reason = "has no value and was taken for a host; if there is a path in it, give it with --variable"
            self.altered.add(inherited.title, f'"{{{{{name}}}}}" {reason} {name}=...')
        headers, query = list(_headers(request.get("header"), variables)), url.query
        credential = credential_of(inherited.auth if request.get("auth") is None else request["auth"], variables)
        if credential is None and url.userinfo and headers == _without(headers, "authorization"):
            credential = basic_credential(*map(unquote, url.userinfo.partition(":")[::2]))
        if credential is not None and not credential.value:
            self.altered.add(inherited.title, "its authentication has no value, so none is sent")
        elif credential is not None and credential.is_header:
            headers = [*_without(headers, credential.name), (credential.name, credential.value)]
        elif credential is not None:
            query = f"{query}{'&' if query else ''}{urlencode({credential.name: credential.value})}"
        body = b""
        if method not in _BODILESS or inherited.keeps_bodies:
            content_type, body = body_of(table_of(request.get("body")), variables, self.path.parent)
            own = next((value for name, value in headers if name.lower() == "content-type"), "")
            # Nobody writes a boundary by hand: Postman adds it.
            is_form = media_type_of(own) == media_type_of(content_type) == MULTIPART_TYPE
            if body and content_type and (is_form or not own):
                headers = [*_without(headers, "content-type"), ("content-type", content_type)]
        return step_of(method, target_of(url.path, query), headers, body)


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
