"""Postman collections, v2.1: a case a request, named by its folders; variables filled in, authentication inherited.

Scripts are not run: a variable that one would set has to be given.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ....errors import CorpusError, Fault
from ....http.message import FORM_TYPE, Headers, Request
from ....http.multipart import BOUNDARY, MULTIPART_TYPE, Part, encode_multipart
from ..bodies import JSON_TYPE
from ..case import Case, Step
from ..case_reading import HOST
from .files import fault_of, read_json

_VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
_TYPES = {"json": JSON_TYPE, "xml": "application/xml", "html": "text/html", "text": "text/plain"}


def read_postman(path: Path, variables: Mapping[str, str] | None = None) -> tuple[Case, ...]:
    """Return the cases of a collection; `variables` beat its own.

    Two requests of a folder may have one name: the later ones get a number. Raises CorpusError with everything that is
    wrong in the file.
    """
    tree = read_json(path)
    try:
        schema = str(tree["info"].get("schema", ""))
        is_collection = isinstance(tree["item"], list)
    except (KeyError, TypeError, AttributeError):
        is_collection = False
    if not is_collection:
        raise fault_of(path, 'not a Postman collection: there is no "info" and no list "item"')
    if "v2." not in schema:
        raise fault_of(path, f'its schema is "{schema}"; export the collection as v2.1')
    own = {one["key"]: str(one.get("value", "")) for one in _enabled(tree.get("variable"))}
    reader = _CollectionReader(path, {**own, **(variables or {})})
    cases = tuple(reader.cases(tree, (), None))
    if reader.faults:
        raise CorpusError(tuple(reader.faults))
    seen: Counter[str] = Counter()
    named = []
    for case in cases:
        seen[case.name] += 1
        named.append(case if seen[case.name] == 1 else replace(case, name=f"{case.name} ({seen[case.name]})"))
    return tuple(named)


@dataclass(slots=True)
class _CollectionReader:
    """The cases of the folders of one collection, and what is wrong in them."""

    path: Path
    variables: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def cases(self, folder: Any, above: tuple[str, ...], auth: Any) -> Iterator[Case]:
        auth = folder.get("auth", auth)
        for item in folder.get("item", ()):
            names = (*above, str(item.get("name", "unnamed")))
            if "item" in item:
                yield from self.cases(item, names, auth)
                continue
            title = " / ".join(names)
            try:
                steps = (Step(self._request(item["request"], auth)),)
            except (ValueError, LookupError, TypeError, AttributeError, OSError) as error:
                message = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
                self.faults.append(Fault(str(self.path), None, title, message))
            else:
                origin = f"Postman request {title} of {self.path.name}"
                yield Case(f"{self.path.name}: {title}", steps, source="postman", origin=origin)

    def _request(self, given: Any, auth: Any) -> Request:
        if isinstance(given, str):
            given = {"url": given}
        content_type, body = self._body(given.get("body") or {})
        headers = [(self._filled(one["key"]), self._filled(one["value"])) for one in _enabled(given.get("header"))]
        headers += self._credentials(given.get("auth", auth))
        names = {name.lower() for name, _ in headers}
        if content_type and "content-type" not in names:
            headers.append(("content-type", content_type))
        if body:
            headers.append(("content-length", str(len(body))))
        pairs: Headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
        pairs = pairs if "host" in names else (HOST, *pairs)
        return Request(given.get("method", "GET").upper(), self._target(given["url"]), pairs, body)

    def _target(self, given: Any) -> bytes:
        """Return path and query of a URL; its scheme and host, often a variable, are the gateway's."""
        if isinstance(given, str):
            given = {"raw": given}
        raw = self._filled(re.sub(r"^\{\{[^{}]+\}\}(?=[/?]|$)", "", given["raw"]))
        url = urlsplit(raw if re.match(r"[a-z]+://|/|$|\?", raw) else f"//{raw}")
        path = url.path or "/"
        for one in given.get("variable", ()):
            value = quote(self._filled(str(one.get("value") or "")), safe="")
            path = re.sub(rf"(?<=/):{re.escape(one['key'])}(?=/|$)", value, path)
        query = quote(url.query, safe="=&%+/:;,@!$'()*~?[]{}")
        return (quote(path, safe="/%:@!$&'()*+,;=~{}") + (f"?{query}" if query else "")).encode()

    def _body(self, given: Any) -> tuple[str | None, bytes]:
        mode = given.get("mode")
        if mode == "raw":
            language = given.get("options", {}).get("raw", {}).get("language", "text")
            return _TYPES.get(language, "text/plain"), self._filled(given.get("raw", "")).encode()
        if mode == "urlencoded":
            pairs = [(self._filled(one["key"]), self._filled(one.get("value"))) for one in _enabled(given[mode])]
            return FORM_TYPE, urlencode(pairs).encode()
        if mode == "formdata":
            parts = map(self._part, _enabled(given[mode]))
            return f"{MULTIPART_TYPE}; boundary={BOUNDARY}", encode_multipart(parts, BOUNDARY)
        if mode == "file":
            return None, self._file(given["file"]["src"])
        if mode == "graphql":
            asked = {"query": given[mode]["query"], "variables": json.loads(given[mode].get("variables") or "{}")}
            return JSON_TYPE, self._filled(json.dumps(asked)).encode()
        return None, b""

    def _part(self, given: Any) -> Part:
        name, content_type = self._filled(given["key"]), given.get("contentType")
        if given.get("type") == "file":
            source = given["src"][0] if isinstance(given["src"], list) else given["src"]
            return Part(name, self._file(source), Path(source).name, content_type or "application/octet-stream")
        return Part(name, self._filled(given.get("value")).encode(), None, content_type)

    def _file(self, source: str) -> bytes:
        """Return a file's content; Postman keeps a path only, so it is looked for beside the collection."""
        path = self.path.parent / Path(source).name
        if path.is_file():
            return path.read_bytes()
        raise ValueError(f'the body is the file "{source}", which a collection does not contain; put it at "{path}"')

    def _credentials(self, auth: Any) -> list[tuple[str, str]]:
        kind = (auth or {"type": "noauth"})["type"]
        values = {one["key"]: self._filled(one.get("value")) for one in (auth or {}).get(kind, ())}
        if kind == "noauth":
            return []
        if kind == "bearer":
            return [("authorization", f"Bearer {values['token']}")]
        if kind == "basic":
            proof = f"{values.get('username', '')}:{values.get('password', '')}".encode()
            return [("authorization", f"Basic {base64.b64encode(proof).decode()}")]
        if kind == "apikey" and values.get("in", "header") == "header":
            return [(values["key"], values["value"])]
        raise ValueError(f'authentication "{kind}" cannot be taken over; use bearer, basic or an API key in a header')

    def _filled(self, text: Any) -> str:
        """Return a text with its variables filled in, and those in their values.

        Raises ValueError for one that has no value.
        """
        filled = str("" if text is None else text)
        for _ in range(5):
            missing = [name for name in _VARIABLE.findall(filled) if name.strip() not in self.variables]
            if missing:
                raise ValueError(f'no value for "{{{{{missing[0]}}}}}"; give it with --variable {missing[0]}=...')
            if not _VARIABLE.search(filled):
                return filled
            filled = _VARIABLE.sub(lambda found: self.variables[found[1].strip()], filled)
        raise ValueError(f'the variables of "{text}" stand in each other without end')


def _enabled(given: Any) -> list[Any]:
    return [one for one in given or () if not one.get("disabled")]
