"""Postman collections of v2.0 and v2.1: the request that Postman would send, and what is passed over."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import CorpusError
from gateway.http.message import Request
from gateway.parity.corpus.files import load_corpus, write_cases
from gateway.parity.corpus.importing.imported import Imported, with_unique_names
from gateway.parity.corpus.importing.postman import read_postman
from tests.parity.corpus.importing.requests_of import requests_of

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
GOOD = {"name": "good", "request": "http://a.test/good"}
VARIABLES = [
    {"key": "n", "value": "5"}, {"id": "old", "value": 7}, {"key": "yes", "value": True}, {"key": "empty", "value": ""},
    {"key": "token", "value": "t{{n}}"}, {"key": "none", "value": None}, {"key": "off", "value": "x", "disabled": True},
    {"key": "baseUrl", "value": "http://h.test:8080/api/v1"}, {"key": "host", "value": "h.test"},
]  # fmt: skip


def collection(directory: Path, *items: Any, **more: Any) -> Path:
    file = directory / "api.json"
    file.write_text(json.dumps({"info": {"name": "api", "schema": SCHEMA}, "item": list(items), **more}))
    return file


def item(name: str, method: str, url: Any, **request: Any) -> dict[str, Any]:
    return {"name": name, "request": {"method": method, "url": url, **request}}


def asked(directory: Path, request: Any, variables: Mapping[str, str] | None = None, **more: Any) -> Request:
    """Return the request that Postman's one becomes, in a collection with `VARIABLES`."""
    file = collection(directory, {"name": "a", "request": request, **more}, variable=VARIABLES)
    imported = read_postman(file, variables)
    assert not imported.passed_over.counts
    return imported.cases[0].steps[0].request


def refused(directory: Path, request: Any) -> str:
    """Return why a request is passed over; the one beside it is not."""
    imported = read_postman(collection(directory, {"name": "a", "request": request}, GOOD, variable=VARIABLES))
    assert [requests_of(case) for case in imported.cases] == [["GET /good"]]
    ((reason, count),) = imported.passed_over.counts.items()
    assert (count, imported.passed_over.first[reason]) == (1, "a")
    return reason


def test_a_collection_with_folders_variables_and_bodies(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"the file")
    bearer = {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]}
    basic = {"type": "basic", "basic": [{"key": "username", "value": "ada"}, {"key": "password", "value": "pw"}]}
    raw = {"mode": "raw", "raw": '{"n": {{n}}}', "options": {"raw": {"language": "json"}}}
    form = {
        "mode": "urlencoded",
        "urlencoded": [{"key": "a", "value": "1 2"}, {"key": "b", "value": "x", "disabled": True}],
    }
    parts = {"mode": "formdata", "formdata": [
        {"key": "note", "value": "{{n}}", "type": "text"}, {"key": "f", "type": "file", "src": "/home/ada/a.txt"}
    ]}  # fmt: skip
    todos = {"raw": "{{baseUrl}}/todos/:id?full={{n}}", "variable": [{"key": "id", "value": "7"}]}
    file = collection(
        tmp_path,
        {"name": "todos", "auth": basic, "item": [
            item("read", "GET", todos), item("add", "POST", "{{baseUrl}}/todos", body=raw, auth={"type": "noauth"}),
            item("add", "POST", "https://a.test/todos", body=form, header=[{"key": "X-A", "value": "{{n}}"}]),
        ]},
        item("upload", "PUT", {"raw": "a.test/uploads"}, body=parts),
        auth=bearer, variable=[{"key": "n", "value": "5"}, {"key": "token", "value": "t{{n}}"}],
    )  # fmt: skip
    cases = tuple(with_unique_names(read_postman(file).cases))
    assert [(case.name, requests_of(case)) for case in cases] == [
        ("api.json: todos / read", ["GET /todos/7?full=5"]),
        ("api.json: todos / add", ["POST /todos"]),
        ("api.json: todos / add (2)", ["POST /todos"]),
        ("api.json: upload", ["PUT /uploads"]),
    ]
    read, add, again, upload = (dict(case.steps[0].request.headers) for case in cases)
    assert read[b"authorization"] == b"Basic " + base64.b64encode(b"ada:pw")
    assert add == {b"host": b"gateway.test", b"content-type": b"application/json", b"content-length": b"8"}
    assert cases[1].steps[0].request.body == b'{"n": 5}'
    assert again[b"x-a"] == b"5"
    assert cases[2].steps[0].request.body == b"a=1+2"
    assert upload[b"authorization"] == b"Bearer t5"
    assert b'name="f"; filename="a.txt"' in cases[3].steps[0].request.body
    write_cases(tmp_path, "a.toml", cases)
    assert load_corpus(tmp_path) == cases


# --- URLs ---

