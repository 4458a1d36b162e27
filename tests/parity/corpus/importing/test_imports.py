"""What a team has already becomes cases: HAR files, access logs, Postman collections; links, faults, the command."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import CorpusError
from gateway.http.message import Exchange, Request, Response
from gateway.parity.corpus.case import Case
from gateway.parity.corpus.files import load_corpus, write_cases
from gateway.parity.corpus.importing.access_logs import read_access_log
from gateway.parity.corpus.importing.har import read_har
from gateway.parity.corpus.importing.postman import read_postman
from gateway.parity.corpus.linking import link, link_each
from gateway.parity.replaying.captures import value_at
from tests.support.servers import PATIENCE_SECONDS, ROOT

HOST = (b"host", b"a.test")


def requests_of(case: Case) -> list[str]:
    return [f"{step.request.method} {step.request.target.decode()}" for step in case.steps]


# --- links ---

SESSION = b"eyJ1c2VyX2lkIjoxfQ.Zx.signature"


def asked(line: str, *headers: tuple[bytes, bytes], body: bytes = b"") -> Request:
    method, target = line.split(" ")
    return Request(method, target.encode(), headers, body)


def answered(body: Any = b"", *headers: tuple[bytes, bytes], kind: bytes = b"application/json") -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(200, ((b"content-type", kind), *headers), raw)


LOGIN = Exchange(asked("POST /login"), answered({"id": 1}, (b"set-cookie", b"session=" + SESSION + b"; Path=/")))
ME = Exchange(asked("GET /me", (b"cookie", b"theme=dark; session=" + SESSION)), answered())


def test_a_cookie_that_an_answer_set() -> None:
    login, me = link([LOGIN, ME])
    assert login.captures == (("session", "cookie.session"),)
    assert me.request.headers == ((b"cookie", b"theme=dark; session={{session}}"),)


def test_a_cookie_of_another_name_or_value_is_no_link() -> None:
    other = Exchange(asked("GET /me", (b"cookie", b"session=x; sid=" + SESSION)), answered())
    assert link([LOGIN, other])[1].request == other.request


def test_a_later_value_takes_its_place() -> None:
    again = Exchange(LOGIN.request, answered({}, (b"set-cookie", b"session=another")))
    later = Exchange(asked("GET /me", (b"cookie", b"session=another")), answered())
    steps = link([LOGIN, ME, again, later])
    assert [step.captures for step in steps] == [
        (("session", "cookie.session"),),
        (),
        (("session_2", "cookie.session"),),
        (),
    ]
    assert steps[3].request.headers == ((b"cookie", b"session={{session_2}}"),)


def test_ids_below_the_path_of_their_answer() -> None:
    made = [Exchange(asked("POST /todos"), answered({"id": number})) for number in (9, 10)]
    lines = ["GET /todos/9?full=1", "PUT /todos/10/done", "GET /users/9", "GET /todos/99", "GET /todos"]
    steps = link([*made, *(Exchange(asked(line), answered()) for line in lines)])
    assert [step.request.target for step in steps[2:]] == [
        b"/todos/{{id}}?full=1", b"/todos/{{id_2}}/done", b"/users/9", b"/todos/99", b"/todos"
    ]  # fmt: skip
    assert [step.captures for step in steps[:2]] == [(("id", "body.id"),), (("id_2", "body.id"),)]


def test_a_uuid_is_an_id_and_a_title_is_none() -> None:
    uuid = "0b5c1d62-9e4f-4c1e-8a21-0d6f1c2b3a4e"
    steps = link(
        [Exchange(asked("POST /a"), answered({"id": uuid})), Exchange(asked(f"GET /a/{uuid}"), answered()),
         Exchange(asked("POST /b"), answered({"id": "x"})), Exchange(asked("GET /b/x"), answered())]
    )  # fmt: skip
    assert [step.request.target for step in steps] == [b"/a", b"/a/{{id}}", b"/b", b"/b/x"]


def test_tokens_of_json_and_of_a_form() -> None:
    token = "a-token-of-16-characters"
    page = b'<input id="csrf_token" name="csrf_token" type="hidden" value="%b">' % token.encode()
    length = (b"content-length", str(len(f"csrf_token={token}&a=1")).encode())
    steps = link(
        [
            Exchange(asked("POST /token"), answered({"access_token": f"{token}1", "title": f"{token}2"})),
            Exchange(asked("GET /me", (b"authorization", f"Bearer {token}1".encode())), answered()),
            Exchange(asked("GET /form"), answered(page, kind=b"text/html")),
            Exchange(asked("POST /form", length, body=f"csrf_token={token}&a=1".encode()), answered()),
        ]
    )
    assert steps[0].captures == (("access_token", "body.access_token"),)
    assert steps[1].request.headers == ((b"authorization", b"Bearer {{access_token}}"),)
    assert steps[2].captures == (("csrf_token", "body.csrf_token"),)
    assert steps[3].request.body == b"csrf_token={{csrf_token}}&a=1"
    assert steps[3].request.headers == ((b"content-length", b"29"),)
    assert value_at(answered(page, kind=b"text/html"), "body.csrf_token") == token


def test_each_alone_has_what_it_needs() -> None:
    other = Exchange(asked("GET /"), answered())
    cases = link_each([LOGIN, other, ME])
    assert [[step.request.target for step in steps] for steps in cases] == [[b"/login"], [b"/"], [b"/login", b"/me"]]
    assert cases[0][0].captures == ()
    assert cases[2][0].captures == (("session", "cookie.session"),)


# --- HAR ---


def har(directory: Path, *entries: dict[str, Any]) -> Path:
    file = directory / "shop.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}))
    return file


def entry(method: str, url: str, *, headers: Any = (), answer: Any = (), **request: Any) -> dict[str, Any]:
    pairs = [{"name": name, "value": value} for name, value in headers]
    given = [{"name": name, "value": value} for name, value in answer]
    response = {"status": 200, "headers": given, "content": {"text": "e30=", "encoding": "base64"}}
    return {"request": {"method": method, "url": url, "headers": pairs, **request}, "response": response}


SHOP = "https://shop.test"


def test_a_har_file_is_cases_of_a_corpus(tmp_path: Path) -> None:
    har(
        tmp_path,
        entry("GET", f"{SHOP}/?q=a%20b", headers=[(":path", "/"), ("Accept", "*/*"), ("Connection", "close")]),
        entry("GET", "https://cdn.test/font.woff"),
        entry("POST", f"{SHOP}/login", answer=[("Set-Cookie", "sid=s3cr3t; Path=/")],
              headers=[("Content-Type", "application/json")], postData={"mimeType": "", "text": '{"a":1}'}),
        entry("GET", f"{SHOP}/cart", headers=[("cookie", "sid=s3cr3t")]),
        entry("POST", f"{SHOP}/cart", headers=[("content-type", "application/x-www-form-urlencoded")],
              postData={"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "n", "value": "1 2"}]}),
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


def test_another_host_is_asked_for(tmp_path: Path) -> None:
    file = har(tmp_path, entry("GET", f"{SHOP}/"), entry("GET", "https://api.test/x"))
    assert [requests_of(case) for case in read_har(file, "api.test")] == [["GET /x"]]
    with pytest.raises(CorpusError, match=r'no request to "no\.test"; there are some to api\.test, shop\.test'):
        read_har(file, "no.test")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON: Expecting property name"),
        ('{"log": {}}', 'not HAR 1.2: there is no list of requests at "log.entries"'),
        ("[]", 'not HAR 1.2: there is no list of requests at "log.entries"'),
        ('{"log":{"entries":[{"request":{"url":"http://a/"}}]}}', r"log.entries\[0\]: not as HAR 1.2 has it: KeyError"),
    ],
)
def test_a_har_file_that_is_none(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.har").write_text(text)
    with pytest.raises(CorpusError, match=message):
        load_corpus(tmp_path)


# --- access logs ---

LOG = """\
127.0.0.1 - - [02/Jan/2024:03:04:05 +0000] "GET /todos?page=2 HTTP/1.1" 200 512 "-" "curl/8"
127.0.0.1 - ada [02/Jan/2024:03:04:06 +0000] "GET /todos?page=2 HTTP/1.1" 500 12 "-" "curl \\"8\\""
10.0.0.7 - - [02/Jan/2024:03:04:07 +0000] "POST /todos HTTP/1.1" 201 33 "-" "-"
::1 - - [02/Jan/2024:03:04:08 +0000] "HEAD /a\\x22b HTTP/2.0" 404 - "-" "-"
garbage
10.0.0.7 - - [02/Jan/2024:03:04:09 +0000] "\\x16\\x03\\x01" 400 226 "-" "-"
10.0.0.7 - - [02/Jan/2024:03:04:10 +0000] "GET /reset?token=abcdef&mail=ada@depot.example HTTP/1.1" 200 5
"""


def log_in(directory: Path) -> Path:
    (directory / "access.log").write_text(LOG)
    return directory / "access.log"


def test_an_access_log_gives_what_was_read_once(tmp_path: Path) -> None:
    cases = read_access_log(log_in(tmp_path))
    assert [requests_of(case) for case in cases] == [
        ["GET /todos?page=2"],
        ["HEAD /a%22b"],
        ["GET /reset?token=abcdef&mail=ada@depot.example"],
    ]
    assert len(read_access_log(tmp_path / "access.log", limit=2)) == 2
    write_cases(tmp_path, "a.toml", cases)
    assert load_corpus(tmp_path) == cases
    assert [case.origin for case in load_corpus(tmp_path)] == [
        "access log line 1 of access.log, answered 200",
        "access log line 4 of access.log, answered 404",
        "access log line 7 of access.log, answered 200",
    ]  # fmt: skip


def test_a_log_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text('{"path": "/"}\n')
    with pytest.raises(CorpusError, match="no line is in the combined format"):
        read_access_log(tmp_path / "a.log")


# --- Postman ---

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def collection(directory: Path, *items: Any, **more: Any) -> Path:
    file = directory / "api.json"
    file.write_text(json.dumps({"info": {"name": "api", "schema": SCHEMA}, "item": list(items), **more}))
    return file


def item(name: str, method: str, url: Any, **request: Any) -> dict[str, Any]:
    return {"name": name, "request": {"method": method, "url": url, **request}}


def test_a_host_of_its_own_is_the_only_one(tmp_path: Path) -> None:
    header = [{"key": "Host", "value": "shop.test"}]
    (case,) = read_postman(collection(tmp_path, item("a", "GET", "/a", header=header)))
    assert case.steps[0].request.headers == ((b"Host", b"shop.test"),)


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
    cases = read_postman(file)
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
    assert again[b"X-A"] == b"5"
    assert cases[2].steps[0].request.body == b"a=1+2"
    assert upload[b"authorization"] == b"Bearer t5"
    assert b'name="f"; filename="a.txt"' in cases[3].steps[0].request.body
    write_cases(tmp_path, "a.toml", cases)
    assert load_corpus(tmp_path) == cases


def test_all_faults_of_a_collection_come_together(tmp_path: Path) -> None:
    oauth = {"type": "oauth2", "oauth2": []}
    file = collection(
        tmp_path, item("a", "GET", "/{{x}}"), item("b", "GET", "/", auth=oauth), {"name": "c", "request": {}}
    )
    with pytest.raises(CorpusError) as raised:
        read_postman(file)
    assert str(raised.value).replace(str(file), "F").splitlines() == [
        'F: a: no value for "{{x}}"; give it with --variable x=...',
        'F: b: authentication "oauth2" cannot be taken over; use bearer, basic or an API key in a header',
        "F: c: KeyError: 'url'",
    ]
    assert requests_of(read_postman(collection(tmp_path, item("a", "GET", "/{{x}}")), {"x": "1"})[0]) == ["GET /1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("[]", "not a Postman collection"), ('{"info": {"schema": "v1"}, "item": []}', 'its schema is "v1"; export')],
)
def test_a_collection_that_is_none(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_postman(tmp_path / "a.json")


# --- the command ---


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "gateway", "corpus", "import", *arguments)
    return subprocess.run(
        command,
        cwd=directory,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.process
def test_the_command_writes_redacted_cases(tmp_path: Path) -> None:
    done = run(tmp_path, "access-log", str(log_in(tmp_path)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote corpus/access.toml (3 cases)\n", "")
    text = (tmp_path / "corpus" / "access.toml").read_text()
    assert "line 1 of access.log, answered 200" in text
    assert "abcdef" not in text
    assert "ada@depot.example" not in text
    assert len(load_corpus(tmp_path / "corpus")) == 3
    assert run(tmp_path, "access-log", "access.log", "--raw", "--corpus", "raw", "--limit", "1").returncode == 0
    assert requests_of(load_corpus(tmp_path / "raw")[0]) == ["GET /todos?page=2"]


@pytest.mark.long
@pytest.mark.process
def test_the_command_refuses_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, "har", "none.har")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error none.har: cannot be read: No such file or directory\n"
    collection(tmp_path, item("a", "GET", "/{{x}}"))
    assert 'no value for "{{x}}"' in run(tmp_path, "postman", "api.json").stderr
    assert run(tmp_path, "postman", "api.json", "--variable", "x=1").stdout == "wrote corpus/api.toml (1 cases)\n"
