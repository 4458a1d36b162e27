"""Request bodies: lengths, chunks, Expect, wsgi.input; and what follows them on the connection."""

from __future__ import annotations

from tests.bridge.differential.sending import (
    ask,
    calls,
    chunked,
    chunked_bytes,
    frame,
    get,
    head,
    pipeline,
    post,
    post_bytes,
)
from tests.bridge.differential.wire import Case

LINES = b"one\ntwo\r\n\nfour"
BIG = bytes(range(256)) * 8192  # 2 MB: beyond what stays in memory

LENGTHS = {
    "a body": post("/echo", b"body"),
    "an empty body": post("/echo", b""),
    "a body of 64 kB": post("/echo", BIG[:65536]),
    "a body of 1 MB": post("/echo", BIG[: 1 << 20]),
    "a body of 2 MB": post("/echo", BIG),
    "a body that looks like a request": post("/echo", head("GET", "/smuggled")),
    "a POST without length": ask("POST", "/echo"),
    "a GET with a body": post("/echo", b"body", method="GET"),
    "a DELETE with a body": post("/echo", b"body", method="DELETE"),
    "an OPTIONS with a body": post("/echo", b"body", method="OPTIONS"),
    "a HEAD with a body": Case((post_bytes("/echo", b"body", method="HEAD"),), is_head=True),
    "a PUT read in pieces": post("/echo_pieces", LINES, method="PUT"),
    "a body read after the start": post("/read_after_start", b"then this"),
    "a body longer than its length": Case((head("POST", "/echo", "Content-Length: 2") + b"ab",)),
    "a length with zeros": Case((head("POST", "/show_headers", "Content-Length: 0002") + b"ab",)),
    "a length of 00": Case((head("POST", "/show_headers", "Content-Length: 00"),)),
    "an immense length": Case((head("POST", "/echo", "Content-Length: " + "9" * 30) + b"ab",), half_close=True),
    "two equal lengths": Case((head("POST", "/echo", "Content-Length: 2", "Content-Length: 2") + b"ab",)),
    "two lengths": Case((head("POST", "/echo", "Content-Length: 2", "Content-Length: 3") + b"abc",)),
    "a body cut short, read": Case((head("POST", "/echo", "Content-Length: 9") + b"half",), half_close=True),
    "a body cut short, unread": Case((head("POST", "/unread", "Content-Length: 9") + b"half",), half_close=True),
    "a body cut short, Flask": Case((head("POST", "/data", "Content-Length: 9") + b"half",), half_close=True),
}

for length in ("+2", "-2", "2.0", "0x2", "2, 2", "2 2", "", "two", "\u0662".encode().decode("latin-1")):
    LENGTHS[f"length {length!r}"] = Case((head("POST", "/echo", f"Content-Length: {length}") + b"ab",))

FRAMED = {
    "one chunk": frame(b"body"),
    "two chunks": frame(b"bo", b"dy"),
    "no chunks": frame(),
    "200 tiny chunks": frame(*[b"%c" % (n % 26 + 97) for n in range(200)]),
    "a chunk of 100 kB": frame(BIG[:100_000]),
    "chunks of 2 MB": frame(BIG[: 1 << 20], BIG[1 << 20 :]),
    "uppercase hex": b"A\r\n0123456789\r\n0\r\n\r\n",
    "leading zeros": b"0000004\r\nbody\r\n0\r\n\r\n",
    "many leading zeros": b"0" * 30 + b"4\r\nbody\r\n0\r\n\r\n",
    "a last chunk of zeros": b"4\r\nbody\r\n0000\r\n\r\n",
    "an extension": b"4;name=value\r\nbody\r\n0\r\n\r\n",
    "an extension without value": b"4;name\r\nbody\r\n0\r\n\r\n",
    "extensions": b'4;a=b;c="d;e\\"f"\r\nbody\r\n0;end\r\n\r\n',
    "an extension after spaces": b"4 ;a=b\r\nbody\r\n0\r\n\r\n",
    "spaces within an extension": b"4; a = b\r\nbody\r\n0\r\n\r\n",
    "an extension without name": b"4;\r\nbody\r\n0\r\n\r\n",
    "an open quote": b'4;a="b\r\nbody\r\n0\r\n\r\n',
    "a control in an extension": b"4;a=\x01\r\nbody\r\n0\r\n\r\n",
    "a bare CR in an extension": b"4;a\rb\r\nbody\r\n0\r\n\r\n",
    "a bare LF in an extension": b"4;a\nb\r\nbody\r\n0\r\n\r\n",
    "a trailer": b"4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n",
    "trailers": b"4\r\nbody\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\nX-More: 3\r\n\r\n",
    "a trailer with an underscore": b"4\r\nbody\r\n0\r\nX_Sum: 1\r\n\r\n",
    "a trailer that is no header": b"4\r\nbody\r\n0\r\nnonsense\r\n\r\n",
    "a length as trailer": b"4\r\nbody\r\n0\r\nContent-Length: 9\r\n\r\n",
    "a host as trailer": b"4\r\nbody\r\n0\r\nHost: b.test\r\n\r\n",
    "no size": b"\r\nbody\r\n0\r\n\r\n",
    "a size that is none": b"xyz\r\nbody\r\n0\r\n\r\n",
    "a negative size": b"-4\r\nbody\r\n0\r\n\r\n",
    "a size with a sign": b"+4\r\nbody\r\n0\r\n\r\n",
    "a size with 0x": b"0x4\r\nbody\r\n0\r\n\r\n",
    "a size with an underscore": b"0_4\r\nbody\r\n0\r\n\r\n",
    "a size after a space": b" 4\r\nbody\r\n0\r\n\r\n",
    "a size before a space": b"4 \r\nbody\r\n0\r\n\r\n",
    "a size too small": b"3\r\nbody\r\n0\r\n\r\n",
    "a size that ends with LF": b"4\nbody\r\n0\r\n\r\n",
    "a chunk that ends with LF": b"4\r\nbody\n0\r\n\r\n",
    "a chunk without end": b"4\r\nbodyXX0\r\n\r\n",
}

