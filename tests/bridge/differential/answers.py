"""What WSGI apps answer: status, headers, length, chunks, failures."""

from __future__ import annotations

from typing import Any

from tests.bridge.differential.sending import answer, ask, get

LENGTH = [["Content-Length", "4"]]

LINES = ("200 OK", "200", "200 ", "200  OK", "200 Caf\xe9", "200 \u2603", "200 O\nK", "200 O\x01K", " 200 OK", "200OK")
LINES += ("20", "2000 OK", "", "OK", "\uff12\uff10\uff10 OK", "101 Switching", "299 Fine", "418 Teapot", "599 Late")
LINES += ("600 Beyond", "999 Far", "099 Low")

STATUS = {repr(status): get(answer(status=status)) for status in (*LINES, 200, 200.0, None)}
for code in (204, 205, 304, 404, 503):
    STATUS |= {
        f"{code} with a body": get(answer(status=f"{code} X")),
        f"{code} with a length": get(answer(status=f"{code} X", headers=LENGTH)),
        f"{code} with a length of 0": get(answer(status=f"{code} X", headers=[["Content-Length", "0"]], chunks=[])),
        f"{code} with no length and no body": get(answer(status=f"{code} X", chunks=[])),
    }
for code in (204, 304):
    STATUS[f"{code} with a length and no body"] = get(answer(status=f"{code} X", headers=LENGTH, chunks=[]))
STATUS |= {
    "204 in pieces": get(answer(status="204 X", write=["bo"], chunks=["d", "y"])),
    "304 with a type": get(answer(status="304 X", headers=[["ETag", '"a"'], ["Content-Type", "a/b"]], chunks=[])),
}

SENT = {
    "no headers": [],
    "a header twice, in order": [["X-One", "1"], ["X-Two", "2"], ["x-one", "3"]],
    "cookies": [["Set-Cookie", "a=1; Path=/"], ["Set-Cookie", "b=2"], ["Set-Cookie", "a=3"]],
    "a latin-1 value": [["X-One", "caf\xe9"]],
    "a value beyond latin-1": [["X-One", "\u2603"]],
    "an empty value": [["X-One", ""]],
    "spaces around a value": [["X-One", " \t1 \t"]],
    "spaces within a value": [["X-One", "a  b\tc"]],
    "a CR in a value": [["X-One", "a\rb"]],
    "a LF in a value": [["X-One", "a\nX-Two: b"]],
    "a folded value": [["X-One", "a\r\n b"]],
    "a NUL in a value": [["X-One", "a\0b"]],
    "DEL in a value": [["X-One", "a\x7fb"]],
    "a LF at the end of a value": [["X-One", "a\n"]],
    "an empty name": [["", "1"]],
    "a space in a name": [["X One", "1"]],
    "a space after a name": [["X-One ", "1"]],
    "a colon in a name": [["X:One", "1"]],
    "a LF after a name": [["X-One\n", "1"]],
    "an 8-bit name": [["X-\xe9", "1"]],
    "a name of a token": [["!#$%&'*+-.^_`|~09", "1"]],
    "a number as value": [["X-One", 1]],
    "None as value": [["X-One", None]],
    "None as name": [[None, "1"]],
    "Connection: close": [["Connection", "close"]],
    "Connection: upgrade": [["Connection", "upgrade"], ["Upgrade", "h2c"]],
    "the server's own": [["Date", "never"], ["Server", "mine"], ["Keep-Alive", "1"], ["X-One", "1"]],
    "chunked by the app": [["Transfer-Encoding", "chunked"]],
    "a coding by the app": [["Transfer-Encoding", "gzip"]],
    "TE, Trailers, Proxy-*": [["TE", "x"], ["Trailers", "x"], ["Proxy-Authenticate", "x"], ["Trailer", "X"]],
    "Status as a header": [["Status", "404 Not Found"]],
    "60 headers": [[f"X-{n}", str(n)] for n in range(60)],
}

HEADERS = {name: get(answer(headers=headers)) for name, headers in SENT.items()}
HEADERS |= {
    "headers by an iterator": get("/header_iterator"),
    "headers changed after the start": get("/headers_changed_later"),
    "a header of 20 kB": get("/long_header"),
    "early hints": get("/early_hints"),
}

