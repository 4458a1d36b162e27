"""Access logs of servers, proxies and collectors: the request of each line, and the lines that have none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import CorpusError
from gateway.parity.corpus.files import load_corpus, write_cases
from gateway.parity.corpus.importing.access_logs import MAX_LINE_CHARS, read_access_log
from gateway.parity.corpus.importing.imported import Imported
from tests.parity.corpus.importing.requests_of import requests_of

LOG = """\
127.0.0.1 - - [02/Jan/2024:03:04:05 +0000] "GET /todos?page=2 HTTP/1.1" 200 512 "-" "curl/8"
127.0.0.1 - ada [02/Jan/2024:03:04:06 +0000] "GET /todos?page=2 HTTP/1.1" 500 12 "-" "curl \\"8\\""
10.0.0.7 - - [02/Jan/2024:03:04:07 +0000] "POST /todos HTTP/1.1" 201 33 "-" "-"
::1 - - [02/Jan/2024:03:04:08 +0000] "HEAD /a\\x22b HTTP/2.0" 404 - "-" "-"
garbage

10.0.0.7 - - [02/Jan/2024:03:04:09 +0000] "\\x16\\x03\\x01" 400 226 "-" "-"
10.0.0.7 - - [02/Jan/2024:03:04:10 +0000] "GET /reset?token=abcdef&mail=ada@depot.example HTTP/1.1" 200 5
"""


def imported(directory: Path, *lines: str | bytes, limit: int = 1000) -> Imported:
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    (directory / "access.log").write_bytes(b"\n".join(raw))
    return read_access_log(directory / "access.log", limit)


def lines_of(imported: Imported) -> list[str]:
    return [line for case in imported.cases for line in requests_of(case)]


def test_an_access_log_gives_what_was_read_once(tmp_path: Path) -> None:
    read = imported(tmp_path, LOG)
    assert lines_of(read) == [
        "GET /todos?page=2",
        "HEAD /a%22b",
        "GET /reset?token=abcdef&mail=ada@depot.example",
    ]
    assert list(read.notes) == [
        "passed over 1 (first: line 3): not GET or HEAD: a log has no bodies",
        "passed over 2 (first: line 5): no request is known in it",
    ]
    write_cases(tmp_path, "a.toml", read.cases)
    assert load_corpus(tmp_path) == read.cases
    assert [case.origin for case in load_corpus(tmp_path)] == [
        "access log line 1 of access.log, answered 200",
        "access log line 4 of access.log, answered 404",
        "access log line 8 of access.log, answered 200",
    ]


def test_a_limit_is_told_where_it_ends_the_reading(tmp_path: Path) -> None:
    read = imported(tmp_path, LOG, limit=2)
    assert len(read.cases) == 2
    assert (
        list(read.notes)[-1]
        == "note on 1 (first: line 8): read up to here: there are more than 2 distinct requests (--limit)"
    )
    assert not read_access_log(tmp_path / "access.log", 3).altered.counts


COMMON = '[02/Jan/2024:03:04:05 +0000] "GET /a?b=1 HTTP/1.1" 200 512'
COMBINED = f'127.0.0.1 - - {COMMON} "http://a.test/" "curl/8"'
# What is written before and after a request; each of them is `GET /a?b=1`.
LINES = {
    "common": f"127.0.0.1 - - {COMMON}",
    "combined": COMBINED,
    "no size": '127.0.0.1 - - [x] "GET /a?b=1 HTTP/1.1" 200 -',
    "virtual host": f"shop.test:443 {COMBINED}",
    "virtual host without a port": f"shop.test {COMBINED}",
    "IPv6": f"2001:db8::1 - - {COMMON}",
    "IPv6 with a zone": f"fe80::1%eth0 - - {COMMON}",
    "IPv6 in brackets": f"[2001:db8::1]:51234 - - {COMMON}",
    "a user with blanks": f"127.0.0.1 - ada lovelace {COMMON}",
    "addresses of proxies": f"10.0.0.1, 10.0.0.2 - - {COMMON}",
    "more after it": f'{COMBINED} "10.0.0.9" rt=0.003 uct="0.001" upstream=127.0.0.1:8000 "-"',
    "traefik": f'{COMBINED} 42 "shop@docker" "http://172.18.0.3:80" 3ms',
    "HTTP/2": COMBINED.replace("HTTP/1.1", "HTTP/2.0"),
    "HTTP/3": COMBINED.replace("HTTP/1.1", "HTTP/3"),
    "gunicorn": f'172.17.0.1 - - {COMMON} "-" "curl/8"',
    "werkzeug": '127.0.0.1 - - [28/Nov/2026 14:18:11] "GET /a?b=1 HTTP/1.1" 200 -',
    "werkzeug through logging": 'INFO:werkzeug:127.0.0.1 - - [28/Nov/2026 14:18:11] "GET /a?b=1 HTTP/1.1" 200 -',
    "werkzeug in colours": '127.0.0.1 - - [28/Nov/2026 14:18:11] "\x1b[33mGET /a?b=1 HTTP/1.1\x1b[0m" 404 -',
    "two colours": '127.0.0.1 - - [x] "\x1b[1m\x1b[31mGET /a?b=1 HTTP/1.1\x1b[0m" 500 -',
    "colours of cat": '127.0.0.1 - - [x] "^[[35m^[[1mGET /a?b=1 HTTP/1.1^[[0m" 500 -',
    "colours of syslog": '127.0.0.1 - - [x] "#033[36mGET /a?b=1 HTTP/1.1#033[0m" 304 -',
    "uvicorn": 'INFO:     127.0.0.1:51234 - "GET /a?b=1 HTTP/1.1" 200 OK',
    "uvicorn in colours": '\x1b[32mINFO\x1b[0m: ::1:5 - "\x1b[1mGET /a?b=1 HTTP/1.1\x1b[0m" \x1b[32m200 OK\x1b[0m',
    "hypercorn": '[x] [9] [INFO] 127.0.0.1:5 - - [x] "GET /a?b=1 1.1" 200 22 "-" "curl/8"',
    "hypercorn's HTTP/2": '127.0.0.1:5 - - [x] "GET /a?b=1 2" 200 22 "-" "curl/8"',
    "daphne": '127.0.0.1:5 - - [x] "GET /a?b=1" 200 22',
    "django": '[28/Nov/2026 14:18:11] "GET /a?b=1 HTTP/1.1" 200 22',
    "uwsgi": "[pid: 9|app: 0|req: 1/1] 127.0.0.1 () {28 vars in 334 bytes} [Sat Nov 28 14:00:00 2026] GET /a?b=1 => "
             "generated 12 bytes in 3 msecs (HTTP/1.1 200) 2 headers in 79 bytes (1 switches on core 0)",
    "uwsgi in micros": "[pid: 9] ::1 () {8 vars} [x] GET /a?b=1 => generated 12 bytes in 991 micros (HTTP/2.0 200)",
    "haproxy": 'haproxy[9]: 10.0.0.1:5 [x] in~ back/s1 0/0/0/1/1 200 9 - - ---- 1/1/0/0/0 0/0 "GET /a?b=1 HTTP/1.1"',
    "load balancer": 'h2 2026-11-28T14:00:00.1Z app/lb/1 1.2.3.4:5 10.0.0.1:80 0 0 0 200 200 3 6 '
                     '"GET https://shop.test:443/a?b=1 HTTP/2.0" "curl/8" ECDHE TLSv1.2',
    "docker compose": f"web-1  | {COMBINED}",
    "docker compose with the date": f"web-1  | 2026-11-28T14:00:00.123456789Z {COMBINED}",
    "docker compose in colours": f"\x1b[36mweb-1  |\x1b[0m {COMBINED}",
    "kubectl": f"[pod/shop-6d4cf56db6-x2x7p/web] {COMBINED}",
    "container runtime": f"2026-11-28T14:00:00.123456789Z stdout F {COMBINED}",
    "journald": f"Nov 28 14:00:00 host gunicorn[123]: {COMBINED}",
    "syslog": f"<190>1 2026-11-28T14:00:00Z host nginx 9 - - {COMBINED}",
    "gevent": '127.0.0.1 - - [2026-11-28 14:00:00] "GET /a?b=1 HTTP/1.1" 200 123 0.001234',
    "nginx's error log": '2026/11/28 14:00:00 [error] 9#9: *1 refused, request: "GET /a?b=1 HTTP/1.1", host: "b"',
    "loki's labels": f'{{app="shop"}} {COMBINED}',
    "absolute form": '1.2.3.4 - - [x] "GET http://shop.test/a?b=1 HTTP/1.1" 200 5',
    "absolute form in capitals": '1.2.3.4 - - [x] "GET HTTPS://SHOP.TEST:443/a?b=1 HTTP/1.1" 200 5',
    "CRLF": f"{COMBINED}\r",
    "BOM": f"\ufeff{COMBINED}",
    "blanks around": f"   {COMBINED}  ",
    "braces in the agent": COMBINED.replace("curl/8", '{\\"a\\": 1}'),
    "a request in the agent": COMBINED.replace("curl/8", "GET /no HTTP/1.1"),
    "logfmt": 'at=info method=GET path="/a?b=1" host=shop.test fwd="1.2.3.4" dyno=web.1 status=200 protocol=https',
    "logfmt without quotes": "level=info method=GET uri=/a?b=1 status=200",
}  # fmt: skip


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_lines(tmp_path: Path, line: str) -> None:
    read = imported(tmp_path, line)
    assert lines_of(read) == ["GET /a?b=1"]
    assert not list(read.notes)


@pytest.mark.parametrize("name", ["uwsgi", "werkzeug", "uvicorn in colours", "logfmt", "combined"])
def test_the_status_is_part_of_the_origin(tmp_path: Path, name: str) -> None:
    assert imported(tmp_path, LINES[name]).cases[0].origin == "access log line 1 of access.log, answered 200"
    assert imported(tmp_path, LINES["haproxy"]).cases[0].origin == "access log line 1 of access.log"


OBJECTS: dict[str, Any] = {
    "the gateway": {"time": "x", "request_id": "1", "client": "::1", "method": "GET", "path": "/a?b=1", "status": 200,
                    "side": "legacy", "route": "GET /a", "mode": "legacy", "map": "1", "ms": 1.5},
    "caddy": {"level": "info", "ts": 1.5, "logger": "http.log.access", "msg": "handled request", "request": {
        "remote_ip": "::1", "proto": "HTTP/2.0", "method": "GET", "host": "shop.test", "uri": "/a?b=1",
        "headers": {"Accept": ["*/*"]}, "tls": {"version": 772}}, "bytes_read": 0, "status": 200, "resp_headers": {}},
    "traefik": {"ClientHost": "::1", "DownstreamStatus": 200, "OriginStatus": 200, "RequestAddr": "shop.test",
                "RequestHost": "shop.test", "RequestMethod": "GET", "RequestPath": "/a?b=1",
                "RequestProtocol": "HTTP/2.0", "request_User-Agent": "curl/8", "time": "x"},
    "nginx": {"remote_addr": "::1", "request": "GET /a?b=1 HTTP/1.1", "status": "200", "http_referrer": "/no"},
    "nginx by parts": {"request_method": "GET", "uri": "/a", "args": "b=1", "status": 200},
    "nginx as it was asked": {"request_method": "GET", "request_uri": "/a?b=1", "uri": "/index.php", "args": "b=1"},
    "elastic": {"@timestamp": "x", "http": {"request": {"method": "GET"}, "response": {"status_code": 200}},
                "url": {"path": "/a", "query": "b=1"}, "message": "GET something"},
    "elastic with dots": {"http.request.method": "GET", "url.original": "/a?b=1", "http.response.status_code": 200},
    "google": {"httpRequest": {"requestMethod": "GET", "requestUrl": "https://shop.test/a?b=1", "status": 200}},
    "azure": {"properties": {"httpMethod": "GET", "requestUri": "/a", "requestQuery": "b=1", "httpStatus": 200}},
    "envoy": {"method": "GET", "path": "/a?b=1", "protocol": "HTTP/1.1", "response_code": 200},
    "structlog": {"event": "request_finished", "request": "GET /a?b=1", "code": 200},
    "kong": {"request": {"method": "GET", "uri": "/a?b=1", "url": "http://b.test/no", "querystring": {"b": "1"}},
             "response": {"status": 200}},
    "cloudflare": {"ClientRequestMethod": "GET", "ClientRequestURI": "/a?b=1", "EdgeResponseStatus": 200},
    "docker": {"log": COMBINED + "\n", "stream": "stdout", "time": "2026-11-28T14:00:00Z"},
    "journald": {"__CURSOR": "x", "MESSAGE": COMBINED, "PRIORITY": "6"},
    "journald in colours": {"MESSAGE": list(LINES["werkzeug in colours"].encode()), "PRIORITY": "6"},
    "werkzeug in docker": {"log": LINES["werkzeug in colours"] + "\n", "stream": "stderr"},
    "JSON in docker": {"log": json.dumps({"method": "GET", "uri": "/a?b=1", "status": 200}), "stream": "stdout"},
    "cloud text": {"textPayload": COMBINED, "insertId": "x"},
}  # fmt: skip


@pytest.mark.parametrize(
    "before", ["", "web-1  | ", "\ufeff", "2026/11/28 14:00:00.000 INFO http.log.access handled request "]
)
@pytest.mark.parametrize("entry", OBJECTS.values(), ids=OBJECTS)
def test_objects(tmp_path: Path, entry: Any, before: str) -> None:
    read = imported(tmp_path, before + json.dumps(entry))
    assert lines_of(read) == ["GET /a?b=1"]
    assert not list(read.notes)


# A target as it stands in a log, and as it is asked.
TARGETS: dict[str, tuple[str | bytes, str]] = {
    "nginx's quote": ("/a\\x22b", "/a%22b"),
    "nginx's bytes": ("/caf\\xC3\\xA9", "/caf%C3%A9"),
    "nginx's backslash": ("/a\\x5Cb", "/a%5Cb"),
    "apache's quote": ('/a\\"b', "/a%22b"),
    "apache's backslash": ("/a\\\\b", "/a%5Cb"),
    "apache's backslash before an x": ("/a\\\\x41", "/a%5Cx41"),
    "apache's tab": ("/a\\tb", "/a%09b"),
    "a NUL": ("/a\\x00b", "/a%00b"),
    "an escape of nobody": ("/a\\qb", "/a%5Cqb"),
    "werkzeug's characters": ("/café", "/caf%C3%A9"),
    "bytes that are not UTF-8": (b"/caf\xe9", "/caf%E9"),
    "a blank": ("/a b", "/a%20b"),
    "encoded already": ("/a%20b%2Fc?d=%26", "/a%20b%2Fc?d=%26"),
    "a broken encoding": ("/a%zz%", "/a%zz%"),
    "braces": ("/a{b}?c={{d}}", "/a{b}?c=%7B%7Bd}}"),
    "two slashes": ("//a//b", "//a//b"),
    "query alone": ("http://shop.test?a=1", "/?a=1"),
    "host alone": ("http://shop.test", "/"),
    "a URL in the query": ("/a?next=http://b.test/c", "/a?next=http://b.test/c"),
    "a question mark alone": ("/a?", "/a?"),
}


@pytest.mark.parametrize(("written", "asked"), TARGETS.values(), ids=TARGETS)
def test_targets(tmp_path: Path, written: str | bytes, asked: str) -> None:
    target = written if isinstance(written, bytes) else written.encode()
    read = imported(tmp_path, b'::1 - - [x] "GET %b HTTP/1.1" 200 5' % target)
    assert lines_of(read) == [f"GET {asked}"]
    write_cases(tmp_path, "a.toml", read.cases)
    assert load_corpus(tmp_path) == read.cases


@pytest.mark.parametrize(
    ("text", "asked"), [('"/caf\\u00e9"', "/caf%C3%A9"), ('"/café"', "/caf%C3%A9"), ('"/a\\"b\\\\c"', "/a%22b%5Cc"),
    ('"\\/a"', "/a"),
                        ('"/\\ud83d"', "/?")]
)  # fmt: skip
def test_targets_in_json(tmp_path: Path, text: str, asked: str) -> None:
    assert lines_of(imported(tmp_path, f'{{"method": "GET", "uri": {text}}}')) == [f"GET {asked}"]


UNREAD = {
    "prose": "Starting gunicorn 27.0.0",
    "no request": '::1 - - [x] "-" 408 0',
    "bytes of TLS": '::1 - - [x] "\\x16\\x03\\x01" 400 0',
    "a call that the app made": 'DEBUG:urllib3.connectionpool:https://api.test:443 "GET /v1 HTTP/1.1" 200 9',
    "a call that httpx made": 'INFO:httpx:HTTP Request: GET https://api.test/v1 "HTTP/1.1 200 OK"',
    "cut": '::1 - - [x] "GET /a',
    "broken JSON": '{"method": "GET", "uri": "/a"',
    "JSON without a target": '{"method": "GET", "status": 200}',
    "JSON of another kind": '[1, 2]',
    "an object in an object": '{"a": {"b": null}}',
    "deep JSON": '{"a":' * 20_000,
    "a small method": '{"method": "get", "uri": "/a"}',
    "too long": '::1 - - [x] "GET /' + "a" * MAX_LINE_CHARS + ' HTTP/1.1" 200 5',
    "nulls": "\0" * 100,
}  # fmt: skip


@pytest.mark.parametrize("line", UNREAD.values(), ids=UNREAD)
def test_lines_without_a_request_are_counted(tmp_path: Path, line: str) -> None:
    read = imported(tmp_path, COMBINED, line, line, LINES["absolute form"].replace("/a?b=1", "/last"))
    assert lines_of(read) == ["GET /a?b=1", "GET /last"]
    assert read.cases[1].origin.startswith("access log line 4 ")
    assert list(read.notes) == ["passed over 2 (first: line 2): no request is known in it"]


@pytest.mark.parametrize("target", ["*", "shop.test:443", "a", "ftp"])
def test_a_target_that_is_no_path(tmp_path: Path, target: str) -> None:
    read = imported(tmp_path, COMBINED, f'::1 - - [x] "GET {target} HTTP/1.1" 400 5')
    assert list(read.notes) == ["passed over 1 (first: line 2): its target is no path"]


def test_one_target_in_two_forms_is_one_request(tmp_path: Path) -> None:
    assert lines_of(imported(tmp_path, COMBINED, LINES["absolute form"], LINES["werkzeug"])) == ["GET /a?b=1"]


def test_several_objects_on_a_line(tmp_path: Path) -> None:
    entries = [{"method": method, "uri": f"/{method.lower()}"} for method in ("GET", "POST", "HEAD")]
    for text in (json.dumps(entries), "".join(map(json.dumps, entries))):
        read = imported(tmp_path, text)
        assert lines_of(read) == ["GET /get", "HEAD /head"]
        assert list(read.notes) == ["passed over 1 (first: line 1): not GET or HEAD: a log has no bodies"]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_line_of_the_greatest_length_is_read(tmp_path: Path, end: str) -> None:
    line = COMBINED.replace("curl/8", "a" * (MAX_LINE_CHARS - len(COMBINED) - len(end) + 6 - (not end)))
    assert lines_of(imported(tmp_path, f"{line}{end}")) == ["GET /a?b=1"]
    long = line.replace("aaa", "a" * 9, 1)
    assert list(imported(tmp_path, COMBINED, f"{long}{end}").passed_over.first.values()) == ["line 2"]


def test_utf_16(tmp_path: Path) -> None:
    lines = "\r\n".join([COMBINED, '::1 - - [x] "GET /caf\u00e9\u20ac HTTP/1.1" 200 5', ""])
    assert lines_of(imported(tmp_path, lines.encode("utf-16"))) == ["GET /a?b=1", "GET /caf%C3%A9%E2%82%AC"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing can be taken of it: it is empty"),
        ("\n\r\n", "nothing can be taken of it: it is empty"),
        ('{"path": "/"}\n', "line 1: nothing can be taken of it: no request is known in it; a line is like 127.0.0.1"),
        ('\n::1 - - [x] "POST /a HTTP/1.1" 200 5', "line 2: nothing can be taken of it: not GET or HEAD"),
    ],
)
def test_a_log_of_which_nothing_can_be_taken(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CorpusError) as raised:
        imported(tmp_path, text)
    assert message in str(raised.value)


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be read: No such file"):
        read_access_log(tmp_path / "no.log")
    with pytest.raises(CorpusError, match="cannot be read: Is a directory"):
        read_access_log(tmp_path)