PATH_VARIABLES = [{"key": "id", "value": "7"}, {"id": "kind", "value": "{{n}}"}, {"key": "odd", "value": "a b?#é"}]
QUERY = [
    {"key": "a", "value": "{{n}}"}, {"key": "b", "value": None}, {"key": "c", "value": ""}, {"key": None,
    "value": None},
    {"key": "off", "value": "1", "disabled": True}, None, {"key": "d e", "value": "f#g"},
]  # fmt: skip
URLS: dict[str, tuple[Any, str]] = {
    "text": ("http://h.test/a?b=1#c", "/a?b=1"),
    "text without a scheme": ("h.test/a", "/a"),
    "text with a port": ("localhost:5000/a", "/a"),
    "path alone": ("/a", "/a"),
    "query alone": ("?a=1", "/?a=1"),
    "host alone": ("http://h.test", "/"),
    "host and query": ("http://h.test?a=1", "/?a=1"),
    "spaces around": (" http://h.test/a ", "/a"),
    "capitals": ("HTTP://H.test/A", "/A"),
    "credentials": ("http://ada:pw@h.test/a", "/a"),
    "IPv6": ("http://[::1]:8000/a", "/a"),
    "raw characters": ("http://h.test/a b/é?q=c d&r=€", "/a%20b/%C3%A9?q=c%20d&r=%E2%82%AC"),
    "encoded already": ("http://h.test/a%2Fb?q=%20", "/a%2Fb?q=%20"),
    "text with a path variable": ("http://h.test/:id", "/given-id"),
    "base URL with a path": ("{{baseUrl}}/users", "/api/v1/users"),
    "base URL alone": ("{{baseUrl}}", "/api/v1"),
    "base URL in an object": ({"raw": "{{baseUrl}}/users", "host": ["{{baseUrl}}"], "path": ["users"]},
                              "/api/v1/users"),
    "host as a variable": ("http://{{host}}:{{port}}/a", "/a"),
    "scheme as a variable": ("{{scheme}}://{{host}}/a", "/a"),
    "an unknown host": ("{{anywhere}}/a?b={{n}}", "/a?b=5"),
    "an unknown host with a slash": ("{{any/where}}/a", "/a"),
    "blanks in braces": ("http://{{ host }}/{{ n }}", "/5"),
    "variable by id": ("http://h.test/{{old}}", "/7"),
    "no Python words": ("http://h.test/{{yes}}", "/true"),
    "raw alone": ({"raw": "http://h.test/a?b=1"}, "/a?b=1"),
    "raw alone with an empty query": ({"raw": "http://h.test/a?b=1", "query": []}, "/a?b=1"),
    "raw and query": ({"raw": "http://h.test/a?off=1", "query": QUERY}, "/a?a=5&b&c=&d%20e=f%23g"),
    "lists": ({"protocol": "http", "host": ["h", "test"], "path": ["a", "b"], "query": QUERY},
              "/a/b?a=5&b&c=&d%20e=f%23g"),
    "texts": ({"protocol": "https", "host": "h.test", "port": "8443", "path": "/a/b", "hash": "top"}, "/a/b"),
    "no scheme": ({"host": ["h", "test"], "path": ["a"]}, "/a"),
    "no path": ({"host": ["h", "test"]}, "/"),
    "no path but a query": ({"host": ["h", "test"], "query": [{"key": "a", "value": "1"}]}, "/?a=1"),
    "path alone in an object": ({"path": ["a", "b"]}, "/a/b"),
    "a slash at the end": ({"host": ["h", "test"], "path": ["a", ""]}, "/a/"),
    "numbers and nulls": ({"host": ["h", "test"], "port": 8000, "path": ["a", 5], "query": None, "variable": None},
                          "/a/5"),
    "a segment as an object": ({"host": ["h", "test"], "path": [{"type": "string", "value": "a"}]}, "/a"),
    "query as an object": ({"host": ["h", "test"], "path": ["a"], "query": {"b": 1}}, "/a?b=1"),
    "query only in raw": ({"raw": "http://h.test/a?b=1#c", "host": ["h", "test"], "path": ["a"]}, "/a?b=1"),
    "path variables": ({"host": ["h", "test"], "path": [":kind", ":id", "x:id"], "variable": PATH_VARIABLES},
                       "/5/7/x:id"),
    "path variable in a text": ({"host": ["h", "test"], "path": "/a/:id", "variable": PATH_VARIABLES}, "/a/7"),
    "odd characters in one": ({"raw": "http://h.test/:odd", "variable": PATH_VARIABLES}, "/a%20b%3F%23%C3%A9"),
    "path variables as an object": ({"raw": "http://h.test/:id", "variable": {"id": 8}}, "/8"),
    "given beats its own": ({"raw": "http://h.test/:given", "variable": [{"key": "given", "value": "no"}]}, "/yes"),
    "a colon alone": ("http://h.test/:", "/:"),
}  # fmt: skip


