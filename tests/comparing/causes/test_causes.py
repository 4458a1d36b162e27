"""Explanations of differences that no request of facts shows, and of those that only look like a known one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from gateway.comparing.causes import CAUSES, SECTIONS, Explainer
from gateway.comparing.observation import Compared, Effects, Observation
from gateway.comparing.result import Difference
from gateway.http.message import Request, Response
from tests.comparing.causes.facts.document import PAGE, document
from tests.comparing.causes.facts.rows import ROWS

ASKED = Request("GET", b"/items/7", ((b"host", b"shop.test"),))
FINE = Observation(Response(200))
JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Case:
    """One difference in its surroundings, and the name of its cause."""

    what: str
    where: str
    texts: tuple[str | None, str | None]
    cause: str | None
    control: Observation = FINE
    candidate: Observation = FINE
    request: Request = ASKED

    def __str__(self) -> str:
        return self.what


def answer(
    status: int, body: str = "", kind: str = JSON, *, error: str | None = None, sent: tuple[str, ...] = (), **more: str
) -> Observation:
    pairs = (("content-type", kind), *((name.replace("_", "-"), value) for name, value in more.items()))
    headers = tuple((name.encode(), value.encode()) for name, value in pairs)
    return Observation(Response(status, headers, body.encode()), error, effects=Effects(statements=sent))


def page(status: int, title: str = "") -> Observation:
    """One of Werkzeug's error pages."""
    return answer(status, f"<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n", HTML)


def refusal(source: str, name: str = "n", kind: str = "int_parsing", sent: str = '"x"') -> Observation:
    """FastAPI's 422."""
    return answer(422, f'{{"detail": [{{"type": "{kind}", "loc": ["{source}", "{name}"], "input": {sent}}}]}}')


def reworded(status: int, source: str, name: str = "n", kind: str = "int_parsing", sent: str = "x") -> Observation:
    """FastAPI's validation has refused the request, and a handler of the app's own words the answer."""
    seen = {"type": kind, "loc": [source, name], "msg": "no", "input": sent}
    return replace(answer(status, '{"error": "no", "fields": ["n"]}'), refusals=(seen,))


def asked(method: str, target: str, body: str = "", **headers: str) -> Request:
    pairs = {"host": "shop.test"} | {name.replace("_", "-"): value for name, value in headers.items()}
    encoded = tuple((name.encode(), value.encode()) for name, value in pairs.items())
    return Request(method, target.encode(), encoded, body.encode())


FORM = "application/x-www-form-urlencoded"
SIGNED = "eyJhIjoxfQ.aWEj2A.c2lnbmF0dXJl"
OUT_OF_RANGE = "ValueError: Out of range float values are not JSON compliant"
ROW = ("INSERT todos",)
ONE = ("(1 inserted)", None)

