"""Case files: what they say is what is sent, what is written reads back as it was, and every fault has its line."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CorpusError
from gateway.http.message import Request
from gateway.parity.corpus.case import Case, Step, fill
from gateway.parity.corpus.case_reading import read_step
from gateway.parity.corpus.files import load_corpus, write_cases

HOST = (b"host", b"gateway.test")


def corpus_of(directory: Path, text: str, name: str = "todos.toml") -> Path:
    (directory / name).write_text(dedent(text).lstrip(), encoding="utf-8")
    return directory


def sent(directory: Path, step: str) -> Request:
    (case,) = load_corpus(corpus_of(directory, f'[[case]]\nname = "a"\n{dedent(step)}'))
    (only,) = case.steps
    return only.request


def test_a_byte_order_mark_is_read_past(tmp_path: Path) -> None:
    corpus_of(tmp_path, '\ufeff[[case]]\r\nname = "a"\r\nrequest = "GET /"\r\n')
    assert [case.name for case in load_corpus(tmp_path)] == ["a"]


# --- what a step sends ---

BODIES = {
    "json": ('json = { title = "Café", tags = [1, 2.5, true] }', '{"title":"Café","tags":[1,2.5,true]}'.encode()),
    "json text": ("""json = '{"title": null}'""", b'{"title": null}'),
    "json with a captured value": ("""json = '{"id": {{id}}}'""", b'{"id": {{id}}}'),
    "json number": ("json = 5", b"5"),
    "json string": ("""json = '"so"'""", b'"so"'),
    "form": ('form = { a = "1 &", b = ["2", "é"], c = "{{id}}" }', b"a=1+%26&b=2&b=%C3%A9&c={{id}}"),
    "form pairs": ('form = [["a", "1"], ["b", "2"], ["a", "3"]]', b"a=1&b=2&a=3"),
    "text": ('text = "Grüße"', "Grüße".encode()),
    "base64": ('base64 = "AAH/"', b"\0\x01\xff"),
}
TYPES = {
    "json": b"application/json",
    "form": b"application/x-www-form-urlencoded",
    "text": b"text/plain; charset=utf-8",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_brings_its_type_and_its_length(name: str, tmp_path: Path) -> None:
    written, body = BODIES[name]
    content_type = TYPES.get(name.split(maxsplit=1)[0])
    expected = [HOST, *([(b"content-type", content_type)] if content_type else []), length(body)]
    assert sent(tmp_path, f'request = "POST /a?b=%20"\n{written}') == Request(
        "POST", b"/a?b=%20", tuple(expected), body
    )


def length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()


def test_a_multipart_body_is_the_same_every_time(tmp_path: Path) -> None:
    request = sent(
        tmp_path,
        """
        request = "POST /uploads/a.txt"
        multipart = [
          { name = "note", text = "hello" },
          { name = "file", filename = "a.txt", type = "text/plain", base64 = "AAE=" },
        ]
        """,
    )
    assert request.body == (
        b'--gateway-boundary\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
        b'--gateway-boundary\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n\0\x01\r\n--gateway-boundary--\r\n"
    )
    assert (b"content-type", b"multipart/form-data; boundary=gateway-boundary") in request.headers


def test_a_boundary_stands_in_no_part(tmp_path: Path) -> None:
    request = sent(tmp_path, 'request = "POST /"\nmultipart = [{ name = "a", text = "--gateway-boundary--" }]')
    assert (b"content-type", b"multipart/form-data; boundary=gateway-boundary-1") in request.headers


def test_what_is_given_is_not_derived(tmp_path: Path) -> None:
    headers = 'headers = { Host = "a.test", Content-Type = "text/csv", content-length = "99" }'
    given_headers = ((b"Host", b"a.test"), (b"Content-Type", b"text/csv"), (b"content-length", b"99"))
    assert sent(tmp_path, f'request = "PUT /a"\ntext = "x"\n{headers}').headers == given_headers


def test_an_exact_step_sends_nothing_else(tmp_path: Path) -> None:
    headers = 'headers = [["X-A", "1"], ["x-a", "2"]]'
    request = sent(tmp_path, f'request = "PUT /a"\ntext = "x"\nexact = true\n{headers}')
    assert request.headers == ((b"X-A", b"1"), (b"x-a", b"2"))


def test_a_request_without_a_body_has_no_length(tmp_path: Path) -> None:
    assert sent(tmp_path, 'request = "DELETE /todos/1"').headers == (HOST,)


def test_steps_capture_values(tmp_path: Path) -> None:
    corpus_of(
        tmp_path,
        """
        [[case]]
        name = "a todo, from birth to death"
        state = "full.sqlite3"

        [[case.step]]
        request = "POST /todos"
        json = { title = "x" }
        capture = { id = "body.id" }

        [[case.step]]
        request = "DELETE /todos/{{id}}"
        """,
    )
    (tmp_path / "states").mkdir()
    (tmp_path / "states" / "full.sqlite3").touch()
    (case,) = load_corpus(tmp_path)
    assert case.state == "full.sqlite3"
    assert case.steps[0].captures == (("id", "body.id"),)
    assert case.steps[1].request.target == b"/todos/{{id}}"


def test_filling_in_a_value_keeps_the_length_right() -> None:
    request = Request("POST", b"/", (length(b"n={{name}}"),), b"n={{name}}")
    assert fill(request, {"name": "Ada Morgan"}) == Request("POST", b"/", (length(b"n=Ada Morgan"),), b"n=Ada Morgan")
    wrong = Request("POST", b"/", ((b"content-length", b"3"),), b"n={{name}}")
    assert fill(wrong, {"name": "Ada Morgan"}).headers == wrong.headers


# --- faults ---

CASE = '[[case]]\nname = "a"\nrequest = "GET /"\n'
FAULTS = {
    "not TOML": ("[[case]]\nname = a", "{}:2: not TOML: Invalid value at column 8; texts need quotes"),
    "unknown table": ('[[cases]]\nname = "a"', '{}:1: cases: unknown key "cases"; did you mean "case"?'),
    "not a list": ('[case]\nname = "a"', "{}:1: case: not a list of cases; each one begins with a line [[case]]"),
    "no name": ('[[case]]\nrequest = "GET /"', '{}:1: case[1]: no name; write name = "..."'),
    "no request": ('[[case]]\nname = "a"', '{}:1: case[1]: no request; write request = "..."'),
    "unknown key": (
        CASE + "[[case]]\nname = 'b'\nrequest = 'GET /'\njsn = 1",
        '{}:7: case[2].jsn: unknown key "jsn"; did you mean "json"?',
    ),
    "bad request": (
        '[[case]]\nname = "a"\nrequest = "GET todos"',
        '{}:3: case[1].request: "GET todos" is no request; write "METHOD /path?query", percent-encoded',
    ),
    "bad character": (
        '[[case]]\nname = "a"\nrequest = "GET /€"',
        '{}:3: case[1].request: "€" is no byte of HTTP; in a target write it percent-encoded, in a header encoded',
    ),
    "two bodies": (
        CASE + 'text = "a"\nform = { a = "1" }',
        '{}:5: case[1].form: a step has one body, and "text" is one already; keep one of the two',
    ),
    "broken json": (
        CASE + "json = '{'",
        (
            "{}:4: case[1].json: not JSON: Expecting property name enclosed in double quotes: line 1 column 2 "
            "(char 1); a text here is JSON as it stands (a JSON string is '\"so\"'); what is "
            'broken on purpose is "text"'
        ),
    ),
    "date": (CASE + "json = [2024-01-02]", '{}:4: case[1].json: JSON has no dates; write "2024-01-02" in quotes'),
    "form number": (
        CASE + "form = { a = 1 }",
        "{}:4: case[1].form: 1 is not a text; every name and value stands in quotes",
    ),
    "source": (
        CASE + 'source = "record"',
        (
            '{}:4: case[1].source: "record" is none of "written", "recorded", "har", "access-log", "postman", "tests", '
            '"generated", "schema", "counterexample"; did you mean "recorded"?'
        ),
    ),
    "source of an older version": (
        CASE + 'source = "found"',
        '{}:4: case[1].source: "found" is called "counterexample" now',
    ),
    "key of an older version": (
        CASE + 'keep = { id = "body.id" }',
        '{}:4: case[1].keep: is called "capture" now',
    ),
    "key of an older version in a step": (
        '[[case]]\nname = "a"\n[[case.step]]\nrequest = "GET /"\nkeep = { id = "body.id" }',
        '{}:5: case[1].step[1].keep: is called "capture" now',
    ),
    "key twice": (
        CASE + CASE.replace('"a"', '"b"') + 'request = "GET /b"',
        "{}:7: case[2].request: stands twice (first on line 6); keep one of the two",
    ),
    "place": (
        CASE + 'capture = { id = "bdy.id" }',
        (
            '{}:4: case[1].capture.id: "bdy.id" is no place of an answer; places are like "body.id", "header.etag", '
            '"cookie.session"'
        ),
    ),
    "name": (
        CASE.replace("GET /", "GET /{{id}}"),
        '{}:3: case[1].request: no step before it captures "id"',
    ),
    "name of a step": (
        (
            '[[case]]\nname = "a"\n[[case.step]]\nrequest = "GET /"\ncapture = { slug = "body.slug" }\n'
            '[[case.step]]\nrequest = "GET /{{slog}}"'
        ),
        '{}:7: case[1].step[2].request: no step before it captures "slog"; did you mean "slug"?',
    ),
    "step": (
        '[[case]]\nname = "a"\n[[case.step]]\nrequest = "GET /"\n[[case.step]]\nrequest = "GET /"\nheaders = { A = 1 }',
        "{}:7: case[1].step[2].headers.A: 1 is no value of a header; write a text of one line, in quotes",
    ),
    "key beside steps": (
        '[[case]]\nname = "a"\nrequest = "GET /"\n[[case.step]]\nrequest = "GET /"',
        '{}:3: case[1].request: "request" belongs to a step; this case has [[case.step]], so move it there',
    ),
    "no list of steps": (
        '[[case]]\nname = "a"\nstep = 5',
        "{}:3: case[1].step: not a list of steps; each one begins with a line [[case.step]]",
    ),
    "no step": (
        '[[case]]\nname = "a"\nstep = []',
        "{}:3: case[1].step: not a list of steps; each one begins with a line [[case.step]]",
    ),
    "no text": (CASE.replace('"a"', "5"), "{}:2: case[1].name: 5 is not a text; write it in quotes"),
    "no request in quotes": (
        CASE.replace('"GET /"', "5"),
        '{}:3: case[1].request: 5 is no request; write "METHOD /path?query", percent-encoded',
    ),
    "no headers": (
        CASE + 'headers = [["A"]]',
        (
            '{}:4: case[1].headers: write {{ Name = "value" }}, or [["Name", "value"], ["Name", "other"]] where a '
            "name repeats"
        ),
    ),
    "no captures": (
        CASE + 'capture = ["id"]',
        '{}:4: case[1].capture: write {{ name = "place" }}, like {{ id = "body.id" }}',
    ),
    "no name of a value": (
        CASE + 'capture = { "a b" = "body.id" }',
        '{}:4: case[1].capture."a b": "a b" cannot stand in {{{{...}}}}; use letters, digits, ".", "_" and "-"',
    ),
    "no name of a header": (CASE + 'headers = { "a b" = "c" }', '{}:4: case[1].headers: "a b" is no name of a header'),
    "state": (
        CASE + 'state = "../real.sqlite3"',
        '{}:4: case[1].state: "../real.sqlite3" is not below "states"; name a file in that directory',
    ),
    "twice": (
        CASE + CASE,
        '{}:5: case[2].name: "a" is a case of "todos.toml" already; give one of the two another name',
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_where_what_and_what_to_do(name: str, tmp_path: Path) -> None:
    text, message = FAULTS[name]
    with pytest.raises(CorpusError) as raised:
        load_corpus(corpus_of(tmp_path, text))
    assert str(raised.value) == message.format(tmp_path / "todos.toml")


def test_all_faults_of_all_files_come_together(tmp_path: Path) -> None:
    corpus_of(tmp_path, '[[case]]\nname = 1\nrequest = "x"\n', "a.toml")
    corpus_of(tmp_path, CASE, "b.toml")
    corpus_of(tmp_path, CASE + "what = 1\n", "c.toml")
    (tmp_path / "d.toml").write_bytes(b"\xff")
    with pytest.raises(CorpusError) as raised:
        load_corpus(tmp_path)
    places = [(Path(fault.path).name, fault.line, fault.key) for fault in raised.value.faults]
    assert places == [
        ("a.toml", 2, "case[1].name"),
        ("a.toml", 3, "case[1].request"),
        ("c.toml", 4, "case[1].what"),
        ("d.toml", None, ""),
    ]


def test_a_name_is_unique_in_all_files(tmp_path: Path) -> None:
    corpus_of(tmp_path, CASE, "a.toml")
    corpus_of(tmp_path, CASE, "b.toml")
    with pytest.raises(CorpusError, match=r'b\.toml:2: case\[1\]\.name: "a" is a case of "a\.toml" already'):
        load_corpus(tmp_path)


def test_a_step_in_python_has_no_other_keys() -> None:
    with pytest.raises(ValueError, match=r'^is called "capture" now; unknown key "jsn"; did you mean "json"\?$'):
        read_step({"request": "GET /", "keep": {"id": "body.id"}, "jsn": 1})


def test_no_directory_is_an_empty_corpus(tmp_path: Path) -> None:
    assert load_corpus(tmp_path / "none") == ()


# --- what is written reads back ---

TOKENS = st.text("abcXYZ-_0129", min_size=1, max_size=8)
ANY_BYTES = st.binary(max_size=30)
VALUES = st.text(st.characters(codec="latin-1", exclude_characters="\0\r\n"), max_size=20).map(
    lambda t: t.encode("latin-1")
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8"), max_size=10),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=6,
)
KINDS = st.sampled_from(
    [
        b"application/json",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"multipart/form-data; boundary=gateway-boundary",
        b"text/plain; charset=utf-8",
        b"",
    ]
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    multipart = b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n%b\r\n--x--\r\n'
    return draw(
        ANY_BYTES
        | st.text(st.characters(codec="utf-8"), max_size=30).map(lambda text: text.encode())
        | JSON.map(lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        | JSON.map(lambda value: json.dumps(value).encode())
        | st.sampled_from(
            [b"a=1&b=2", b"a=1&a=2", b"a=%20+", b"&", b"{{id}}", b'{"a": {{id}}}', b'{"a":1,"a":2}', b"1e400"]
        )
        | ANY_BYTES.map(lambda content: multipart % content)
    )


@st.composite
def requests(draw: st.DrawFn) -> Request:
    body, kind = draw(bodies()), draw(KINDS)
    headers = draw(st.lists(st.tuples(TOKENS.map(str.encode), VALUES), max_size=3))
    ends = [(b"content-type", kind), length(body)][: draw(st.integers(0, 2))]
    begins = draw(st.sampled_from([[], [HOST], [(b"Host", b"a.test")]]))
    target = "/" + draw(  # no name of a captured value, which an earlier step of a written case would have to give
        st.text(st.characters(codec="latin-1", min_codepoint=33, exclude_characters="\x7f{"), max_size=20)
    )
    return Request(draw(TOKENS), target.encode("latin-1"), (*begins, *headers, *ends), body)


CAPTURES = st.dictionaries(TOKENS, st.sampled_from(["body.id", "cookie.session", "header.etag"]), max_size=2)
STEPS = st.builds(Step, requests(), CAPTURES.map(lambda captures: tuple(captures.items())))
CASES = st.builds(
    Case,
    st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip),
    st.lists(STEPS, min_size=1, max_size=3).map(tuple),
    st.sampled_from(["written", "recorded", "har"]),
    st.none(),
    st.sampled_from(["given", "anonymous"]),
)


@given(st.lists(CASES, max_size=4, unique_by=lambda case: case.name))
def test_what_is_written_reads_back_as_it_was(cases: list[Case]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        write_cases(Path(directory), "a.toml", cases)
        assert load_corpus(Path(directory)) == tuple(cases)
        assert [path.name for path in Path(directory).iterdir()] == ["a.toml"]


READABLE = """\
[[case]]
name = "create a todo"
source = "recorded"
state = "full.sqlite3"
request = "POST /todos?full=1"
headers = { x-request-id = "7" }
json = { title = "Café", done = false }
capture = { id = "body.id" }