@pytest.mark.parametrize(("url", "target"), URLS.values(), ids=URLS)
def test_urls(tmp_path: Path, url: Any, target: str) -> None:
    given = {"given": "yes"} | ({"id": "given-id"} if url == "http://h.test/:id" else {})
    assert asked(tmp_path, {"url": url}, given).target.decode() == target


def test_a_request_may_be_its_url(tmp_path: Path) -> None:
    assert asked(tmp_path, "{{baseUrl}}/a?b={{n}}").line == "GET /api/v1/a?b=5"


def test_a_base_without_a_value_is_told(tmp_path: Path) -> None:
    file = collection(tmp_path, item("a", "GET", "{{base}}/a"), item("b", "GET", "{{base}}/b"))
    assert list(read_postman(file).notes) == [
        (
            'note on 2 (first: a): "{{base}}" has no value and was taken for a host; if there is a path in it, '
            "give it with --variable base=..."
        )
    ]
    imported = read_postman(file, {"base": "http://h.test/v2/"})
    assert [requests_of(case) for case in imported.cases] == [["GET /v2//a"], ["GET /v2//b"]]
    assert not list(imported.notes)


# --- headers ---

HEADERS: dict[str, tuple[Any, list[tuple[bytes, bytes]]]] = {
    "none": (None, []),
    "an empty text": ("", []),
    "text": ("X-A: 1\r\nX-B: {{n}}:2\n\nX-C\n", [(b"x-a", b"1"), (b"x-b", b"5:2"), (b"x-c", b"")]),
    "object": ({"X-A": 1, "X-B": None}, [(b"x-a", b"1"), (b"x-b", b"")]),
    "list": ([{"key": "X-A", "value": "1"}, {"key": "X-A", "value": "2"}], [(b"x-a", b"1"), (b"x-a", b"2")]),
    "no Python words": ([{"key": "X-A", "value": True}, {"key": "X-B", "value": 1.5}], [(b"x-a", b"true"), (b"x-b",
                        b"1.5")]),
    "null value": ([{"key": "X-A", "value": None}, {"key": "X-B"}], [(b"x-a", b""), (b"x-b", b"")]),
    "disabled": ([{"key": "X-A", "value": "{{unknown}}", "disabled": True}], []),
    "commented out": ([{"key": "//X-A", "value": "1"}], []),
    "odd members": ([None, 7, "x", {}, {"key": None}, {"key": "", "value": ""}], []),
    "blanks": ([{"key": " X-A ", "value": " 1\n"}], [(b"x-a", b"1")]),
    "beyond latin-1": ([{"key": "X-A", "value": "€"}], [(b"x-a", "€".encode())]),
    "host once": ([{"key": "Host", "value": "a.test"}, {"key": "host", "value": "b.test"}], [(b"host", b"a.test")]),
    "host that is calculated": ([{"key": "Host", "value": "<calculated when request is sent>"}], []),
    "length as it is": ([{"key": "Content-Length", "value": "999"}], []),
    "length that is calculated": ([{"key": "Content-Length", "value": "<calculated when request is sent>"}], []),
    "between hops": ([{"key": "Connection", "value": "keep-alive"}, {"key": "Transfer-Encoding", "value": "chunked"}],
                     []),
}  # fmt: skip


@pytest.mark.parametrize(("header", "sent"), HEADERS.values(), ids=HEADERS)
def test_headers(tmp_path: Path, header: Any, sent: list[tuple[bytes, bytes]]) -> None:
    headers = asked(tmp_path, {"url": "/a", "header": header}).headers
    assert list(headers) == [*([] if (b"host", b"a.test") in sent else [(b"host", b"gateway.test")]), *sent]


# --- authentication ---