EFFECTS = (
    Case("a commit forgotten", "effect.rows.todos", ONE, "forgotten-commit",
         answer(201, sent=ROW), answer(201, sent=ROW)),
    Case("a row that nothing wrote", "effect.rows.todos", ONE, None, answer(201, sent=ROW), answer(201)),
    Case("another table's statement", "effect.rows.todos", ONE, None,
         answer(201, sent=ROW), answer(201, sent=("INSERT users",))),
    Case("a view that was not run", "effect.rows.todos", ONE, "not-run", answer(201, sent=ROW), refusal("body")),
    Case("a view that failed before its commit", "effect.rows.todos", ONE, "not-run",
         answer(201, sent=ROW), answer(500, sent=ROW)),
    Case("both failed", "effect.rows.todos", ONE, None, answer(500), answer(500)),
    Case("a column of a row", "effect.rows.todos.title", ('"a"', None), None, answer(201), answer(201)),
    Case("written twice", "effect.rows.todos", ("(1 inserted)", "(2 inserted)"), "repeated-write",
         answer(201, sent=ROW), answer(201, sent=ROW * 2)),
    Case("more rows by one statement", "effect.rows.todos", ("(1 inserted)", "(2 inserted)"), None,
         answer(201, sent=ROW), answer(201, sent=ROW)),
    Case("no multiple", "effect.rows.todos", ("(2 inserted)", "(3 inserted)"), None,
         answer(201, sent=ROW), answer(201, sent=ROW * 2)),
    Case("a query per row", "effect.statements.SELECT users", ("1", "12"), "query-per-row"),
    Case("a query per row of another table", "effect.statements.SELECT users", (None, "3"), "query-per-row"),
    Case("one query more", "effect.statements.SELECT users", ("1", "2"), None),
    Case("many queries on both sides", "effect.statements.SELECT users", ("10", "14"), None),
    Case("many inserts", "effect.statements.INSERT users", ("1", "12"), None),
    Case("a leak", "effect.open_connections", ("0", "1"), "unclosed-connection"),
    Case("a mail sent twice", "effect.outbound", ("connect mail:25", "2 times connect mail:25"), "repeated-outbound"),
    Case("a mail sent once", "effect.outbound", ("2 times connect mail:25", "connect mail:25"), None),
    Case("another server", "effect.outbound", ("connect mail:25", "connect smtp:25"), None),
    Case("twice another server", "effect.outbound", ("connect mail:25", "2 times connect smtp:25"), None),
    Case("fewer rows by more statements", "effect.rows.todos", ("(2 inserted)", "(1 inserted)"), None,
         answer(201, sent=ROW), answer(201, sent=ROW * 2)),
    Case("more rows of a refused request", "effect.rows.todos", ("(1 inserted)", "(3 inserted)"), None,
         answer(201, sent=ROW), answer(500, sent=ROW)),
    Case("a new call", "effect.outbound", (None, "connect mail:25"), None),
    Case("an error logged", "effect.errors", (None, "pool is empty"), None),
)  # fmt: skip
ACCESS = (
    Case("let in", "authentication", ("refused (401)", "answered (200)"), "lost-authentication",
         answer(401), answer(200)),
    Case("validated before the credential", "authentication", ("refused (401)", "answered (422)"),
         "body-before-authentication", answer(401), refusal("body", kind="json_invalid")),
    Case("failed before the credential", "authentication", ("refused (401)", "answered (500)"), None,
         answer(401), answer(500)),
    Case("a refused query before the credential", "authentication", ("refused (401)", "answered (422)"), None,
         answer(401), refusal("query")),
    Case("an own answer to bad input", "status", ("400", "422"), "validation-status", page(400), reworded(422, "body")),
    Case("an own answer of the same status", "body.fields", (None, '["n"]'), "validation-status",
         answer(400, '{"error": "no"}'), reworded(400, "body")),
    Case("an own answer before the credential", "authentication", ("refused (401)", "answered (400)"),
         "body-before-authentication", answer(401), reworded(400, "body")),
    Case("an own answer before the row", "status", ("404", "400"), "body-before-row", answer(404),
         reworded(400, "body")),
    Case("an own answer to a body that legacy takes", "status", ("200", "400"), "strict-body", answer(200, "{}"),
         reworded(400, "body"), asked("POST", "/todos", '{"n": "x"}', content_type=JSON)),
    Case("an echoed password", "secret", (None, "echoes field password"), "validation-echo",
         page(400), refusal("body", sent='{"password": "hunter22"}')),
    Case("a password in an own error", "secret", (None, "echoes field password"), None,
         page(400), answer(400, '{"error": "hunter22"}')),
)  # fmt: skip
ALIKE = (
    Case("another instant", "body.at", ('"Tue, 02 Jan 2024 03:04:05 GMT"', '"2024-01-02T03:04:06"'), None),
    Case("an hour between", "body.at", ('"Tue, 02 Jan 2024 03:04:05 GMT"', '"2024-01-02T03:04:05+01:00"'), None),
    Case("no date at all", "body.at", ('"Tue, 02 Jan 2024 03:04:05 GMT"', '"soon"'), None),
    Case("no such day", "body.at", ('"Tue, 42 Jan 2024 03:04:05 GMT"', '"2024-01-02"'), None),
    Case("another price", "body.price", ('"1.10"', "1.2"), None),
    Case("a price", "body.price", ('"1.10"', "1.1"), "number-as-text"),
    Case("a price as it was sent", "body.price", ('"5"', "5"), "coerced-value",
         request=asked("POST", "/items", '{"price": "5"}', content_type=JSON)),
    Case("a word for a number", "body.price", ('"many"', "0"), None),
    Case("true for a text", "body.flag", ('"true"', "true"), None),
    Case("NaN for nought", "body.x", ("NaN", "0"), None),
    Case("a null for a number", "body.x", ("1", "null"), None),
    Case("another number", "body.x", ("3", "3.5"), None),
    Case("a failure beside the word NaN", "status", ("200", "500"), None,
         answer(200, '{"x": "NaN"}'), answer(500, error=OUT_OF_RANGE)),
    Case("another failure beside NaN", "status", ("200", "500"), None,
         answer(200, '{"x": NaN}'), answer(500, error="KeyError: 'x'")),
    Case("a key that the port forgot", "body.title", ('"a"', None), None,
         answer(200, '{"title": "a", "id": 1}'), answer(200, '{"id": 1}')),
    Case("a key of another value", "body.unitPrice", (None, "2"), None,
         answer(200, '{"unit_price": 1}'), answer(200, '{"unitPrice": 2}')),
    Case("a key beside its like", "body.unitPrice", (None, "1"), None,
         answer(200, '{"unit_price": 1}'), answer(200, '{"unit_price": 1, "unitPrice": 1}')),
    Case("a new key", "body.more", (None, "1"), None, answer(200, "{}"), answer(200, '{"more": 1}')),
    Case("another text as JSON", "body", ("hi", '"ho"'), None, answer(200, "hi", HTML), answer(200, '"ho"')),
    Case("another list", "body", ("onetwo", '["one"]'), None, answer(200, "onetwo", HTML), answer(200, '["one"]')),
    Case("a list with a status in it", "status", ("201", "200"), None,
         answer(201, '{"id": 1}'), answer(200, '[{"id": 1}, 200]')),
    Case("another layout", "body.bytes", ('{"a": 1}', '{"a":1}'), None,
         answer(200, '{"a": 1}'), answer(200, '{"a":1}')),
    Case("a URL of another path", "body.url", ('"/n/5"', '"http://shop.test/n/6"'), None),
    Case("a URL of another host", "body.url", ('"/n/5"', '"http://elsewhere.test/n/5"'), None),
    Case("a success after a refusal that a handler took back", "status", ("400", "200"), None, page(400),
         reworded(200, "body")),
    Case("an own 422", "status", ("400", "422"), None, page(400), answer(422, '{"error": "no"}')),
    Case("a 422 for success", "status", ("200", "422"), None, answer(200, "{}"), answer(422, '{"detail": "no"}')),
    Case("a required query parameter", "status", ("200", "422"), None,
         answer(200, "{}"), refusal("query", kind="missing", sent="null")),
    Case("a row that legacy has not", "status", ("404", "200"), None, page(404), answer(200, '{"id": 7}')),
    Case("a row that the new side has not", "status", ("200", "404"), None,
         answer(200, '{"id": 7}'), answer(404, '{"detail": "Not Found"}')),
    Case("a header that no view sets", "header.x-frame-options", ("DENY", None), None, page(404), refusal("path")),
    Case("a segment of another path", "status", ("200", "422"), None, answer(200, "{}"), refusal("path", sent='"new"')),
    Case("an own error", "body", ("<!doctype html>...", '{"error":"no"}'), None,
         page(400), answer(400, '{"error":"no"}')),
    Case("HEAD of what is not there", "status", ("200", "404"), None,
         answer(200), answer(404), asked("HEAD", "/items/7")),
    Case("GET refused", "status", ("200", "405"), None, answer(200), answer(405)),
    Case("more methods", "header.allow", ("GET", "GET, POST"), None, page(405), answer(405)),
    Case("other methods", "header.allow", ("GET, HEAD", "POST"), None, page(405), answer(405)),
    Case("a redirect elsewhere", "status", ("302", "307"), None,
         answer(302, location="/a"), answer(307, location="/b")),
    Case("a redirect for good", "status", ("308", "307"), None, answer(308, location="/b"), answer(307, location="/b")),
    Case("a redirect to a login", "status", ("404", "307"), None, page(404), answer(307, location="/login")),
    Case("neither first nor last", "body.a", ('"1"', '"3"'), None, request=asked("GET", "/items?a=1&a=2")),
    Case("given once", "body.a", ('"1"', '"2"'), None, request=asked("GET", "/items?a=1&b=2")),
    Case("a default for no empty field", "body.a", ('""', '"none"'), None,
         request=asked("POST", "/items", "a=1", content_type=FORM)),
    Case("a field of another name", "status", ("200", "422"), "strict-body",
         answer(200, "{}"), refusal("body", "b", "missing", "null"), asked("POST", "/items", "a=", content_type=FORM)),
    Case("text that is no mojibake", "body.a", ('"\u00e9"', '"e"'), None),
    Case("a lost character", "body.a", ('"a"', '"\ufffd"'), None),
    Case("too large by itself", "status", ("413", "200"), None, page(413), answer(200)),
    Case("JSON of the right type", "status", ("415", "422"), None,
         page(415), refusal("body"), asked("POST", "/items", "{}", content_type=JSON)),
    Case("a stricter cookie", "cookie.a.samesite", (None, "strict"), None),
    Case("a laxer cookie", "cookie.a.samesite", ("strict", "lax"), None),
    Case("a shorter cookie", "cookie.a.expires", ("Sat, 21 Nov 2026 05:53:44 GMT", None), None,
         answer(200, set_cookie="a=1; Max-Age=9; Expires=Sat, 21 Nov 2026 05:53:44 GMT"),
         answer(200, set_cookie="a=1")),
    Case("a session of another kind", "cookie.session.value", (SIGNED, "c0ffee"), None,
         answer(200, set_cookie=f"session={SIGNED}"), answer(200, set_cookie="session=c0ffee")),
    Case("a session for another domain", "cookie.session.domain", (None, "shop.test"), None,
         answer(200, set_cookie=f"session={SIGNED}"), answer(200, set_cookie=f"session={SIGNED}; domain=shop.test")),
    Case("a cookie that is not set", "cookie.a", ("a=1", None), None, answer(200), answer(200)),
    Case("the session looked at", "header.vary", ("Cookie", None), "vary-cookie"),
    Case("a Vary of encodings", "header.vary", ("Accept-Encoding", None), None),
    Case("a Vary of both", "header.vary", ("Accept-Encoding, Cookie", "Origin"), None),
    Case("a CORS header lost", "header.access-control-allow-origin", ("https://a.test", None), None),
    Case("an ETag of one's own", "header.etag", ('"v1"', '"v2"'), None),
    Case("a lost Cache-Control", "header.cache-control", ("no-cache", None), None),
    Case("a 304 that the ETag denies", "status", ("304", "200"), None,
         answer(304, etag=f'"{"a" * 40}"'), answer(200, etag='"b"')),
    Case("another file's name", "header.content-disposition",
         ("attachment; filename=\"e.txt\"; filename*=UTF-8''%C3%A9.txt", "attachment; filename*=utf-8''%C3%A8.txt"),
         None),
    Case("a header's other value", "body.one", ('"1,2"', '"2"'), None, request=asked("GET", "/", x_one="1,2")),
    Case("a preflight that legacy grants", "status", ("200", "400"), None,
         answer(200, "", HTML, access_control_allow_origin="*", access_control_allow_methods="GET, PUT"),
         answer(400, "Disallowed CORS method", "text/plain"),
         asked("OPTIONS", "/todos", origin="https://a.test", access_control_request_method="PUT")),
    Case("a preflight in earnest", "status", ("200", "405"), None,
         answer(200), answer(405), asked("OPTIONS", "/items", access_control_request_method="GET")),
    Case("a HEAD that both refuse", "header.allow", ("GET, POST", "GET"), "allow-header",
         answer(405), answer(405), asked("HEAD", "/items")),
    Case("a number that legacy answers 410", "status", ("410", "422"), None, page(410), refusal("path")),
    Case("another slash", "status", ("404", "307"), None,
         page(404), answer(307, location="/items/8/"), asked("GET", "/items/7/")),
    Case("an exception that names another status", "status", ("404", "500"), None,
         page(404), answer(500, error="Conflict: 409 Conflict")),
    Case("an exception with a number", "status", ("404", "500"), None, page(404), answer(500, error="KeyError: 404")),
    Case("an own refusal", "body.error", ('"who?"', None), None,
         answer(401, '{"error": "who?"}'), answer(401, '{"detail": "Not authenticated"}')),
    Case("other words of a scheme", "body.error", ('"who?"', None), None,
         answer(401, '{"error": "who?"}'), answer(401, '{"detail": "Who?"}', www_authenticate="Bearer")),
    Case("an own 500", "header.access-control-allow-origin", ("*", None), None,
         answer(500, "oops"), answer(500, "oops")),
    Case("true for no bool", "body.flag", ("true", "false"), None, request=asked("GET", "/items?q=shoes")),
    Case("a file of another name", "body.filename", ('"a.txt"', '"b.txt"'), None),
    Case("a form refused for another reason", "status", ("400", "200"), None,
         page(400), answer(200), asked("POST", "/items", "a=1", content_type=FORM)),
    Case("no range asked", "status", ("416", "400"), None, page(416), answer(400)),
    Case("a view that failed in both ways", "status", ("500", "200"), None, page(500), answer(200)),
    Case("an abort(500)", "body", ("x", "y"), None, page(500), answer(200, "{}")),
    Case("a type that is no default", "header.content-type", ("text/html; charset=utf-8", "text/csv"), None,
         answer(200, "a", HTML), answer(200, "a", "text/csv")),
    Case("an empty answer of another type", "header.content-type", ("text/csv", JSON), None,
         answer(200, "", "text/csv"), answer(200, "")),
    Case("a tuple's list with another status", "status", ("201", "202"), None,
         answer(201, '{"id": 1}'), answer(202, '[{"id": 1}, 201]')),
    Case("a latin-1 failure without such a cookie", "status", ("200", "500"), None,
         answer(200), answer(500, error="UnicodeEncodeError: 'latin-1' codec can't encode character")),
    Case("such a cookie and another failure", "status", ("200", "500"), None,
         answer(200, set_cookie='a="\\303\\251"'), answer(500, error="KeyError: 'a'")),
    Case("a surrogate and another failure", "status", ("200", "500"), None,
         answer(200, '{"a": "\\ud800"}'), answer(500, error="KeyError: 'a'")),
    Case("a price as nobody sent it", "body.price", ('"5"', "6"), None,
         request=asked("POST", "/items", '{"price": "5"}', content_type=JSON)),
    Case("a header given once", "body.one", ('"1"', '"1,2"'), None, request=asked("GET", "/", x_one="1,2")),
    Case("an error under another key", "body.error", ('"todo 9 not found"', None), "error-key",
         answer(404, '{"error": "todo 9 not found"}'), answer(404, '{"detail": "todo 9 not found"}')),
    Case("an error in other words", "body.detail", (None, '"no todo"'), None,
         answer(404, '{"error": "todo 9 not found"}'), answer(404, '{"detail": "no todo"}')),
    Case("an error with another status", "body.detail", (None, '"no"'), None,
         answer(404, '{"error": "no"}'), answer(400, '{"detail": "no"}')),
    Case("a body that is validated first", "status", ("404", "422"), "body-before-row", answer(404), refusal("body")),
    Case("no JSON for a missing row", "status", ("404", "400"), "body-before-row",
         answer(404), answer(400, '{"detail": "There was an error parsing the body"}')),
    Case("a query for a missing row", "status", ("404", "422"), None, answer(404), refusal("query")),
    Case("a path and a body refused", "status", ("404", "422"), "path-converter", page(404),
         answer(422, '{"detail": [{"type": "a", "loc": ["path", "n"]}, {"type": "a", "loc": ["body", "n"]}]}')),
    Case("a name without its newline", "body.error", ('"no a\\n"', None), "trailing-newline",
         answer(404, '{"error": "no a\\n"}'), answer(404, '{"detail": "no a"}'), asked("GET", "/items/a%0A")),
    Case("a query for a path without its newline", "effect.statements.SELECT items", (None, "1"), "trailing-newline",
         page(404), answer(200), asked("GET", "/items/a%0A")),
    Case("a slash that another route's path lacks", "status", ("308", "405"), "slash-taken",
         answer(308, location="/items/"), answer(405), asked("GET", "/items")),
    Case("a redirect elsewhere that became 405", "status", ("308", "405"), None,
         answer(308, location="/other/"), answer(405), asked("GET", "/items")),
    Case("an address that EmailStr refuses", "status", ("201", "422"), "email-address", answer(201),
         answer(422, '{"detail": [{"type": "value_error", "loc": ["body", "email"],'
                     ' "msg": "value is not a valid email address: a period"}]}')),
    Case("a domain in lower case", "effect.rows.users.email", ('"A@SHOP.test"', '"A@shop.test"'), "email-address"),
    Case("an address in lower case", "effect.rows.users.email", ('"A@SHOP.test"', '"a@shop.test"'), None),
    Case("a JSON body that is not UTF-8", "body.detail", (None, '"There was an error parsing the body"'), "json-bytes",
         answer(400, '{"error": "no JSON"}'), answer(400, '{"detail": "There was an error parsing the body"}')),
    Case("a limit in plain text", "header.x-frame-options", ("DENY", None), "body-limit",
         page(413), answer(413, "Request body too large", "text/plain")),
    Case("a limit with another status", "status", ("413", "400"), None, page(413), answer(400, "no", "text/plain")),
    Case("a file not modified", "status", ("304", "200"), "conditional-file", answer(304),
         answer(200, "a", "text/css", etag=f'"{"0a" * 16}"'), asked("GET", "/a.css", if_none_match='"1"')),
    Case("a file that nobody asked a condition of", "status", ("304", "200"), None, answer(304),
         answer(200, "a", "text/css", etag=f'"{"0a" * 16}"')),
    Case("a name without quotes", "header.content-disposition",
         ("attachment; filename=a.csv", 'attachment; filename="a.csv"'), "download-name"),
    Case("another name", "header.content-disposition",
         ("attachment; filename=a.csv", 'attachment; filename="b.csv"'), None),
    Case("a parameter given twice, and nothing tried", "body.d", ('"1"', '"2"'), None,
         request=asked("GET", "/items?d=1&d=2")),
    Case("half a pair that 422 repeats", "header.x-frame-options", ("DENY", None), "json-surrogate", answer(400),
         answer(500, error="UnicodeEncodeError: surrogates not allowed"), asked("POST", "/items", '"\\ud800"')),
    Case("a deletion without HttpOnly", "cookie.d.httponly", ("set", None), "cookie-deletion",
         answer(204, set_cookie="d=; Max-Age=0; HttpOnly"), answer(204, set_cookie='d=""; Max-Age=0')),
    Case("a cookie without HttpOnly", "cookie.d.httponly", ("set", None), None,
         answer(204, set_cookie="d=1; HttpOnly"), answer(204, set_cookie="d=1")),
    Case("what was not kept", "more", (None, "12 more differences"), None),
    Case("no answer at all", "status", (None, "200"), None, Observation(None), answer(200)),
)  # fmt: skip


