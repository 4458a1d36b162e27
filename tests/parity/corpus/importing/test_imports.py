"""`gateway corpus import`: what a team has already becomes cases, and what is odd in it costs nothing else."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.cli.corpus import corpus_command
from gateway.errors import CorpusError
from gateway.parity.corpus.files import load_corpus
from tests.parity.corpus.importing.requests_of import requests_of
from tests.support.servers import PATIENCE_SECONDS, ROOT

LOG = """\
127.0.0.1 - - [02/Jan/2024:03:04:05 +0000] "GET /todos?page=2 HTTP/1.1" 200 512 "-" "curl/8"
10.0.0.7 - - [02/Jan/2024:03:04:07 +0000] "POST /todos HTTP/1.1" 201 33 "-" "-"
web-1  | ::1 - - [02/Jan/2024:03:04:08 +0000] "\x1b[33mHEAD /a\\x22b HTTP/2.0\x1b[0m" 404 -
{"method": "GET", "request": {"uri": "/caf\u00e9?b=1"}, "status": 200}
garbage
10.0.0.7 - - [02/Jan/2024:03:04:10 +0000] "GET /reset?token=abcdef&mail=ada@depot.example HTTP/1.1" 200 5
"""
ENTRY = {
    "startedDateTime": "2024-01-02T03:04:05Z",
    "request": {
        "method": "POST",
        "url": "https://shop.test/todos/7?full=1",
        "headers": [{"name": "Content-Type", "value": "multipart/form-data; boundary=X"}, {"name": "Cookie",
        "value": "a=1"}],
        "cookies": [{"name": "a", "value": "1"}],
        "queryString": [{"name": "full", "value": "1"}],
        "postData": {"mimeType": "multipart/form-data; boundary=X", "text": "", "encoding": "utf-8", "params": [
            {"name": "note", "value": "h\u00e9"}, {"name": "f", "fileName": "a.png", "contentType": "image/png"}]},
    },
    "response": {
        "status": 200,
        "headers": [{"name": "Set-Cookie", "value": "sid=abcdefghijklmnopqrst; Path=/"},
                    {"name": "Content-Type", "value": "application/json"}],
        "content": {"mimeType": "application/json", "text": "eyJpZCI6IDd9", "encoding": "base64"},
    },
}  # fmt: skip
ITEM = {
    "name": "folder",
    "auth": {"type": "basic", "basic": [{"key": "username", "value": "ada"}, {"key": "password", "value": "{{n}}"}]},
    "variable": [{"key": "n", "value": 5}, {"id": "m", "value": "{{n}}", "disabled": False}],
    "item": [
        {"name": "form", "request": {
            "method": "POST", "header": [{"key": "X-A", "value": "{{m}}"}, {"key": "X-B", "value": "1",
            "disabled": True}],
            "auth": {"type": "apikey", "apikey": {"key": "k", "value": "v", "in": "query"}},
            "url": {"raw": "{{base}}/a/:id?b=1", "protocol": "https", "host": ["{{base}}", "test"], "port": "8443",
                    "path": ["a", ":id"], "query": [{"key": "b", "value": "1"}], "variable": [{"key": "id",
                    "value": "7"}]},
            "body": {"mode": "formdata", "formdata": [{"key": "a", "value": "1", "type": "text"},
                     {"key": "f", "type": "file", "src": [], "contentType": "text/plain"}]}}},
        {"name": "raw", "protocolProfileBehavior": {"disableBodyPruning": True}, "request": {
            "method": "GET", "url": "/b", "body": {"mode": "raw", "raw": "{}",
            "options": {"raw": {"language": "json"}}}}},
        {"name": "graphql", "request": {"method": "POST", "url": "/c", "body": {
            "mode": "graphql", "graphql": {"query": "{a}", "variables": '{"n": {{n}}}', "operationName": "A"}}}},
        {"name": "urlencoded", "request": {"method": "PUT", "url": "/d", "header": "X-A: 1\nX-B: 2", "body": {
            "mode": "urlencoded", "urlencoded": [{"key": "a", "value": "1"}]}}},
    ],
}  # fmt: skip
GOOD_ENTRY = {"request": {"method": "GET", "url": "https://shop.test/good"}}
GOOD_ITEM = {"name": "good", "request": "http://shop.test/good"}


def imported(directory: Path, *arguments: str) -> Result:
    """Run the command in this process. What it refuses is a CorpusError; any other error is a fault of ours."""
    result = CliRunner().invoke(corpus_command, ["import", *arguments, "--corpus", str(directory / "corpus")])
    if not isinstance(result.exception, CorpusError | SystemExit | None):
        raise result.exception
    return result


def lines_in(directory: Path) -> list[str]:
    """Return each request of the corpus below a directory."""
    return [line for case in load_corpus(directory / "corpus") for line in requests_of(case)]


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


def test_the_command_writes_redacted_cases_and_tells_what_it_left_out(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(LOG)
    result = imported(tmp_path, "access-log", str(tmp_path / "access.log"))
    assert result.stdout.replace(str(tmp_path), "D").splitlines() == [
        "wrote D/corpus/access.toml (4 cases)",
        "passed over 1 (first: line 2): not GET or HEAD: a log has no bodies",
        "passed over 1 (first: line 5): no request is known in it",
    ]
    text = (tmp_path / "corpus" / "access.toml").read_text()
    assert "line 1 of access.log, answered 200" in text
    assert "abcdef" not in text
    assert "ada@depot.example" not in text
    assert len(lines_in(tmp_path)) == 4
    assert imported(tmp_path, "access-log", str(tmp_path / "access.log"), "--raw", "--limit", "1").exit_code == 0
    assert lines_in(tmp_path) == ["GET /todos?page=2"]


@pytest.mark.process
def test_the_command_refuses_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps({"item": [{"name": "a", "request": "/{{x}}"}]}))
    done = run(tmp_path, "postman", "api.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'error api.json: a: no value for "{{x}}"; give it with --variable x=...\n'
    assert not (tmp_path / "corpus").exists()
    assert run(tmp_path, "postman", "api.json", "--variable", "x=1").stdout == "wrote corpus/api.toml (1 case)\n"


@pytest.mark.parametrize(("kind", "text"), [("har", '{"log": {"entries": []}}'), ("postman", '{"item": []}')])
def test_a_file_without_a_request_replaces_nothing(tmp_path: Path, kind: str, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    result = imported(tmp_path, kind, str(tmp_path / "a.json"))
    assert str(result.exception).endswith("a.json: there is no request in it")
    assert not (tmp_path / "corpus").exists()


@pytest.mark.parametrize("kind", ["har", "postman", "access-log"])
def test_a_file_that_is_not_there(tmp_path: Path, kind: str) -> None:
    result = imported(tmp_path, kind, str(tmp_path / "no.file"))
    assert str(result.exception).endswith("no.file: cannot be read: No such file or directory")


def test_requests_that_redaction_makes_alike_keep_names_of_their_own(tmp_path: Path) -> None:
    lines = (f'::1 - - [x] "GET /pin?token={number} HTTP/1.1" 200 5' for number in range(100))
    (tmp_path / "access.log").write_text("\n".join(lines))
    imported(tmp_path, "access-log", str(tmp_path / "access.log"))
    assert len(lines_in(tmp_path)) == 100


# --- no input gives a traceback, and none costs the others ---

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", " ", "x", "/", ":", "\x00", "\r\n", "\ud800", "\u20ac", "{{n}}", "{{no}}", "{{",
    "http://[", "base64", "multipart/form-data; boundary=\u20ac", [], [None], {}, {"key": "a"}, {"a": []}, [[[]]],
)  # fmt: skip
MUTATIONS = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from([*ODD, "delete", "twice"])), min_size=1, max_size=4
)


def mutated(tree: Any, mutations: list[tuple[int, Any]]) -> Any:
    """Return a tree in which members are deleted, doubled or replaced; each number picks one of those that are left."""
    holder = {"tree": copy.deepcopy(tree)}
    for number, value in mutations:
        places: list[tuple[Any, Any]] = []
        pending: list[Any] = [holder]
        while pending:
            inner = pending.pop()
            keys = list(inner) if isinstance(inner, dict) else range(len(inner))
            places += [(inner, key) for key in keys]
            pending += [inner[key] for key in keys if isinstance(inner[key], dict | list)]
        parent, key = places[number % len(places)]
        if value == "delete" and parent is not holder:
            del parent[key]
        elif value == "twice" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        else:
            parent[key] = copy.deepcopy(value)
    return holder["tree"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MUTATIONS)
def test_an_entry_of_any_kind(tmp_path: Path, mutations: list[tuple[int, Any]]) -> None:
    entries = [GOOD_ENTRY, mutated(ENTRY, mutations), ENTRY, GOOD_ENTRY]
    (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": entries}}))
    assert imported(tmp_path, "har", str(tmp_path / "a.har")).exit_code == 0
    assert lines_in(tmp_path).count("GET /good") == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MUTATIONS)
def test_an_item_of_any_kind(tmp_path: Path, mutations: list[tuple[int, Any]]) -> None:
    items = [GOOD_ITEM, mutated(ITEM, mutations), GOOD_ITEM]
    (tmp_path / "a.json").write_text(json.dumps({"item": items}))
    assert imported(tmp_path, "postman", str(tmp_path / "a.json")).exit_code == 0
    assert lines_in(tmp_path).count("GET /good") >= 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MUTATIONS, st.booleans())
def test_a_file_of_any_kind(tmp_path: Path, mutations: list[tuple[int, Any]], is_har: bool) -> None:
    tree = {"log": {"entries": [ENTRY]}} if is_har else {"info": {"schema": "v2.1"}, "variable": [], "item": [ITEM]}
    (tmp_path / "a.json").write_text(json.dumps(mutated(tree, mutations)))
    if imported(tmp_path, "har" if is_har else "postman", str(tmp_path / "a.json")).exit_code == 0:
        lines_in(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 5), st.binary(max_size=5)), min_size=1, max_size=5))
def test_a_log_of_any_bytes(tmp_path: Path, edits: list[tuple[int, int, bytes]]) -> None:
    raw = LOG.encode()
    for at, length, new in edits:
        raw = raw[:at] + new + raw[at + length :]
    (tmp_path / "a.log").write_bytes(raw + b'\n::1 - - [x] "GET /good HTTP/1.1" 200 5\n')
    result = imported(tmp_path, "access-log", str(tmp_path / "a.log"))
    assert result.exit_code == 0
    assert "GET /good" in lines_in(tmp_path) or raw[:2] in (b"\xff\xfe", b"\xfe\xff")