def bearer(token: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {token}".encode()


BASIC = (b"authorization", b"Basic " + base64.b64encode("ada:pé".encode()))
V20_BASIC = {"type": "basic", "basic": {"username": "ada", "password": "pé", "showPassword": False}}
V21_BASIC = {"type": "basic", "basic": [{"key": "password", "value": "pé"}, {"key": "username", "value": "ada"}]}
AUTHS: dict[str, tuple[Any, str, list[tuple[bytes, bytes]]]] = {
    "absent type": ({}, "/a", []),
    "null type": ({"type": None}, "/a", []),
    "noauth": ({"type": "noauth"}, "/a", []),
    "noauth with null": ({"type": "noauth", "noauth": None}, "/a", []),
    "v2.0 basic": (V20_BASIC, "/a", [BASIC]),
    "v2.1 basic": (V21_BASIC, "/a", [BASIC]),
    "basic without members": ({"type": "basic"}, "/a", [(b"authorization", b"Basic Og==")]),
    "v2.0 bearer": ({"type": "bearer", "bearer": {"token": "{{token}}"}}, "/a", [bearer("t5")]),
    "v2.1 bearer": ({"type": "bearer", "bearer": [{"key": "token", "value": "t"}]}, "/a", [bearer("t")]),
    "bearer with null": ({"type": "bearer", "bearer": None}, "/a", []),
    "bearer with an empty token": ({"type": "bearer", "bearer": [{"key": "token", "value": "{{empty}}"}]}, "/a", []),
    "oauth2": ({"type": "oauth2", "oauth2": [{"key": "accessToken", "value": "t"}]}, "/a", [bearer("t")]),
    "oauth2 with a prefix": ({"type": "oauth2", "oauth2": {"accessToken": "t", "headerPrefix": "Token "}}, "/a",
                             [(b"authorization", b"Token t")]),
    "oauth2 without a prefix": ({"type": "oauth2", "oauth2": {"accessToken": "t", "headerPrefix": ""}}, "/a",
                                [(b"authorization", b"t")]),
    "oauth2 in the query": ({"type": "oauth2", "oauth2": {"accessToken": "t u", "addTokenTo": "queryParams"}},
                            "/a?access_token=t+u", []),
    "oauth2 without a token": ({"type": "oauth2", "oauth2": []}, "/a", []),
    "v2.0 API key": ({"type": "apikey", "apikey": {"key": "X-Key", "value": "{{n}}"}}, "/a", [(b"x-key", b"5")]),
    "v2.1 API key": ({"type": "apikey", "apikey": [{"key": "in", "value": "header"}, {"key": "key", "value": "X-Key"},
                      {"key": "value", "value": 5}]}, "/a", [(b"x-key", b"5")]),
    "API key in the query": ({"type": "apikey", "apikey": {"key": "k", "value": "v&w", "in": "query"}}, "/a?k=v%26w",
                             []),
}  # fmt: skip


@pytest.mark.parametrize(("auth", "target", "headers"), AUTHS.values(), ids=AUTHS)
def test_authentication(tmp_path: Path, auth: Any, target: str, headers: list[tuple[bytes, bytes]]) -> None:
    request = asked(tmp_path, {"url": "/a", "auth": auth})
    assert (request.target.decode(), list(request.headers[1:])) == (target, headers)


@pytest.mark.parametrize("kind", ["awsv4", "digest", "hawk", "jwt", "ntlm", "oauth1", "edgegrid", "of-tomorrow"])
def test_authentication_that_needs_a_computation(tmp_path: Path, kind: str) -> None:
    reason = f'authentication "{kind}" cannot be taken over; use bearer, basic or an API key'
    assert refused(tmp_path, {"url": "/a", "auth": {"type": kind, kind: []}}) == reason


URLS_WITH_CREDENTIALS: dict[str, Any] = {
    "text": "https://ada:p%C3%A9@h.test/a",
    "text without a scheme": "ada:p\u00e9@h.test/a",
    "variables": {"raw": "https://{{user}}:{{password}}@{{anywhere}}/a"},
    "parts": {
        "protocol": "https",
        "auth": {"user": "ada", "password": "p\u00e9"},
        "host": ["h", "test"],
        "path": ["a"],
    },
}


@pytest.mark.parametrize("url", URLS_WITH_CREDENTIALS.values(), ids=URLS_WITH_CREDENTIALS)
def test_credentials_in_a_url(tmp_path: Path, url: Any) -> None:
    given = {"user": "ada", "password": "p\u00e9"}
    request = asked(tmp_path, {"url": url}, given)
    assert (request.line, request.headers[1:]) == ("GET /a", (BASIC,))
    header = [{"key": "authorization", "value": "Bearer t"}]
    assert asked(tmp_path, {"url": url, "header": header}, given).headers[1:] == (bearer("t"),)
    assert asked(tmp_path, {"url": url, "auth": {"type": "bearer", "bearer": {"token": "t"}}}, given).headers[1:] == (
        bearer("t"),
    )


def test_authentication_takes_the_place_of_a_header_of_its_name(tmp_path: Path) -> None:
    header = [{"key": "Authorization", "value": "Bearer old"}]
    assert asked(tmp_path, {"url": "/a", "header": header, "auth": V21_BASIC}).headers[1:] == (BASIC,)


def test_authentication_comes_from_the_nearest_that_has_some(tmp_path: Path) -> None:
    def named(token: str) -> dict[str, Any]:
        return {"type": "bearer", "bearer": [{"key": "token", "value": token}]}

    inner = {"name": "inner", "auth": named("inner"), "item": [
        item("own", "GET", "/a", auth=named("own")), item("null", "GET", "/a", auth=None), item("none", "GET", "/a"),
        item("noauth", "GET", "/a", auth={"type": "noauth"}),
    ]}  # fmt: skip
    outer = {"name": "outer", "auth": None, "item": [inner, {"name": "text", "request": "/a"}]}
    open_ = {"name": "open", "auth": {"type": "noauth"}, "item": [item("inherits", "GET", "/a")]}
    imported = read_postman(collection(tmp_path, outer, open_, auth=named("all")))
    sent = {case.name.rpartition(" / ")[2]: case.steps[0].request.header("authorization") for case in imported.cases}
    assert sent == {"own": "Bearer own", "null": "Bearer inner", "none": "Bearer inner", "noauth": "",
                    "text": "Bearer all", "inherits": ""}  # fmt: skip


def test_a_token_that_is_empty_is_told(tmp_path: Path) -> None:
    auth = {"type": "bearer", "bearer": [{"key": "token", "value": ""}]}
    imported = read_postman(collection(tmp_path, item("a", "GET", "/a", auth=auth)))
    assert list(imported.notes) == ["note on 1 (first: a): its authentication has no value, so none is sent"]


# --- bodies ---

MULTIPART = "multipart/form-data; boundary=gateway-boundary"


def part(disposition: str, content: str, kind: str | None = None) -> bytes:
    head = f"--gateway-boundary\r\nContent-Disposition: form-data; {disposition}\r\n"
    return f"{head}{f'Content-Type: {kind}' + chr(13) + chr(10) if kind else ''}\r\n{content}\r\n".encode()


END = b"--gateway-boundary--\r\n"
FILE = "application/octet-stream"
JSON = {"raw": {"language": "json"}}
POSTED: dict[str, tuple[Any, str, bytes]] = {
    "null": (None, "", b""),
    "no mode": ({"raw": "x"}, "", b""),
    "none": ({"mode": "none"}, "", b""),
    "null mode": ({"mode": None}, "", b""),
    "disabled": ({"mode": "raw", "raw": "x", "disabled": True}, "", b""),
    "raw": ({"mode": "raw", "raw": "a {{n}}"}, "text/plain", b"a 5"),
    "mode in capitals": ({"mode": "RAW", "RAW": 1, "raw": "x"}, "text/plain", b"x"),
    "empty raw": ({"mode": "raw", "raw": "", "options": JSON}, "", b""),
    "raw null": ({"mode": "raw", "raw": None, "options": JSON}, "", b""),
    "raw absent": ({"mode": "raw"}, "", b""),
    "raw as an object": ({"mode": "raw", "raw": {"a": True}, "options": JSON}, "application/json", b'{"a": true}'),
    "raw json": ({"mode": "raw", "raw": '{"a":{{n}}}', "options": JSON}, "application/json", b'{"a":5}'),
    "raw xml": ({"mode": "raw", "raw": "<a/>", "options": {"raw": {"language": "xml"}}}, "application/xml", b"<a/>"),
    "raw javascript": ({"mode": "raw", "raw": "1", "options": {"raw": {"language": "javascript"}}},
                       "application/javascript", b"1"),
    "null options": ({"mode": "raw", "raw": "x", "options": None}, "text/plain", b"x"),
    "null options of raw": ({"mode": "raw", "raw": "x", "options": {"raw": None}}, "text/plain", b"x"),
    "an unknown language": ({"mode": "raw", "raw": "x", "options": {"raw": {"language": 7}}}, "text/plain", b"x"),
    "urlencoded": ({"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "1 {{n}}"}, {"key": "b", "value": None},
                    {"key": "c"}, {"key": "d", "value": True}, {"key": "off", "value": "x", "disabled": True}, None]},
                   "application/x-www-form-urlencoded", b"a=1+5&b=&c=&d=true"),
    "urlencoded text": ({"mode": "urlencoded", "urlencoded": "a=1&b={{n}}"}, "application/x-www-form-urlencoded",
                        b"a=1&b=5"),
    "urlencoded object": ({"mode": "urlencoded", "urlencoded": {"a": 1}}, "application/x-www-form-urlencoded", b"a=1"),
    "empty urlencoded": ({"mode": "urlencoded", "urlencoded": []}, "", b""),
    "null urlencoded": ({"mode": "urlencoded", "urlencoded": None}, "", b""),
    "all disabled": ({"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "1", "disabled": True}]}, "", b""),
    "formdata": ({"mode": "formdata", "formdata": [{"key": "a", "value": "{{n}}", "type": "text"},
                  {"key": "b", "value": "{}", "contentType": "application/json"}, {"key": "c", "value": None},
                  {"key": "off", "value": "x", "disabled": True}, None, {}]},
                 MULTIPART, part('name="a"', "5") + part('name="b"', "{}", "application/json") + part('name="c"',
                 "") + END),
    "formdata object": ({"mode": "formdata", "formdata": {"a": 1}}, MULTIPART, part('name="a"', "1") + END),
    "empty formdata": ({"mode": "formdata", "formdata": []}, "", b""),
    "one file": ({"mode": "formdata", "formdata": [{"key": "f", "type": "file", "src": "C:\\Users\\ada\\a.txt"}]},
                 MULTIPART, part('name="f"; filename="a.txt"', "the file", FILE) + END),
    "one file in a list": ({"mode": "formdata", "formdata": [{"key": "f", "type": "file", "src": ["/x/a.txt"],
                            "contentType": "text/csv", "fileName": "b.csv"}]},
                           MULTIPART, part('name="f"; filename="b.csv"', "the file", "text/csv") + END),
    "two files": ({"mode": "formdata", "formdata": [{"key": "f", "type": "file", "src": ["a.txt", "b.txt"]}]},
                  MULTIPART,
                  part('name="f"; filename="a.txt"', "the file", FILE) + part('name="f"; filename="b.txt"', "other",
                  FILE) + END),
    "no file chosen": ({"mode": "formdata", "formdata": [{"key": "f", "type": "file", "src": None},
                        {"key": "g", "type": "file", "src": []}, {"key": "h", "type": "file"}]}, MULTIPART,
                       b"".join(part(f'name="{name}"; filename=""', "", FILE) for name in "fgh") + END),
    "file": ({"mode": "file", "file": {"src": "/x/a.txt"}}, "", b"the file"),
    "file as a text": ({"mode": "file", "file": "a.txt"}, "", b"the file"),
    "file with its content": ({"mode": "file", "file": {"src": "no.txt", "content": "c"}}, "", b"c"),
    "no file": ({"mode": "file", "file": {"src": None}}, "", b""),
    "null file": ({"mode": "file", "file": None}, "", b""),
    "graphql": ({"mode": "graphql", "graphql": {"query": 'query($id: ID) { a(id: $id, b: "{{n}}") }',
                 "variables": '{"id": {{n}}}', "operationName": "A"}}, "application/json",
                b'{"query":"query($id: ID) { a(id: $id, b: \\"5\\") }","variables":{"id": 5},"operationName":"A"}'),
    "graphql without variables": ({"mode": "graphql", "graphql": {"query": "{a}", "variables": ""}}, "application/json",
                                  b'{"query":"{a}"}'),
    "graphql with null": ({"mode": "graphql", "graphql": {"query": "{a}", "variables": None, "operationName": None}},
                          "application/json", b'{"query":"{a}"}'),
    "graphql with an object": ({"mode": "graphql", "graphql": {"query": "{a}", "variables": {"id": True}}},
                               "application/json", b'{"query":"{a}","variables":{"id": true}}'),
    "graphql as a text": ({"mode": "graphql", "graphql": '{"query":"{a}"}'}, "application/json", b'{"query":"{a}"}'),
    "null graphql": ({"mode": "graphql", "graphql": None}, "", b""),
}  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "content"), POSTED.values(), ids=POSTED)
def test_bodies(tmp_path: Path, body: Any, kind: str, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(b"the file")
    (tmp_path / "b.txt").write_bytes(b"other")
    request = asked(tmp_path, {"method": "POST", "url": "/a", "body": body})
    assert (request.header("content-type"), request.body) == (kind, content)
    assert request.header("content-length") == (str(len(content)) if content else "")


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ("application/vnd.api+json", "application/vnd.api+json"),
        ("multipart/form-data", MULTIPART),
        ("multipart/form-data; boundary=<calculated when request is sent>", MULTIPART),
        ("multipart/form-data; boundary=XyZ", MULTIPART),
    ],
)
def test_a_content_type_of_its_own(tmp_path: Path, header: str, sent: str) -> None:
    is_form = header.startswith("multipart")
    body = {"mode": "formdata", "formdata": {"a": 1}} if is_form else {"mode": "raw", "raw": "{}", "options": JSON}
    headers = [{"key": "Content-Type", "value": header}]
    request = asked(tmp_path, {"method": "POST", "url": "/a", "header": headers, "body": body})
    assert [value for name, value in request.headers if name == b"content-type"] == [sent.encode()]