@pytest.mark.parametrize("case", [*EFFECTS, *ACCESS, *ALIKE], ids=str)
def test_a_difference_has_its_cause_and_no_other(case: Case) -> None:
    step = Compared(case.request, case.request, case.control, case.candidate)
    cause = Explainer(step, "typed").cause_of(Difference(case.where, *case.texts))
    assert (cause and cause.name) == case.cause


ODD = (
    Observation(None, "RuntimeError: no"),
    Observation(Response(200)),
    Observation(Response(422, ((b"content-type", b"application/json"),), b'{"detail": [{"loc": []}, 7, null]}')),
    Observation(Response(422, (), b'{"detail": [{"loc": "body", "type": null}]}')),
    Observation(Response(500, ((b"content-type", b"\xff"), (b"set-cookie", b"=;;")), b"\xff\xd8{[\0")),
    Observation(Response(307, ((b"location", b"http://[::1"),), b"[" * 1_500)),
    Observation(Response(308, ((b"location", b"//["),), b"{}")),
)
ODD_REQUESTS = (
    Request("", b"", ((b"host", b""),)),
    Request(
        "POST", b"//\xff?%&=&a=%FF&a", ((b"content-type", b"multipart/form-data"), (b"cookie", b";=;a")), b"\xff--b"
    ),
    Request(
        "PUT", b"/%0A", ((b"content-type", b"application/json"), (b"range", b"x"), (b"x_a", b"\xff")), b"[" * 1_500
    ),
)
ODD_LOCATIONS = (
    "status",
    "body",
    "body[0]",
    'body["a b"].c',
    "body.bytes",
    "cookie.",
    "cookie.a.b.c",
    "header.",
    "header.vary",
)
ODD_LOCATIONS += (
    "header.allow",
    "effect.rows.",
    "effect.rows.t",
    "effect.statements.SELECT t",
    "effect.outbound",
    "secret",
)