[[case]]
name = "log in, then out"

[[case.step]]
request = "POST /login"
headers = { content-type = "application/json" }
text = '{"email": '

[[case.step]]
request = "POST /feedback"
headers = { Cookie = "session={{session}}" }
form = { name = "<i>Ada</i>", message = "Late." }

[[case.step]]
request = 'GET /say?"'
headers = [
  ["accept", "text/html"],
  ["user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Safari/537.3"],
]

[[case.step]]
request = "PUT /note"
text = \"\"\"
one
two \\\\ \"three\\"\"\"\"
"""


def test_the_text_is_for_people(tmp_path: Path) -> None:
    (tmp_path / "states").mkdir()
    (tmp_path / "states" / "full.sqlite3").touch()
    cases = load_corpus(corpus_of(tmp_path, READABLE))
    written = write_cases(tmp_path / "again", "todos.toml", cases)
    assert written.read_text() == READABLE


def test_an_origin_is_written_where_nothing_else_says_it(tmp_path: Path) -> None:
    request = (Step(Request("GET", b"/", (HOST,))),)
    cases = [
        Case("by hand", request),
        Case("tests/test_x.py::test_y", request, "tests"),
        Case("live", request, "recorded"),
        Case("shop.har 1: GET /", request, "har", origin="HAR entry 3 of shop.har"),
    ]
    written = write_cases(tmp_path / "corpus", "a.toml", cases)
    found = load_corpus(tmp_path / "corpus")
    assert [case.origin for case in found] == [
        "written in corpus/a.toml",
        "recorded from tests/test_x.py::test_y",
        "recorded case in corpus/a.toml",
        "HAR entry 3 of shop.har",
    ]
    assert re.findall("origin = .*", written.read_text()) == ['origin = "HAR entry 3 of shop.har"']
    assert "origin" not in write_cases(tmp_path / "other", "b.toml", found[:3]).read_text()
    assert write_cases(tmp_path / "corpus", "a.toml", found).read_text().count("origin") == 1


def test_its_owner_alone_may_read_what_is_written(tmp_path: Path) -> None:
    file = write_cases(tmp_path / "corpus", "a.toml", [])
    assert [path.stat().st_mode & 0o777 for path in (file.parent, file)] == [0o700, 0o600]


def test_what_a_plan_knows_of_a_step_is_not_written_and_what_was_recorded_is(tmp_path: Path) -> None:
    step = Step(Request("GET", b"/me", ((b"host", b"gateway.test"),)), status=201, by_legacy=True)
    write_cases(tmp_path, "a.toml", [Case("a", (step, step))])
    (case,) = load_corpus(tmp_path)
    assert [(one.by_legacy, one.status) for one in case.steps] == [(False, 201)] * 2


def test_a_case_that_no_text_gives_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(CASE)
    case = Case("b", (Step(Request("GET", b"/a b")),))
    with pytest.raises(CorpusError, match=r'a\.toml: case\[1\]: "b" cannot be written: GET .*is no request'):
        write_cases(tmp_path, "a.toml", [case])
    assert (tmp_path / "a.toml").read_text() == CASE