def test_a_multipart_body_that_was_written_by_hand(tmp_path: Path) -> None:
    body, header = (
        {"mode": "raw", "raw": "--X--"},
        [{"key": "Content-Type", "value": "multipart/form-data; boundary=X"}],
    )
    request = asked(tmp_path, {"method": "POST", "url": "/a", "header": header, "body": body})
    assert request.header("content-type") == "multipart/form-data; boundary=X"


def test_no_body_where_postman_sends_none(tmp_path: Path) -> None:
    request = {"url": "/a", "body": {"mode": "raw", "raw": "x"}}
    assert asked(tmp_path, {"method": "GET", **request}).headers == ((b"host", b"gateway.test"),)
    keeps = {"protocolProfileBehavior": {"disableBodyPruning": True}}
    assert asked(tmp_path, {"method": "GET", **request}, **keeps).body == b"x"
    assert asked(tmp_path, {"method": "DELETE", **request}).body == b"x"


# --- what is passed over ---

REFUSED: dict[str, tuple[Any, str]] = {
    "no request": (None, "there is no request with a URL in it"),
    "a number": (7, "there is no request with a URL in it"),
    "no url": ({"method": "GET"}, "there is no request with a URL in it"),
    "null url": ({"url": None}, "there is no request with a URL in it"),
    "an empty url": ("", "there is no request with a URL in it"),
    "no value in a path": ("/{{x}}", 'no value for "{{x}}"; give it with --variable x=...'),
    "no value in a query": ("/a?b={{x}}", 'no value for "{{x}}"; give it with --variable x=...'),
    "a value of null": ("/{{none}}", 'no value for "{{none}}"; give it with --variable none=...'),
    "a variable that is off": ("/{{off}}", 'no value for "{{off}}"; give it with --variable off=...'),
    "no value in a header": ({"url": "/a", "header": "X-A: {{x}}"},
                             'no value for "{{x}}"; give it with --variable x=...'),
    "no value in a body": ({"method": "POST", "url": "/a", "body": {"mode": "raw", "raw": "{{x}}"}},
                           'no value for "{{x}}"; give it with --variable x=...'),
    "a path variable": ("/:id", 'no value for ":id"; give it with --variable id=...'),
    "an empty path variable": ({"raw": "/:id", "variable": [{"key": "id", "value": ""}]},
                               'no value for ":id"; give it with --variable id=...'),
    "a null path variable": ({"raw": "/:id", "variable": [{"key": "id", "value": None}]},
                             'no value for ":id"; give it with --variable id=...'),
    "credentials without a value": ("http://{{x}}@h.test/", 'no value for "{{x}}"; give it with --variable x=...'),
    "a websocket": ("wss://h.test/a", 'a URL of "wss", not of http or https'),
    "gRPC": ({"protocol": "grpc", "host": ["h"]}, 'a URL of "grpc", not of http or https'),
    "no method of HTTP": ({"method": "GE T", "url": "/a"},
                          '"GE T /a" is no request; write "METHOD /path?query", percent-encoded'),
    "no header of HTTP": ({"url": "/a", "header": [{"key": "X Y", "value": "1"}]}, '"x y" is no name of a header'),
    "half a character": ({"method": "POST", "url": "/a", "body": {"mode": "raw", "raw": "\ud83d"}},
                         "a character in it cannot be sent"),
    "a mode of tomorrow": ({"method": "POST", "url": "/a", "body": {"mode": "protobuf", "protobuf": "x"}},
                           'a body of mode "protobuf"'),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_odd_request_costs_no_other(tmp_path: Path, request_: Any, reason: str) -> None:
    url = {"url": request_} if isinstance(request_, dict) and not {"url", "method"} & set(request_) else request_
    assert refused(tmp_path, url) == reason


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    body = {"mode": "file", "file": {"src": "/home/ada/no.bin"}}
    reason = refused(tmp_path, {"method": "POST", "url": "/a", "body": body})
    assert reason.startswith(
        'the body is the file "/home/ada/no.bin", which a collection does not contain; put it at "'
    )


def test_variables_in_each_other(tmp_path: Path) -> None:
    own = [{"key": "a", "value": "{{b}}"}, {"key": "b", "value": "{{a}}"}, {"key": "self", "value": "{{self}}"}]
    file = collection(tmp_path, item("a", "GET", "/{{a}}"), item("b", "GET", "/{{self}}"), GOOD, variable=own)
    imported = read_postman(file)
    assert [requests_of(case) for case in imported.cases] == [["GET /good"]]
    assert list(imported.passed_over.first.items()) == [
        ('the variable "{{a}}" stands in its own value', "a"),
        ('the variable "{{self}}" stands in its own value', "b"),
    ]


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, {"name": "x"}, {"name": "x", "item": None}, {"item": "x"}])
def test_an_item_that_is_none_costs_no_other(tmp_path: Path, odd: Any) -> None:
    imported = read_postman(collection(tmp_path, GOOD, {"name": "folder", "item": [odd, GOOD]}))
    assert [case.name for case in imported.cases] == ["api.json: good", "api.json: folder / good"]
    assert sum(imported.passed_over.counts.values()) == 1
    assert next(iter(imported.passed_over.first.values())).startswith("folder")


