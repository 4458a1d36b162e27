"""Bodies of a Postman collection, in each of its modes, as Postman would send them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import Any
from urllib.parse import urlencode

from ....http.message import FORM_TYPE
from ....http.multipart import BOUNDARY, MULTIPART_TYPE, Part, encode_multipart
from ..bodies import JSON_TYPE
from .members import list_of, pairs_of, table_of, text_of
from .postman_variables import Variables

_TYPES = {"json": JSON_TYPE, "xml": "application/xml", "html": "text/html", "javascript": "application/javascript"}


def body_of(given: dict[str, Any], variables: Variables, directory: Path) -> tuple[str, bytes]:
    """Return the Content-Type that follows from a body ("" for none) and its bytes; its files are in the directory.

    Raises ValueError for one that cannot be sent.
    """
    mode = text_of(given.get("mode")).lower()
    content = given.get(mode)
    if given.get("disabled") is True or not content:
        return "", b""
    if mode == "raw":
        language = text_of(table_of(table_of(given.get("options")).get("raw")).get("language"))
        return _TYPES.get(language, "text/plain"), variables.fill(text_of(content)).encode()
    if mode == "urlencoded":
        pairs = [(variables.fill(name), variables.fill(value or "")) for name, value in pairs_of(content)]
        return FORM_TYPE, (variables.fill(content) if isinstance(content, str) else urlencode(pairs)).encode()
    if mode == "formdata":
        members = list_of(content) or [{"key": name, "value": value} for name, value in pairs_of(content)]
        parts = [part for member in members for part in _parts(table_of(member), variables, directory)]
        return f"{MULTIPART_TYPE}; boundary={BOUNDARY}", encode_multipart(parts, BOUNDARY) if parts else b""
    if mode == "graphql":
        return JSON_TYPE, _graphql(content, variables).encode()
    if mode == "file":
        file = {"src": content} if isinstance(content, str) else table_of(content)
        source, text = text_of(file.get("src")), text_of(file.get("content"))
        return "", text.encode() if text or not source else _file(source, variables, directory)
    raise ValueError(f'a body of mode "{mode}"')


def _parts(member: dict[str, Any], variables: Variables, directory: Path) -> Iterator[Part]:
    """Yield the parts of one member of a form: none of one that is disabled, and one for each of several files."""
    for key, value in pairs_of([member]):
        name, kind = variables.fill(key), variables.fill(text_of(member.get("contentType"))) or None
        if member.get("type") != "file":
            yield Part(name, variables.fill(value or "").encode(), None, kind)
            continue
        source = member.get("src")
        # No file is chosen: browsers and Postman send an empty one without a name.
        for one in [text_of(one) for one in (source if isinstance(source, list) else [source]) if one] or [""]:
            content = _file(one, variables, directory) if one else b""
            filename = text_of(member.get("fileName")) or PureWindowsPath(one).name
            yield Part(name, content, filename, kind or "application/octet-stream")


def _file(source: str, variables: Variables, directory: Path) -> bytes:
    """Return a file's content; Postman keeps a path only, so it is looked for beside the collection."""
    source = variables.fill(source)
    path = directory / PureWindowsPath(source).name  # a path of Windows, or of POSIX
    if path.is_file():
        return path.read_bytes()
    raise ValueError(f'the body is the file "{source}", which a collection does not contain; put it at "{path}"')


def _graphql(given: Any, variables: Variables) -> str:
    """Return the JSON of a GraphQL request. Its variables are a text, which is JSON once its own are filled in."""
    if isinstance(given, str):
        return variables.fill(given)
    members = []
    for key, value in table_of(given).items():
        if key in ("query", "operationName") and isinstance(value, str):
            members.append(f"{json.dumps(key)}:{json.dumps(variables.fill(value), ensure_ascii=False)}")
        elif key == "variables" and value:
            members.append(f'"variables":{variables.fill(text_of(value))}')
    return f"{{{','.join(members)}}}"