@pytest.mark.parametrize("where", ODD_LOCATIONS)
def test_nothing_odd_is_too_odd(where: str) -> None:
    texts = (
        ("\ud800", "NaN"),
        (None, "("),
        ("3", None),
        ('"x"', '"\\ud800"'),
        ("1e999", "1"),
        ('"/a"', '"http://[::1"'),
    )
    for request in ODD_REQUESTS:
        for control in ODD:
            for candidate in ODD:
                explainer = Explainer(Compared(request, request, control, candidate), "typed")
                for pair in texts:
                    explainer.cause_of(Difference(where, *pair))


def test_every_cause_is_shown() -> None:
    shown = {cause for row in ROWS for cause in row.expected} | {case.cause for case in (*EFFECTS, *ACCESS, *ALIKE)}
    assert shown - {None} == CAUSES.keys()


def test_names_are_unique() -> None:
    assert len(CAUSES) == sum(map(len, SECTIONS.values()))


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_is_told_as_one(name: str) -> None:
    cause = CAUSES[name]
    assert name == name.lower().replace("_", "-").replace(" ", "-")
    assert cause.title.endswith(".")
    assert cause.advice.endswith(".")


def test_the_page_of_causes_is_the_table_of_causes() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == document(), "write it anew: python -m tests.comparing.causes.facts.document"


def test_an_observation_may_be_a_key_whatever_was_seen_beside_it() -> None:
    assert len({reworded(400, "body"), reworded(400, "body"), reworded(422, "body")}) == 2