def test_variables_of_folders_and_given_ones(tmp_path: Path) -> None:
    inner = {
        "name": "inner",
        "variable": [{"key": "b", "value": "inner"}],
        "item": [item("a", "GET", "/{{a}}/{{b}}/{{c}}")],
    }
    own = [{"key": name, "value": "all"} for name in "abc"]
    (case,) = read_postman(collection(tmp_path, inner, variable=own), {"c": "given"}).cases
    assert requests_of(case) == ["GET /all/inner/given"]
    file = collection(tmp_path, inner, variable={"a": 1, "c": None})
    assert list(read_postman(file, {"c": "x"}).cases[0].steps[0].request.target.decode()) == list("/1/inner/x")


def test_dynamic_variables_are_the_same_each_time(tmp_path: Path) -> None:
    names = ("$guid", "$timestamp", "$isoTimestamp", "$randomInt", "$randomEmail", "$randomCity")
    url = "/a?" + "&".join(f"{name[1:]}={{{{{name}}}}}" for name in names)
    first, second = (asked(tmp_path, url) for _ in range(2))
    assert first == second
    values = dict(first.query_pairs)
    assert len(values["guid"]) == 36
    assert values["timestamp"].isdigit()
    assert values["randomInt"].isdigit()
    assert "@" in values["randomEmail"]
    assert values["randomCity"] == "City"
    assert asked(tmp_path, "/{{$guid}}", {"$guid": "x"}).line == "GET /x"


