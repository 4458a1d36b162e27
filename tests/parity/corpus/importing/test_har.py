"""HAR files of browsers and proxies: what is a request of the app, what its body was, and what is passed over."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import CorpusError
from gateway.parity.corpus.files import load_corpus, read_corpus, write_cases
from gateway.parity.corpus.importing.har import read_har
from gateway.parity.corpus.importing.imported import Imported
from tests.parity.corpus.importing.requests_of import requests_of

SHOP = "https://shop.test"
FORM = "application/x-www-form-urlencoded"


def har(directory: Path, *entries: Any) -> Path:
    file = directory / "shop.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}))
    return file


def entry(method: Any, url: Any, *, headers: Any = (), answer: Any = (), **request: Any) -> dict[str, Any]:
    pairs = [{"name": name, "value": value} for name, value in headers]
    given = [{"name": name, "value": value} for name, value in answer]
    response = {"status": 200, "headers": given, "content": {"text": "e30=", "encoding": "base64"}}
    return {"request": {"method": method, "url": url, "headers": pairs, **request}, "response": response}


def lines_of(imported: Imported) -> list[str]:
    return [line for case in imported.cases for line in requests_of(case)]


def test_a_har_file_is_cases_of_a_corpus(tmp_path: Path) -> None:
    har(
        tmp_path,
        entry("GET", f"{SHOP}/?q=a%20b", headers=[(":path", "/"), ("Accept", "*/*"), ("Connection", "close")]),
        entry("GET", "https://cdn.test/font.woff"),
        entry("POST", f"{SHOP}/login", answer=[("Set-Cookie", "sid=s3cr3t; Path=/")],
              headers=[("Content-Type", "application/json")], postData={"mimeType": "", "text": '{"a":1}'}),
        entry("GET", f"{SHOP}/cart", headers=[("cookie", "sid=s3cr3t")]),
        entry("POST", f"{SHOP}/cart", headers=[("content-type", FORM)],
              postData={"mimeType": FORM, "params": [{"name": "n", "value": "1 2"}]}),
    )  # fmt: skip
    cases = load_corpus(tmp_path)
    assert [(case.name, requests_of(case)) for case in cases] == [
        ("shop.har 1: GET /", ["GET /?q=a%20b"]),
        ("shop.har 2: POST /login", ["POST /login"]),
        ("shop.har 3: GET /cart", ["POST /login", "GET /cart"]),
        ("shop.har 4: POST /cart", ["POST /cart"]),
    ]
    assert cases[0].steps[0].request.headers == ((b"host", b"shop.test"), (b"accept", b"*/*"))
    assert cases[1].steps[0].request.body == b'{"a":1}'
    assert cases[2].steps[1].request.headers == ((b"host", b"shop.test"), (b"cookie", b"sid={{sid}}"))
    assert cases[3].steps[0].request.body == b"n=1+2"
    assert {case.source for case in cases} == {"har"}
    assert [case.origin for case in cases] == [f"HAR entry {number} of shop.har" for number in (1, 3, 4, 5)]
    (note,) = read_corpus(tmp_path).notes
    assert note == (
        "shop.har: passed over 1 (first: log.entries[1], cdn.test): to another host than shop.test; --host names the "
        "one to take"
    )


@pytest.mark.parametrize(
    "host", ["api.test", "API.test", "api.test:443", "api.test:80", "https://api.test/v1", "user@api.test"]
)
def test_another_host_is_asked_for(tmp_path: Path, host: str) -> None:
    file = har(tmp_path, entry("GET", f"{SHOP}/"), entry("GET", "https://api.test/x"))
    assert lines_of(read_har(file, host)) == ["GET /x"]


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("no.test", r'no request to "no\.test"; there are some to api\.test, shop\.test'),
        ("shop.test:8080", r'no request to "shop\.test:8080"'),
        ("[::1", r'"\[::1" is no host: Invalid IPv6 URL'),
        ("shop.test:99999", r'"shop\.test:99999" is no host'),
    ],
)
def test_a_host_that_is_not_there(tmp_path: Path, host: str, message: str) -> None:
    file = har(tmp_path, entry("GET", f"{SHOP}/"), entry("GET", "https://api.test/x"))
    with pytest.raises(CorpusError, match=message):
        read_har(file, host)


# What is a request of the app, when `https://shop.test/first` is one.
ADDRESSES = {
    "plain": ("GET", f"{SHOP}/a", "GET /a"),
    "the usual port": ("GET", "https://shop.test:443/a", "GET /a"),
    "before the redirect to https": ("GET", "http://shop.test/a", "GET /a"),
    "http's port": ("GET", "http://shop.test:80/a", "GET /a"),
    "capitals": ("get", "HTTPS://SHOP.TEST/A", "GET /A"),
    "credentials": ("GET", "https://ada:pw@shop.test/a", "GET /a"),
    "no path": ("GET", SHOP, "GET /"),
    "query alone": ("GET", f"{SHOP}?a=1", "GET /?a=1"),
    "fragment": ("GET", f"{SHOP}/a?b=1#top", "GET /a?b=1"),
    "spaces": ("GET", f"{SHOP}/a b?q=c d", "GET /a%20b?q=c%20d"),
    "beyond ascii": ("GET", f"{SHOP}/caf\u00e9?q=\u20ac", "GET /caf%C3%A9?q=%E2%82%AC"),
    "encoded already": ("GET", f"{SHOP}/a%2Fb?q=%26&r=a+b", "GET /a%2Fb?q=%26&r=a+b"),
    "brackets": ("GET", f"{SHOP}/a?f[x]=1&j={{}}", "GET /a?f[x]=1&j={}"),
    "another method": ("PURGE", f"{SHOP}/a", "PURGE /a"),
    "another port": ("GET", "https://shop.test:8443/a", None),
    "another host": ("GET", "https://cdn.shop.test/a", None),
    "data": ("GET", "data:image/png;base64,AAAA", None),
    "blob": ("GET", "blob:https://shop.test/1-2", None),
    "an extension": ("GET", "chrome-extension://abc/a.js", None),
    "a websocket": ("GET", "wss://shop.test/ws", None),
    "connect": ("CONNECT", "shop.test:443", None),
    "connect as a url": ("CONNECT", "https://shop.test:443/", None),
    "a proxy's address": ("GET", "shop.test:443", None),
    "about": ("GET", "about:blank", None),
    "file": ("GET", "file:///etc/hosts", None),
    "no host": ("GET", "https:///a", None),
    "a port too large": ("GET", "https://shop.test:99999/a", None),
    "broken IPv6": ("GET", "https://[::1/a", None),
    "a path alone": ("GET", "/a", None),
    "no url": ("GET", None, None),
    "a number": ("GET", 7, None),
    "an object": ("GET", {"raw": f"{SHOP}/a"}, None),
    "no method": (None, f"{SHOP}/a", None),
    "no method of HTTP": ("GE T", f"{SHOP}/a", None),
    "half a character": ("GET", f"{SHOP}/\ud83d", None),
}


@pytest.mark.parametrize(("method", "url", "line"), ADDRESSES.values(), ids=ADDRESSES)
def test_what_is_a_request_of_the_app(tmp_path: Path, method: Any, url: Any, line: str | None) -> None:
    imported = read_har(har(tmp_path, entry("GET", f"{SHOP}/first"), entry(method, url), entry("GET", f"{SHOP}/last")))
    assert lines_of(imported) == ["GET /first", *([] if line is None else [line]), "GET /last"]
    assert sum(imported.passed_over.counts.values()) == (line is None)
    assert all(place.startswith("log.entries[1]") for place in imported.passed_over.first.values())


def test_the_first_that_is_one_names_the_app(tmp_path: Path) -> None:
    first = ["data:,x", "chrome-extension://abc/a.js", "wss://shop.test/ws", None]
    imported = read_har(har(tmp_path, *(entry("GET", url) for url in first), entry("GET", "http://[::1]:8000/a")))
    assert lines_of(imported) == ["GET /a"]
    assert imported.cases[0].steps[0].request.headers == ((b"host", b"[::1]:8000"),)
    assert list(imported.notes) == [
        "passed over 1 (first: log.entries[0]): a URL of data:, not of http: or https:",
        "passed over 1 (first: log.entries[1]): a URL of chrome-extension:, not of http: or https:",
        "passed over 1 (first: log.entries[2]): a websocket",
        "passed over 1 (first: log.entries[3]): no URL",
    ]


URL = {"method": "GET", "url": f"{SHOP}/a"}
ODD_ENTRIES = {
    "no response": {"request": {**URL, "headers": []}},
    "null response": {"request": {**URL, "headers": []}, "response": None},
    "no headers": {"request": URL, "response": {"status": 200}},
    "nulls": {"request": {**URL, "headers": None, "cookies": None, "queryString": None, "postData": None},
              "response": {"status": None, "headers": None, "content": None}},
    "an answer of texts": {"request": URL, "response": {"status": "200", "headers": "a: b", "content": "x"}},
    "broken base64 in the answer": {"request": URL, "response": {"content": {"text": "a", "encoding": "base64"}}},
    "a status of no answer": {"request": URL, "response": {"status": -1}},
    "a status beyond HTTP": {"request": URL, "response": {"status": 10**30}},
    "headers as an object": {"request": {**URL, "headers": {"Accept": "*/*"}}},
    "odd headers": {"request": {**URL, "headers": [None, 7, {}, {"name": None, "value": "x"}, {"name": "",
    "value": ""}]}},
    "failed before an answer": {"request": URL, "response": {"status": 0, "_error": "net::ERR_ABORTED"}},
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD_ENTRIES.values(), ids=ODD_ENTRIES)
def test_an_answer_and_headers_are_optional(tmp_path: Path, odd: dict[str, Any]) -> None:
    imported = read_har(har(tmp_path, odd, entry("GET", f"{SHOP}/b")))
    assert lines_of(imported) == ["GET /a", "GET /b"]
    assert not imported.passed_over.counts
    write_cases(tmp_path, "a.toml", imported.cases)


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, {"request": None}, {"request": []}, {"response": {}}])
def test_what_is_no_entry_is_counted(tmp_path: Path, odd: Any) -> None:
    imported = read_har(har(tmp_path, entry("GET", f"{SHOP}/a"), odd, odd, entry("GET", f"{SHOP}/b")))
    assert lines_of(imported) == ["GET /a", "GET /b"]
    assert list(imported.notes) == ["passed over 2 (first: log.entries[1]): no URL"]


def test_an_upgrade_is_a_websocket(tmp_path: Path) -> None:
    upgrade = {"request": {"method": "GET", "url": f"{SHOP}/ws"}, "response": {"status": 101}}
    imported = read_har(har(tmp_path, upgrade, entry("GET", f"{SHOP}/a")))
    assert list(imported.notes) == ["passed over 1 (first: log.entries[0]): a websocket"]


def test_headers_are_sent_end_to_end_and_host_once(tmp_path: Path) -> None:
    headers = [(":authority", "shop.test"), ("Host", "a.test"), ("host", "b.test"), ("Content-Length", "999"),
               ("Transfer-Encoding", "chunked"), (" X-A ", " 1 "), ("X-B", "\u20ac"), ("X-C", None)]  # fmt: skip
    (case,) = read_har(har(tmp_path, entry("GET", f"{SHOP}/", headers=headers))).cases
    assert case.steps[0].request.headers == (
        (b"host", b"a.test"), (b"x-a", b"1"), (b"x-b", "\u20ac".encode()), (b"x-c", b"")
    )  # fmt: skip


@pytest.mark.parametrize("header", [("X Y", "1"), ("X-Y", "a\r\nX-Z: b"), ("X\u00e9", "1")])
def test_a_header_that_http_does_not_have(tmp_path: Path, header: tuple[str, str]) -> None:
    imported = read_har(har(tmp_path, entry("GET", f"{SHOP}/a", headers=[header]), entry("GET", f"{SHOP}/b")))
    assert lines_of(imported) == ["GET /b"]
    assert list(imported.passed_over.first.values()) == ["log.entries[0]"]


def test_cookies_and_query_that_stand_apart(tmp_path: Path) -> None:
    cookies, query = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}], [{"name": "q", "value": "x y"}]
    file = har(
        tmp_path,
        entry("GET", f"{SHOP}/a", cookies=cookies, queryString=query),
        entry("GET", f"{SHOP}/a?q=1", headers=[("Cookie", "c=3")], cookies=cookies, queryString=query),
    )
    first, second = (case.steps[0].request for case in read_har(file).cases)
    assert (first.line, first.header("cookie")) == ("GET /a?q=x+y", "a=1; b=2")
    assert (second.line, second.header("cookie")) == ("GET /a?q=1", "c=3")


MULTIPART = "multipart/form-data; boundary=XyZ"
FIELDS = [
    {"name": "note", "value": "h\u00e9"},
    {"name": "f", "fileName": "a.png", "contentType": "image/png"},
    {"name": "g", "fileName": "b.txt", "value": "text"},
    {"name": "empty", "value": None},
]
WRITTEN = (
    b'--%b\r\nContent-Disposition: form-data; name="note"\r\n\r\nh\xc3\xa9\r\n'
    b'--%b\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\r\n'
    b'--%b\r\nContent-Disposition: form-data; name="g"; filename="b.txt"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\ntext\r\n"
    b'--%b\r\nContent-Disposition: form-data; name="empty"\r\n\r\n\r\n--%b--\r\n'
)


def written(boundary: bytes) -> bytes:
    return WRITTEN % ((boundary,) * 5)


# (Content-Type header or "", postData, the Content-Type that is sent, the body)
BODIES: dict[str, tuple[str, Any, str, bytes]] = {
    "text": ("text/plain", {"mimeType": "text/plain", "text": "h\u00e9"}, "text/plain", b"h\xc3\xa9"),
    "type only in mimeType": ("", {"mimeType": "application/json", "text": "{}"}, "application/json", b"{}"),
    "base64": ("application/octet-stream", {"text": "AAEC/w==", "encoding": "base64"},
               "application/octet-stream", b"\x00\x01\x02\xff"),
    "no text and no fields": ("text/plain", {"mimeType": "text/plain", "text": None, "params": []}, "text/plain", b""),
    "null": (FORM, None, FORM, b""),
    "a list": (FORM, [], FORM, b""),
    "form of fields": (FORM, {"params": [{"name": "a", "value": "1 2"}, {"name": "b"}]}, FORM, b"a=1+2&b="),
    "form without a type": ("", {"params": [{"name": "a", "value": 1}, None, {}]}, FORM, b"a=1"),
    "form with both": (FORM, {"text": "a=1", "params": [{"name": "a", "value": "2"}]}, FORM, b"a=1"),
    "multipart text": (MULTIPART, {"text": "--XyZ--\r\n", "params": FIELDS}, MULTIPART, b"--XyZ--\r\n"),
    "multipart fields": (MULTIPART, {"mimeType": MULTIPART, "params": FIELDS}, MULTIPART, written(b"XyZ")),
    "quoted boundary": ('multipart/form-data; boundary="XyZ"', {"params": FIELDS, "text": ""},
                        'multipart/form-data; boundary="XyZ"', written(b"XyZ")),
    "boundary only in mimeType": ("", {"mimeType": MULTIPART, "params": FIELDS}, MULTIPART, written(b"XyZ")),
    "no boundary": ("multipart/form-data", {"mimeType": "multipart/form-data", "params": FIELDS},
                    "multipart/form-data; boundary=gateway-boundary", written(b"gateway-boundary")),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "posted", "sent_as", "body"), BODIES.values(), ids=BODIES)
def test_bodies(tmp_path: Path, kind: str, posted: Any, sent_as: str, body: bytes) -> None:
    headers = [("Content-Type", kind)] if kind else []
    imported = read_har(har(tmp_path, entry("POST", f"{SHOP}/a", headers=headers, postData=posted)))
    request = imported.cases[0].steps[0].request
    assert (request.header("content-type"), request.body) == (sent_as, body)
    assert request.header("content-length") == (str(len(body)) if body else "")


def test_a_file_whose_content_is_not_there_is_told(tmp_path: Path) -> None:
    imported = read_har(har(tmp_path, entry("POST", f"{SHOP}/a", postData={"mimeType": MULTIPART, "params": FIELDS})))
    assert list(imported.notes) == [
        'note on 1 (first: log.entries[0]): the content of the file "a.png" is not in it: the file is sent empty'
    ]


@pytest.mark.parametrize(
    "posted",
    [
        {"mimeType": "application/json", "params": [{"name": "a"}]},
        {"mimeType": "text/plain", "text": "a", "encoding": "base64"},
        {"mimeType": "text/plain", "text": "\ud83d"},
    ],
)
def test_a_body_that_cannot_be_known(tmp_path: Path, posted: Any) -> None:
    imported = read_har(har(tmp_path, entry("POST", f"{SHOP}/a", postData=posted), entry("GET", f"{SHOP}/b")))
    assert lines_of(imported) == ["GET /b"]
    assert list(imported.passed_over.first.values()) == ["log.entries[0]"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    file = har(tmp_path, entry("GET", f"{SHOP}/\u00e9"))
    file.write_bytes(json.dumps(json.loads(file.read_text()), ensure_ascii=False).encode(encoding))
    assert lines_of(read_har(file)) == ["GET /%C3%A9"]


def test_bytes_that_are_not_utf_8_cost_their_entry(tmp_path: Path) -> None:
    file = har(tmp_path, entry("POST", f"{SHOP}/a", postData={"text": "@"}), entry("GET", f"{SHOP}/b"))
    file.write_bytes(file.read_bytes().replace(b"@", b"\xff"))
    imported = read_har(file)
    assert lines_of(imported) == ["GET /b"]
    assert list(imported.notes) == ["passed over 1 (first: log.entries[0]): a character in it cannot be sent"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value"),
        ("{", "not JSON: Expecting property name"),
        ("[" * 100_000, "not JSON: "),
        ('{"log": {}}', 'not HAR 1.2: there is no list of requests at "log.entries"'),
        ('{"log": {"entries": {}}}', 'not HAR 1.2: there is no list of requests at "log.entries"'),
        ("[]", 'not HAR 1.2: there is no list of requests at "log.entries"'),
        ('{"log":{"entries":[{"request":{"url":"http://a/"}}]}}', r"log.entries\[0\]: no method"),
        ('{"log":{"entries":[null,{"request":{"url":"data:,"}}]}}', r"log.entries\[0\]: no URL"),
    ],
)
def test_a_har_file_of_which_nothing_can_be_taken(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.har").write_text(text)
    with pytest.raises(CorpusError, match=message):
        load_corpus(tmp_path)


def test_a_login_of_an_answer_without_a_status(tmp_path: Path) -> None:
    """What links two requests is the answer, whatever else it lacks."""
    body = base64.b64encode(b'{"access_token": "a-token-of-16-characters"}').decode()
    login = entry("POST", f"{SHOP}/login")
    login["response"] = {"headers": [{"name": "Content-Type", "value": "application/json"}],
                         "content": {"text": body, "encoding": "base64"}}  # fmt: skip
    later = entry("GET", f"{SHOP}/me", headers=[("Authorization", "Bearer a-token-of-16-characters")])
    cases = read_har(har(tmp_path, login, later)).cases
    assert cases[1].steps[1].request.header("authorization") == "Bearer {{access_token}}"