CHUNKED = {name: chunked("/echo", framed) for name, framed in FRAMED.items()}
CHUNKED |= {
    "a size too large": chunked("/echo", b"fffffffffffffffff\r\nbody\r\n0\r\n\r\n", half_close=True),
    "an end with LF": chunked("/echo", b"4\r\nbody\r\n0\n\n", half_close=True),
    "unread": chunked("/unread", frame(b"body")),
    "bad chunks, unread": chunked("/unread", b"xyz\r\nbody\r\n0\r\n\r\n"),
    "shown": chunked("/show_headers", frame(b"body")),
    "trailers, shown": chunked("/show_headers", b"4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n"),
    "readline": chunked("/iterate_input", frame(b"on", b"e\ntw", b"o\nthree")),
    "in turns": chunked("/echo_pieces", frame(b"one two ", b"three", b" four")),
    "cut between chunks": chunked("/echo", b"4\r\nbody\r\n", half_close=True),
    "cut in a chunk": chunked("/echo", b"4\r\nbo", half_close=True),
    "cut in a size": chunked("/echo", b"4", half_close=True),
    "cut in the trailer": chunked("/echo", b"4\r\nbody\r\n0\r\nX-Sum: 1", half_close=True),
    "Flask form": chunked("/form", frame(b"a=1&", b"a=2"), "Content-Type: application/x-www-form-urlencoded"),
    "Flask JSON": chunked("/json", frame(b'{"a":', b"1}"), "Content-Type: application/json"),
    "Flask data": chunked("/data", frame(b"bo", b"dy")),
    "Flask stream": chunked("/stream-in", frame(b"a" * 1500, b"b" * 1000)),
    "Flask unread": chunked("/unread", frame(b"a" * 1500)),
    "chunked GET": Case((head("GET", "/echo", "Transfer-Encoding: chunked") + frame(b"body"),)),
    "coding twice": Case(
        (head("POST", "/echo", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + frame(b"body"),)
    ),
    "a coding and a length": chunked("/echo", frame(b"body"), "Content-Length: 4"),
    "a length and a coding": Case(
        (head("POST", "/echo", "Content-Length: 4", "Transfer-Encoding: chunked") + frame(b"body"),)
    ),
    "a coding and another length": chunked("/echo", frame(b"body"), "Content-Length: 14"),
}

for coding in ("Chunked", "gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "", "xchunked"):
    CHUNKED[f"coding {coding!r}"] = Case((head("POST", "/echo", f"Transfer-Encoding: {coding}") + frame(b"body"),))

EXPECT = {
    "Expect, the body waits": Case((head("POST", "/echo", "Content-Length: 4", "Expect: 100-continue"), b"body")),
    "Expect, the body comes along": post("/echo", b"body", "Expect: 100-continue"),
    "Expect, chunked": Case(
        (head("POST", "/echo", "Transfer-Encoding: chunked", "Expect: 100-continue"), frame(b"bo", b"dy"))
    ),
    "Expect, unread": Case((head("POST", "/unread", "Content-Length: 4", "Expect: 100-continue"), b"body")),
    "Expect, other case": Case((head("POST", "/echo", "Content-Length: 4", "Expect: 100-Continue"), b"body")),
    "Expect without a body": get("/show", "Expect: 100-continue"),
    "Expect in HTTP/1.0": Case((b"POST /echo HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody",)),
    "Expect something else": post("/echo", b"body", "Expect: 200-ok"),
}

CALLS = (
    ([["read"]], LINES),
    ([["read"], ["read"]], LINES),
    ([["read", 4], ["read", 100], ["read", 1]], LINES),
    ([["read", 0], ["read", -1]], LINES),
    ([["read", None]], LINES),
    ([["read", -7]], LINES),
    ([["readline"], ["readline"], ["readline"], ["readline"], ["readline"]], LINES),
    ([["readline", 2], ["readline", 9], ["readline", 0]], LINES),
    ([["readline", -1], ["readline", None]], LINES),
    ([["readlines"], ["readlines"]], LINES),
    ([["readlines", 0]], LINES),
    ([["readlines", 5], ["read"]], LINES),
    ([["read", 2], ["readline"], ["readlines"]], LINES),
    ([["read"], ["readline"], ["readlines"]], b""),
    ([["read", "5"]], LINES),
    ([["read", 1.5]], LINES),
    ([["readline", 3000]], b"a" * 2000 + b"\nb"),
    ([["readline"]], b"a" * 5000),
)

INPUT = {" ".join(str(call) for call in wanted): post(calls(*wanted), body) for wanted, body in CALLS}
INPUT |= {
    "iterated": post("/iterate_input", LINES),
    "iterated, empty": get("/iterate_input"),
    "iterated, ends with LF": post("/iterate_input", b"a\nb\n"),
    "iterated, 2 MB": post("/iterate_input", (b"a" * 99 + b"\n") * 20_000),
    "next": post("/input_next", LINES),
    "next, 2 MB": post("/input_next", b"first\n" + b"a" * (2 << 20)),
    "keywords": post("/input_keywords", LINES),
    "names": post("/input_names", LINES),
}

PIPELINED = {
    "two GETs": pipeline(head("GET", "/show/1"), head("GET", "/show/2")),
    "ten GETs": pipeline(*[head("GET", f"/show/{n}") for n in range(10)]),
    "two POSTs": pipeline(post_bytes("/echo", b"one"), post_bytes("/echo", b"two")),
    "then GET": pipeline(chunked_bytes("/echo", frame(b"bo", b"dy")), head("GET", "/show")),
    "trailers, then GET": pipeline(chunked_bytes("/echo", b"2\r\nab\r\n0\r\nX: 1\r\n\r\n"), head("GET", "/show")),
    "unread, then GET": pipeline(post_bytes("/unread", b"a" * 1000), head("GET", "/show")),
    "unread chunks, then GET": pipeline(chunked_bytes("/unread", frame(b"a" * 1000)), head("GET", "/show")),
    "an empty line between": pipeline(head("GET", "/show/1"), b"\r\n" + head("GET", "/show/2")),
    "closing, then GET": pipeline(head("GET", "/show", "Connection: close"), head("GET", "/show")),
    "failing, then GET": pipeline(head("GET", "/fail_at_once"), head("GET", "/show")),
    "a Flask failure, then GET": pipeline(head("GET", "/fail"), head("GET", "/show")),
    "cut, then GET": pipeline(head("GET", "/fail_after_two_chunks"), head("GET", "/show")),
    "GET, then nonsense": pipeline(head("GET", "/show"), b"nonsense\r\n\r\n"),
    "a stream, then GET": pipeline(head("GET", "/stream?name=x"), head("GET", "/show")),
    "204, then GET": pipeline(head("GET", "/status/204"), head("GET", "/show")),
    "304, then GET": pipeline(head("GET", "/status/304"), head("GET", "/show")),
    "Expect, then GET": pipeline(post_bytes("/echo", b"a", "Expect: 100-continue"), head("GET", "/show")),
    "HTTP/1.0, then GET": pipeline(head("GET", "/alive", version="HTTP/1.0"), head("GET", "/show")),
}

KEPT = {
    "three requests in turn": Case((head("GET", "/show/1"), post_bytes("/echo", b"two"), head("GET", "/show/3")), 3),
    "small unread body, in turn": Case((post_bytes("/unread", b"a" * 100), head("GET", "/show")), 2),
    "60 kB unread, in turn": Case((post_bytes("/unread", b"a" * 60_000), head("GET", "/show")), 2),
    "2 MB unread, in turn": Case((post_bytes("/unread", BIG), head("GET", "/show")), 2),
    "2 MB unread, the body waits": Case(
        (head("POST", "/unread", f"Content-Length: {len(BIG)}", "Expect: 100-continue"), BIG),
    ),
    "a context does not stay": Case((head("GET", "/touch"), head("GET", "/touch"), head("GET", "/touch")), 3),
    "404, in turn": Case((head("GET", "/nowhere"), head("GET", "/show")), 2),
    "Flask 500, in turn": Case((head("GET", "/fail"), head("GET", "/show")), 2),
    "byte by byte": Case((post_bytes("/echo", b"body") + head("GET", "/show"),), 2, byte_by_byte=True),
    "byte by byte, chunked": Case(
        (chunked_bytes("/echo", b"2;a=b\r\nbo\r\n02\r\ndy\r\n0\r\nX: 1\r\n\r\n") + head("GET", "/show"),),
        2,
        byte_by_byte=True,
    ),
    "upgrade with a body": Case(
        (post_bytes("/echo", b"body", "Connection: Upgrade", "Upgrade: h2c"), head("GET", "/show")), 2
    ),
    "upgrade with chunks": Case(
        (chunked_bytes("/echo", frame(b"body"), "Connection: Upgrade", "Upgrade: h2c"), head("GET", "/show")), 2
    ),
    "upgrade with a body that waits": Case(
        (
            head("POST", "/echo", "Content-Length: 44", "Connection: Upgrade", "Upgrade: h2c", "Expect: 100-continue"),
            head("GET", "/smuggled", "X: 12345678").ljust(44)[:44],
        ),
    ),
}