def test_folders_without_end(tmp_path: Path) -> None:
    inner: dict[str, Any] = GOOD
    for _ in range(300):
        inner = {"name": "f", "item": [inner]}
    (case,) = read_postman(collection(tmp_path, inner)).cases
    assert case.name.count(" / ") == 300


def test_names_of_any_characters(tmp_path: Path) -> None:
    items = [{**GOOD, "name": name} for name in ("a\nb\x1b[31m", "\ud83d", None, 7, "", "a", "a", "a (2)", "é")]
    cases = tuple(with_unique_names(read_postman(collection(tmp_path, *items)).cases))
    names = [case.name.removeprefix("api.json: ") for case in cases]
    assert names == ["a b [31m", "?", "unnamed", "7", "unnamed (2)", "a", "a (2)", "a (2) (2)", "é"]
    write_cases(tmp_path, "a.toml", cases)
    assert load_corpus(tmp_path) == cases


# --- files ---


def requests_in(file: Path) -> list[list[str]]:
    imported: Imported = read_postman(file)
    return [requests_of(case) for case in imported.cases]


@pytest.mark.parametrize(
    "schema", [SCHEMA, SCHEMA.replace("v2.1", "v2.0"), "https://schema.postman.com/v2.1.0", "", None]
)
def test_schemas(tmp_path: Path, schema: str | None) -> None:
    assert requests_in(collection(tmp_path, GOOD, info={"schema": schema})) == [["GET /good"]]


