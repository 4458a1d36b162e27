"""Flask views, as clients call them."""

from __future__ import annotations

from tests.bridge.differential.sending import ask, chunked, frame, get, head, post
from tests.bridge.differential.wire import Case

URLENCODED = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=sep"
JSON = "Content-Type: application/json"
# What "/session?a=1" sets.
SESSION = (
    "Cookie: session=eyJfZmxhc2hlcyI6W3siIHQiOlsibWVzc2FnZSIsImhlbGxvIl19XSwiYSI6IjEiLCJ2aXNpdHMiOjF9"
    "..R8B_D2UPGsAZl_ykbUx0KE7oORg"
)


def part(disposition: str, content: bytes, *headers: str) -> bytes:
    lines = ["--sep", f"Content-Disposition: form-data; {disposition}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


FIELD = part('name="field"', b"value")
FILE = part('name="file"; filename="a.txt"', b"content\r\n--se", "Content-Type: text/plain")
END = b"--sep--\r\n"

BODIES = {
    "form": post("/form", b"a=1&a=2&b=%C3%A9+x&c", URLENCODED),
    "form, raw UTF-8": post("/form", "a=\u00e9".encode(), URLENCODED),
    "form, bad bytes": post("/form", b"a=\xff&b=%FF", URLENCODED),
    "form, no type": post("/form", b"a=1"),
    "form, empty": post("/form", b"", URLENCODED),
    "form, too long": post("/form", b"a=" + b"b" * 3000, URLENCODED),
    "form, chunked and too long": chunked("/form", frame(b"a=" + b"b" * 3000), URLENCODED),
    "multipart": post("/form", FIELD + FILE + FIELD + FILE + END, MULTIPART),
    "multipart, 200 kB": post("/form", part('name="f"; filename="f"', b"x\r\n" * 66_000) + END, MULTIPART),
    "multipart, chunked": chunked("/form", frame(FIELD[:20], FIELD[20:] + FILE, END), MULTIPART),
    "multipart, no end": post("/form", FIELD + FILE, MULTIPART),
    "multipart, no boundary": post("/form", FIELD + END, "Content-Type: multipart/form-data"),
    "multipart, garbage": post("/form", b"garbage", MULTIPART),
    "multipart, long field": post("/form", part('name="f"', b"x" * 3000) + END, MULTIPART),
    "multipart, UTF-8 name": post("/form", part("name=f; filename*=UTF-8''%C3%A9.txt", b"x") + END, MULTIPART),
    "multipart, no file name": post("/form", part('name="f"; filename=""', b"") + END, MULTIPART),
    "too large": post("/data", b"x" * 300_001),
    "too large, chunked": chunked("/data", frame(b"x" * 300_001)),
    "too large by the view": post("/small-only", b"x" * 11),
    "too large by the view, chunked": chunked("/small-only", frame(b"x" * 11)),
    "small enough": post("/small-only", b"x" * 10),
    "JSON": post("/json", b'{"b": [1, 2.5, null], "a": "\xe2\x98\x83"}', JSON),
    "JSON, malformed": post("/json", b'{"a": ', JSON),
    "JSON, empty": post("/json", b"", JSON),
    "JSON, no type": post("/json", b"{}"),
    "JSON, UTF-16": post("/json", '{"a": 1}'.encode("utf-16"), JSON),
    "JSON, bad UTF-8": post("/json", b'"\xff"', JSON),
    "JSON, silent": post("/json/silent", b"nonsense"),
    "data": post("/data", b"body"),
    "data of a form": post("/data", b"a=1", URLENCODED),
    "stream": post("/stream-in", b"x" * 2500),
    "unread": post("/unread", b"x" * 2500),
    "method with a body": post("/method", b"body", method="PATCH"),
}

REQUESTS = {
    "where": get("/where"),
    "headers of a request": get("/headers", "X-B: 2", "X-A: 1", "X-A: 3", "Accept: */*"),
    "parsed headers": get(
        "/parsed",
        "Accept: text/html;q=0.5, application/json",
        "Accept-Language: de, en;q=0.5",
        "Authorization: Basic dTpww6k=",
        "Range: bytes=0-4,10-",
        'If-None-Match: "a", W/"b"',
        "User-Agent: x",
        "Referer: http://a.test/caf%C3%A9",
    ),
    "a bearer token": get("/parsed", "Authorization: Bearer abc="),
    "bad credentials": get("/parsed", "Authorization: Basic ???"),
    "cookies": get("/cookies", 'Cookie: a=1; b="2 3"; a=4; c; \xe9=x; d="\\303\\251"'),
    "a broken cookie": get("/cookies", "Cookie: ;;=;a"),
    "two lines of cookies": get("/cookies", "Cookie: a=1", "Cookie: b=2"),
    "no route": get("/nowhere"),
    "no debugger": get("/fail?__debugger__=yes&cmd=resource&f=style.css"),
    "no console": get("/console"),
}

VIEWS = {
    "a tuple with status and headers": "/tuple",
    "a status of its own": "/named-status",
    "set cookies": "/set-cookies",
    "headers of an answer": "/headers-out",
    "a header beyond latin-1": "/unicode-header",
    "an absolute redirect": "/redirect/302?x",
    "an answer of abort": "/abort/answer",
    "a view that fails": "/fail",
    "a failure that is handled": "/fail/known",
    "a view that answers nothing": "/nothing",
    "a stream with context": "/stream?name=x",
    "a stream that fails at once": "/stream/failing/0",
    "a stream that fails later": "/stream/failing/2",
    "a stream without context": "/stream/without-context",
    "events": "/stream/events",
    "a stream that misses an argument": "/stream",
    "after this request": "/short",
}

ANSWERS = {name: get(target) for name, target in VIEWS.items()}
ANSWERS |= {f"redirect {code}": get(f"/redirect/{code}") for code in (301, 302, 303, 305, 307, 308)}
ANSWERS |= {f"abort {code}": get(f"/abort/{code}") for code in (400, 401, 403, 404, 405, 410, 429, 500, 503)}
ANSWERS |= {f"status {code}": get(f"/status/{code}") for code in (200, 201, 204, 205, 206, 304, 404, 599)}
for target in ("/stream?name=x", "/tuple", "/status/204", "/fail", "/file"):
    ANSWERS[f"HEAD {target}"] = ask("HEAD", target)
ANSWERS |= {
    "a session": get("/session?a=1"),
    "a session, again": get("/session", SESSION),
    "a session, read": get("/session/read", SESSION),
    "a session, ended": get("/session/end", SESSION),
    "a forged session": get("/session/read", SESSION[:-1] + "x"),
}

CONDITIONS = {
    "whole": (),
    "range": ("Range: bytes=2-5",),
    "first byte": ("Range: bytes=0-0",),
    "open range": ("Range: bytes=100-",),
    "last bytes": ("Range: bytes=-3",),
    "too many last bytes": ("Range: bytes=-300",),
    "range beyond": ("Range: bytes=200-",),
    "ranges": ("Range: bytes=0-1,4-5",),
    "range backwards": ("Range: bytes=5-2",),
    "range of lines": ("Range: lines=1-2",),
    "none match": ('If-None-Match: "letters"',),
    "none match, weak": ('If-None-Match: W/"letters"',),
    "none match, star": ("If-None-Match: *",),
    "none match, another": ('If-None-Match: "other"',),
    "match": ('If-Match: "letters"',),
    "match, another": ('If-Match: "other"',),
    "modified since": ("If-Modified-Since: Thu, 29 Feb 2024 12:30:00 GMT",),
    "modified since, earlier": ("If-Modified-Since: Wed, 28 Feb 2024 12:30:00 GMT",),
    "unmodified since, earlier": ("If-Unmodified-Since: Wed, 28 Feb 2024 12:30:00 GMT",),
    "if-range": ("Range: bytes=0-1", 'If-Range: "letters"'),
    "if-range, another": ("Range: bytes=0-1", 'If-Range: "other"'),
    "if-range, a date": ("Range: bytes=0-1", "If-Range: Thu, 29 Feb 2024 12:30:00 GMT"),
    "range and none match": ("Range: bytes=0-1", 'If-None-Match: "letters"'),
}

FILES = {name: get("/file", *lines) for name, lines in CONDITIONS.items()}
FILES |= {
    "attached": get("/file?attach"),
    "HEAD with a range": ask("HEAD", "/file", "Range: bytes=2-5"),
    "kept alive after 304": Case((head("GET", "/file", 'If-None-Match: "letters"'), head("GET", "/show")), 2),
    "directory": get("/directory/apps.py"),
    "directory, range": get("/directory/apps.py", "Range: bytes=5-9"),
    "directory, HEAD": ask("HEAD", "/directory/apps.py"),
    "directory, a later date": get("/directory/apps.py", "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT"),
    "directory, above": get("/directory/../pyproject.toml"),
    "directory, above, encoded": get("/directory/%2e%2e/pyproject.toml"),
    "directory, absent": get("/directory/absent"),
    "etag": get("/etag"),
    "etag, known": get("/etag", 'If-None-Match: "abc"'),
    "etag, range": get("/etag", "Range: bytes=0-2"),
}