PROMISED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("an exact length", "4", {"chunks": ["bo", "dy"]}),
    ("a body longer than its length", "4", {"chunks": ["body and more"]}),
    ("a body longer than its length, in pieces", "4", {"chunks": ["bo", "dy", "and", "more"]}),
    ("a piece across the length", "3", {"chunks": ["bo", "dy"]}),
    ("a body shorter than its length", "9", {"chunks": ["bo", "dy"]}),
    ("a length and no body", "9", {"chunks": []}),
    ("a length of 0", "0", {"chunks": []}),
    ("a length of 0 and a body", "0", {"chunks": ["body"]}),
    ("a length and writes", "8", {"write": ["bo", "dy"], "chunks": ["mo", "re"]}),
    ("a length with zeros", "004", {"chunks": ["body"]}),
    ("a length with spaces", " 4 ", {"chunks": ["body"]}),
)

LENGTHS = {}
for name, length, body in PROMISED:
    target = answer(headers=[["Content-Length", length]], **body)
    LENGTHS |= {name: get(target), f"{name}, HEAD": ask("HEAD", target)}
for length in ("four", "-4", "+4", "4_0", "4.0", "", "4, 4", "\xb2"):
    LENGTHS[repr(length)] = get(answer(headers=[["Content-Length", length]]))
LENGTHS |= {
    "two equal lengths": get(answer(headers=[*LENGTH, *LENGTH])),
    "two lengths": get(answer(headers=[*LENGTH, ["Content-Length", "2"]])),
    "writes beyond the length": get("/write_after_the_length"),
    "failing within the length": get("/fail_within_length"),
    "failing after the length": get("/fail_after_length"),
}

PROBES = ("Counted", "Indexed", "wrap_file", "wrap_real_file", "wrap_and_slice", "start_in_generator")
PROBES += ("write_in_generator", "write_and_return")

FAILING = ("two_starts", "replaced_start", "late_start", "start_without_exception", "start_first_with_exception")
FAILING += ("write_then_replace", "no_start", "no_start_no_body", "fail_at_once", "fail_before_first_chunk")
FAILING += ("fail_after_empty_chunk", "fail_after_two_chunks", "write_nothing_and_fail", "stop_iteration")
FAILING += ("Closing", "Closing?fail")

YIELDED: dict[str, dict[str, Any]] = {
    "one chunk": {"chunks": ["body"]},
    "two chunks": {"chunks": ["bo", "dy"]},
    "no chunks": {"chunks": []},
    "an empty chunk": {"chunks": [""]},
    "empty chunks between": {"chunks": ["", "bo", "", "dy", ""]},
    "100 chunks": {"as": "repeated", "chunks": ["chunk"]},
    "a chunk of 300 kB": {"as": "one large", "chunks": ["abc"]},
    "bytes of every value": {"chunks": [bytes(range(256)).decode("latin-1")]},
    "a tuple": {"as": "tuple"},
    "an iterator": {"as": "iterator", "chunks": ["bo", "dy"]},
    "a generator": {"as": "generator", "chunks": ["bo", "dy"]},
    "an empty generator": {"as": "generator", "chunks": []},
    "bytes instead of a list": {"as": "the first"},
    "a string instead of a list": {"as": "the first", "chunks": [{"raw": "text"}]},
    "None instead of a list": {"as": "none"},
    "a string as chunk": {"chunks": [{"raw": "text"}]},
    "a string as second chunk": {"chunks": ["one", {"raw": "text"}]},
    "an empty string as chunk": {"chunks": [{"raw": ""}, "body"]},
    "None as chunk": {"chunks": [None, "body"]},
    "a number as chunk": {"chunks": [7]},
    "bytearrays": {"as": "bytearrays"},
    "memoryviews": {"as": "memoryviews"},
    "a write": {"write": ["one "]},
    "writes and no chunk": {"write": ["one ", "two"], "chunks": []},
    "an empty write": {"write": [""]},
    "a write of a string": {"write": [{"raw": "text"}]},
    "a second write of a string": {"write": ["one ", {"raw": "text"}]},
    "a write of a 204": {"status": "204 X", "write": ["one"], "chunks": []},
}

CHUNKS = {name: get(answer(**wanted)) for name, wanted in YIELDED.items()}
CHUNKS |= {name: get(f"/{name}") for name in PROBES}
CHUNKS |= {
    "wrap_real_file, a length": get("/wrap_real_file?25600"),
    "wrap_real_file, a shorter length": get("/wrap_real_file?10000"),
    "wrap_real_file, a longer length": get("/wrap_real_file?30000"),
    "wrap_real_file, HEAD": ask("HEAD", "/wrap_real_file"),
    "wsgi.errors": get("/log_error"),
}

FAILURES = {name: get(f"/{name}") for name in FAILING}
FAILURES |= {f"{name}, HEAD": ask("HEAD", f"/{name}") for name in (*FAILING, "start_in_generator", "write_and_return")}