def test_without_info_and_as_the_api_gives_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"item": [GOOD]}))
    assert requests_in(tmp_path / "a.json") == [["GET /good"]]
    (tmp_path / "a.json").write_text(json.dumps({"collection": {"info": {"schema": SCHEMA}, "item": [GOOD]}}))
    assert requests_in(tmp_path / "a.json") == [["GET /good"]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = json.dumps({"item": [{"name": "é", "request": "/é"}]}, ensure_ascii=False)
    (tmp_path / "a.json").write_bytes(text.replace(", ", ",\r\n").encode(encoding))
    assert requests_in(tmp_path / "a.json") == [["GET /%C3%A9"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value"),
        ("[]", 'not a Postman collection: there is no list "item"'),
        ("7", 'not a Postman collection: there is no list "item"'),
        ('{"info": {}, "item": {}}', 'not a Postman collection: there is no list "item"'),
        (
            '{"id": "x", "name": "v1", "requests": []}',
            'not a Postman collection: there is no list "item"; export it as v2.1',
        ),
        ('{"info": {"schema": "v1"}, "item": []}', 'its schema is "v1"; export'),
        ('{"item": [{"name": "a", "request": "/{{x}}"}]}', 'a: no value for "{{x}}"'),
    ],
)
def test_a_collection_of_which_nothing_can_be_taken(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(CorpusError) as raised:
        read_postman(tmp_path / "a.json")
    assert message in str(raised.value)


def test_all_that_is_wrong_comes_together(tmp_path: Path) -> None:
    digest = {"type": "digest", "digest": []}
    file = collection(
        tmp_path,
        item("a", "GET", "/{{x}}"),
        item("b", "GET", "/{{x}}"),
        item("c", "GET", "/", auth=digest),
        {"name": "d"},
    )
    with pytest.raises(CorpusError) as raised:
        read_postman(file)
    assert str(raised.value).replace(str(file), "F").splitlines() == [
        'F: a: no value for "{{x}}"; give it with --variable x=...',
        'F: c: authentication "digest" cannot be taken over; use bearer, basic or an API key',
        "F: d: there is no request with a URL in it",
    ]
    assert requests_of(read_postman(file, {"x": "1"}).cases[0]) == ["GET /1"]
